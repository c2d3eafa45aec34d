#include "store/ek_record.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "solana/ek_crypto.h"

#define HEADER 24u
#define DIGEST_AT (EK_RECORD_SLOT - 32u)
static const uint8_t magic[8] = {'E', 'V', 'E', 'N', 'K', 'E', 'E', 'L'};

/* One walk over the fields serves both directions, so that what is written and what is read cannot differ.
 * Reading: err sticks at the first field that is not there. */
typedef struct {
    int reading;
    uint32_t version; /* of the image */
    ek_reader in;
    ek_writer out;
    ek_err err;
} walk;

static void w_bytes(walk *w, void *p, size_t n) {
    if (!w->reading) ek_put_bytes(&w->out, p, n);
    else if (w->err == EK_OK) w->err = ek_read_bytes(&w->in, p, n);
}
/* Little-endian is asserted in ek_types.h: the bytes of an integer are its encoding. */
static void w_u8(walk *w, uint8_t *v) { w_bytes(w, v, sizeof *v); }
static void w_u16(walk *w, uint16_t *v) { w_bytes(w, v, sizeof *v); }
static void w_u32(walk *w, uint32_t *v) { w_bytes(w, v, sizeof *v); }
static void w_u64(walk *w, uint64_t *v) { w_bytes(w, v, sizeof *v); }
static void w_i64(walk *w, int64_t *v) { w_bytes(w, v, sizeof *v); }
static void w_moment(walk *w, ek_moment *m) { w_i64(w, &m->unix_s); w_u64(w, &m->slot); }

static void w_paper(walk *w, ek_paper *p) {
    w_u8(w, &p->active);
    w_i64(w, &p->base_e9);
    w_i64(w, &p->quote_e6);
    w_i64(w, &p->fees_e6);
    w_moment(w, &p->last_success);
    w_i64(w, &p->day_start_unix_s);
    w_u32(w, &p->trades_today);
    w_u64(w, &p->corrections_total);
    if (w->version >= 2) w_i64(w, &p->notional_today_e6);
}

static void w_last(walk *w, ek_last_correction *l) {
    w_u8(w, &l->action);
    w_u8(w, &l->outcome);
    w_u8(w, &l->mode);
    w_u64(w, &l->size_base_e9);
    w_i64(w, &l->price_e6);
    w_i64(w, &l->fee_e6);
    w_u64(w, &l->fee_lamports);
    w_u64(w, &l->slot);
    w_i64(w, &l->unix_s);
    w_i64(w, &l->drift_before_ppm);
    w_i64(w, &l->drift_after_ppm);
    w_bytes(w, l->signature, sizeof l->signature);
}

static void w_market(walk *w, ek_market_record *m) {
    w_bytes(w, m->name, sizeof m->name);
    w_u16(w, &m->perp_index);
    w_moment(w, &m->last_success);
    w_i64(w, &m->day_start_unix_s);
    w_u32(w, &m->trades_today);
    w_i64(w, &m->notional_today_e6);
    w_u64(w, &m->corrections_total);
    w_i64(w, &m->fees_own_e6);
    w_paper(w, &m->paper);
    w_last(w, &m->last);
    if (w->version < 2) return;
    w_i64(w, &m->vault.leg.spot_base_e9);
    w_i64(w, &m->vault.leg.outside_base_e9);
    w_i64(w, &m->vault.leg.perp_base_e9);
    w_i64(w, &m->vault.leg.spot_price_e6);
    w_i64(w, &m->vault.leg.perp_price_e6);
    w_i64(w, &m->vault.basis_e6);
    w_i64(w, &m->vault.delta_e6);
}

static void w_vault(walk *w, ek_vault *v) {
    w_u8(w, &v->known);
    w_u8(w, &v->mode);
    w_i64(w, &v->unix_s);
    w_i64(w, &v->start_unix_s);
    w_i64(w, &v->book.equity_e6);
    w_i64(w, &v->book.funding_mark_e6);
    w_i64(w, &v->book.fees_mark_e6);
    w_i64(w, &v->book.network_mark_e6);
    w_i64(w, &v->book.deposits_mark_e6);
    w_i64(w, &v->flows_e6);
    w_i64(w, &v->funding_e6);
    w_i64(w, &v->fees_e6);
}

