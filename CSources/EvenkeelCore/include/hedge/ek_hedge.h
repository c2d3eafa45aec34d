/* ek_hedge.h - the arithmetic of the decision: net delta, drift, and what to do about it. Exact integers, no
 * I/O, no clock.
 *
 * Signs: positive is long, negative short. Sizes in 1e-9 base, drift in parts per million of the hedgeable
 * spot. */
#ifndef EK_HEDGE_H
#define EK_HEDGE_H

#include "base/ek_types.h"
#include "venue/ek_side.h"

/* When something was: wall clock and chain slot together, because neither alone survives (clocks step, slots
 * change length). */
typedef struct { int64_t unix_s; uint64_t slot; } ek_moment;

/* The perp that a hedge aims for is -(spot x ratio) + target: ratio 1 and target 0 make the book neutral, a
 * smaller ratio or a positive target leaves it partly long. spot x ratio is truncated toward zero to 1e-9
 * base; at ratio 1 it is exact. */
#define EK_RATIO_ONE_PPM 1000000u

/* net = what the book has beyond that aim: spot x ratio - target + perp. Exact, EK_E_OVERFLOW when the result
 * leaves 64 bits. drift_ppm and known: ek_drift_ratio of it. */
ek_err ek_drift_to(int64_t spot_base_e9, int64_t perp_base_e9, uint32_t ratio_ppm, int64_t target_base_e9,
                   int64_t *net_delta_base_e9, int64_t *drift_ppm, int *known);

/* ek_drift_to with ratio 1 and target 0: net = spot + perp. */
ek_err ek_drift(int64_t spot_base_e9, int64_t perp_base_e9, int64_t *net_delta_base_e9, int64_t *drift_ppm,
                int *known);

/* A net delta as a share of the spot.
 * drift_ppm = net * 1e6 / |spot|, truncated toward zero; a value beyond 64 bits is held at INT64_MAX or
 * INT64_MIN (a few lamports of spot under a large perp must still read as "far out", not as an error). Spot
 * may be negative (a borrow): the drift keeps the sign of net, so the direction of the correction does not
 * depend on it. known = 0 only with no spot and a net delta: there is no ratio then (shown as null),
 * drift_ppm is 0 and the action is to bring the perp to its aim. With neither the book is balanced: known 1,
 * drift 0. */
void ek_drift_ratio(int64_t spot_base_e9, int64_t net_delta_base_e9, int64_t *drift_ppm, int *known);

/* Net delta and drift after a fill of `filled_base_e9` on `direction`. A cooldown starts when the result is
 * inside. */
ek_err ek_drift_after(int64_t spot_base_e9, int64_t net_before_base_e9, uint8_t direction,
                      uint64_t filled_base_e9, int64_t *net_delta_base_e9, int64_t *drift_ppm, int *known);

/* What a market's drift puts at risk: |net| beyond tolerance x |spot|, times the oracle price, in 1e-6 quote,
 * rounded up; 0 inside the tolerance, INT64_MAX where it is more. The market with the largest one is
 * corrected first. */
int64_t ek_risk_e6(int64_t spot_base_e9, int64_t net_delta_base_e9, uint32_t tolerance_ppm,
                   int64_t oracle_price_e6);

/* 1 when the drift is known and |drift_ppm| <= tolerance_ppm: exactly at the tolerance is inside. */
int ek_within_tolerance(int64_t drift_ppm, int known, uint32_t tolerance_ppm);

#define EK_SLOT_MS 400u /* nominal slot; the rules may say otherwise */

typedef struct {
    uint32_t tolerance_ppm;
    uint32_t cooldown_s;
    uint32_t slot_ms;            /* length of a slot the slot rule counts with; 0 stands for EK_SLOT_MS */
    uint64_t min_trade_base_e9;  /* the user's minimum; raised to the market's minimum and to one step */
    uint64_t max_trade_base_e9;  /* the user's largest single trade; floored to the step */
    uint64_t step_base_e9;       /* the market's step, > 0 */
    uint64_t market_min_base_e9; /* the market's minimum order */
} ek_hedge_rules;

