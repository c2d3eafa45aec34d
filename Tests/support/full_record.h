/* full_record.h - a record with every field set to something of its own. */
#ifndef FULL_RECORD_H
#define FULL_RECORD_H

#include "check.h"
#include "store/ek_record.h"
#include <string.h>

static inline void full_ticket(ek_ticket *t) {
    *t = (ek_ticket){.state = EK_TICKET_SENT,
                     .kind = EK_KIND_TAKE,
                     .market = 1,
                     .action = EK_ACTION_EXPAND_SHORT,
                     .direction = EK_SELL,
                     .drift_known = 1,
                     .user_order_id = 199,
                     .outcome = EK_OUT_NONE,
                     .perp_index = 1,
                     .attempts = 6,
                     .next_order_id_before = 18,
                     .target_order_id = 17,
                     .tolerance_ppm = 10000,
                     .size_base_e9 = 10000000,
                     .worst_price_e6 = 144500000,
                     .oracle_price_e6 = 145230000,
                     .position_before_base_e9 = -9850000000,
                     .quote_before_e6 = 1430000000,
                     .quote_entry_before_e6 = 1430200000,
                     .spot_before_base_e9 = 10000000000,
                     .net_before_base_e9 = 150000000,
                     .drift_before_ppm = 15000,
                     .book_slot = 438024290,
                     .max_ts = 1800000100,
                     .last_valid_block_height = 410000000,
                     .journalled_unix_s = 1800000050,
                     .sent_unix_s = 1800000051,
                     .sent_slot = 438024291,
                     .landed_slot = 0,
                     .filled_base_e9 = 0,
                     .fee_lamports = 5000,
                     .tx_len = 485};
    memset(t->blockhash.bytes, 0x11, 32);
    memset(t->signature, 0x22, 64);
    for (int i = 0; i < t->tx_len; i++) t->tx[i] = (uint8_t)(i * 7);
}

/* Every field that version 0.1 knows, set to something of its own. */
static inline ek_record full_record_0_1(void) {
    ek_record r;
    ek_key key;
    uint32_t at = 99;
    for (int i = 0; i < 32; i++) key.bytes[i] = (uint8_t)(i + 1);
    CHECK_EQ(ek_record_init(&r, "velocity", &key, 3), EK_OK);
    CHECK_EQ(ek_record_add(&r, "SOL-PERP", 0, &at), EK_OK);
    CHECK_EQ(at, 0);
    CHECK_EQ(ek_record_add(&r, "BTC-PERP", 1, &at), EK_OK);
    CHECK_EQ(at, 1);
    r.generation = 77;
    r.mode = EK_MODE_LIVE;
    r.paused = 1;
    r.breaker_open = 1;
    r.next_user_order_id = 200;
    r.failures_in_row = 4;
    r.max_slot_seen = 438024300;
    r.fee_lamports_total = 123456;
    r.ticks_total = 1u << 30;
    r.corrections_total = 42;
    r.start_unix_s = 1700000000;
    r.vault = (ek_vault){.known = 1,
                         .mode = EK_MODE_LIVE,
                         .unix_s = 1800000002,
                         .start_unix_s = 1790000000,
                         .book = {.equity_e6 = 7000000,
                                  .funding_mark_e6 = -11,
                                  .fees_mark_e6 = 12,
                                  .network_mark_e6 = 13,
                                  .deposits_mark_e6 = -14},
                         .flows_e6 = 15,
                         .funding_e6 = -5,
                         .fees_e6 = -6};
    ek_market_record *m = ek_record_market(&r, 1);
    m->last_success = (ek_moment){1800000000, 438000000};
    m->day_start_unix_s = 1799971200;
    m->trades_today = 3;
    m->notional_today_e6 = 99000000;
    m->corrections_total = 40;
    m->fees_own_e6 = -12;
    m->paper = (ek_paper){1, -2000000000, 290000000, 101, {1800000001, 438000002}, 1799971200, 2, 9, 42};
    m->last.action = EK_ACTION_REDUCE_SHORT;
    m->last.outcome = EK_OUT_PARTIAL_GONE;
    m->last.mode = EK_MODE_LIVE;
    m->last.size_base_e9 = 150000000;
    m->last.price_e6 = 145210000;
    m->last.fee_e6 = 7624;
    m->last.fee_lamports = 5123;
    m->last.slot = 438000000;
    m->last.unix_s = 1800000000;
    m->last.drift_before_ppm = -15000;
    m->last.drift_after_ppm = -3;
    memset(m->last.signature, 0xAB, 64);
    m->vault = (ek_vault_market){.leg = {10, 11, -12, 13, 14}, .basis_e6 = -15, .delta_e6 = 16};
    r.markets[0].vault.leg.spot_base_e9 = 17;
    full_ticket(ek_record_ticket(&r));
    return r;
}

#ifndef FULL_RECORD_OF_0_1
static inline ek_record full_record(void) {
    ek_record r = full_record_0_1();
    ek_lst_rate rate = {{{9}}, 1234567890123, 1000000000000, 811};
    r.proof = (ek_proof){438024299, 19};
    r.vault.network_e6 = -7;
    r.vault.interest_e6 = 8;
    r.vault.yield_e6 = 9;
    r.vault.balances_unix_s = 1800000003;
    for (uint8_t i = 0; i < EK_VAULT_BALANCES; i++)
        r.vault.balances[i] = (ek_vault_balance){i, i % 2, 100u + i, -i};
    r.markets[1].vault.slippage_e6 = -18;
    r.markets[1].vault.slippage_due_e6 = 19;
    r.clustered = 1;
    CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_OK);
    rate = (ek_lst_rate){{{8}}, 7, 6, 812};
    CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_OK);
    return r;
}
#endif

#endif
