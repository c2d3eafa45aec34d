#include "hedge/ek_assess.h"

#include <string.h>

#include "base/ek_assert.h"
#include "../base/ek_calc.h"
#include "../snapshot/ek_fault_say.h"

ek_leg *ek_legs_add(ek_hedge_legs *legs) {
    return legs->n_legs < EK_LEGS ? &legs->legs[legs->n_legs++] : NULL;
}
int64_t ek_assessed_leg(const ek_assessment *a, uint32_t i) { return i < EK_LEGS ? a->leg_base_e9[i] : 0; }

static ek_err leg_fault(ek_fault *fault, ek_err code, const char *what, const ek_key *key, const char *why) {
    ek_say s = ek_fault_begin(fault, code, 0xFFFF, 0, 0xFFFF);
    ek_say_text(&s, what);
    ek_say_key(&s, key);
    ek_say_text(&s, ": ");
    ek_say_text(&s, why);
    return code;
}

static ek_err token_base(const ek_book *b, const ek_key *mint, int64_t *out, ek_fault *fault) {
    const ek_book_token *t = ek_book_token_of(b, mint);
    if (t == NULL) return leg_fault(fault, EK_E_MISSING, "token of mint ", mint, "not in the book");
    switch (t->err) {
    case EK_OK: break;
    case EK_E_MISSING: return leg_fault(fault, t->err, "mint ", mint, "was not read or does not exist");
    case EK_E_OWNER:
        return leg_fault(fault, t->err, "token of mint ", mint,
                         "not the Token program's (Token-2022 is not read)");
    case EK_E_MISMATCH:
        return leg_fault(fault, t->err, "token account ", &t->key,
                         "of another mint or owner, or not initialised");
    default: return leg_fault(fault, t->err, "token account ", &t->key, "not a token account's length");
    }
    ek_calc c = {EK_OK};
    ek_w v = ek_wu(t->amount);
    for (int d = t->decimals; d < 9; d++) v = ek_w_mul(&c, v, ek_wi(10));
    for (int d = t->decimals; d > 9; d--) v = ek_w_div(&c, v, ek_wi(10));
    ek_err err = c.err == EK_OK ? ek_wide_to_i64(v, out) : c.err;
    return err == EK_OK ? err : leg_fault(fault, err, "token account ", &t->key, "balance out of range");
}

static ek_err leg_base(const ek_book *b, const ek_leg *leg, int64_t *out, ek_fault *fault) {
    if (leg->kind == EK_LEG_TOKEN) return token_base(b, &leg->key, out, fault);
    if (leg->kind == EK_LEG_WATCH) {
        const ek_book_watch *w = ek_book_watch_of(b, &leg->key);
        if (w == NULL) return leg_fault(fault, EK_E_MISSING, "watched wallet ", &leg->key, "not in the book");
        if (!w->is_system)
            return leg_fault(fault, EK_E_OWNER, "watched wallet ", &leg->key,
                             "belongs to a program: its lamports are no wallet's");
        if (w->lamports > INT64_MAX)
            return leg_fault(fault, EK_E_OVERFLOW, "watched wallet ", &leg->key, "balance out of range");
        *out = (int64_t)w->lamports;
        return EK_OK;
    }
    if (leg->kind != EK_LEG_FIXED) return ek_fault_say(fault, EK_E_RANGE, "a spot leg of an unknown kind");
    *out = leg->amount_base_e9;
    return EK_OK;
}

