/* ek_loss.h - what an order can lose at worst, as the signer counts it.
 *
 * The signer assumes that the agent lies to it about the price. So an order is held against the most adverse
 * price that was accepted in the last 24 hours (a sale: the highest; a purchase: the lowest), all of it is
 * taken to fill at its worst price, at the venue's highest fee, and its lamports are added at the highest
 * price of SOL that was accepted. A cancel has its lamports only. Rounded up. Pure. */
#ifndef EK_LOSS_H
#define EK_LOSS_H
#include "base/ek_types.h"
#include "signer/ek_ledger.h"

typedef struct {
    uint64_t base_e9; /* 0: a cancel */
    int64_t worst_e6; /* the price it may get at worst */
    uint8_t sells;
    uint32_t fee_ppm;  /* the venue's highest taker fee */
    uint64_t lamports; /* of its transaction */
} ek_loss_order;

enum { EK_LOSS_SOL_UNKNOWN_USD = 1000 }; /* what a SOL counts as before a price of it was accepted */

/* `day`: the extremes of the order's market, the price it was shown included; sol_e6: ek_loss_sol_e6. All
 * ones when it does not fit: more than any limit. */
uint64_t ek_loss_e6(const ek_loss_order *o, const ek_price_range *day, uint64_t sol_e6);
/* The highest price of SOL-PERP accepted in the last day. */
uint64_t ek_loss_sol_e6(const ek_ledger *l);

#endif
