/* The venue tables' own consistency, oracles by hand, and the lookups that Swift uses. Accounts in bulk are
 * in Tests/conformance. */
#include "check.h"
#include "venue/ek_venue_table.h"
#include "base/ek_bytes.h"
#include "text/ek_codec.h"
#include "solana/ek_crypto.h"
#include "base/ek_fixed.h"
#include <stdlib.h>

static void names(void) {
    CHECK(ek_venue_by_name("velocity", 8) == ek_venue_at(0)
          && ek_venue_by_name("drift", 5) == ek_venue_at(1));
    CHECK(ek_venue_by_name("drif", 4) == NULL && ek_venue_by_name("driftx", 6) == NULL
          && ek_venue_by_name("", 0) == NULL);
    CHECK_EQ(ek_venue_count(), 2);
    CHECK(ek_venue_at(2) == NULL);
    char text[45];
    ek_key_to_base58(ek_venue_program(ek_venue_at(0)), text);
    CHECK_TEXT(text, "vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P");
    ek_key_to_base58(ek_venue_program(ek_venue_at(1)), text);
    CHECK_TEXT(text, "dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH");
}

static void discriminator_is(const ek_layout *l) {
    char text[64] = "account:";
    uint8_t hash[32];
    strcat(text, l->name);
    ek_sha256(text, strlen(text), hash);
    CHECK_BYTES(hash, l->discriminator, 8);
}

/* An account of exactly the layout's length, in memory of exactly that length: the sanitizers see a read
 * past it. Every one of its bytes set, so every slot and field is read; and one byte less is refused. A
 * User is read at its exact length alone: the next one grows by widening its positions. The markets may
 * grow at their end. */
static void reads_its_length_and_no_more(const struct ek_venue *v) {
    union {
        ek_user user;
        ek_user_stats stats;
        ek_perp_market perp;
        ek_spot_market spot;
        ek_state state;
    } out;
    static const size_t SIZES[] = {sizeof(ek_user), sizeof(ek_user_stats), sizeof(ek_perp_market),
                                   sizeof(ek_spot_market), sizeof(ek_state)};
    const ek_layout *layouts[] = {&v->user.account, &v->stats, &v->perp, &v->spot, &v->state};
    for (size_t k = 0; k < 5; k++)
        for (uint8_t fill = 0; fill <= 1; fill++) {
            uint8_t *data = malloc(layouts[k]->len), *room = malloc(SIZES[k]);
            if (data == NULL || room == NULL) abort();
            memset(data, fill, layouts[k]->len);
            CHECK_EQ(layouts[k]->fields(data, room), EK_OK); /* and into a struct of exactly its size */
            memcpy(data, layouts[k]->discriminator, 8);
            for (size_t less = 0; less <= 1; less++) {
                ek_err want = !less ? EK_OK : k == 2 || k == 3 ? EK_E_SHORT : EK_E_LENGTH;
                size_t len = layouts[k]->len - less;
                CHECK_EQ(k == 0   ? ek_decode_user(v, data, len, &out.user)
                         : k == 1 ? ek_decode_user_stats(v, data, len, &out.stats)
                         : k == 2 ? ek_decode_perp_market(v, data, len, &out.perp)
                         : k == 3 ? ek_decode_spot_market(v, data, len, &out.spot)
                                  : ek_decode_state(v, data, len, &out.state),
                         want);
                if (k == 0 && !less)
                    CHECK(out.user.n_spots == 8 * fill && out.user.n_perps == 8 * fill
                          && out.user.n_live_orders == 32 * fill);
            }
            free(data);
            free(room);
        }
    static uint8_t longer[8192];
    for (size_t more = 1; more <= 63; more += 62) {
        memcpy(longer, v->user.account.discriminator, 8);
        CHECK_EQ(ek_decode_user(v, longer, v->user.account.len + more, &out.user), EK_E_LENGTH);
        memcpy(longer, v->perp.discriminator, 8);
        CHECK_EQ(ek_decode_perp_market(v, longer, v->perp.len + more, &out.perp), EK_OK);
    }
}

