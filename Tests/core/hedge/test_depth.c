/* What the vAMM fills within a price: a curve of 1,000 SOL against as much, at 150 $, that keeps no spread of
 * its own, so that each figure can be worked out beside its check. The program's own fills are in
 * Tests/conformance. */
#include "check.h"
#include "hedge/ek_depth.h"
#include "sol_book.h"

static ek_book b;
static ek_depth d;

static ek_u128 sum(uint64_t v) { return (ek_u128){.lo = v, .hi = 0}; }

static void begin(void) {
    sol_book(&b);
    b.have |= 1u << EK_ROLE_STATE;
    memset(&b.state, 0, sizeof b.state);
    b.state.slots_before_stale_for_amm = 10;
    b.state.slots_before_stale_for_margin = 120;
    b.state.confidence_max_e6 = 20000;
    b.state.too_volatile_ratio = 5;
    b.oracles[1].value.posted_slot = 1000; /* the clock's own slot */
    b.oracles[1].raw_len = 48;
    memset(b.oracles[1].raw, 0, sizeof b.oracles[1].raw);

    ek_perp_market *m = &b.perps[0];
    m->oracle_twap_e6 = m->oracle_twap_5min_e6 = 150 * USD;
    m->bid_twap_e6 = m->ask_twap_e6 = m->mark_twap_e6 = m->mark_twap_5min_e6 = 150 * USD;
    m->oracle_twap_ts = m->mark_twap_ts = b.clock.unix_timestamp;
    m->funding_period_s = 3600;
    ek_vamm *v = &m->vamm;
    v->sums[EK_VAMM_BASE] = v->sums[EK_VAMM_QUOTE] = v->sums[EK_VAMM_ROOT] = sum(1000 * (uint64_t)SOL);
    v->sums[EK_VAMM_TERMINAL_QUOTE] = sum(1000 * (uint64_t)SOL);
    v->sums[EK_VAMM_PEG] = sum(150 * USD);
    v->sums[EK_VAMM_REACH] = sum(1250000);
    v->sums[EK_VAMM_MIN_BASE] = sum(800 * (uint64_t)SOL);
    v->sums[EK_VAMM_MAX_BASE] = sum(1250 * (uint64_t)SOL);
    v->update_slot = 1000;
    v->set.fill_fraction = 100;
}

static ek_err ask(uint8_t direction, int64_t worst_e6, uint64_t want_e9) {
    return ek_depth_within(&b, 0, direction, worst_e6, want_e9, &d);
}

static void along_the_curve(void) {
    begin();
    /* half a SOL: 1000 * 1000 / 999.5 is 500.250126 more of quote reserve in 1e-3, at 150, and one unit up */
    CHECK_EQ(ask(EK_BUY, 151 * USD, SOL / 2), EK_OK);
    CHECK_EQ(d.fill_base_e9, SOL / 2);
    CHECK_EQ(d.quote_e6, 75037519);
    CHECK_EQ(d.price_e6, 150075038); /* against the buyer */
    CHECK_EQ(d.at_once, 1);
    /* sold, it fetches less than the middle, rounded down */
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2), EK_OK);
    CHECK_EQ(d.fill_base_e9, SOL / 2);
    CHECK_EQ(d.quote_e6, 74962518);
    CHECK_EQ(d.price_e6, 149925036);
    /* a size off the step is floored to it */
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2 + 9999999), EK_OK);
    CHECK_EQ(d.fill_base_e9, SOL / 2);
}

/* Nobody trades here, so an auction ends a five-hundredth past the average, 0.30 $, however far the order's
 * own price is; the fill ends a tick inside of it. */
static void within_the_bound(void) {
    begin();
    CHECK_EQ(ask(EK_BUY, 160 * USD, UINT64_MAX), EK_OK);
    CHECK_EQ(d.bound_e6, 150300000);
    CHECK_EQ(d.fill_base_e9, 990000000); /* 1000 - 1000 * sqrt(150 / 150.2999), on the step */
    CHECK_EQ(d.quote_e6, 148647161);
    CHECK(d.price_e6 <= d.bound_e6);
    CHECK_EQ(ask(EK_SELL, 140 * USD, UINT64_MAX), EK_OK);
    CHECK_EQ(d.bound_e6, 149700000);
    CHECK_EQ(d.fill_base_e9, 1000000000);
    CHECK(d.price_e6 >= d.bound_e6);
    /* nearer, it is the order's price; between two ticks the one that is better for the order */
    CHECK_EQ(ask(EK_BUY, 150100099, UINT64_MAX), EK_OK);
    CHECK_EQ(d.bound_e6, 150100000);
    CHECK_EQ(d.fill_base_e9, 330000000);
    CHECK_EQ(ask(EK_SELL, 149899901, UINT64_MAX), EK_OK);
    CHECK_EQ(d.bound_e6, 149900000);
    /* not through the quote: nothing, and that is known */
    CHECK_EQ(ask(EK_BUY, 150 * USD, UINT64_MAX), EK_OK);
    CHECK_EQ(d.fill_base_e9, 0);
    CHECK_EQ(d.quote_e6, 0);
    CHECK_EQ(d.price_e6, 0);
    /* one fill takes a part of the reserves at most */
    b.perps[0].vamm.set.fill_fraction = 10000;
    CHECK_EQ(ask(EK_BUY, 160 * USD, UINT64_MAX), EK_OK);
    CHECK_EQ(d.fill_base_e9, 100000000);
}

