#define EK_CALC_SMALL
#include "margin/ek_stress.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_fixed.h"
#include "../snapshot/ek_fault_say.h"
#include "ek_price_search.h"

enum { WHOLE_BP = 10000,
       BASE_ONE = 1000000000 };

const ek_stress_level *ek_stress_level_at(const ek_stress *s, uint32_t i) {
    return i < EK_STRESS_LEVELS ? &s->levels[i] : NULL;
}
const ek_stress_gap *ek_stress_gap_at(const ek_stress *s, uint32_t i) {
    return i < EK_STRESS_GAPS ? &s->gaps[i] : NULL;
}

/* The account as it is: its margin, and what stands over the warning level. */
typedef struct {
    ek_price_search s;
    ek_margin m;
    ek_w over;
} stand;

static ek_err ended(ek_err err, ek_fault *fault) {
    return err == EK_OK ? err : ek_fault_say(fault, err, "stress is out of the range that can be counted");
}

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
        if (ek_w_sign(over) < 0) {
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
 * by as much, the rest adds to the collateral. */
static ek_err find_collateral(const stand *now, ek_user *u, ek_stress *out) {
    ek_margin m;
    only(u, ek_user_spot(now->s.q.user, 0), NULL);
    ek_margin_query q = {.book = now->s.q.book, .user = u, .type = EK_MAINTENANCE};
    ek_calc c = {ek_margin_run(&q, &m, NULL)};
    ek_w held = now->m.total_collateral_e6, required = now->m.requirement_e6, owed = m.liabilities_e6, need;
    int64_t part = (int64_t)WHOLE_BP - out->warning_bp;
    out->collateral_possible = 1;
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
    int64_t size = steps * r->step_e9; /* not more than the position */
    int64_t sold = r->held.base_e9 < 0 ? -size : size, got;
    r->p->base_e9 = r->held.base_e9 - sold;
    /* What is paid is rounded up, what is received down. */
    ek_calc c = {ek_mul_div_floor_i64(sold, r->price_e6, BASE_ONE, &got)};
    if (c.err == EK_OK) c.err = ek_add_i64(r->held.quote_e6, got, &r->p->quote_e6);
    if (c.err == EK_OK) c.err = ek_margin_run(&r->q, &m, NULL);
    *over = ek_over_level(&c, &m, r->level_bp);
    *far = 0;
    return c.err;
}

static ek_err settle(ek_perp_position *p, const ek_perp_market *m) {
    int64_t funding;
    ek_err err = ek_unsettled_funding(p, m, &funding);
    if (err == EK_OK) err = ek_add_i64(p->quote_e6, funding, &p->quote_e6);
    ek_i128 rate = p->base_e9 > 0 ? m->cumulative_funding_long_e9 : m->cumulative_funding_short_e9;
    return err == EK_OK ? ek_wide_to_i64(rate, &p->last_cumulative_funding_e9) : err;
}

/* With all of it closed the account is over the level, or this perp is no way back. The requirement is convex
 * in the size, so that the first size over the level lies before that one. */
static ek_err find_reduction(const stand *now, uint16_t perp_index, ek_user *u, ek_stress *out) {
    const ek_perp_market *m = ek_book_perp(now->s.q.book, perp_index);
    *u = *now->s.q.user;
    if (ek_user_perp(u, perp_index) == NULL) return EK_OK;
    closing r = {.p = ek_user_perp_or_new(u, perp_index),
                 .price_e6 = out->price_e6,
                 .step_e9 = (int64_t)m->step_base_e9,
                 .level_bp = out->warning_bp};
    r.q = (ek_margin_query){.book = now->s.q.book, .user = u, .type = EK_MAINTENANCE};
    int far;
    ek_err err = settle(r.p, m);
    r.held = *r.p;
    if (r.step_e9 <= 0 || r.held.base_e9 == INT64_MIN) return EK_E_RANGE;
    ek_bracket k = {.good = (int64_t)ek_abs_i64(r.held.base_e9) / r.step_e9, .bad = 0, .under = now->over};
    if (err == EK_OK) err = over_closed(&r, k.good, &k.over, &far);
    if (err != EK_OK || ek_w_sign(k.over) < 0 || k.good == 0) return err;
    err = ek_close_in(over_closed, &r, &k);
    out->reduction_possible = 1;
    out->reduction_base_e9 = k.good * r.step_e9;
    return err;
}

static ek_err begin(const ek_book *b, uint16_t perp_index, uint16_t spot_index, uint32_t warning_bp,
                    stand *now, ek_stress *out, ek_fault *fault) {
    EK_ASSERT(warning_bp <= WHOLE_BP);
    memset(out, 0, sizeof *out);
    ek_err err = ek_price_search_begin(b, perp_index, spot_index, &now->s, fault);
    /* once with the fault's text; the searches need no more of them */
    if (err == EK_OK) err = ek_margin_calc(b, EK_MAINTENANCE, 0, &now->m, fault);
    if (err != EK_OK) return err;
    ek_calc c = {EK_OK};
    now->over = ek_over_level(&c, &now->m, warning_bp);
    out->slot = b->slot;
    out->price_e6 = now->s.now_e6;
    out->warning_bp = warning_bp;
    out->health_bp = ek_health_bp(&b->user, &now->m);
    out->collateral_possible = out->reduction_possible = c.err == EK_OK && ek_w_sign(now->over) >= 0;
    return ended(c.err, fault);
}

ek_err ek_stress_reduction(const ek_book *b, uint16_t perp_index, uint16_t spot_index, uint32_t warning_bp,
                           ek_stress *out, ek_fault *fault) {
    stand now;
    ek_err err = begin(b, perp_index, spot_index, warning_bp, &now, out, fault);
    if (err != EK_OK || out->reduction_possible) return err;
    ek_user changed;
    return ended(find_reduction(&now, perp_index, &changed, out), fault);
}

ek_err ek_stress_calc(const ek_book *b, uint16_t perp_index, uint16_t spot_index, uint32_t warning_bp,
                      ek_stress *out, ek_fault *fault) {
    stand now;
    ek_err err = begin(b, perp_index, spot_index, warning_bp, &now, out, fault);
    if (err != EK_OK) return err;
    int enough = out->reduction_possible;
    ek_user changed = b->user;
    only(&changed, NULL, ek_user_perp(&b->user, perp_index));
    err = find_levels(&now.s, &now.m, out);
    if (err == EK_OK) err = find_gaps(&now.s, &changed, out);
    if (err == EK_OK && !enough) err = find_collateral(&now, &changed, out);
    if (err == EK_OK && !enough) err = find_reduction(&now, perp_index, &changed, out);
    return ended(err, fault);
}
