#define EK_CALC_SMALL
#include "ek_price_search.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "../snapshot/ek_fault_say.h"

/* With nothing required health is whole, or 0 under water: the level plays no part. */
ek_w ek_over_level(ek_calc *c, const ek_margin *m, uint32_t level_bp) {
    enum { WHOLE_BP = 10000 };
    if (level_bp == 0 || ek_w_sign(m->requirement_e6) == 0)
        return ek_w_sub(c, m->total_collateral_e6, m->requirement_e6);
    ek_w held = ek_w_mul(c, m->total_collateral_e6, ek_wi((int64_t)WHOLE_BP - level_bp));
    return ek_w_sub(c, held, ek_w_mul(c, m->requirement_e6, ek_wi(WHOLE_BP)));
}

ek_w ek_price_over(ek_calc *c, const ek_price_search *s, const ek_margin *m) {
    ek_w over = ek_over_level(c, m, s->level_bp);
    int touches = s->level_bp != 0 && ek_w_sign(m->requirement_e6) != 0;
    return touches ? ek_w_sub(c, over, ek_wi(1)) : over;
}

ek_err ek_margin_at_price(ek_price_search *s, int64_t price_e6, ek_margin *m) {
    s->q.price_e6[0] = price_e6;
    if (s->spot_now_e6 != 0) {
        ek_calc c = {EK_OK};
        int64_t moved = ek_clamp_i64(ek_w_muldiv(&c, ek_wi(s->spot_now_e6), ek_wi(price_e6), s->now_e6));
        s->q.price_e6[1] = moved > 0 ? moved : 1;
    }
    return ek_margin_run(&s->q, m, NULL);
}

static ek_err over_at(void *what, int64_t price, ek_w *over, int *far) {
    ek_price_search *s = what;
    ek_margin m;
    ek_calc c = {ek_margin_at_price(s, price, &m)};
    *over = ek_price_over(&c, s, &m);
    *far = c.err == EK_E_OVERFLOW;
    return *far ? EK_OK : c.err;
}

/* Between a point over the line and one under it, where the straight line between them crosses; the middle
 * when that cannot be said. */
static int64_t crossing(const ek_bracket *b) {
    int64_t good = b->good, bad = b->bad;
    ek_calc c = {EK_OK};
    ek_w part = ek_w_div(&c, ek_w_mul(&c, b->over, ek_w_sub(&c, ek_wi(bad), ek_wi(good))),
                         ek_w_sub(&c, b->over, b->under));
    int64_t step;
    if (c.err != EK_OK || ek_wide_to_i64(part, &step) != EK_OK) return good + (bad - good) / 2;
    if (bad > good) return step < 1 ? good + 1 : step >= bad - good ? bad - 1
                                                                    : good + step;
    return step > -1 ? good - 1 : step <= bad - good ? bad + 1
                                                     : good + step;
}

/* The line is nearly straight: its crossing is found by false position, and an end that stayed twice counts
 * half (the Illinois rule), so that both ends close in; bisection ends what that does not. */
ek_err ek_close_in(ek_look look, void *what, ek_bracket *b) {
    enum { STRAIGHT = 24 };
    int far, last = 0, up = b->bad > b->good;
    for (int n = 0; up ? b->bad - b->good > 1 : b->good - b->bad > 1; n++) {
        int64_t at = n < STRAIGHT ? crossing(b) : b->good + (b->bad - b->good) / 2;
        ek_w there;
        ek_calc c = {EK_OK};
        EK_ASSERT(up ? b->good < at && at < b->bad : b->good > at && at > b->bad);
        ek_err err = look(what, at, &there, &far);
        if (err != EK_OK) return err;
        if (far || ek_w_sign(there) < 0) {
            if (last < 0) b->over = ek_w_div(&c, b->over, ek_wi(2));
            b->bad = at;
            b->under = there;
            last = -1;
        } else {
            if (last > 0) b->under = ek_w_div(&c, b->under, ek_wi(2));
            b->good = at;
            b->over = there;
            last = 1;
        }
        if (far) n = STRAIGHT; /* nothing to draw a line through */
    }
    return EK_OK;
}

/* The first bad price of a doubling (halving) walk from the good end; b->bad 0: none. */
static ek_err walk(ek_price_search *s, int up, ek_bracket *b) {
    int64_t limit = !up ? 1 : b->good > INT64_MAX / 1000 ? INT64_MAX
                                                         : b->good * 1000;
    int far;
    b->bad = 0;
    if (b->good == limit) return EK_OK;
    ek_err err = over_at(s, limit, &b->under, &far);
    if (err != EK_OK || (!far && ek_w_sign(b->under) >= 0)) return err;
    while (b->good != limit) {
        int64_t at = up ? (b->good > limit / 2 ? limit : b->good * 2)
                        : (b->good / 2 > limit ? b->good / 2 : limit);
        ek_w there;
        err = over_at(s, at, &there, &far);
        if (err != EK_OK || far) return err;
        if (ek_w_sign(there) < 0) {
            b->bad = at;
            b->under = there;
            return EK_OK;
        }
        b->good = at;
        b->over = there;
    }
    return EK_OK;
}

/* What stands over a line is concave in the price (profit weighs at most what loss does), up to rounding:
 * once under the line it stays under. So when the far end is not under, nothing before it is. Else the first
 * price under lies between here and a price that is known to be under, or the first bad one of a walk. */
ek_err ek_price_first(ek_price_search *s, int up, ek_w over, int64_t bound_e6, int64_t *out) {
    ek_bracket b = {.good = s->now_e6, .bad = bound_e6, .over = over};
    ek_err err = EK_OK;
    int far = 1;
    *out = 0;
    if (bound_e6 != 0) err = over_at(s, bound_e6, &b.under, &far);
    if (err == EK_OK && (far || ek_w_sign(b.under) >= 0)) err = walk(s, up, &b);
    if (err != EK_OK || b.bad == 0) return err;
    err = ek_close_in(over_at, s, &b);
    if (err == EK_OK) *out = b.bad;
    return err;
}

ek_err ek_price_search_begin(const ek_book *b, uint16_t perp_index, uint16_t spot_index, ek_price_search *s,
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
