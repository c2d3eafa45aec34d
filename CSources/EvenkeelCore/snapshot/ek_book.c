#include "snapshot/ek_book.h"

#include <string.h>

#include "base/ek_bytes.h"
#include "text/ek_codec.h"
#include "../text/ek_say.h"
#include "snapshot/ek_scan.h"
#include "solana/ek_tx.h"
#include "../venue/ek_venue_table.h"

/* A price that needs no account is never old: its slot is the latest there can be. */
static const ek_oracle QUOTE_ASSET = {.price_e6 = 1000000, .raw_price = 1000000, .exponent = -6, .posted_slot = UINT64_MAX,
                                      .source = EK_ORACLE_QUOTE_ASSET};

size_t ek_book_size(void) { return sizeof(ek_book); }
const char *ek_fault_text(const ek_fault *f) { return f->text; }
const ek_user *ek_book_user(const ek_book *b) { return &b->user; }
const ek_user_stats *ek_book_stats(const ek_book *b) { return &b->stats; }
const ek_state *ek_book_state(const ek_book *b) { return &b->state; }

const char *ek_role_name(int role) {
    static const char *const NAMES[] = {"State",         "User",       "UserStats",  "Clock", "authority wallet",
                                        "payer wallet", "PerpMarket", "SpotMarket", "oracle",       "token account",
                                        "mint",         "watched wallet"};
    return role >= 0 && role < (int)(sizeof NAMES / sizeof NAMES[0]) ? NAMES[role] : "account";
}

void ek_book_reset(ek_book *b, const ek_venue *v, uint64_t slot) {
    /* Markets and oracles beyond their counts are never looked at, each is cleared when it is put, and they are nine tenths of the book: they
     * need no clearing. All the rest does: tokens and watched wallets are counted before they are read. */
    memset(b, 0, offsetof(ek_book, perps));
    memset((uint8_t *)b + offsetof(ek_book, tokens), 0, sizeof *b - offsetof(ek_book, tokens));
    b->venue = v;
    b->slot = slot;
    b->authority_is_system = 1;
}

void ek_book_begin(ek_book *b, const ek_plan *p, uint64_t slot) {
    ek_book_reset(b, p->venue, slot);
    b->authority = p->authority;
    b->payer = p->payer;
    b->user_address = p->user;
    b->user_stats_address = p->user_stats;
    b->state_address = p->state;
    /* Until their accounts are put: not read is not nothing. */
    b->n_tokens = p->n_tokens;
    b->n_watches = p->n_watches;
    for (uint32_t i = 0; i < p->n; i++) {
        const ek_plan_item *item = &p->items[i];
        if (item->role == EK_ROLE_WATCH && item->market_index < b->n_watches) b->watches[item->market_index].key = item->key;
        if (item->role != EK_ROLE_TOKEN || item->market_index >= b->n_tokens) continue;
        ek_book_token *t = &b->tokens[item->market_index];
        t->key = item->key;
        t->mint = p->mints[item->market_index];
        t->decimals = 9;
        t->err = EK_E_MISSING;
    }
}

const ek_perp_market *ek_book_perp(const ek_book *b, uint16_t market_index) {
    for (uint32_t i = 0; i < b->n_perps; i++)
        if (b->perps[i].market_index == market_index) return &b->perps[i];
    return NULL;
}
const ek_spot_market *ek_book_spot(const ek_book *b, uint16_t market_index) {
    for (uint32_t i = 0; i < b->n_spots; i++)
        if (b->spots[i].market_index == market_index) return &b->spots[i];
    return NULL;
}

static int named(const char *have, const char *want, size_t n) { return strlen(have) == n && memcmp(have, want, n) == 0; }

const ek_perp_market *ek_book_perp_by_name(const ek_book *b, const char *name, size_t n) {
    for (uint32_t i = 0; i < b->n_perps; i++)
        if (named(b->perps[i].name, name, n)) return &b->perps[i];
    return NULL;
}
const ek_spot_market *ek_book_spot_by_name(const ek_book *b, const char *name, size_t n) {
    for (uint32_t i = 0; i < b->n_spots; i++)
        if (named(b->spots[i].name, name, n)) return &b->spots[i];
    return NULL;
}

const ek_book_oracle_entry *ek_book_oracle(const ek_book *b, const ek_key *key, uint8_t source) {
    for (uint32_t i = 0; i < b->n_oracles; i++)
        if (b->oracles[i].source == source && ek_key_equal(&b->oracles[i].key, key)) return &b->oracles[i];
    return NULL;
}

