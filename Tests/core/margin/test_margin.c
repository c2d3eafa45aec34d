/* Margin of a book whose figures are worked out beside each check; random books are
 * Tests/property/test_margin.py, the program's own totals Tests/conformance/test_margin_vectors.py. */
#include "check.h"
#include "margin/ek_margin.h"
#include "order/ek_order_margin.h"
#include "sol_book.h"

static ek_book b;
static ek_margin m;
static ek_fault fault;

static int64_t total(void) { return ek_clamp_i64(m.total_collateral_e6); }
static int64_t required(void) { return ek_clamp_i64(m.requirement_e6); }
static void calc(int type, int strict) { CHECK_EQ(ek_margin_calc(&b, type, strict, &m, &fault), EK_OK); }
static void is(int type, int strict, int64_t total_e6, int64_t required_e6) {
    calc(type, strict);
    CHECK_EQ(total(), total_e6);
    CHECK_EQ(required(), required_e6);
}
static void refused(ek_err code, const char *text) {
    memset(&fault, 0, sizeof fault);
    CHECK_EQ(ek_margin_calc(&b, EK_INITIAL, 1, &m, &fault), code);
    CHECK_EQ(fault.code, code);
    CHECK_TEXT(fault.text, text);
    sol_book(&b);
}

static void a_hedged_book(void) {
    sol_book(&b);
    is(EK_INITIAL, 0, (int64_t)2200 * USD, 150 * USD);         /* 1000 + 1500 x 0.8; 1500 x 0.1 */
    CHECK_EQ(ek_clamp_i64(m.assets_e6), (int64_t)2500 * USD);
    CHECK_EQ(ek_clamp_i64(m.liabilities_e6), 0);
    CHECK_EQ(ek_clamp_i64(m.perp_pnl_e6), 0);
    CHECK_EQ(ek_clamp_i64(m.perp_notional_e6), 1500 * USD);
    CHECK_EQ(ek_clamp_i64(m.worst_notional_e6), 1500 * USD);
    CHECK_EQ(ek_margin_free_e6(&m), (int64_t)2050 * USD);
    is(EK_MAINTENANCE, 0, (int64_t)2350 * USD, 75 * USD);      /* 1000 + 1500 x 0.9; 1500 x 0.05 */
    CHECK_EQ(ek_health_bp(&b.user, &m), 9680);                 /* 2275 / 2350 = 96.808 % */
}

static void strict_takes_the_worse_price(void) {
    sol_book(&b);
    b.spots[0].oracle_twap_5min_e6 = 990000;
    b.spots[1].oracle_twap_5min_e6 = 140 * USD;
    /* 990 + 1400 x 0.8; a quote of 1.00 for what is required */
    is(EK_INITIAL, 1, (int64_t)2110 * USD, 150 * USD);
    b.spots[0].oracle_twap_5min_e6 = 1020000;
    b.spots[1].oracle_twap_5min_e6 = 160 * USD;
    /* the oracle for what is owned, 1.02 for what is required */
    is(EK_INITIAL, 1, (int64_t)2200 * USD, 153 * USD);
    is(EK_INITIAL, 0, (int64_t)2200 * USD, 150 * USD);
}

static void profit_and_loss(void) {
    sol_book(&b);
    sol_book_price(&b, 140 * USD);
    is(EK_INITIAL, 0, (int64_t)2200 * USD, 140 * USD);         /* 1000 + 1400 x 0.8 + 100 x 0.8 */
    CHECK_EQ(ek_clamp_i64(m.perp_pnl_e6), 100 * USD);
    is(EK_MAINTENANCE, 0, (int64_t)2360 * USD, 70 * USD);      /* 1000 + 1400 x 0.9 + 100 */
    sol_book_price(&b, 130 * USD);
    /* 200 x 0.8 would be 160: no more than 100 counts */
    is(EK_INITIAL, 0, (int64_t)2140 * USD, 130 * USD);
    sol_book_price(&b, 160 * USD);
    /* a loss counts whole: 1000 + 1600 x 0.8 - 100 */
    is(EK_INITIAL, 0, (int64_t)2180 * USD, 160 * USD);
}

