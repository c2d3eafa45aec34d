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
static ek_ledger ledger;
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
                                .max_loss_day_e6 = 1000 * (uint64_t)USD,
                                .move = {20000, 100000, 250000},
                                .fill_timeout_s = 30,
                                .speed = 1,
                                .machines = 1,
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

static ek_policy_facts facts;
static uint32_t check(void) {
    return ek_policy_check(&p, &ledger, message, len, &claim, oracle, sizeof oracle, &facts);
}
static void refused(uint32_t reason) {
    CHECK_EQ(check(), reason);
    begin();
}

static void one_that_may(void) {
    begin();
    CHECK_EQ(check(), EK_REFUSE_NOTHING);
    CHECK_EQ(facts.notional_e6, 300 * (uint64_t)USD);
    CHECK(facts.price_e6 == 150000000 && facts.loss.worst_e6 == 149500000 && facts.loss.sells == 1);
    CHECK(facts.loss.base_e9 == 2 * (uint64_t)SOL && facts.loss.lamports == 8000 && facts.max_ts == 0);
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

/* A take may come after updates of the interest of what is borrowed; nothing else may come before an
 * order. */
static void with_interest(const ek_ix *before) {
    uint8_t limit[5];
    ek_ix take;
    CHECK_EQ(ek_ix_place_and_take(&b, &own, &o, 1, EK_TAKE_ALL, &take), EK_OK);
    ek_cb_set_limit(units, limit);
    const ek_instruction list[] = {{EK_COMPUTE_BUDGET_PROGRAM, NULL, 0, limit, 5}, ek_ix_view(before),
                                   ek_ix_view(&take)};
    CHECK_EQ(ek_message_compile(0, &own, &blockhash, list, 3, message, sizeof message, &len), EK_OK);
}

static void interest_before_an_order(void) {
    ek_ix ix;
    begin();
    b.spots[1].vault = (ek_key){{0x55}};
    CHECK_EQ(ek_ix_update_interest(&b, 1, &ix), EK_OK);
    with_interest(&ix);
    CHECK_EQ(check(), EK_REFUSE_NOTHING);
    ix.data[0] ^= 1; /* another instruction of the venue's */
    with_interest(&ix);
    refused(EK_REFUSE_INSTRUCTION);
    b.spots[1].vault = (ek_key){{0x55}};
    CHECK_EQ(ek_ix_update_interest(&b, 1, &ix), EK_OK);
    ix.metas[3].key = b.user_address; /* names the account */
    with_interest(&ix);
    refused(EK_REFUSE_INSTRUCTION);
    b.spots[1].vault = (ek_key){{0x55}};
    CHECK_EQ(ek_ix_update_interest(&b, 1, &ix), EK_OK);
    ix.metas[3].key = own; /* names the payer */
    with_interest(&ix);
    refused(EK_REFUSE_INSTRUCTION);
    b.spots[1].vault = (ek_key){{0x55}};
    CHECK_EQ(ek_ix_update_interest(&b, 1, &ix), EK_OK);
    ix.n_metas = 3;
    with_interest(&ix);
    refused(EK_REFUSE_INSTRUCTION);
    CHECK_EQ(ek_ix_update_interest(&b, 1, &ix), EK_OK);
    compile(&ix); /* alone */
    refused(EK_REFUSE_INSTRUCTION);
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
    refused(EK_REFUSE_CLAIM);
    ek_set_u64(oracle + 8, 0);
    refused(EK_REFUSE_ORACLE);
    oracle[0] ^= 1;
    refused(EK_REFUSE_ORACLE);
}

/* A limit whose rest is gone with the transaction, and nothing else. */
static void a_part(void) {
    ek_ix ix;
    for (int wrong = 0; wrong < 5; wrong++) {
        begin();
        o.order_type = wrong == 1 ? EK_ORDER_MARKET : EK_ORDER_LIMIT;
        o.bit_flags = wrong == 1 || wrong == 2 ? 0 : EK_BIT_IOC;
        o.has_max_ts = wrong == 3;
        o.max_ts = claim.max_ts = wrong == 3 ? NOW + 30 : 0;
        claim.kind = EK_KIND_TAKE_PART;
        CHECK_EQ(ek_ix_place_and_take(&b, &own, &o, wrong != 4, EK_TAKE_SOME, &ix), EK_OK);
        compile(&ix);
        CHECK_EQ(check(), wrong == 0 ? EK_REFUSE_NOTHING : wrong == 4 ? EK_REFUSE_CLAIM
                                                                      : EK_REFUSE_SHAPE);
    }
    begin();
    o.order_type = EK_ORDER_LIMIT;
    o.bit_flags = EK_BIT_IOC;
    o.price_e6 = 149249999; /* half a percent is 149.25 */
    claim.worst_price_e6 = 149249999;
    claim.kind = EK_KIND_TAKE_PART;
    CHECK_EQ(ek_ix_place_and_take(&b, &own, &o, 1, EK_TAKE_SOME, &ix), EK_OK);
    compile(&ix);
    refused(EK_REFUSE_PRICE);
}

static void cancel(uint8_t id) {
    ek_ix ix;
    CHECK_EQ(ek_ix_cancel_own(&b, &own, 0, id, &ix), EK_OK);
    compile(&ix);
    claim = (ek_policy_claim){.kind = EK_KIND_CANCEL, .user_order_id = id};
}

static void a_cancel(void) {
    ek_ix ix;
    begin();
    cancel(217);
    CHECK_EQ(check(), EK_REFUSE_NOTHING);
    CHECK(facts.notional_e6 == 0 && facts.loss.base_e9 == 0 && facts.loss.lamports == 8000);
    claim.user_order_id = 218;
    CHECK_EQ(check(), EK_REFUSE_CLAIM);
    cancel(199); /* somebody else's */
    CHECK_EQ(check(), EK_REFUSE_ORDER_ID);
    CHECK_EQ(ek_ix_cancel_order(&b, &own, 0, 1, 17, &ix), EK_OK);
    compile(&ix);
    CHECK_EQ(check(), EK_REFUSE_INSTRUCTION); /* by the venue's number: whose it is cannot be seen */
}

static int64_t wait_s;
static ek_ledger_clock at(int64_t unix_s) {
    return (ek_ledger_clock){.unix_s = unix_s, .boot_s = unix_s - NOW + 1000, .boot_id = {1}};
}
static uint32_t decide(int64_t now) {
    ek_ledger_clock clock = at(now);
    return ek_policy_decide(&p, &ledger, &clock, message, len, &claim, oracle, sizeof oracle, &wait_s);
}
static uint32_t show(int64_t now, int64_t price_e6) {
    ek_ledger_clock clock = at(now);
    ek_policy_price price = {.oracle_source = EK_ORACLE_LAZER};
    memcpy(price.oracle, SOL_ORACLE.bytes, 32);
    ek_set_u64(oracle + 8, (uint64_t)price_e6 * 100);
    return ek_policy_show(&p, &ledger, &clock, &price, oracle, sizeof oracle, &wait_s);
}

static void counters(void) {
    begin();
    for (int i = 0; i < 3; i++) CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK(ek_rolling_sum(&ledger.orders) == 3 && ledger.signed_total == 3);
    CHECK_EQ(ek_rolling_sum(&ledger.notional), 900 * (uint64_t)USD);
    CHECK_TEXT(ledger.pins[0].name, "SOL-PERP");
    CHECK_BYTES(ledger.pins[0].oracle, SOL_ORACLE.bytes, 32);
    CHECK_EQ(decide(NOW), EK_REFUSE_DAILY);          /* 1,200 of 1,000 $ */
    CHECK_EQ(ledger.refusals, 0);                    /* that is no sign of an attack */
    CHECK(wait_s > 86400 - 3600 && wait_s <= 86400 + 3600);
    p.limits.max_notional_day_e6 *= 10;
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK_EQ(decide(NOW), EK_REFUSE_HOURLY);
    CHECK(wait_s > 3600 - 150 && wait_s <= 3600 + 150);
    int64_t passed = wait_s;
    CHECK_EQ(decide(NOW - 86400), EK_REFUSE_HOURLY); /* a clock that went back opens nothing */
    CHECK_EQ(decide(NOW + passed - 1), EK_REFUSE_HOURLY);
    CHECK_EQ(decide(NOW + passed), EK_REFUSE_NOTHING);
    CHECK_EQ(ek_rolling_sum(&ledger.orders), 1);
    CHECK_EQ(ek_rolling_sum(&ledger.notional), 1500 * (uint64_t)USD);
    CHECK_EQ(decide(NOW + 90001), EK_REFUSE_NOTHING); /* the first four are past, the fifth is not */
    CHECK_EQ(ek_rolling_sum(&ledger.notional), 600 * (uint64_t)USD);
}

/* 2 SOL sold at 149.5 with 150 shown: 1 $, the highest fee of 300 $ and 8000 lamports of 150 $. */
static void the_loss_of_a_day(void) {
    begin();
    uint64_t fee = 405000, lamports = 1200, one = USD + fee + lamports;
    p.limits.max_loss_day_e6 = 2 * one + 1;
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK_EQ(ek_rolling_sum(&ledger.loss), one);
    CHECK(ledger.limit_e6 == 2 * one + 1 && ledger.limit_from == EK_LIMIT_CONFIG);
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK_EQ(decide(NOW), EK_REFUSE_LOSS);
    CHECK(wait_s > 86400 - 3600 && wait_s <= 90000 && ledger.refusals == 0);
    CHECK_EQ(ek_rolling_sum(&ledger.loss), 2 * one); /* what was refused does not count */
    CHECK_EQ(ledger.signed_total, 2);
    CHECK_EQ(decide(NOW + wait_s), EK_REFUSE_NOTHING);
    /* Reducing is counted and never refused. */
    o.reduce_only = claim.reduce_only = 1;
    build();
    for (int i = 0; i < 10; i++) CHECK_EQ(decide(NOW + wait_s), EK_REFUSE_NOTHING);
    CHECK_EQ(ek_rolling_sum(&ledger.loss), 11 * one);
    cancel(217);
    CHECK_EQ(decide(NOW + wait_s), EK_REFUSE_HOURLY); /* a cancel has its lamports counted, and is refused */
    p.limits.max_orders_hour = 100;
    CHECK_EQ(decide(NOW + wait_s), EK_REFUSE_LOSS);
    begin();
    p.limits.max_loss_day_e6 = one - 1;
    CHECK_EQ(decide(NOW), EK_REFUSE_LOSS);
    CHECK_EQ(wait_s, -1); /* never: it alone is too much */
}

/* The most adverse price of the day: a sale after the price fell counts against where it was. */
static void against_the_worst_price_of_the_day(void) {
    begin();
    CHECK_EQ(show(NOW - 7200, 153000000), EK_REFUSE_NOTHING);
    CHECK_EQ(show(NOW, 150000000), EK_REFUSE_NOTHING);
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    /* 2 x (153 - 149.5), the fee of 306 $, 8000 lamports of 153 $ */
    CHECK_EQ(ek_rolling_sum(&ledger.loss), 7000000u + 413100u + 1224u);
    CHECK_EQ(show(NOW + 86400 + 3600, 150000000), EK_REFUSE_NOTHING);
    uint64_t before = ek_rolling_sum(&ledger.loss);
    CHECK_EQ(decide(NOW + 86400 + 3600), EK_REFUSE_NOTHING);
    CHECK_EQ(ek_rolling_sum(&ledger.loss) - before, (uint64_t)USD + 405000u + 1200u);
}

static void auto_comes_from_the_first_request(void) {
    begin();
    p.limits.max_loss_day_e6 = 0;
    claim.equity_e6 = 3000 * (uint64_t)USD;
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK(ledger.limit_e6 == 30 * (uint64_t)USD && ledger.limit_from == EK_LIMIT_AUTO);
    claim.equity_e6 = 1000000 * (uint64_t)USD; /* and from no other */
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK_EQ(ledger.limit_e6, 30 * (uint64_t)USD);
    begin();
    p.limits.max_loss_day_e6 = 0;
    p.limits.machines = 2;
    claim.equity_e6 = 100 * (uint64_t)USD;
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK_EQ(ledger.limit_e6, 5 * (uint64_t)USD); /* half of the least */
}

/* A price that is shown before the account is valued settles nothing. */
static void auto_waits_for_an_equity(void) {
    begin();
    p.limits.max_loss_day_e6 = 0;
    CHECK_EQ(show(NOW, 150000000), EK_REFUSE_NOTHING);
    CHECK_EQ(ledger.limit_from, EK_LIMIT_UNSET);
    ek_set_u64(oracle + 8, 15000000000);
    claim.equity_e6 = 5000 * (uint64_t)USD;
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    CHECK(ledger.limit_e6 == 50 * (uint64_t)USD && ledger.limit_from == EK_LIMIT_AUTO);
}

static void a_price_moves_as_a_market_does(void) {
    begin();
    CHECK_EQ(show(NOW, 150000000), EK_REFUSE_NOTHING);
    CHECK_EQ(show(NOW + 60, 153000001), EK_REFUSE_MOVE);
    CHECK(wait_s > 0 && wait_s <= 120 && ledger.refusals == 0);
    CHECK_EQ(show(NOW + 60, 153000000), EK_REFUSE_NOTHING);
    CHECK_EQ(show(NOW + 61, 156060000), EK_REFUSE_MOVE); /* 2 % from it, 4 % from a minute ago */
    /* A percent a minute: 10 % of an hour ago is the end of it. */
    int64_t price = 153000000, now = NOW + 60;
    for (int i = 0; i < 30; i++) {
        int64_t next = price + price / 100;
        now += 60;
        if (show(now, next) == EK_REFUSE_NOTHING) price = next;
    }
    CHECK(price <= 165000000 && price > 163000000);
    CHECK_EQ(show(now + 48 * 3600, price * 5 / 4 + 1), EK_REFUSE_MOVE); /* two days of silence are no slack */
    CHECK_EQ(wait_s, -1);
    CHECK_EQ(show(now + 48 * 3600, price * 5 / 4), EK_REFUSE_NOTHING);
}

static void publish_times(void) {
    begin();
    ek_set_u64(oracle + 16, (uint64_t)(NOW + 31) * 1000000);
    CHECK_EQ(decide(NOW), EK_REFUSE_PUBLISHED);
    CHECK(wait_s == 60 && ledger.refusals == 0);
    ek_set_u64(oracle + 16, (uint64_t)(NOW + 30) * 1000000);
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    ek_set_u64(oracle + 16, (uint64_t)(NOW - 1) * 1000000);
    CHECK_EQ(decide(NOW), EK_REFUSE_PUBLISHED);
    ek_set_u64(oracle + 16, (uint64_t)NOW * 1000000);
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
    /* What a clock that was ahead accepted holds nobody up once it is right. */
    ledger.prices[0].published_s = NOW + 900000;
    ek_set_u64(oracle + 16, (uint64_t)NOW * 1000000);
    CHECK_EQ(decide(NOW), EK_REFUSE_NOTHING);
}

static void an_order_ends_soon(void) {
    ek_ix ix;
    begin();
    for (int64_t extra = 0; extra <= 1; extra++) {
        o.has_max_ts = 1;
        claim.kind = EK_KIND_PLACE;
        o.max_ts = claim.max_ts = NOW + 30 + EK_POLICY_EXPIRY_S + extra;
        CHECK_EQ(ek_ix_place(&b, &own, &o, &ix), EK_OK);
        compile(&ix);
        CHECK_EQ(decide(NOW), extra ? EK_REFUSE_EXPIRY : EK_REFUSE_NOTHING);
    }
    CHECK_EQ(ledger.refusals, 0);
}

/* The price fell or rose by a fifth in a moment. A short is bought back at once when it fell; when it rose,
 * the price is believed after the time that such a move takes. */
static void reducing_after_a_gap(void) {
    begin();
    CHECK_EQ(show(NOW, 150000000), EK_REFUSE_NOTHING);
    o.direction = claim.direction = EK_BUY;
    o.reduce_only = claim.reduce_only = 1;
    o.price_e6 = 120600000;
    claim.worst_price_e6 = 120600000;
    ek_set_u64(oracle + 8, 12000000000);
    b.user.n_perps = 0; /* its direction is the program's affair */
    build();
    CHECK_EQ(decide(NOW + 5), EK_REFUSE_NOTHING);
    CHECK_EQ(ledger.prices[0].last_e6, 150000000); /* the memory did not take it */
    o.reduce_only = claim.reduce_only = 0;
    build();
    CHECK_EQ(decide(NOW + 5), EK_REFUSE_MOVE);
    o.reduce_only = claim.reduce_only = 1;
    o.price_e6 = 180900000;
    claim.worst_price_e6 = 180900000;
    ek_set_u64(oracle + 8, 18000000000);
    build();
    CHECK_EQ(decide(NOW + 5), EK_REFUSE_MOVE);
    CHECK(wait_s > 3600 && wait_s <= 7200);
    CHECK_EQ(decide(NOW + 5 + wait_s), EK_REFUSE_NOTHING);
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
    l.move.hour_ppm = l.move.minute_ppm - 1;
    CHECK_EQ(ek_policy_init(&p, &l, &own), EK_E_RANGE);
    l = limits;
    l.machines = 0;
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
    for (uint32_t r = 0; r <= EK_REFUSE_LAST + 1; r++)
        CHECK(ek_policy_reason(r) != NULL && ek_policy_reason(r)[0] != 0);
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    RUN(one_that_may);
    RUN(form);
    RUN(budget);
    RUN(accounts);
    RUN(interest_before_an_order);
    RUN(the_claim);
    RUN(the_order);
    RUN(a_part);
    RUN(a_cancel);
    RUN(counters);
    RUN(the_loss_of_a_day);
    RUN(against_the_worst_price_of_the_day);
    RUN(auto_comes_from_the_first_request);
    RUN(auto_waits_for_an_equity);
    RUN(a_price_moves_as_a_market_does);
    RUN(publish_times);
    RUN(an_order_ends_soon);
    RUN(reducing_after_a_gap);
    RUN(a_market_stays_what_it_was);
    RUN(ten_refusals_in_a_row);
    RUN(limits_that_allow_nothing);
    return check_end();
}
