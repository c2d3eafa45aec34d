/* ek_cost.h - what a correction is expected to cost, and the funding rate the venue would set next. Pure
 * integers, checked.
 *
 * Funding, both venues, every funding period P (3600 s; the rate is in quote per base and period):
 *     premium = mark average - oracle average, drawn toward zero by funding_clamp_bps of the oracle average,
 *     times funding_slope
 *     rate    = clamp(premium + oracle average / K, +-oracle average / D) / 24
 * K is the venue's (3333 velocity, 5000 drift; drift has no clamp and slope 1); D is 33 for contract tiers A
 * and B, 20 for C, else 10. Checked against the velocity program: given the averages that the program itself
 * stores when it sets the rate, equal to the unit. What is not known beforehand is how these averages move
 * until then, and whether the vAMM cannot pay its side in full (long and short rates then differ). */
#ifndef EK_COST_H
#define EK_COST_H

#include "snapshot/ek_book.h"
#include "base/ek_types.h"

/* The next rate if the stored averages stay as they are, 1e-9 quote per base and period; positive: longs pay
 * shorts. chain_s: chain time; velocity takes a mark average that is older than three periods (an hour at
 * least) for the oracle's, so the rate is the fixed part alone. EK_E_RANGE: no averages. */
ek_err ek_funding_next(const ek_venue *v, const ek_perp_market *m, int64_t chain_s, int64_t *rate_e9);

typedef struct {
    uint16_t perp_index;
    uint8_t direction;            /* EK_BUY buys, EK_SELL sells */
    uint64_t size_base_e9;
    uint32_t max_slippage_ppm;    /* the order's own bound caps the estimate */
    uint64_t network_lamports;    /* base fee and priority fee at its cap */
    int64_t sol_price_e6;         /* to say them in quote; 0: not known, they are left out */
    int64_t rate_e9;              /* funding a period, see above */
    uint64_t horizon_s;           /* how long the correction is expected to stand */
} ek_cost_question;

typedef struct {
    uint64_t notional_e6;  /* at the oracle price */
    uint64_t fee_e6;       /* taker fee, by ek_taker_fee */
    uint64_t slippage_e6;  /* half the market's average spread, at most max_slippage, rounded up */
    uint64_t network_e6;   /* rounded up */
    int64_t funding_e6; /* over the horizon for this size: positive = to receive (a sale when the rate is
                           positive), truncated */
    uint64_t cost_ppm; /* (fee + slippage + network - funding) / notional, rounded up; 0 when funding pays for
                          it */
} ek_cost;

/* EK_E_MISSING: no such market or price; EK_E_RANGE: a size of no value; EK_E_OVERFLOW. */
ek_err ek_cost_expected(const ek_book *b, const ek_cost_question *q, ek_cost *out);
/* The same ratio with other parts, for a fill that was simulated: lost_e6 is fee and slippage together. */
ek_err ek_cost_ratio(uint64_t notional_e6, uint64_t lost_e6, uint64_t network_e6, int64_t funding_e6,
                     uint64_t *cost_ppm);

#endif
