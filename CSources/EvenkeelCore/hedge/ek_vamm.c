/* How Velocity's vAMM follows the price, in the program's own order and with its rounding. Sources:
 * docs/venues.md. */
#include "ek_vamm.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "venue/ek_side.h"
#include "../base/ek_calc.h"

EK_SMALL_BEGIN

enum {
    FIVE_MINUTES_S = 300,
    RETREAT_E6 = 25 * EK_PPM, /* a loss since the last funding from which on the quotes retreat */
    SKEW = 10 * EK_PPM,       /* most that inventory widens its side by, where the ceiling is not further */
    FUNDING_FULL_E9 = EK_BASE_ONE / 3333,
    FIXED_CURVE = 1 /* config_flags: k is not lowered */
};
static const int64_t HELD = (int64_t)1 << 60;

/* ---- numbers */
int64_t ek_vamm_held(ek_err *err, ek_i128 v) {
    int64_t r = 0;
    if (ek_wide_to_i64(v, &r) != EK_OK || r > HELD || r < -HELD) {
        if (*err == EK_OK) *err = EK_E_OVERFLOW;
        return 0;
    }
    return *err == EK_OK ? r : 0;
}

int64_t ek_vamm_ratio(ek_err *err, int64_t a, int64_t b, int64_t c, int up) {
    ek_calc calc = {*err};
    ek_w r = ek_w_mul(&calc, ek_wi(a), ek_wi(b));
    if (up) r = ek_w_add(&calc, r, ek_wi(c - 1));
    r = ek_w_div(&calc, r, ek_wi(c));
    *err = calc.err;
    return ek_vamm_held(err, r);
}

/* Short names for what nearly every line does. */
static int64_t ratio(ek_vamm_state *v, int64_t a, int64_t b, int64_t c) {
    return ek_vamm_ratio(&v->err, a, b, c, 0);
}
static int64_t part(ek_vamm_state *v, int64_t a, int64_t ppm) { return ratio(v, a, ppm, EK_PPM); }
static int64_t ppm_of(ek_vamm_state *v, int64_t a, int64_t whole) { return ratio(v, a, EK_PPM, whole); }

/* Fields of 8 bytes that sums are made of as they stand: the unsigned ones first. */
#define AT(member) (uint16_t) offsetof(ek_perp_market, member)
static const uint16_t FIELDS[] = {
    AT(mark_twap_e6), AT(mark_twap_5min_e6), AT(bid_twap_e6), AT(ask_twap_e6), AT(mark_std_e6),
    AT(oracle_std_e6), AT(conf_ppm), AT(volume_24h_e6), AT(long_volume_e6), AT(short_volume_e6),
    AT(min_order_base_e9), AT(step_base_e9), AT(tick_price_e6), AT(mm_oracle_slot), AT(mm_oracle_sequence),
    AT(vamm.update_slot), AT(vamm.spread_slot),
    AT(vamm.revenue_e6), AT(oracle_twap_e6), AT(oracle_twap_5min_e6), AT(oracle_twap_ts), AT(mark_twap_ts),
    AT(funding_period_s), AT(last_24h_avg_funding_rate_e9), AT(last_funding_oracle_twap_e6),
    AT(mm_oracle_price_e6)};
#undef AT
enum { UNSIGNED_FIELDS = 17 };

static void hold_fields(ek_vamm_state *v) {
    const uint8_t *m = (const uint8_t *)v->m;
    for (uint32_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        uint64_t bits = ek_get_u64(m + FIELDS[i]);
        ek_vamm_held(&v->err, i < UNSIGNED_FIELDS ? ek_wu(bits) : ek_wi((int64_t)bits));
    }
}

