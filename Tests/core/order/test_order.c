/* Orders as bytes and accounts, written out by hand; the venues' own clients are the witnesses in
 * Tests/conformance/test_instructions.py. */
#include "check.h"
#include "base/ek_bytes.h"
#include "order/ek_order.h"
#include "sol_book.h"
#include "solana/ek_crypto.h"

static ek_book b;
static ek_fault fault;
static const ek_key signer = {{0x77}};

static void begin(void) {
    sol_book(&b);
    b.user_address = (ek_key){{0x11}};
    b.user_stats_address = (ek_key){{0x12}};
    b.state_address = (ek_key){{0x13}};
    b.spots[0].address = (ek_key){{0x20}};
    b.spots[1].address = (ek_key){{0x21}};
    b.perps[0].address = (ek_key){{0x30}};
}

/* Account i is `first` (its first byte; the others are 0), signs and is written as told. */
static void meta(const ek_ix *ix, uint32_t i, uint8_t first, int signs, int written) {
    ek_key want = {{first}};
    CHECK(i < ix->n_metas && ek_key_equal(&ix->metas[i].key, &want));
    CHECK_EQ(ix->metas[i].signer, signs);
    CHECK_EQ(ix->metas[i].writable, written);
}

/* Sell 1.5 SOL of market 0 at 148.5 or better, reduce-only, own number 200. */
static const uint8_t ORDER[] = {
    0,    1,    1,    200, /* market order, perp, sell, number */
    0x00, 0x2f, 0x68, 0x59, 0, 0, 0, 0, /* 1,500,000,000 */
    0x20, 0xee, 0xd9, 0x08, 0, 0, 0, 0, /* 148,500,000 */
    0,    0,    1,    0,    0, /* market, reduce-only, no post-only, no flags */
    0,    0,    0, /* no max_ts, no trigger price, its condition */
    0,    0,    0,    0, /* no oracle offset, no auction */
    0,    0, /* no builder */
};

static ek_order_params order(void) {
    ek_order_params o = ek_order_perp(0, EK_ORDER_MARKET, EK_SELL, 1500000000);
    o.price_e6 = 148500000;
    o.reduce_only = 1;
    o.user_order_id = 200;
    return o;
}

static void bytes_of_an_order(void) {
    uint8_t out[EK_IX_DATA];
    size_t len = 0;
    ek_order_params o = order();
    CHECK_EQ(ek_order_encode(ek_venue_at(0), &o, out, sizeof out, &len), EK_OK);
    CHECK_EQ(len, sizeof ORDER);
    CHECK_BYTES(out, ORDER, sizeof ORDER);
    CHECK_EQ(ek_order_encode(ek_venue_at(1), &o, out, sizeof out, &len), EK_OK);
    CHECK_EQ(len, sizeof ORDER - 2);                           /* Drift has no builders */
    CHECK_BYTES(out, ORDER, sizeof ORDER - 2);
    CHECK_EQ(ek_order_encode(ek_venue_at(0), &o, out, sizeof ORDER - 1, &len), EK_E_FULL);
    o.has_max_ts = o.has_oracle_offset = o.has_auction_duration = 1;
    o.max_ts = 0x0102030405;
    o.oracle_offset_e6 = -2;
    o.auction_duration = 20;
    static const uint8_t tail[] = {1,    5,    4,    3,    2,    1,    0,    0, 0,  0, 0, 1, 0xfe,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 20, 0, 0, 0, 0};
    CHECK_EQ(ek_order_encode(ek_venue_at(0), &o, out, sizeof out, &len), EK_OK);
    CHECK_EQ(len, 25 + sizeof tail);
    CHECK_BYTES(out + 25, tail, sizeof tail);
    o.oracle_offset_e6 = INT64_C(1) << 31;
    CHECK_EQ(ek_order_encode(ek_venue_at(1), &o, out, sizeof out, &len), EK_E_OVERFLOW); /* 32 bits there */
    o.has_oracle_offset = 0;
    o.has_builder = 1;
    CHECK_EQ(ek_order_encode(ek_venue_at(1), &o, out, sizeof out, &len), EK_E_RANGE);
}

