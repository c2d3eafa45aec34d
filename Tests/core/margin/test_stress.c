/* Stress of a book whose figures are worked out beside each check; random books and the program's own totals
 * are Tests/property/test_stress.py and Tests/conformance/test_margin_vectors.py. */
#include "check.h"
#include "margin/ek_stress.h"
#include "sol_book.h"

enum { NONE = 0xFFFF };

static ek_book b;
static ek_stress s;
static ek_fault fault;

/* The reduction alone is that of the whole. */
static void stress(uint32_t warning_bp) {
    ek_stress less;
    CHECK_EQ(ek_stress_calc(&b, 0, 1, warning_bp, &s, &fault), EK_OK);
    CHECK_EQ(ek_stress_reduction(&b, 0, 1, warning_bp, &less, &fault), EK_OK);
    CHECK_EQ(less.reduction_possible, s.reduction_possible);
    CHECK_EQ(less.reduction_base_e9, s.reduction_base_e9);
}
static void reaches(int level, int64_t up_e6, int64_t down_e6) {
    CHECK_EQ(s.levels[level].up_e6, up_e6);
    CHECK_EQ(s.levels[level].down_e6, down_e6);
}
/* 500 USDT, no SOL, short 10 at 150: collateral 500 + 10 x (150 - p), requirement 0.5 p. */
static void bare_short(void) {
    sol_book(&b);
    b.user.n_spots = 1;
    b.user.spots[0].scaled_balance_e9 = 500 * (uint64_t)SOL;
}

static void a_short_without_spot(void) {
    bare_short();
    stress(5000);
    CHECK_EQ(s.slot, 1000);
    CHECK_EQ(s.price_e6, 150 * USD);
    CHECK_EQ(s.health_bp, 8500); /* (500 - 75) / 500 */
    /* 0.5 p = half of (2000 - 10 p) at 2000 / 11; 0.5 p = 0.8 x that at 1600 / 8.5; the line at 2000 / 10.5;
     * the first step past each. */
    reaches(EK_STRESS_HEALTH50, 181818182, 0);
    reaches(EK_STRESS_HEALTH20, 188235295, 0);
    reaches(EK_STRESS_LIQUIDATION, 190476191, 0);
    CHECK(s.collateral_possible && s.reduction_possible);
    CHECK_EQ(s.collateral_e6, 0);
    CHECK_EQ(s.reduction_base_e9, 0);
}

static void gaps(void) {
    bare_short();
    stress(5000);
    const ek_stress_gap *g = ek_stress_gap_at(&s, 0);
    CHECK_EQ(g->rise_pct, 10);
    CHECK_EQ(g->price_e6, 165 * USD);
    CHECK_EQ(g->equity_e6, 350 * USD);    /* 500 - 10 x 15 */
    CHECK_EQ(g->free_e6, 267500000);      /* less 82.5 */
    CHECK_EQ(g->perp_need_e6, 232500000); /* 150 lost, 82.5 required */
    CHECK_EQ(g->health_bp, 7642);         /* 267.5 / 350 */
    g = ek_stress_gap_at(&s, 2);
    CHECK_EQ(g->price_e6, 225 * USD);
    CHECK_EQ(g->equity_e6, -250 * USD);
    CHECK_EQ(g->free_e6, -362500000);
    CHECK_EQ(g->perp_need_e6, 862500000);
    CHECK_EQ(g->health_bp, 0);
    CHECK(ek_stress_gap_at(&s, EK_STRESS_GAPS) == NULL && ek_stress_level_at(&s, EK_STRESS_LEVELS) == NULL);
    CHECK(ek_stress_level_at(&s, 1) == &s.levels[1]);
}

static void a_hedged_book_bends_less(void) {
    sol_book(&b);
    stress(5000);
    /* Above 150: 1000 + 9 p - 10 (p - 150) = 2500 - p; 0.5 p = half of it at 1250; 0.8 of it at 2000 / 1.3;
     * all of it at 2500 / 1.5, where the requirement is rounded down once more. Below, the profit of the
     * short counts in full: none. */
    reaches(EK_STRESS_HEALTH50, (int64_t)1250 * USD, 0);
    reaches(EK_STRESS_HEALTH20, 1538461539, 0);
    reaches(EK_STRESS_LIQUIDATION, 1666666668, 0);
}