/* Old bytes of slots that are not in use leave no trace: equal books give equal structs. */
static void old_bytes_of_empty_slots(const struct ek_venue *v) {
    static uint8_t data[8192];
    static ek_user user, want;
    memset(data, 0, sizeof data);
    memcpy(data, v->user.account.discriminator, 8);
    CHECK_EQ(ek_decode_user(v, data, v->user.account.len, &want), EK_OK);
    for (size_t i = 0; i < 8; i++) {
        const ek_array *spots = &v->user.spots, *perps = &v->user.perps;
        data[spots->at + i * spots->stride + 32] = 7; /* market indices of positions closed long ago */
        data[perps->at + i * perps->stride + (perps->stride == 80 ? 76 : 92)] = 7;
    }
    CHECK_EQ(ek_decode_user(v, data, v->user.account.len, &user), EK_OK);
    CHECK_BYTES(&user, &want, sizeof user);
}

/* The announced User: 88 bytes a perp position, orders and tail 64 bytes later. The same book comes out. */
static void the_announced_user(void) {
    const struct ek_venue *v = &EK_VENUE_VELOCITY;
    static uint8_t today[4496], next[4560];
    static ek_user want, user;
    memset(today, 0, sizeof today);
    memset(today, 1, sizeof today);
    for (size_t i = 0; i < 8; i++) today[424 + 80 * i + 8] = (uint8_t)(i + 2); /* sizes */
    for (size_t i = 0; i < 32; i++) today[1064 + 104 * i + 80] = (uint8_t)i;  /* order ids */
    today[4456] = 99;
    memcpy(today, v->user.account.discriminator, 8);
    memcpy(next, today, 424);
    memset(next + 424, 0, 8 * 88);
    for (size_t i = 0; i < 8; i++) {
        uint8_t *to = next + 424 + 88 * i;
        const uint8_t *from = today + 424 + 80 * i;
        memcpy(to, from, 79);
        to[80] = from[79];
    }
    memcpy(next + 1128, today + 1064, sizeof today - 1064);
    CHECK_EQ(ek_decode_user(v, today, sizeof today, &want), EK_OK);
    CHECK_EQ(ek_decode_user(v, next, sizeof next, &user), EK_OK);
    CHECK(want.n_perps == 8 && want.n_live_orders == 32 && !want.unverified);
    CHECK_EQ(want.next_order_id & 255, 99);
    CHECK_EQ(user.unverified, 1);
    user.unverified = 0;
    CHECK_BYTES(&user, &want, sizeof user);
    next[424 + 78] = 1, next[424 + 79] = 1; /* 257 orders: more than the book's field holds */
    CHECK_EQ(ek_decode_user(v, next, sizeof next, &user), EK_OK);
    CHECK_EQ(user.perps[0].open_orders, 255);
    CHECK_EQ(ek_decode_user(&EK_VENUE_DRIFT, next, sizeof next, &user), EK_E_LENGTH);
}

/* Another account is refused before anything is written: `assess` tries every account of a saved read as a
 * User. */
static void another_account_leaves_the_user(const struct ek_venue *v) {
    static uint8_t data[8192];
    static ek_user user, want;
    memset(data, 1, sizeof data);
    memcpy(data, v->user.account.discriminator, 8);
    CHECK_EQ(ek_decode_user(v, data, v->user.account.len, &user), EK_OK);
    want = user;
    memcpy(data, v->stats.discriminator, 8);
    CHECK(ek_decode_user(v, data, v->user.account.len, &user) != EK_OK);
    CHECK_BYTES(&user, &want, sizeof user);
}

static void tables(void) {
    for (uint32_t i = 0; i < ek_venue_count(); i++) {
        const struct ek_venue *v = ek_venue_at(i);
        const ek_layout *layouts[] = {&v->user.account, &v->stats, &v->perp, &v->spot, &v->state, &v->lazer};
        for (size_t k = 0; k < 6; k++) discriminator_is(layouts[k]);
        reads_its_length_and_no_more(v);
        old_bytes_of_empty_slots(v);
        another_account_leaves_the_user(v);
        CHECK(v->user.spots.at + 8 * v->user.spots.stride == v->user.perps.at
              && v->user.perps.at + 8 * v->user.perps.stride == v->user.orders.at);
        CHECK(v->user.orders.at + 32 * v->user.orders.stride <= v->user.account.len);
        for (size_t k = 1; k < v->n_errors; k++) CHECK(v->errors[k - 1].code < v->errors[k].code);
    }
}

