/* The judgement of ek_policy.h over time: the memory of prices, the limits of an hour and a day, the breaker.
 */
#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_fixed.h"
#include "order/ek_ticket.h"
#include "ek_policy_parts.h"

EK_SMALL_BEGIN

enum { CLOCKS_MEET_S = 60 /* when a wrong clock is worth another try */ };

int ek_policy_breaker(const ek_ledger *ledger) { return ledger->refusals >= EK_POLICY_REFUSALS; }
void ek_policy_forgive(ek_ledger *ledger) { ledger->refusals = 0; }

void ek_policy_count_refusal(ek_ledger *ledger) {
    ledger->refused_total++;
    if (ledger->refusals < EK_POLICY_REFUSALS) ledger->refusals++;
}

void ek_policy_begin(const ek_policy *p, ek_ledger *ledger) {
    if (p->limits.max_loss_day_e6 > 0)
        ek_ledger_set_limit(ledger, p->limits.max_loss_day_e6 / p->limits.machines, EK_LIMIT_CONFIG);
}

/* The first request of all says what `auto` comes to. */
static void settle_limit(const ek_policy *p, ek_ledger *ledger, uint64_t equity_e6) {
    if (ledger->limit_from == EK_LIMIT_UNSET) ek_policy_begin(p, ledger);
    if (ledger->limit_from == EK_LIMIT_UNSET)
        (void)ek_ledger_auto_limit(ledger, equity_e6, p->limits.machines);
}

/* ---- a price ---- */

/* The place of the market's memory, bound now if it was not; -1: there is none left. More names than places
 * would leave the newest unbound for ever. */
static int bound(const ek_policy *p, ek_ledger *ledger, const ek_policy_claim *c) {
    static const char FREE[16] = {0};
    const char *name = p->limits.markets[c->market].name;
    int at = ek_ledger_pin_of(ledger, name);
    if (at >= 0) return at;
    at = ek_ledger_pin_of(ledger, FREE);
    if (at < 0) return -1;
    ek_ledger_pin *pin = &ledger->pins[at];
    memcpy(pin->name, name, 16);
    memcpy(pin->oracle, c->oracle, 32);
    pin->market_index = c->market_index;
    pin->oracle_source = c->oracle_source;
    memset(&ledger->prices[at], 0, sizeof ledger->prices[at]);
    return at;
}

static int can_bind(const ek_policy *p, const ek_ledger *ledger, const ek_policy_claim *c) {
    static const char FREE[16] = {0};
    return ek_ledger_pin_of(ledger, p->limits.markets[c->market].name) >= 0
           || ek_ledger_pin_of(ledger, FREE) >= 0;
}

/* Two clocks that run `speed` times as fast are as much further apart when one of them was started later. */
static int64_t clocks(const ek_policy *p, int64_t apart_s) { return apart_s * (int64_t)p->limits.speed; }

/* A stored publish time that the wall clock of today has not reached was accepted by a clock that was wrong:
 * it holds nobody up. */
static int published_well(const ek_policy *p, const ek_price_memory *m, int64_t published_s, int64_t unix_s) {
    int64_t newest_s = unix_s < 0 ? 0 : unix_s > INT64_MAX / 2 ? INT64_MAX / 2
                                                               : unix_s;
    int64_t slack_s = clocks(p, EK_POLICY_PUBLISH_S);
    newest_s += slack_s;
    int64_t last_s = m->published_s < newest_s ? m->published_s : newest_s;
    return published_s <= newest_s && published_s >= last_s - slack_s;
}

/* An order that only reduces, at a price beyond the memory: nothing can be lost by it where the bound still
 * holds at the nearest price that the memory allows. */
static int harmless(const ek_policy *p, const ek_policy_facts *f, const ek_price_range *allowed) {
    int64_t bound = 0, ppm = p->limits.max_slippage_ppm;
    if (!f->reduce_only) return 0;
    if (f->loss.sells) {
        int64_t price = f->price_e6 < allowed->lowest_e6 ? allowed->lowest_e6 : f->price_e6;
        return ek_mul_div_ceil_i64(price, 1000000 - ppm, 1000000, &bound) == EK_OK
               && f->loss.worst_e6 >= bound;
    }
    int64_t price = f->price_e6 > allowed->highest_e6 ? allowed->highest_e6 : f->price_e6;
    return ek_mul_div_floor_i64(price, 1000000 + ppm, 1000000, &bound) == EK_OK && f->loss.worst_e6 <= bound;
}

