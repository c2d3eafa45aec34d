#include "check.h"
#include "hedge/ek_hedge.h"

#define SOL 1000000000LL
static const ek_hedge_rules rules = {.tolerance_ppm = 10000,
                                     .cooldown_s = 1800,
                                     .slot_ms = 400,
                                     .min_trade_base_e9 = 5000000,
                                     .max_trade_base_e9 = 50u * SOL,
                                     .step_base_e9 = 10000000,
                                     .market_min_base_e9 = 10000000};
static const ek_moment never = {0, 0};
static const ek_moment now = {1800000000, 438000000};

static int64_t drift_of(int64_t spot, int64_t perp) {
    int64_t net = 0, ppm = 0;
    int known = 0;
    CHECK_EQ(ek_drift(spot, perp, &net, &ppm, &known), EK_OK);
    CHECK_EQ(net, spot + perp);
    CHECK_EQ(known, 1);
    return ppm;
}

static ek_decision decide(const ek_hedge_rules *r, int64_t spot, int64_t perp, ek_moment last) {
    int64_t net = 0, ppm = 0;
    int known = 0;
    ek_decision d;
    CHECK_EQ(ek_drift(spot, perp, &net, &ppm, &known), EK_OK);
    CHECK_EQ(ek_decide(r, net, ppm, known, perp, now, last, &d), EK_OK);
    return d;
}

static void drift(void) {
    CHECK_EQ(drift_of(10 * SOL, -9850000000), 15000);
    CHECK_EQ(drift_of(10 * SOL, -9 * SOL), 100000);
    CHECK_EQ(drift_of(10 * SOL, -11 * SOL), -100000);
    CHECK_EQ(drift_of(3, -2), 333333);  /* truncated toward zero, both signs */
    CHECK_EQ(drift_of(3, -4), -333333);
    CHECK_EQ(drift_of(-3, 2), -333333); /* a borrow: the sign stays that of net */
    CHECK_EQ(drift_of(-3, 4), 333333);
    CHECK_EQ(drift_of(0, 0), 0);
    CHECK_EQ(drift_of(1, INT64_MAX - 1), INT64_MAX); /* held at the end of the type */
    CHECK_EQ(drift_of(1, INT64_MIN), INT64_MIN);
    CHECK_EQ(drift_of(-1, INT64_MAX), INT64_MAX);
    CHECK_EQ(drift_of(INT64_MIN, 0), -1000000);
    CHECK_EQ(drift_of(INT64_MAX, 0), 1000000);

    int64_t net = 7, ppm = 7;
    int known = 7;
    CHECK_EQ(ek_drift(0, -5, &net, &ppm, &known), EK_OK);
    CHECK_EQ(net, -5);
    CHECK_EQ(ppm, 0);
    CHECK_EQ(known, 0);
    CHECK_EQ(ek_drift(INT64_MAX, 1, &net, &ppm, &known), EK_E_OVERFLOW);
    CHECK_EQ(ek_drift_after(10 * SOL, SOL, EK_SELL, SOL, &net, &ppm, &known), EK_OK);
    CHECK_EQ(ppm, 0);
    CHECK_EQ(ek_drift_after(10 * SOL, SOL, EK_BUY, SOL, &net, &ppm, &known), EK_OK);
    CHECK_EQ(ppm, 200000);
    CHECK_EQ(ek_drift_after(0, 0, 2, 1, &net, &ppm, &known), EK_E_RANGE);
    CHECK_EQ(ek_drift_after(0, 0, EK_BUY, 1ull << 63, &net, &ppm, &known), EK_E_RANGE);
}

static void tolerance(void) {
    CHECK(ek_within_tolerance(10000, 1, 10000)); /* exactly at it is inside */
    CHECK(ek_within_tolerance(-10000, 1, 10000));
    CHECK(!ek_within_tolerance(10001, 1, 10000));
    CHECK(!ek_within_tolerance(-10001, 1, 10000));
    CHECK(!ek_within_tolerance(0, 0, 10000)); /* unknown is not zero */
    CHECK(!ek_within_tolerance(INT64_MIN, 1, UINT32_MAX));
    CHECK_EQ(decide(&rules, 100 * SOL, -99 * SOL, never).verdict, EK_VERDICT_BALANCED);
    CHECK_EQ(decide(&rules, 100 * SOL, -99 * SOL, never).size_base_e9, 0);
    CHECK_EQ(decide(&rules, 100 * SOL, -98990000000, never).verdict, EK_VERDICT_CORRECT);
    CHECK_EQ(decide(&rules, 0, 0, never).verdict, EK_VERDICT_BALANCED);
}

