/* ek_book.h: a whole read into the book. Every account is checked against what it was asked for. */
#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "snapshot/ek_book.h"
#include "snapshot/ek_scan.h"
#include "solana/ek_tx.h"
#include "text/ek_codec.h"
#include "../venue/ek_venue_table.h"
#include "ek_fault_say.h"

enum { CLOCK_BYTES = 40, TOKEN_BYTES = 165, MINT_BYTES = 82 };

/* What stays the same while a read goes into its book. */
typedef struct {
    ek_book *book;
    const ek_plan *plan;
    ek_fault *fault;
} load_context;

/* The answer that is read, and room for the bytes of one of its accounts. */
typedef struct {
    const uint8_t *json;
    size_t len;
    uint8_t *work;
    size_t work_cap;
} answer;

/* One account of the plan as the node has it. */
typedef struct {
    uint32_t index;        /* in the plan */
    const ek_plan_item *item;
    const ek_key *owner;
    uint64_t lamports;
    const uint8_t *data;   /* NULL: it does not exist */
    size_t len;
} account;

/* ---- what is wrong, in words ---- */

static ek_say begin_fault(const load_context *c, const account *a, ek_err code) {
    const ek_plan_item *item = a->item;
    ek_say s = ek_fault_begin(c->fault, code, (uint16_t)a->index, item->role, item->market_index);
    if (item->role == EK_ROLE_ORACLE) {
        const ek_perp_market *pm = item->perp ? ek_book_perp(c->book, item->market_index) : NULL;
        const ek_spot_market *sm = item->perp ? NULL : ek_book_spot(c->book, item->market_index);
        ek_say_text(&s, pm ? pm->name : sm ? sm->name : "");
        if (pm || sm) ek_say_text(&s, " ");
    }
    ek_say_text(&s, ek_role_name(item->role));
    if (item->role == EK_ROLE_PERP_MARKET || item->role == EK_ROLE_SPOT_MARKET) {
        ek_say_text(&s, " ");
        ek_say_u64(&s, item->market_index);
    }
    ek_say_text(&s, " ");
    ek_say_key(&s, &item->key);
    ek_say_text(&s, ": ");
    return s;
}

static ek_err fail(const load_context *c, const account *a, ek_err code, const char *text) {
    ek_say s = begin_fault(c, a, code);
    ek_say_text(&s, text);
    return code;
}

static size_t known_length(const ek_venue *v, int role) {
    switch (role) {
    case EK_ROLE_STATE: return v->state.len;
    case EK_ROLE_USER: return v->user.account.len;
    case EK_ROLE_USER_STATS: return v->stats.len;
    case EK_ROLE_CLOCK: return CLOCK_BYTES;
    case EK_ROLE_PERP_MARKET: return v->perp.len;
    case EK_ROLE_SPOT_MARKET: return v->spot.len;
    case EK_ROLE_TOKEN: return TOKEN_BYTES;
    case EK_ROLE_MINT: return MINT_BYTES;
    case EK_ROLE_AUTHORITY:
    case EK_ROLE_PAYER:
    case EK_ROLE_WATCH: return 0;
    default: return v->lazer.len;
    }
}

EK_SMALL static ek_err fail_decode(const load_context *c, const account *a, ek_err code) {
    ek_say s = begin_fault(c, a, code);
    switch (code) {
    case EK_E_SHORT:
        ek_say_u64(&s, a->len);
        ek_say_text(&s, " bytes, layout ");
        ek_say_text(&s, c->book->venue->layout);
        ek_say_text(&s, " needs ");
        ek_say_u64(&s, known_length(c->book->venue, a->item->role));
        ek_say_text(&s, "; update evenkeel");
        break;
    case EK_E_LENGTH:
        ek_say_u64(&s, a->len);
        ek_say_text(&s, " bytes, layout ");
        ek_say_text(&s, c->book->venue->layout);
        ek_say_text(&s, " has exactly ");
        ek_say_u64(&s, known_length(c->book->venue, a->item->role));
        ek_say_text(&s, "; update evenkeel");
        break;
    case EK_E_DISCRIMINATOR: ek_say_text(&s, "another type of account (discriminator)"); break;
    case EK_E_UNSUPPORTED: ek_say_text(&s, "holds a value this version does not know"); break;
    case EK_E_MISMATCH: ek_say_text(&s, "its market index is another one's"); break;
    case EK_E_FULL: ek_say_text(&s, "more markets or oracles than the book holds"); break;
    default: ek_say_text(&s, ek_err_text(code)); break;
    }
    return code;
}

