/* The numbers of a book, worked out beside each check: legs, position, funding, account. */
#include "check.h"
#include "hedge/ek_assess.h"
#include "sol_book.h"

static ek_book b;
static ek_assessment a;
static ek_fault fault;
static ek_hedge_legs legs;

static void begin(void) {
    sol_book(&b);
    b.authority_is_system = 1;
    b.authority_lamports = 3 * (uint64_t)SOL;
    legs = (ek_hedge_legs){.perp_index = 0, .spot_index = 1, .use_venue = 1};
}
/* What stands in the middle is a key. */
static void refused_of(ek_err code, const char *starts, const char *ends) {
    memset(&fault, 0, sizeof fault);
    CHECK_EQ(ek_assess(&b, &legs, &a, &fault), code);
    size_t n = strlen(fault.text), m = strlen(ends);
    CHECK(strncmp(fault.text, starts, strlen(starts)) == 0);
    CHECK(n >= m && strcmp(fault.text + n - m, ends) == 0);
    begin();
}
static void refused(ek_err code, const char *text) {
    refused_of(code, text, text);
    CHECK_TEXT(fault.text, text);
}

static void the_account(void) {
    begin();
    CHECK_EQ(ek_assess(&b, &legs, &a, &fault), EK_OK);
    CHECK_EQ(a.slot, 1000);
    CHECK_EQ(a.clock.unix_timestamp, 1700000000);
    CHECK_EQ(a.spot_base_e9, 10 * (int64_t)SOL);
    CHECK_EQ(a.perp_base_e9, -10 * (int64_t)SOL);
    CHECK_EQ(a.equity_e6, (int64_t)2500 * USD);
    CHECK_EQ(a.total_collateral_e6, (int64_t)2200 * USD);
    CHECK_EQ(a.initial_requirement_e6, 150 * USD);
    CHECK_EQ(a.free_collateral_e6, (int64_t)2050 * USD);
    CHECK_EQ(a.maintenance_collateral_e6, (int64_t)2350 * USD);
    CHECK_EQ(a.maintenance_requirement_e6, 75 * USD);
    CHECK_EQ(a.perp_notional_e6, 1500 * USD);
    CHECK_EQ(a.health_bp, 9680);
    CHECK_EQ(a.leverage_e4, 6000);
    CHECK(!a.leverage_infinite && !a.liquidatable);
    CHECK_EQ(a.liq_price_e6, 1666666668);
    legs.skip_liquidation = 1;
    CHECK_EQ(ek_assess(&b, &legs, &a, &fault), EK_OK);
    CHECK_EQ(a.liq_price_e6, 0);
}

static void the_market(void) {
    begin();
    sol_book_price(&b, 140 * USD);
    b.perps[0].last_fill_price_e6 = 141 * USD;
    b.perps[0].oracle_twap_5min_e6 = 139 * USD;
    b.perps[0].last_funding_rate_short_e9 = 15000000; /* 0.015 $ a SOL and hour */
    b.perps[0].last_funding_rate_long_e9 = 14000000;
    b.perps[0].last_funding_oracle_twap_e6 = 150 * USD;
    b.user.n_live_orders = 2;
    b.user.orders[3] = (ek_order){.status = EK_ORDER_OPEN, .market_type = EK_PERP, .order_id = 4};
    b.user.orders[4] = (ek_order){.status = EK_ORDER_OPEN, .market_type = EK_SPOT, .order_id = 5};
    CHECK_EQ(ek_assess(&b, &legs, &a, &fault), EK_OK);
    CHECK_EQ(a.entry_price_e6, 150 * USD);
    CHECK_EQ(a.oracle_price_e6, 140 * USD);
    CHECK_EQ(a.oracle_age_slots, 10);
    CHECK_EQ(a.oracle_conf_e6, 1000);
    CHECK_EQ(a.oracle_twap_5min_e6, 139 * USD);
    CHECK_EQ(a.spot_price_e6, 140 * USD);
    CHECK_EQ(a.mark_price_e6, 141 * USD);
    CHECK_EQ(a.unrealised_pnl_e6, 100 * USD);
    CHECK_EQ(a.equity_e6, (int64_t)2500 * USD);
    CHECK_EQ(a.funding_rate_e9, 15000000);       /* a short's */
    CHECK_EQ(a.funding_hourly_ppb, 100000);      /* 0.015 / 150 = 0.01 % */
    CHECK_EQ(a.funding_annual_ppm, 876000);      /* x 8760 = 87.6 % */
    CHECK_EQ(a.perp_live_orders, 1);
    CHECK_EQ(a.live_orders, 2);
    b.perps[0].last_fill_price_e6 = 0;
    b.perps[0].mark_twap_e6 = 142 * USD;
    b.perps[0].funding_period_s = 7200;
    b.user.perps[0].base_e9 = 10 * (int64_t)SOL;
    CHECK_EQ(ek_assess(&b, &legs, &a, &fault), EK_OK);
    CHECK_EQ(a.mark_price_e6, 142 * USD);
    CHECK_EQ(a.funding_rate_e9, 14000000);
    CHECK_EQ(a.funding_hourly_ppb, 46666);       /* 0.014 / 150 / 2, truncated */
}

