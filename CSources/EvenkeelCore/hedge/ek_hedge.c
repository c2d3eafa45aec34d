#include "hedge/ek_hedge.h"

#include "base/ek_assert.h"
#include "base/ek_fixed.h"
#include "margin/ek_margin.h"
#include "../base/ek_calc.h"

ek_err ek_drift_to(int64_t spot_base_e9, int64_t perp_base_e9, uint32_t ratio_ppm, int64_t target_base_e9,
                   int64_t *net_delta_base_e9, int64_t *drift_ppm, int *known) {
    ek_calc c = {EK_OK};
    ek_w hedged = ek_w_muldiv(&c, ek_wi(spot_base_e9), ek_wi(ratio_ppm), EK_RATIO_ONE_PPM);
    ek_w net = ek_w_add(&c, ek_w_sub(&c, hedged, ek_wi(target_base_e9)), ek_wi(perp_base_e9));
    int64_t v = 0;
    ek_err err = c.err == EK_OK ? ek_wide_to_i64(net, &v) : c.err;
    if (err != EK_OK) return err;
    *net_delta_base_e9 = v;
    ek_drift_ratio(spot_base_e9, v, drift_ppm, known);
    return EK_OK;
}

ek_err ek_drift(int64_t spot_base_e9, int64_t perp_base_e9, int64_t *net_delta_base_e9, int64_t *drift_ppm,
                int *known) {
    return ek_drift_to(spot_base_e9, perp_base_e9, EK_RATIO_ONE_PPM, 0, net_delta_base_e9, drift_ppm, known);
}

void ek_drift_ratio(int64_t spot_base_e9, int64_t net, int64_t *drift_ppm, int *known) {
    *drift_ppm = 0;
    *known = spot_base_e9 != 0 || net == 0;
    if (spot_base_e9 == 0) return;
    ek_calc c = {EK_OK}; /* 64 bits times 1e6 stay far inside 128 */
    *drift_ppm = ek_clamp_i64(
        ek_w_div(&c, ek_w_mul(&c, ek_wi(net), ek_wi(1000000)), ek_w_abs(&c, ek_wi(spot_base_e9))));
}

ek_err ek_drift_after(int64_t spot_base_e9, int64_t net_before_base_e9, uint8_t direction,
                      uint64_t filled_base_e9, int64_t *net_delta_base_e9, int64_t *drift_ppm, int *known) {
    if (direction > EK_SELL || filled_base_e9 > (uint64_t)INT64_MAX) return EK_E_RANGE;
    int64_t filled = (int64_t)filled_base_e9, net = 0;
    ek_err err = direction == EK_BUY ? ek_add_i64(net_before_base_e9, filled, &net)
                                     : ek_sub_i64(net_before_base_e9, filled, &net);
    if (err != EK_OK) return err;
    *net_delta_base_e9 = net;
    ek_drift_ratio(spot_base_e9, net, drift_ppm, known);
    return EK_OK;
}

int64_t ek_risk_e6(int64_t spot_base_e9, int64_t net_delta_base_e9, uint32_t tolerance_ppm,
                   int64_t oracle_price_e6) {
    if (oracle_price_e6 <= 0) return 0;
    ek_calc c = {EK_OK};
    /* In 1e-15 base, so that the tolerance needs no rounding of its own. */
    ek_w beyond = ek_w_sub(&c, ek_w_mul(&c, ek_w_abs(&c, ek_wi(net_delta_base_e9)), ek_wi(1000000)),
                           ek_w_mul(&c, ek_w_abs(&c, ek_wi(spot_base_e9)), ek_wi(tolerance_ppm)));
    if (ek_wide_sign(beyond) <= 0) return 0;
    ek_w risk = ek_w_ceil(&c, ek_w_mul(&c, beyond, ek_wi(oracle_price_e6)), ek_wi(1000000000000000));
    return c.err == EK_OK ? ek_clamp_i64(risk) : INT64_MAX;
}

int ek_within_tolerance(int64_t drift_ppm, int known, uint32_t tolerance_ppm) {
    return known && ek_abs_i64(drift_ppm) <= tolerance_ppm;
}