static void funding(void) {
    sol_book(&b);
    /* 2 $ a SOL, and rising: shorts receive */
    b.perps[0].cumulative_funding_short_e9 = ek_wide_i64(2 * (int64_t)SOL);
    calc(EK_INITIAL, 0);
    CHECK_EQ(ek_clamp_i64(m.unsettled_funding_e6), 20 * USD);
    CHECK_EQ(total(), (int64_t)2216 * USD);
    int64_t paid = 0;
    b.user.perps[0].base_e9 = 10 * (int64_t)SOL;
    b.perps[0].cumulative_funding_long_e9 = ek_wide_i64(2 * (int64_t)SOL + 1);
    CHECK_EQ(ek_unsettled_funding(&b.user.perps[0], &b.perps[0], &paid), EK_OK);
    CHECK_EQ(paid, -20 * USD); /* a long pays; what is left of a unit is not paid */
}

static void open_orders_count_at_their_worst(void) {
    sol_book(&b);
    b.user.perps[0].open_asks_e9 = -5 * (int64_t)SOL;
    b.user.perps[0].open_orders = 1;
    is(EK_INITIAL, 0, (int64_t)2200 * USD, 225 * USD + 10000); /* 15 SOL x 150 x 0.1, and a cent an order */
    CHECK_EQ(ek_clamp_i64(m.worst_notional_e6), (int64_t)2250 * USD);
    CHECK_EQ(ek_clamp_i64(m.perp_notional_e6), 1500 * USD);
    b.user.perps[0].open_asks_e9 = 0;
    b.user.perps[0].open_bids_e9 = 12 * (int64_t)SOL;
    /* +2 SOL would be less than the -10 that are there */
    is(EK_INITIAL, 0, (int64_t)2200 * USD, 150 * USD + 10000);
    b.user.perps[0].open_bids_e9 = 25 * (int64_t)SOL;
    is(EK_INITIAL, 0, (int64_t)2200 * USD, 225 * USD + 10000);
}

static void a_debt(void) {
    sol_book(&b);
    b.user.spots[1].balance_type = EK_BORROW;
    is(EK_INITIAL, 0, (int64_t)1000 * USD, (int64_t)1950 * USD);     /* 1500 x 1.2 + 150 */
    CHECK_EQ(ek_clamp_i64(m.liabilities_e6), 1500 * USD);
    CHECK_EQ(ek_margin_free_e6(&m), (int64_t)-950 * USD);
    is(EK_MAINTENANCE, 0, (int64_t)1000 * USD, (int64_t)1725 * USD); /* 1500 x 1.1 + 75 */
    CHECK_EQ(ek_health_bp(&b.user, &m), 0);
}

static void size_makes_it_dearer(void) {
    sol_book(&b);
    b.perps[0].imf_e6 = 4000;
    is(EK_INITIAL, 0, (int64_t)2200 * USD, 150 * USD);         /* 0.08 + 0.0126 is under 0.1 still */
    b.user.perps[0].base_e9 *= 10;
    b.user.perps[0].quote_e6 *= 10;
    calc(EK_INITIAL, 0);
    /* sqrt(1e12 + 1) x 0.004 / 1e3 = 0.04 and 0.08: 15,000 x 0.12 */
    CHECK_EQ(required(), (int64_t)1800 * USD);
    sol_book(&b);
    b.spots[1].imf_e6 = 50000;
    b.spots[1].maintenance_asset_weight_e4 = 9900;
    calc(EK_MAINTENANCE, 0);
    /* 1.1 / (1 + 0.158113) = 0.9498: 1000 + 1500 x 0.9498 */
    CHECK_EQ(total(), (int64_t)2424700000);
}

static void what_cannot_be_valued_is_refused(void) {
    sol_book(&b);
    b.have = 0;
    refused(EK_E_MISSING, "User not in the book");
    b.user.pool_id = 1;
    refused(EK_E_UNSUPPORTED, "account of a pool other than 0");
    b.user.margin_mode = 1;
    refused(EK_E_UNSUPPORTED, "account in high leverage mode");
    b.user.perps[0].flags = EK_POSITION_ISOLATED;
    refused(EK_E_UNSUPPORTED, "SOL-PERP: isolated position");
    b.perps[0].contract_type = 1;
    refused(EK_E_UNSUPPORTED, "SOL-PERP: not a perpetual contract");
    b.n_perps = 0;
    refused(EK_E_MISSING, "perp market 0: not in the book");
    b.n_spots = 1;
    refused(EK_E_MISSING, "spot market 1: not in the book");
    b.n_oracles = 1;
    refused(EK_E_MISSING, "spot market 1: oracle not in the book");
    sol_book_oracle(&b, 1, &SOL_ORACLE, 0);
    refused(EK_E_RANGE, "spot market 1: oracle price is not positive");
    b.spots[0].oracle_twap_5min_e6 = 0;
    refused(EK_E_RANGE, "spot market 0: stored 5-minute TWAP is not positive");
    b.spots[1].decimals = 20;
    refused(EK_E_RANGE, "spot market 1: balance out of range");
    b.user.spots[1].scaled_balance_e9 = UINT64_MAX;
    b.spots[1].cumulative_deposit_interest_e10.hi = INT64_MAX;
    refused(EK_E_OVERFLOW, "spot market 1: balance out of range");
}

