#include "order/ek_order.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "base/ek_fixed.h"
#include "../snapshot/ek_fault_say.h"
#include "../venue/ek_venue_table.h"

EK_SMALL_BEGIN

ek_order_params ek_order_perp(uint16_t market_index, uint8_t order_type, uint8_t direction,
                              uint64_t base_e9) {
    ek_order_params o;
    memset(&o, 0, sizeof o);
    o.market_type = EK_PERP;
    o.market_index = market_index;
    o.order_type = order_type;
    o.direction = direction;
    o.base_e9 = base_e9;
    return o;
}

ek_err ek_order_encode(const ek_venue *v, const ek_order_params *o, uint8_t *out, size_t cap, size_t *len) {
    ek_writer w = ek_writer_over(out, cap);
    if (!v->has_builder_fields && (o->has_builder || o->has_builder_fee)) return EK_E_RANGE;
    ek_put_u8(&w, o->order_type);
    ek_put_u8(&w, o->market_type);
    ek_put_u8(&w, o->direction);
    ek_put_u8(&w, o->user_order_id);
    ek_put_u64(&w, o->base_e9);
    ek_put_u64(&w, o->price_e6);
    ek_put_u16(&w, o->market_index);
    ek_put_bool(&w, o->reduce_only);
    ek_put_u8(&w, o->post_only);
    ek_put_u8(&w, o->bit_flags);
    ek_put_opt_i64(&w, o->has_max_ts, o->max_ts);
    ek_put_opt_u64(&w, o->has_trigger_price, o->trigger_price_e6);
    ek_put_u8(&w, o->trigger_condition);
    if (v->offset_is_i32) {
        if (o->has_oracle_offset && (o->oracle_offset_e6 < INT32_MIN || o->oracle_offset_e6 > INT32_MAX))
            return EK_E_OVERFLOW;
        ek_put_opt_i32(&w, o->has_oracle_offset, (int32_t)o->oracle_offset_e6);
    } else {
        ek_put_opt_i64(&w, o->has_oracle_offset, o->oracle_offset_e6);
    }
    ek_put_opt_u8(&w, o->has_auction_duration, o->auction_duration);
    ek_put_opt_i64(&w, o->has_auction_start, o->auction_start_e6);
    ek_put_opt_i64(&w, o->has_auction_end, o->auction_end_e6);
    if (v->has_builder_fields) {
        ek_put_opt_u8(&w, o->has_builder, o->builder_index);
        ek_put_opt_u16(&w, o->has_builder_fee, o->builder_fee_tenth_bps);
    }
    *len = w.len;
    return w.err;
}

/* The lowest (sale) or highest (purchase) price allowed, not yet on a tick. */
static ek_err slippage_bound(int64_t oracle_e6, uint32_t ppm, uint8_t direction, int64_t *bound) {
    if (oracle_e6 <= 0 || ppm >= 1000000 || direction > EK_SELL) return EK_E_RANGE;
    return direction == EK_SELL ? ek_mul_div_ceil_i64(oracle_e6, 1000000 - (int64_t)ppm, 1000000, bound)
                                 : ek_mul_div_floor_i64(oracle_e6, 1000000 + (int64_t)ppm, 1000000, bound);
}

ek_err ek_worst_price(int64_t oracle_price_e6, uint32_t slippage_ppm, uint8_t direction, uint64_t tick_e6,
                      uint64_t *out_price_e6) {
    int64_t bound;
    if (tick_e6 == 0 || tick_e6 > INT64_MAX) return EK_E_RANGE;
    ek_err err = slippage_bound(oracle_price_e6, slippage_ppm, direction, &bound);
    if (err != EK_OK) return err;
    uint64_t oracle = (uint64_t)oracle_price_e6, price = (uint64_t)bound, over = price % tick_e6;
    if (direction == EK_BUY) {
        price -= over;
        if (price < oracle) return EK_E_RANGE;
    } else {
        if (over != 0) price += tick_e6 - over; /* both below 2^63: no wrap */
        if (price > oracle) return EK_E_RANGE;
    }
    if (price == 0) return EK_E_RANGE; /* on the wire 0 means no bound at all */
    EK_ASSERT(price % tick_e6 == 0
              && (direction == EK_BUY ? price <= (uint64_t)bound : price >= (uint64_t)bound));
    *out_price_e6 = price;
    return EK_OK;
}

/* ---- what must hold before an order is signed ---- */

