/* record_2.h - the state file's image as version 0.1 wrote and read it (format 2): its code, with other
 * names. A source of old files for the tests, and the witness of what 0.1 says to a newer file. What it
 * writes is compared with bytes that the program of 0.1 wrote. */
#ifndef RECORD_2_H
#define RECORD_2_H

#include "base/ek_bytes.h"
#include "solana/ek_crypto.h"
#include "store/ek_record.h"
#include <string.h>

#define R2_VERSION 2u
#define R2_HEADER 24u
#define R2_DIGEST_AT (EK_RECORD_SLOT - 32u)
static const uint8_t r2_magic[8] = {'E', 'V', 'E', 'N', 'K', 'E', 'E', 'L'};

/* One walk over the fields serves both directions, so that what is written and what is read cannot differ.
 * Reading: err sticks at the first field that is not there. */
typedef struct {
    int reading;
    uint32_t version; /* of the image */
    ek_reader in;
    ek_writer out;
    ek_err err;
} r2_walk;

static inline void r2_w_bytes(r2_walk *w, void *p, size_t n) {
    if (!w->reading) ek_put_bytes(&w->out, p, n);
    else if (w->err == EK_OK) w->err = ek_read_bytes(&w->in, p, n);
}
/* Little-endian is asserted in ek_types.h: the bytes of an integer are its encoding. */
static inline void r2_w_u8(r2_walk *w, uint8_t *v) { r2_w_bytes(w, v, sizeof *v); }
static inline void r2_w_u16(r2_walk *w, uint16_t *v) { r2_w_bytes(w, v, sizeof *v); }
static inline void r2_w_u32(r2_walk *w, uint32_t *v) { r2_w_bytes(w, v, sizeof *v); }
static inline void r2_w_u64(r2_walk *w, uint64_t *v) { r2_w_bytes(w, v, sizeof *v); }
static inline void r2_w_i64(r2_walk *w, int64_t *v) { r2_w_bytes(w, v, sizeof *v); }
static inline void r2_w_moment(r2_walk *w, ek_moment *m) {
    r2_w_i64(w, &m->unix_s);
    r2_w_u64(w, &m->slot);
}

static inline void r2_w_paper(r2_walk *w, ek_paper *p) {
    r2_w_u8(w, &p->active);
    r2_w_i64(w, &p->base_e9);
    r2_w_i64(w, &p->quote_e6);
    r2_w_i64(w, &p->fees_e6);
    r2_w_moment(w, &p->last_success);
    r2_w_i64(w, &p->day_start_unix_s);
    r2_w_u32(w, &p->trades_today);
    r2_w_u64(w, &p->corrections_total);
    if (w->version >= 2) r2_w_i64(w, &p->notional_today_e6);
}

static inline void r2_w_last(r2_walk *w, ek_last_correction *l) {
    r2_w_u8(w, &l->action);
    r2_w_u8(w, &l->outcome);
    r2_w_u8(w, &l->mode);
    r2_w_u64(w, &l->size_base_e9);
    r2_w_i64(w, &l->price_e6);
    r2_w_i64(w, &l->fee_e6);
    r2_w_u64(w, &l->fee_lamports);
    r2_w_u64(w, &l->slot);
    r2_w_i64(w, &l->unix_s);
    r2_w_i64(w, &l->drift_before_ppm);
    r2_w_i64(w, &l->drift_after_ppm);
    r2_w_bytes(w, l->signature, sizeof l->signature);
}

static inline void r2_w_market(r2_walk *w, ek_market_record *m) {
    r2_w_bytes(w, m->name, sizeof m->name);
    r2_w_u16(w, &m->perp_index);
    r2_w_moment(w, &m->last_success);
    r2_w_i64(w, &m->day_start_unix_s);
    r2_w_u32(w, &m->trades_today);
    r2_w_i64(w, &m->notional_today_e6);
    r2_w_u64(w, &m->corrections_total);
    r2_w_i64(w, &m->fees_own_e6);
    r2_w_paper(w, &m->paper);
    r2_w_last(w, &m->last);
    if (w->version < 2) return;
    r2_w_i64(w, &m->vault.leg.spot_base_e9);
    r2_w_i64(w, &m->vault.leg.outside_base_e9);
    r2_w_i64(w, &m->vault.leg.perp_base_e9);
    r2_w_i64(w, &m->vault.leg.spot_price_e6);
    r2_w_i64(w, &m->vault.leg.perp_price_e6);
    r2_w_i64(w, &m->vault.basis_e6);
    r2_w_i64(w, &m->vault.delta_e6);
}

