#include "signer/ek_rolling.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_fixed.h"

EK_SMALL_BEGIN

static uint32_t place(int64_t slot) { return (uint32_t)(slot % EK_ROLLING_SLOTS); }

static uint64_t add_capped(uint64_t a, uint64_t b) {
    uint64_t sum = UINT64_MAX;
    (void)ek_add_u64(a, b, &sum);
    return sum;
}

void ek_rolling_turn(ek_rolling *r, int64_t slot_s, int64_t now_s) {
    EK_ASSERT(slot_s > 0 && now_s >= 0);
    int64_t slot = now_s / slot_s;
    if (r->slot < 0 || slot <= r->slot) return;
    int64_t gone = slot - r->slot;
    if (gone >= EK_ROLLING_SLOTS) memset(r->sums, 0, sizeof r->sums);
    else
        for (int64_t s = r->slot + 1; s <= slot; s++) r->sums[place(s)] = 0;
    r->slot = slot;
}

uint64_t ek_rolling_sum(const ek_rolling *r) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < EK_ROLLING_SLOTS; i++) sum = add_capped(sum, r->sums[i]);
    return sum;
}

void ek_rolling_add(ek_rolling *r, uint64_t amount) {
    uint64_t *sum = &r->sums[place(r->slot)];
    *sum = add_capped(*sum, amount);
}

int64_t ek_rolling_wait_s(const ek_rolling *r, int64_t slot_s, int64_t now_s, uint64_t most) {
    ek_rolling left = *r;
    for (uint32_t i = 1; i <= EK_ROLLING_SLOTS; i++) {
        if (ek_rolling_sum(&left) <= most) return i == 1 ? 0 : (r->slot + i - 1) * slot_s - now_s;
        left.sums[place(r->slot + i)] = 0; /* the oldest goes when the next slot begins */
    }
    return (r->slot + EK_ROLLING_SLOTS) * slot_s - now_s;
}

void ek_rolling_rebase(ek_rolling *r, int64_t slot_s, int64_t now_s) {
    uint64_t sum = ek_rolling_sum(r);
    EK_ASSERT(slot_s > 0 && now_s >= 0);
    memset(r, 0, sizeof *r);
    r->slot = now_s / slot_s;
    ek_rolling_add(r, sum);
}

EK_SMALL_END
