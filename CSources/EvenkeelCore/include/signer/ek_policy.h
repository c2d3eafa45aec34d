/* ek_policy.h - may this message be signed? The signer's own judgement, pure: bytes, limits and counters in,
 * a reason out.
 *
 * The signer process (sys_signer.h) holds the key and trusts nobody; the agent that asks it talks to the
 * network and may be taken over. So the whole message is read here, by the core's own parser, and everything
 * that is not known is refused:
 *   form          legacy message, one signature, its payer is the signer's key; no lookup tables, no key
 *                 twice, none that is not used
 *   instructions  the compute limit (needed) and price, each at most once, their fee within max_fee_lamports;
 *                 then one of the venue: take, place, cancel (by the agent's own id) or settle_pnl, with
 *                 every byte of its data read back and encoded again
 *   accounts      State, the own User, the own UserStats, the signer, then readers: written are the payer,
 *                 User, UserStats and, in a take or a settlement, the order's own market and spot market 0;
 *                 nothing else may be writable
 *   order         what the claim says, to the unit; the market, size and id allowed; a worst price within
 *                 slippage of the oracle account
 *                 shown; one of the four shapes the agent builds (no builder fee, trigger, post-only); an
 *                 end soon after fill_timeout_s
 *   price         published not long before the last one and not in the future, and no further from the
 *                 prices before than a market moves (ek_price_memory.h)
 *   counters      orders in an hour, notional and worst case of the loss (ek_loss.h) in a day, ten refusals
 *                 in a row
 * What it cannot know: whether the account bytes it is shown are the chain's (nothing in them is signed by
 * anyone). So what it believes of a price is bounded, and what it signs is counted at its worst.
 *
 * An order that only reduces is counted, but never refused for a limit of the hour, of the day or of the
 * loss: the program clamps it to the position. And a price beyond the memory does not hold it up where that
 * price is the better one for it.
 *
 * A market is bound on first use: a name's index, oracle and source are written down with the first price
 * that is accepted and hold from then on (ek_ledger.h). All structs here go over a socket and into a file as
 * they are: no padding, little-endian. */
#ifndef EK_POLICY_H
#define EK_POLICY_H
#include "base/ek_types.h"
#include "signer/ek_ledger.h"
#include "signer/ek_loss.h"
#include "venue/ek_venue.h"

enum { EK_POLICY_MARKETS = 8, EK_POLICY_ORACLE_MAX = 144, EK_POLICY_REFUSALS = 10 };
/* Seconds: how far a publish time may be past the signer's clock and behind the last one; how long after its
 * fill timeout an order may end. */
enum { EK_POLICY_PUBLISH_S = 30,
       EK_POLICY_EXPIRY_S = 120 };
enum { EK_OWN_ORDER_FIRST = 200, EK_OWN_ORDER_LAST = 254 };  /* user_order_id of the agent's orders */

typedef struct {
    char name[16];                  /* "SOL-PERP", NUL-padded */
    uint64_t max_trade_base_e9;
} ek_policy_market;

/* What the user's config allows; given once, before the first request. 320 bytes. */
typedef struct {
    char venue[16];                 /* "velocity", NUL-padded */
    uint8_t authority[32];          /* zero: the signer's own key */
    uint16_t sub_account;
    uint8_t n_markets, reserved;
    uint32_t max_slippage_ppm;
    uint64_t max_fee_lamports;      /* of one transaction, signature included */
    uint64_t max_notional_day_e6;
    uint32_t max_orders_hour;
    uint32_t max_compute_units;
    uint64_t max_loss_day_e6; /* 0: auto, a hundredth of the equity in the first request */
    ek_price_move move;
    uint32_t fill_timeout_s;
    /* An agent in accelerated time (the demo): its wall clock was start_unix_ms at start_mono_ms of the
     * monotonic clock and runs `speed` times as fast. speed 1: the machine's own clocks, the starts are 0. */
    uint32_t speed;
    uint32_t machines; /* that share the loss limit; 1 */
    int64_t start_unix_ms, start_mono_ms;
    ek_policy_market markets[EK_POLICY_MARKETS];
} ek_policy_limits;

/* What the asker says the message does. 80 bytes. */
typedef struct {
    uint8_t kind;                   /* EK_KIND_* of ek_ticket.h */
    uint8_t direction;              /* EK_BUY, EK_SELL */
    uint8_t reduce_only;
    uint8_t user_order_id;
    uint8_t market;                 /* position in the limits' markets */
    uint8_t oracle_source;          /* EK_ORACLE_* */
    uint16_t market_index;
    uint64_t reserved;
    uint64_t size_base_e9;
    int64_t worst_price_e6;
    int64_t max_ts;                 /* of a place */
    uint8_t oracle[32];             /* address of the account shown */
    uint64_t equity_e6;             /* of the account, 0: not known; only ever used by `auto` */
} ek_policy_claim;