static inline void r2_w_vault(r2_walk *w, ek_vault *v) {
    r2_w_u8(w, &v->known);
    r2_w_u8(w, &v->mode);
    r2_w_i64(w, &v->unix_s);
    r2_w_i64(w, &v->start_unix_s);
    r2_w_i64(w, &v->book.equity_e6);
    r2_w_i64(w, &v->book.funding_mark_e6);
    r2_w_i64(w, &v->book.fees_mark_e6);
    r2_w_i64(w, &v->book.network_mark_e6);
    r2_w_i64(w, &v->book.deposits_mark_e6);
    r2_w_i64(w, &v->flows_e6);
    r2_w_i64(w, &v->funding_e6);
    r2_w_i64(w, &v->fees_e6);
}

static inline void r2_w_ticket(r2_walk *w, ek_ticket *t) {
    r2_w_u8(w, &t->state);
    r2_w_u8(w, &t->kind);
    r2_w_u8(w, &t->market);
    r2_w_u8(w, &t->action);
    r2_w_u8(w, &t->direction);
    r2_w_u8(w, &t->reduce_only);
    r2_w_u8(w, &t->drift_known);
    r2_w_u8(w, &t->user_order_id);
    r2_w_u8(w, &t->outcome);
    r2_w_u16(w, &t->perp_index);
    r2_w_u32(w, &t->attempts);
    r2_w_u32(w, &t->next_order_id_before);
    r2_w_u32(w, &t->target_order_id);
    r2_w_u32(w, &t->tolerance_ppm);
    r2_w_u64(w, &t->size_base_e9);
    r2_w_i64(w, &t->worst_price_e6);
    r2_w_i64(w, &t->oracle_price_e6);
    r2_w_i64(w, &t->position_before_base_e9);
    r2_w_i64(w, &t->quote_before_e6);
    r2_w_i64(w, &t->quote_entry_before_e6);
    r2_w_i64(w, &t->spot_before_base_e9);
    r2_w_i64(w, &t->net_before_base_e9);
    r2_w_i64(w, &t->drift_before_ppm);
    r2_w_u64(w, &t->book_slot);
    r2_w_i64(w, &t->max_ts);
    r2_w_u64(w, &t->last_valid_block_height);
    r2_w_i64(w, &t->journalled_unix_s);
    r2_w_i64(w, &t->sent_unix_s);
    r2_w_u64(w, &t->sent_slot);
    r2_w_u64(w, &t->landed_slot);
    r2_w_u64(w, &t->filled_base_e9);
    r2_w_u64(w, &t->fee_lamports);
    r2_w_bytes(w, t->blockhash.bytes, sizeof t->blockhash.bytes);
    r2_w_bytes(w, t->signature, sizeof t->signature);
    r2_w_u16(w, &t->tx_len);
    if (t->tx_len > EK_TICKET_TX_MAX) {
        if (w->err == EK_OK) w->err = EK_E_RANGE;
        return;
    }
    r2_w_bytes(w, t->tx, t->tx_len);
}

static inline void r2_w_record(r2_walk *w, ek_record *r) {
    r2_w_bytes(w, r->venue, sizeof r->venue);
    r2_w_bytes(w, r->authority.bytes, sizeof r->authority.bytes);
    r2_w_u16(w, &r->sub_account);
    r2_w_u8(w, &r->mode);
    r2_w_u8(w, &r->paused);
    r2_w_u8(w, &r->breaker_open);
    r2_w_u8(w, &r->n_markets);
    r2_w_u8(w, &r->next_user_order_id);
    r2_w_u32(w, &r->failures_in_row);
    r2_w_u64(w, &r->max_slot_seen);
    r2_w_u64(w, &r->fee_lamports_total);
    r2_w_u64(w, &r->ticks_total);
    r2_w_u64(w, &r->corrections_total);
    r2_w_i64(w, &r->start_unix_s);
    if (w->version >= 2) {
        r2_w_vault(w, &r->vault);
    } else { /* four baselines that no program ever set */
        uint8_t unused[25] = {0};
        r2_w_bytes(w, unused, sizeof unused);
    }
    if (r->n_markets > EK_RECORD_MARKETS) {
        if (w->err == EK_OK) w->err = EK_E_RANGE;
        return;
    }
    for (uint8_t i = 0; i < r->n_markets; i++) r2_w_market(w, &r->markets[i]);
    r2_w_ticket(w, &r->ticket);
}

/* 1 to 15 printable bytes, then NULs only. */
static inline int r2_name_ok(const char name[16]) {
    int n = 0;
    while (n < 16 && name[n] > 0x20 && name[n] < 0x7F) n++;
    if (n == 0 || n == 16) return 0;
    for (; n < 16; n++)
        if (name[n] != 0) return 0;
    return 1;
}

static inline int r2_zero(const uint8_t *p, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) any |= p[i];
    return any == 0;
}

static inline int r2_market_ok(const ek_market_record *m) {
    return r2_name_ok(m->name) && m->paper.active <= 1 && m->last.action <= EK_ACTION_REDUCE_SHORT
           && m->last.outcome < EK_OUTCOMES && m->last.mode <= EK_MODE_LIVE && m->last.price_e6 >= 0
           && m->notional_today_e6 >= 0 && m->paper.notional_today_e6 >= 0;
}