void ek_vamm_load(ek_vamm_state *v, const ek_perp_market *m, const ek_clock *clock) {
    memset(v, 0, sizeof *v);
    v->m = m;
    for (int i = 0; i < EK_VAMM_SUMS; i++) {
        ek_u128 s = m->vamm.sums[i];
        v->sum[i] = ek_vamm_held(&v->err, (ek_i128){.lo = s.lo, .hi = s.hi != 0});
    }
    v->net_e9 = ek_vamm_held(&v->err, m->base_with_amm_e9);
    v->equity_e6 = ek_vamm_held(&v->err, m->vamm.equity_e6);
    hold_fields(v);
    ek_vamm_held(&v->err, ek_wu(clock->slot));
    ek_vamm_held(&v->err, ek_wi(clock->unix_timestamp));
    v->slot = (int64_t)clock->slot;
    v->now_s = clock->unix_timestamp;
    v->revenue_e6 = m->vamm.revenue_e6;
    v->twap_e6 = m->oracle_twap_e6;
    v->twap_5min_e6 = m->oracle_twap_5min_e6;
    v->oracle_std_e6 = (int64_t)m->oracle_std_e6;
    v->conf_ppm = (int64_t)m->conf_ppm;
    v->volume_e6 = (int64_t)m->volume_24h_e6;
    v->traded_e6[EK_BUY] = (int64_t)m->long_volume_e6;
    v->traded_e6[EK_SELL] = (int64_t)m->short_volume_e6;
    v->last_offset_e6 = m->quote_offset_e6;
    v->spread_slot = (int64_t)m->vamm.spread_slot;
}

/* ---- averages */
/* Of two prices by their weights; the program leans it by one toward the old price. */
static int64_t weighted(ek_vamm_state *v, int64_t fresh, int64_t old, int64_t w_fresh,
                        int64_t w_old) {
    if (w_fresh == 0) return old;
    if (w_old == 0) return fresh;
    ek_calc c = {v->err};
    ek_w a = ek_w_mul(&c, ek_wi(fresh), ek_wi(w_fresh)), b = ek_w_mul(&c, ek_wi(old), ek_wi(w_old));
    ek_w mean = ek_w_div(&c, ek_w_add(&c, a, b), ek_wi(w_fresh + w_old));
    v->err = c.err;
    int64_t r = ek_vamm_held(&v->err, mean);
    int lean = w_old > 1 ? ek_w_cmp(b, a) : 0;
    return r == 0 && lean < 0 ? r : r + lean;
}

static int64_t oracle_twap(ek_vamm_state *v, int64_t price, int64_t mark, int64_t twap,
                           int64_t period_s) {
    const ek_perp_market *m = v->m;
    int64_t since = ek_most(period_s == 0, v->now_s - m->oracle_twap_ts);
    /* a while without a valid oracle: the mark's average stands in for it */
    int64_t blind = m->mark_twap_ts - m->oracle_twap_ts;
    if (blind > 0) price = weighted(v, mark, price, blind, ek_most(1, period_s - blind));
    return weighted(v, price, twap, since, ek_most(0, period_s - since));
}

static void follow_averages(ek_vamm_state *v, const ek_vamm_price *price,
                            const ek_vamm_price *exchange) {
    static const uint8_t WIDTHS[] = {10, 5, 2}; /* by contract tier; 3 for the rest */
    const ek_perp_market *m = v->m;
    int64_t middle = ek_vamm_middle(v), p = exchange->price_e6, near = middle / 4000;
    p = middle > p ? ek_least(ek_most(middle - near, p), p + exchange->conf_e6)
                   : ek_most(ek_least(middle + near, p), p - exchange->conf_e6);
    int64_t capped = p;
    if (v->twap_e6 != 0) {
        int parts = m->contract_tier < sizeof WIDTHS ? WIDTHS[m->contract_tier] : 3;
        int64_t band = ek_size(v->twap_e6 / parts);
        capped = ek_within(p, v->twap_e6 - band, v->twap_e6 + band);
    }
    if (capped <= 0 || p <= 0) return;
    int64_t hour = oracle_twap(v, capped, (int64_t)m->mark_twap_e6, v->twap_e6, m->funding_period_s);
    int64_t five = oracle_twap(v, capped, (int64_t)m->mark_twap_5min_e6, v->twap_5min_e6, FIVE_MINUTES_S);
    int64_t since = v->now_s - m->oracle_twap_ts, low = v->conf_ppm;
    if (since > 0) low -= low / ek_most(21 - since, 5);
    v->conf_ppm = ek_most(ppm_of(v, price->conf_e6, middle), low);
    /* an hour decays it whole, and the program takes less than an hour for an hour */
    v->oracle_std_e6 = ek_most(ek_size(p - v->twap_e6), ek_size(p - v->twap_5min_e6));
    v->twap_e6 = hour;
    v->twap_5min_e6 = five;
}

/* ---- the curve */
int64_t ek_vamm_middle(ek_vamm_state *v) {
    return ratio(v, v->sum[EK_VAMM_QUOTE], v->sum[EK_VAMM_PEG], v->sum[EK_VAMM_BASE]);
}