static ek_err usable(const ek_book *b, const ek_key *key, uint8_t source, const ek_oracle **out) {
    if (!(b->venue->sources & 1u << source)) return EK_E_UNSUPPORTED; /* source <= 15: the decoder checked it */
    if (source == EK_ORACLE_QUOTE_ASSET) {
        *out = &QUOTE_ASSET;
        return EK_OK;
    }
    const ek_book_oracle_entry *e = ek_book_oracle(b, key, source);
    if (e == NULL) return EK_E_MISSING;
    if (e->err != EK_OK) return e->err;
    if (e->value.price_e6 <= 0) return EK_E_RANGE;
    *out = &e->value;
    return EK_OK;
}
const ek_book_token *ek_book_token_of(const ek_book *b, const ek_key *mint) {
    for (uint32_t i = 0; i < b->n_tokens; i++)
        if (ek_key_equal(&b->tokens[i].mint, mint)) return &b->tokens[i];
    return NULL;
}
const ek_book_watch *ek_book_watch_of(const ek_book *b, const ek_key *wallet) {
    for (uint32_t i = 0; i < b->n_watches; i++)
        if (ek_key_equal(&b->watches[i].key, wallet)) return &b->watches[i];
    return NULL;
}

ek_err ek_book_perp_oracle(const ek_book *b, uint16_t market_index, const ek_oracle **out) {
    const ek_perp_market *m = ek_book_perp(b, market_index);
    return m ? usable(b, &m->oracle, m->oracle_source, out) : EK_E_MISSING;
}
const uint8_t *ek_book_perp_oracle_raw(const ek_book *b, uint16_t market_index, size_t *len) {
    const ek_perp_market *m = ek_book_perp(b, market_index);
    const ek_book_oracle_entry *e = m ? ek_book_oracle(b, &m->oracle, m->oracle_source) : NULL;
    *len = e ? e->raw_len : 0;
    return e ? e->raw : NULL;
}
ek_err ek_book_spot_oracle(const ek_book *b, uint16_t market_index, const ek_oracle **out) {
    const ek_spot_market *m = ek_book_spot(b, market_index);
    return m ? usable(b, &m->oracle, m->oracle_source, out) : EK_E_MISSING;
}

uint64_t ek_oracle_age_slots(const ek_book *b, const ek_oracle *o) { return b->slot > o->posted_slot ? b->slot - o->posted_slot : 0; }

static ek_err put_perp(ek_book *b, const uint8_t *data, size_t len) {
    if (b->n_perps >= EK_BOOK_PERPS) return EK_E_FULL;
    ek_perp_market *m = &b->perps[b->n_perps];
    ek_err err = ek_decode_perp_market(b->venue, data, len, m);
    if (err != EK_OK) return err;
    if (ek_book_perp(b, m->market_index)) return EK_E_MISMATCH;
    b->n_perps++;
    return EK_OK;
}
static ek_err put_spot(ek_book *b, const uint8_t *data, size_t len) {
    if (b->n_spots >= EK_BOOK_SPOTS) return EK_E_FULL;
    ek_spot_market *m = &b->spots[b->n_spots];
    ek_err err = ek_decode_spot_market(b->venue, data, len, m);
    if (err != EK_OK) return err;
    if (ek_book_spot(b, m->market_index)) return EK_E_MISMATCH;
    b->n_spots++;
    return EK_OK;
}

/* A new book has no User yet: then its room is clear, and the largest struct of all is not cleared twice. */
static ek_err put_user(ek_book *b, const uint8_t *data, size_t len) {
    if (b->have & 1u << EK_ROLE_USER) return ek_decode_user(b->venue, data, len, &b->user);
    ek_err err = ek_decode_user_cleared(b->venue, data, len, &b->user);
    if (err != EK_OK) memset(&b->user, 0, sizeof b->user);
    return err;
}

static ek_err put_oracle_as(ek_book *b, const ek_key *key, uint8_t source, const uint8_t *data, size_t len) {
    if (source == EK_ORACLE_QUOTE_ASSET || ek_book_oracle(b, key, source)) return EK_OK;
    if (b->n_oracles >= EK_BOOK_ORACLES) return EK_E_FULL;
    ek_book_oracle_entry *e = &b->oracles[b->n_oracles];
    memset(e, 0, sizeof *e);
    e->key = *key;
    e->source = source;
    e->raw_len = (uint8_t)(len < sizeof e->raw ? len : sizeof e->raw);
    memcpy(e->raw, data, e->raw_len);
    e->err = ek_decode_oracle(b->venue, source, data, len, &e->value);
    /* Bytes that are not this kind of oracle condemn the read; a value that cannot be used condemns only those who need it. */
    if (e->err == EK_E_SHORT || e->err == EK_E_DISCRIMINATOR) return e->err;
    b->n_oracles++;
    return EK_OK;
}