static ek_err fail_owner(const load_context *c, const account *a, const ek_key *expected) {
    ek_say s = begin_fault(c, a, EK_E_OWNER);
    ek_say_text(&s, "owned by ");
    ek_say_key_head(&s, a->owner);
    ek_say_text(&s, ", not by ");
    ek_say_key_head(&s, expected);
    return EK_E_OWNER;
}

/* ---- is it the account that was asked for? ---- */

/* Which program must own the account; an oracle's owner follows from the source its market names. */
static const ek_key *expected_owner(const ek_book *b, const ek_plan_item *item) {
    if (item->role == EK_ROLE_CLOCK) return &EK_SYSVAR_OWNER;
    if (item->role != EK_ROLE_ORACLE) return &b->venue->program;
    uint8_t source = EK_ORACLE_LAZER;
    for (uint32_t i = 0; i < b->n_spots; i++)
        if (ek_key_equal(&b->spots[i].oracle, &item->key)) source = b->spots[i].oracle_source;
    for (uint32_t i = 0; i < b->n_perps; i++)
        if (ek_key_equal(&b->perps[i].oracle, &item->key)) source = b->perps[i].oracle_source;
    int pull = source >= EK_ORACLE_PYTH_PULL && source <= EK_ORACLE_PYTH_PULL_STABLE;
    return pull ? &b->venue->pull_owner : &b->venue->program;
}

static int oracle_named(const ek_book *b, const ek_key *key) {
    for (uint32_t i = 0; i < b->n_perps; i++)
        if (ek_key_equal(&b->perps[i].oracle, key)) return 1;
    for (uint32_t i = 0; i < b->n_spots; i++)
        if (ek_key_equal(&b->spots[i].oracle, key)) return 1;
    return 0;
}

/* After it is in the book. */
static int asked_for(const load_context *c, const ek_plan_item *item) {
    const ek_book *b = c->book;
    switch (item->role) {
    case EK_ROLE_USER:
        return ek_key_equal(&b->user.authority, &c->plan->authority)
               && b->user.sub_account_id == c->plan->sub_account;
    case EK_ROLE_USER_STATS: return ek_key_equal(&b->stats.authority, &c->plan->authority);
    case EK_ROLE_PERP_MARKET: {
        EK_ASSERT(b->n_perps > 0);
        const ek_perp_market *m = &b->perps[b->n_perps - 1];
        return m->market_index == item->market_index && ek_key_equal(&m->address, &item->key);
    }
    case EK_ROLE_SPOT_MARKET: {
        EK_ASSERT(b->n_spots > 0);
        const ek_spot_market *m = &b->spots[b->n_spots - 1];
        return m->market_index == item->market_index && ek_key_equal(&m->address, &item->key);
    }
    default: return 1;
    }
}

/* ---- wallets and tokens: one that was never funded does not exist, and 0 is the truth there ---- */

static ek_err put_wallet(const load_context *c, const account *a) {
    ek_book *b = c->book;
    int system = a->data == NULL || ek_key_equal(a->owner, &EK_SYSTEM_PROGRAM);
    uint64_t lamports = a->data != NULL ? a->lamports : 0;
    if (a->item->role == EK_ROLE_AUTHORITY) {
        b->authority_lamports = lamports;
        b->authority_is_system = (uint8_t)system;
    }
    if (ek_key_equal(&a->item->key, &c->plan->payer)) {
        if (!system) return fail(c, a, EK_E_OWNER, "belongs to a program and cannot pay fees");
        b->payer_lamports = lamports;
    }
    b->have |= 1u << a->item->role;
    return EK_OK;
}

