/* ek_depth.h - what the vAMM of a market would fill of an order within a price, before anybody is asked.
 *
 * Velocity's vAMM quotes from a curve whose whole state stands in the PerpMarket account. A fill first lets
 * the curve follow the oracle, makes the spreads anew from the market's averages, and only then prices the
 * order; this does the same with the book as read, as if the order were placed at the book's own instant
 * (clock, oracle, State). What is told is what place_and_take of a Market order with that worst price fills:
 * the program gives such an order an auction of its own, whose end may be nearer than the worst price, and
 * fills no further than one tick inside of it.
 *
 * Exact: wherever EK_OK is answered, base and quote are equal to the unit to what the program of August 2026
 * fills (docs/venues.md; Tests/conformance/test_depth_vs_program.py). Some slots later it may be something
 * else: the averages, and with them the spreads, go on with the chain's clock.
 *
 * Not looked at: what refuses an order whatever the vAMM would fill (margin, open interest, the least size of
 * an order, a reduce-only order's position, a fill further from the oracle than the market's initial margin),
 * the orders of other makers, and pauses kept in UserStats.
 *
 * Pure, no allocation, 64-bit integers with 128-bit products; about 3 us. */
#ifndef EK_DEPTH_H
#define EK_DEPTH_H

#include "base/ek_types.h"
#include "snapshot/ek_book.h"

typedef struct {
    uint64_t fill_base_e9; /* at most what was wanted, on the step; 0: the quote is past the bound */
    uint64_t quote_e6;     /* of the whole fill, before the fee */
    uint64_t price_e6;     /* quote by base, rounded against the order; 0 without a fill */
    uint64_t bound_e6;     /* worst price or end of the auction, whichever is nearer, on the tick */
    uint8_t at_once;       /* 0: the price is too old for a fill in the slot of the order. The program then
                              fills nothing now, and this is what it would fill if it did. */
} ek_depth;

/* want_base_e9 as in the order; UINT64_MAX: as much as there is within the price.
 *   EK_E_MISSING      no such market, oracle, State or clock in the book
 *   EK_E_UNSUPPORTED  the vAMM takes no order now (paused, market not active or expired, the oracle's price
 *                     too far off, too uncertain or too old, too much lost since the last funding), or it is
 *                     not known (Drift; a price half off the hour's average; a State that tells the length of
 *                     a slot: it is of a newer program, which was not run)
 *   EK_E_RANGE        a worst price or size of nothing, or a market in a state that the program refuses
 *   EK_E_OVERFLOW     sums beyond 2^60, or a root of base times quote beyond 1.2e16: not worked out */
ek_err ek_depth_within(const ek_book *b, uint16_t perp_index, uint8_t direction, int64_t worst_price_e6,
                       uint64_t want_base_e9, ek_depth *out);

#endif
