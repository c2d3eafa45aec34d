#include "check.h"
#include "order/ek_verify.h"

#define SOL 1000000000LL
static char text[128];

/* A short of 9 SOL, a BTC long, USDT and SOL deposits, a live limit order of someone else (id 5) and an old
 * filled entry (id 4). */
static ek_user book(void) {
    ek_user u;
    memset(&u, 0, sizeof u);
    memset(u.authority.bytes, 1, 32);
    memset(u.delegate.bytes, 2, 32);
    u.next_order_id = 6;
    u.sub_account_id = 0;
    u.n_spots = 2;
    u.spots[0] = (ek_spot_position){.scaled_balance_e9 = 1000, .market_index = 0};
    u.spots[1] = (ek_spot_position){.scaled_balance_e9 = 10 * SOL, .market_index = 1, .slot = 1};
    u.n_perps = 2;
    u.perps[0] = (ek_perp_position){
        .base_e9 = -9 * SOL, .quote_e6 = 1300000000, .quote_entry_e6 = 1310000000, .market_index = 0};
    u.perps[1] = (ek_perp_position){.base_e9 = 10000000,
                                    .quote_e6 = -900000000,
                                    .quote_entry_e6 = -900000000,
                                    .market_index = 1,
                                    .slot = 1};
    u.orders[0] = (ek_order){.order_id = 4,
                             .status = EK_ORDER_FILLED,
                             .market_type = EK_PERP,
                             .direction = EK_SELL,
                             .base_e9 = SOL,
                             .base_filled_e9 = SOL,
                             .quote_filled_e6 = 140000000,
                             .user_order_id = 7};
    u.orders[1] = (ek_order){.order_id = 5,
                             .status = EK_ORDER_OPEN,
                             .market_type = EK_PERP,
                             .order_type = EK_ORDER_LIMIT,
                             .direction = EK_BUY,
                             .base_e9 = 2 * SOL,
                             .price_e6 = 100000000,
                             .max_ts = 900};
    u.n_live_orders = 1;
    return u;
}

static const ek_intent take = {.kind = EK_KIND_TAKE,
                               .direction = EK_SELL,
                               .user_order_id = 7,
                               .perp_index = 0,
                               .size_base_e9 = SOL,
                               .worst_price_e6 = 144000000,
                               .chain_unix_s = 500};
static const ek_intent place = {.kind = EK_KIND_PLACE,
                                .direction = EK_BUY,
                                .reduce_only = 1,
                                .order_type = EK_ORDER_MARKET,
                                .user_order_id = 7,
                                .perp_index = 0,
                                .size_base_e9 = SOL,
                                .worst_price_e6 = 146000000,
                                .max_ts = 530,
                                .chain_unix_s = 500};
static const ek_intent cancel = {
    .kind = EK_KIND_CANCEL, .perp_index = 0, .target_order_id = 5, .chain_unix_s = 500};

static ek_user taken(void) {
    ek_user u = book();
    u.perps[0].base_e9 = -10 * SOL;
    u.perps[0].quote_e6 += 144900000;
    u.perps[0].quote_entry_e6 += 145000000;
    u.next_order_id = 7;
    u.last_active_slot = 99;
    u.orders[2] = (ek_order){.order_id = 6,
                             .status = EK_ORDER_FILLED,
                             .market_type = EK_PERP,
                             .direction = EK_SELL,
                             .base_e9 = SOL,
                             .base_filled_e9 = SOL,
                             .quote_filled_e6 = 145000000,
                             .user_order_id = 7};
    return u;
}

static ek_user placed(void) {
    ek_user u = book();
    u.next_order_id = 7;
    u.perps[0].open_bids_e9 += SOL;
    u.perps[0].open_orders++;
    u.n_live_orders++;
    u.orders[0] = (ek_order){.order_id = 6,
                             .status = EK_ORDER_OPEN,
                             .market_type = EK_PERP,
                             .order_type = EK_ORDER_MARKET,
                             .direction = EK_BUY,
                             .base_e9 = SOL,
                             .price_e6 = 146000000,
                             .max_ts = 530,
                             .reduce_only = 1,
                             .user_order_id = 7};
    return u;
}