static void errors(void) {
    const ek_venue *v = ek_venue_at(0);
    CHECK_TEXT(ek_venue_error_name(v, 0x1773), "InsufficientCollateral");
    CHECK_TEXT(ek_venue_error_name(v, 101), "InstructionFallbackNotFound");
    CHECK_TEXT(ek_venue_error_name(v, 6358), "EquityBelowFloor");
    CHECK(ek_venue_error_name(v, 6999) == NULL);
    CHECK(ek_venue_error_name(ek_venue_at(1), 6358) == NULL);
    CHECK_TEXT(ek_venue_error_name(v, 6371), "SpotMarketInterestStaleForMargin");
    CHECK_TEXT(ek_venue_error_remedy(6060), "the account holds 32 open orders: cancel some of them");
    CHECK(ek_venue_error_remedy(6289) == NULL);
    CHECK(ek_venue_error_newer(6396) && ek_venue_error_newer(6406));
    CHECK(!ek_venue_error_newer(6060) && !ek_venue_error_newer(6404 - 3000) && !ek_venue_error_newer(7000));
}

static ek_err lazer(uint8_t source, int64_t price, uint64_t conf, int32_t exponent, ek_oracle *o) {
    uint8_t raw[48] = {0x9f, 0x07, 0xa1, 0xf9, 0x22, 0x51, 0x79, 0x85};
    uint32_t e = (uint32_t)exponent;
    ek_set_u64(raw + 8, (uint64_t)price);
    ek_set_u64(raw + 16, 1700000000999999u);
    ek_set_u64(raw + 24, 77);
    ek_set_u32(raw + 32, e);
    ek_set_u64(raw + 40, conf);
    return ek_decode_oracle(ek_venue_at(0), source, raw, sizeof raw, o);
}

static void oracles(void) {
    ek_oracle o;
    CHECK_EQ(lazer(EK_ORACLE_LAZER, 7634075599, 99, -8, &o), EK_OK);
    CHECK(o.price_e6 == 76340755 && o.conf_e6 == 0 && o.posted_slot == 77 && o.publish_time_s == 1700000000);
    CHECK_EQ(lazer(EK_ORACLE_LAZER, -7634075599, 0, -8, &o), EK_OK);
    CHECK_EQ(o.price_e6, -76340755); /* toward zero; the caller refuses it by its sign */
    CHECK_EQ(lazer(EK_ORACLE_LAZER, 12, 3, -4, &o), EK_OK);
    CHECK(o.price_e6 == 1200 && o.conf_e6 == 300);
    CHECK_EQ(lazer(EK_ORACLE_LAZER_1K, 25000, 0, -8, &o), EK_OK);
    CHECK_EQ(o.price_e6, 250000); /* 10^8 / 1000 = 10^5 */
    CHECK_EQ(lazer(EK_ORACLE_LAZER_1M, 5, 0, -6, &o), EK_E_RANGE);
    CHECK_EQ(lazer(EK_ORACLE_LAZER, INT64_MAX, 0, -5, &o), EK_E_OVERFLOW);
    CHECK_EQ(lazer(EK_ORACLE_LAZER, 1, UINT64_MAX, -5, &o), EK_E_OVERFLOW);
    CHECK_EQ(lazer(EK_ORACLE_LAZER, 1, 0, -19, &o), EK_E_RANGE);
    CHECK_EQ(lazer(EK_ORACLE_LAZER, 1, 0, INT32_MIN, &o), EK_E_RANGE);
    CHECK_EQ(lazer(EK_ORACLE_PYTH_PULL, 1, 0, -8, &o), EK_E_UNSUPPORTED); /* not on this venue */
    CHECK_EQ(lazer(99, 1, 0, -8, &o), EK_E_UNSUPPORTED);
}

static void pegged(void) {
    static const struct { int64_t price; uint64_t conf; int64_t want; } rows[] = {
        {100050000, 100000, 1000000}, /* 5 bps off, inside */
        {100050100, 100000, 1000501}, /* one more unit is not */
        {99950000, 60000, 1000000},   {99950000, 49900, 999500}, /* the confidence bounds it too */
        {100000000, 0, 1000000},      {-100000000, 100000, -1000000},
    };
    ek_oracle o;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_EQ(lazer(EK_ORACLE_LAZER_STABLE, rows[i].price, rows[i].conf, -8, &o), EK_OK);
        CHECK_EQ(o.price_e6, rows[i].want);
    }
}

/* Pyth pull: the message begins one byte later when the verification was partial; nothing is read past the
 * end. */