int64_t ek_vamm_room(const ek_vamm_state *v, uint8_t direction) {
    return ek_most(0, direction == EK_BUY ? v->sum[EK_VAMM_BASE] - v->sum[EK_VAMM_MIN_BASE]
                                          : v->sum[EK_VAMM_MAX_BASE] - v->sum[EK_VAMM_BASE]);
}
int64_t ek_vamm_thin_side(const ek_vamm_state *v) {
    return ek_least(ek_vamm_room(v, EK_BUY), ek_vamm_room(v, EK_SELL));
}

/* The other reserve on the curve. */
static int64_t across(ek_vamm_state *v, int64_t reserve) {
    if (reserve <= 0 && v->err == EK_OK) v->err = EK_E_RANGE;
    return ratio(v, v->sum[EK_VAMM_ROOT], v->sum[EK_VAMM_ROOT], reserve);
}

/* Its square needs all 128 bits. */
int64_t ek_vamm_base_at(ek_vamm_state *v, int64_t price) {
    ek_calc c = {v->err};
    ek_w root = ek_wi(v->sum[EK_VAMM_ROOT]);
    ek_w square = ek_w_div(&c, ek_w_mul(&c, ek_w_mul(&c, root, root), ek_wi(EK_PPM)), ek_wi(price));
    square = ek_w_muldiv(&c, square, ek_wi(v->sum[EK_VAMM_PEG]), EK_PPM);
    ek_w base = ek_w_sqrt(&c, square);
    v->err = c.err;
    return ek_vamm_held(&v->err, base);
}

/* What follows from base, root and position. */
static void set_curve(ek_vamm_state *v) {
    int64_t empty = v->sum[EK_VAMM_BASE] + v->net_e9, reach = v->sum[EK_VAMM_REACH];
    if (reach <= EK_PPM && v->err == EK_OK) v->err = EK_E_RANGE;
    v->sum[EK_VAMM_TERMINAL_QUOTE] = across(v, empty);
    v->sum[EK_VAMM_MAX_BASE] = part(v, empty, reach);
    v->sum[EK_VAMM_MIN_BASE] = ratio(v, empty, EK_PPM, reach);
}

/* Quote for closing the position on the curve; what sells is one unit dearer in reserve and in quote. */
static int64_t closing_value(ek_vamm_state *v) {
    int64_t moved = v->sum[EK_VAMM_QUOTE] - across(v, v->sum[EK_VAMM_BASE] + v->net_e9);
    int buying = v->net_e9 < 0;
    return ratio(v, buying ? 1 - moved : moved, v->sum[EK_VAMM_PEG], EK_BASE_ONE) + buying;
}

static int64_t repeg_cost(ek_vamm_state *v, int64_t peg) {
    return ratio(v, v->sum[EK_VAMM_QUOTE] - v->sum[EK_VAMM_TERMINAL_QUOTE], peg - v->sum[EK_VAMM_PEG],
                 EK_BASE_ONE);
}
/* Of one unit of peg; upward division, and one more away from zero. */
static int64_t cost_of_one(const ek_vamm_state *v) {
    int64_t d = v->sum[EK_VAMM_QUOTE] - v->sum[EK_VAMM_TERMINAL_QUOTE];
    int64_t each = d / 1000 + (d > 0 && d % 1000 != 0);
    return each + ek_sign(each);
}
static int64_t peg_for(ek_vamm_state *v, int64_t price) {
    return ek_most(1, ratio(v, price, v->sum[EK_VAMM_BASE], v->sum[EK_VAMM_QUOTE]));
}

/* Lowers k by 0.1 %, down to what the position needs, where the sides leave room for it. Tells what it
 * gives. */
static int64_t lower_k(ek_vamm_state *v) {
    int64_t order = (int64_t)v->m->min_order_base_e9, net = ek_size(v->net_e9);
    int64_t least = ek_most(order, net), root = v->sum[EK_VAMM_ROOT];
    int64_t wide = ek_most(ek_vamm_room(v, EK_BUY), ek_vamm_room(v, EK_SELL));
    if (v->m->vamm.set.intensity < 100 || v->m->config_flags & FIXED_CURVE || net >= ek_vamm_thin_side(v)
        || least >= root || order >= wide)
        return 0;
    int64_t before = closing_value(v), lower = ek_most(root - root / 1000, least);
    int64_t share = ratio(v, lower, EK_BASE_ONE, root);
    v->sum[EK_VAMM_ROOT] = lower;
    v->sum[EK_VAMM_BASE] = ratio(v, v->sum[EK_VAMM_BASE], share + (share < EK_BASE_ONE), EK_BASE_ONE);
    v->sum[EK_VAMM_QUOTE] = across(v, v->sum[EK_VAMM_BASE]);
    set_curve(v);
    return v->net_e9 == 0 ? 0 : ek_size(closing_value(v) - before);
}

