#include "ek_record_walk.h"

EK_SMALL_BEGIN

ek_walk ek_walk_reading(const uint8_t *bytes, size_t n, int ends_early) {
    ek_walk w = {1, ends_early, ek_reader_over(bytes, n), {NULL, 0, 0, EK_OK}, EK_OK};
    return w;
}

ek_walk ek_walk_writing(uint8_t *to, size_t room) {
    ek_walk w = {0, 0, {NULL, NULL}, ek_writer_over(to, room), EK_OK};
    return w;
}

void ek_walk_bytes(ek_walk *w, void *p, size_t n) {
    if (!w->reading) {
        ek_put_bytes(&w->out, p, n);
        return;
    }
    if (w->err != EK_OK || (w->ends_early && ek_left(&w->in) == 0)) return;
    w->err = ek_read_bytes(&w->in, p, n);
}

void ek_walk_moment(ek_walk *w, ek_moment *m) {
    ek_walk_i64(w, &m->unix_s);
    ek_walk_u64(w, &m->slot);
}

void ek_walk_last(ek_walk *w, ek_last_correction *l) {
    ek_walk_u8(w, &l->action);
    ek_walk_u8(w, &l->outcome);
    ek_walk_u8(w, &l->mode);
    ek_walk_u64(w, &l->size_base_e9);
    ek_walk_i64(w, &l->price_e6);
    ek_walk_i64(w, &l->fee_e6);
    ek_walk_u64(w, &l->fee_lamports);
    ek_walk_u64(w, &l->slot);
    ek_walk_i64(w, &l->unix_s);
    ek_walk_i64(w, &l->drift_before_ppm);
    ek_walk_i64(w, &l->drift_after_ppm);
    ek_walk_bytes(w, l->signature, sizeof l->signature);
}

void ek_walk_vault(ek_walk *w, ek_vault *v) {
    ek_walk_u8(w, &v->known);
    ek_walk_u8(w, &v->mode);
    ek_walk_i64(w, &v->unix_s);
    ek_walk_i64(w, &v->start_unix_s);
    ek_walk_i64(w, &v->book.equity_e6);
    ek_walk_i64(w, &v->book.funding_mark_e6);
    ek_walk_i64(w, &v->book.fees_mark_e6);
    ek_walk_i64(w, &v->book.network_mark_e6);
    ek_walk_i64(w, &v->book.deposits_mark_e6);
    ek_walk_i64(w, &v->flows_e6);
    ek_walk_i64(w, &v->funding_e6);
    ek_walk_i64(w, &v->fees_e6);
}

void ek_walk_vault_market(ek_walk *w, ek_vault_market *m) {
    ek_walk_i64(w, &m->leg.spot_base_e9);
    ek_walk_i64(w, &m->leg.outside_base_e9);
    ek_walk_i64(w, &m->leg.perp_base_e9);
    ek_walk_i64(w, &m->leg.spot_price_e6);
    ek_walk_i64(w, &m->leg.perp_price_e6);
    ek_walk_i64(w, &m->basis_e6);
    ek_walk_i64(w, &m->delta_e6);
}

void ek_walk_ticket(ek_walk *w, ek_ticket *t) {
    ek_walk_u8(w, &t->state);
    ek_walk_u8(w, &t->kind);
    ek_walk_u8(w, &t->market);
    ek_walk_u8(w, &t->action);
    ek_walk_u8(w, &t->direction);
    ek_walk_u8(w, &t->reduce_only);
    ek_walk_u8(w, &t->drift_known);
    ek_walk_u8(w, &t->user_order_id);
    ek_walk_u8(w, &t->outcome);
    ek_walk_u16(w, &t->perp_index);
    ek_walk_u32(w, &t->attempts);
    ek_walk_u32(w, &t->next_order_id_before);
    ek_walk_u32(w, &t->target_order_id);
    ek_walk_u32(w, &t->tolerance_ppm);
    ek_walk_u64(w, &t->size_base_e9);
    ek_walk_i64(w, &t->worst_price_e6);
    ek_walk_i64(w, &t->oracle_price_e6);
    ek_walk_i64(w, &t->position_before_base_e9);
    ek_walk_i64(w, &t->quote_before_e6);
    ek_walk_i64(w, &t->quote_entry_before_e6);
    ek_walk_i64(w, &t->spot_before_base_e9);
    ek_walk_i64(w, &t->net_before_base_e9);
    ek_walk_i64(w, &t->drift_before_ppm);
    ek_walk_u64(w, &t->book_slot);
    ek_walk_i64(w, &t->max_ts);
    ek_walk_u64(w, &t->last_valid_block_height);
    ek_walk_i64(w, &t->journalled_unix_s);
    ek_walk_i64(w, &t->sent_unix_s);
    ek_walk_u64(w, &t->sent_slot);
    ek_walk_u64(w, &t->landed_slot);
    ek_walk_u64(w, &t->filled_base_e9);
    ek_walk_u64(w, &t->fee_lamports);
    ek_walk_bytes(w, t->blockhash.bytes, sizeof t->blockhash.bytes);
    ek_walk_bytes(w, t->signature, sizeof t->signature);
}

EK_SMALL_END
