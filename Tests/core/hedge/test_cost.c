/* What a correction is expected to cost, and the rate of the next funding, worked out beside each check. */
#include "check.h"
#include "hedge/ek_cost.h"
#include "hedge/ek_taker_fee.h"
#include "sol_book.h"

static ek_book b;

static void begin(void) {
    sol_book(&b);
    b.have |= 1u << EK_ROLE_STATE;
    memset(&b.state, 0, sizeof b.state);
    for (uint32_t i = 0; i < EK_FEE_TIERS; i++)
        b.state.perp_tiers[i] = (ek_fee_tier){.fee_num = 10 - i, .fee_den = 10000};
}

static void fee(uint64_t quote_e6, uint64_t want_e6) {
    uint64_t fee_e6 = 0;
    CHECK_EQ(ek_taker_fee(&b, 0, quote_e6, &fee_e6), EK_OK);
    CHECK_EQ(fee_e6, want_e6);
}

static void the_tier_and_the_market(void) {
    uint64_t fee_e6;
    begin();
    fee(1500 * (uint64_t)USD, 1500000);                       /* 0.1 % */
    fee(1, 1);                                                /* rounded up */
    b.have |= 1u << EK_ROLE_USER_STATS;
    b.stats.has_volume = 1;
    b.stats.maker_volume_30d_e6 = 1500000000000;
    b.stats.taker_volume_30d_e6 = 500000000000;               /* 2 million together: the second tier */
    fee(1500 * (uint64_t)USD, 1350000);
    b.stats.taker_volume_30d_e6 = UINT64_MAX;
    fee(1500 * (uint64_t)USD, 750000);                        /* the sixth, 0.05 % */
    b.perps[0].fee_adjustment_pct = -20;
    fee(1500 * (uint64_t)USD, 600000);
    b.perps[0].fee_adjustment_pct = 10;
    fee(1500 * (uint64_t)USD, 825000);
    CHECK_EQ(ek_taker_fee(&b, 1, 1, &fee_e6), EK_E_MISSING);
    b.have &= ~(1u << EK_ROLE_STATE);
    CHECK_EQ(ek_taker_fee(&b, 0, 1, &fee_e6), EK_E_MISSING);
    begin();
    b.state.perp_tiers[0].fee_den = 0;
    CHECK_EQ(ek_taker_fee(&b, 0, 1, &fee_e6), EK_E_RANGE);
}

/* Of the newer program: an add-on in tenths of a basis point, ten of them at most; a tier that nobody pays
 * more than; and, with 4 bps as the first tier, other volumes. */
static void the_addon_and_the_promotion(void) {
    begin();
    b.perps[0].taker_fee_addon_tenth_bps = 50;
    fee(1500 * (uint64_t)USD, 2250000);                       /* 0.1 % and 0.05 % */
    fee(1, 2);                                                /* each rounded up */
    b.perps[0].fee_adjustment_pct = -20;
    fee(1500 * (uint64_t)USD, 1800000);
    b.perps[0].fee_adjustment_pct = 0;
    b.perps[0].taker_fee_addon_tenth_bps = UINT16_MAX;
    fee(1500 * (uint64_t)USD, 3000000);
    b.perps[0].taker_fee_addon_tenth_bps = 0;
    b.state.promo_fee_tier = 2;
    fee(1500 * (uint64_t)USD, 1200000);
    b.state.promo_fee_tier = EK_FEE_TIERS;                    /* there is none such */
    fee(1500 * (uint64_t)USD, 1500000);
    b.have |= 1u << EK_ROLE_USER_STATS;
    b.stats.has_volume = 1;
    b.stats.taker_volume_30d_e6 = 4999999000000;
    b.state.promo_fee_tier = 0;
    fee(1500 * (uint64_t)USD, 1350000);
    b.state.perp_tiers[0] = (ek_fee_tier){.fee_num = 4, .fee_den = 10000};
    fee(1500 * (uint64_t)USD, 600000);
    b.stats.taker_volume_30d_e6 = 5000000000000;
    fee(1500 * (uint64_t)USD, 1350000);
}