/* The peg that is aimed for, what may be spent on it, and whether the equity is the floor. */
typedef struct {
    int64_t peg, budget_e6;
    int floor;
} aim;

static aim take_aim(ek_vamm_state *v, int64_t price) {
    aim a = {peg_for(v, price), ek_most(0, v->equity_e6), 1};
    if (a.budget_e6 >= repeg_cost(v, a.peg)) return a;
    int64_t half = part(v, price, v->m->vamm.set.max_spread_e6 / 2), middle = ek_vamm_middle(v);
    int64_t gap = middle - price, beyond = ek_size(gap) - half;
    if (beyond > 0) { /* dear: only so far that the price stands at the edge of the widest spread */
        a.peg = peg_for(v, gap < 0 ? middle + beyond : middle - beyond);
        a.budget_e6 = repeg_cost(v, a.peg);
        if (a.budget_e6 < 0 && v->err == EK_OK) v->err = EK_E_RANGE;
    }
    a.floor = beyond <= 0 && a.budget_e6 != 0;
    return a;
}

/* The curve moves its peg to the price, or as far as it can pay for. */
static void follow_price(ek_vamm_state *v, int64_t price) {
    ek_vamm_state before = *v;
    aim a = take_aim(v, price);
    int64_t peg = v->sum[EK_VAMM_PEG], delta = a.peg - peg, cost = 0;
    if (delta != 0) {
        int64_t each = cost_of_one(v), way = a.peg;
        if (ek_sign(each) * ek_sign(delta) > 0 && ek_size(ppm_of(v, a.budget_e6, each)) <= ek_size(delta)) {
            int64_t given = lower_k(v);
            int64_t move = ppm_of(v, a.budget_e6 + given, cost_of_one(v));
            way = ek_most(1, peg + move);
        }
        cost = repeg_cost(v, way);
        v->sum[EK_VAMM_PEG] = way;
    }
    if (cost > 0 && a.floor && v->equity_e6 < cost) {
        before.err = v->err;
        *v = before;
        return;
    }
    set_curve(v);
    v->equity_e6 -= cost;
    v->revenue_e6 -= cost;
}

/* ---- the quotes */
/* How much of `liquidity` the position takes up, at most all. */
static int64_t taken_ppm(ek_vamm_state *v, int64_t liquidity) {
    int64_t net = ek_size(v->net_e9);
    return net < liquidity ? ppm_of(v, net, liquidity) : EK_PPM;
}

/* A share of a spread more or less, in per cent. */
static int64_t adjusted(ek_vamm_state *v, int64_t spread, int pct, int64_t floor) {
    if (pct == 0) return spread;
    int64_t change = ek_vamm_ratio(&v->err, spread, pct < 0 ? -pct : pct, 100, pct > 0);
    return ek_most(floor, ek_most(1, pct < 0 ? spread - change : spread + change));
}

/* Per side: what the price's uncertainty alone asks for, by the share of the day's volume. */
static int64_t uncertainty(ek_vamm_state *v, int64_t middle, int side) {
    int64_t std = ppm_of(v, v->oracle_std_e6 + (int64_t)v->m->mark_std_e6, middle) / 2;
    int64_t share = ek_within(ppm_of(v, v->traded_e6[side], ek_most(1, v->volume_e6)), EK_PPM / 100, EK_PPM);
    int64_t conf = v->conf_ppm > EK_PPM / 400 ? v->conf_ppm : v->conf_ppm / 20;
    return ek_most(conf, part(v, ek_most(v->conf_ppm, std / 4), share));
}

/* The side whose fills add to the position is widened with the position, with what it owes against the
 * equity, and while it pays funding. */