static void taking(void) {
    ek_ix ix;
    begin();
    ek_order_params o = order();
    CHECK_EQ(ek_ix_place_and_take(&b, &signer, &o, 1, EK_TAKE_ALL, &ix), EK_OK);
    CHECK(ek_key_equal(&ix.program, ek_venue_program(b.venue)));
    uint8_t hash[32];
    ek_sha256("global:place_and_take_perp_order", 32, hash);
    CHECK_BYTES(ix.data, hash, 8);
    CHECK_BYTES(ix.data + 8, ORDER, sizeof ORDER);
    CHECK_BYTES(ix.data + 8 + sizeof ORDER, "\1\2\144\0\0", 5); /* all of it, with the auction at its end */
    CHECK_EQ(ix.data_len, 8 + sizeof ORDER + 5);
    CHECK_EQ(ix.n_metas, 9);
    meta(&ix, 0, 0x13, 0, 0);
    meta(&ix, 1, 0x11, 0, 1);
    meta(&ix, 2, 0x12, 0, 1);
    meta(&ix, 3, 0x77, 1, 0);
    meta(&ix, 4, 0xA1, 0, 0);                                  /* SOL's oracle, once for perp and spot */
    meta(&ix, 5, 0xA0, 0, 0);
    meta(&ix, 6, 0x20, 0, 1);                                  /* the quote market is written, */
    meta(&ix, 7, 0x21, 0, 0);
    meta(&ix, 8, 0x30, 0, 1);                                  /* and the order's own */
    o.bit_flags = EK_BIT_IOC;
    CHECK_EQ(ek_ix_place_and_take(&b, &signer, &o, 1, EK_TAKE_ALL, &ix), EK_E_RANGE);
    o.order_type = EK_ORDER_LIMIT;
    CHECK_EQ(ek_ix_place_and_take(&b, &signer, &o, 0, 0, &ix), EK_OK);
    CHECK_EQ(ix.data_len, 8 + sizeof ORDER + 1);
}

static void placing_and_cancelling(void) {
    ek_ix ix;
    begin();
    ek_order_params o = order();
    uint8_t hash[32];
    CHECK_EQ(ek_ix_place(&b, &signer, &o, &ix), EK_OK);
    ek_sha256("global:place_perp_order", 23, hash);
    CHECK_BYTES(ix.data, hash, 8);
    CHECK_EQ(ix.data_len, 8 + sizeof ORDER);
    CHECK_EQ(ix.n_metas, 8);                                   /* no UserStats */
    for (uint32_t i = 0; i < 8; i++) CHECK_EQ(ix.metas[i].writable, i == 1);
    o.base_e9 = 0;
    CHECK_EQ(ek_ix_place(&b, &signer, &o, &ix), EK_E_RANGE);
    o.base_e9 = UINT64_MAX;
    CHECK_EQ(ek_ix_place(&b, &signer, &o, &ix), EK_E_RANGE);
    o = order();
    o.market_type = EK_SPOT;
    CHECK_EQ(ek_ix_place(&b, &signer, &o, &ix), EK_E_RANGE);
    o = order();
    o.market_index = 3;
    CHECK_EQ(ek_ix_place(&b, &signer, &o, &ix), EK_E_MISSING); /* a market that the book does not hold */

    CHECK_EQ(ek_ix_cancel_order(&b, &signer, 0xFFFF, 1, 0x01020304, &ix), EK_OK);
    ek_sha256("global:cancel_order", 19, hash);
    CHECK_BYTES(ix.data, hash, 8);
    CHECK_BYTES(ix.data + 8, "\1\4\3\2\1", 5);
    CHECK_EQ(ix.data_len, 13);
    CHECK_EQ(ix.n_metas, 8);
    ek_instruction view = ek_ix_view(&ix);
    CHECK(view.metas == ix.metas && view.n_metas == 8 && view.data == ix.data && view.data_len == 13);
    b.have = 0;
    CHECK_EQ(ek_ix_cancel_order(&b, &signer, 0xFFFF, 1, 1, &ix), EK_E_MISSING);
    CHECK_EQ(ek_ix_place(&b, &signer, &o, &ix), EK_E_MISSING);
}