/* Takes a price into the market's memory, or says why not. An order that a price beyond the memory cannot
 * harm passes, and the memory stays as it is. */
static uint32_t remember(const ek_policy *p, ek_ledger *ledger, const ek_policy_claim *c, int64_t unix_s,
                         const ek_policy_facts *f, int64_t *wait_s) {
    int at = ek_ledger_pin_of(ledger, p->limits.markets[c->market].name);
    static const ek_price_memory NONE;
    const ek_price_memory *m = at >= 0 ? &ledger->prices[at] : &NONE;
    if (!published_well(p, m, f->published_s, unix_s)) {
        *wait_s = CLOCKS_MEET_S;
        return EK_REFUSE_PUBLISHED;
    }
    ek_price_range allowed = ek_price_allowed(m, &p->limits.move, ledger->time_s);
    if (f->price_e6 < allowed.lowest_e6 || f->price_e6 > allowed.highest_e6) {
        if (harmless(p, f, &allowed)) return EK_REFUSE_NOTHING;
        *wait_s = ek_price_wait_s(m, &p->limits.move, f->price_e6, ledger->time_s);
        return EK_REFUSE_MOVE;
    }
    at = bound(p, ledger, c);
    EK_ASSERT(at >= 0);
    ek_price_accept(&ledger->prices[at], f->price_e6, f->published_s, ledger->time_s);
    return EK_REFUSE_NOTHING;
}

/* ---- limits ---- */

/* Counts it, or says which limit is used up. */
static uint32_t count(const ek_policy *p, ek_ledger *ledger, const ek_policy_facts *f, uint64_t loss_e6,
                      int64_t *wait_s) {
    const ek_policy_limits *l = &p->limits;
    uint64_t day = 0, loss = 0;
    int over_day = ek_add_u64(ek_rolling_sum(&ledger->notional), f->notional_e6, &day) != EK_OK
                   || day > l->max_notional_day_e6;
    int over_loss =
        ek_add_u64(ek_rolling_sum(&ledger->loss), loss_e6, &loss) != EK_OK || loss > ledger->limit_e6;
    if (f->notional_e6 == 0) over_day = 0; /* neither a cancel nor a settlement moves anything */
    if (!f->reduce_only) {
        if (ek_rolling_sum(&ledger->orders) >= l->max_orders_hour) {
            *wait_s = ek_rolling_wait_s(&ledger->orders, EK_ROLLING_HOUR_S, ledger->time_s,
                                        l->max_orders_hour - 1u);
            return EK_REFUSE_HOURLY;
        }
        if (over_day) {
            *wait_s = f->notional_e6 > l->max_notional_day_e6
                          ? -1
                          : ek_rolling_wait_s(&ledger->notional, EK_ROLLING_DAY_S, ledger->time_s,
                                              l->max_notional_day_e6 - f->notional_e6);
            return EK_REFUSE_DAILY;
        }
        if (over_loss) {
            *wait_s = loss_e6 > ledger->limit_e6
                          ? -1
                          : ek_rolling_wait_s(&ledger->loss, EK_ROLLING_DAY_S, ledger->time_s,
                                              ledger->limit_e6 - loss_e6);
            return EK_REFUSE_LOSS;
        }
    }
    ek_rolling_add(&ledger->orders, 1);
    ek_rolling_add(&ledger->notional, f->notional_e6);
    ek_rolling_add(&ledger->loss, loss_e6);
    EK_ASSERT(f->reduce_only || ek_rolling_sum(&ledger->loss) <= ledger->limit_e6);
    return EK_REFUSE_NOTHING;
}

/* The extremes of the day with the price that the order was shown, which a reducing order may have beyond the
 * memory. */