static void pull_oracles(void) {
    static const uint8_t head[8] = {0x22, 0xf1, 0x23, 0x63, 0x9d, 0x7e, 0xf4, 0xcd};
    const ek_venue *drift = ek_venue_at(1);
    for (uint8_t full = 0; full <= 1; full++) {
        uint8_t raw[134] = {0};
        size_t at = full ? 41 : 42;
        ek_oracle o;
        memcpy(raw, head, 8);
        raw[40] = full;
        ek_set_u64(raw + at + 32, 14523000000);
        ek_set_u64(raw + at + 40, 250000);
        ek_set_u32(raw + at + 48, (uint32_t)-8);
        ek_set_u64(raw + at + 52, 1700000000);
        ek_set_u64(raw + at + 84, 4321);
        CHECK_EQ(ek_decode_oracle(drift, EK_ORACLE_PYTH_PULL, raw, sizeof raw, &o), EK_OK);
        CHECK(o.price_e6 == 145230000 && o.conf_e6 == 2500 && o.posted_slot == 4321
              && o.publish_time_s == 1700000000);
        CHECK_EQ(ek_decode_oracle(drift, EK_ORACLE_PYTH_PULL, raw, at + 92, &o), EK_OK);
        CHECK_EQ(ek_decode_oracle(drift, EK_ORACLE_PYTH_PULL, raw, at + 91, &o), EK_E_SHORT);
        CHECK_EQ(ek_decode_oracle(drift, EK_ORACLE_PYTH_PULL, raw, 40, &o), EK_E_SHORT);
        raw[40] = 2;
        CHECK_EQ(ek_decode_oracle(drift, EK_ORACLE_PYTH_PULL, raw, sizeof raw, &o), EK_E_UNSUPPORTED);
        CHECK_EQ(ek_decode_oracle(drift, EK_ORACLE_PRELAUNCH, raw, sizeof raw, &o), EK_E_DISCRIMINATOR);
    }
    ek_oracle one;
    CHECK_EQ(ek_decode_oracle(drift, EK_ORACLE_QUOTE_ASSET, NULL, 0, &one), EK_OK);
    CHECK_EQ(one.price_e6, 1000000);
    CHECK_EQ(ek_decode_oracle(ek_venue_at(0), EK_ORACLE_QUOTE_ASSET, NULL, 0, &one), EK_E_UNSUPPORTED);
}

static void token_amounts(void) {
    ek_spot_position p = {.scaled_balance_e9 = 1500, .balance_type = EK_DEPOSIT};
    ek_spot_market m = {.decimals = 6};
    m.cumulative_deposit_interest_e10.lo = m.cumulative_borrow_interest_e10.lo = 10000000000u;
    ek_i128 amount;
    int64_t base;
    CHECK_EQ(ek_spot_token_amount(&p, &m, &amount), EK_OK);
    CHECK(amount.lo == 1 && amount.hi == 0); /* 1.5 units: a deposit is rounded down */
    p.balance_type = EK_BORROW;
    CHECK_EQ(ek_spot_token_amount(&p, &m, &amount), EK_OK);
    CHECK(amount.lo == (uint64_t)-2 && amount.hi == -1); /* a borrow up */
    CHECK_EQ(ek_spot_base_e9(&p, &m, &base), EK_OK);
    CHECK_EQ(base, -2000);
    m.decimals = 12;
    p.scaled_balance_e9 = 3;
    CHECK_EQ(ek_spot_base_e9(&p, &m, &base), EK_OK);
    CHECK_EQ(base, -3);
    m.decimals = 20;
    CHECK_EQ(ek_spot_token_amount(&p, &m, &amount), EK_E_RANGE);
    m.decimals = 0;
    p.scaled_balance_e9 = UINT64_MAX;
    m.cumulative_borrow_interest_e10.lo = (uint64_t)1 << 62;
    CHECK_EQ(ek_spot_token_amount(&p, &m, &amount), EK_OK);
    CHECK_EQ(ek_spot_base_e9(&p, &m, &base), EK_E_OVERFLOW);
}

static void adds(ek_spot_position *p, const ek_spot_market *m, int64_t tokens, uint8_t type,
                 uint64_t scaled) {
    CHECK_EQ(ek_spot_add_tokens(p, m, tokens), EK_OK);
    CHECK_EQ(p->balance_type, type);
    CHECK_EQ(p->scaled_balance_e9, scaled);
}

