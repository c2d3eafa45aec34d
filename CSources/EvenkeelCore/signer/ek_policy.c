/* The judgement of ek_policy.h about one message: limits, and what ties the parts together. The message is
 * read in ek_policy_read.c, memory and counters are in ek_policy_decide.c. */
#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "base/ek_fixed.h"
#include "order/ek_ticket.h"
#include "venue/ek_account.h"
#include "ek_policy_parts.h"
#include "ek_policy_read.h"
#include "../venue/ek_venue_table.h"

EK_SMALL_BEGIN

_Static_assert(sizeof(ek_policy_market) == 24, "the limits go over a socket as they are");
_Static_assert(sizeof(ek_policy_limits) == 320, "the limits go over a socket as they are");
_Static_assert(sizeof(ek_policy_claim) == 80, "the claim goes over a socket as it is");
_Static_assert(sizeof(ek_policy_price) == 48, "the price goes over a socket as it is");
_Static_assert((int)EK_POLICY_MARKETS == (int)EK_LEDGER_MARKETS, "a place for every market");

const char *ek_policy_reason(uint32_t reason) {
    static const char *const WORDS[] = {
        "nothing is wrong",
        "the message cannot be read",
        "not a legacy message with one signature, or it lists a key twice or for no instruction",
        "the fee payer is not the signer's key",
        "an instruction other than compute budget, take, place, cancel or settle_pnl of the venue",
        "compute budget missing, doubled or malformed",
        "the fee would be over max_priority_fee_lamports",
        "an account that has no place in this instruction, or is writable without need",
        "not the configured account at the venue",
        "the instruction's data is not an order this program writes",
        "the message does not do what the request claims",
        "the market is not configured, or has another index than when it was first traded",
        "the size is zero or over max_trade_size",
        "the oracle account is not the market's, or cannot be read",
        "the worst price is past max_slippage_pct of the oracle",
        "the order has a form this agent never sends",
        "the order id is outside of 200 to 254",
        "max_orders_per_hour is used up",
        "max_notional_per_day is used up",
        "ten refusals in a row: everything is refused until the agent is restarted",
        "the request is not one of the protocol",
        "the signer's counters cannot be written",
        "max_loss_usd_per_day is used up: the worst case of this order is more than what is left of it",
        "the price moved further than max_price_move_pct since the last one",
        "the price's publish time is in the future or older than the last one's",
        "the order would end too long after fill_timeout_seconds by the signer's clock",
        "the request is of another version of the protocol than EKS2",
    };
    return reason < sizeof WORDS / sizeof WORDS[0] ? WORDS[reason] : "unknown reason";
}

static int is_text(const char text[16]) {
    size_t n = 0;
    while (n < 16 && text[n] > ' ' && text[n] < 127) n++;
    if (n == 0 || n == 16) return 0;
    for (size_t i = n; i < 16; i++)
        if (text[i] != 0) return 0;
    return 1;
}

static int move_ok(const ek_price_move *m) {
    return m->minute_ppm > 0 && m->minute_ppm <= m->hour_ppm && m->hour_ppm <= m->total_ppm
           && m->total_ppm <= 1000000;
}

ek_err ek_policy_init(ek_policy *p, const ek_policy_limits *limits, const ek_key *own) {
    memset(p, 0, sizeof *p);
    p->limits = *limits;
    p->own = *own;
    if (!is_text(limits->venue)) return EK_E_RANGE;
    p->venue = ek_venue_by_name(limits->venue, strlen(limits->venue));
    if (p->venue == NULL) return EK_E_UNSUPPORTED;
    if (limits->n_markets == 0 || limits->n_markets > EK_POLICY_MARKETS || limits->max_slippage_ppm == 0
        || limits->max_slippage_ppm > 200000 || limits->max_orders_hour == 0 || limits->max_compute_units == 0
        || limits->speed == 0 || limits->speed > 1000000 || limits->machines == 0
        || limits->fill_timeout_s > 86400 || !move_ok(&limits->move))
        return EK_E_RANGE;
    for (uint32_t i = 0; i < limits->n_markets; i++) {
        const ek_policy_market *m = &limits->markets[i];
        if (!is_text(m->name) || m->max_trade_base_e9 == 0 || m->max_trade_base_e9 > INT64_MAX)
            return EK_E_RANGE;
        for (uint32_t j = 0; j < i; j++)
            if (memcmp(limits->markets[j].name, m->name, 16) == 0) return EK_E_RANGE;
    }
    ek_key authority = ek_get_key(limits->authority);
    if (ek_key_is_zero(&authority)) authority = *own;
    ek_err err = ek_venue_address(p->venue, EK_ADDR_STATE, NULL, 0, &p->state);
    if (err == EK_OK)
        err = ek_venue_address(p->venue, EK_ADDR_USER, &authority, limits->sub_account, &p->user);
    if (err == EK_OK) err = ek_venue_address(p->venue, EK_ADDR_USER_STATS, &authority, 0, &p->user_stats);
    if (err == EK_OK) err = ek_venue_address(p->venue, EK_ADDR_SPOT_MARKET, NULL, 0, &p->quote_market);
    return err;
}