static const char *size_fault(const ek_book *b, const ek_perp_market *m, const ek_order_params *o) {
    if (o->base_e9 == 0) return "order of size 0";
    if (o->base_e9 > INT64_MAX) return "order size out of range";
    if (m->step_base_e9 == 0 || o->base_e9 % m->step_base_e9 != 0)
        return "order size is not on the market's step";
    if (!o->reduce_only)
        return o->base_e9 < m->min_order_base_e9 ? "order size is below the market's minimum" : NULL;
    const ek_perp_position *p = ek_user_perp(&b->user, o->market_index);
    if (p == NULL || p->base_e9 == 0 || (p->base_e9 > 0) != (o->direction == EK_SELL))
        return "reduce-only order on the position's own side";
    return o->base_e9 > ek_abs_i64(p->base_e9) ? "reduce-only order is larger than the position" : NULL;
}

/* Offsets are worse for the taker when they point along the direction. */
static int offset_too_far(int64_t offset, int64_t oracle, int64_t bound, uint8_t direction) {
    return direction == EK_BUY ? offset > bound - oracle : offset < bound - oracle;
}

static const char *price_fault(const ek_order_params *o, int64_t oracle, int64_t bound) {
    if (o->order_type == EK_ORDER_ORACLE) {
        if (o->price_e6 != 0) return "oracle order with an absolute price";
        if (!o->has_oracle_offset || o->oracle_offset_e6 == 0) return "oracle order without a worst offset";
        if (offset_too_far(o->oracle_offset_e6, oracle, bound, o->direction))
            return "worst offset is past the slippage limit";
        if (o->has_auction_start && offset_too_far(o->auction_start_e6, oracle, bound, o->direction))
            return "auction start is past the slippage limit";
        if (o->has_auction_end && offset_too_far(o->auction_end_e6, oracle, bound, o->direction))
            return "auction end is past the slippage limit";
        return NULL;
    }
    if (o->has_oracle_offset) return "oracle offset in an order with an absolute price";
    if (o->price_e6 == 0 || o->price_e6 > INT64_MAX) return "order without a worst price";
    int64_t price = (int64_t)o->price_e6;
    int worse = o->direction == EK_BUY ? price > bound : price < bound;
    if (worse) return "worst price is past the slippage limit";
    if (o->has_auction_end
        && (o->direction == EK_BUY ? o->auction_end_e6 > bound : o->auction_end_e6 < bound))
        return "auction end is past the slippage limit";
    if (o->has_auction_start
        && (o->direction == EK_BUY ? o->auction_start_e6 > bound : o->auction_start_e6 < bound))
        return "auction start is past the slippage limit";
    return NULL;
}

ek_err ek_order_check(const ek_book *b, const ek_order_params *o, uint32_t max_slippage_ppm,
                      ek_fault *fault) {
    if (o->market_type != EK_PERP || o->direction > EK_SELL || o->post_only > EK_POST_SLIDE)
        return ek_fault_say(fault, EK_E_RANGE, "not a perp order");
    if (o->order_type != EK_ORDER_MARKET && o->order_type != EK_ORDER_LIMIT
        && o->order_type != EK_ORDER_ORACLE)
        return ek_fault_say(fault, EK_E_UNSUPPORTED, "order type is not one the agent sends");
    const ek_perp_market *m = ek_book_perp(b, o->market_index);
    if (m == NULL) return ek_fault_market(fault, EK_E_MISSING, 1, o->market_index, NULL, "not in the book");
    const ek_oracle *oracle;
    int64_t bound;
    ek_err err = ek_book_perp_oracle(b, o->market_index, &oracle);
    if (err != EK_OK)
        return ek_fault_market(fault, err, 1, o->market_index, m->name, "no usable oracle price");
    err = slippage_bound(oracle->price_e6, max_slippage_ppm, o->direction, &bound);
    if (err != EK_OK)
        return ek_fault_market(fault, err, 1, o->market_index, m->name, "slippage limit out of range");
    const char *why = size_fault(b, m, o);
    if (why == NULL) why = price_fault(o, oracle->price_e6, bound);
    if (why == NULL && o->has_max_ts && o->max_ts <= b->clock.unix_timestamp)
        why = "order would be expired already";
    return why ? ek_fault_market(fault, EK_E_RANGE, 1, o->market_index, m->name, why) : EK_OK;
}

EK_SMALL_END