static void health_after_an_order(void) {
    uint32_t bp = 7;
    sol_book(&b);
    CHECK_EQ(ek_health_after(&b, 0, 0, &bp, &fault), EK_OK);
    CHECK_EQ(bp, 9680);
    CHECK_EQ(ek_health_after(&b, 0, -10 * (int64_t)SOL, &bp, &fault), EK_OK);
    CHECK_EQ(bp, 9361); /* (2350 - 150) / 2350 */
    CHECK_EQ(ek_health_after(&b, 0, 10 * (int64_t)SOL, &bp, &fault), EK_OK);
    CHECK_EQ(bp, 10000); /* nothing is required any more */
    b.user.n_perps = 0;
    CHECK_EQ(ek_health_after(&b, 0, -10 * (int64_t)SOL, &bp, &fault), EK_OK);
    CHECK_EQ(bp, 9680); /* opened anew */
    CHECK_EQ(ek_health_after(&b, 3, SOL, &bp, &fault), EK_E_MISSING);
    sol_book(&b);
    for (uint16_t i = 0; i < EK_MAX_PERPS; i++) b.user.perps[i].market_index = (uint16_t)(i + 1);
    b.user.n_perps = EK_MAX_PERPS;
    CHECK_EQ(ek_health_after(&b, 0, SOL, &bp, &fault), EK_E_FULL);
}

static void health_and_leverage(void) {
    uint32_t e4 = 7;
    sol_book(&b);
    calc(EK_MAINTENANCE, 0);
    uint32_t healthy_bp = ek_health_bp(&b.user, &m);
    CHECK(healthy_bp > 0);
    b.user.status = EK_USER_BEING_LIQUIDATED; /* the flag outlives the liquidation: the numbers say it */
    CHECK_EQ(ek_health_bp(&b.user, &m), healthy_bp);
    b.user.status = EK_USER_BANKRUPT;
    CHECK_EQ(ek_health_bp(&b.user, &m), 0);
    b.user.status = 0;
    m.requirement_e6 = ek_wide_i64(0);
    CHECK_EQ(ek_health_bp(&b.user, &m), 10000);
    m.total_collateral_e6 = ek_wide_i64(-1);
    CHECK_EQ(ek_health_bp(&b.user, &m), 0);
    CHECK_EQ(ek_leverage_of(ek_wide_i64(1500), ek_wide_i64(2500), &e4), EK_OK);
    CHECK_EQ(e4, 6000);
    CHECK_EQ(ek_leverage_of(ek_wide_i64(1), ek_wide_i64(3), &e4), EK_OK);
    CHECK_EQ(e4, 3334); /* never rounded under a limit */
    CHECK_EQ(ek_leverage_of(ek_wide_i64(0), ek_wide_i64(-5), &e4), EK_OK);
    CHECK_EQ(e4, 0);
    CHECK_EQ(ek_leverage_of(ek_wide_i64(1), ek_wide_i64(0), &e4), EK_E_RANGE);
    CHECK_EQ(ek_leverage_of(ek_wide_i64(INT64_MAX), ek_wide_i64(1), &e4), EK_OK);
    CHECK_EQ(e4, UINT32_MAX);
    /* SOL bought, |perp| x 150 / 2500 */
    static const int64_t moves[][2] = {{0, 6000}, {-5, 9000}, {10, 0}, {25, 9000}};
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(ek_leverage_after(&b, 0, moves[i][0] * SOL, &e4, &fault), EK_OK);
        CHECK_EQ(e4, moves[i][1]);
    }
    CHECK_EQ(ek_leverage_after(&b, 1, 0, &e4, &fault), EK_E_MISSING);
}