/* The market is configured, and is what its name was bound to. Neither its index nor its oracle may belong to
 * another name. */
uint32_t ek_policy_market_fault(const ek_policy *p, const ek_ledger *ledger, const ek_policy_claim *c) {
    if (c->market >= p->limits.n_markets) return EK_REFUSE_MARKET;
    int at = ek_ledger_pin_of(ledger, p->limits.markets[c->market].name);
    for (int i = 0; i < EK_LEDGER_MARKETS; i++) {
        const ek_ledger_pin *other = &ledger->pins[i];
        if (i != at && other->name[0] != 0 && other->market_index == c->market_index) return EK_REFUSE_MARKET;
    }
    if (at < 0) return EK_REFUSE_NOTHING;
    const ek_ledger_pin *pin = &ledger->pins[at];
    if (pin->market_index != c->market_index) return EK_REFUSE_MARKET;
    /* Only an order shows an oracle. */
    if (ek_kind_orders(c->kind)
        && (memcmp(pin->oracle, c->oracle, 32) != 0 || pin->oracle_source != c->oracle_source))
        return EK_REFUSE_ORACLE;
    return EK_REFUSE_NOTHING;
}

/* The price that the order may get at worst, from its own bytes; 0 when it has none. */
static int64_t worst_price(const ek_order_params *o, int64_t oracle_e6) {
    int64_t price = 0;
    if (o->order_type != EK_ORDER_ORACLE) return o->price_e6 <= INT64_MAX ? (int64_t)o->price_e6 : 0;
    return ek_add_i64(oracle_e6, o->oracle_offset_e6, &price) == EK_OK ? price : 0;
}

static uint32_t price_fault(const ek_policy *p, const ek_order_params *o, const ek_policy_claim *c,
                            int64_t oracle_e6) {
    int64_t bound, worst = worst_price(o, oracle_e6), ppm = p->limits.max_slippage_ppm;
    ek_err err = o->direction == EK_SELL ? ek_mul_div_ceil_i64(oracle_e6, 1000000 - ppm, 1000000, &bound)
                                          : ek_mul_div_floor_i64(oracle_e6, 1000000 + ppm, 1000000, &bound);
    if (err != EK_OK) return EK_REFUSE_ORACLE;
    if (worst <= 0 || worst != c->worst_price_e6) return worst <= 0 ? EK_REFUSE_PRICE : EK_REFUSE_CLAIM;
    if (o->direction == EK_SELL ? worst < bound : worst > bound) return EK_REFUSE_PRICE;
    return EK_REFUSE_NOTHING;
}

/* The shapes the agent builds (Sources/Execute/Draft.swift); a field more or less is refused. */
static int known_shape(const ek_order_params *o, uint8_t kind, const ek_venue *v) {
    int part = kind == EK_KIND_TAKE_PART;
    if (o->market_type != EK_PERP || o->post_only != 0 || o->bit_flags != (part ? EK_BIT_IOC : 0)
        || o->trigger_condition != 0 || o->has_trigger_price || o->has_builder || o->has_builder_fee)
        return 0;
    if (ek_kind_takes(kind))
        return ek_venue_can_take(v) && o->order_type == (part ? EK_ORDER_LIMIT : EK_ORDER_MARKET)
               && !o->has_max_ts
               && !o->has_oracle_offset && !o->has_auction_duration && !o->has_auction_start
               && !o->has_auction_end;
    if (!o->has_max_ts || o->max_ts <= 0) return 0;
    if (o->order_type == EK_ORDER_MARKET)
        return !o->has_oracle_offset && !o->has_auction_duration && !o->has_auction_start
               && !o->has_auction_end;
    return o->order_type == EK_ORDER_ORACLE && o->price_e6 == 0 && o->has_oracle_offset
           && o->has_auction_duration && o->has_auction_start &&
           /* from the oracle to the bound */
           o->has_auction_end && o->auction_start_e6 == 0 && o->auction_end_e6 == o->oracle_offset_e6;
}