/* The comparison fails, with words that hold `part`. */
static void differs(const ek_user *after, const ek_intent *in, const char *part) {
    ek_user before = book();
    CHECK_EQ(ek_verify_simulated(&before, after, in, text), EK_E_MISMATCH);
    if (strstr(text, part) == NULL) fprintf(stderr, "said: %s\n", text);
    CHECK(strstr(text, part) != NULL);
}

static void accepted(const ek_user *after, const ek_intent *in) {
    ek_user before = book();
    ek_err err = ek_verify_simulated(&before, after, in, text);
    CHECK_EQ(err, EK_OK);
    CHECK_TEXT(text, "");
}

/* A part: any fill up to the size, and nothing rests. */
static void parts(void) {
    ek_intent part = take;
    part.kind = EK_KIND_TAKE_PART;
    ek_user u = taken();
    accepted(&u, &part);
    u.perps[0].base_e9 = -9 * SOL - 1;
    accepted(&u, &part);
    u.perps[0].base_e9 = -10 * SOL - 1;
    differs(&u, &part, "perp 0 base moved -1000000001, meant a part of -1000000000");
    u.perps[0].base_e9 = -9 * SOL;
    differs(&u, &part, "perp 0 base moved 0");
    u.perps[0].base_e9 = -9 * SOL + 1;
    differs(&u, &part, "perp 0 base moved 1");
    u = taken();
    u.orders[2].status = EK_ORDER_OPEN;
    differs(&u, &part, "order 6 rests, not meant");
}

static void takes(void) {
    ek_user u = taken();
    accepted(&u, &take);
    u.orders[1].status = EK_ORDER_CANCELED; /* not past its time at 500 */
    differs(&u, &take, "order 5 gone, not meant");
    ek_intent late = take;
    late.chain_unix_s = 901; /* past its 900 */
    accepted(&u, &late);
    late.chain_unix_s = 900;
    differs(&u, &late, "order 5 gone");
    ek_user before = book();
    before.orders[1].order_type = EK_ORDER_TRIGGER_LIMIT; /* trigger orders do not expire there */
    late.chain_unix_s = 901;
    CHECK_EQ(ek_verify_simulated(&before, &u, &late, text), EK_E_MISMATCH);
    u = taken();
    u.perps[0].base_e9 = -11 * SOL;
    differs(&u, &take, "perp 0 base moved -2000000000, meant -1000000000");
    u = taken();
    u.perps[0].base_e9 = -8 * SOL; /* the other way */
    differs(&u, &take, "perp 0 base moved 1000000000, meant -1000000000");
    u = book();
    differs(&u, &take, "perp 0 base moved 0");
    u = taken();
    u.orders[2].status = EK_ORDER_OPEN; /* a remainder rests */
    differs(&u, &take, "order 6 rests, not meant");
    u = taken();
    u.next_order_id = 8;
    differs(&u, &take, "next order id 8, meant 7");
    u = taken();
    u.orders[1].price_e6++;
    differs(&u, &take, "order 5 changed");
    u = taken();
    u.perps[1].base_e9 = 20000000;
    differs(&u, &take, "perp 1 base 20000000, was 10000000");
    u = taken();
    u.n_perps = 1; /* the BTC position vanished */
    differs(&u, &take, "perp 1 base 0, was 10000000");
    u = taken();
    u.n_perps = 3; /* a new one appeared */
    u.perps[2] = (ek_perp_position){.base_e9 = 5, .market_index = 2};
    differs(&u, &take, "perp 2 base 5, was 0");
    u = taken();
    u.perps[1].isolated_scaled_e9 = 1;
    differs(&u, &take, "isolated");
    u = taken();
    u.spots[0].scaled_balance_e9 = 999;
    differs(&u, &take, "spot 0 balance 999, was 1000");
    u = taken();
    u.spots[1].balance_type = EK_BORROW;
    differs(&u, &take, "spot 1 balance -10000000000, was 10000000000");
    u = taken();
    u.n_spots = 1;
    differs(&u, &take, "spot 1 balance 0");
    u = taken();
    u.spots[1].open_bids = 1;
    differs(&u, &take, "spot 1 open orders");
}