/* An open ticket must carry what resolving it needs; no ticket must carry nothing at all. */
static inline int r2_ticket_ok(const ek_ticket *t, uint8_t n_markets) {
    if (t->state >= EK_TICKET_STATES || t->kind >= EK_KINDS || t->action > EK_ACTION_REDUCE_SHORT
        || t->direction > EK_SELL || t->reduce_only > 1 || t->drift_known > 1 || t->outcome >= EK_OUTCOMES
        || t->tx_len > EK_TICKET_TX_MAX)
        return 0;
    if (t->state == EK_TICKET_NONE)
        return t->kind == EK_KIND_NONE && t->tx_len == 0 && r2_zero(t->signature, sizeof t->signature);
    return t->kind != EK_KIND_NONE && t->market < n_markets && t->tx_len > 0
           && !r2_zero(t->signature, sizeof t->signature);
}

static inline int r2_record_ok(const ek_record *r) {
    if (r->generation == 0 || !r2_name_ok(r->venue) || r->mode > EK_MODE_HELD || r->paused > 1
        || r->breaker_open > 1 || r->n_markets > EK_RECORD_MARKETS || r->next_user_order_id == 0
        || r->vault.known > 1 || r->vault.mode > EK_MODE_LIVE)
        return 0;
    for (uint8_t i = 0; i < r->n_markets; i++) {
        if (!r2_market_ok(&r->markets[i])) return 0;
        for (uint8_t j = 0; j < i; j++)
            if (r->markets[j].perp_index == r->markets[i].perp_index) return 0;
    }
    return r2_ticket_ok(&r->ticket, r->n_markets);
}

static inline ek_err r2_encode(const ek_record *r, uint8_t out[EK_RECORD_SLOT]) {
    if (!r2_record_ok(r)) return EK_E_RANGE;
    ek_record copy = *r; /* the walk takes what it could also fill */
    r2_walk w = {0, R2_VERSION, {NULL, NULL}, {NULL, 0, 0, EK_OK}, EK_OK};
    w.out = ek_writer_over(out + R2_HEADER, R2_DIGEST_AT - R2_HEADER);
    memset(out, 0, EK_RECORD_SLOT);
    r2_w_record(&w, &copy);
    if (w.err != EK_OK) return w.err;
    if (w.out.err != EK_OK) return w.out.err;
    memcpy(out, r2_magic, sizeof r2_magic);
    ek_set_u32(out + 8, R2_VERSION);
    ek_set_u32(out + 12, (uint32_t)w.out.len);
    ek_set_u64(out + 16, r->generation);
    ek_blake2b_256(out, R2_DIGEST_AT, out + R2_DIGEST_AT);
    return EK_OK;
}

static inline ek_err r2_decode(const uint8_t *slot, size_t len, ek_record *r) {
    if (len < EK_RECORD_SLOT) return EK_E_SHORT;
    if (r2_zero(slot, EK_RECORD_SLOT)) return EK_E_MISSING;
    if (memcmp(slot, r2_magic, sizeof r2_magic) != 0) return EK_E_SYNTAX;
    uint8_t digest[32];
    ek_blake2b_256(slot, R2_DIGEST_AT, digest);
    if (memcmp(digest, slot + R2_DIGEST_AT, sizeof digest) != 0) return EK_E_CHECKSUM;
    uint32_t version = ek_get_u32(slot + 8), n = ek_get_u32(slot + 12);
    if (version > R2_VERSION) return EK_E_VERSION;
    if (version == 0 || n > R2_DIGEST_AT - R2_HEADER) return EK_E_RANGE;

    ek_record got;
    memset(&got, 0, sizeof got);
    got.generation = ek_get_u64(slot + 16);
    r2_walk w = {1, version, ek_reader_over(slot + R2_HEADER, n), {NULL, 0, 0, EK_OK}, EK_OK};
    r2_w_record(&w, &got);
    if (w.err != EK_OK || ek_left(&w.in) != 0 || !r2_record_ok(&got)) return EK_E_RANGE;
    if (!r2_zero(slot + R2_HEADER + n, R2_DIGEST_AT - R2_HEADER - n)) return EK_E_RANGE;
    *r = got;
    return EK_OK;
}

static inline ek_err r2_pick(const uint8_t *file, size_t len, ek_record *out, int *slot, ek_err slot_err[2]) {
    ek_record second;
    *slot = -1;
    slot_err[0] = r2_decode(file, len, out);
    slot_err[1] = EK_E_SHORT;
    if (len > EK_RECORD_SLOT)
        slot_err[1] = r2_decode(file + EK_RECORD_SLOT, len - EK_RECORD_SLOT, &second);
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

#endif
