#define EK_CALC_SMALL
#include "hedge/ek_cost.h"

#include <string.h>

#include "base/ek_fixed.h"
#include "hedge/ek_taker_fee.h"
#include "../base/ek_calc.h"
#include "../venue/ek_venue_table.h"

/* Nobody has written the mark's average for so long that the program takes the oracle's in its place. */
static int mark_seeded_anew(const ek_venue *v, const ek_perp_market *m, int64_t chain_s) {
    int64_t period_s = m->funding_period_s > 0 && m->funding_period_s < 86400 ? m->funding_period_s : 3600;
    int64_t least_s = 3 * period_s > 3600 ? 3 * period_s : 3600, age_s;
    return v->has_funding_slope && m->mark_twap_ts > 0 && chain_s > 0
           && !__builtin_sub_overflow(chain_s, m->mark_twap_ts, &age_s) && age_s > least_s;
}

ek_err ek_funding_next(const ek_venue *v, const ek_perp_market *m, int64_t chain_s, int64_t *rate_e9) {
    int64_t oracle = m->oracle_twap_e6;
    if (m->mark_twap_e6 == 0 || m->mark_twap_e6 > INT64_MAX || oracle <= 0 || v->funding_offset == 0)
        return EK_E_RANGE;
    ek_calc c = {EK_OK};
    int64_t mark = mark_seeded_anew(v, m, chain_s) ? oracle : (int64_t)m->mark_twap_e6;
    ek_w spread = ek_w_sub(&c, ek_wi(mark), ek_wi(oracle));
    ek_w dead = v->has_funding_slope
                    ? ek_w_muldiv(&c, ek_wi(oracle), ek_wi((int64_t)m->funding_clamp_bps), 10000)
                    : ek_w0();
    ek_w magnitude = ek_w_abs(&c, spread);
    ek_w drawn = ek_wide_cmp(magnitude, dead) > 0 ? ek_w_sub(&c, magnitude, dead) : ek_wi(0);
    ek_w premium =
        v->has_funding_slope ? ek_w_muldiv(&c, drawn, ek_wi((int64_t)m->funding_slope_e6), 1000000) : drawn;
    if (ek_wide_cmp(spread, ek_wi(0)) < 0) premium = ek_w_sub(&c, ek_wi(0), premium);
    ek_w rate = ek_w_add(&c, premium, ek_wi(oracle / v->funding_offset));
    int64_t most = oracle / (m->contract_tier <= 1 ? 33 : m->contract_tier == 2 ? 20 : 10);
    if (ek_wide_cmp(rate, ek_wi(most)) > 0) rate = ek_wi(most);
    if (ek_wide_cmp(rate, ek_wi(-most)) < 0) rate = ek_wi(-most);
    rate = ek_w_div(&c, ek_w_mul(&c, rate, ek_wi(1000)), ek_wi(24));
    return c.err == EK_OK ? ek_wide_to_i64(rate, rate_e9) : c.err;
}

/* Half of what bid and ask averages lie apart, in parts per million of the bid; 0 when the market tells none.
 */
static ek_err half_spread(const ek_perp_market *m, uint64_t *ppm) {
    *ppm = 0;
    if (m->bid_twap_e6 == 0 || m->ask_twap_e6 <= m->bid_twap_e6) return EK_OK;
    ek_err err = ek_mul_div_ceil_u64(m->ask_twap_e6 - m->bid_twap_e6, 500000, m->bid_twap_e6, ppm);
    if (err == EK_E_OVERFLOW) *ppm = UINT64_MAX;
    return err == EK_E_OVERFLOW ? EK_OK : err;
}

ek_err ek_cost_ratio(uint64_t notional_e6, uint64_t lost_e6, uint64_t network_e6, int64_t funding_e6,
                     uint64_t *cost_ppm) {
    if (notional_e6 == 0 || notional_e6 > INT64_MAX || lost_e6 > INT64_MAX || network_e6 > INT64_MAX)
        return EK_E_RANGE;
    ek_calc c = {EK_OK};
    ek_w net =
        ek_w_sub(&c, ek_w_add(&c, ek_wi((int64_t)lost_e6), ek_wi((int64_t)network_e6)), ek_wi(funding_e6));
    if (c.err != EK_OK) return c.err;
    *cost_ppm = 0;
    if (ek_wide_cmp(net, ek_wi(0)) <= 0) return EK_OK;
    ek_w top = ek_w_add(&c, ek_w_mul(&c, net, ek_wi(1000000)), ek_wi((int64_t)notional_e6 - 1));
    ek_w ppm = ek_w_div(&c, top, ek_wi((int64_t)notional_e6));
    return c.err == EK_OK ? ek_wide_to_u64(ppm, cost_ppm) : c.err;
}

ek_err ek_cost_expected(const ek_book *b, const ek_cost_question *q, ek_cost *out) {
    memset(out, 0, sizeof *out);
    const ek_perp_market *m = ek_book_perp(b, q->perp_index);
    const ek_oracle *oracle;
    if (m == NULL) return EK_E_MISSING;
    ek_err err = ek_book_perp_oracle(b, q->perp_index, &oracle);
    if (err == EK_OK && (q->size_base_e9 == 0 || q->size_base_e9 > INT64_MAX)) err = EK_E_RANGE;
    if (err == EK_OK)
        err =
            ek_mul_div_floor_u64(q->size_base_e9, (uint64_t)oracle->price_e6, 1000000000, &out->notional_e6);
    if (err == EK_OK) err = ek_taker_fee(b, q->perp_index, out->notional_e6, &out->fee_e6);
    uint64_t ppm = 0;
    if (err == EK_OK) err = half_spread(m, &ppm);
    if (ppm > q->max_slippage_ppm) ppm = q->max_slippage_ppm;
    if (err == EK_OK) err = ek_mul_div_ceil_u64(out->notional_e6, ppm, 1000000, &out->slippage_e6);
    if (err == EK_OK && q->sol_price_e6 > 0)
        err =
            ek_mul_div_ceil_u64(q->network_lamports, (uint64_t)q->sol_price_e6, 1000000000, &out->network_e6);
    if (err != EK_OK) return err;

    ek_calc c = {EK_OK};
    int64_t period = m->funding_period_s > 0 ? m->funding_period_s : 3600;
    uint64_t horizon = q->horizon_s > INT32_MAX ? INT32_MAX : q->horizon_s;
    /* 1e-9 quote per base times 1e-9 base is 1e-18: over 1e12 it is 1e-6 */
    ek_w a_period = ek_w_muldiv(&c, ek_wi(q->rate_e9), ek_wi((int64_t)q->size_base_e9), 1000000000000);
    ek_w funding = ek_w_div(&c, ek_w_mul(&c, a_period, ek_wi((int64_t)horizon)), ek_wi(period));
    err = c.err == EK_OK ? ek_wide_to_i64(funding, &out->funding_e6) : c.err;
    if (err == EK_OK && q->direction == EK_BUY)
        out->funding_e6 = out->funding_e6 == INT64_MIN ? INT64_MAX : -out->funding_e6;
    if (err == EK_OK && __builtin_add_overflow(out->fee_e6, out->slippage_e6, &ppm)) err = EK_E_OVERFLOW;
    return err == EK_OK
               ? ek_cost_ratio(out->notional_e6, ppm, out->network_e6, out->funding_e6, &out->cost_ppm)
               : err;
}
