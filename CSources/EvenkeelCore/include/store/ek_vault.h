/* ek_vault.h - what became of the book's money: the change of its equity split by cause, in integers that
 * always add up.
 *
 * The book's equity is the venue account's (assets + unrealised pnl with funding - liabilities) plus the legs
 * outside the venue at the spot price. Between two books, 0 before and 1 after:
 *
 *   flows    net deposits the venue counted (User total_deposits - total_withdraws) + for each market the
 *            change of its legs outside times the spot price of book 1 (what goes from the wallet to the
 *            venue cancels out)
 *   funding  settled (User cumulative_perp_funding) and unsettled, in quote
 *   fees     taker fees (UserStats total_fee_paid); negative
 *   slippage what fills cost or gained against the oracle price they were decided at (ek_vault_filled), in
 *            the interval in which the perp's position shows them
 *   network  network fees where the payer's balance is itself a leg; negative
 *   delta    (spot0 + perp0) x (S1 - S0): what the book's exposure made of the price
 *   basis    perp0 x ((P1 - P0) - (S1 - S0)): perp price against spot price; and, in the market whose perp
 *            changed, everything else of that interval: the price's way between decision and fill, fills of
 *            others
 *   interest what the balances of book 0 earned (deposits) and paid (borrows) by the venue's index, at the
 *            price of book 1 (ek_interest.h)
 *   yield    what a leg earned by itself; nothing is counted there yet
 *   other    the rest: the quote coin's price, positions that are not hedged, rounding
 *
 * where S and P are the spot's and the perp's oracle prices. A sum is never off: `other` is what the parts
 * leave. All parts count from the start, whose equity is the first flow, so
 *
 *   equity = funding + fees + slippage + network + basis + delta + interest + yield + flows + other
 *
 * holds at any time and the difference of two moments splits the time between them. Pure; every product is
 * checked in 128 bits. */
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
    int64_t basis_e6, delta_e6, slippage_e6;
    int64_t slippage_due_e6; /* of fills that no book has shown yet */
} ek_vault_market;

/* The account's readings in a book. */
typedef struct {
    int64_t equity_e6;
    int64_t funding_mark_e6;  /* settled + unsettled, as the account counts it */
    int64_t fees_mark_e6;     /* paid so far, network fees that came out of a leg included */
    int64_t network_mark_e6;  /* those network fees alone */
    int64_t deposits_mark_e6; /* deposits - withdrawals the venue counted */
    int64_t interest_e6, yield_e6; /* earned since the last book */
} ek_vault_book;

enum { EK_VAULT_BALANCES = 8 }; /* a User's spot positions */
typedef struct {
    uint16_t market_index;
    uint8_t balance_type;       /* EK_DEPOSIT, EK_BORROW */
    uint64_t scaled_balance_e9; /* 0: no balance */
    int64_t amount;             /* in the token's smallest unit, a borrow negative */
} ek_vault_balance;

typedef struct {
    uint8_t known;
    uint8_t mode;            /* EK_MODE_* of the books: paper and live are two histories */
    int64_t unix_s, start_unix_s;
    ek_vault_book book;      /* the last one */
    int64_t flows_e6, funding_e6, fees_e6, network_e6, interest_e6, yield_e6;
    ek_vault_balance balances[EK_VAULT_BALANCES];
    int64_t balances_unix_s; /* of which book they are: the last one, or they say nothing */
} ek_vault;

/* The parts for people, in the order they are shown: `other` is equity minus the rest. */
enum { EK_VAULT_PARTS = 10 };
enum { EK_VAULT_PART_FLOWS = 8 };
typedef struct {
    int64_t unix_s, equity_e6;
    int64_t funding_e6, fees_e6, slippage_e6, network_e6, basis_e6, delta_e6, interest_e6, yield_e6, flows_e6,
        other_e6;
} ek_vault_split;

/* A fill, known before the book that shows it: what it cost or gained against the oracle price of its
 * decision. It is booked when the market's perp changes, so that the books on both sides of a fill may come
 * late. Beyond 64 bits nothing is booked. */
void ek_vault_filled(ek_vault_market *m, int selling, uint64_t base_e9, uint64_t quote_e6,
                     int64_t oracle_price_e6);
/* Takes the next book. markets[i] is the i-th market's part, legs[i] its legs now; n at most 8. The first
 * book, one of another mode, and one whose arithmetic would leave 64 bits begin anew: the whole change is a
 * flow. */
void ek_vault_take(ek_vault *v, ek_vault_market *markets, uint32_t n, uint8_t mode, int64_t unix_s,
                   const ek_vault_book *book, const ek_vault_leg *legs);
/* Where it stands. */
void ek_vault_now(const ek_vault *v, const ek_vault_market *markets, uint32_t n, ek_vault_split *out);
/* now - then, part by part; EK_E_OVERFLOW. out->unix_s: the seconds between. */
ek_err ek_vault_between(const ek_vault_split *then, const ek_vault_split *now, ek_vault_split *out);
/* Sets `other` to what the parts leave of the equity, modulo 2^64. */
void ek_vault_rest(ek_vault_split *s);
/* Part i of EK_VAULT_PARTS, and its name: "funding". 0 and NULL past the last. */
int64_t ek_vault_part(const ek_vault_split *s, uint32_t i);
const char *ek_vault_part_name(uint32_t i);

#endif