static void a_long_is_hurt_below(void) {
    bare_short();
    b.user.perps[0].base_e9 = 10 * (int64_t)SOL;
    b.user.perps[0].quote_e6 = -1500 * (int64_t)USD;
    stress(5000);
    /* 500 + 10 (p - 150) = 10 p - 1000, requirement 0.5 p: 1000 / 9 for half, 800 / 7.5, 1000 / 9.5 */
    reaches(EK_STRESS_HEALTH50, 0, 111111111);
    reaches(EK_STRESS_HEALTH20, 0, 106666666);
    reaches(EK_STRESS_LIQUIDATION, 0, 105263157);
}

static void ways_back(void) {
    bare_short();
    b.user.spots[0].scaled_balance_e9 = 120 * (uint64_t)SOL; /* 45 of 120: health 37.5 % */
    stress(5000);
    CHECK_EQ(s.health_bp, 3750);
    reaches(EK_STRESS_HEALTH50, 150 * USD, 150 * USD);
    CHECK_EQ(s.collateral_e6, 30 * USD);                     /* 150 of which 75 is half */
    CHECK_EQ(s.reduction_base_e9, 2 * (int64_t)SOL);         /* 60 is half of 120: 8 SOL are left */
    b.user.spots[0].scaled_balance_e9 = 119 * (uint64_t)SOL; /* 59.5: 7.9333 SOL, on a step of 0.01 */
    stress(5000);
    CHECK_EQ(s.reduction_base_e9, 2070000000);
    stress(9000); /* another level: 11.9, 1.5866 SOL left */
    CHECK_EQ(s.reduction_base_e9, 8420000000);
    CHECK_EQ(s.collateral_e6, 631 * USD);
    CHECK_EQ(s.warning_bp, 9000);
}

static void what_is_owed_is_paid_back_first(void) {
    sol_book(&b);
    b.user.spots[0].balance_type = EK_BORROW; /* 1000 owed, 1350 of SOL, 75 for perp */
    stress(5000);
    /* each dollar of the debt takes one of the requirement: 1075 - 675 */
    CHECK_EQ(s.collateral_e6, 400 * USD);
    CHECK(!s.reduction_possible);                           /* 1000 > 675 without any perp */
    b.user.spots[0].scaled_balance_e9 = 10 * (uint64_t)SOL; /* 10 owed */
    b.user.perps[0].quote_e6 -= 1260 * (int64_t)USD;        /* collateral 90 */
    stress(5000);
    /* 10 pays the debt back, then 150 of collateral for 75 */
    CHECK_EQ(s.collateral_e6, 70 * USD);
    b.user.perps[0].quote_e6 -= 100 * (int64_t)USD; /* collateral -10: under water */
    stress(5000);
    CHECK_EQ(s.collateral_e6, 170 * USD);
    CHECK(!s.reduction_possible);
    reaches(EK_STRESS_LIQUIDATION, 150 * USD, 150 * USD);
    stress(0); /* 10 + 75 + 10 */
    CHECK_EQ(s.collateral_e6, 95 * USD);
}

static void not_possible(void) {
    bare_short();
    stress(10000); /* a requirement leaves no 100 % */
    CHECK(!s.collateral_possible && s.reduction_possible);
    CHECK_EQ(s.reduction_base_e9, 10 * (int64_t)SOL); /* nothing required then */
    b.user.perps[0].base_e9 += SOL / 1000;            /* 0.009 cannot be closed on the step */
    stress(10000);
    CHECK(!s.reduction_possible);
    bare_short();
    b.user.status = EK_USER_BANKRUPT;
    stress(5000);
    CHECK_EQ(s.health_bp, 0);
    reaches(EK_STRESS_LIQUIDATION, 190476191, 0); /* by the numbers */
}

