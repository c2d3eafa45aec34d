#include "signer/ek_price_memory.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_fixed.h"

EK_SMALL_BEGIN

_Static_assert(sizeof(ek_price_memory) == 864, "it goes into a file as it is");

/* One of the three windows: its slots, the running one and the length of a slot. */
typedef struct {
    const ek_price_range *slots;
    int64_t n, slot, slot_s;
} window;

static int is_none(const ek_price_range *r) { return r->highest_e6 == 0; }

static void widen(ek_price_range *r, int64_t lowest_e6, int64_t highest_e6) {
    if (is_none(r) || lowest_e6 < r->lowest_e6) r->lowest_e6 = lowest_e6;
    if (highest_e6 > r->highest_e6) r->highest_e6 = highest_e6;
}

/* The extremes of the slots that still count at now_s. */
static ek_price_range extremes(const window *w, int64_t now_s) {
    ek_price_range all = {0, 0};
    int64_t now = now_s / w->slot_s;
    if (now < w->slot) now = w->slot;
    for (int64_t i = 0; i < w->n; i++) {
        int64_t slot = w->slot - i;
        if (slot < 0 || slot <= now - w->n) break;
        const ek_price_range *r = &w->slots[slot % w->n];
        if (!is_none(r)) widen(&all, r->lowest_e6, r->highest_e6);
    }
    return all;
}

static window minute_of(const ek_price_memory *m) {
    return (window){m->minute, EK_PRICE_SHORT_SLOTS, m->minute_slot, EK_PRICE_MINUTE_S};
}
static window hour_of(const ek_price_memory *m) {
    return (window){m->hour, EK_PRICE_SHORT_SLOTS, m->hour_slot, EK_PRICE_HOUR_S};
}
static window day_of(const ek_price_memory *m) {
    return (window){m->day, EK_PRICE_DAY_SLOTS, m->day_slot, EK_PRICE_DAY_S};
}

/* ---- how far ---- */

/* Lowers the top and raises the bottom to what lies within ppm of the given extremes. */
static void narrow(ek_price_range *allowed, const ek_price_range *of, uint64_t ppm) {
    int64_t down = 1, up = INT64_MAX;
    if (is_none(of)) return;
    if (ppm < 1000000) (void)ek_mul_div_ceil_i64(of->highest_e6, 1000000 - (int64_t)ppm, 1000000, &down);
    (void)ek_mul_div_floor_i64(of->lowest_e6, 1000000 + (int64_t)ppm, 1000000, &up);
    if (down > allowed->lowest_e6) allowed->lowest_e6 = down;
    if (up < allowed->highest_e6) allowed->highest_e6 = up;
}

/* ppm for every unit of time begun, at most `most`. */
static uint64_t grown(uint32_t ppm, int64_t age_s, int64_t unit_s, uint64_t most) {
    uint64_t units = age_s <= 0 ? 1 : ((uint64_t)age_s + (uint64_t)unit_s - 1) / (uint64_t)unit_s, all = most;
    if (ek_mul_u64(ppm, units, &all) != EK_OK || all > most) all = most;
    return all;
}

ek_price_range ek_price_allowed(const ek_price_memory *m, const ek_price_move *move, int64_t now_s) {
    ek_price_range allowed = {1, INT64_MAX};
    if (m->last_e6 == 0) return allowed;
    ek_price_range last = {m->last_e6, m->last_e6};
    int64_t age_s = now_s > m->last_s ? now_s - m->last_s : 0;
    uint64_t ppm = grown(move->minute_ppm, age_s, 60, move->total_ppm);
    uint64_t by_hour = grown(move->hour_ppm, age_s, 3600, move->total_ppm);
    narrow(&allowed, &last, ppm < by_hour ? ppm : by_hour);
    window w = minute_of(m);
    ek_price_range seen = extremes(&w, now_s);
    narrow(&allowed, &seen, move->minute_ppm);
    w = hour_of(m);
    seen = extremes(&w, now_s);
    narrow(&allowed, &seen, move->hour_ppm);
    w = day_of(m);
    seen = extremes(&w, now_s);
    narrow(&allowed, &seen, move->total_ppm);
    return allowed;
}

