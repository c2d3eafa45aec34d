#define EK_CALC_SMALL
#include "margin/ek_stress.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_fixed.h"
#include "../snapshot/ek_fault_say.h"
#include "ek_price_search.h"

enum { WHOLE_BP = 10000, BASE_ONE = 1000000000 };

const ek_stress_level *ek_stress_level_at(const ek_stress *s, uint32_t i) {
    return i < EK_STRESS_LEVELS ? &s->levels[i] : NULL;
}
const ek_stress_gap *ek_stress_gap_at(const ek_stress *s, uint32_t i) {
    return i < EK_STRESS_GAPS ? &s->gaps[i] : NULL;
}

static int bankrupt(const ek_user *u) { return (u->status & EK_USER_BANKRUPT) != 0; }

/* From the farthest level to the nearest: what is under a lower one is under a higher one, so that each found
 * price bounds the next search. */
static ek_err find_levels(ek_price_search *s, const ek_margin *now, ek_stress *out) {
    static const uint32_t level_bp[EK_STRESS_LEVELS] = {5000, 2000, 0};
    ek_stress_level bound = {0, 0};
    for (int k = EK_STRESS_LEVELS - 1; k >= 0; k--) {
        ek_stress_level *l = &out->levels[k];
        s->level_bp = level_bp[k];
        ek_calc c = {EK_OK};
        ek_w over = ek_price_over(&c, s, now);
        if (c.err != EK_OK) return c.err;
        if (ek_w_sign(over) < 0 || (s->level_bp != 0 && bankrupt(s->q.user))) {
            *l = (ek_stress_level){s->now_e6, s->now_e6};
            continue;
        }
        ek_err err = ek_price_first(s, 1, over, bound.up_e6, &l->up_e6);
        if (err == EK_OK) err = ek_price_first(s, 0, over, bound.down_e6, &l->down_e6);
        if (err != EK_OK) return err;
        bound = *l;
    }
    return EK_OK;
}

/* The user with nothing but these positions; NULL: without. */
static void only(ek_user *u, const ek_spot_position *s, const ek_perp_position *p) {
    u->n_spots = s != NULL;
    u->n_perps = p != NULL;
    if (s != NULL) u->spots[0] = *s;
    if (p != NULL) u->perps[0] = *p;
}

/* `alone`: the user with nothing but this perp. Margin is a sum over positions, so that what the perp takes
 * is what it would lack alone. */
static ek_err gap_at(ek_price_search *s, const ek_user *alone, uint8_t rise_pct, ek_stress_gap *g) {
    ek_margin m;
    ek_calc c = {EK_OK};
    g->rise_pct = rise_pct;
    ek_err err = ek_mul_div_floor_i64(s->now_e6, 100 + rise_pct, 100, &g->price_e6);
    if (err == EK_OK) err = ek_margin_at_price(s, g->price_e6, &m);
    if (err != EK_OK) return err;
    g->health_bp = ek_health_bp(s->q.user, &m);
    g->free_e6 = ek_margin_free_e6(&m);
    g->liquidated = g->free_e6 < 0;
    g->equity_e6 = ek_clamp_i64(ek_w_sub(&c, ek_w_add(&c, m.assets_e6, m.perp_pnl_e6), m.liabilities_e6));
    const ek_user *whole = s->q.user;
    s->q.user = alone;
    err = ek_margin_at_price(s, g->price_e6, &m);
    s->q.user = whole;
    g->perp_need_e6 = ek_clamp_i64(ek_w_sub(&c, m.requirement_e6, m.total_collateral_e6));
    return err == EK_OK ? c.err : err;
}

static ek_err find_gaps(ek_price_search *s, const ek_user *alone, ek_stress *out) {
    static const uint8_t rise_pct[EK_STRESS_GAPS] = {10, 20, 50};
    ek_err err = EK_OK;
    for (int k = 0; err == EK_OK && k < EK_STRESS_GAPS; k++)
        err = gap_at(s, alone, rise_pct[k], &out->gaps[k]);
    return err;
}