static void defend(ek_vamm_state *v, int64_t middle, int64_t ceiling, int loaded) {
    int64_t *s = v->spread_ppm;
    if (loaded >= 0) {
        int64_t most = ek_most(SKEW, ppm_of(v, ceiling, ek_most(1, s[loaded])));
        int64_t wider = part(v, most, taken_ppm(v, ek_vamm_thin_side(v)));
        s[loaded] = part(v, s[loaded], ek_least(most, EK_PPM + wider));
    }
    if (v->equity_e6 <= 0) {
        for (int i = 0; i < 2; i++) s[i] = ratio(v, s[i], 10, 1);
    } else if (loaded >= 0) {
        int64_t own = ratio(v, v->sum[EK_VAMM_QUOTE] - v->sum[EK_VAMM_TERMINAL_QUOTE], v->sum[EK_VAMM_PEG],
                            EK_BASE_ONE);
        int64_t owed = ek_most(0, ratio(v, v->net_e9, middle, EK_BASE_ONE) - own);
        s[loaded] = part(v, s[loaded], ek_least(SKEW, EK_PPM + ppm_of(v, owed, v->equity_e6 + 1) + 1));
    }
    if (v->revenue_e6 < -RETREAT_E6) {
        int64_t back = ceiling / 10;
        if (v->revenue_e6 >= -RETREAT_E6 * (int64_t)1000)
            back = ek_least(back, ratio(v, v->m->vamm.set.base_spread_e6, -v->revenue_e6, RETREAT_E6));
        for (int i = 0; i < 2; i++) s[i] += i == loaded ? back : back / 2;
    }
    int64_t bias = v->m->vamm.set.funding_bias_pct, twap = v->m->last_funding_oracle_twap_e6;
    if (loaded < 0 || bias == 0 || twap <= 0) return;
    int64_t daily_e9 = ratio(v, ppm_of(v, v->m->last_24h_avg_funding_rate_e9, twap), 24, 1);
    if (ek_sign(daily_e9) * ek_sign(v->net_e9) >= 0) return;
    int64_t ramp = ek_least(EK_PPM, ppm_of(v, ek_size(daily_e9), FUNDING_FULL_E9));
    s[loaded] = part(v, s[loaded], EK_PPM + ratio(v, bias, ramp, 100));
}

static void make_spreads(ek_vamm_state *v, int64_t price, int64_t middle) {
    const ek_vamm_settings *set = &v->m->vamm.set;
    int64_t *s = v->spread_ppm, floor[2], alone[2];
    s[0] = s[1] = set->base_spread_e6 / 2;
    if (set->intensity == 0) return;
    int64_t gap = ppm_of(v, middle - price, middle);
    int64_t std = ek_most((int64_t)v->m->mark_std_e6, v->oracle_std_e6);
    int64_t ceiling = ek_most(ek_most(set->max_spread_e6, ek_size(gap)),
                              ek_least(EK_PPM, ek_most(2 * v->conf_ppm, ppm_of(v, std, middle))));
    for (int i = 0; i < 2; i++) {
        alone[i] = uncertainty(v, middle, i);
        s[i] = floor[i] = ek_most(s[i], alone[i]);
    }
    /* a quote that would be through the price retreats behind it */
    int facing = gap < 0 ? EK_BUY : EK_SELL;
    if (gap != 0) s[facing] = ek_most(s[facing], ek_size(gap) + alone[facing]);
    int loaded = v->net_e9 > 0 ? EK_BUY : EK_SELL;
    defend(v, middle, ceiling, v->net_e9 == 0 ? -1 : loaded);
    for (int i = 0; i < 2; i++) s[i] = adjusted(v, s[i], set->inventory_adjustment_pct, floor[i]);
    int64_t total = s[0] + s[1];
    if (total > ceiling) {
        int large = s[0] > s[1] ? 0 : 1;
        s[large] = ek_vamm_ratio(&v->err, s[large], ceiling, total, 1);
        s[1 - large] = ceiling - s[large];
    }
}