/* One oracle account may serve several markets, even with different sources: each source is one entry. */
static ek_err put_oracle(ek_book *b, const ek_key *key, const uint8_t *data, size_t len) {
    ek_err err = EK_OK;
    for (uint32_t i = 0; err == EK_OK && i < b->n_perps; i++)
        if (ek_key_equal(&b->perps[i].oracle, key)) err = put_oracle_as(b, key, b->perps[i].oracle_source, data, len);
    for (uint32_t i = 0; err == EK_OK && i < b->n_spots; i++)
        if (ek_key_equal(&b->spots[i].oracle, key)) err = put_oracle_as(b, key, b->spots[i].oracle_source, data, len);
    return err;
}

ek_err ek_book_put_account(ek_book *b, int role, const ek_key *key, const uint8_t *data, size_t len) {
    ek_err err;
    switch (role) {
    case EK_ROLE_STATE: err = ek_decode_state(b->venue, data, len, &b->state); break;
    case EK_ROLE_USER: err = put_user(b, data, len); break;
    case EK_ROLE_USER_STATS: err = ek_decode_user_stats(b->venue, data, len, &b->stats); break;
    case EK_ROLE_CLOCK: err = ek_decode_clock(data, len, &b->clock); break;
    case EK_ROLE_PERP_MARKET: return put_perp(b, data, len);
    case EK_ROLE_SPOT_MARKET: return put_spot(b, data, len);
    case EK_ROLE_ORACLE: return put_oracle(b, key, data, len);
    default: return EK_E_RANGE;
    }
    if (err == EK_OK) b->have |= 1u << role;
    return err;
}

/* ---- with a plan: every account is checked against what it was asked for ---- */