static void w_ticket(walk *w, ek_ticket *t) {
    w_u8(w, &t->state);
    w_u8(w, &t->kind);
    w_u8(w, &t->market);
    w_u8(w, &t->action);
    w_u8(w, &t->direction);
    w_u8(w, &t->reduce_only);
    w_u8(w, &t->drift_known);
    w_u8(w, &t->user_order_id);
    w_u8(w, &t->outcome);
    w_u16(w, &t->perp_index);
    w_u32(w, &t->attempts);
    w_u32(w, &t->next_order_id_before);
    w_u32(w, &t->target_order_id);
    w_u32(w, &t->tolerance_ppm);
    w_u64(w, &t->size_base_e9);
    w_i64(w, &t->worst_price_e6);
    w_i64(w, &t->oracle_price_e6);
    w_i64(w, &t->position_before_base_e9);
    w_i64(w, &t->quote_before_e6);
    w_i64(w, &t->quote_entry_before_e6);
    w_i64(w, &t->spot_before_base_e9);
    w_i64(w, &t->net_before_base_e9);
    w_i64(w, &t->drift_before_ppm);
    w_u64(w, &t->book_slot);
    w_i64(w, &t->max_ts);
    w_u64(w, &t->last_valid_block_height);
    w_i64(w, &t->journalled_unix_s);
    w_i64(w, &t->sent_unix_s);
    w_u64(w, &t->sent_slot);
    w_u64(w, &t->landed_slot);
    w_u64(w, &t->filled_base_e9);
    w_u64(w, &t->fee_lamports);
    w_bytes(w, t->blockhash.bytes, sizeof t->blockhash.bytes);
    w_bytes(w, t->signature, sizeof t->signature);
    w_u16(w, &t->tx_len);
    if (t->tx_len > EK_TICKET_TX_MAX) {
        if (w->err == EK_OK) w->err = EK_E_RANGE;
        return;
    }
    w_bytes(w, t->tx, t->tx_len);
}

static void w_record(walk *w, ek_record *r) {
    w_bytes(w, r->venue, sizeof r->venue);
    w_bytes(w, r->authority.bytes, sizeof r->authority.bytes);
    w_u16(w, &r->sub_account);
    w_u8(w, &r->mode);
    w_u8(w, &r->paused);
    w_u8(w, &r->breaker_open);
    w_u8(w, &r->n_markets);
    w_u8(w, &r->next_user_order_id);
    w_u32(w, &r->failures_in_row);
    w_u64(w, &r->max_slot_seen);
    w_u64(w, &r->fee_lamports_total);
    w_u64(w, &r->ticks_total);
    w_u64(w, &r->corrections_total);
    w_i64(w, &r->start_unix_s);
    if (w->version >= 2) {
        w_vault(w, &r->vault);
    } else { /* four baselines that no program ever set */
        uint8_t unused[25];
        w_bytes(w, unused, sizeof unused);
    }
    if (r->n_markets > EK_RECORD_MARKETS) {
        if (w->err == EK_OK) w->err = EK_E_RANGE;
        return;
    }
    for (uint8_t i = 0; i < r->n_markets; i++) w_market(w, &r->markets[i]);
    w_ticket(w, &r->ticket);
}

/* 1 to 15 printable bytes, then NULs only. */
static int name_ok(const char name[16]) {
    int n = 0;
    while (n < 16 && name[n] > 0x20 && name[n] < 0x7F) n++;
    if (n == 0 || n == 16) return 0;
    for (; n < 16; n++)
        if (name[n] != 0) return 0;
    return 1;
}

static int zero(const uint8_t *p, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) any |= p[i];
    return any == 0;
}