/* SPL token account: mint 0, owner 32, amount 64, state 108 (0 not initialised, 1 in use, 2 frozen: still the
 * owner's). */
static ek_err token_amount(const ek_book *b, const ek_book_token *t, const account *a, uint64_t *amount) {
    const uint8_t *data = a->data;
    if (!ek_key_equal(a->owner, &EK_TOKEN_PROGRAM)) return EK_E_OWNER;
    if (a->len != TOKEN_BYTES) return EK_E_SHORT;
    if (memcmp(data, t->mint.bytes, 32) != 0 || memcmp(data + 32, b->authority.bytes, 32) != 0)
        return EK_E_MISMATCH;
    if (data[108] < 1 || data[108] > 2) return EK_E_MISMATCH;
    *amount = ek_get_u64(data + 64);
    return EK_OK;
}

/* Mint: decimals 44, initialised 45. */
static ek_err mint_decimals(const account *a, uint8_t *decimals) {
    if (a->data == NULL) return EK_E_MISSING;
    if (!ek_key_equal(a->owner, &EK_TOKEN_PROGRAM)) return EK_E_OWNER;
    if (a->len != MINT_BYTES) return EK_E_SHORT;
    if (a->data[45] != 1 || a->data[44] > 18) return EK_E_MISMATCH;
    *decimals = a->data[44];
    return EK_OK;
}

/* The token account comes before its mint in the plan; the first trouble stays. */
static ek_err put_holding(ek_book *b, const account *a) {
    const ek_plan_item *item = a->item;
    if (item->role == EK_ROLE_WATCH) {
        if (item->market_index >= b->n_watches) return EK_E_RANGE;
        ek_book_watch *w = &b->watches[item->market_index];
        w->lamports = a->data != NULL ? a->lamports : 0;
        w->is_system = a->data == NULL || ek_key_equal(a->owner, &EK_SYSTEM_PROGRAM);
        return EK_OK;
    }
    if (item->market_index >= b->n_tokens) return EK_E_RANGE;
    ek_book_token *t = &b->tokens[item->market_index];
    if (item->role == EK_ROLE_TOKEN) t->err = a->data != NULL ? token_amount(b, t, a, &t->amount) : EK_OK;
    else if (t->err == EK_OK) t->err = mint_decimals(a, &t->decimals);
    return EK_OK;
}

/* ---- one account, then all of them ---- */

static ek_err put(const load_context *c, const account *a) {
    const ek_plan_item *item = a->item;
    EK_ASSERT(c->book->venue == c->plan->venue && a->index < c->plan->n);
    if (item->role == EK_ROLE_AUTHORITY || item->role == EK_ROLE_PAYER) return put_wallet(c, a);
    if (item->role >= EK_ROLE_TOKEN) return put_holding(c->book, a);
    if (a->data == NULL) return fail(c, a, EK_E_MISSING, "does not exist");
    /* A market may change its oracle; the plan keeps the old one, and nothing depends on it any more. */
    if (item->role == EK_ROLE_ORACLE && !oracle_named(c->book, &item->key)) return EK_OK;
    const ek_key *owner = expected_owner(c->book, item);
    if (!ek_key_equal(a->owner, owner)) return fail_owner(c, a, owner);
    ek_err err = ek_book_put_account(c->book, item->role, &item->key, a->data, a->len);
    if (err != EK_OK) return fail_decode(c, a, err);
    return asked_for(c, item) ? EK_OK : fail(c, a, EK_E_MISMATCH, "holds another account's contents");
}

ek_err ek_book_put(ek_book *b, const ek_plan *p, uint32_t i, const ek_key *owner, uint64_t lamports,
                   const uint8_t *data, size_t len, ek_fault *fault) {
    if (i >= p->n) return EK_E_RANGE;
    load_context c = {.book = b, .plan = p, .fault = fault};
    account a = {
        .index = i, .item = &p->items[i], .owner = owner, .lamports = lamports, .data = data, .len = len};
    return put(&c, &a);
}

