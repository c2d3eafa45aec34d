/* The split of results, worked out beside each check; whatever happens, the parts add up to the equity. */
#include "check.h"
#include "order/ek_ticket.h"
#include "store/ek_record.h"
#include "store/ek_vault.h"

enum { USD = 1000000, SOL = 1000000000 };

static ek_vault v;
static ek_vault_market market[1];
static ek_vault_split now;

static void take(int64_t at, ek_vault_book book, ek_vault_leg leg) {
    ek_vault_take(&v, market, 1, EK_MODE_LIVE, at, &book, &leg);
    ek_vault_now(&v, market, 1, &now);
    CHECK_EQ(now.unix_s, at);
    CHECK_EQ(now.equity_e6, book.equity_e6);
    int64_t sum = 0;
    for (uint32_t i = 0; i < EK_VAULT_PARTS; i++) sum += ek_vault_part(&now, i);
    CHECK_EQ(sum, now.equity_e6);
}
/* 10 SOL at the venue against 10 SOL short. */
static ek_vault_leg leg(int64_t spot_usd, int64_t perp_usd) {
    return (ek_vault_leg){.spot_base_e9 = 10 * (int64_t)SOL,
                          .perp_base_e9 = -10 * (int64_t)SOL,
                          .spot_price_e6 = spot_usd * USD,
                          .perp_price_e6 = perp_usd * USD};
}
static void begin(void) {
    memset(&v, 0, sizeof v);
    memset(market, 0, sizeof market);
    take(1000, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD}, leg(150, 150));
    CHECK_EQ(now.flows_e6, 2500 * (int64_t)USD); /* what is there at the start came in */
    CHECK(v.known && v.start_unix_s == 1000);
}

static void each_cause(void) {
    begin();
    /* 4 $ of funding, a fee of 1 $, 20 $ paid in; the perp 1 $ dearer than the spot, a short loses 10 $ by
     * that. */
    take(2000,
         (ek_vault_book){.equity_e6 = 2513 * (int64_t)USD,
                         .funding_mark_e6 = 4 * USD,
                         .fees_mark_e6 = USD,
                         .deposits_mark_e6 = 20 * USD},
         leg(160, 161));
    CHECK_EQ(now.funding_e6, 4 * USD);
    CHECK_EQ(now.fees_e6, -USD);
    CHECK_EQ(now.flows_e6, 2520 * (int64_t)USD);
    CHECK_EQ(now.basis_e6, -10 * USD);
    CHECK_EQ(now.delta_e6, 0); /* hedged: the price alone moves nothing */
    CHECK_EQ(now.other_e6, 0);
    /* Two SOL more than hedged, and the price falls by 10 $. */
    ek_vault_leg open = leg(160, 161);
    open.spot_base_e9 += 2 * (int64_t)SOL;
    open.outside_base_e9 = 2 * (int64_t)SOL; /* bought with money from elsewhere: 320 $ came in */
    take(3000,
         (ek_vault_book){.equity_e6 = 2833 * (int64_t)USD,
                         .funding_mark_e6 = 4 * USD,
                         .fees_mark_e6 = USD,
                         .deposits_mark_e6 = 20 * USD},
         open);
    CHECK_EQ(now.flows_e6, 2840 * (int64_t)USD);
    open.spot_price_e6 = 150 * USD;
    open.perp_price_e6 = 151 * USD;
    take(4000,
         (ek_vault_book){.equity_e6 = 2813 * (int64_t)USD,
                         .funding_mark_e6 = 4 * USD,
                         .fees_mark_e6 = USD,
                         .deposits_mark_e6 = 20 * USD},
         open);
    CHECK_EQ(now.delta_e6, -20 * USD);
    CHECK_EQ(now.other_e6, 0);
    /* A network fee out of a leg outside is no money taken out, and no venue's fee: 0.01 SOL at 150 $. */
    open.outside_base_e9 -= SOL / 100;
    open.spot_base_e9 -= SOL / 100;
    take(5000,
         (ek_vault_book){.equity_e6 = 2813 * (int64_t)USD - 1500000,
                         .funding_mark_e6 = 4 * USD,
                         .fees_mark_e6 = USD + 1500000,
                         .network_mark_e6 = 1500000,
                         .deposits_mark_e6 = 20 * USD},
         open);
    CHECK_EQ(now.fees_e6, -USD);
    CHECK_EQ(now.network_e6, -1500000);
    CHECK_EQ(now.flows_e6, 2840 * (int64_t)USD);
    CHECK_EQ(now.other_e6, 0);
}

/* Interest and yield are told by who makes the book; the rest of an interval without a trade is other. */
static void what_was_earned(void) {
    begin();
    take(2000,
         (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD + 700, .interest_e6 = 400, .yield_e6 = 200},
         leg(150, 150));
    CHECK(now.interest_e6 == 400 && now.yield_e6 == 200 && now.other_e6 == 100);
    take(3000, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD + 600, .interest_e6 = -100}, leg(150, 150));
    CHECK(now.interest_e6 == 300 && now.yield_e6 == 200 && now.other_e6 == 100);
}

