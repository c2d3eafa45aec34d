/* ek_order.h - order parameters and the venue's instructions.
 *
 * Every builder fills an ek_ix: program, account metas in the program's order (State, User, [UserStats],
 * signer, then oracles, spot markets, perp markets) and data. The lists are the ones the User needs and none
 * more: every market it touches, spot 0, and the order's own. They come from the book, so the book must be
 * complete (EK_E_MISSING otherwise). Deterministic: the same book gives the same bytes. Pure. Cost: about 0.5
 * us. EK_E_FULL: more than EK_IX_METAS accounts. Sources: docs/venues.md. */
#ifndef EK_ORDER_H
#define EK_ORDER_H
#include "base/ek_types.h"
#include "venue/ek_account.h"
#include "snapshot/ek_book.h"
#include "solana/ek_tx.h"

enum { EK_POST_NONE = 0, EK_POST_MUST = 1, EK_POST_TRY = 2, EK_POST_SLIDE = 3 };
enum { EK_BIT_IOC = 1, EK_BIT_HIGH_LEVERAGE = 2 /* Drift */ };

typedef struct {
    uint8_t order_type;        /* EK_ORDER_* */
    uint8_t market_type;       /* EK_PERP = 1; 0 is spot and is refused by the builders */
    uint8_t direction;         /* EK_BUY, EK_SELL */
    uint8_t user_order_id;     /* 0 = none */
    uint64_t base_e9; /* floored to the step by the program; UINT64_MAX ("as much as margin allows") is
                         refused here */
    uint64_t price_e6;         /* worst price; 0 = none */
    uint16_t market_index;
    uint8_t reduce_only, post_only, bit_flags, trigger_condition;
    uint8_t has_max_ts, has_trigger_price, has_oracle_offset, has_auction_duration, has_auction_start,
        has_auction_end;
    uint8_t has_builder, has_builder_fee;   /* Velocity only */
    int64_t max_ts;            /* unix seconds; in the past the program silently places nothing */
    uint64_t trigger_price_e6;
    int64_t oracle_offset_e6;  /* Drift: 32 bits on the wire (EK_E_OVERFLOW) */
    uint8_t auction_duration;  /* slots */
    int64_t auction_start_e6, auction_end_e6; /* prices; offsets from the oracle for EK_ORDER_ORACLE */
    uint8_t builder_index;
    uint16_t builder_fee_tenth_bps;
} ek_order_params;

enum { EK_IX_METAS = 48, EK_IX_DATA = 160 };

typedef struct {
    ek_key program;
    uint16_t n_metas, data_len;
    ek_meta metas[EK_IX_METAS];
    uint8_t data[EK_IX_DATA];
} ek_ix;

/* For ek_message_compile: a view of an ek_ix, valid as long as it is. */
ek_instruction ek_ix_view(const ek_ix *ix);

/* Zeroed parameters of a perp order. */
ek_order_params ek_order_perp(uint16_t market_index, uint8_t order_type, uint8_t direction, uint64_t base_e9);

/* The Borsh bytes of the parameters alone; EK_E_RANGE for a field the venue cannot carry. */
ek_err ek_order_encode(const ek_venue *v, const ek_order_params *o, uint8_t *out, size_t cap, size_t *len);

/* Everything that must hold before an order is signed, beyond what the venue checks; the fault says what does
 * not.
 *   perp; size not 0 and not UINT64_MAX, on the step, at least the market's minimum unless reduce-only
 *   reduce_only: against the position and not larger than it
 *   max_ts, when given, later than the book's chain time
 *   a worst price: Market and Limit by price_e6, Oracle by oracle_offset_e6 and the auction offsets; none may
 *   be worse than max_slippage_ppm of the oracle (an absolute price by mistake in an Oracle order would be an
 *   offset of +100 %)
 * EK_E_RANGE, EK_E_MISSING (market or oracle not in the book), EK_E_UNSUPPORTED (trigger orders: the agent
 * has no use for them). */
ek_err ek_order_check(const ek_book *b, const ek_order_params *o, uint32_t max_slippage_ppm, ek_fault *fault);

/* place_perp_order. EK_E_RANGE: spot market type, size 0 or UINT64_MAX, the IOC bit (the program refuses it
 * here). */
ek_err ek_ix_place(const ek_book *b, const ek_key *signer, const ek_order_params *o, ek_ix *out);

/* place_and_take_perp_order. condition: low byte 0 none, 1 at least a part, 2 everything or the transaction
 * fails; second byte percent of the auction taken as elapsed. EK_TAKE_ALL = everything at 100 %. EK_E_RANGE:
 * as above, and IOC with a Market order. */
enum { EK_TAKE_ALL = 2 | (100 << 8), EK_TAKE_SOME = 1 | (100 << 8) };
ek_err ek_ix_place_and_take(const ek_book *b, const ek_key *signer, const ek_order_params *o,
                            int has_condition, uint32_t condition, ek_ix *out);

/* cancel_order: has_id 0 = the last one placed. An id that is not open succeeds and does nothing.
 * market_index: the order's market (its accounts are added when the User has no position there); 0xFFFF =
 * none. */
ek_err ek_ix_cancel_order(const ek_book *b, const ek_key *signer, uint16_t market_index, int has_id,
                          uint32_t order_id, ek_ix *out);

/* cancel_order_by_user_id: the live order that the agent gave this id; the signer can tell it from anybody
 * else's. An id that no live order has succeeds and does nothing. */
ek_err ek_ix_cancel_own(const ek_book *b, const ek_key *signer, uint16_t market_index, uint8_t user_order_id,
                        ek_ix *out);

/* Does the venue's program take our orders? The instruction that would be sent, with a size of zero:
 * today's program reads all of it and refuses with 6059 OrderAmountTooSmall, whatever the account holds
 * (velocity: seen on the program of August 2026); one that was upgraded answers with Anchor's 101.
 * Simulate it, never send it. */
ek_err ek_ix_probe(const ek_book *b, const ek_key *signer, uint16_t market_index, ek_ix *out);

/* update_spot_market_cumulative_interest: anybody may ask for it, nobody signs. A take of an account that
 * borrows is refused (6371) while the market's interest is older than its window, so it comes before the
 * take. */
ek_err ek_ix_update_interest(const ek_book *b, uint16_t spot_index, ek_ix *out);

/* The worst acceptable price within slippage of the oracle, on the tick and never worse than the bound: a
 * sale rounds up, a purchase down. EK_E_RANGE: price <= 0, slippage >= 1000000, tick 0, or no tick between
 * the oracle and the bound. */
ek_err ek_worst_price(int64_t oracle_price_e6, uint32_t slippage_ppm, uint8_t direction, uint64_t tick_e6,
                      uint64_t *out_price_e6);

#endif
