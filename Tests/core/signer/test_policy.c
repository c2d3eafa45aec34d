/* May this message be signed? One that may, and then each thing changed that may not be. */
#include "check.h"
#include "base/ek_bytes.h"
#include "order/ek_order.h"
#include "order/ek_ticket.h"
#include "signer/ek_policy.h"
#include "sol_book.h"
#include "solana/ek_crypto.h"

static ek_book b;
static ek_key own, blockhash = {{0xBB}};
static ek_policy p;
static ek_policy_ledger ledger;
static ek_policy_limits limits;
static ek_policy_claim claim;
static ek_order_params o;
static uint8_t oracle[48], message[EK_TX_MAX];
static size_t len;
static uint32_t units;
static uint64_t unit_price;

static const int64_t NOW = 1800000000;

static void compile(const ek_ix *ix) {
    uint8_t limit[5], price[9];
    ek_cb_set_limit(units, limit);
    ek_cb_set_price(unit_price, price);
    const ek_instruction list[] = {{EK_COMPUTE_BUDGET_PROGRAM, NULL, 0, limit, 5},
                                   {EK_COMPUTE_BUDGET_PROGRAM, NULL, 0, price, 9},
                                   ek_ix_view(ix)};
    CHECK_EQ(ek_message_compile(0, &own, &blockhash, list, 3, message, sizeof message, &len), EK_OK);
}
static void build(void) {
    ek_ix ix;
    CHECK_EQ(ek_ix_place_and_take(&b, &own, &o, 1, EK_TAKE_ALL, &ix), EK_OK);
    compile(&ix);
}

/* Sell 2 SOL at 149.5 or better, SOL at 150. */
static void begin(void) {
    static uint8_t secret[64];
    uint8_t seed[32] = {8}, hash[32];
    ek_ed25519_from_seed(seed, &own, secret);
    sol_book(&b);
    limits = (ek_policy_limits){.venue = "velocity",
                                .sub_account = 3,
                                .n_markets = 1,
                                .max_slippage_ppm = 5000,
                                .max_fee_lamports = 9000,
                                .max_notional_day_e6 = 1000 * (uint64_t)USD,
                                .max_orders_hour = 4,
                                .max_compute_units = 400000,
                                .markets = {{"SOL-PERP", 5 * (uint64_t)SOL}}};
    CHECK_EQ(ek_policy_init(&p, &limits, &own), EK_OK);
    b.state_address = p.state;
    b.user_address = p.user;
    b.user_stats_address = p.user_stats;
    b.spots[0].address = p.quote_market;
    CHECK_EQ(ek_venue_address(b.venue, EK_ADDR_SPOT_MARKET, NULL, 1, &b.spots[1].address), EK_OK);
    CHECK_EQ(ek_venue_address(b.venue, EK_ADDR_PERP_MARKET, NULL, 0, &b.perps[0].address), EK_OK);
    o = ek_order_perp(0, EK_ORDER_MARKET, EK_SELL, 2 * (uint64_t)SOL);
    o.price_e6 = 149500000;
    o.user_order_id = 201;
    claim = (ek_policy_claim){.kind = EK_KIND_TAKE,
                              .direction = EK_SELL,
                              .user_order_id = 201,
                              .oracle_source = EK_ORACLE_LAZER,
                              .size_base_e9 = 2 * (uint64_t)SOL,
                              .worst_price_e6 = 149500000};
    memcpy(claim.oracle, SOL_ORACLE.bytes, 32);
    ek_sha256("account:PythLazerOracle", 23, hash);
    memset(oracle, 0, sizeof oracle);
    memcpy(oracle, hash, 8);
    ek_set_u64(oracle + 8, 15000000000);                       /* price, 1e-8 */
    ek_set_u32(oracle + 32, (uint32_t)-8);
    units = 300000;
    unit_price = 10000;                                        /* 5000 + 3000 lamports */
    memset(&ledger, 0, sizeof ledger);
    build();
}

static uint32_t check(void) {
    uint64_t notional = 7;
    return ek_policy_check(&p, &ledger, message, len, &claim, oracle, sizeof oracle, &notional);
}
static void refused(uint32_t reason) {
    CHECK_EQ(check(), reason);
    begin();
}

static void one_that_may(void) {
    uint64_t notional = 0;
    begin();
    CHECK_EQ(ek_policy_check(&p, &ledger, message, len, &claim, oracle, sizeof oracle, &notional),
             EK_REFUSE_NOTHING);
    CHECK_EQ(notional, 300 * (uint64_t)USD);
    CHECK_EQ(ledger.signed_total, 0); /* nothing is counted here */
}