static ek_say begin_fault(ek_fault *f, ek_err code, const ek_book *b, const ek_plan *p, uint32_t i) {
    const ek_plan_item *item = &p->items[i];
    ek_say s = ek_fault_begin(f, code, (uint16_t)i, item->role, item->market_index);
    if (item->role == EK_ROLE_ORACLE) {
        const ek_perp_market *pm = item->perp ? ek_book_perp(b, item->market_index) : NULL;
        const ek_spot_market *sm = item->perp ? NULL : ek_book_spot(b, item->market_index);
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

static ek_err fail(ek_fault *f, ek_err code, const ek_book *b, const ek_plan *p, uint32_t i, const char *text) {
    ek_say s = begin_fault(f, code, b, p, i);
    ek_say_text(&s, text);
    return code;
}

static size_t known_length(const ek_venue *v, int role) {
    switch (role) {
    case EK_ROLE_STATE: return v->state.len;
    case EK_ROLE_USER: return v->user.len;
    case EK_ROLE_USER_STATS: return v->stats.len;
    case EK_ROLE_CLOCK: return 40;
    case EK_ROLE_PERP_MARKET: return v->perp.len;
    case EK_ROLE_SPOT_MARKET: return v->spot.len;
    case EK_ROLE_TOKEN: return 165;
    case EK_ROLE_MINT: return 82;
    case EK_ROLE_AUTHORITY:
    case EK_ROLE_PAYER:
    case EK_ROLE_WATCH: return 0;
    default: return v->lazer.len;
    }
}

static ek_err fail_decode(ek_fault *f, ek_err code, const ek_book *b, const ek_plan *p, uint32_t i, size_t len) {
    ek_say s = begin_fault(f, code, b, p, i);
    switch (code) {
    case EK_E_SHORT:
        ek_say_u64(&s, len);
        ek_say_text(&s, " bytes, layout ");
        ek_say_text(&s, b->venue->layout);
        ek_say_text(&s, " needs ");
        ek_say_u64(&s, known_length(b->venue, p->items[i].role));
        break;
    case EK_E_DISCRIMINATOR: ek_say_text(&s, "another type of account (discriminator)"); break;
    case EK_E_UNSUPPORTED: ek_say_text(&s, "holds a value this version does not know"); break;
    case EK_E_MISMATCH: ek_say_text(&s, "its market index is another one's"); break;
    case EK_E_FULL: ek_say_text(&s, "more markets or oracles than the book holds"); break;
    default: ek_say_text(&s, ek_err_text(code)); break;
    }
    return code;
}

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

static int asked_for(const ek_book *b, const ek_plan *p, const ek_plan_item *item) {
    switch (item->role) {
    case EK_ROLE_USER: return ek_key_equal(&b->user.authority, &p->authority) && b->user.sub_account_id == p->sub_account;
    case EK_ROLE_USER_STATS: return ek_key_equal(&b->stats.authority, &p->authority);
    case EK_ROLE_PERP_MARKET: {
        const ek_perp_market *m = &b->perps[b->n_perps - 1];
        return m->market_index == item->market_index && ek_key_equal(&m->address, &item->key);
    }
    case EK_ROLE_SPOT_MARKET: {
        const ek_spot_market *m = &b->spots[b->n_spots - 1];
        return m->market_index == item->market_index && ek_key_equal(&m->address, &item->key);
    }
    default: return 1;
    }
}

static ek_err put_wallet(ek_book *b, const ek_plan *p, uint32_t i, const ek_key *owner, uint64_t lamports, int present, ek_fault *fault) {
    const ek_plan_item *item = &p->items[i];
    int system = !present || ek_key_equal(owner, &EK_SYSTEM_PROGRAM), pays = ek_key_equal(&item->key, &p->payer);
    if (!present) lamports = 0;
    if (item->role == EK_ROLE_AUTHORITY) {
        b->authority_lamports = lamports;
        b->authority_is_system = (uint8_t)system;
    }
    if (pays) {
        if (!system) return fail(fault, EK_E_OWNER, b, p, i, "belongs to a program and cannot pay fees");
        b->payer_lamports = lamports;
    }
    b->have |= 1u << item->role;
    return EK_OK;
}

/* SPL token account: mint 0, owner 32, amount 64, state 108 (0 not initialised, 1 in use, 2 frozen: still the owner's). */
static ek_err token_amount(const ek_book *b, const ek_book_token *t, const ek_key *owner, const uint8_t *data, size_t len, uint64_t *amount) {
    if (!ek_key_equal(owner, &EK_TOKEN_PROGRAM)) return EK_E_OWNER;
    if (len != 165) return EK_E_SHORT;
    if (memcmp(data, t->mint.bytes, 32) != 0 || memcmp(data + 32, b->authority.bytes, 32) != 0 || data[108] < 1 || data[108] > 2) return EK_E_MISMATCH;
    *amount = ek_get_u64(data + 64);
    return EK_OK;
}

/* Mint: decimals 44, initialised 45. */
static ek_err mint_decimals(const ek_key *owner, const uint8_t *data, size_t len, uint8_t *decimals) {
    if (data == NULL) return EK_E_MISSING;
    if (!ek_key_equal(owner, &EK_TOKEN_PROGRAM)) return EK_E_OWNER;
    if (len != 82) return EK_E_SHORT;
    if (data[45] != 1 || data[44] > 18) return EK_E_MISMATCH;
    *decimals = data[44];
    return EK_OK;
}

/* The token account comes before its mint in the plan; the first trouble stays. */
static ek_err put_holding(ek_book *b, const ek_plan_item *item, const ek_key *owner, uint64_t lamports, const uint8_t *data, size_t len) {
    if (item->role == EK_ROLE_WATCH) {
        if (item->market_index >= b->n_watches) return EK_E_RANGE;
        ek_book_watch *w = &b->watches[item->market_index];
        w->lamports = data != NULL ? lamports : 0;
        w->is_system = data == NULL || ek_key_equal(owner, &EK_SYSTEM_PROGRAM);
        return EK_OK;
    }
    if (item->market_index >= b->n_tokens) return EK_E_RANGE;
    ek_book_token *t = &b->tokens[item->market_index];
    if (item->role == EK_ROLE_TOKEN) t->err = data != NULL ? token_amount(b, t, owner, data, len, &t->amount) : EK_OK;
    else if (t->err == EK_OK) t->err = mint_decimals(owner, data, len, &t->decimals);
    return EK_OK;
}

ek_err ek_book_put(ek_book *b, const ek_plan *p, uint32_t i, const ek_key *owner, uint64_t lamports, const uint8_t *data, size_t len,
                   ek_fault *fault) {
    if (i >= p->n) return EK_E_RANGE;
    const ek_plan_item *item = &p->items[i];
    if (item->role == EK_ROLE_AUTHORITY || item->role == EK_ROLE_PAYER) return put_wallet(b, p, i, owner, lamports, data != NULL, fault);
    if (item->role >= EK_ROLE_TOKEN) return put_holding(b, item, owner, lamports, data, len);
    if (data == NULL) return fail(fault, EK_E_MISSING, b, p, i, "does not exist");
    /* A market may change its oracle; the plan keeps the old one, and nothing depends on it any more. */
    if (item->role == EK_ROLE_ORACLE && !oracle_named(b, &item->key)) return EK_OK;
    if (!ek_key_equal(owner, expected_owner(b, item))) {
        ek_say s = begin_fault(fault, EK_E_OWNER, b, p, i);
        ek_say_text(&s, "owned by ");
        ek_say_key(&s, owner);
        ek_say_text(&s, ", not by ");
        ek_say_key(&s, expected_owner(b, item));
        return EK_E_OWNER;
    }
    ek_err err = ek_book_put_account(b, item->role, &item->key, data, len);
    if (err != EK_OK) return fail_decode(fault, err, b, p, i, len);
    if (!asked_for(b, p, item)) return fail(fault, EK_E_MISMATCH, b, p, i, "holds another account's contents");
    return EK_OK;
}

static ek_err put_scanned(ek_book *b, const ek_plan *p, uint32_t i, const uint8_t *json, const ek_scan_account *acc, uint8_t *work,
                          size_t work_cap, ek_fault *fault) {
    size_t len = 0;
    if (!acc->present) return ek_book_put(b, p, i, NULL, 0, NULL, 0, fault);
    int role = p->items[i].role, wallet = role == EK_ROLE_AUTHORITY || role == EK_ROLE_PAYER || role == EK_ROLE_WATCH;
    if (!wallet) {
        ek_err err = ek_scan_data(json, acc, work, work_cap, &len);
        if (err != EK_OK) return fail(fault, err, b, p, i, err == EK_E_FULL ? "larger than any account of this layout" : "data is not base64");
    }
    return ek_book_put(b, p, i, &acc->owner, acc->lamports, wallet ? json : work, len, fault); /* a wallet's bytes are not looked at */
}

/* chars: what is expected of the texts' lengths, or NULL (ek_scan_expecting). Every text is decoded but a wallet's, of which nothing is expected. */
static ek_err load(ek_book *b, const ek_plan *p, const uint8_t *json, size_t len, const uint32_t *chars, uint8_t *work, size_t work_cap,
                   ek_fault *fault) {
    ek_scan_result res;
    ek_scan_account accs[EK_PLAN_MAX];
    memset(&res, 0, sizeof res);
    ek_err err = ek_scan_expecting(json, len, chars, &res, accs, EK_PLAN_MAX);
    if (err == EK_E_RPC) {
        ek_say s = ek_fault_begin(fault, err, 0xFFFF, 0, 0xFFFF);
        ek_say_text(&s, "node answered: ");
        ek_say_bytes(&s, (const char *)json + res.error_message.off, res.error_message.len);
        return err;
    }
    if (err != EK_OK) return ek_fault_say(fault, err, "the answer is not a getMultipleAccounts result");
    if (res.count != p->n) return ek_fault_say(fault, EK_E_MISMATCH, "the answer holds another number of accounts than were asked for");
    ek_book_begin(b, p, res.slot);
    b->has_answer_id = res.has_id;
    b->answer_id = res.id;
    /* Oracles last: how to read one is written in the market that names it. */
    for (int oracles = 0; oracles <= 1; oracles++)
        for (uint32_t i = 0; i < p->n; i++) {
            if ((p->items[i].role == EK_ROLE_ORACLE) != oracles) continue;
            err = put_scanned(b, p, i, json, &accs[i], work, work_cap, fault);
            if (err != EK_OK) return err;
        }
    return EK_OK;
}

ek_err ek_book_load(ek_book *b, const ek_plan *p, const uint8_t *json, size_t len, uint8_t *work, size_t work_cap, ek_fault *fault) {
    uint32_t chars[EK_PLAN_MAX] = {0};
    for (uint32_t i = 0; i < p->n; i++) chars[i] = (uint32_t)ek_base64_encoded_len(known_length(p->venue, p->items[i].role));
    if (load(b, p, json, len, chars, work, work_cap, fault) == EK_OK) return EK_OK;
    b->have = 0;
    return load(b, p, json, len, NULL, work, work_cap, fault); /* says what is wrong, with nothing taken for granted */
}