static int own_id(uint8_t id) { return id >= EK_OWN_ORDER_FIRST && id <= EK_OWN_ORDER_LAST; }

static uint32_t order_fault(const ek_policy *p, const ek_policy_message *m, const ek_policy_claim *c,
                            const uint8_t *oracle, size_t oracle_len, ek_policy_facts *facts) {
    const ek_order_params *o = &m->order;
    ek_oracle price;
    if (!known_shape(o, m->kind, p->venue)) return EK_REFUSE_SHAPE;
    if (m->kind == EK_KIND_TAKE && !(m->has_condition && m->condition == EK_TAKE_ALL)) return EK_REFUSE_SHAPE;
    if (o->direction > EK_SELL || o->direction != c->direction || o->reduce_only != c->reduce_only
        || o->user_order_id != c->user_order_id || o->base_e9 != c->size_base_e9
        || o->market_index != c->market_index || (o->has_max_ts ? o->max_ts : 0) != c->max_ts)
        return EK_REFUSE_CLAIM;
    if (!own_id(o->user_order_id)) return EK_REFUSE_ORDER_ID;
    if (o->base_e9 == 0 || o->base_e9 > p->limits.markets[c->market].max_trade_base_e9) return EK_REFUSE_SIZE;
    /* The program itself refuses an order whose market's oracle is not among its accounts; so the one shown
     * must be one of them. */
    if (!m->names_oracle) return EK_REFUSE_ORACLE;
    uint32_t fault = ek_policy_oracle(p, c->oracle_source, oracle, oracle_len, &price);
    if (fault == EK_REFUSE_NOTHING) fault = price_fault(p, o, c, price.price_e6);
    if (fault != EK_REFUSE_NOTHING) return fault;
    facts->price_e6 = price.price_e6;
    facts->published_s = price.publish_time_s;
    facts->reduce_only = o->reduce_only;
    facts->max_ts = c->max_ts;
    facts->loss.base_e9 = o->base_e9;
    facts->loss.worst_e6 = c->worst_price_e6;
    facts->loss.sells = o->direction == EK_SELL;
    return ek_mul_div_ceil_u64(o->base_e9, (uint64_t)price.price_e6, 1000000000, &facts->notional_e6) == EK_OK
               ? EK_REFUSE_NOTHING
               : EK_REFUSE_SIZE;
}

uint32_t ek_policy_oracle(const ek_policy *p, uint8_t source, const uint8_t *bytes, size_t n,
                          ek_oracle *price) {
    if (n == 0 || n > EK_POLICY_ORACLE_MAX || ek_decode_oracle(p->venue, source, bytes, n, price) != EK_OK
        || price->price_e6 <= 0)
        return EK_REFUSE_ORACLE;
    return EK_REFUSE_NOTHING;
}

uint32_t ek_policy_check(const ek_policy *p, const ek_ledger *ledger, const uint8_t *message, size_t n,
                         const ek_policy_claim *claim, const uint8_t *oracle, size_t oracle_len,
                         ek_policy_facts *facts) {
    ek_policy_message m;
    EK_ASSERT(p->venue != NULL && p->limits.n_markets <= EK_POLICY_MARKETS);
    memset(facts, 0, sizeof *facts);
    uint32_t fault = ek_policy_market_fault(p, ledger, claim);
    if (fault != EK_REFUSE_NOTHING) return fault;
    fault = ek_policy_read(p, message, n, claim, &m);
    if (fault != EK_REFUSE_NOTHING) return fault;
    if (m.kind != claim->kind) return EK_REFUSE_CLAIM;
    facts->loss.lamports = m.lamports;
    facts->loss.fee_ppm = p->venue->highest_fee_ppm;
    if (ek_kind_orders(m.kind)) return order_fault(p, &m, claim, oracle, oracle_len, facts);
    if (m.kind == EK_KIND_SETTLE)
        return m.order.market_index == claim->market_index ? EK_REFUSE_NOTHING : EK_REFUSE_CLAIM;
    if (m.user_order_id != claim->user_order_id) return EK_REFUSE_CLAIM;
    return own_id(m.user_order_id) ? EK_REFUSE_NOTHING : EK_REFUSE_ORDER_ID;
}

EK_SMALL_END
