/* ek_vault.h - what became of the book's money: the change of its equity split by cause, in integers that
 * always add up.
 *
 * The book's equity is the venue account's (assets + unrealised pnl with funding - liabilities) plus the legs
 * outside the venue at the spot price. Between two books, 0 before and 1 after:
 *
 *   flows    net deposits the venue counted (User total_deposits - total_withdraws) + for each market the
 *            change of its legs outside
 *            times the spot price of book 1 (what goes from the wallet to the venue cancels out)
 *   funding  settled (User cumulative_perp_funding) and unsettled, in quote
 *   fees     taker fees (UserStats total_fee_paid), and network fees where the payer's balance is itself a
 *            leg; negative
 *   delta    (spot0 + perp0) x (S1 - S0): what the book's exposure made of the price
 *   basis    perp0 x ((P1 - P0) - (S1 - S0)): perp price against spot price; and, in the market whose perp
 *            changed, what a fill cost
 *            or gained against the oracle: everything else of that interval
 *   other    the rest: interest, the quote coin's price, positions that are not hedged, rounding
 *
 * where S and P are the spot's and the perp's oracle prices. A sum is never off: `other` is what the parts
 * leave. All parts count from the
 * start, whose equity is the first flow, so  equity = flows + funding + fees + basis + delta + other  holds
 *                                            at any time and the
 * difference of two moments splits the time between them. Pure; every product is checked in 128 bits. */
#ifndef EK_VAULT_H
#define EK_VAULT_H

#include "base/ek_types.h"

/* One market's legs in a book. */
typedef struct {
    int64_t spot_base_e9;    /* all its legs */
    int64_t outside_base_e9; /* those of them that do not lie at the venue */
    int64_t perp_base_e9;
    int64_t spot_price_e6, perp_price_e6;
} ek_vault_leg;

/* One market's part of the split, since the start. */
typedef struct {
    ek_vault_leg leg;        /* of the last book */
    int64_t basis_e6, delta_e6;
} ek_vault_market;

/* The account's readings in a book. */
typedef struct {
    int64_t equity_e6;
    int64_t funding_mark_e6;  /* settled + unsettled, as the account counts it */
    int64_t fees_mark_e6;     /* paid so far, network fees that came out of a leg included */
    int64_t network_mark_e6;  /* those network fees alone */
    int64_t deposits_mark_e6; /* deposits - withdrawals the venue counted */
} ek_vault_book;

typedef struct {
    uint8_t known;
    uint8_t mode;            /* EK_MODE_* of the books: paper and live are two histories */
    int64_t unix_s, start_unix_s;
    ek_vault_book book;      /* the last one */
    int64_t flows_e6, funding_e6, fees_e6;
} ek_vault;

/* The six parts for people: `other` is equity minus the five. */
typedef struct {
    int64_t unix_s, equity_e6, flows_e6, funding_e6, fees_e6, basis_e6, delta_e6, other_e6;
} ek_vault_split;

/* Takes the next book. markets[i] is the i-th market's part, legs[i] its legs now; n at most 8. The first
 * book, one of another mode, and one whose arithmetic would leave 64 bits begin anew: the whole change is a
 * flow. */
void ek_vault_take(ek_vault *v, ek_vault_market *markets, uint32_t n, uint8_t mode, int64_t unix_s,
                   const ek_vault_book *book, const ek_vault_leg *legs);
/* Where it stands. */
void ek_vault_now(const ek_vault *v, const ek_vault_market *markets, uint32_t n, ek_vault_split *out);
/* now - then, part by part; EK_E_OVERFLOW. out->unix_s: the seconds between. */
ek_err ek_vault_between(const ek_vault_split *then, const ek_vault_split *now, ek_vault_split *out);

#endif
