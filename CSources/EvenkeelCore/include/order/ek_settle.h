/* ek_settle.h - settling: open profit becomes a deposit.
 *
 * For an order that grows a position the venue counts open profit as little or nothing, so a book in profit
 * can be too poor to hedge. settle_pnl moves a position's profit, funding with it, from the position into the
 * account's quote deposit, as far as the market's pool can pay: base, entry and equity stay as they are. The
 * delegate may ask for it. Source: docs/venues.md (tried on the program of August 2026). */
#ifndef EK_SETTLE_H
#define EK_SETTLE_H
#include "order/ek_order.h"

/* settle_pnl of the market. Accounts: State, User (written), signer, the quote market's vault, oracles, spot
 * markets (quote written), perp markets (this one written). Errors as for orders (ek_order.h). */
ek_err ek_ix_settle(const ek_book *b, const ek_key *signer, uint16_t perp_index, ek_ix *out);

/* The position's profit at the oracle's price, funding in it, in 1e-6 quote: what settling can move at most.
 * 0: there is none. `order` not NULL: *admits is 1 when the program would admit that order once all of it was
 * paid. EK_E_MISSING, EK_E_RANGE, EK_E_OVERFLOW. Pure; costs one margin with an order. */
ek_err ek_settle_expected(const ek_book *b, uint16_t perp_index, const ek_order_params *order,
                          int64_t *claim_e6, int *admits);

#endif
