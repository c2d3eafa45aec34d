/* ek_policy.h - may this message be signed? The signer's own judgement, pure: bytes, limits and counters in,
 * a reason out.
 *
 * The signer process (sys_signer.h) holds the key and trusts nobody; the agent that asks it talks to the
 * network and may be taken over. So the whole message is read here, by the core's own parser, and everything
 * that is not known is refused:
 *   form          legacy message, one signature, its payer is the signer's key; no lookup tables, no key
 *                 twice, none that is not used
 *   instructions  the compute limit (needed) and price, each at most once, their fee within max_fee_lamports;
 *                 then one of the venue: take, place
 *                 or cancel, with every byte of its data read back and encoded again
 *   accounts      State, the own User, the own UserStats, the signer, then readers: written are the payer,
 *                 User, UserStats and, in a take, the
 *                 order's own market and spot market 0; nothing else may be writable
 *   order         what the claim says, to the unit; the market, size and id allowed; a worst price within
 *                 slippage of the oracle account
 *                 shown; one of the three shapes the agent builds (no builder fee, trigger, post-only)
 *   counters      orders in an hour, notional in a day, ten refusals in a row
 * What it cannot know: whether the account bytes it is shown are the chain's (nothing in them is signed by
 * anyone).
 *
 * A market is bound on first use: a name's index, oracle and source are written down with the first order
 * that is signed and hold from then on (ek_policy_ledger). All structs here go over a socket and into a file
 * as they are: no padding, little-endian. */
#ifndef EK_POLICY_H
#define EK_POLICY_H
#include "base/ek_types.h"
#include "venue/ek_venue.h"

enum { EK_POLICY_MARKETS = 8, EK_POLICY_ORACLE_MAX = 144, EK_POLICY_REFUSALS = 10 };
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
    uint8_t reserved2[48];
    ek_policy_market markets[EK_POLICY_MARKETS];
} ek_policy_limits;

/* What the asker says the message does. 80 bytes. */
typedef struct {
    uint8_t kind;                   /* EK_KIND_TAKE, EK_KIND_PLACE, EK_KIND_CANCEL (ek_ticket.h) */
    uint8_t direction;              /* EK_BUY, EK_SELL */
    uint8_t reduce_only;
    uint8_t user_order_id;
    uint8_t market;                 /* position in the limits' markets */
    uint8_t oracle_source;          /* EK_ORACLE_* */
    uint16_t market_index;
    uint32_t target_order_id;       /* of a cancel */
    uint32_t reserved;
    uint64_t size_base_e9;
    int64_t worst_price_e6;
    int64_t max_ts;                 /* of a place */
    uint8_t oracle[32];             /* address of the account shown */
    uint64_t reserved2;
} ek_policy_claim;

/* One market as it was bound. */
typedef struct {
    char name[16];                  /* empty: not bound */
    uint8_t oracle[32];
    uint16_t market_index;
    uint8_t oracle_source, reserved[5];
} ek_policy_pin;

/* What must outlive a restart of the signer. 512 bytes. */
typedef struct {
    int64_t hour, day;              /* since 1970, of the counts below */
    uint32_t orders;                /* signed in that hour */
    uint32_t refusals;              /* in a row */
    uint64_t notional_e6;           /* signed in that day */
    uint64_t signed_total, refused_total;
    ek_policy_pin pins[EK_POLICY_MARKETS];
    uint8_t reserved[16];
} ek_policy_ledger;

/* The reasons; numbers are part of the protocol and never change. */
enum {
    EK_REFUSE_NOTHING = 0,
    EK_REFUSE_MESSAGE = 1,      /* cannot be read */
    EK_REFUSE_FORM = 2,         /* version, lookup tables, signatures, keys twice or unused */
    EK_REFUSE_PAYER = 3,
    EK_REFUSE_INSTRUCTION = 4,
    EK_REFUSE_BUDGET = 5,
    EK_REFUSE_FEE = 6,
    EK_REFUSE_ACCOUNT = 7,
    EK_REFUSE_USER = 8,         /* another account at the venue */
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
    EK_REFUSE_PROTOCOL = 20,    /* the request is not one, or the limits were given twice or never */
    EK_REFUSE_LEDGER = 21       /* the counters cannot be written down */
};
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

/* The judgement without counters: EK_REFUSE_NOTHING or the reason. *notional_e6 = size x oracle price,
 * rounded up; 0 for a cancel. Pure; about 15 us. */
uint32_t ek_policy_check(const ek_policy *p, const ek_policy_ledger *ledger, const uint8_t *message, size_t n,
                         const ek_policy_claim *claim, const uint8_t *oracle, size_t oracle_len,
                         uint64_t *notional_e6);

/* The judgement with counters; unix_s from the signer's own clock. The ledger is changed: when it says
 * NOTHING, the order is counted and its market bound; write the ledger down before signing. A reason of 17
 * and 18 does not count as a refusal in a row: it is no sign of an attack. After EK_POLICY_REFUSALS in a row
 * everything is refused (19) until the ledger is reset by ek_policy_forgive. */
uint32_t ek_policy_decide(const ek_policy *p, ek_policy_ledger *ledger, int64_t unix_s,
                          const uint8_t *message, size_t n, const ek_policy_claim *claim,
                          const uint8_t *oracle, size_t oracle_len);
/* A request that never became a message (protocol): counted like any other refusal. */
void ek_policy_count_refusal(ek_policy_ledger *ledger);
void ek_policy_forgive(ek_policy_ledger *ledger);
int ek_policy_breaker(const ek_policy_ledger *ledger);

#endif