int64_t ek_price_wait_s(const ek_price_memory *m, const ek_price_move *move, int64_t price_e6,
                        int64_t now_s) {
    enum { STEP_S = 30,
           LONGEST_S = 2 * 86400 };
    ek_price_range all = {1, INT64_MAX}, last = {m->last_e6, m->last_e6};
    narrow(&all, &last, move->total_ppm);
    if (price_e6 < all.lowest_e6 || price_e6 > all.highest_e6) return -1;
    for (int64_t wait_s = 0; wait_s <= LONGEST_S; wait_s += STEP_S) {
        ek_price_range r = ek_price_allowed(m, move, now_s + wait_s);
        if (price_e6 >= r.lowest_e6 && price_e6 <= r.highest_e6) return wait_s;
    }
    return -1;
}

/* ---- what was ---- */

static void keep(ek_price_range *slots, int64_t n, int64_t *slot, int64_t slot_s, int64_t price_e6,
                 int64_t now_s) {
    int64_t now = now_s / slot_s, at = *slot;
    if (now > at) {
        if (now - at >= n) memset(slots, 0, (size_t)n * sizeof *slots);
        else
            for (int64_t s = at + 1; s <= now; s++) slots[s % n] = (ek_price_range){0, 0};
        *slot = now;
    }
    widen(&slots[*slot % n], price_e6, price_e6);
}

void ek_price_accept(ek_price_memory *m, int64_t price_e6, int64_t published_s, int64_t now_s) {
    EK_ASSERT(price_e6 > 0 && now_s >= 0);
    keep(m->minute, EK_PRICE_SHORT_SLOTS, &m->minute_slot, EK_PRICE_MINUTE_S, price_e6, now_s);
    keep(m->hour, EK_PRICE_SHORT_SLOTS, &m->hour_slot, EK_PRICE_HOUR_S, price_e6, now_s);
    /* The price before held until this one: after days of silence it is what an order is counted against. */
    if (m->last_e6 > 0) keep(m->day, EK_PRICE_DAY_SLOTS, &m->day_slot, EK_PRICE_DAY_S, m->last_e6, now_s);
    keep(m->day, EK_PRICE_DAY_SLOTS, &m->day_slot, EK_PRICE_DAY_S, price_e6, now_s);
    m->last_e6 = price_e6;
    if (now_s > m->last_s) m->last_s = now_s;
    if (published_s > m->published_s) m->published_s = published_s;
}

ek_price_range ek_price_of_day(const ek_price_memory *m, int64_t now_s) {
    window w = day_of(m);
    return extremes(&w, now_s);
}

/* The slots that count, as one range in the slot of now. */
static void gather(ek_price_range *slots, int64_t n, int64_t *slot, int64_t slot_s, int64_t now_s) {
    window w = {slots, n, *slot, slot_s};
    ek_price_range all = extremes(&w, *slot > INT64_MAX / slot_s ? 0 : *slot * slot_s);
    memset(slots, 0, (size_t)n * sizeof *slots);
    *slot = now_s / slot_s;
    slots[*slot % n] = all;
}

void ek_price_rebase(ek_price_memory *m, int64_t now_s) {
    EK_ASSERT(now_s >= 0);
    gather(m->minute, EK_PRICE_SHORT_SLOTS, &m->minute_slot, EK_PRICE_MINUTE_S, now_s);
    gather(m->hour, EK_PRICE_SHORT_SLOTS, &m->hour_slot, EK_PRICE_HOUR_S, now_s);
    gather(m->day, EK_PRICE_DAY_SLOTS, &m->day_slot, EK_PRICE_DAY_S, now_s);
    m->last_s = now_s;
}

void ek_price_set(ek_price_memory *m, int64_t price_e6, int64_t now_s) {
    memset(m, 0, sizeof *m);
    ek_price_accept(m, price_e6, 0, now_s);
}

EK_SMALL_END