static void the_spread_of_a_fixed_curve(void) {
    begin();
    b.perps[0].vamm.set.base_spread_e6 = 1000; /* 5 bps to each side: 149.925 and 150.075 */
    CHECK_EQ(ask(EK_BUY, 150075100, UINT64_MAX), EK_OK);
    CHECK_EQ(d.fill_base_e9, 0);
    CHECK_EQ(ask(EK_BUY, 150300000, UINT64_MAX), EK_OK);
    /* the side's reserves are moved by half of the spread: 999.750062 base */
    CHECK_EQ(d.fill_base_e9, 740000000);
    CHECK(d.price_e6 > 150075000 && d.price_e6 <= 150300000);
}

/* The curve has not followed the price yet: the fill makes it do so. */
static void the_curve_follows(void) {
    begin();
    ek_perp_market *m = &b.perps[0];
    sol_book_price(&b, 151 * USD);
    b.oracles[1].value.posted_slot = 1000;
    m->vamm.set.intensity = 100;
    m->vamm.set.max_spread_e6 = 20000;
    m->vamm.equity_e6 = (ek_i128){.lo = 1000 * (uint64_t)USD, .hi = 0};
    CHECK_EQ(ask(EK_BUY, 151 * USD, UINT64_MAX), EK_OK);
    CHECK_EQ(d.fill_base_e9, 0); /* the curve still stands at 150, the quote retreats behind the price */
    CHECK_EQ(ask(EK_SELL, 150 * USD, SOL / 2), EK_OK);
    CHECK_EQ(d.fill_base_e9, 0); /* and who buys at 150 less the curve's own slope */
    m->vamm.update_slot = 999;
    CHECK_EQ(ask(EK_BUY, 151 * USD, UINT64_MAX), EK_OK);
    CHECK_EQ(d.fill_base_e9, 0); /* at 151 now */
    CHECK_EQ(ask(EK_SELL, 150 * USD, SOL / 2), EK_OK);
    CHECK(d.fill_base_e9 == SOL / 2 && d.price_e6 > 150 * USD);
}

static void an_older_price(void) {
    begin();
    ek_perp_market *m = &b.perps[0];
    b.oracles[1].value.posted_slot = 998;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2), EK_OK);
    CHECK_EQ(d.at_once, 0);
    CHECK_EQ(d.fill_base_e9, SOL / 2); /* what it would be */
    /* allowed for two slots, and the order shrinks what the vAMM stands against */
    m->oracle_delay_override = 2;
    m->vamm.set.jit_intensity = 100;
    m->base_with_amm_e9 = (ek_i128){.lo = SOL, .hi = 0};
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2), EK_OK);
    CHECK_EQ(d.at_once, 1);
    CHECK_EQ(ask(EK_BUY, 151 * USD, SOL / 2), EK_OK);
    CHECK_EQ(d.at_once, 0);
    b.state.exchange_status = EK_EXCHANGE_AMM_IMMEDIATE_PAUSED;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2), EK_OK);
    CHECK_EQ(d.at_once, 0);
    b.oracles[1].value.posted_slot = 989;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2), EK_E_UNSUPPORTED);
}

static void the_maker_s_price(void) {
    begin();
    ek_perp_market *m = &b.perps[0];
    m->mm_oracle_price_e6 = 152 * USD; /* more than 1 % off: nobody believes either */
    m->mm_oracle_slot = 1000;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2), EK_E_UNSUPPORTED);
    m->mm_oracle_slot = 990; /* an old one: the oracle's */
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2), EK_OK);
    b.oracles[1].value.posted_slot = 998;
    m->mm_oracle_price_e6 = 150 * USD;
    m->mm_oracle_slot = 1000; /* and the maker's is of this slot */
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 2), EK_OK);
    CHECK_EQ(d.at_once, 1);
}

static void not_known(void) {
    begin();
    CHECK_EQ(ek_depth_within(&b, 1, EK_SELL, USD, SOL, &d), EK_E_MISSING);
    CHECK_EQ(ask(2, 149 * USD, SOL), EK_E_RANGE);
    CHECK_EQ(ask(EK_SELL, 0, SOL), EK_E_RANGE);
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL / 100 - 1), EK_E_RANGE);
    b.perps[0].vamm.sums[EK_VAMM_PEG].hi = 1;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_OVERFLOW);
    begin();
    b.perps[0].oracle_twap_e6 = INT64_MIN;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_OVERFLOW);
    begin();
    b.perps[0].mark_std_e6 = UINT64_MAX;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_OVERFLOW);
    begin();
    b.perps[0].paused_operations = EK_PERP_AMM_FILL_PAUSED;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_UNSUPPORTED);
    begin();
    b.oracles[1].value.conf_e6 = 4 * USD; /* over 2 % */
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_UNSUPPORTED);
    begin();
    b.state.slot_duration_ms = 400;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_UNSUPPORTED);
    begin();
    memset(&b.perps[0].vamm, 0, sizeof b.perps[0].vamm); /* as Drift's table leaves it */
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_UNSUPPORTED);
    begin();
    b.have &= ~(1u << EK_ROLE_CLOCK);
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_MISSING);
    begin();
    b.oracles[1].raw_len = 0;
    CHECK_EQ(ask(EK_SELL, 149 * USD, SOL), EK_E_MISSING);
}

int main(void) {
    RUN(along_the_curve);
    RUN(within_the_bound);
    RUN(the_spread_of_a_fixed_curve);
    RUN(the_curve_follows);
    RUN(an_older_price);
    RUN(the_maker_s_price);
    RUN(not_known);
    return check_end();
}