static void account(void) {
    ek_user u = taken();
    u.authority.bytes[0] = 9;
    differs(&u, &take, "authority changed");
    u = taken();
    memset(u.delegate.bytes, 0, 32);
    differs(&u, &take, "delegate changed");
    u = taken();
    u.status = EK_USER_REDUCE_ONLY;
    differs(&u, &take, "status 4, was 0");
    u = taken();
    u.sub_account_id = 1;
    differs(&u, &take, "sub-account");
    u = taken();
    u.max_margin_ratio_e4 = 1;
    differs(&u, &take, "margin settings");
    u = taken();
    u.equity_floor_e6 = 1;
    differs(&u, &take, "margin settings");
    u = taken();
    u.total_withdraws_e6 = 1;
    differs(&u, &take, "withdrawals");
    u = taken();
    u.total_deposits_e6 = 1;
    differs(&u, &take, "deposits");
    /* the program clears "being liquidated" of a healthy account; it never sets it */
    ek_user before = book(), after = taken();
    before.status = EK_USER_BEING_LIQUIDATED;
    CHECK_EQ(ek_verify_simulated(&before, &after, &take, text), EK_OK);
    after.status = EK_USER_BEING_LIQUIDATED;
    CHECK_EQ(ek_verify_simulated(&before, &after, &take, text), EK_OK);
    before.status = 0;
    CHECK_EQ(ek_verify_simulated(&before, &after, &take, text), EK_E_MISMATCH);
}

static void places(void) {
    ek_user u = placed();
    accepted(&u, &place);
    u = book();
    differs(&u, &place, "no order was placed");
    u = placed();
    u.perps[0].base_e9 += SOL;
    differs(&u, &place, "perp 0 base moved 1000000000, meant 0");
    struct { size_t at; int size; uint64_t value; const char *part; } field[] = {
        {offsetof(ek_order, order_id), 4, 9, "id 9, meant 6"},
        {offsetof(ek_order, market_type), 1, EK_SPOT, "market type"},
        {offsetof(ek_order, market_index), 2, 1, "market 1, meant 0"},
        {offsetof(ek_order, direction), 1, EK_SELL, "direction 1, meant 0"},
        {offsetof(ek_order, base_e9), 8, 2 * SOL, "size 2000000000, meant 1000000000"},
        {offsetof(ek_order, base_filled_e9), 8, 1, "filled 1"},
        {offsetof(ek_order, order_type), 1, EK_ORDER_LIMIT, "type 1"},
        {offsetof(ek_order, reduce_only), 1, 0, "reduce-only 0, meant 1"},
        {offsetof(ek_order, user_order_id), 1, 8, "user id 8, meant 7"},
        {offsetof(ek_order, max_ts), 8, 531, "max_ts 531, meant 530"},
        {offsetof(ek_order, price_e6), 8, 146000001, "worst price 146000001, meant 146000000"},
        {offsetof(ek_order, price_e6), 8, UINT64_MAX, "out of range"},
        {offsetof(ek_order, price_e6), 8, 0, "worst price 0"}, /* no bound and no auction: nothing holds it */
    };
    for (size_t i = 0; i < sizeof field / sizeof field[0]; i++) {
        u = placed();
        memcpy((uint8_t *)&u.orders[0] + field[i].at, &field[i].value, (size_t)field[i].size);
        differs(&u, &place, field[i].part);
    }
    u = placed();
    u.orders[0].price_e6 = 145000000; /* better than the bound is fine */
    accepted(&u, &place);
    u.orders[0].price_e6 = 0; /* then the auction's end is the bound */
    u.orders[0].auction_end_e6 = 146000000;
    accepted(&u, &place);
    u.orders[0].auction_end_e6++;
    differs(&u, &place, "worst price 146000001");
    u = placed();
    u.orders[7] = u.orders[0];
    u.orders[7].order_id = 7;
    u.next_order_id = 8;
    differs(&u, &place, "order 7 rests, not meant");
    u = placed();
    u.next_order_id = 8;
    differs(&u, &place, "next order id");

    ek_intent oracle = place;
    oracle.order_type = EK_ORDER_ORACLE;
    oracle.oracle_price_e6 = 145500000;
    u = placed();
    u.orders[0].order_type = EK_ORDER_ORACLE;
    u.orders[0].price_e6 = 0;
    u.orders[0].auction_end_e6 = 500000;
    accepted(&u, &oracle);
    u.orders[0].auction_end_e6 = 500001;
    differs(&u, &oracle, "worst price");
    oracle.oracle_price_e6 = 0;
    accepted(&u, &oracle);

    ek_intent sell = place;
    sell.direction = EK_SELL;
    sell.reduce_only = 0;
    u = placed();
    u.orders[0].direction = EK_SELL;
    u.orders[0].reduce_only = 0;
    accepted(&u, &sell);
    u.orders[0].price_e6 = 145999999;
    differs(&u, &sell, "worst price 145999999");
    sell.worst_price_e6 = 0;
    accepted(&u, &sell);
}