/* How many bytes a text of base64 stands for: three for four characters, less one for each '=' at its end. */
static size_t base64_bytes(const uint8_t *text, size_t n) {
    size_t bytes = n / 4 * 3;
    for (size_t i = 1; i <= 2 && i <= n && text[n - i] == '='; i++) bytes--;
    return bytes;
}

static ek_err put_scanned(const load_context *c, const answer *from, uint32_t i,
                          const ek_scan_account *scanned) {
    account a = {.index = i, .item = &c->plan->items[i]};
    int role = a.item->role,
        wallet = role == EK_ROLE_AUTHORITY || role == EK_ROLE_PAYER || role == EK_ROLE_WATCH;
    if (!scanned->present) return put(c, &a);
    a.owner = &scanned->owner;
    a.lamports = scanned->lamports;
    a.data = wallet ? from->json : from->work; /* a wallet's bytes are not looked at */
    if (!wallet) {
        ek_err err = ek_scan_data(from->json, scanned, from->work, from->work_cap, &a.len);
        a.len = err == EK_E_FULL ? base64_bytes(from->json + scanned->data_b64.off, scanned->data_b64.len)
                                 : a.len;
        if (err == EK_E_FULL && role <= EK_ROLE_USER_STATS && a.len > known_length(c->plan->venue, role))
            return fail_decode(c, &a, EK_E_LENGTH);
        if (err == EK_E_FULL) return fail(c, &a, err, "larger than any account of this layout");
        if (err != EK_OK) return fail(c, &a, err, "data is not base64");
    }
    return put(c, &a);
}

/* chars: what is expected of the texts' lengths, or NULL (ek_scan_expecting). Every text is decoded but a
 * wallet's, of which nothing is expected. */
static ek_err load(const load_context *c, const answer *from, const uint32_t *chars) {
    const ek_plan *p = c->plan;
    ek_scan_result res;
    ek_scan_account accs[EK_PLAN_MAX];
    memset(&res, 0, sizeof res);
    ek_err err = ek_scan_expecting(from->json, from->len, chars, &res, accs, EK_PLAN_MAX);
    if (err == EK_E_RPC) {
        ek_say s = ek_fault_begin(c->fault, err, 0xFFFF, 0, 0xFFFF);
        ek_say_text(&s, "node answered: ");
        ek_say_bytes(&s, (const char *)from->json + res.error_message.off, res.error_message.len);
        return err;
    }
    if (err != EK_OK) return ek_fault_say(c->fault, err, "the answer is not a getMultipleAccounts result");
    if (res.count != p->n)
        return ek_fault_say(c->fault, EK_E_MISMATCH,
                            "the answer holds another number of accounts than were asked for");
    ek_book_begin(c->book, p, res.slot);
    c->book->has_answer_id = res.has_id;
    c->book->answer_id = res.id;
    /* Oracles last: how to read one is written in the market that names it. */
    for (int oracles = 0; oracles <= 1; oracles++)
        for (uint32_t i = 0; i < p->n; i++) {
            if ((p->items[i].role == EK_ROLE_ORACLE) != oracles) continue;
            err = put_scanned(c, from, i, &accs[i]);
            if (err != EK_OK) return err;
        }
    return EK_OK;
}

ek_err ek_book_load(ek_book *b, const ek_plan *p, const uint8_t *json, size_t len, uint8_t *work,
                    size_t work_cap, ek_fault *fault) {
    load_context c = {.book = b, .plan = p, .fault = fault};
    answer from = {.json = json, .len = len, .work = work, .work_cap = work_cap};
    uint32_t chars[EK_PLAN_MAX] = {0};
    for (uint32_t i = 0; i < p->n; i++)
        chars[i] = (uint32_t)ek_base64_encoded_len(known_length(p->venue, p->items[i].role));
    if (load(&c, &from, chars) == EK_OK) return EK_OK;
    b->have = 0;
    return load(&c, &from, NULL); /* says what is wrong, with nothing taken for granted */
}