static void every_leg(void) {
    begin();
    static const ek_key wsol = {{0x51}}, wallet = {{0x52}}, six = {{0x53}};
    b.n_tokens = 2;
    memset(b.tokens, 0, sizeof b.tokens);
    b.tokens[0] = (ek_book_token){.mint = wsol, .amount = 2 * (uint64_t)SOL, .decimals = 9};
    b.tokens[1] = (ek_book_token){.mint = six, .amount = 1500000, .decimals = 6};
    b.n_watches = 1;
    b.watches[0] = (ek_book_watch){.key = wallet, .lamports = 4 * (uint64_t)SOL, .is_system = 1};
    legs.use_wallet = 1;
    legs.extra_base_e9 = -SOL;
    *ek_legs_add(&legs) = (ek_leg){.kind = EK_LEG_TOKEN, .key = wsol};
    *ek_legs_add(&legs) = (ek_leg){.kind = EK_LEG_TOKEN, .key = six};
    *ek_legs_add(&legs) = (ek_leg){.kind = EK_LEG_WATCH, .key = wallet};
    *ek_legs_add(&legs) = (ek_leg){.kind = EK_LEG_FIXED, .amount_base_e9 = 5};
    CHECK_EQ(ek_assess(&b, &legs, &a, &fault), EK_OK);
    CHECK_EQ(a.venue_spot_base_e9, 10 * (int64_t)SOL);
    CHECK_EQ(a.wallet_base_e9, 3 * (int64_t)SOL);
    CHECK_EQ(ek_assessed_leg(&a, 0), 2 * (int64_t)SOL);
    CHECK_EQ(ek_assessed_leg(&a, 1), 1500000000);
    CHECK_EQ(ek_assessed_leg(&a, 2), 4 * (int64_t)SOL);
    CHECK_EQ(ek_assessed_leg(&a, 3), 5);
    CHECK_EQ(ek_assessed_leg(&a, EK_LEGS), 0);
    CHECK_EQ(a.spot_base_e9, 19500000005); /* 10 + 3 - 1 + 2 + 1.5 + 4 + 5e-9 */
    ek_hedge_legs all = legs;
    b.tokens[1].decimals = 12;
    CHECK_EQ(ek_assess(&b, &legs, &a, &fault), EK_OK);
    CHECK_EQ(ek_assessed_leg(&a, 1), 1500);
    b.tokens[1].err = EK_E_OWNER;
    refused_of(EK_E_OWNER, "token of mint 6azq", ": not the Token program's (Token-2022 is not read)");
    legs = all;
    b.n_tokens = 0;
    refused_of(EK_E_MISSING, "token of mint 6TC2", ": not in the book");
    legs = (ek_hedge_legs){.spot_index = 1, .use_wallet = 1};
    b.authority_is_system = 0;
    refused(EK_E_OWNER, "authority belongs to a program: its lamports are no wallet leg");
    legs.use_wallet = 1;
    b.authority_lamports = UINT64_MAX;
    refused(EK_E_OVERFLOW, "wallet balance out of range");
    legs.use_wallet = 1;
    legs.extra_base_e9 = INT64_MAX;
    refused(EK_E_OVERFLOW, "sum of the spot legs out of range");
    legs.n_legs = EK_LEGS + 1;
    refused(EK_E_RANGE, "more spot legs than there is room for");
    legs.perp_index = 7;
    refused(EK_E_MISSING, "perp market 7: not in the book");
    for (int i = 0; i < EK_LEGS; i++) CHECK(ek_legs_add(&legs) != NULL);
    CHECK(ek_legs_add(&legs) == NULL);
}

static void nothing_left(void) {
    begin();
    b.user.n_spots = 0; /* a short perp without anything beside it */
    legs.spot_index = 0xFFFF;
    sol_book_price(&b, 150 * USD);
    CHECK_EQ(ek_assess(&b, &legs, &a, &fault), EK_OK);
    CHECK_EQ(a.equity_e6, 0);
    CHECK(a.leverage_infinite && a.liquidatable && a.health_bp == 0);
    CHECK_EQ(a.spot_base_e9, 0);
    CHECK_EQ(a.spot_price_e6, 0);
    CHECK_EQ(a.liq_price_e6, 150 * USD);
}

int main(void) {
    RUN(the_account);
    RUN(the_market);
    RUN(every_leg);
    RUN(nothing_left);
    return check_end();
}