/* An order to buy stays open: with the short closed it alone is the worst case. */
static void open_orders_bound_the_reduction(void) {
    bare_short();
    b.user.perps[0].open_bids_e9 = 8 * (int64_t)SOL;
    b.user.spots[0].scaled_balance_e9 = 120 * (uint64_t)SOL;
    stress(5000);
    CHECK(s.reduction_possible);
    CHECK_EQ(s.reduction_base_e9, 2 * (int64_t)SOL);
    b.user.spots[0].scaled_balance_e9 = 119 * (uint64_t)SOL; /* 8 SOL of orders are too many */
    stress(5000);
    CHECK(!s.reduction_possible);
    CHECK_EQ(s.collateral_e6, 31 * USD);
}

static void funding_is_settled_by_closing(void) {
    bare_short();
    b.user.spots[0].scaled_balance_e9 = 100 * (uint64_t)SOL;
    b.perps[0].cumulative_funding_short_e9 = ek_wide_i64(2 * (int64_t)SOL); /* 20 $ to receive: 120 held */
    stress(5000);
    CHECK_EQ(s.health_bp, 3750);
    CHECK_EQ(s.reduction_base_e9, 2 * (int64_t)SOL);
}

static void nothing_held(void) {
    sol_book(&b);
    b.user.n_perps = 0;
    stress(5000);
    for (int k = 0; k < EK_STRESS_LEVELS; k++) reaches(k, 0, 0);
    CHECK_EQ(s.gaps[2].perp_need_e6, 0);
    CHECK_EQ(s.gaps[2].health_bp, 10000);
    b.user.n_spots = 0; /* nothing at all is not under any level */
    stress(5000);
    CHECK_EQ(s.health_bp, 10000);
    for (int k = 0; k < EK_STRESS_LEVELS; k++) reaches(k, 0, 0);
    CHECK(s.collateral_possible && s.reduction_possible);
    b.user.n_spots = 1;
    b.user.spots[0].balance_type = EK_BORROW; /* a debt and no perp: nothing to close */
    stress(5000);
    CHECK(!s.reduction_possible);
    CHECK_EQ(s.collateral_e6, (int64_t)1000 * USD);
}

static void refused(ek_err code, const char *text) {
    memset(&fault, 0, sizeof fault);
    CHECK_EQ(ek_stress_calc(&b, 0, NONE, 5000, &s, &fault), code);
    CHECK_EQ(fault.code, code);
    CHECK_TEXT(fault.text, text);
    sol_book(&b);
}

static void refusals_are_named(void) {
    sol_book(&b);
    b.n_perps = 0;
    refused(EK_E_MISSING, "perp market 0: not in the book");
    b.user.margin_mode = 1;
    refused(EK_E_UNSUPPORTED, "account in high leverage mode");
    b.oracles[1].value.price_e6 = 0;
    refused(EK_E_RANGE, "SOL-PERP: no usable oracle price");
    sol_book_price(&b, INT64_MAX / 2);
    b.user.n_perps = 0;
    b.user.n_spots = 1;
    CHECK_EQ(ek_stress_calc(&b, 0, NONE, 5000, &s, &fault), EK_OK);
    sol_book_price(&b, INT64_MAX - 1); /* half as much again is no price */
    b.user.n_perps = 0;
    b.user.n_spots = 1;
    refused(EK_E_OVERFLOW, "stress is out of the range that can be counted");
    b.user.spots[0].scaled_balance_e9 = 100 * (uint64_t)SOL;
    b.user.n_spots = 1;
    b.perps[0].step_base_e9 = 0;
    refused(EK_E_RANGE, "stress is out of the range that can be counted");
}

int main(void) {
    RUN(a_short_without_spot);
    RUN(gaps);
    RUN(a_hedged_book_bends_less);
    RUN(a_long_is_hurt_below);
    RUN(ways_back);
    RUN(what_is_owed_is_paid_back_first);
    RUN(not_possible);
    RUN(open_orders_bound_the_reduction);
    RUN(funding_is_settled_by_closing);
    RUN(nothing_held);
    RUN(refusals_are_named);
    return check_end();
}
