/* Interest from the venue's index, worked out beside each check, and against the margin's own equity. */
#include "check.h"
#include "margin/ek_margin.h"
#include "sol_book.h"
#include "store/ek_interest.h"

static ek_book b;
static ek_vault v;

static int64_t take(int64_t at) {
    int64_t earned = ek_interest_take(&v, &b, at);
    v.unix_s = at; /* as ek_vault_take leaves it */
    return earned;
}
static void begin(void) {
    sol_book(&b);
    memset(&v, 0, sizeof v);
    CHECK_EQ(take(1000), 0); /* nothing was there before */
    CHECK_EQ(v.balances[0].amount, 1000 * (int64_t)USD);
    CHECK(v.balances[1].amount == 10 * (int64_t)SOL && v.balances[1].market_index == 1);
    CHECK_EQ(v.balances[2].scaled_balance_e9, 0);
}
static void rises(uint32_t market, uint64_t deposits_ppm, uint64_t borrows_ppm) {
    b.spots[market].cumulative_deposit_interest_e10.lo += 10000 * deposits_ppm;
    b.spots[market].cumulative_borrow_interest_e10.lo += 10000 * borrows_ppm;
}

static void deposits_earn(void) {
    begin();
    CHECK_EQ(take(1060), 0); /* the index stands still */
    rises(0, 500, 900);      /* 0.05 % of 1,000 USDT */
    CHECK_EQ(take(1120), 500000);
    rises(1, 100, 900); /* 0.01 % of 10 SOL, at the price now: 0.001 SOL */
    sol_book_price(&b, 160 * USD);
    CHECK_EQ(take(1180), 160000);
    CHECK_EQ(take(1240), 0); /* once */
    b.oracles[0].value.price_e6 = USD / 2;
    rises(0, 500, 900);
    CHECK_EQ(take(1300), 250000); /* the quote coin has a price, too */
}

static void borrows_cost(void) {
    begin();
    b.user.spots[0].balance_type = EK_BORROW;
    CHECK_EQ(take(1060), 0); /* was a deposit and is a loan now: no interest */
    rises(0, 500, 900);
    CHECK_EQ(take(1120), -900000);
}

static void the_balance_of_before_counts(void) {
    begin();
    rises(0, 500, 900);
    b.user.spots[0].scaled_balance_e9 *= 3; /* paid in meanwhile */
    CHECK_EQ(take(1060), 500000);
    rises(0, 500, 900);
    CHECK_EQ(take(1120), 1500000);
    rises(1, 100, 100);
    b.user.n_spots = 1; /* withdrawn: it had earned until then */
    CHECK_EQ(take(1180), 150000);
    rises(1, 100, 100);
    CHECK_EQ(take(1240), 0);
}

static void what_is_not_known_earns_nothing(void) {
    begin();
    rises(0, 500, 900);
    b.n_spots = 0; /* the market was not read */
    CHECK_EQ(take(1060), 0);
    CHECK_EQ(v.balances[0].scaled_balance_e9, 0);
    b.n_spots = 2;
    CHECK_EQ(take(1120), 0);
    rises(0, 500, 900);
    b.oracles[0].value.price_e6 = 0; /* no usable price */
    CHECK_EQ(take(1180), 0);
    b.oracles[0].value.price_e6 = USD;
    rises(0, 500, 900);
    v.unix_s = 5000; /* an older program took a book meanwhile: these balances are not its */
    CHECK_EQ(take(5060), 0);
    rises(0, 500, 900);
    CHECK_EQ(take(5120), 500000);
    b.user.spots[0].scaled_balance_e9 = UINT64_MAX; /* beyond 64 bits: left out */
    b.spots[0].cumulative_deposit_interest_e10.hi = 1 << 20;
    CHECK_EQ(take(5180), 0);
    CHECK_EQ(v.balances[0].scaled_balance_e9, 0);
}

static int64_t equity(void) {
    ek_margin m;
    ek_fault fault;
    int64_t assets = 0;
    CHECK_EQ(ek_margin_calc(&b, EK_MAINTENANCE, 0, &m, &fault), EK_OK);
    CHECK_EQ(ek_wide_to_i64(m.assets_e6, &assets), EK_OK);
    return assets;
}

/* Ten thousand small steps: nothing is lost to rounding, whatever a step comes to. */
static void it_adds_up_to_the_equity(void) {
    begin();
    int64_t before = equity(), sum = 0;
    for (int i = 1; i <= 10000; i++) {
        b.spots[0].cumulative_deposit_interest_e10.lo += (uint64_t)(i * 7919 % 2000);
        sum += take(1000 + i);
    }
    CHECK(sum > 0);
    CHECK_EQ(equity() - before, sum);
}

int main(void) {
    RUN(deposits_earn);
    RUN(borrows_cost);
    RUN(the_balance_of_before_counts);
    RUN(what_is_not_known_earns_nothing);
    RUN(it_adds_up_to_the_equity);
    return check_end();
}
