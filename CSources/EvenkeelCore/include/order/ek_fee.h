/* ek_fee.h - what a correction really paid the venue, read from the User account alone.
 *
 * UserStats adds up the fees of all of an authority's sub-accounts, so it cannot say whose they were. The
 * position can: between the book of the decision and the book after the end of the order its quote moved by
 *
 *     quote of the fill (+ sold, - bought)  -  fee  +  funding settled  -  pnl settled
 *
 * and every other term is in the account: the fill's quote in the order's own entry (or in quote_entry),
 * funding in the User's cumulative_perp_funding, settled pnl in the position. What a keeper takes for
 * clearing an expired order away is in the fee. */
#ifndef EK_FEE_H
#define EK_FEE_H

#include "venue/ek_account.h"
#include "order/ek_ticket.h"
#include "base/ek_types.h"
#include "order/ek_outcome.h"

/* What settling had done to the account at the time of the ticket's own book. Kept in memory: a ticket found
 * in a state file has none. */
typedef struct {
    uint8_t known;
    uint8_t n;                 /* the other perp positions */
    uint16_t market[EK_MAX_PERPS];
    int64_t funding_index_e9[EK_MAX_PERPS]; /* their last_cumulative_funding: it moves when their funding is
                                               settled */
    int64_t settled_funding_e6; /* User cumulative_perp_funding */
    int64_t settled_pnl_e6;     /* of the position itself */
} ek_fee_mark;

void ek_fee_mark_of(const ek_user *u, uint16_t perp_index, ek_fee_mark *out);

/* The fee of the ticket whose end is `o`, in 1e-6 quote; negative is a rebate. `now` is the User that `o` was
 * read from. before->known 0: nothing is taken to have been settled meanwhile; the caller must check the
 * figure against what the venue charges. EK_E_MISSING when it cannot be told: somebody else traded on the
 * position, the fill's quote is not in the account, the position is gone, or another position's funding was
 * settled too. EK_E_OVERFLOW. Pure. */
ek_err ek_fee_paid(const ek_ticket *t, const ek_outcome *o, const ek_fee_mark *before, const ek_user *now,
                   int64_t *fee_e6);

#endif