static ek_err assess_legs(const ek_book *b, const ek_hedge_legs *legs, ek_assessment *out, ek_fault *fault) {
    if (legs->use_venue && legs->spot_index != 0xFFFF) {
        const ek_spot_market *m = ek_book_spot(b, legs->spot_index);
        const ek_spot_position *s = ek_user_spot(&b->user, legs->spot_index);
        if (m == NULL)
            return ek_fault_market(fault, EK_E_MISSING, 0, legs->spot_index, NULL, "not in the book");
        ek_err err = s ? ek_spot_base_e9(s, m, &out->venue_spot_base_e9) : EK_OK;
        if (err != EK_OK)
            return ek_fault_market(fault, err, 0, legs->spot_index, m->name, "balance out of range");
    }
    if (legs->use_wallet) {
        if (!(b->have & 1u << EK_ROLE_AUTHORITY))
            return ek_fault_say(fault, EK_E_MISSING, "authority's wallet not in the book");
        if (!b->authority_is_system)
            return ek_fault_say(fault, EK_E_OWNER,
                                "authority belongs to a program: its lamports are no wallet leg");
        if (b->authority_lamports > INT64_MAX)
            return ek_fault_say(fault, EK_E_OVERFLOW, "wallet balance out of range");
        out->wallet_base_e9 = (int64_t)b->authority_lamports;
    }
    out->extra_base_e9 = legs->extra_base_e9;
    ek_calc c = {EK_OK};
    ek_w others = ek_w0();
    if (legs->n_legs > EK_LEGS)
        return ek_fault_say(fault, EK_E_RANGE, "more spot legs than there is room for");
    for (uint32_t i = 0; i < legs->n_legs; i++) {
        ek_err err = leg_base(b, &legs->legs[i], &out->leg_base_e9[i], fault);
        if (err != EK_OK) return err;
        others = ek_w_add(&c, others, ek_wi(out->leg_base_e9[i]));
    }
    ek_w sum = ek_w_add(&c, ek_wi(out->venue_spot_base_e9),
                        ek_w_add(&c, ek_wi(out->wallet_base_e9), ek_wi(out->extra_base_e9)));
    sum = ek_w_add(&c, sum, others);
    ek_err err = c.err == EK_OK ? ek_wide_to_i64(sum, &out->spot_base_e9) : c.err;
    return err == EK_OK ? err : ek_fault_say(fault, err, "sum of the spot legs out of range");
}

/* rate / price, times `scale`, for one hour's or one year's worth of funding periods; 0 when it cannot be
 * said. */
static int64_t rate_of(int64_t rate_e9, int64_t seconds, int64_t period_s, int64_t price_e6, int64_t scale) {
    ek_calc c = {EK_OK};
    ek_w top = ek_w_mul(&c, ek_w_mul(&c, ek_wi(rate_e9), ek_wi(seconds)), ek_wi(scale));
    ek_w v = ek_w_div(&c, top, ek_w_mul(&c, ek_wi(period_s), ek_wi(price_e6)));
    return c.err == EK_OK ? ek_clamp_i64(v) : 0;
}

static void assess_funding(const ek_perp_market *m, ek_assessment *out) {
    out->funding_rate_e9 =
        out->perp_base_e9 > 0 ? m->last_funding_rate_long_e9 : m->last_funding_rate_short_e9;
    int64_t price =
        m->last_funding_oracle_twap_e6 > 0 ? m->last_funding_oracle_twap_e6 : out->oracle_price_e6;
    int64_t period = m->funding_period_s > 0 ? m->funding_period_s : 3600;
    /* rate/1e9 over price/1e6 is rate * 1e-3 / price: in ppb times 1e6, in ppm times 1e3 */
    out->funding_hourly_ppb = rate_of(out->funding_rate_e9, 3600, period, price, 1000000);
    out->funding_annual_ppm = rate_of(out->funding_rate_e9, 365 * 86400, period, price, 1000);
}

static ek_err assess_position(const ek_perp_market *m, const ek_perp_position *p, ek_assessment *out) {
    out->perp_base_e9 = p->base_e9;
    out->perp_open_bids_e9 = p->open_bids_e9;
    out->perp_open_asks_e9 = p->open_asks_e9;
    ek_i128 pnl;
    ek_err err = ek_perp_pnl(p, m, out->oracle_price_e6, &pnl);
    if (err == EK_OK) err = ek_unsettled_funding(p, m, &out->unsettled_funding_e6);
    if (err != EK_OK) return err;
    out->unrealised_pnl_e6 = ek_clamp_i64(pnl);
    ek_calc c = {EK_OK};
    ek_w size = ek_w_abs(&c, ek_wi(p->base_e9));
    if (p->base_e9 != 0)
        out->entry_price_e6 = ek_clamp_i64(
            ek_w_div(&c, ek_w_mul(&c, ek_w_abs(&c, ek_wi(p->quote_entry_e6)), ek_wi(1000000000)), size));
    out->perp_notional_e6 = ek_clamp_i64(ek_w_muldiv(&c, size, ek_wi(out->oracle_price_e6), 1000000000));
    return c.err;
}