static void cancels(void) {
    ek_user u = book();
    differs(&u, &cancel, "order 5 still live");
    u.orders[1].status = EK_ORDER_CANCELED;
    accepted(&u, &cancel);
    u.next_order_id++;
    differs(&u, &cancel, "next order id");
    u = book();
    u.orders[1].status = EK_ORDER_CANCELED;
    u.perps[0].base_e9 += 1;
    differs(&u, &cancel, "perp 0 base moved 1, meant 0");
    ek_intent other = cancel;
    other.target_order_id = 3; /* not there: nothing to cancel, but then 5 must stay */
    u = book();
    accepted(&u, &other);
    u.orders[1].status = EK_ORDER_CANCELED;
    differs(&u, &other, "order 5 gone");
    other.chain_unix_s = 10000; /* a cancel clears away nothing else */
    differs(&u, &other, "order 5 gone");
    ek_user before = book(), after;
    before.orders[1].user_order_id = 77;
    after = before;
    after.orders[1].status = EK_ORDER_CANCELED;
    ek_intent by_user_id = {.kind = EK_KIND_CANCEL, .perp_index = 0, .user_order_id = 77};
    CHECK_EQ(ek_verify_simulated(&before, &after, &by_user_id, text), EK_OK);
    by_user_id.perp_index = 1; /* the order is in another market */
    CHECK_EQ(ek_verify_simulated(&before, &after, &by_user_id, text), EK_E_MISMATCH);
}

static void no_intent(void) {
    ek_user u = book(), v = taken();
    ek_intent in = take;
    in.kind = EK_KIND_NONE;
    CHECK_EQ(ek_verify_simulated(&u, &v, &in, text), EK_E_RANGE);
    in = take;
    in.size_base_e9 = 0;
    CHECK_EQ(ek_verify_simulated(&u, &v, &in, text), EK_E_RANGE);
    in.size_base_e9 = UINT64_MAX; /* "as much as margin allows" is never meant */
    CHECK_EQ(ek_verify_simulated(&u, &v, &in, text), EK_E_RANGE);
    in = take;
    in.direction = 2;
    CHECK_EQ(ek_verify_simulated(&u, &v, &in, text), EK_E_RANGE);
    in = cancel;
    in.target_order_id = 0; /* everything? never */
    CHECK_EQ(ek_verify_simulated(&u, &v, &in, text), EK_E_RANGE);
    /* extremes of the position do not overflow */
    u.perps[0].base_e9 = INT64_MAX;
    v.perps[0].base_e9 = INT64_MIN;
    CHECK_EQ(ek_verify_simulated(&u, &v, &take, text), EK_E_MISMATCH);
}

