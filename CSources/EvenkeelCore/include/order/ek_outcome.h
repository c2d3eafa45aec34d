/* ek_outcome.h - what became of an order that landed, read from the account. */
#ifndef EK_OUTCOME_H
#define EK_OUTCOME_H

#include "base/ek_types.h"
#include "order/ek_ticket.h"
#include "venue/ek_account.h"

/* Where the money figure of an outcome comes from. */
enum { EK_QUOTE_NONE = 0, EK_QUOTE_ORDER = 1 /* our order's quote_filled: exact */,
       EK_QUOTE_ENTRY = 2 /* change of quote_entry: exact while nothing else traded */,
       EK_QUOTE_NET = 3 /* change of quote: includes fee and settled funding */ };

typedef struct {
    uint8_t outcome; /* EK_OUT_NOT_PLACED, RESTING, PARTIAL_RESTING, FILLED, PARTIAL_GONE, UNFILLED_GONE */
    uint8_t found;          /* our order's entry was there to be read */
    uint8_t expired_entry; /* it still reads live but its max_ts has passed: it can no longer fill; a cancel
                              frees its room */
    uint8_t quote_source;   /* EK_QUOTE_* */
    uint32_t order_id;      /* of our order; 0 when not found */
    uint64_t filled_base_e9;
    uint64_t quote_e6;      /* paid or received for the fill, unsigned */
    int64_t price_e6;       /* quote / filled; 0 when nothing filled or not known */
    int64_t foreign_base_e9; /* part of the position's move that is not ours (someone else's order, a
                                liquidation) */
} ek_outcome;

/* A SETTLE ticket: FILLED with the money that was moved in quote_e6 once the position's settled pnl is
 * another one than before, whoever asked for it; NOT_PLACED while it is not.
 * What became of a ticket whose transaction landed without an error, from the User now.
 * Our order is the entry with order_id >= ticket.next_order_id_before (and below User.next_order_id), the
 * ticket's user_order_id, market, side and size: dead entries keep their old bytes, so nothing less
 * identifies it. For a CANCEL ticket it is the entry with target_order_id. Without an entry: an unmoved
 * next_order_id proves NOT_PLACED; otherwise (the slot was reused) the position tells, and a move that this
 * order cannot have made is EK_E_MISMATCH. Dead without a cancel: a live entry whose max_ts is before
 * chain_unix_s counts as gone (expired_entry 1): no fill is valid after it. chain_unix_s is the Clock read
 * with this User. Not for a transaction that is not known to have landed: then NOT_PLACED may turn into
 * FILLED later. */
ek_err ek_outcome_of(const ek_ticket *ticket, const ek_user *now, int64_t chain_unix_s, ek_outcome *out);

#endif
