/* Formats 1 and 2: one row of fields without sections. Only read; the next save writes the present format. */
#include "ek_record_walk.h"

EK_SMALL_BEGIN

static void paper(ek_walk *w, uint32_t version, ek_paper *p) {
    ek_walk_u8(w, &p->active);
    ek_walk_i64(w, &p->base_e9);
    ek_walk_i64(w, &p->quote_e6);
    ek_walk_i64(w, &p->fees_e6);
    ek_walk_moment(w, &p->last_success);
    ek_walk_i64(w, &p->day_start_unix_s);
    ek_walk_u32(w, &p->trades_today);
    ek_walk_u64(w, &p->corrections_total);
    if (version >= 2) ek_walk_i64(w, &p->notional_today_e6);
}

static void market(ek_walk *w, uint32_t version, ek_market_record *m) {
    ek_walk_bytes(w, m->name, sizeof m->name);
    ek_walk_u16(w, &m->perp_index);
    ek_walk_moment(w, &m->last_success);
    ek_walk_i64(w, &m->day_start_unix_s);
    ek_walk_u32(w, &m->trades_today);
    ek_walk_i64(w, &m->notional_today_e6);
    ek_walk_u64(w, &m->corrections_total);
    ek_walk_i64(w, &m->fees_own_e6);
    paper(w, version, &m->paper);
    ek_walk_last(w, &m->last);
    if (version >= 2) ek_walk_vault_market(w, &m->vault);
}

static void head(ek_walk *w, uint32_t version, ek_record *r) {
    ek_walk_bytes(w, r->venue, sizeof r->venue);
    ek_walk_bytes(w, r->authority.bytes, sizeof r->authority.bytes);
    ek_walk_u16(w, &r->sub_account);
    ek_walk_u8(w, &r->mode);
    ek_walk_u8(w, &r->paused);
    ek_walk_u8(w, &r->breaker_open);
    ek_walk_u8(w, &r->n_markets);
    ek_walk_u8(w, &r->next_user_order_id);
    ek_walk_u32(w, &r->failures_in_row);
    ek_walk_u64(w, &r->max_slot_seen);
    ek_walk_u64(w, &r->fee_lamports_total);
    ek_walk_u64(w, &r->ticks_total);
    ek_walk_u64(w, &r->corrections_total);
    ek_walk_i64(w, &r->start_unix_s);
    if (version >= 2) {
        ek_walk_vault(w, &r->vault);
    } else { /* four baselines that no program ever set */
        uint8_t unused[25];
        ek_walk_bytes(w, unused, sizeof unused);
    }
}

ek_err ek_record_old_read(uint32_t version, const uint8_t *payload, size_t n, ek_record *r) {
    ek_walk w = ek_walk_reading(payload, n, 0);
    head(&w, version, r);
    if (r->n_markets > EK_RECORD_MARKETS) return EK_E_RANGE;
    for (uint8_t i = 0; i < r->n_markets; i++) market(&w, version, &r->markets[i]);
    ek_walk_ticket(&w, &r->ticket);
    ek_walk_u16(&w, &r->ticket.tx_len);
    if (r->ticket.tx_len > EK_TICKET_TX_MAX) return EK_E_RANGE;
    ek_walk_bytes(&w, r->ticket.tx, r->ticket.tx_len);
    return w.err == EK_OK && ek_left(&w.in) == 0 ? EK_OK : EK_E_RANGE;
}

EK_SMALL_END