static void form(void) {
    begin();
    len--;
    refused(EK_REFUSE_MESSAGE);
    message[4 + 5] ^= 1; /* the payer's key */
    refused(EK_REFUSE_PAYER);
    ek_key other = {{1}};
    const ek_meta one_more[] = {{own, 1, 1}, {other, 1, 0}};
    ek_instruction ix = {*ek_venue_program(b.venue), one_more, 2, (const uint8_t *)"12345678", 8};
    CHECK_EQ(ek_message_compile(0, &own, &blockhash, &ix, 1, message, sizeof message, &len), EK_OK);
    refused(EK_REFUSE_FORM); /* two signatures */
    CHECK_EQ(ek_message_compile(1, &own, &blockhash, &ix, 1, message, sizeof message, &len), EK_OK);
    refused(EK_REFUSE_FORM); /* another version */
    ix = (ek_instruction){EK_SYSTEM_PROGRAM, one_more, 1, (const uint8_t *)"\2\0\0\0\1\0\0\0\0\0\0\0", 12};
    CHECK_EQ(ek_message_compile(0, &own, &blockhash, &ix, 1, message, sizeof message, &len), EK_OK);
    refused(EK_REFUSE_INSTRUCTION); /* a transfer */
}

static void budget(void) {
    begin();
    units = 400001;
    build();
    refused(EK_REFUSE_BUDGET);
    unit_price = 13334; /* 4000.2 lamports, and 5000 */
    build();
    refused(EK_REFUSE_FEE);
    unit_price = 13333;
    build();
    CHECK_EQ(check(), EK_REFUSE_NOTHING);
}

static void accounts(void) {
    begin();
    b.state_address.bytes[0] ^= 1;
    build();
    refused(EK_REFUSE_ACCOUNT);
    b.user_address.bytes[0] ^= 1;
    build();
    refused(EK_REFUSE_USER);
    b.user_stats_address.bytes[0] ^= 1;
    build();
    refused(EK_REFUSE_USER);
    b.perps[0].address.bytes[0] ^= 1; /* a market of another name would be written */
    build();
    refused(EK_REFUSE_ACCOUNT);
    b.perps[0].oracle.bytes[5] ^= 1; /* the account shown is not among the order's */
    b.spots[1].oracle = b.perps[0].oracle;
    build();
    refused(EK_REFUSE_ORACLE);
}

static void the_claim(void) {
    begin();
    claim.direction = EK_BUY;
    refused(EK_REFUSE_CLAIM);
    claim.size_base_e9--;
    refused(EK_REFUSE_CLAIM);
    claim.worst_price_e6++;
    refused(EK_REFUSE_CLAIM);
    claim.reduce_only = 1;
    refused(EK_REFUSE_CLAIM);
    claim.user_order_id++;
    refused(EK_REFUSE_CLAIM);
    claim.max_ts = 5;
    refused(EK_REFUSE_CLAIM);
    claim.kind = EK_KIND_PLACE;
    refused(EK_REFUSE_CLAIM);
    claim.market = 1;
    refused(EK_REFUSE_MARKET);
    claim.market_index = 1; /* then the market that the order writes is not its own */
    refused(EK_REFUSE_ACCOUNT);
    claim.oracle_source = EK_ORACLE_PYTH_PULL;
    refused(EK_REFUSE_ORACLE);
}

static void the_order(void) {
    begin();
    o.base_e9 = claim.size_base_e9 = 5 * (uint64_t)SOL + 1;
    build();
    refused(EK_REFUSE_SIZE);
    o.price_e6 = 149249999; /* half a percent is 149.25 */
    claim.worst_price_e6 = 149249999;
    build();
    refused(EK_REFUSE_PRICE);
    o.price_e6 = 149250000;
    claim.worst_price_e6 = 149250000;
    build();
    refused(EK_REFUSE_NOTHING);
    o.user_order_id = claim.user_order_id = 199;
    build();
    refused(EK_REFUSE_ORDER_ID);
    o.post_only = EK_POST_MUST;
    build();
    refused(EK_REFUSE_SHAPE);
    o.has_builder = 1; /* a fee for somebody else */
    build();
    refused(EK_REFUSE_SHAPE);
    ek_ix ix;
    CHECK_EQ(ek_ix_place_and_take(&b, &own, &o, 1, EK_TAKE_SOME, &ix), EK_OK);
    compile(&ix);
    refused(EK_REFUSE_SHAPE);
    ek_set_u64(oracle + 8, 0);
    refused(EK_REFUSE_ORACLE);
    oracle[0] ^= 1;
    refused(EK_REFUSE_ORACLE);
}

static void a_cancel(void) {
    ek_ix ix;
    begin();
    CHECK_EQ(ek_ix_cancel_order(&b, &own, 0, 1, 17, &ix), EK_OK);
    compile(&ix);
    claim = (ek_policy_claim){.kind = EK_KIND_CANCEL, .target_order_id = 17};
    CHECK_EQ(check(), EK_REFUSE_NOTHING);
    claim.target_order_id = 18;
    CHECK_EQ(check(), EK_REFUSE_CLAIM);
    CHECK_EQ(ek_ix_cancel_order(&b, &own, 0, 0, 0, &ix), EK_OK);
    compile(&ix);
    CHECK_EQ(check(), EK_REFUSE_DATA); /* the last order, whoever placed it */
}

static uint32_t decide(int64_t now) {
    return ek_policy_decide(&p, &ledger, now, message, len, &claim, oracle, sizeof oracle);
}