/* How far the middle of the quotes is moved toward the premium that others pay, if the position agrees. */
static int64_t wanted_offset(ek_vamm_state *v, int64_t middle) {
    const ek_perp_market *m = v->m;
    const ek_vamm_settings *set = &m->vamm.set;
    if (set->intensity <= 100 || m->last_24h_avg_funding_rate_e9 == 0 || v->net_e9 == 0) return 0;
    int64_t half = set->max_spread_e6 / 2;
    int64_t most = ek_least(half, 100 * (set->intensity - 100));
    if (set->intensity >= 200) most = ek_most(half, 10000);
    int64_t share = taken_ppm(v, (ek_vamm_room(v, EK_BUY) + ek_vamm_room(v, EK_SELL)) / 2);
    share = ek_most(0, share - EK_PPM / 100 * set->deadband_pct);
    int64_t width = part(v, middle, most);
    int64_t minute = ek_within((int64_t)m->mark_twap_5min_e6 - v->twap_5min_e6, -width, width);
    int64_t hour = ek_within((int64_t)m->mark_twap_e6 - v->twap_e6, -width, width);
    int64_t day = ratio(v, m->last_24h_avg_funding_rate_e9 / 1000, 24, 1) - ek_size(v->twap_e6) / 3333;
    day = ek_within(day, -width, width);
    int64_t premium = ppm_of(v, (minute + hour + day) / 3, middle);
    if (ek_sign(premium) * ek_sign(v->net_e9) < 0) return 0;
    return ek_within(ratio(v, premium, share, 2), -most, most);
}

/* A change of its sign is spread over slots; meanwhile both sides are wider. */
static void smooth_offset(ek_vamm_state *v) {
    int64_t last = v->last_offset_e6, whole = v->offset_e6 - last;
    if (ek_sign(last) == ek_sign(v->offset_e6) || v->m->vamm.set.intensity <= 100) return;
    int64_t budget = ratio(v, ek_most(0, v->slot - v->spread_slot), 1000, 1);
    int64_t step = ek_most(10, ek_least(ek_size(whole), budget) / 10);
    step = ek_least(step, ek_size(last != 0 ? last : v->offset_e6));
    v->offset_e6 = whole < 0 ? last - step : last + step;
    v->spread_ppm[whole < 0 ? EK_BUY : EK_SELL] += step;
    v->spread_ppm[whole < 0 ? EK_SELL : EK_BUY] += ek_size(v->offset_e6);
}

/* The reserves that a side is priced on: the curve, moved by half of the side's spread. */
static void place_side(ek_vamm_state *v, int side) {
    int64_t quote = v->sum[EK_VAMM_QUOTE], base = v->sum[EK_VAMM_BASE];
    int64_t way = v->offset_e6 + (side == EK_BUY ? v->spread_ppm[side] : -v->spread_ppm[side]);
    int64_t moved = quote;
    if (way / 2 != 0) moved += ratio(v, quote, 1, EK_PPM / (way / 2));
    int64_t against = across(v, moved);
    int better = side == EK_BUY ? against > base || moved < quote : against < base || moved > quote;
    if (v->offset_e6 == 0) {
        against = side == EK_BUY ? ek_least(against, base) : ek_most(against, base);
        moved = side == EK_BUY ? ek_most(moved, quote) : ek_least(moved, quote);
    } else if (better && (side == EK_BUY) == (v->offset_e6 > 0) && v->err == EK_OK) {
        v->err = EK_E_RANGE; /* the program refuses to quote so */
    }
    v->base_e9[side] = against;
    v->quote_e9[side] = moved;
}

static void make_quotes(ek_vamm_state *v, int64_t price) {
    const ek_vamm_settings *set = &v->m->vamm.set;
    int64_t middle = ek_vamm_middle(v), *s = v->spread_ppm;
    v->offset_e6 = wanted_offset(v, middle);
    make_spreads(v, price, middle);
    for (int i = 0; i < 2; i++) s[i] = adjusted(v, s[i], set->spread_adjustment_pct, 0);
    smooth_offset(v);
    v->spread_slot = v->slot;
    int narrow = set->spread_adjustment_pct >= 0 && set->inventory_adjustment_pct >= 0
                 && s[0] + s[1] < (int64_t)set->base_spread_e6 - 2;
    if ((s[0] + s[1] > EK_PPM || narrow) && v->err == EK_OK) v->err = EK_E_RANGE;
    if (v->err != EK_OK) return; /* what follows divides by the spread */
    for (int i = 0; i < 2; i++) place_side(v, i);
}

void ek_vamm_refresh(ek_vamm_state *v, const ek_vamm_price *price, const ek_vamm_price *exchange) {
    EK_ASSERT(price->price_e6 > 0 && exchange->price_e6 > 0);
    follow_averages(v, price, exchange);
    make_quotes(v, price->price_e6);
    v->last_offset_e6 = v->offset_e6;
    if ((int64_t)v->m->vamm.update_slot < v->slot && v->m->vamm.set.intensity != 0)
        follow_price(v, price->price_e6);
    make_quotes(v, price->price_e6);
}

EK_SMALL_END
