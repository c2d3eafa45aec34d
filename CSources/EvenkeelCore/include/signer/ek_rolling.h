/* ek_rolling.h - a sum over the last hour or day, as whole slots of it.
 *
 * The window is cut into 24 slots; the one that is running is the twenty-fifth. So what was added counts for
 * the whole window and at most a twenty-fourth longer, never shorter. Time is the ledger's (ek_ledger.h): it
 * does not go back. Pure; no padding, little-endian: it goes into a file as it is. */
#ifndef EK_ROLLING_H
#define EK_ROLLING_H
#include "base/ek_types.h"

enum { EK_ROLLING_SLOTS = 25,
       EK_ROLLING_HOUR_S = 150,
       EK_ROLLING_DAY_S = 3600 };

typedef struct {
    int64_t slot;                    /* the running one: seconds / length of a slot */
    uint64_t sums[EK_ROLLING_SLOTS]; /* by slot, modulo */
} ek_rolling;

/* Lets go of what is older than the window. */
void ek_rolling_turn(ek_rolling *r, int64_t slot_s, int64_t now_s);
/* What counts; all ones where it does not fit. */
uint64_t ek_rolling_sum(const ek_rolling *r);
/* Into the running slot; stays at the largest value. */
void ek_rolling_add(ek_rolling *r, uint64_t amount);
/* Seconds until the sum is at most `most`, when nothing is added: 0 now. */
int64_t ek_rolling_wait_s(const ek_rolling *r, int64_t slot_s, int64_t now_s, uint64_t most);
/* Time itself was corrected: everything that counts counts from now on. */
void ek_rolling_rebase(ek_rolling *r, int64_t slot_s, int64_t now_s);

#endif