/* 200 USDT and nothing else beside the perp: the line crosses where it can be solved for. */
static void liquidation(void) {
    ek_liq_price p;
    sol_book(&b);
    b.user.n_spots = 1;
    b.user.spots[0].scaled_balance_e9 = 200 * (uint64_t)SOL;
    CHECK_EQ(ek_liquidation_price(&b, 0, 0xFFFF, &p, &fault), EK_OK);
    CHECK_EQ(p.up_e6, 161904762); /* 200 + 1500 - 10 p < 0.5 p */
    CHECK_EQ(p.down_e6, 0);
    CHECK_EQ(p.price_e6, 161904762);
    b.user.perps[0].base_e9 = 10 * (int64_t)SOL;
    b.user.perps[0].quote_e6 = -1500 * (int64_t)USD;
    CHECK_EQ(ek_liquidation_price(&b, 0, 0xFFFF, &p, &fault), EK_OK);
    CHECK_EQ(p.down_e6, 136842105); /* 200 - 1500 + 10 p < 0.5 p */
    CHECK_EQ(p.price_e6, 136842105);
    CHECK_EQ(p.up_e6, 0);
    b.user.spots[0].scaled_balance_e9 = SOL;
    CHECK_EQ(ek_liquidation_price(&b, 0, 0xFFFF, &p, &fault), EK_OK);
    /* under the line already */
    CHECK(p.up_e6 == 150 * USD && p.down_e6 == 150 * USD && p.price_e6 == 150 * USD);
    sol_book(&b);
    CHECK_EQ(ek_liquidation_price(&b, 0, 1, &p, &fault), EK_OK);
    /* Hedged, the line is far off: 1000 + 9 p + 1500 - 10 p < 0.5 p, from 1666.666667 on in exact numbers;
     * the requirement is rounded down there (833.3333335), so it is one step later. */
    CHECK_EQ(p.up_e6, 1666666668);
    CHECK_EQ(ek_liquidation_price(&b, 3, 0xFFFF, &p, &fault), EK_E_MISSING);
    CHECK_TEXT(fault.text, "perp market 3: not in the book");
}

static void an_order_to_be_placed(void) {
    int type = -1;
    sol_book(&b);
    ek_order_params o = ek_order_perp(0, EK_ORDER_MARKET, EK_SELL, 5 * (uint64_t)SOL + 3);
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_OK);
    CHECK_EQ(type, EK_INITIAL);
    CHECK_EQ(required(), 225 * USD + 10000);                   /* 15 SOL: the 3e-9 are under the step */
    CHECK_EQ(b.user.perps[0].open_orders, 0);                  /* the book is as it was */
    o.direction = EK_BUY;
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_OK);
    CHECK_EQ(type, EK_MAINTENANCE);                            /* it closes */
    CHECK_EQ(required(), 75 * USD + 10000);
    o.base_e9 = 11 * (uint64_t)SOL;
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_OK);
    CHECK_EQ(type, EK_INITIAL);                                /* it would go through zero */
    o.reduce_only = 1;
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_OK);
    CHECK_EQ(type, EK_MAINTENANCE);
    /* One that ran out makes room; a trigger order never does. */
    b.user.orders[0] = (ek_order){.status = EK_ORDER_OPEN,
                                  .market_type = EK_PERP,
                                  .direction = EK_SELL,
                                  .base_e9 = 4 * (uint64_t)SOL,
                                  .max_ts = 1699999999};
    b.user.perps[0].open_asks_e9 = -4 * (int64_t)SOL;
    b.user.perps[0].open_orders = b.user.n_live_orders = 1;
    o = ek_order_perp(0, EK_ORDER_MARKET, EK_SELL, 5 * (uint64_t)SOL);
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_OK);
    CHECK_EQ(required(), 225 * USD + 10000);
    b.user.orders[0].order_type = EK_ORDER_TRIGGER_MARKET;
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_OK);
    CHECK_EQ(required(), 285 * USD + 20000);                   /* 19 SOL, two orders */
    o.base_e9 = SOL / 100 - 1;
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_E_RANGE);
    o.market_index = 1;
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_E_MISSING);
}

int main(void) {
    RUN(a_hedged_book);
    RUN(strict_takes_the_worse_price);
    RUN(profit_and_loss);
    RUN(funding);
    RUN(open_orders_count_at_their_worst);
    RUN(a_debt);
    RUN(size_makes_it_dearer);
    RUN(what_cannot_be_valued_is_refused);
    RUN(health_after_an_order);
    RUN(health_and_leverage);
    RUN(liquidation);
    RUN(an_order_to_be_placed);
    return check_end();
}