static void directions(void) {
    ek_decision d = decide(&rules, 10 * SOL, -9 * SOL, never);
    CHECK_EQ(d.verdict, EK_VERDICT_CORRECT);
    CHECK_EQ(d.action, EK_ACTION_EXPAND_SHORT);
    CHECK_EQ(d.direction, EK_SELL);
    CHECK_EQ(d.size_base_e9, SOL);
    CHECK_EQ(d.reduce_only, 0);
    CHECK_EQ(d.capped, 0);
    d = decide(&rules, 10 * SOL, -11 * SOL, never);
    CHECK_EQ(d.action, EK_ACTION_REDUCE_SHORT);
    CHECK_EQ(d.direction, EK_BUY);
    CHECK_EQ(d.size_base_e9, SOL);
    CHECK_EQ(d.reduce_only, 1);
    d = decide(&rules, 0, -3 * SOL, never); /* no spot: close the perp */
    CHECK_EQ(d.verdict, EK_VERDICT_CORRECT);
    CHECK_EQ(d.action, EK_ACTION_REDUCE_SHORT);
    CHECK_EQ(d.size_base_e9, 3 * SOL);
    CHECK_EQ(d.reduce_only, 1);
    d = decide(&rules, 0, 3 * SOL, never); /* a long is closed by a sale; the name follows the side */
    CHECK_EQ(d.action, EK_ACTION_EXPAND_SHORT);
    CHECK_EQ(d.reduce_only, 1);
    d = decide(&rules, -2 * SOL, 0, never); /* a borrow is hedged by a long */
    CHECK_EQ(d.action, EK_ACTION_REDUCE_SHORT);
    CHECK_EQ(d.size_base_e9, 2 * SOL);
    CHECK_EQ(d.reduce_only, 0);
}

static void sizes(void) {
    CHECK_EQ(decide(&rules, 10 * SOL, -9876543210, never).size_base_e9, 120000000); /* floored to the step */
    ek_decision d = decide(&rules, 200 * SOL, -100 * SOL, never);
    CHECK_EQ(d.size_base_e9, 50 * SOL);
    CHECK_EQ(d.capped, EK_CAPPED_MAX_TRADE);
    d = decide(&rules, 10 * SOL, -9990000000, never);
    CHECK_EQ(d.verdict, EK_VERDICT_BALANCED);
    ek_hedge_rules fine = rules;
    fine.tolerance_ppm = 1;
    d = decide(&fine, 10 * SOL, -9990000001, never); /* 9,999,999 is under one step */
    CHECK_EQ(d.verdict, EK_VERDICT_DUST);
    CHECK_EQ(d.action, EK_ACTION_EXPAND_SHORT);
    CHECK_EQ(d.size_base_e9, 0);
    d = decide(&fine, 10 * SOL, -9990000000, never); /* exactly the market's minimum */
    CHECK_EQ(d.verdict, EK_VERDICT_CORRECT);
    fine.min_trade_base_e9 = 15000000; /* no multiple of the step: 0.02 is the smallest */
    CHECK_EQ(decide(&fine, 10 * SOL, -9990000000, never).verdict, EK_VERDICT_DUST);
    CHECK_EQ(decide(&fine, 10 * SOL, -9980000000, never).verdict, EK_VERDICT_CORRECT);
    ek_decision out;
    fine.step_base_e9 = 0;
    CHECK_EQ(ek_decide(&fine, SOL, 100000, 1, 0, now, never, &out), EK_E_RANGE);
    fine = rules;
    fine.max_trade_base_e9 = 9999999; /* under one step: no order could ever be made */
    CHECK_EQ(ek_decide(&fine, SOL, 100000, 1, 0, now, never, &out), EK_E_RANGE);
    uint64_t smallest = 0;
    CHECK_EQ(ek_hedge_rules_check(&fine, &smallest), EK_E_RANGE);
    CHECK_EQ(smallest, 10000000); /* for the message */
    CHECK_EQ(ek_hedge_rules_check(&fine, NULL), EK_E_RANGE);
    fine.market_min_base_e9 = UINT64_MAX; /* cannot be raised to the step */
    CHECK_EQ(ek_hedge_rules_check(&fine, &smallest), EK_E_RANGE);
    smallest = 0;
    CHECK_EQ(ek_hedge_rules_check(&rules, &smallest), EK_OK);
    CHECK_EQ(smallest, 10000000);
    d = decide(&rules, INT64_MAX, 0, never);
    CHECK_EQ(d.size_base_e9, 50 * SOL);
}