enum { AVERAGE_S = 300 };

/* A five-minute average that was last written at `ts_s`, as it stands now: the time since then counts with
 * the present price, which may pull it by a third at most. One older than its period is the price itself. */
static int64_t average_now(int64_t average_e6, int64_t ts_s, int64_t price_e6, const ek_clock *clock) {
    int64_t now_s = clock->unix_timestamp;
    if (average_e6 <= 0 || price_e6 <= 0 || ts_s <= 0 || now_s <= ts_s) return average_e6;
    if (average_e6 > INT64_MAX / (2 * AVERAGE_S) || price_e6 > INT64_MAX / (2 * AVERAGE_S)) return average_e6;
    int64_t since_s = now_s - ts_s > AVERAGE_S ? AVERAGE_S : now_s - ts_s;
    int64_t spread_e6 = average_e6 / 3;
    int64_t pull_e6 = price_e6;
    if (pull_e6 > average_e6 + spread_e6) pull_e6 = average_e6 + spread_e6;
    if (pull_e6 < average_e6 - spread_e6) pull_e6 = average_e6 - spread_e6;
    return (average_e6 * (AVERAGE_S - since_s) + pull_e6 * since_s) / AVERAGE_S;
}

static ek_err assess_market(const ek_book *b, const ek_hedge_legs *legs, ek_assessment *out,
                            ek_fault *fault) {
    const ek_perp_market *m = ek_book_perp(b, legs->perp_index);
    if (m == NULL) return ek_fault_market(fault, EK_E_MISSING, 1, legs->perp_index, NULL, "not in the book");
    const ek_perp_position *p = ek_user_perp(&b->user, legs->perp_index);
    if (p) out->perp_base_e9 = p->base_e9;
    out->live_orders = b->user.n_live_orders;
    out->perp_live_orders = ek_user_live_orders(&b->user, EK_PERP, legs->perp_index);
    const ek_oracle *o;
    ek_err err = ek_book_perp_oracle(b, legs->perp_index, &o);
    if (err != EK_OK)
        return ek_fault_market(fault, err, 1, legs->perp_index, m->name, "no usable oracle price");
    out->oracle_price_e6 = o->price_e6;
    out->oracle_conf_e6 = o->conf_e6;
    out->oracle_age_slots = ek_oracle_age_slots(b, o);
    out->oracle_twap_5min_e6 = average_now(m->oracle_twap_5min_e6, m->oracle_twap_ts, o->price_e6, &b->clock);
    uint64_t mark = m->last_fill_price_e6 ? m->last_fill_price_e6 : m->mark_twap_e6;
    out->mark_price_e6 = mark > INT64_MAX ? INT64_MAX : (int64_t)mark;
    assess_funding(m, out);
    err = p ? assess_position(m, p, out) : EK_OK;
    return err == EK_OK ? err
                        : ek_fault_market(fault, err, 1, legs->perp_index, m->name, "position out of range");
}

/* The age of the oldest oracle that the account's collateral is valued by. A market that is not in the book
 * is left to the margin, which refuses the account for it. */
static void assess_collateral_age(const ek_book *b, uint16_t perp_index, ek_assessment *out) {
    const ek_spot_position *p;
    const ek_perp_market *m = ek_book_perp(b, perp_index);
    const ek_oracle *o;
    if (m != NULL && ek_book_spot_oracle(b, m->quote_spot_index, &o) == EK_OK)
        out->collateral_age_slots = ek_oracle_age_slots(b, o);
    for (uint32_t i = 0; (p = ek_user_spot_at(&b->user, i)) != NULL; i++) {
        if (p->scaled_balance_e9 == 0 || ek_book_spot_oracle(b, p->market_index, &o) != EK_OK) continue;
        uint64_t age = ek_oracle_age_slots(b, o);
        if (age > out->collateral_age_slots) out->collateral_age_slots = age;
    }
}

