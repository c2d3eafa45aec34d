#include "order/ek_outcome.h"

#include "base/ek_assert.h"
#include "base/ek_fixed.h"

EK_SMALL_BEGIN

static const ek_order *our_entry(const ek_ticket *t, const ek_user *u) {
    const ek_order *ours = NULL;
    for (uint32_t i = 0; i < EK_MAX_ORDERS; i++) {
        const ek_order *o = &u->orders[i];
        if (o->status == EK_ORDER_INIT || o->market_type != EK_PERP || o->market_index != t->perp_index)
            continue;
        if (t->kind == EK_KIND_CANCEL) {
            if (t->target_order_id != 0 && o->order_id == t->target_order_id) return o;
            continue;
        }
        if (o->order_id >= t->next_order_id_before && o->order_id < u->next_order_id
            && o->user_order_id == t->user_order_id && o->direction == t->direction
            && o->base_e9 == t->size_base_e9 && (ours == NULL || o->order_id < ours->order_id))
            ours = o;
    }
    return ours;
}

static void price(const ek_ticket *t, const ek_user *u, const ek_order *o, ek_outcome *out) {
    if (out->filled_base_e9 == 0) return;
    const ek_perp_position *p = ek_user_perp(u, t->perp_index);
    int64_t before = t->position_before_base_e9, change = 0;
    int grows = before == 0 || (before > 0) == (t->direction == EK_BUY);
    if (o != NULL && o->quote_filled_e6 != 0) {
        out->quote_source = EK_QUOTE_ORDER;
        out->quote_e6 = o->quote_filled_e6;
    } else if (out->foreign_base_e9 != 0 || t->kind == EK_KIND_CANCEL) {
        return; /* the position's money is not ours alone */
    } else if (grows && p != NULL
               && ek_sub_i64(p->quote_entry_e6, t->quote_entry_before_e6, &change) == EK_OK) {
        out->quote_source = EK_QUOTE_ENTRY;
        out->quote_e6 = ek_abs_i64(change);
    } else if (p != NULL && ek_sub_i64(p->quote_e6, t->quote_before_e6, &change) == EK_OK) {
        out->quote_source = EK_QUOTE_NET;
        out->quote_e6 = ek_abs_i64(change);
    } else {
        return;
    }
    uint64_t each = 0;
    if (ek_mul_div_floor_u64(out->quote_e6, 1000000000, out->filled_base_e9, &each) == EK_OK
        && each <= (uint64_t)INT64_MAX)
        out->price_e6 = (int64_t)each;
}

/* A position that is closed and has nothing left to settle is gone from the account: all was paid. */
static ek_err settled(const ek_ticket *t, const ek_user *now, ek_outcome *out) {
    const ek_perp_position *p = ek_user_perp(now, t->perp_index);
    int64_t moved = t->quote_before_e6;
    ek_err err = p == NULL ? EK_OK : ek_sub_i64(p->settled_pnl_e6, t->quote_entry_before_e6, &moved);
    if (err != EK_OK) return err;
    out->found = moved != 0;
    out->outcome = moved != 0 ? EK_OUT_FILLED : EK_OUT_NOT_PLACED;
    out->quote_e6 = ek_abs_i64(moved);
    out->quote_source = EK_QUOTE_ORDER;
    return EK_OK;
}

ek_err ek_outcome_of(const ek_ticket *ticket, const ek_user *now, int64_t chain_unix_s, ek_outcome *out) {
    *out = (ek_outcome){0};
    if (ticket->kind == EK_KIND_SETTLE) return settled(ticket, now, out);
    int cancel = ticket->kind == EK_KIND_CANCEL;
    if (ticket->kind == EK_KIND_NONE || ticket->kind >= EK_KINDS || ticket->direction > EK_SELL
        || ticket->size_base_e9 > (uint64_t)INT64_MAX || (!cancel && ticket->size_base_e9 == 0)
        || (cancel && ticket->target_order_id == 0))
        return EK_E_RANGE;
    /* an older book than the ticket's own */
    if (now->next_order_id < ticket->next_order_id_before) return EK_E_MISMATCH;
    int64_t moved = 0; /* with the order's side as positive */
    int64_t is = ek_user_perp_base(now, ticket->perp_index), was = ticket->position_before_base_e9;
    ek_err err = ticket->direction == EK_BUY ? ek_sub_i64(is, was, &moved) : ek_sub_i64(was, is, &moved);
    if (err != EK_OK) return err;

    const ek_order *o = our_entry(ticket, now);
    int resting = 0;
    uint64_t size = ticket->size_base_e9;
    if (o != NULL) {
        if (o->base_filled_e9 > o->base_e9 || o->base_e9 > (uint64_t)INT64_MAX) return EK_E_MISMATCH;
        out->found = 1;
        out->order_id = o->order_id;
        out->filled_base_e9 = o->base_filled_e9;
        size = o->base_e9;
        out->expired_entry = ek_order_live(o) && ek_order_expired(o, chain_unix_s);
        resting = ek_order_live(o) && !out->expired_entry;
        err = ek_sub_i64(moved, (int64_t)o->base_filled_e9, &out->foreign_base_e9);
        if (err != EK_OK) return err;
        /* A cancel ticket's position facts are of its own time: the target may have filled before it was
         * built. */
        if (cancel) out->foreign_base_e9 = 0;
    } else if (now->next_order_id == ticket->next_order_id_before && !cancel) {
        out->outcome = EK_OUT_NOT_PLACED;
        out->foreign_base_e9 = moved;
    } else if (cancel) {
        /* Its entry is overwritten: it cannot rest. What it filled stands in the ticket that placed it. */
        out->outcome = EK_OUT_UNFILLED_GONE;
        out->foreign_base_e9 = moved;
    } else if (moved < 0 || (uint64_t)moved > size) {
        return EK_E_MISMATCH;
    } else {
        out->filled_base_e9 = (uint64_t)moved;
    }
    if (out->foreign_base_e9 == INT64_MIN) return EK_E_OVERFLOW;
    if (ticket->direction == EK_SELL) out->foreign_base_e9 = -out->foreign_base_e9;
    if (out->outcome == EK_OUT_NONE) {
        if (size != 0 && out->filled_base_e9 == size) out->outcome = EK_OUT_FILLED;
        else if (out->filled_base_e9 != 0)
            out->outcome = resting ? EK_OUT_PARTIAL_RESTING : EK_OUT_PARTIAL_GONE;
        else out->outcome = resting ? EK_OUT_RESTING : EK_OUT_UNFILLED_GONE;
    }
    price(ticket, now, o, out);
    EK_ASSERT(out->outcome > EK_OUT_NONE && out->outcome <= EK_OUT_UNFILLED_GONE
              && out->filled_base_e9 <= size);
    return EK_OK;
}

EK_SMALL_END