ek_err ek_hedge_rules_check(const ek_hedge_rules *rules, uint64_t *smallest_base_e9) {
    uint64_t step = rules->step_base_e9;
    if (step == 0) return EK_E_RANGE;
    uint64_t smallest = rules->min_trade_base_e9;
    if (smallest < rules->market_min_base_e9) smallest = rules->market_min_base_e9;
    if (smallest < step) smallest = step;
    uint64_t rest = smallest % step;
    if (rest != 0 && ek_add_u64(smallest, step - rest, &smallest) != EK_OK) return EK_E_RANGE;
    if (smallest_base_e9 != NULL) *smallest_base_e9 = smallest;
    uint64_t largest = rules->max_trade_base_e9 - rules->max_trade_base_e9 % step;
    return largest < smallest ? EK_E_RANGE : EK_OK;
}

int64_t ek_cooldown_left(const ek_hedge_rules *rules, ek_moment now, ek_moment last) {
    if ((last.unix_s == 0 && last.slot == 0) || rules->cooldown_s == 0) return 0;
    uint64_t slot_ms = rules->slot_ms == 0 ? EK_SLOT_MS : rules->slot_ms;
    uint64_t whole_slots = ((uint64_t)rules->cooldown_s * 1000 + slot_ms - 1) / slot_ms;
    uint64_t passed_slots = now.slot > last.slot ? now.slot - last.slot : 0;
    uint64_t left = 0;
    if (passed_slots < whole_slots) {
        left = ((whole_slots - passed_slots) * slot_ms + 999) / 1000;
        if (left > rules->cooldown_s) left = rules->cooldown_s; /* long slots round up past the whole */
    }
    int64_t passed_s = 0;
    if (now.unix_s >= last.unix_s && ek_sub_i64(now.unix_s, last.unix_s, &passed_s) == EK_OK
        && passed_s < (int64_t)rules->cooldown_s) {
        uint64_t left_wall = rules->cooldown_s - (uint64_t)passed_s;
        if (left_wall > left) left = left_wall;
    }
    EK_ASSERT(left <= rules->cooldown_s);
    return (int64_t)left;
}

ek_err ek_decide(const ek_hedge_rules *rules, int64_t net_delta_base_e9, int64_t drift_ppm, int known,
                 int64_t perp_base_e9, ek_moment now, ek_moment last_success, ek_decision *out) {
    uint64_t smallest = 0;
    ek_err err = ek_hedge_rules_check(rules, &smallest);
    if (err != EK_OK) return err;
    *out = (ek_decision){0};
    if (net_delta_base_e9 == 0 || ek_within_tolerance(drift_ppm, known, rules->tolerance_ppm)) return EK_OK;

    int sell = net_delta_base_e9 > 0;
    uint64_t step = rules->step_base_e9;
    uint64_t size = ek_abs_i64(net_delta_base_e9);
    size -= size % step;
    uint64_t largest = rules->max_trade_base_e9 - rules->max_trade_base_e9 % step;
    out->action = sell ? EK_ACTION_EXPAND_SHORT : EK_ACTION_REDUCE_SHORT;
    out->direction = sell ? EK_SELL : EK_BUY;
    out->cooldown_left_s = ek_cooldown_left(rules, now, last_success);
    if (size < smallest) {
        out->size_base_e9 = size;
        out->verdict = EK_VERDICT_DUST;
        return EK_OK;
    }
    if (size > largest) {
        size = largest;
        out->capped = EK_CAPPED_MAX_TRADE;
    }
    int against = sell ? perp_base_e9 > 0 : perp_base_e9 < 0;
    uint64_t held = ek_abs_i64(perp_base_e9);
    if (against && size > held && held - held % step >= smallest) {
        size = held - held % step;
        out->capped |= EK_CAPPED_AT_ZERO;
    }
    /* never past the aim */
    EK_ASSERT(size >= smallest && size % step == 0 && size <= ek_abs_i64(net_delta_base_e9));
    out->size_base_e9 = size;
    out->reduce_only = against && size <= held;
    out->verdict = out->cooldown_left_s > 0 ? EK_VERDICT_COOLDOWN : EK_VERDICT_CORRECT;
    return EK_OK;
}

const char *ek_action_name(uint8_t action) {
    static const char *const names[] = {"NONE", "EXPAND_SHORT", "REDUCE_SHORT"};
    return action < sizeof names / sizeof names[0] ? names[action] : "?";
}
