/* ek_taker_fee.h - what the venue will take of a fill, foretold. What it took: ek_fee.h. Pure. */
#ifndef EK_TAKER_FEE_H
#define EK_TAKER_FEE_H

#include "base/ek_types.h"
#include "snapshot/ek_book.h"

/* Fee of a fill of `quote_e6` as taker, rounded up: (State's tier by 30-day volume, or by the venue's
 * promotion where that is cheaper, and the market's add-on) times the market's adjustment (negative:
 * cheaper; Drift high leverage users pay tier 0 twice). The add-on and the promotion were read in the
 * source of a newer program; the one of August 2026 ignores both fields, which are 0 there. Both venues
 * choose the tier by the maker and taker volume as it is stored: it decays when it is written, not when it
 * is read (velocity: seen on the program of August 2026). Discounts for staking (Drift) and referral are
 * not counted, so the fee is never too low. EK_E_RANGE: a tier with denominator 0. */
ek_err ek_taker_fee(const ek_book *b, uint16_t perp_index, uint64_t quote_e6, uint64_t *fee_e6);

#endif