static void a_correction(void) {
    begin();
    b.perps[0].bid_twap_e6 = 150 * USD;
    b.perps[0].ask_twap_e6 = 150300000;                       /* 0.2 % apart */
    ek_cost_question q = {.direction = EK_SELL,
                          .size_base_e9 = 2 * (uint64_t)SOL,
                          .max_slippage_ppm = 5000,
                          .network_lamports = 20000,
                          .sol_price_e6 = 150 * USD,
                          .rate_e9 = 15000000,
                          .horizon_s = 86400};
    ek_cost c;
    CHECK_EQ(ek_cost_expected(&b, &q, &c), EK_OK);
    CHECK_EQ(c.notional_e6, 300 * (uint64_t)USD);
    CHECK_EQ(c.fee_e6, 300000);
    CHECK_EQ(c.slippage_e6, 300000);                          /* half of 0.2 % */
    CHECK_EQ(c.network_e6, 3000);
    CHECK_EQ(c.funding_e6, 720000);                           /* 0.015 x 24 x 2 */
    CHECK_EQ(c.cost_ppm, 0);                                  /* funding pays for it */
    q.horizon_s = 3600;
    CHECK_EQ(ek_cost_expected(&b, &q, &c), EK_OK);
    CHECK_EQ(c.funding_e6, 30000);
    CHECK_EQ(c.cost_ppm, 1910);                               /* 573,000 of 300 million */
    q.direction = EK_BUY;
    CHECK_EQ(ek_cost_expected(&b, &q, &c), EK_OK);
    CHECK_EQ(c.funding_e6, -30000);
    CHECK_EQ(c.cost_ppm, 2110);
    q.max_slippage_ppm = 400;
    CHECK_EQ(ek_cost_expected(&b, &q, &c), EK_OK);
    CHECK_EQ(c.slippage_e6, 120000);                          /* never more than the order allows */
    q.size_base_e9 = 0;
    CHECK_EQ(ek_cost_expected(&b, &q, &c), EK_E_RANGE);
    q.perp_index = 4;
    CHECK_EQ(ek_cost_expected(&b, &q, &c), EK_E_MISSING);
    uint64_t ppm;
    CHECK_EQ(ek_cost_ratio(3, 1, 0, 0, &ppm), EK_OK);
    CHECK_EQ(ppm, 333334);                                    /* rounded up */
    CHECK_EQ(ek_cost_ratio(0, 1, 0, 0, &ppm), EK_E_RANGE);
}

static void the_next_rate(void) {
    int64_t rate = 0;
    begin();
    ek_perp_market *m = &b.perps[0];
    const ek_venue *velocity = ek_venue_at(0), *drift = ek_venue_at(1);
    m->oracle_twap_e6 = 150 * USD;
    m->mark_twap_e6 = 150300000;
    m->funding_clamp_bps = 5;                                 /* 0.075 $ of the 0.3 $ do not count */
    m->funding_slope_e6 = 500000;                             /* and half of the rest does */
    CHECK_EQ(ek_funding_next(velocity, m, 0, &rate), EK_OK);
    /* (112,500 + 150e6 / 3333 = 45,004) x 1000 / 24 */
    CHECK_EQ(rate, 6562666);
    m->mark_twap_e6 = 149700000;
    CHECK_EQ(ek_funding_next(velocity, m, 0, &rate), EK_OK);
    CHECK_EQ(rate, -2812333);                                 /* (-112,500 + 45,004) x 1000 / 24 */
    m->mark_twap_e6 = 149950000;
    CHECK_EQ(ek_funding_next(velocity, m, 0, &rate), EK_OK);
    CHECK_EQ(rate, 1875166);                                  /* inside the clamp: the fixed part alone */
    m->mark_twap_e6 = 150075000; /* the edge of the clamp, and one past it */
    CHECK_EQ(ek_funding_next(velocity, m, 0, &rate), EK_OK);
    CHECK_EQ(rate, 1875166);
    m->mark_twap_e6 = 150075002;
    CHECK_EQ(ek_funding_next(velocity, m, 0, &rate), EK_OK);
    CHECK_EQ(rate, 1875208);
    m->mark_twap_e6 = 149924999;
    CHECK_EQ(ek_funding_next(velocity, m, 0, &rate), EK_OK);
    CHECK_EQ(rate, 1875166);
    m->mark_twap_e6 = 149924998;
    CHECK_EQ(ek_funding_next(velocity, m, 0, &rate), EK_OK);
    CHECK_EQ(rate, 1875125);
    /* an average that nobody wrote for more than three periods stands for none */
    m->mark_twap_e6 = 151 * USD, m->mark_twap_ts = 1000000, m->funding_period_s = 3600;
    CHECK_EQ(ek_funding_next(velocity, m, 1000000 + 10800, &rate), EK_OK);
    CHECK(rate > 1875166);
    CHECK_EQ(ek_funding_next(velocity, m, 1000000 + 10801, &rate), EK_OK);
    CHECK_EQ(rate, 1875166);
    m->mark_twap_e6 = 300 * USD, m->mark_twap_ts = 0;
    m->contract_tier = 2;
    CHECK_EQ(ek_funding_next(velocity, m, 0, &rate), EK_OK);
    /* no more than a twentieth of the price a day */
    CHECK_EQ(rate, 312500000);
    m->mark_twap_e6 = 0;
    CHECK_EQ(ek_funding_next(drift, m, 0, &rate), EK_E_RANGE);
}

int main(void) {
    RUN(the_tier_and_the_market);
    RUN(the_addon_and_the_promotion);
    RUN(a_correction);
    RUN(the_next_rate);
    return check_end();
}
