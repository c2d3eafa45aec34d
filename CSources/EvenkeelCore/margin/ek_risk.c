/* What follows from margin: free collateral, health, leverage, liquidation price (ek_margin.h). */
#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "../base/ek_calc.h"
#include "../snapshot/ek_fault_say.h"
#include "ek_margin_core.h"

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

typedef struct {
    ek_margin_query q;
    int64_t now_e6, spot_now_e6; /* spot_now 0: no second oracle to move */
    ek_w now_over;               /* what stands over the line now */
} search;

/* What stands over the line at a price, negative under it; *far 1 when the price is so far out that margin
 * leaves 128 bits. */
static ek_err over_at(search *s, int64_t price, ek_w *over, int *far) {
    ek_margin m;
    s->q.price_e6[0] = price;
    if (s->spot_now_e6 != 0) {
        ek_calc c = {EK_OK};
        int64_t moved = ek_clamp_i64(ek_w_muldiv(&c, ek_wi(s->spot_now_e6), ek_wi(price), s->now_e6));
        s->q.price_e6[1] = moved > 0 ? moved : 1;
    }
    ek_err err = ek_margin_run(&s->q, &m, NULL);
    ek_calc c = {err};
    *over = ek_w_sub(&c, m.total_collateral_e6, m.requirement_e6);
    *far = c.err == EK_E_OVERFLOW;
    return *far ? EK_OK : c.err;
}

/* Between a price over the line and one under it, where the straight line between them crosses; the middle
 * when that cannot be said. */
static int64_t crossing(int64_t good, int64_t bad, ek_w over, ek_w under) {
    ek_calc c = {EK_OK};
    ek_w part =
        ek_w_div(&c, ek_w_mul(&c, over, ek_w_sub(&c, ek_wi(bad), ek_wi(good))), ek_w_sub(&c, over, under));
    int64_t step;
    if (c.err != EK_OK || ek_wide_to_i64(part, &step) != EK_OK) return good + (bad - good) / 2;
    if (bad > good) return step < 1 ? good + 1 : step >= bad - good ? bad - 1 : good + step;
    return step > -1 ? good - 1 : step <= bad - good ? bad + 1 : good + step;
}

/* Collateral minus requirement is concave in the price (profit weighs at most what loss does), up to
 * rounding: once under the line it stays under. So when the far end is not under, nothing before it is. Else
 * the first price under lies between here and the first bad price of a doubling (halving) walk. There the
 * line is nearly straight: its crossing is found by false position, and an end that stayed twice counts half
 * (the Illinois rule), so that both ends close in; bisection ends what that does not. */
static ek_err walk(search *s, int up, int64_t *out) {
    enum { STRAIGHT = 24 };
    int64_t good = s->now_e6, bad;
    int64_t limit = !up ? 1 : good > INT64_MAX / 1000 ? INT64_MAX : good * 1000;
    int far, last = 0;
    ek_w over = s->now_over, under;
    *out = 0;
    if (good == limit) return EK_OK;
    ek_err err = over_at(s, limit, &under, &far);
    if (err != EK_OK || (!far && ek_w_sign(under) >= 0)) return err;
    for (;;) {
        if (good == limit) return EK_OK;
        if (up) bad = good > limit / 2 ? limit : good * 2;
        else bad = good / 2 > limit ? good / 2 : limit;
        ek_w there;
        err = over_at(s, bad, &there, &far);
        if (err != EK_OK || far) return err;
        if (ek_w_sign(there) < 0) {
            under = there;
            break;
        }
        good = bad;
        over = there;
    }
    for (int n = 0; up ? bad - good > 1 : good - bad > 1; n++) {
        int64_t at = n < STRAIGHT ? crossing(good, bad, over, under) : good + (bad - good) / 2;
        ek_w there;
        ek_calc c = {EK_OK};
        EK_ASSERT(up ? good < at && at < bad : good > at && at > bad && bad > 0);
        err = over_at(s, at, &there, &far);
        if (err != EK_OK) return err;
        if (far || ek_w_sign(there) < 0) {
            if (last < 0) over = ek_w_div(&c, over, ek_wi(2));
            bad = at;
            under = there;
            last = -1;
        } else {
            if (last > 0) under = ek_w_div(&c, under, ek_wi(2));
            good = at;
            over = there;
            last = 1;
        }
        if (far) n = STRAIGHT; /* nothing to draw a line through */
    }
    *out = bad;
    return EK_OK;
}

static ek_err begin_search(const ek_book *b, uint16_t perp_index, uint16_t spot_index, search *s,
                           ek_fault *fault) {
    const ek_perp_market *m = ek_book_perp(b, perp_index);
    const ek_oracle *o;
    if (m == NULL) return ek_fault_market(fault, EK_E_MISSING, 1, perp_index, NULL, "not in the book");
    ek_err err = ek_book_perp_oracle(b, perp_index, &o);
    if (err != EK_OK) return ek_fault_market(fault, err, 1, perp_index, m->name, "no usable oracle price");
    memset(s, 0, sizeof *s);
    s->q = (ek_margin_query){.book = b, .user = &b->user, .type = EK_MAINTENANCE, .strict = 0, .n_prices = 1};
    s->q.price_key[0] = m->oracle;
    s->now_e6 = o->price_e6;
    if (spot_index == 0xFFFF) return EK_OK;
    const ek_spot_market *spot = ek_book_spot(b, spot_index);
    if (spot == NULL) return ek_fault_market(fault, EK_E_MISSING, 0, spot_index, NULL, "not in the book");
    err = ek_book_spot_oracle(b, spot_index, &o);
    if (err != EK_OK) return ek_fault_market(fault, err, 0, spot_index, spot->name, "no usable oracle price");
    if (ek_key_equal(&spot->oracle, &m->oracle)) return EK_OK;
    s->q.n_prices = 2;
    s->q.price_key[1] = spot->oracle;
    s->spot_now_e6 = o->price_e6;
    return EK_OK;
}

ek_err ek_liquidation_price(const ek_book *b, uint16_t perp_index, uint16_t spot_index, ek_liq_price *out,
                            ek_fault *fault) {
    search s;
    memset(out, 0, sizeof *out);
    ek_err err = begin_search(b, perp_index, spot_index, &s, fault);
    if (err != EK_OK) return err;
    const ek_perp_position *p = ek_user_perp(&b->user, perp_index);
    ek_margin m;
    /* once with the fault's text; the walk needs no more of them */
    err = ek_margin_calc(b, EK_MAINTENANCE, 0, &m, fault);
    if (err != EK_OK) return err;
    ek_calc c = {EK_OK};
    s.now_over = ek_w_sub(&c, m.total_collateral_e6, m.requirement_e6);
    if (c.err != EK_OK) return ek_fault_say(fault, c.err, "margin is out of the range of 128 bits");
    if (ek_w_sign(s.now_over) < 0) {
        *out = (ek_liq_price){s.now_e6, s.now_e6, s.now_e6};
        return EK_OK;
    }
    err = walk(&s, 1, &out->up_e6);
    if (err == EK_OK) err = walk(&s, 0, &out->down_e6);
    if (err != EK_OK) return ek_fault_say(fault, err, "liquidation price cannot be found");
    int is_long = p != NULL && p->base_e9 > 0;
    out->price_e6 = is_long ? out->down_e6 : out->up_e6;
    if (out->price_e6 == 0) out->price_e6 = is_long ? out->up_e6 : out->down_e6;
    return EK_OK;
}