/* The order that would be sent, but for its size. */
static void the_probe(void) {
    ek_ix ix, like;
    begin();
    ek_order_params o = ek_order_perp(0, EK_ORDER_MARKET, EK_SELL, 5);
    o.price_e6 = 1;
    CHECK_EQ(ek_ix_place_and_take(&b, &signer, &o, 1, EK_TAKE_ALL, &like), EK_OK);
    CHECK_EQ(ek_ix_probe(&b, &signer, 0, &ix), EK_OK);
    CHECK_EQ(ix.data[12], 0);
    ix.data[12] = 5;
    CHECK(ix.data_len == like.data_len && ix.n_metas == like.n_metas);
    CHECK_BYTES(ix.data, like.data, ix.data_len);
    CHECK_BYTES(ix.metas, like.metas, ix.n_metas * sizeof ix.metas[0]);
    CHECK_EQ(ek_ix_probe(&b, &signer, 3, &ix), EK_E_MISSING);
}

static void the_update_of_interest(void) {
    ek_ix ix;
    uint8_t hash[32];
    begin();
    b.spots[1].vault = (ek_key){{0x77}};
    CHECK_EQ(ek_ix_update_interest(&b, 1, &ix), EK_OK);
    ek_sha256("global:update_spot_market_cumulative_interest", 45, hash);
    CHECK_BYTES(ix.data, hash, 8);
    CHECK(ix.data_len == 8 && ix.n_metas == 4);
    const ek_key *keys[] = {&b.state_address, &b.spots[1].address, &b.spots[1].oracle, &b.spots[1].vault};
    for (uint16_t i = 0; i < 4; i++) {
        CHECK_BYTES(&ix.metas[i].key, keys[i], sizeof *keys[i]);
        CHECK(ix.metas[i].signer == 0 && ix.metas[i].writable == (i == 1));
    }
    CHECK_EQ(ek_ix_update_interest(&b, 7, &ix), EK_E_MISSING);
}

static void worst(int64_t oracle_e6, uint32_t ppm, uint8_t direction, uint64_t tick, ek_err code,
                  uint64_t want) {
    uint64_t price = 7;
    CHECK_EQ(ek_worst_price(oracle_e6, ppm, direction, tick, &price), code);
    CHECK_EQ(price, code == EK_OK ? want : 7);
}

static void the_worst_price(void) {
    worst(150 * USD, 5000, EK_SELL, 100, EK_OK, 149250000);
    worst(150 * USD, 5000, EK_BUY, 100, EK_OK, 150750000);
    /* 149.25000099..: up to the tick, never past the bound */
    worst(150000001, 5000, EK_SELL, 100, EK_OK, 149250100);
    worst(150000001, 5000, EK_BUY, 100, EK_OK, 150750000);
    worst(1000050, 10, EK_SELL, 100, EK_E_RANGE, 0);           /* 1.000040 to 1.000050: no tick between */
    worst(150 * USD, 0, EK_SELL, 100, EK_OK, 150 * USD);
    worst(0, 5000, EK_SELL, 100, EK_E_RANGE, 0);
    worst(-1, 5000, EK_BUY, 100, EK_E_RANGE, 0);
    worst(150 * USD, 1000000, EK_SELL, 100, EK_E_RANGE, 0);
    worst(150 * USD, 5000, 2, 100, EK_E_RANGE, 0);
    worst(150 * USD, 5000, EK_SELL, 0, EK_E_RANGE, 0);
    worst(INT64_MAX, 5000, EK_BUY, 100, EK_E_OVERFLOW, 0);
}