/* A price that is shown without an order. 48 bytes. */
typedef struct {
    uint8_t market, oracle_source; /* as in a claim */
    uint16_t market_index;
    uint32_t reserved;
    uint64_t equity_e6;
    uint8_t oracle[32];
} ek_policy_price;

/* The reasons; numbers are part of the protocol and never change. */
enum {
    EK_REFUSE_NOTHING = 0,
    EK_REFUSE_MESSAGE = 1, /* cannot be read */
    EK_REFUSE_FORM = 2,    /* version, lookup tables, signatures, keys twice or unused */
    EK_REFUSE_PAYER = 3,
    EK_REFUSE_INSTRUCTION = 4,
    EK_REFUSE_BUDGET = 5,
    EK_REFUSE_FEE = 6,
    EK_REFUSE_ACCOUNT = 7,
    EK_REFUSE_USER = 8, /* another account at the venue */
    EK_REFUSE_DATA = 9,
    EK_REFUSE_CLAIM = 10,
    EK_REFUSE_MARKET = 11,
    EK_REFUSE_SIZE = 12,
    EK_REFUSE_ORACLE = 13,
    EK_REFUSE_PRICE = 14,
    EK_REFUSE_SHAPE = 15,
    EK_REFUSE_ORDER_ID = 16,
    EK_REFUSE_HOURLY = 17,
    EK_REFUSE_DAILY = 18,
    EK_REFUSE_BREAKER = 19,
    EK_REFUSE_PROTOCOL = 20, /* the request is not one, or the limits were given twice or never */
    EK_REFUSE_LEDGER = 21,   /* the counters cannot be written down */
    EK_REFUSE_LOSS = 22,
    EK_REFUSE_MOVE = 23,      /* the price is too far from the ones before */
    EK_REFUSE_PUBLISHED = 24, /* its publish time cannot be */
    EK_REFUSE_EXPIRY = 25,    /* the order ends too late by the signer's clock */
    EK_REFUSE_VERSION = 26    /* the request is of another version of the protocol */
};
enum { EK_REFUSE_LAST = EK_REFUSE_VERSION };
/* "worst price past max_slippage_pct of the oracle"; never NULL. */
const char *ek_policy_reason(uint32_t reason);

/* Limits made ready: addresses computed once. */
typedef struct {
    ek_policy_limits limits;
    const ek_venue *venue;
    ek_key own, state, user, user_stats, quote_market;
} ek_policy;

/* EK_E_RANGE for limits that allow nothing or are malformed, EK_E_UNSUPPORTED for an unknown venue.
 * ek_crypto_init first. */
ek_err ek_policy_init(ek_policy *p, const ek_policy_limits *limits, const ek_key *own);

/* What a message that may be signed would do. */
typedef struct {
    uint64_t notional_e6;          /* size x oracle price, rounded up; 0: no order */
    int64_t price_e6, published_s; /* of the oracle account shown; only an order shows one */
    uint8_t reduce_only;
    int64_t max_ts; /* 0: none */
    ek_loss_order loss;
} ek_policy_facts;

/* The judgement without counters and memory: EK_REFUSE_NOTHING or the reason. Pure; about 15 us. */
uint32_t ek_policy_check(const ek_policy *p, const ek_ledger *ledger, const uint8_t *message, size_t n,
                         const ek_policy_claim *claim, const uint8_t *oracle, size_t oracle_len,
                         ek_policy_facts *facts);

/* The whole judgement, by the signer's own clocks. The ledger is changed: when it says NOTHING, the order is
 * counted and its market bound; write the ledger down before signing. Reasons of windows, prices and clocks
 * (17, 18, 22 to 25) do not count as refusals in a row: they are no sign of an attack. *wait_s: seconds until
 * such a reason passes by itself (24, 25: until another try is worth it); -1: it does not, a person must act;
 * 0: nothing to wait for. After EK_POLICY_REFUSALS in a row everything is refused (19) until the ledger is
 * reset by ek_policy_forgive. */
uint32_t ek_policy_decide(const ek_policy *p, ek_ledger *ledger, const ek_ledger_clock *clock,
                          const uint8_t *message, size_t n, const ek_policy_claim *claim,
                          const uint8_t *oracle, size_t oracle_len, int64_t *wait_s);
/* The same for a price that is only shown, so that the memory has no gaps. */
uint32_t ek_policy_show(const ek_policy *p, ek_ledger *ledger, const ek_ledger_clock *clock,
                        const ek_policy_price *price, const uint8_t *oracle, size_t oracle_len,
                        int64_t *wait_s);
/* A number of the config is the loss limit from now on. For a start by a person. */
void ek_policy_begin(const ek_policy *p, ek_ledger *ledger);
/* A request that never became a message (protocol): counted like any other refusal. */
void ek_policy_count_refusal(ek_ledger *ledger);
void ek_policy_forgive(ek_ledger *ledger);
int ek_policy_breaker(const ek_ledger *ledger);

#endif