/* The quote asset counts without weights: what is owed of it is paid back first and lowers the requirement
 * by as much, the rest adds to the collateral. `owed_e6` not negative. */
static ek_err find_collateral(const ek_margin *now, ek_w owed, ek_stress *out) {
    ek_calc c = {EK_OK};
    ek_w held = now->total_collateral_e6, required = now->requirement_e6, need;
    int64_t part = (int64_t)WHOLE_BP - out->warning_bp;
    out->collateral_possible = 1;
    if (ek_w_sign(ek_over_level(&c, now, out->warning_bp)) >= 0) return c.err;
    need = ek_w_sub(&c, required, ek_w_floor(&c, ek_w_mul(&c, held, ek_wi(part)), ek_wi(WHOLE_BP)));
    if (ek_w_sign(held) < 0 || ek_w_cmp(need, owed) > 0) {
        ek_w left = ek_w_sub(&c, required, owed), whole = ek_w0();
        if (part > 0) whole = ek_w_ceil(&c, ek_w_mul(&c, left, ek_wi(WHOLE_BP)), ek_wi(part));
        else if (ek_w_sign(left) != 0) out->collateral_possible = 0;
        need = ek_w_add(&c, owed, ek_w_sub(&c, whole, held));
    }
    if (c.err != EK_OK || !out->collateral_possible) return c.err;
    return ek_wide_to_i64(need, &out->collateral_e6);
}

/* The account with a part of the perp closed. */
typedef struct {
    ek_margin_query q;
    ek_perp_position held; /* before, its funding settled */
    ek_perp_position *p;   /* the query's */
    int64_t price_e6, step_e9;
    uint32_t level_bp;
} closing;

static ek_err over_closed(void *what, int64_t steps, ek_w *over, int *far) {
    closing *r = what;
    ek_margin m;
    ek_calc c = {EK_OK};
    int64_t size = steps * r->step_e9; /* not more than the position */
    r->p->base_e9 = r->held.base_e9 < 0 ? r->held.base_e9 + size : r->held.base_e9 - size;
    /* What is paid is rounded up, what is received down. */
    ek_w got = ek_w_sub(&c, ek_wi(r->held.base_e9), ek_wi(r->p->base_e9));
    got = ek_w_floor(&c, ek_w_mul(&c, got, ek_wi(r->price_e6)), ek_wi(BASE_ONE));
    got = ek_w_add(&c, got, ek_wi(r->held.quote_e6));
    if (c.err == EK_OK) c.err = ek_wide_to_i64(got, &r->p->quote_e6);
    if (c.err == EK_OK) c.err = ek_margin_run(&r->q, &m, NULL);
    *over = ek_over_level(&c, &m, r->level_bp);
    *far = 0;
    return c.err;
}

static ek_err settled(const ek_perp_position *p, const ek_perp_market *m, ek_perp_position *out) {
    int64_t funding;
    *out = *p;
    ek_err err = ek_unsettled_funding(p, m, &funding);
    if (err == EK_OK) err = ek_add_i64(p->quote_e6, funding, &out->quote_e6);
    ek_i128 rate = p->base_e9 > 0 ? m->cumulative_funding_long_e9 : m->cumulative_funding_short_e9;
    return err == EK_OK ? ek_wide_to_i64(rate, &out->last_cumulative_funding_e9) : err;
}

/* How much closed asks for the least margin: all of the position, or with open orders up to where those on
 * both sides are worth the same, beyond which the closing side's weigh more with every step. */
static int64_t least_margin(const ek_perp_position *p) {
    ek_calc c = {EK_OK};
    ek_w size = ek_w_abs(&c, ek_wi(p->base_e9));
    ek_w half = ek_w_div(&c, ek_w_add(&c, ek_wi(p->open_bids_e9), ek_wi(p->open_asks_e9)), ek_wi(2));
    ek_w best = p->base_e9 < 0 ? ek_w_sub(&c, size, half) : ek_w_add(&c, size, half);
    return ek_clamp_i64(ek_w_max(ek_w0(), ek_w_min(best, size)));
}

