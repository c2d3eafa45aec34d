#include "signer/ek_ledger.h"

#include <string.h>

#include "base/ek_assert.h"

EK_SMALL_BEGIN

_Static_assert(sizeof(ek_rolling) == 208, "the ledger goes into a file as it is");
_Static_assert(sizeof(ek_ledger_pin) == 56, "the ledger goes into a file as it is");
_Static_assert(sizeof(ek_ledger) == 8128, "the ledger goes into a file as it is");

enum { DAY_S = 86400 };
static const uint64_t LEAST_AUTO_E6 = 10000000;

/* Far beyond any date and far from an overflow. */
static const int64_t END_OF_TIME_S = (int64_t)1 << 48;
static int is_time(int64_t s) { return s >= 0 && s < END_OF_TIME_S; }

/* Time begins at now_s, and what counts counts from there. */
static void rebase(ek_ledger *l, int64_t now_s) {
    ek_rolling_rebase(&l->orders, EK_ROLLING_HOUR_S, now_s);
    ek_rolling_rebase(&l->notional, EK_ROLLING_DAY_S, now_s);
    ek_rolling_rebase(&l->loss, EK_ROLLING_DAY_S, now_s);
    for (uint32_t i = 0; i < EK_LEDGER_MARKETS; i++) ek_price_rebase(&l->prices[i], now_s);
    l->time_s = now_s;
}

void ek_ledger_advance(ek_ledger *l, const ek_ledger_clock *clock) {
    int64_t wall_s = clock->unix_s < 0 ? 0 : clock->unix_s;
    int same_boot = l->begun && memcmp(l->boot_id, clock->boot_id, EK_LEDGER_BOOT_ID) == 0;
    if (!l->begun) {
        l->begun = 1;
        l->time_s = wall_s;
    } else if (same_boot) {
        if (clock->boot_s > l->boot_s && clock->boot_s - l->boot_s < INT64_MAX - l->time_s)
            l->time_s += clock->boot_s - l->boot_s;
    } else if (wall_s > l->time_s) {
        l->time_s = wall_s;
    } else if (l->time_s - wall_s > DAY_S) {
        rebase(l, wall_s);
    }
    if (!is_time(l->time_s)) l->time_s = END_OF_TIME_S - 1;
    if (!same_boot || clock->boot_s > l->boot_s) l->boot_s = clock->boot_s;
    memcpy(l->boot_id, clock->boot_id, EK_LEDGER_BOOT_ID);
    ek_rolling_turn(&l->orders, EK_ROLLING_HOUR_S, l->time_s);
    ek_rolling_turn(&l->notional, EK_ROLLING_DAY_S, l->time_s);
    ek_rolling_turn(&l->loss, EK_ROLLING_DAY_S, l->time_s);
}

static int range_ok(const ek_price_range *r, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (r[i].lowest_e6 < 0 || r[i].highest_e6 < r[i].lowest_e6
            || (r[i].lowest_e6 == 0 && r[i].highest_e6 != 0))
            return 0;
    return 1;
}

static int memory_ok(const ek_price_memory *m) {
    return m->last_e6 >= 0 && is_time(m->last_s) && is_time(m->published_s) && is_time(m->minute_slot)
           && is_time(m->hour_slot) && is_time(m->day_slot) && range_ok(m->minute, EK_PRICE_SHORT_SLOTS)
           && range_ok(m->hour, EK_PRICE_SHORT_SLOTS) && range_ok(m->day, EK_PRICE_DAY_SLOTS);
}

int ek_ledger_valid(const ek_ledger *l) {
    if (l->begun > 1 || l->limit_from > EK_LIMIT_OPERATOR || !is_time(l->time_s) || !is_time(l->boot_s)
        || !is_time(l->orders.slot)
        || !is_time(l->notional.slot) || !is_time(l->loss.slot))
        return 0;
    for (uint32_t i = 0; i < EK_LEDGER_MARKETS; i++)
        if (l->pins[i].name[15] != 0 || !memory_ok(&l->prices[i])) return 0;
    return 1;
}

int ek_ledger_pin_of(const ek_ledger *l, const char name[16]) {
    for (int i = 0; i < EK_LEDGER_MARKETS; i++)
        if (memcmp(l->pins[i].name, name, 16) == 0) return i;
    return -1;
}

void ek_ledger_set_limit(ek_ledger *l, uint64_t limit_e6, uint8_t from) {
    EK_ASSERT(from == EK_LIMIT_CONFIG || from == EK_LIMIT_OPERATOR);
    l->limit_e6 = limit_e6;
    l->limit_from = from;
}

int ek_ledger_auto_limit(ek_ledger *l, uint64_t equity_e6, uint32_t machines) {
    if (l->limit_from != EK_LIMIT_UNSET) return 0;
    uint64_t limit_e6 = equity_e6 / 100 < LEAST_AUTO_E6 ? LEAST_AUTO_E6 : equity_e6 / 100;
    l->limit_e6 = limit_e6 / (machines == 0 ? 1 : machines);
    l->limit_from = EK_LIMIT_AUTO;
    l->equity_e6 = equity_e6;
    return 1;
}

EK_SMALL_END