/* EK_E_RANGE when no order could ever pass the rules: step 0, or the largest trade (floored) under the
 * smallest. Such rules would otherwise look like an endless "dust". The out value, if wanted, is the smallest
 * order: max(min_trade, market_min, step) raised to the step; with a step it is also set on an error, for the
 * message. */
ek_err ek_hedge_rules_check(const ek_hedge_rules *rules, uint64_t *smallest_base_e9);

enum { EK_VERDICT_BALANCED = 0, EK_VERDICT_DUST = 1, EK_VERDICT_COOLDOWN = 2, EK_VERDICT_CORRECT = 3 };
enum { EK_ACTION_NONE = 0, EK_ACTION_EXPAND_SHORT = 1, EK_ACTION_REDUCE_SHORT = 2 };
enum { EK_CAPPED_MAX_TRADE = 1, EK_CAPPED_AT_ZERO = 2 }; /* bits */

typedef struct {
    uint8_t verdict;
    uint8_t
        action; /* of the correction, also under DUST and COOLDOWN: what would be done; NONE when balanced */
    uint8_t direction;       /* EK_BUY or EK_SELL; meaningful with an action */
    uint8_t reduce_only;     /* the order only shrinks |perp| and is no larger than it */
    uint8_t capped;          /* EK_CAPPED_* bits: the order is smaller than the drift asks for */
    uint64_t size_base_e9;   /* of the correction, a multiple of the step, <= |net delta|; 0 when balanced */
    int64_t cooldown_left_s; /* rounded up; 0 outside of a cooldown; filled for every verdict but BALANCED */
} ek_decision;

/* The decision, tested in this order:
 *   BALANCED  net is 0, or the drift is within the tolerance
 *   DUST      |net| floored to the step is under the smallest order
 *   COOLDOWN  inside the cooldown of the last success (`ek_cooldown_left`)
 *   CORRECT   net > 0 sells (EXPAND_SHORT), net < 0 buys (REDUCE_SHORT): always against the net delta
 * Size: |net| floored to the step, then at most max_trade floored to the step.
 * Crossing zero: an order against the perp's sign that is larger than |perp| is cut to |perp| (floored to the
 * step) and becomes reduce-only; the next tick opens the rest. Only where that cut would be under the
 * smallest order does one order cross zero (a remainder too small to close alone must not block the hedge for
 * ever). No order ever goes past its aim: the size is at most |net|, so the perp lands between where it was
 * and the target (-spot at ratio 1 and target 0). EK_E_RANGE: rules that ek_hedge_rules_check refuses. */
ek_err ek_decide(const ek_hedge_rules *rules, int64_t net_delta_base_e9, int64_t drift_ppm, int known,
                 int64_t perp_base_e9, ek_moment now, ek_moment last_success, ek_decision *out);

/* Seconds of cooldown left, rounded up, 0 when over. last_success {0,0} means never.
 * Two rules, the later end holds:
 *   wall   cooldown_s after last_success.unix_s
 *   slots  ceil(cooldown_s * 1000 / slot_ms) slots after last_success.slot; at the nominal 400 ms both end
 *          together
 * A wall clock that jumped forward therefore cannot end it (the slots still count); one that stands before
 * last_success says nothing and is left out, so a board that boots in 1970 waits out the slots and no longer.
 * One that stepped back but still stands after it lengthens the wait by the step at most; never is more than
 * one whole cooldown left. Slots that went back (a node behind) count as none passed. */
int64_t ek_cooldown_left(const ek_hedge_rules *rules, ek_moment now, ek_moment last_success);

/* "NONE" "EXPAND_SHORT" "REDUCE_SHORT"; "?" for a number without a name. Never NULL. */
const char *ek_action_name(uint8_t action);

#endif