static uint64_t worst_case(const ek_policy *p, const ek_ledger *ledger, const ek_policy_claim *c,
                           const ek_policy_facts *f) {
    int at = ek_ledger_pin_of(ledger, p->limits.markets[c->market].name);
    ek_price_range day = {f->price_e6, f->price_e6};
    if (at >= 0 && f->price_e6 > 0) {
        ek_price_range seen = ek_price_of_day(&ledger->prices[at], ledger->time_s);
        if (seen.highest_e6 > day.highest_e6) day.highest_e6 = seen.highest_e6;
        if (seen.highest_e6 > 0 && seen.lowest_e6 < day.lowest_e6) day.lowest_e6 = seen.lowest_e6;
    }
    return ek_loss_e6(&f->loss, &day, ek_loss_sol_e6(ledger));
}

static uint32_t judged(const ek_policy *p, ek_ledger *ledger, const ek_ledger_clock *clock,
                       const ek_policy_claim *c, const ek_policy_facts *f, int64_t *wait_s) {
    uint32_t reason = EK_REFUSE_NOTHING;
    int64_t latest_s = (int64_t)p->limits.fill_timeout_s + clocks(p, EK_POLICY_EXPIRY_S);
    if (f->max_ts > 0 && f->max_ts - latest_s > clock->unix_s) {
        *wait_s = CLOCKS_MEET_S;
        return EK_REFUSE_EXPIRY;
    }
    if (ek_kind_orders(c->kind)) reason = remember(p, ledger, c, clock->unix_s, f, wait_s);
    if (reason != EK_REFUSE_NOTHING) return reason;
    return count(p, ledger, f, worst_case(p, ledger, c, f), wait_s);
}

uint32_t ek_policy_decide(const ek_policy *p, ek_ledger *ledger, const ek_ledger_clock *clock,
                          const uint8_t *message, size_t n, const ek_policy_claim *claim,
                          const uint8_t *oracle, size_t oracle_len, int64_t *wait_s) {
    ek_policy_facts f;
    *wait_s = 0;
    ek_ledger_advance(ledger, clock);
    if (ek_policy_breaker(ledger)) {
        ledger->refused_total++;
        return EK_REFUSE_BREAKER;
    }
    uint32_t reason = ek_policy_check(p, ledger, message, n, claim, oracle, oracle_len, &f);
    if (reason == EK_REFUSE_NOTHING && ek_kind_orders(claim->kind) && !can_bind(p, ledger, claim))
        reason = EK_REFUSE_MARKET;
    if (reason != EK_REFUSE_NOTHING) {
        ek_policy_count_refusal(ledger);
        return reason;
    }
    settle_limit(p, ledger, claim->equity_e6);
    reason = judged(p, ledger, clock, claim, &f, wait_s);
    if (reason != EK_REFUSE_NOTHING) {
        ledger->refused_total++;
        return reason;
    }
    ledger->signed_total++;
    ledger->refusals = 0;
    return EK_REFUSE_NOTHING;
}

uint32_t ek_policy_show(const ek_policy *p, ek_ledger *ledger, const ek_ledger_clock *clock,
                        const ek_policy_price *price, const uint8_t *oracle, size_t oracle_len,
                        int64_t *wait_s) {
    ek_policy_claim c = {.kind = EK_KIND_PLACE,
                         .market = price->market,
                         .market_index = price->market_index,
                         .oracle_source = price->oracle_source};
    ek_policy_facts f;
    ek_oracle o;
    memcpy(c.oracle, price->oracle, 32);
    memset(&f, 0, sizeof f);
    *wait_s = 0;
    ek_ledger_advance(ledger, clock);
    uint32_t reason = ek_policy_market_fault(p, ledger, &c);
    if (reason == EK_REFUSE_NOTHING && !can_bind(p, ledger, &c)) reason = EK_REFUSE_MARKET;
    if (reason == EK_REFUSE_NOTHING) reason = ek_policy_oracle(p, c.oracle_source, oracle, oracle_len, &o);
    if (reason != EK_REFUSE_NOTHING) {
        ek_policy_count_refusal(ledger);
        return reason;
    }
    /* An equity that is not known yet settles nothing: `auto` is set only once. */
    if (price->equity_e6 > 0) settle_limit(p, ledger, price->equity_e6);
    f.price_e6 = o.price_e6;
    f.published_s = o.publish_time_s;
    return remember(p, ledger, &c, clock->unix_s, &f, wait_s);
}

EK_SMALL_END
