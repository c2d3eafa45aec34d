/* ek_price_memory.h - the prices of a market that were accepted, and how far the next one may be from them.
 *
 * Nobody signs the oracle account that the signer is shown, so a price is believed only as far as a market
 * moves:
 *   from the last accepted price  `minute_ppm` for every minute begun since, `hour_ppm` for every hour begun,
 *                                 and `total_ppm` in all, however long the silence
 *   in a minute, an hour, a day    no further than minute_ppm, hour_ppm, total_ppm from any price accepted in
 *                                 it: small steps are no way around, and a day's walk has an end
 * The first price of a market is believed. Time is the ledger's (ek_ledger.h). The extremes of the last day,
 * the price that held when it began among them, are what an order is counted against (ek_loss.h). Windows are
 * whole slots, as in ek_rolling.h: a price counts a little longer than its window, never shorter. Pure; it
 * goes into a file as it is. */
#ifndef EK_PRICE_MEMORY_H
#define EK_PRICE_MEMORY_H
#include "base/ek_types.h"

enum { EK_PRICE_SHORT_SLOTS = 13,
       EK_PRICE_DAY_SLOTS = 25 };
enum { EK_PRICE_MINUTE_S = 5,
       EK_PRICE_HOUR_S = 300,
       EK_PRICE_DAY_S = 3600 }; /* length of a slot */

typedef struct {
    int64_t lowest_e6, highest_e6; /* 0, 0: none in this slot */
} ek_price_range;

/* 864 bytes. */
typedef struct {
    int64_t last_e6, last_s; /* last_e6 0: none was ever accepted */
    int64_t published_s;     /* the latest publish time accepted */
    int64_t minute_slot, hour_slot, day_slot;
    ek_price_range minute[EK_PRICE_SHORT_SLOTS], hour[EK_PRICE_SHORT_SLOTS], day[EK_PRICE_DAY_SLOTS];
} ek_price_memory;

typedef struct {
    uint32_t minute_ppm, hour_ppm, total_ppm;
} ek_price_move;

/* What may be accepted now, both ends included; {1, INT64_MAX} when nothing was accepted before. The range
 * may be empty (lowest above highest): the extremes of the window already lie as far apart as it allows. */
ek_price_range ek_price_allowed(const ek_price_memory *m, const ek_price_move *move, int64_t now_s);
/* Seconds until `price_e6` would be allowed if no other price were accepted until then; -1: never, it is past
 * total_ppm. */
int64_t ek_price_wait_s(const ek_price_memory *m, const ek_price_move *move, int64_t price_e6, int64_t now_s);
/* Writes an allowed price down. */
void ek_price_accept(ek_price_memory *m, int64_t price_e6, int64_t published_s, int64_t now_s);
/* The extremes of the last day; 0, 0 when there is none. */
ek_price_range ek_price_of_day(const ek_price_memory *m, int64_t now_s);
/* Time itself was corrected: what counts counts from now on. */
void ek_price_rebase(ek_price_memory *m, int64_t now_s);
/* A person says what the price is: the memory begins anew with it. */
void ek_price_set(ek_price_memory *m, int64_t price_e6, int64_t now_s);

#endif
