/* ek_margin.h - exact margin: the two totals the program itself would compute, to the unit.
 *
 * Initial with strict = 1 is what the program tests when it admits an order that can grow the position;
 * Maintenance with strict = 1 when the order only shrinks it; Maintenance with strict = 0 is liquidation and
 * health. Strict prices take the worse of the oracle and the spot market's stored 5-minute TWAP. All the
 * account's positions count, not only the hedged ones; open orders count at their worst case.
 *
 * All in 1e-6 USD. Every step is a checked 128-bit operation: EK_E_OVERFLOW where the program would fail with
 * MathError. EK_E_MISSING: a market or oracle the account touches is not in the book. EK_E_UNSUPPORTED:
 * something no version of this program has proven to value rightly (isolated position, pool other than 0,
 * unknown oracle source, Drift high leverage, Velocity market in settlement): the account is then
 * observe-only. EK_E_RANGE: an oracle price of 0 or below. The fault names it.
 *
 * Pure. Cost: about 2 us for two spot and one perp position.
 * Sources: docs/venues.md; checked against 200 + 150 + 23 totals printed by the real programs. */
#ifndef EK_MARGIN_H
#define EK_MARGIN_H
#include "base/ek_types.h"
#include "venue/ek_account.h"
#include "snapshot/ek_book.h"

enum { EK_INITIAL = 0, EK_MAINTENANCE = 1 };

typedef struct {
    ek_i128 total_collateral_e6, requirement_e6;  /* weighted; the test is total >= requirement */
    ek_i128 assets_e6,
        liabilities_e6; /* unweighted spot value at the plain oracle, without open orders; liabilities >= 0 */
    ek_i128 perp_pnl_e6; /* unrealised pnl of all perps incl. unsettled funding, unweighted, in USD */
    ek_i128 unsettled_funding_e6; /* part of it that is not yet in quote_e6; positive = to receive (quote
                                     units) */
    ek_i128 perp_notional_e6;                     /* sum of |base| * oracle (USD), open orders not counted */
    ek_i128 worst_notional_e6; /* sum of the perps' worst-case notional (open orders counted), as the
                                  requirement uses it */
} ek_margin;

ek_err ek_margin_calc(const ek_book *b, int type, int strict, ek_margin *out, ek_fault *fault);

/* total - requirement, saturated to the int64 range (signed free collateral for EK_INITIAL strict). */
int64_t ek_margin_free_e6(const ek_margin *m);

/* Health in basis points: 0 when flagged as bankrupt, 10000 when nothing is required and collateral is not
 * negative, else (collateral - requirement) / collateral, rounded toward zero, within 0..10000. The flag of a
 * liquidation does not count: it stays until the venue looks at the account again. m: Maintenance, plain. */
uint32_t ek_health_bp(const ek_user *u, const ek_margin *m);

/* Leverage in 1e-4 (14200 = 1.42x): perp notional at the oracle price / (assets + perp pnl - liabilities),
 * rounded up (a limit is never passed by rounding). EK_E_RANGE: equity <= 0 with a position open (infinite).
 * UINT32_MAX when it would not fit. 0 without positions. */
ek_err ek_leverage_of(ek_i128 notional_e6, ek_i128 equity_e6, uint32_t *leverage_e4);
/* The whole account's after the base of one perp market has moved by delta at the oracle price. */
ek_err ek_leverage_after(const ek_book *b, uint16_t perp_index, int64_t delta_base_e9, uint32_t *leverage_e4,
                         ek_fault *fault);

/* Health in basis points after the base of one perp market has moved by delta at the oracle price, without a
 * fee. EK_E_FULL: no room for another position. */
ek_err ek_health_after(const ek_book *b, uint16_t perp_index, int64_t delta_base_e9, uint32_t *health_bp,
                       ek_fault *fault);

/* Liquidation prices of one perp: the first price above and below the current one at which maintenance
 * collateral (plain) falls under the requirement, by exact search in steps of 1e-6 USD. The oracle of the
 * perp moves; every market with the same oracle account moves with it, and the spot market `spot_index`
 * (0xFFFF: none) in proportion when it has another one. 0 = none up to 1000 times the price / down to 1e-6.
 * When the account is below the line already both are the current price. Cost: about 15 margin
 * calculations. */
typedef struct {
    int64_t up_e6, down_e6;
    int64_t price_e6; /* the one that matters: up for a short, down for a long; the other one when that is
                         none; 0 none */
} ek_liq_price;
ek_err ek_liquidation_price(const ek_book *b, uint16_t perp_index, uint16_t spot_index, ek_liq_price *out,
                            ek_fault *fault);

/* Unsettled funding of one position in 1e-6 quote, positive = to receive. */
ek_err ek_unsettled_funding(const ek_perp_position *p, const ek_perp_market *m, int64_t *out_e6);
/* Unrealised pnl of one position at a price, funding included, unweighted, in quote units. */
ek_err ek_perp_pnl(const ek_perp_position *p, const ek_perp_market *m, int64_t price_e6, ek_i128 *out_e6);

#endif