static int market_ok(const ek_market_record *m) {
    return name_ok(m->name) && m->paper.active <= 1 && m->last.action <= EK_ACTION_REDUCE_SHORT
           && m->last.outcome < EK_OUTCOMES && m->last.mode <= EK_MODE_LIVE && m->last.price_e6 >= 0
           && m->notional_today_e6 >= 0 && m->paper.notional_today_e6 >= 0;
}

/* An open ticket must carry what resolving it needs; no ticket must carry nothing at all. */
static int ticket_ok(const ek_ticket *t, uint8_t n_markets) {
    if (t->state >= EK_TICKET_STATES || t->kind >= EK_KINDS || t->action > EK_ACTION_REDUCE_SHORT
        || t->direction > EK_SELL || t->reduce_only > 1 || t->drift_known > 1 || t->outcome >= EK_OUTCOMES
        || t->tx_len > EK_TICKET_TX_MAX)
        return 0;
    if (t->state == EK_TICKET_NONE)
        return t->kind == EK_KIND_NONE && t->tx_len == 0 && zero(t->signature, sizeof t->signature);
    return t->kind != EK_KIND_NONE && t->market < n_markets && t->tx_len > 0
           && !zero(t->signature, sizeof t->signature);
}

static int record_ok(const ek_record *r) {
    if (r->generation == 0 || !name_ok(r->venue) || r->mode > EK_MODE_HELD || r->paused > 1
        || r->breaker_open > 1 || r->n_markets > EK_RECORD_MARKETS || r->next_user_order_id == 0
        || r->vault.known > 1 || r->vault.mode > EK_MODE_LIVE)
        return 0;
    for (uint8_t i = 0; i < r->n_markets; i++) {
        if (!market_ok(&r->markets[i])) return 0;
        for (uint8_t j = 0; j < i; j++)
            if (r->markets[j].perp_index == r->markets[i].perp_index) return 0;
    }
    return ticket_ok(&r->ticket, r->n_markets);
}

ek_err ek_record_encode(const ek_record *r, uint8_t out[EK_RECORD_SLOT]) {
    if (!record_ok(r)) return EK_E_RANGE;
    ek_record copy = *r; /* the walk takes what it could also fill */
    walk w = {0, EK_RECORD_VERSION, {NULL, NULL}, ek_writer_over(out + HEADER, DIGEST_AT - HEADER), EK_OK};
    memset(out, 0, EK_RECORD_SLOT);
    w_record(&w, &copy);
    if (w.err != EK_OK) return w.err;
    if (w.out.err != EK_OK) return w.out.err;
    EK_ASSERT(w.out.len <= DIGEST_AT - HEADER);
    memcpy(out, magic, sizeof magic);
    ek_set_u32(out + 8, EK_RECORD_VERSION);
    ek_set_u32(out + 12, (uint32_t)w.out.len);
    ek_set_u64(out + 16, r->generation);
    ek_blake2b_256(out, DIGEST_AT, out + DIGEST_AT);
    return EK_OK;
}

ek_err ek_record_decode(const uint8_t *slot, size_t len, ek_record *r) {
    if (len < EK_RECORD_SLOT) return EK_E_SHORT;
    if (zero(slot, EK_RECORD_SLOT)) return EK_E_MISSING;
    if (memcmp(slot, magic, sizeof magic) != 0) return EK_E_SYNTAX;
    uint8_t digest[32];
    ek_blake2b_256(slot, DIGEST_AT, digest);
    if (memcmp(digest, slot + DIGEST_AT, sizeof digest) != 0) return EK_E_CHECKSUM;
    uint32_t version = ek_get_u32(slot + 8), n = ek_get_u32(slot + 12);
    if (version > EK_RECORD_VERSION) return EK_E_VERSION;
    if (version == 0 || n > DIGEST_AT - HEADER) return EK_E_RANGE;

    ek_record got;
    memset(&got, 0, sizeof got);
    got.generation = ek_get_u64(slot + 16);
    walk w = {1, version, ek_reader_over(slot + HEADER, n), {NULL, 0, 0, EK_OK}, EK_OK};
    w_record(&w, &got);
    if (w.err != EK_OK || ek_left(&w.in) != 0 || !record_ok(&got)) return EK_E_RANGE;
    if (!zero(slot + HEADER + n, DIGEST_AT - HEADER - n)) return EK_E_RANGE;
    *r = got;
    return EK_OK;
}

