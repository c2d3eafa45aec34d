/* sol_book.h - a small book made by hand for the C tests: 1,000 USDT and 10 SOL deposited at Velocity, short
 * 10 SOL-PERP, SOL at 150 $, USDT at 1 $. All weights are round, so that every figure a test expects can be
 * worked out on paper beside it. */
#ifndef SOL_BOOK_H
#define SOL_BOOK_H
#include <string.h>

#include "snapshot/ek_book.h"

enum { USD = 1000000, SOL = 1000000000 };

static const ek_key USDT_ORACLE = {{0xA0}}, SOL_ORACLE = {{0xA1}};

static inline void sol_book_oracle(ek_book *b, uint32_t i, const ek_key *key, int64_t price_e6) {
    b->oracles[i].key = *key;
    b->oracles[i].source = EK_ORACLE_LAZER;
    b->oracles[i].value.price_e6 = price_e6;
    b->oracles[i].value.conf_e6 = 1000;
    b->oracles[i].value.posted_slot = 990;
    b->n_oracles = (uint8_t)(i + 1 > b->n_oracles ? i + 1 : b->n_oracles);
}
/* SOL moves, spot and perp alike; what the market keeps as its average moves with it. */
static inline void sol_book_price(ek_book *b, int64_t price_e6) {
    sol_book_oracle(b, 1, &SOL_ORACLE, price_e6);
    b->spots[1].oracle_twap_5min_e6 = price_e6;
}

static inline void sol_book(ek_book *b) {
    ek_book_reset(b, ek_venue_at(0), 1000);
    memset(b->perps, 0, sizeof b->perps);
    memset(b->spots, 0, sizeof b->spots);
    memset(b->oracles, 0, sizeof b->oracles);
    b->have = 1u << EK_ROLE_USER | 1u << EK_ROLE_CLOCK | 1u << EK_ROLE_AUTHORITY;
    b->clock.slot = 1000;
    b->clock.unix_timestamp = 1700000000;
    b->n_spots = 2;
    b->n_perps = 1;

    ek_spot_market *usdt = &b->spots[0], *sol = &b->spots[1];
    usdt->oracle = USDT_ORACLE;
    usdt->decimals = 6;
    sol->market_index = 1;
    sol->oracle = SOL_ORACLE;
    sol->decimals = 9;
    sol->initial_asset_weight_e4 = 8000;
    sol->maintenance_asset_weight_e4 = 9000;
    sol->initial_liability_weight_e4 = 12000;
    sol->maintenance_liability_weight_e4 = 11000;
    for (int i = 0; i < 2; i++) {
        b->spots[i].oracle_source = EK_ORACLE_LAZER;
        b->spots[i].status = EK_MARKET_ACTIVE;
        b->spots[i].cumulative_deposit_interest_e10.lo = b->spots[i].cumulative_borrow_interest_e10.lo =
            10000000000;
    }
    usdt->oracle_twap_5min_e6 = USD;

    ek_perp_market *perp = &b->perps[0];
    strcpy(perp->name, "SOL-PERP");
    perp->oracle = SOL_ORACLE;
    perp->oracle_source = EK_ORACLE_LAZER;
    perp->status = EK_MARKET_ACTIVE;
    perp->step_base_e9 = perp->min_order_base_e9 = SOL / 100;
    perp->tick_price_e6 = 100;
    perp->margin_initial_e4 = 1000;
    perp->margin_maintenance_e4 = 500;
    perp->pnl_initial_weight_e4 = 8000;
    perp->pnl_maintenance_weight_e4 = 10000;

    sol_book_oracle(b, 0, &USDT_ORACLE, USD);
    sol_book_price(b, 150 * USD);

    ek_user *u = &b->user;
    u->next_order_id = 5;
    u->n_spots = 2;
    u->spots[0].scaled_balance_e9 = 1000 * (uint64_t)SOL;
    u->spots[1].scaled_balance_e9 = 10 * (uint64_t)SOL;
    u->spots[1].market_index = 1;
    u->spots[1].slot = 1;
    u->n_perps = 1;
    u->perps[0].base_e9 = -10 * (int64_t)SOL;
    u->perps[0].quote_e6 = u->perps[0].quote_entry_e6 = 1500 * (int64_t)USD;
}

#endif
