/* What follows from margin: free collateral, health, leverage, liquidation price (ek_margin.h). */
#define EK_CALC_SMALL
#include <string.h>

#include "base/ek_fixed.h"
#include "../base/ek_calc.h"
#include "../snapshot/ek_fault_say.h"
#include "ek_price_search.h"

int64_t ek_margin_free_e6(const ek_margin *m) {
    ek_calc c = {EK_OK};
    ek_w free = ek_w_sub(&c, m->total_collateral_e6, m->requirement_e6);
    if (c.err != EK_OK) return ek_w_sign(m->total_collateral_e6) < 0 ? INT64_MIN : INT64_MAX;
    return ek_clamp_i64(free);
}

uint32_t ek_health_bp(const ek_user *u, const ek_margin *m) {
    enum { WHOLE_BP = 10000 };
    if (u->status & EK_USER_BANKRUPT) return 0;
    int held = ek_w_sign(m->total_collateral_e6);
    if (ek_w_sign(m->requirement_e6) == 0 && held >= 0) return WHOLE_BP;
    if (held <= 0 || ek_w_cmp(m->requirement_e6, m->total_collateral_e6) >= 0) return 0;
    ek_calc c = {EK_OK};
    ek_w part = ek_w_mul(&c, ek_w_sub(&c, m->total_collateral_e6, m->requirement_e6), ek_wi(WHOLE_BP));
    part = ek_w_div(&c, part, m->total_collateral_e6);
    int64_t v;
    /* Out of range only above 1e34 USD: unhealthy is the safe word for it. */
    return c.err == EK_OK && ek_wide_to_i64(part, &v) == EK_OK ? (uint32_t)(v > WHOLE_BP ? WHOLE_BP : v) : 0;
}

/* ---- leverage ---- */

ek_err ek_leverage_of(ek_i128 notional_e6, ek_i128 equity_e6, uint32_t *leverage_e4) {
    if (ek_w_sign(notional_e6) <= 0) {
        *leverage_e4 = 0;
        return EK_OK;
    }
    if (ek_w_sign(equity_e6) <= 0) return EK_E_RANGE;
    ek_calc c = {EK_OK};
    ek_w ratio = ek_w_ceil(&c, ek_w_mul(&c, notional_e6, ek_wi(10000)), equity_e6);
    uint64_t v;
    if (c.err != EK_OK) return c.err;
    if (ek_wide_to_u64(ratio, &v) != EK_OK || v > UINT32_MAX) v = UINT32_MAX;
    *leverage_e4 = (uint32_t)v;
    return EK_OK;
}

static ek_w equity_of(ek_calc *c, const ek_margin *m) {
    return ek_w_sub(c, ek_w_add(c, m->assets_e6, m->perp_pnl_e6), m->liabilities_e6);
}

/* |base| at the oracle price, in USD; rounded as ek_margin does. */
static ek_err notional_of(const ek_book *b, const ek_perp_market *m, ek_w base, ek_w *out) {
    const ek_oracle *o, *quote;
    ek_err err = ek_book_perp_oracle(b, m->market_index, &o);
    if (err == EK_OK) err = ek_book_spot_oracle(b, m->quote_spot_index, &quote);
    if (err != EK_OK) return err;
    ek_calc c = {EK_OK};
    ek_w v = ek_w_muldiv(&c, ek_w_abs(&c, base), ek_wi(o->price_e6), 1000000000);
    *out = ek_w_muldiv(&c, v, ek_wi(quote->price_e6), 1000000);
    return c.err;
}