static ek_err assess_spot_price(const ek_book *b, const ek_hedge_legs *legs, ek_assessment *out,
                                ek_fault *fault) {
    if (legs->spot_index == 0xFFFF) return EK_OK;
    const ek_spot_market *m = ek_book_spot(b, legs->spot_index);
    const ek_oracle *o;
    if (m == NULL) return ek_fault_market(fault, EK_E_MISSING, 0, legs->spot_index, NULL, "not in the book");
    ek_err err = ek_book_spot_oracle(b, legs->spot_index, &o);
    if (err != EK_OK)
        return ek_fault_market(fault, err, 0, legs->spot_index, m->name, "no usable oracle price");
    out->spot_price_e6 = o->price_e6;
    out->spot_conf_e6 = o->conf_e6;
    out->spot_age_slots = ek_oracle_age_slots(b, o);
    out->spot_twap_5min_e6 = average_now(m->oracle_twap_5min_e6, m->oracle_twap_ts, o->price_e6, &b->clock);
    return EK_OK;
}

static ek_err assess_account(const ek_book *b, const ek_hedge_legs *legs, ek_assessment *out,
                             ek_fault *fault) {
    ek_err err = ek_margin_calc(b, EK_INITIAL, 1, &out->initial, fault);
    if (err == EK_OK) err = ek_margin_calc(b, EK_MAINTENANCE, 0, &out->maintenance, fault);
    if (err != EK_OK) return err;
    const ek_margin *m = &out->maintenance;
    out->total_collateral_e6 = ek_clamp_i64(out->initial.total_collateral_e6);
    out->initial_requirement_e6 = ek_clamp_i64(out->initial.requirement_e6);
    out->maintenance_collateral_e6 = ek_clamp_i64(m->total_collateral_e6);
    out->maintenance_requirement_e6 = ek_clamp_i64(m->requirement_e6);
    out->free_collateral_e6 = ek_margin_free_e6(&out->initial);
    assess_collateral_age(b, legs->perp_index, out);
    out->health_bp = ek_health_bp(&b->user, m);
    EK_ASSERT(out->health_bp <= 10000);
    out->liquidatable = ek_wide_cmp(m->total_collateral_e6, m->requirement_e6) < 0;
    ek_calc c = {EK_OK};
    ek_w equity = ek_w_sub(&c, ek_w_add(&c, m->assets_e6, m->perp_pnl_e6), m->liabilities_e6);
    if (c.err != EK_OK) return ek_fault_say(fault, c.err, "equity out of range");
    out->equity_e6 = ek_clamp_i64(equity);
    err = ek_leverage_of(m->perp_notional_e6, equity, &out->leverage_e4);
    if (err == EK_E_RANGE) out->leverage_infinite = 1;
    else if (err != EK_OK) return ek_fault_say(fault, err, "leverage out of range");
    if (legs->skip_liquidation) return EK_OK;
    err = ek_liquidation_price(b, legs->perp_index, legs->spot_index, &out->liq, fault);
    out->liq_price_e6 = out->liq.price_e6;
    return err;
}

ek_err ek_assess(const ek_book *b, const ek_hedge_legs *legs, ek_assessment *out, ek_fault *fault) {
    memset(out, 0, sizeof *out);
    if (!(b->have & 1u << EK_ROLE_USER)) return ek_fault_say(fault, EK_E_MISSING, "User not in the book");
    out->slot = b->slot;
    out->clock = b->clock;
    ek_err err = assess_legs(b, legs, out, fault);
    if (err == EK_OK) err = assess_market(b, legs, out, fault);
    out->positions_known = err == EK_OK;
    if (err == EK_OK) err = assess_spot_price(b, legs, out, fault);
    return err == EK_OK ? assess_account(b, legs, out, fault) : err;
}
