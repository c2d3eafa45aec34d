/* The signer's judgement over any bytes: limits, claim, oracle and message. What it would sign has one
 * signature by its own key, pays no more than the cap, calls only the compute budget and the venue, and
 * writes only accounts of the own User. */
#include "base/ek_bytes.h"
#include "solana/ek_crypto.h"
#include "signer/ek_policy.h"
#include "solana/ek_tx.h"
#include <stdlib.h>

static void need(int ok) {
    if (!ok) abort();
}

static ek_policy policies[2];
static ek_key own;

static void begin(void) {
    uint8_t seed[32], secret[64];
    memset(seed, 8, sizeof seed);
    need(ek_crypto_init() == EK_OK);
    ek_ed25519_from_seed(seed, &own, secret);
    for (uint32_t i = 0; i < 2; i++) {
        ek_policy_limits l = {.n_markets = 1,
                              .max_slippage_ppm = 5000,
                              .max_fee_lamports = 205000,
                              .max_notional_day_e6 = 1000000000000,
                              .max_orders_hour = 60,
                              .max_compute_units = 1400000,
                              .move = {20000, 100000, 250000},
                              .fill_timeout_s = 30,
                              .speed = 1,
                              .machines = 1,
                              .markets = {{"SOL-PERP", 50000000000}}};
        memcpy(l.venue, i == 0 ? "velocity" : "drift", i == 0 ? 8 : 5);
        memset(l.authority, 7, 32);
        need(ek_policy_init(&policies[i], &l, &own) == EK_OK);
    }
}

/* Input: 1 byte venue, 80 of claim, 1 length of the oracle, oracle, message. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static int ready;
    if (!ready) begin();
    ready = 1;
    ek_policy_claim claim;
    static ek_ledger ledger;
    if (n < 82) return 0;
    memcpy(&claim, bytes + 1, 80);
    size_t oracle_len = bytes[81];
    if (oracle_len > n - 82) return 0;
    memset(&ledger, 0, sizeof ledger);
    const ek_policy *p = &policies[bytes[0] & 1];
    const uint8_t *message = bytes + 82 + oracle_len;
    size_t len = n - 82 - oracle_len;
    ek_ledger_clock clock = {.unix_s = 1800000000, .boot_s = 5};
    int64_t wait_s = 0;
    uint32_t reason =
        ek_policy_decide(p, &ledger, &clock, message, len, &claim, bytes + 82, oracle_len, &wait_s);
    need(reason <= EK_REFUSE_LAST && (reason == 0) == (ek_rolling_sum(&ledger.orders) == 1));
    need(wait_s >= -1 && ek_ledger_valid(&ledger));
    need(reason != 0 || claim.reduce_only || ek_rolling_sum(&ledger.loss) <= ledger.limit_e6);
    ek_policy_limits any;
    ek_policy made;
    if (n >= sizeof any) {
        memcpy(&any, bytes + n - sizeof any, sizeof any);
        (void)ek_policy_init(&made, &any, &own);
    }
    if (reason != 0) return 0;
    static ek_tx tx;
    need(ek_message_parse(message, len, &tx) == EK_OK && tx.n_required == 1
         && ek_key_equal(ek_tx_key(&tx, 0), &own) && tx.n_luts == 0);
    uint32_t written = 0;
    for (uint32_t i = 0; i < tx.n_keys; i++) written += (uint32_t)ek_tx_is_writable(&tx, i);
    need(written <= 5 && claim.size_base_e9 <= (claim.kind == 3 ? UINT64_MAX : 50000000000));
    for (uint32_t i = 0; i < tx.n_ixs; i++) {
        const ek_key *program = ek_tx_key(&tx, tx.ixs[i].program_index);
        need(ek_key_equal(program, &EK_COMPUTE_BUDGET_PROGRAM)
             || ek_key_equal(program, ek_venue_program(p->venue)));
    }
    return 0;
}
