/* ek_ticket.h - an order on its way: journalled before it is sent, followed until it is proven what became of
 * it. */
#ifndef EK_TICKET_H
#define EK_TICKET_H

#include "base/ek_types.h"

#define EK_TICKET_TX_MAX 1232u

/* Life of a ticket. JOURNALLED: on disk, perhaps sent. LANDED: found in a block, its effect not yet read.
 * RESTING: its order is live on the venue. CANCELLING: a number kept in the format, never set (a cancel is a
 * ticket of its own). What ended is NONE again (its story is in ek_last_correction). */
enum {
    EK_TICKET_NONE = 0,
    EK_TICKET_JOURNALLED = 1,
    EK_TICKET_SENT = 2,
    EK_TICKET_LANDED = 3,
    EK_TICKET_RESTING = 4,
    EK_TICKET_CANCELLING = 5,
    EK_TICKET_STATES = 6
};
/* TAKE: filled whole at once or not at all. TAKE_PART: at once what can be had inside the worst price, the
 * rest is gone. PLACE: rests until its end. CANCEL: of an own order. SETTLE: of open profit (ek_settle.h). */
enum {
    EK_KIND_NONE = 0,
    EK_KIND_TAKE = 1,
    EK_KIND_PLACE = 2,
    EK_KIND_CANCEL = 3,
    EK_KIND_TAKE_PART = 4,
    EK_KIND_SETTLE = 5,
    EK_KINDS = 6
};
/* How a correction ended (see ek_outcome.h for the first six). EXPIRED: never landed, proven by block height.
 * FAILED: landed with an error. PAPER: booked in the paper ledger. */
enum {
    EK_OUT_NONE = 0,
    EK_OUT_NOT_PLACED = 1,
    EK_OUT_RESTING = 2,
    EK_OUT_PARTIAL_RESTING = 3,
    EK_OUT_FILLED = 4,
    EK_OUT_PARTIAL_GONE = 5,
    EK_OUT_UNFILLED_GONE = 6,
    EK_OUT_EXPIRED = 7,
    EK_OUT_FAILED = 8,
    EK_OUT_PAPER = 9,
    EK_OUTCOMES = 10
};
/* An order that was journalled before it was sent. Everything that is needed to send it again, to prove what
 * became of it, and to judge it by the book it was decided on. */
typedef struct {
    uint8_t state;      /* EK_TICKET_* */
    uint8_t kind;       /* EK_KIND_* */
    uint8_t market;     /* index into ek_record.markets */
    uint8_t action;     /* EK_ACTION_* */
    uint8_t direction;  /* EK_BUY, EK_SELL */
    uint8_t reduce_only;
    uint8_t drift_known;
    uint8_t user_order_id;
    uint8_t outcome;    /* last EK_OUT_* read for it */
    uint16_t perp_index;
    uint32_t attempts;  /* sends of these bytes */
    uint32_t next_order_id_before; /* User.next_order_id in the book it was built on */
    uint32_t target_order_id;      /* CANCEL: the order to end; RESTING: ours, once seen; 0 none */
    uint32_t tolerance_ppm;
    uint64_t size_base_e9;
    int64_t worst_price_e6;
    int64_t oracle_price_e6;       /* at the decision */
    int64_t position_before_base_e9, quote_before_e6;
    int64_t quote_entry_before_e6; /* SETTLE: what the position had settled in all */
    int64_t spot_before_base_e9, net_before_base_e9, drift_before_ppm;
    uint64_t book_slot;
    int64_t max_ts;                /* chain time at which the order dies; 0 none */
    uint64_t last_valid_block_height;
    int64_t journalled_unix_s, sent_unix_s;
    uint64_t sent_slot, landed_slot;
    uint64_t filled_base_e9;
    uint64_t fee_lamports;
    ek_key blockhash;
    uint8_t signature[64];
    uint16_t tx_len;
    uint8_t tx[EK_TICKET_TX_MAX];
} ek_ticket;

/* 1 for a kind that fills in its own transaction or never. */
int ek_kind_takes(uint8_t kind);
/* 1 for a kind that is an order: it uses an order id and can move the position. */
int ek_kind_orders(uint8_t kind);

/* Forgets the ticket and its bytes. */
void ek_ticket_clear(ek_ticket *t);

/* A fixed array comes into Swift as a tuple: these give pointers. */
uint8_t *ek_ticket_tx(ek_ticket *t);
uint8_t *ek_ticket_signature(ek_ticket *t);

/* Words for `state show` and the log; "?" for a number without one. Never NULL. */
const char *ek_ticket_state_name(uint8_t state);
const char *ek_kind_name(uint8_t kind);
const char *ek_outcome_name(uint8_t outcome);

#endif