static void tokens_come_and_go(void) {
    ek_spot_position p = {.market_index = 1};
    ek_spot_market m = {.decimals = 6};
    m.cumulative_deposit_interest_e10.lo = 15000000000u; /* what is deposited weighs 1.5, what is owed 3 */
    m.cumulative_borrow_interest_e10.lo = 30000000000u;
    adds(&p, &m, 10, EK_DEPOSIT, 6666);
    adds(&p, &m, -39, EK_BORROW, 10000); /* 9 are left of the 10; 30 are owed */
    adds(&p, &m, 29, EK_BORROW, 334);    /* a debt is rounded up: 1.002 of one */
    adds(&p, &m, 3, EK_DEPOSIT, 666);    /* two of them paid it */
    adds(&p, &m, 0, EK_DEPOSIT, 0);      /* 0.999 of a token is none */
    m.cumulative_deposit_interest_e10.lo = 1;
    p.scaled_balance_e9 = 7;
    CHECK_EQ(ek_spot_add_tokens(&p, &m, INT64_MAX), EK_E_OVERFLOW);
    m.cumulative_deposit_interest_e10.lo = 0;
    CHECK_EQ(ek_spot_add_tokens(&p, &m, 1), EK_E_RANGE);
    m.decimals = 20;
    CHECK_EQ(ek_spot_add_tokens(&p, &m, 1), EK_E_RANGE);
    CHECK(p.scaled_balance_e9 == 7 && p.balance_type == EK_DEPOSIT); /* as it was */
}

static void positions_are_taken_into_use(void) {
    static ek_user u;
    for (uint16_t i = 0; i < EK_MAX_PERPS; i++) CHECK(ek_user_perp_or_new(&u, i) == &u.perps[i]);
    for (uint16_t i = 0; i < EK_MAX_SPOTS; i++) CHECK(ek_user_spot_or_new(&u, i) == &u.spots[i]);
    CHECK(u.n_perps == EK_MAX_PERPS && u.n_spots == EK_MAX_SPOTS);
    CHECK(ek_user_perp_or_new(&u, 99) == NULL && ek_user_spot_or_new(&u, 99) == NULL);
    u.perps[3].base_e9 = 5;
    CHECK(ek_user_perp_or_new(&u, 3)->base_e9 == 5); /* there is one: it is that */
    u.n_perps = 3;
    CHECK_EQ(ek_user_perp_or_new(&u, 7)->base_e9, 0); /* what lay there is forgotten */
    CHECK(u.n_perps == 4 && ek_user_perp(&u, 7) == &u.perps[3]);
}

static void lookups(void) {
    static ek_user u;
    u.n_perps = u.n_spots = 1;
    u.perps[0].market_index = 3;
    u.spots[0].market_index = 1;
    u.orders[5] = (ek_order){.status = EK_ORDER_OPEN,
                             .order_id = 9,
                             .user_order_id = 4,
                             .market_type = EK_PERP,
                             .market_index = 3};
    u.orders[6] = (ek_order){.status = EK_ORDER_FILLED,
                             .order_id = 10,
                             .user_order_id = 5,
                             .market_type = EK_PERP,
                             .market_index = 3};
    CHECK(ek_user_perp(&u, 3) == ek_user_perp_at(&u, 0) && ek_user_perp(&u, 0) == NULL
          && ek_user_perp_at(&u, 1) == NULL);
    CHECK(ek_user_spot(&u, 1) == ek_user_spot_at(&u, 0) && ek_user_spot(&u, 0) == NULL
          && ek_user_spot_at(&u, 1) == NULL);
    CHECK(ek_user_order_by_id(&u, 9) == ek_user_order_at(&u, 5) && ek_user_order_by_id(&u, 10) == NULL
          && ek_user_order_at(&u, 32) == NULL);
    CHECK_EQ(ek_user_live_orders(&u, EK_PERP, 3), 1);
    CHECK_EQ(ek_user_live_orders(&u, EK_SPOT, 3), 0);
    CHECK(!ek_user_has_delegate(&u));
    u.delegate.bytes[31] = 1;
    CHECK(ek_user_has_delegate(&u));
}

int main(void) {
    if (ek_crypto_init() != EK_OK) return 1;
    RUN(names);
    RUN(tables);
    RUN(the_announced_user);
    RUN(errors);
    RUN(oracles);
    RUN(pegged);
    RUN(pull_oracles);
    RUN(token_amounts);
    RUN(tokens_come_and_go);
    RUN(positions_are_taken_into_use);
    RUN(lookups);
    return check_end();
}