static ek_err find_reduction(const ek_book *b, const ek_margin *now, const ek_perp_market *m,
                             const ek_perp_position *p, ek_user *u, ek_stress *out) {
    ek_calc c = {EK_OK};
    ek_bracket k = {.bad = 0, .under = ek_over_level(&c, now, out->warning_bp)};
    out->reduction_possible = c.err == EK_OK && ek_w_sign(k.under) >= 0;
    if (c.err != EK_OK || out->reduction_possible || p == NULL || m->step_base_e9 > INT64_MAX) return c.err;
    closing r = {.q = {.book = b, .user = u, .type = EK_MAINTENANCE}, .price_e6 = out->price_e6,
                 .step_e9 = (int64_t)m->step_base_e9, .level_bp = out->warning_bp};
    *u = b->user;
    for (uint32_t i = 0; i < u->n_perps; i++)
        if (u->perps[i].market_index == p->market_index) r.p = &u->perps[i];
    EK_ASSERT(r.p != NULL);
    if (r.step_e9 == 0 || p->base_e9 == INT64_MIN) return EK_E_RANGE;
    c.err = settled(p, m, &r.held);
    if (c.err != EK_OK) return c.err;
    *r.p = r.held;
    int far;
    int64_t most = (int64_t)ek_abs_i64(p->base_e9) / r.step_e9;
    k.good = least_margin(p) / r.step_e9;
    ek_err err = over_closed(&r, k.good, &k.over, &far);
    if (err == EK_OK && k.good < most) {
        ek_w next;
        err = over_closed(&r, k.good + 1, &next, &far);
        if (err == EK_OK && ek_w_cmp(next, k.over) > 0) {
            k.good++;
            k.over = next;
        }
    }
    if (err != EK_OK || ek_w_sign(k.over) < 0 || k.good == 0) return err;
    err = ek_close_in(over_closed, &r, &k);
    out->reduction_possible = 1;
    out->reduction_base_e9 = k.good * r.step_e9;
    return err;
}

/* The account apart from its price: what is owed of the quote asset, and the two ways back. */
static ek_err find_ways_back(const ek_book *b, uint16_t perp_index, const ek_margin *now, ek_user *u,
                             ek_stress *out) {
    const ek_spot_position *quote = NULL;
    for (uint32_t i = 0; i < b->user.n_spots; i++)
        if (b->user.spots[i].market_index == 0) quote = &b->user.spots[i];
    only(u, quote, NULL);
    ek_margin m;
    ek_margin_query q = {.book = b, .user = u, .type = EK_MAINTENANCE};
    ek_err err = ek_margin_run(&q, &m, NULL);
    if (err == EK_OK) err = find_collateral(now, m.liabilities_e6, out);
    if (err != EK_OK) return err;
    return find_reduction(b, now, ek_book_perp(b, perp_index), ek_user_perp(&b->user, perp_index), u, out);
}

ek_err ek_stress_calc(const ek_book *b, uint16_t perp_index, uint16_t spot_index, uint32_t warning_bp,
                      ek_stress *out, ek_fault *fault) {
    ek_price_search s;
    ek_margin now;
    EK_ASSERT(warning_bp <= WHOLE_BP);
    memset(out, 0, sizeof *out);
    ek_err err = ek_price_search_begin(b, perp_index, spot_index, &s, fault);
    /* once with the fault's text; the searches need no more of them */
    if (err == EK_OK) err = ek_margin_calc(b, EK_MAINTENANCE, 0, &now, fault);
    if (err != EK_OK) return err;
    out->slot = b->slot;
    out->price_e6 = s.now_e6;
    out->warning_bp = warning_bp;
    out->health_bp = ek_health_bp(&b->user, &now);
    ek_user changed = b->user;
    only(&changed, NULL, ek_user_perp(&b->user, perp_index));
    err = find_levels(&s, &now, out);
    if (err == EK_OK) err = find_gaps(&s, &changed, out);
    if (err == EK_OK && (!bankrupt(&b->user) || warning_bp == 0))
        err = find_ways_back(b, perp_index, &now, &changed, out);
    return err == EK_OK ? err : ek_fault_say(fault, err, "stress is out of the range that can be counted");
}