static void crossing_zero(void) {
    /* A long of 1 where the spot wants a short of 10: closed first, reduce-only; the next tick opens. */
    ek_decision d = decide(&rules, 10 * SOL, SOL, never);
    CHECK_EQ(d.size_base_e9, SOL);
    CHECK_EQ(d.reduce_only, 1);
    CHECK_EQ(d.capped, EK_CAPPED_AT_ZERO);
    d = decide(&rules, 10 * SOL, 0, never);
    CHECK_EQ(d.size_base_e9, 10 * SOL);
    CHECK_EQ(d.reduce_only, 0);
    d = decide(&rules, -2 * SOL, -SOL, never); /* short 1, buy 3 wanted */
    CHECK_EQ(d.size_base_e9, SOL);
    CHECK_EQ(d.reduce_only, 1);
    /* A long under the smallest order cannot be closed alone: one order crosses zero. */
    d = decide(&rules, 10 * SOL, 9000000, never);
    CHECK_EQ(d.size_base_e9, 10 * SOL);
    CHECK_EQ(d.reduce_only, 0);
    CHECK_EQ(d.capped, 0);
    d = decide(&rules, 10 * SOL, SOL + 5000000, never); /* no multiple of the step: the whole steps close */
    CHECK_EQ(d.size_base_e9, SOL);
    CHECK_EQ(d.reduce_only, 1);
    d = decide(&rules, 200 * SOL, 80 * SOL, never); /* both caps */
    CHECK_EQ(d.size_base_e9, 50 * SOL);
    CHECK_EQ(d.capped, EK_CAPPED_MAX_TRADE);
    CHECK_EQ(d.reduce_only, 1);
}

static void cooldown(void) {
    ek_moment last = {now.unix_s - 600, now.slot - 1500};
    ek_decision d = decide(&rules, 10 * SOL, -9 * SOL, last);
    CHECK_EQ(d.verdict, EK_VERDICT_COOLDOWN);
    CHECK_EQ(d.cooldown_left_s, 1200);
    CHECK_EQ(d.action, EK_ACTION_EXPAND_SHORT); /* what would be done */
    CHECK_EQ(decide(&rules, 10 * SOL, -10 * SOL, last).verdict, EK_VERDICT_BALANCED);
    CHECK_EQ(decide(&rules, 1 * SOL, -980000000, last).verdict, EK_VERDICT_COOLDOWN);
    ek_hedge_rules fine = rules;
    fine.tolerance_ppm = 1;
    CHECK_EQ(decide(&fine, 10 * SOL, -9999000000, last).verdict, EK_VERDICT_DUST); /* dust before cooldown */

    CHECK_EQ(ek_cooldown_left(&rules, now, never), 0);
    CHECK_EQ(ek_cooldown_left(&rules, now, now), 1800);
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){now.unix_s - 1799, now.slot - 4500}), 1);
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){now.unix_s - 1800, now.slot - 4500}), 0);
    /* 0.4 s, rounded up */
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){now.unix_s - 1800, now.slot - 4499}), 1);
    /* the wall clock jumped a year ahead: the slots hold */
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){now.unix_s - 31536000, now.slot - 1500}), 1200);
    /* it jumped back before the success: it is left out */
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){now.unix_s + 31536000, now.slot - 1500}), 1200);
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){now.unix_s + 31536000, now.slot - 4500}), 0);
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){INT64_MIN, now.slot - 4500}), 0);
    CHECK_EQ(ek_cooldown_left(&rules, (ek_moment){INT64_MIN, now.slot}, (ek_moment){INT64_MAX, now.slot}),
             1800);
    /* slots passed, the wall has not */
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){now.unix_s - 600, now.slot - 400000}), 1200);
    /* a node that is behind */
    CHECK_EQ(ek_cooldown_left(&rules, now, (ek_moment){now.unix_s - 1800, now.slot + 5}), 1800);
    ek_hedge_rules odd = rules;
    odd.slot_ms = 0;
    CHECK_EQ(ek_cooldown_left(&odd, now, (ek_moment){now.unix_s - 9999, now.slot - 4499}), 1);
    odd.slot_ms = 60000;
    odd.cooldown_s = 7; /* shorter than a slot: never more than the whole */
    CHECK_EQ(ek_cooldown_left(&odd, now, (ek_moment){now.unix_s - 9999, now.slot}), 7);
    odd.cooldown_s = 0;
    CHECK_EQ(ek_cooldown_left(&odd, now, now), 0);
}

static void names(void) {
    CHECK_TEXT(ek_action_name(EK_ACTION_EXPAND_SHORT), "EXPAND_SHORT");
    CHECK_TEXT(ek_action_name(EK_ACTION_REDUCE_SHORT), "REDUCE_SHORT");
    CHECK_TEXT(ek_action_name(EK_ACTION_NONE), "NONE");
    CHECK_TEXT(ek_action_name(3), "?");
}

int main(void) {
    RUN(drift);
    RUN(tolerance);
    RUN(directions);
    RUN(sizes);
    RUN(crossing_zero);
    RUN(cooldown);
    RUN(names);
    return check_end();
}