/* Every field of the account, changed one at a time beside a good take: what must stay is seen, what a fill
 * may move is not. */
static void every_field(void) {
#define U(f) {#f, offsetof(ek_user, f), sizeof(((ek_user *)0)->f)
#define SPOT(f) {"spots[1]." #f, offsetof(ek_user, spots[1]) + offsetof(ek_spot_position, f), \
                 sizeof(((ek_spot_position *)0)->f)
#define PERP(f) {"perps[1]." #f, offsetof(ek_user, perps[1]) + offsetof(ek_perp_position, f), \
                 sizeof(((ek_perp_position *)0)->f)
#define ORDER(f)                                                                                             \
    {"orders[1]." #f, offsetof(ek_user, orders[1]) + offsetof(ek_order, f), sizeof(((ek_order *)0)->f)
    static const struct { const char *name;
size_t at, size;
int seen;
}
fields[] = {U(authority), 1}, U(delegate), 1
}
, U(next_order_id), 1
}
, U(sub_account_id), 1
}
, U(status), 1
}
, U(max_margin_ratio_e4), 1
}
, U(margin_trading_enabled), 1
}
, U(margin_mode), 1
}
, U(pool_id), 1
}
, U(equity_floor_e6), 1
}
, U(equity_floor_buffer_e6), 1
}
, U(total_deposits_e6), 1
}
, U(total_withdraws_e6), 1
}
, U(settled_perp_pnl_e6), 0
}
, U(cumulative_spot_fees_e6), 0
}
, U(cumulative_perp_funding_e6), 0
}
, U(last_active_slot), 0
}
, U(open_orders), 0
}
, U(has_open_order), 0
}
, U(open_auctions), 0
}
, U(has_open_auction), 0
}
, U(idle), 0
}
, SPOT(scaled_balance_e9), 1
}
, SPOT(open_bids), 1
}
, SPOT(open_asks), 1
}
, SPOT(market_index), 1
}
, SPOT(balance_type), 1
}
, SPOT(cumulative_deposits), 0
}
, PERP(base_e9), 1
}
, PERP(isolated_scaled_e9), 1
}
, PERP(market_index), 1
}
, PERP(quote_e6), 0
}
, PERP(quote_entry_e6), 0
}
, PERP(quote_break_even_e6), 0
}
, PERP(last_cumulative_funding_e9), 0
}
, PERP(settled_pnl_e6), 0
}
, ORDER(status), 1
}
, ORDER(order_id), 1
}
, ORDER(slot), 1
}
, ORDER(price_e6), 1
}
, ORDER(base_e9), 1
}
, ORDER(base_filled_e9), 1
}
, ORDER(trigger_price_e6), 1
}
, ORDER(auction_start_e6), 1
}
, ORDER(auction_end_e6), 1
}
, ORDER(max_ts), 1
}
, ORDER(oracle_offset_e6), 1
}
, ORDER(market_index), 1
}
, ORDER(order_type), 1
}
, ORDER(market_type), 1
}
, ORDER(user_order_id), 1
}
, ORDER(direction), 1
}
, ORDER(reduce_only), 1
}
,
    };
    ek_user before = book();
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        for (size_t b = 0; b < fields[i].size; b++) {
            ek_user after = taken();
            ((uint8_t *)&after)[fields[i].at + b] ^= 0x10;
            int seen = ek_verify_simulated(&before, &after, &take, text) == EK_E_MISMATCH;
            if (seen != fields[i].seen)
                fprintf(stderr, "%s byte %u: %s\n", fields[i].name, (unsigned)b, text);
            CHECK_EQ(seen, fields[i].seen);
        }
}

int main(void) {
    RUN(every_field);
    RUN(takes);
    RUN(parts);
    RUN(account);
    RUN(places);
    RUN(cancels);
    RUN(no_intent);
    return check_end();
}