ek_err ek_record_pick(const uint8_t *file, size_t len, ek_record *out, int *slot, ek_err slot_err[2]) {
    ek_record second;
    *slot = -1;
    slot_err[0] = ek_record_decode(file, len, out);
    slot_err[1] = EK_E_SHORT;
    if (len > EK_RECORD_SLOT)
        slot_err[1] = ek_record_decode(file + EK_RECORD_SLOT, len - EK_RECORD_SLOT, &second);
    if (slot_err[0] == EK_E_VERSION || slot_err[1] == EK_E_VERSION) return EK_E_VERSION;
    if (slot_err[0] != EK_OK && slot_err[1] != EK_OK) return slot_err[0];
    if (slot_err[0] == EK_OK && slot_err[1] == EK_OK && out->generation == second.generation
        && memcmp(file, file + EK_RECORD_SLOT, EK_RECORD_SLOT) != 0)
        return EK_E_MISMATCH;
    if (slot_err[1] == EK_OK && (slot_err[0] != EK_OK || second.generation > out->generation)) {
        *out = second;
        *slot = 1;
    } else {
        *slot = 0;
    }
    return EK_OK;
}

static int set_name(char to[16], const char *from) {
    char name[16] = {0};
    size_t n = 0;
    while (n < sizeof name && from[n] != 0) {
        name[n] = from[n];
        n++;
    }
    if (n == sizeof name || !name_ok(name)) return 0;
    memcpy(to, name, sizeof name);
    return 1;
}

ek_err ek_record_init(ek_record *r, const char *venue, const ek_key *authority, uint16_t sub_account) {
    memset(r, 0, sizeof *r);
    if (!set_name(r->venue, venue)) return EK_E_RANGE;
    r->generation = 1;
    r->authority = *authority;
    r->sub_account = sub_account;
    r->next_user_order_id = 1;
    return EK_OK;
}

int ek_record_find(const ek_record *r, uint16_t perp_index) {
    EK_ASSERT(r->n_markets <= EK_RECORD_MARKETS);
    for (int i = 0; i < r->n_markets; i++)
        if (r->markets[i].perp_index == perp_index) return i;
    return -1;
}

ek_err ek_record_add(ek_record *r, const char *name, uint16_t perp_index, uint32_t *index) {
    ek_market_record fresh;
    memset(&fresh, 0, sizeof fresh);
    if (!set_name(fresh.name, name)) return EK_E_RANGE;
    int known = ek_record_find(r, perp_index);
    if (known >= 0) {
        if (memcmp(r->markets[known].name, fresh.name, sizeof fresh.name) != 0) return EK_E_MISMATCH;
        *index = (uint32_t)known;
        return EK_OK;
    }
    if (r->n_markets >= EK_RECORD_MARKETS) return EK_E_FULL;
    fresh.perp_index = perp_index;
    r->markets[r->n_markets] = fresh;
    *index = r->n_markets++;
    return EK_OK;
}

uint8_t ek_record_take_user_order_id(ek_record *r) {
    uint8_t id = r->next_user_order_id;
    EK_ASSERT(id != 0); /* on the venue 0 is no id */
    r->next_user_order_id = id == UINT8_MAX ? 1 : (uint8_t)(id + 1);
    return id;
}

ek_market_record *ek_record_market(ek_record *r, uint32_t i) {
    return i < r->n_markets ? &r->markets[i] : NULL;
}
ek_ticket *ek_record_ticket(ek_record *r) { return &r->ticket; }
uint8_t *ek_last_signature(ek_last_correction *l) { return l->signature; }
const char *ek_market_record_name(const ek_market_record *m) { return m->name; }
const char *ek_record_venue(const ek_record *r) { return r->venue; }
size_t ek_record_size(void) { return sizeof(ek_record); }