static void what_a_fill_cost(void) {
    begin();
    ek_vault_leg l = leg(150, 150);
    l.perp_base_e9 += SOL; /* bought one back, 0.3 $ over the oracle, with a fee of 0.1 $ */
    take(2000, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD - 400000, .fees_mark_e6 = 100000}, l);
    CHECK_EQ(now.basis_e6, -300000);
    CHECK_EQ(now.fees_e6, -100000);
    take(3000, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD - 350000, .fees_mark_e6 = 100000}, l);
    CHECK_EQ(now.other_e6, 50000); /* without a fill it is nobody's: rounding, the quote coin */
}

/* The same fill with its price: 1 SOL bought back for 150.30 where the oracle stood at 150 when it was
 * decided. The oracle is at 151 when the book shows it: the dollar between is no slippage. */
static void what_a_fill_slipped(void) {
    begin();
    ek_vault_filled(&market[0], 0, SOL, 150300000, 150 * USD);
    CHECK_EQ(market[0].slippage_due_e6, -300000);
    take(1500, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD}, leg(150, 150));
    CHECK_EQ(now.slippage_e6, 0); /* a book from before the fill: it waits */
    ek_vault_leg l = leg(151, 151);
    l.perp_base_e9 += SOL;
    take(2000, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD + USD - 400000, .fees_mark_e6 = 100000}, l);
    CHECK_EQ(now.slippage_e6, -300000);
    CHECK_EQ(now.fees_e6, -100000);
    CHECK_EQ(now.basis_e6, USD); /* the way of the price between decision and fill */
    CHECK(now.delta_e6 == 0 && now.other_e6 == 0 && market[0].slippage_due_e6 == 0);
    /* Sold 2 SOL in two fills, one better than the oracle, one worse. */
    ek_vault_filled(&market[0], 1, SOL, 151500000, 151 * USD);
    ek_vault_filled(&market[0], 1, SOL, 150800000, 151 * USD);
    l.perp_base_e9 -= 2 * (int64_t)SOL;
    take(3000, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD + USD - 100000, .fees_mark_e6 = 100000}, l);
    CHECK_EQ(now.slippage_e6, 0);
    CHECK_EQ(market[0].slippage_e6, 0);
    CHECK_EQ(now.basis_e6, USD);
    /* What does not fit is not booked. */
    ek_vault_filled(&market[0], 1, UINT64_MAX, 1, 1);
    ek_vault_filled(&market[0], 1, INT64_MAX, 1, INT64_MAX);
    CHECK_EQ(market[0].slippage_due_e6, 0);
    /* Paper and live are two histories: what waits is of the other one. */
    ek_vault_filled(&market[0], 0, SOL, 150300000, 150 * USD);
    ek_vault_book book = {.equity_e6 = 2600 * (int64_t)USD};
    ek_vault_take(&v, market, 1, EK_MODE_PAPER, 4000, &book, &l);
    CHECK_EQ(market[0].slippage_due_e6, 0);
}

static void names(void) {
    CHECK(strcmp(ek_vault_part_name(0), "funding") == 0 && strcmp(ek_vault_part_name(9), "other") == 0);
    CHECK(strcmp(ek_vault_part_name(EK_VAULT_PART_FLOWS), "flows") == 0);
    CHECK(ek_vault_part_name(EK_VAULT_PARTS) == NULL && ek_vault_part(&now, EK_VAULT_PARTS) == 0);
    ek_vault_split s = {.flows_e6 = 7};
    CHECK_EQ(ek_vault_part(&s, EK_VAULT_PART_FLOWS), 7);
}

static void another_history(void) {
    begin();
    ek_vault_book book = {.equity_e6 = 2600 * (int64_t)USD};
    ek_vault_leg l = leg(150, 150);
    ek_vault_take(&v, market, 1, EK_MODE_PAPER, 2000, &book, &l);
    ek_vault_now(&v, market, 1, &now);
    CHECK_EQ(now.flows_e6, 2600 * (int64_t)USD); /* paper and live are two: the change came in */
    CHECK_EQ(now.other_e6, 0);
    book.equity_e6 = INT64_MIN;
    ek_vault_take(&v, market, 1, EK_MODE_PAPER, 3000, &book, &l);
    ek_vault_now(&v, market, 1, &now);
    CHECK_EQ(v.start_unix_s, 3000); /* it leaves 64 bits: everything begins anew */
    CHECK_EQ(now.flows_e6, INT64_MIN);
}

static void between_two_moments(void) {
    begin();
    ek_vault_split then = now, d;
    take(2000, (ek_vault_book){.equity_e6 = 2504 * (int64_t)USD, .funding_mark_e6 = 4 * USD}, leg(150, 150));
    CHECK_EQ(ek_vault_between(&then, &now, &d), EK_OK);
    CHECK(d.unix_s == 1000 && d.equity_e6 == 4 * USD && d.funding_e6 == 4 * USD && d.flows_e6 == 0
          && d.other_e6 == 0);
    then.equity_e6 = INT64_MIN;
    CHECK_EQ(ek_vault_between(&then, &now, &d), EK_E_OVERFLOW);
}

int main(void) {
    RUN(each_cause);
    RUN(what_a_fill_cost);
    RUN(what_a_fill_slipped);
    RUN(what_was_earned);
    RUN(names);
    RUN(another_history);
    RUN(between_two_moments);
    return check_end();
}