static void counters(void) {
    begin();
    for (int i = 0; i < 3; i++) CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK(ledger.orders == 3 && ledger.notional_e6 == 900 * (uint64_t)USD && ledger.signed_total == 3);
    CHECK_TEXT(ledger.pins[0].name, "SOL-PERP");
    CHECK_BYTES(ledger.pins[0].oracle, SOL_ORACLE.bytes, 32);
    CHECK_EQ(decide(NOW), EK_REFUSE_DAILY);          /* 1,200 of 1,000 $ */
    CHECK_EQ(ledger.refusals, 0);                    /* that is no sign of an attack */
    p.limits.max_notional_day_e6 *= 10;
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK_EQ(decide(NOW), EK_REFUSE_HOURLY);
    CHECK_EQ(decide(NOW - 86400), EK_REFUSE_HOURLY); /* a clock that went back opens nothing */
    CHECK_EQ(decide(NOW + 3600), EK_REFUSE_NOTHING);
    CHECK_EQ(ledger.orders, 1);
    CHECK_EQ(ledger.notional_e6, 1500 * (uint64_t)USD);
    CHECK_EQ(decide(NOW + 86400), EK_REFUSE_NOTHING);
    CHECK_EQ(ledger.notional_e6, 300 * (uint64_t)USD);
}

static void a_market_stays_what_it_was(void) {
    begin();
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    claim.oracle_source = EK_ORACLE_LAZER_1K;
    CHECK_EQ(decide(NOW), EK_REFUSE_ORACLE);
    claim.oracle_source = EK_ORACLE_LAZER;
    claim.market_index = 1;
    CHECK_EQ(decide(NOW), EK_REFUSE_MARKET);
    claim.market_index = 0;
    memcpy(ledger.pins[1].name, "BTC-PERP", 8);
    ledger.pins[1].market_index = 0;
    CHECK_EQ(decide(NOW), EK_REFUSE_MARKET); /* index 0 is another name's */
    CHECK_EQ(ledger.refusals, 3);
}

static void ten_refusals_in_a_row(void) {
    begin();
    claim.direction = EK_BUY;
    for (int i = 0; i < EK_POLICY_REFUSALS - 1; i++) CHECK_EQ(decide(NOW), EK_REFUSE_CLAIM);
    claim.direction = EK_SELL;
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK_EQ(ledger.refusals, 0);
    for (int i = 0; i < EK_POLICY_REFUSALS; i++) ek_policy_count_refusal(&ledger);
    CHECK(ek_policy_breaker(&ledger));
    CHECK_EQ(decide(NOW), EK_REFUSE_BREAKER);
    CHECK_EQ(ledger.refused_total, 2 * EK_POLICY_REFUSALS);
    ek_policy_forgive(&ledger);
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
}

static void limits_that_allow_nothing(void) {
    begin();
    static const ek_key nobody = {{0}};
    ek_policy_limits l = limits;
    memcpy(l.venue, "serum\0\0\0", 8);
    CHECK_EQ(ek_policy_init(&p, &l, &own), EK_E_UNSUPPORTED);
    l = limits;
    l.n_markets = 0;
    CHECK_EQ(ek_policy_init(&p, &l, &own), EK_E_RANGE);
    l.n_markets = EK_POLICY_MARKETS + 1;
    CHECK_EQ(ek_policy_init(&p, &l, &own), EK_E_RANGE);
    l = limits;
    l.max_slippage_ppm = 200001;
    CHECK_EQ(ek_policy_init(&p, &l, &own), EK_E_RANGE);
    l = limits;
    l.max_orders_hour = 0;
    CHECK_EQ(ek_policy_init(&p, &l, &own), EK_E_RANGE);
    l = limits;
    l.n_markets = 2;
    l.markets[1] = l.markets[0];
    CHECK_EQ(ek_policy_init(&p, &l, &own), EK_E_RANGE); /* one name twice */
    l = limits;
    memset(l.authority, 0x55, 32);
    CHECK_EQ(ek_policy_init(&p, &l, &own), EK_OK);
    ek_key user, authority = {{0}};
    memset(authority.bytes, 0x55, 32);
    CHECK_EQ(ek_venue_address(ek_venue_at(0), EK_ADDR_USER, &authority, 3, &user), EK_OK);
    /* a delegate signs for another's account */
    CHECK(ek_key_equal(&p.user, &user) && !ek_key_equal(&p.user, &nobody));
    for (uint32_t r = 0; r <= EK_REFUSE_LEDGER + 1; r++)
        CHECK(ek_policy_reason(r) != NULL && ek_policy_reason(r)[0] != 0);
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    RUN(one_that_may);
    RUN(form);
    RUN(budget);
    RUN(accounts);
    RUN(the_claim);
    RUN(the_order);
    RUN(a_cancel);
    RUN(counters);
    RUN(a_market_stays_what_it_was);
    RUN(ten_refusals_in_a_row);
    RUN(limits_that_allow_nothing);
    return check_end();
}
