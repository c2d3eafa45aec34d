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
    CHECK_EQ(now.flows_e6 + now.funding_e6 + now.fees_e6 + now.basis_e6 + now.delta_e6 + now.other_e6,
             now.equity_e6);
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
    /* A network fee out of a leg outside is a fee, not money taken out: 0.01 SOL at 150 $. */
    open.outside_base_e9 -= SOL / 100;
    open.spot_base_e9 -= SOL / 100;
    take(5000,
         (ek_vault_book){.equity_e6 = 2813 * (int64_t)USD - 1500000,
                         .funding_mark_e6 = 4 * USD,
                         .fees_mark_e6 = USD + 1500000,
                         .network_mark_e6 = 1500000,
                         .deposits_mark_e6 = 20 * USD},
         open);
    CHECK_EQ(now.fees_e6, -USD - 1500000);
    CHECK_EQ(now.flows_e6, 2840 * (int64_t)USD);
    CHECK_EQ(now.other_e6, 0);
}

static void what_a_fill_cost(void) {
    begin();
    ek_vault_leg l = leg(150, 150);
    l.perp_base_e9 += SOL; /* bought one back, 0.3 $ over the oracle, with a fee of 0.1 $ */
    take(2000, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD - 400000, .fees_mark_e6 = 100000}, l);
    CHECK_EQ(now.basis_e6, -300000);
    CHECK_EQ(now.fees_e6, -100000);
    take(3000, (ek_vault_book){.equity_e6 = 2500 * (int64_t)USD - 350000, .fees_mark_e6 = 100000}, l);
    CHECK_EQ(now.other_e6, 50000); /* without a fill it is nobody's: interest, rounding */
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
    RUN(another_history);
    RUN(between_two_moments);
    return check_end();
}