EK_SMALL ek_err ek_health_after(const ek_book *b, uint16_t perp_index, int64_t delta_base_e9,
                                uint32_t *health_bp, ek_fault *fault) {
    const ek_oracle *o;
    ek_err err = ek_book_perp_oracle(b, perp_index, &o);
    if (err != EK_OK)
        return ek_fault_market(fault, err, 1, perp_index, NULL, "no usable oracle price");
    ek_user after = b->user;
    ek_perp_position *p = ek_user_perp_or_new(&after, perp_index);
    if (p == NULL) return ek_fault_say(fault, EK_E_FULL, "account has no free perp position");
    ek_calc c = {EK_OK};
    int64_t paid = 0;
    ek_w cost = ek_w_muldiv(&c, ek_wi(delta_base_e9), ek_wi(o->price_e6), 1000000000);
    err = c.err == EK_OK ? ek_wide_to_i64(cost, &paid) : c.err;
    if (err == EK_OK) err = ek_add_i64(p->base_e9, delta_base_e9, &p->base_e9);
    if (err == EK_OK) err = ek_sub_i64(p->quote_e6, paid, &p->quote_e6);
    if (err != EK_OK) return ek_fault_say(fault, err, "the position after the order is out of range");
    ek_margin m;
    ek_margin_query q = {.book = b, .user = &after, .type = EK_MAINTENANCE};
    err = ek_margin_run(&q, &m, fault);
    if (err == EK_OK) *health_bp = ek_health_bp(&after, &m);
    return err;
}

ek_err ek_leverage_after(const ek_book *b, uint16_t perp_index, int64_t delta_base_e9, uint32_t *leverage_e4,
                         ek_fault *fault) {
    ek_margin m;
    ek_err err = ek_margin_calc(b, EK_MAINTENANCE, 0, &m, fault);
    if (err != EK_OK) return err;
    const ek_perp_market *market = ek_book_perp(b, perp_index);
    if (market == NULL) return ek_fault_market(fault, EK_E_MISSING, 1, perp_index, NULL, "not in the book");
    const ek_perp_position *p = ek_user_perp(&b->user, perp_index);
    ek_calc c = {EK_OK};
    ek_w before = ek_wi(p ? p->base_e9 : 0), after = ek_w_add(&c, before, ek_wi(delta_base_e9)),
         was = ek_w0(), is = ek_w0();
    err = notional_of(b, market, before, &was);
    if (err == EK_OK) err = notional_of(b, market, after, &is);
    if (err != EK_OK)
        return ek_fault_market(fault, err, 1, perp_index, market->name, "no usable oracle price");
    ek_w notional = ek_w_add(&c, ek_w_sub(&c, m.perp_notional_e6, was), is), equity = equity_of(&c, &m);
    if (c.err != EK_OK) return ek_fault_say(fault, c.err, "leverage is out of range");
    err = ek_leverage_of(notional, equity, leverage_e4);
    return err == EK_OK ? err : ek_fault_say(fault, err, "equity is not positive: leverage is infinite");
}

/* ---- liquidation price ---- */

ek_err ek_liquidation_price(const ek_book *b, uint16_t perp_index, uint16_t spot_index, ek_liq_price *out,
                            ek_fault *fault) {
    ek_price_search s;
    memset(out, 0, sizeof *out);
    ek_err err = ek_price_search_begin(b, perp_index, spot_index, &s, fault);
    if (err != EK_OK) return err;
    const ek_perp_position *p = ek_user_perp(&b->user, perp_index);
    ek_margin m;
    /* once with the fault's text; the walk needs no more of them */
    err = ek_margin_calc(b, EK_MAINTENANCE, 0, &m, fault);
    if (err != EK_OK) return err;
    ek_calc c = {EK_OK};
    ek_w over = ek_price_over(&c, &s, &m);
    if (c.err != EK_OK) return ek_fault_say(fault, c.err, "margin is out of the range of 128 bits");
    if (ek_w_sign(over) < 0) {
        *out = (ek_liq_price){s.now_e6, s.now_e6, s.now_e6};
        return EK_OK;
    }
    err = ek_price_first(&s, 1, over, 0, &out->up_e6);
    if (err == EK_OK) err = ek_price_first(&s, 0, over, 0, &out->down_e6);
    if (err != EK_OK) return ek_fault_say(fault, err, "liquidation price cannot be found");
    int is_long = p != NULL && p->base_e9 > 0;
    out->price_e6 = is_long ? out->down_e6 : out->up_e6;
    if (out->price_e6 == 0) out->price_e6 = is_long ? out->up_e6 : out->down_e6;
    return EK_OK;
}
