/* ek_verify.h - does the simulated account say what we meant? Before sending; after landing: ek_outcome.h. */
#ifndef EK_VERIFY_H
#define EK_VERIFY_H

#include "venue/ek_account.h"
#include "order/ek_ticket.h"
#include "base/ek_types.h"

/* What one transaction is meant to do to the User. */
typedef struct {
    uint8_t kind;           /* EK_KIND_* */
    uint8_t direction;      /* EK_BUY, EK_SELL */
    uint8_t reduce_only;
    uint8_t order_type;     /* the venue's number, as in the instruction (PLACE) */
    uint8_t user_order_id;
    uint16_t perp_index;
    uint32_t target_order_id; /* CANCEL: the only order that may go; 0: every order with user_order_id in the
                                 market */
    uint64_t size_base_e9;
    int64_t worst_price_e6; /* PLACE, TAKE: what the order must not be worse than; 0: no bound is checked */
    int64_t max_ts;         /* PLACE: expected on the order; 0: not checked */
    int64_t chain_unix_s; /* the Clock of the book: orders of the User past their max_ts may be dropped by any
                             place or take */
    uint16_t quote_spot_index; /* SETTLE: where the profit goes, and the market's deposit index */
    uint64_t quote_index_e10;
    int64_t oracle_price_e6; /* PLACE of an Oracle order (type 4) without a price: its end offset is added to
                                this; 0: not checked */
} ek_intent;

/* Compares the User before with the simulated User after.
 *   TAKE    base of perp_index moved by exactly size in the direction; nothing new rests; exactly one order
 *           id used
 *   TAKE_PART the same, moved by more than nothing and at most size
 *   PLACE   base unchanged; exactly one new live order: market, side, size, filled 0, reduce_only,
 *           user_order_id, max_ts, price
 *   SETTLE  base unchanged; profit moved from the position into the quote balance, and as much as left it
 *   CANCEL  base unchanged; only the named live order(s) gone; no order id used
 * and in every kind: authority, delegate, sub-account, status, margin settings, every spot balance, every
 * other perp base, every other live order (but for those already expired) are as before. Allowed to differ:
 * quote amounts, settled funding and pnl, last active slot, counters, bids and asks of the market that the
 * order is in. EK_OK, or EK_E_MISMATCH with `text` naming the first difference in words ("perp 0 base moved
 * -200000000, meant -100000000"); EK_E_RANGE for an intent that is none. text is always NUL-terminated, empty
 * on EK_OK. No cost worth naming. */
ek_err ek_verify_simulated(const ek_user *before, const ek_user *after, const ek_intent *intent,
                           char text[128]);

#endif
