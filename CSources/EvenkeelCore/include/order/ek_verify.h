/* ek_verify.h - does the account say what we meant? Before sending (the simulated User) and after landing (the real one). */
#ifndef EK_VERIFY_H
#define EK_VERIFY_H

#include "venue/ek_account.h"
#include "store/ek_record.h"
#include "base/ek_types.h"

/* What one transaction is meant to do to the User. */
typedef struct {
    uint8_t kind;           /* EK_KIND_* */
    uint8_t direction;      /* EK_BUY, EK_SELL */
    uint8_t reduce_only;
    uint8_t order_type;     /* the venue's number, as in the instruction (PLACE) */
    uint8_t user_order_id;
    uint16_t perp_index;
    uint32_t target_order_id; /* CANCEL: the only order that may go; 0: every order with user_order_id in the market */
    uint64_t size_base_e9;
    int64_t worst_price_e6; /* PLACE, TAKE: what the order must not be worse than; 0: no bound is checked */
    int64_t max_ts;         /* PLACE: expected on the order; 0: not checked */
    int64_t chain_unix_s;   /* the Clock of the book: orders of the User past their max_ts may be dropped by any place or take */
    int64_t oracle_price_e6; /* PLACE of an Oracle order (type 4) without a price: its end offset is added to this; 0: not checked */
} ek_intent;

/* Compares the User before with the simulated User after.
 *   TAKE    base of perp_index moved by exactly size in the direction; nothing new rests; exactly one order id used
 *   PLACE   base unchanged; exactly one new live order: market, side, size, filled 0, reduce_only, user_order_id, max_ts, price
 *   CANCEL  base unchanged; only the named live order(s) gone; no order id used
 * and in every kind: authority, delegate, sub-account, status, margin settings, every spot balance, every other perp base,
 * every other live order (but for those already expired) are as before. Allowed to differ: quote amounts, settled funding and
 * pnl, last active slot, counters, bids and asks of the market that the order is in.
 * EK_OK, or EK_E_MISMATCH with `text` naming the first difference in words ("perp 0 base moved -200000000, meant -100000000");
 * EK_E_RANGE for an intent that is none. text is always NUL-terminated, empty on EK_OK. No cost worth naming. */
ek_err ek_verify_simulated(const ek_user *before, const ek_user *after, const ek_intent *intent, char text[128]);

/* Where the money figure of an outcome comes from. */
enum { EK_QUOTE_NONE = 0, EK_QUOTE_ORDER = 1 /* our order's quote_filled: exact */,
       EK_QUOTE_ENTRY = 2 /* change of quote_entry: exact while nothing else traded */,
       EK_QUOTE_NET = 3 /* change of quote: includes fee and settled funding */ };

typedef struct {
    uint8_t outcome;        /* EK_OUT_NOT_PLACED, RESTING, PARTIAL_RESTING, FILLED, PARTIAL_GONE, UNFILLED_GONE */
    uint8_t found;          /* our order's entry was there to be read */
    uint8_t expired_entry;  /* it still reads live but its max_ts has passed: it can no longer fill; a cancel frees its room */
    uint8_t quote_source;   /* EK_QUOTE_* */
    uint32_t order_id;      /* of our order; 0 when not found */
    uint64_t filled_base_e9;
    uint64_t quote_e6;      /* paid or received for the fill, unsigned */
    int64_t price_e6;       /* quote / filled; 0 when nothing filled or not known */
    int64_t foreign_base_e9;/* part of the position's move that is not ours (someone else's order, a liquidation) */
} ek_outcome;

/* What became of a ticket whose transaction landed without an error, from the User now.
 * Our order is the entry with order_id >= ticket.next_order_id_before (and below User.next_order_id), the ticket's
 * user_order_id, market, side and size: dead entries keep their old bytes, so nothing less identifies it. For a CANCEL ticket it
 * is the entry with target_order_id.
 * Without an entry: an unmoved next_order_id proves NOT_PLACED; otherwise (the slot was reused) the position tells, and a move
 * that this order cannot have made is EK_E_MISMATCH.
 * Dead without a cancel: a live entry whose max_ts is before chain_unix_s counts as gone (expired_entry 1): no fill is valid
 * after it. chain_unix_s is the Clock read with this User.
 * Not for a transaction that is not known to have landed: then NOT_PLACED may turn into FILLED later. */
ek_err ek_outcome_of(const ek_ticket *ticket, const ek_user *now, int64_t chain_unix_s, ek_outcome *out);

#endif