/* 0.5 % of 150 are 0.75. */
static void check_says(const ek_order_params *o, ek_err code, const char *text) {
    memset(&fault, 0, sizeof fault);
    CHECK_EQ(ek_order_check(&b, o, 5000, &fault), code);
    CHECK_TEXT(fault.text, text);
}

static void what_may_be_signed(void) {
    begin();
    ek_order_params o = order();
    o.direction = EK_BUY;
    o.price_e6 = 150750000;
    check_says(&o, EK_OK, "");
    o.price_e6++;
    check_says(&o, EK_E_RANGE, "SOL-PERP: worst price is past the slippage limit");
    o.price_e6 = 0;
    check_says(&o, EK_E_RANGE, "SOL-PERP: order without a worst price");
    o.price_e6 = 150 * USD;
    o.direction = EK_SELL;
    check_says(&o, EK_E_RANGE, "SOL-PERP: reduce-only order on the position's own side");
    o.reduce_only = 0;
    check_says(&o, EK_OK, "");
    o.base_e9 += 1;
    check_says(&o, EK_E_RANGE, "SOL-PERP: order size is not on the market's step");
    o.base_e9 = 0;
    check_says(&o, EK_E_RANGE, "SOL-PERP: order of size 0");
    b.perps[0].min_order_base_e9 = SOL;
    o.base_e9 = SOL / 2;
    check_says(&o, EK_E_RANGE, "SOL-PERP: order size is below the market's minimum");
    o.base_e9 = SOL;
    o.has_max_ts = 1;
    o.max_ts = 1700000000;
    check_says(&o, EK_E_RANGE, "SOL-PERP: order would be expired already");
    o.max_ts++;
    check_says(&o, EK_OK, "");
    o.direction = EK_BUY;
    o.reduce_only = 1;
    o.base_e9 = 11 * (uint64_t)SOL;
    check_says(&o, EK_E_RANGE, "SOL-PERP: reduce-only order is larger than the position");
    o = ek_order_perp(0, EK_ORDER_ORACLE, EK_SELL, SOL);
    check_says(&o, EK_E_RANGE, "SOL-PERP: oracle order without a worst offset");
    o.has_oracle_offset = o.has_auction_end = o.has_auction_start = 1;
    o.oracle_offset_e6 = o.auction_end_e6 = -750000;
    check_says(&o, EK_OK, "");
    o.auction_end_e6--;
    check_says(&o, EK_E_RANGE, "SOL-PERP: auction end is past the slippage limit");
    o.auction_end_e6++;
    o.auction_start_e6 = -750001;
    check_says(&o, EK_E_RANGE, "SOL-PERP: auction start is past the slippage limit");
    o.oracle_offset_e6 = 149 * USD; /* an absolute price by mistake */
    o.direction = EK_BUY;
    check_says(&o, EK_E_RANGE, "SOL-PERP: worst offset is past the slippage limit");
    o.order_type = EK_ORDER_TRIGGER_LIMIT;
    check_says(&o, EK_E_UNSUPPORTED, "order type is not one the agent sends");
    o.market_type = EK_SPOT;
    check_says(&o, EK_E_RANGE, "not a perp order");
    o = order();
    o.market_index = 2;
    check_says(&o, EK_E_MISSING, "perp market 2: not in the book");
    b.n_oracles = 0;
    o = order();
    check_says(&o, EK_E_MISSING, "SOL-PERP: no usable oracle price");
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    RUN(bytes_of_an_order);
    RUN(taking);
    RUN(placing_and_cancelling);
    RUN(the_probe);
    RUN(the_update_of_interest);
    RUN(the_worst_price);
    RUN(what_may_be_signed);
    return check_end();
}
