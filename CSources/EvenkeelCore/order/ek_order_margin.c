#include "order/ek_order_margin.h"

#include "base/ek_fixed.h"
#include "../margin/ek_margin_core.h"
#include "../snapshot/ek_fault_say.h"

EK_SMALL_BEGIN

static int is_trigger(uint8_t order_type) {
    return order_type == EK_ORDER_TRIGGER_MARKET || order_type == EK_ORDER_TRIGGER_LIMIT;
}

/* Takes an order that ended out of a position's counters. They are bounded by what was put in; a lying
 * account saturates at 0. */
static void release(int64_t *bids, int64_t *asks, uint8_t *open_orders, const ek_order *o) {
    uint64_t left = o->base_e9 > o->base_filled_e9 ? o->base_e9 - o->base_filled_e9 : 0;
    int64_t amount = left > INT64_MAX ? INT64_MAX : (int64_t)left;
    if (o->direction == EK_BUY) *bids = *bids > amount ? *bids - amount : 0;
    else *asks = *asks < -amount ? *asks + amount : 0;
    if (*open_orders > 0) (*open_orders)--;
}

static void drop_expired(ek_user *u, int64_t now) {
    for (uint32_t i = 0; i < EK_MAX_ORDERS; i++) {
        ek_order *o = &u->orders[i];
        if (o->status != EK_ORDER_OPEN || o->max_ts == 0 || o->max_ts >= now || is_trigger(o->order_type))
            continue;
        o->status = EK_ORDER_CANCELED;
        if (u->n_live_orders > 0) u->n_live_orders--;
        for (uint32_t k = 0; o->market_type == EK_PERP && k < u->n_perps; k++) {
            ek_perp_position *p = &u->perps[k];
            if (p->market_index == o->market_index)
                release(&p->open_bids_e9, &p->open_asks_e9, &p->open_orders, o);
        }
        for (uint32_t k = 0; o->market_type == EK_SPOT && k < u->n_spots; k++) {
            ek_spot_position *s = &u->spots[k];
            if (s->market_index == o->market_index) release(&s->open_bids, &s->open_asks, &s->open_orders, o);
        }
    }
}

/* Not risk-increasing: reduce-only, or on the closing side with everything open there inside the position. */
static int margin_type(const ek_perp_position *p, const ek_order_params *o, uint64_t size) {
    if (o->reduce_only) return EK_MAINTENANCE;
    int closing = o->direction == EK_BUY ? p->base_e9 < 0 : p->base_e9 > 0;
    uint64_t open = ek_abs_i64(o->direction == EK_BUY ? p->open_bids_e9 : p->open_asks_e9), total;
    if (!closing || ek_add_u64(open, size, &total) != EK_OK) return EK_INITIAL;
    return total <= ek_abs_i64(p->base_e9) ? EK_MAINTENANCE : EK_INITIAL;
}

ek_err ek_margin_if_placed(const ek_book *b, const ek_order_params *order, int *type, ek_margin *out,
                           ek_fault *fault) {
    return ek_margin_if_placed_by(b, &b->user, order, type, out, fault);
}

ek_err ek_margin_if_placed_by(const ek_book *b, const ek_user *user, const ek_order_params *order, int *type,
                              ek_margin *out, ek_fault *fault) {
    const ek_perp_market *m = ek_book_perp(b, order->market_index);
    if (m == NULL)
        return ek_fault_market(fault, EK_E_MISSING, 1, order->market_index, NULL, "not in the book");
    if (!(b->have & 1u << EK_ROLE_USER) || !(b->have & 1u << EK_ROLE_CLOCK))
        return ek_fault_say(fault, EK_E_MISSING, "User or Clock not in the book");
    if (order->market_type != EK_PERP || order->direction > EK_SELL || m->step_base_e9 == 0)
        return ek_fault_market(fault, EK_E_RANGE, 1, order->market_index, m->name, "not a perp order");
    uint64_t size = order->base_e9 - order->base_e9 % m->step_base_e9;
    if (size == 0 || size > INT64_MAX)
        return ek_fault_market(fault, EK_E_RANGE, 1, order->market_index, m->name, "order size out of range");

    ek_user after = *user;
    drop_expired(&after, b->clock.unix_timestamp);
    ek_perp_position *p = ek_user_perp_or_new(&after, order->market_index);
    if (p == NULL) return ek_fault_say(fault, EK_E_FULL, "account has no free perp position");
    *type = margin_type(p, order, size);
    ek_err err = EK_OK;
    /* A trigger order is charged for, but counts in the worst case only once it has triggered. */
    if (!is_trigger(order->order_type)) {
        if (order->direction == EK_BUY) err = ek_add_i64(p->open_bids_e9, (int64_t)size, &p->open_bids_e9);
        else err = ek_sub_i64(p->open_asks_e9, (int64_t)size, &p->open_asks_e9);
    }
    if (err != EK_OK || p->open_orders == UINT8_MAX)
        return ek_fault_market(fault, EK_E_OVERFLOW, 1, order->market_index, m->name,
                               "open orders out of range");
    p->open_orders++;
    ek_margin_query q = {.book = b, .user = &after, .type = *type, .strict = 1};
    return ek_margin_run(&q, out, fault);
}

EK_SMALL_END
