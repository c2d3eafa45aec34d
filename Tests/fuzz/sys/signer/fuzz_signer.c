/* The signer's own mouth: any packet, judged and answered; and its counters' file. An answer holds a
 * signature exactly when it holds no reason, and then it is one of the message that was asked for. */
#include "base/ek_bytes.h"
#include "solana/ek_crypto.h"
#include "signer/sys_ledger.h"
#include "signer/sys_signer.h"
#include <stdlib.h>

static void need(int ok) {
    if (!ok) abort();
}

static ek_policy policy;
static uint8_t secret[64];
static ek_key own;

static int keep(void *context, const ek_ledger *ledger) {
    need(ledger->refusals <= EK_POLICY_REFUSALS);
    return *(int *)context;
}

static void begin(void) {
    uint8_t seed[32];
    memset(seed, 8, sizeof seed);
    need(ek_crypto_init() == EK_OK);
    ek_ed25519_from_seed(seed, &own, secret);
    ek_policy_limits l = {.venue = "velocity",
                          .n_markets = 1,
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
    memset(l.authority, 7, 32);
    need(ek_policy_init(&policy, &l, &own) == EK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static int ready;
    if (!ready) begin();
    ready = 1;
    static ek_ledger ledger;
    uint64_t generation;
    ek_ledger_clock clock = {.unix_s = 1800000000, .boot_s = 5};
    /* Whatever a file holds and its checksum vouches for can be worked with. */
    if (sys_ledger_read(bytes, n, &ledger, &generation)) need(n >= sizeof ledger && generation > 0);
    else if (sys_ledger_read_old(bytes, n, &ledger, &generation)) need(n >= 560 && generation > 0);
    else memset(&ledger, 0, sizeof ledger);
    if (n >= sizeof ledger) {
        static ek_ledger any;
        memcpy(&any, bytes + n - sizeof any, sizeof any);
        if (ek_ledger_valid(&any)) ledger = any;
    }
    ek_ledger_advance(&ledger, &clock);
    need(ek_ledger_valid(&ledger));
    if (ledger.refusals > 0) memset(&ledger, 0, sizeof ledger);
    int fails = n > 0 && bytes[n - 1] == 0xEE;
    sys_signer_answer answer;
    sys_signer_judge(&policy, &ledger, &clock, secret, bytes, n, keep, &fails, &answer);
    uint8_t none[64] = {0};
    int noted = answer.head.type == SYS_SIGNER_NOTED;
    need((memcmp(answer.signature, none, 64) == 0) == (noted || answer.head.value != 0));
    need(answer.head.value <= EK_REFUSE_LAST && (noted || answer.head.type == SYS_SIGNER_ANSWER)
         && answer.breaker == 0 && answer.wait_s >= -1);
    need(!noted || n == sizeof(sys_signer_price));
    if (noted || answer.head.value != 0) return 0;
    sys_signer_ask ask;
    need(n == sizeof ask && !fails);
    memcpy(&ask, bytes, sizeof ask);
    need(ek_ed25519_verify(answer.signature, ask.message, ask.message_len, &own) == EK_OK);
    return 0;
}
