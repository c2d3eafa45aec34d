/* A whole getMultipleAccounts answer, any bytes, for a plan with markets and oracles: loaded, completed and
 * assessed, or refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hedge/ek_assess.h"
#include "solana/ek_crypto.h"
#include "solana/ek_tx.h"

static ek_plan plans[4]; /* by venue; the upper two know the oracles already, as after a first read */
static ek_book book;
static uint8_t work[8192];
static const ek_key mint = {{5}}, watched = {{6}};

static void begin(void) {
    if (ek_crypto_init() != EK_OK) abort();
    for (uint32_t i = 0; i < 2; i++) {
        ek_key authority = {{7}}, payer = {{9}};
        if (ek_plan_init(&plans[i], ek_venue_at(i), &authority, 0, &payer) != EK_OK) abort();
        if (ek_plan_add_perp(&plans[i], 0) != EK_OK || ek_plan_add_spot(&plans[i], 1) != EK_OK) abort();
        plans[i + 2] = plans[i];
        if (ek_plan_add_token(&plans[i + 2], &EK_NATIVE_MINT) != EK_OK
            || ek_plan_add_token(&plans[i + 2], &mint) != EK_OK)
            abort();
        if (ek_plan_add_watch(&plans[i + 2], &watched) != EK_OK) abort();
        for (int k = 0; k < 2; k++) {
            ek_plan_item *item = &plans[i + 2].items[plans[i + 2].n++];
            *item = (ek_plan_item){.role = EK_ROLE_ORACLE, .perp = k == 0};
            memset(item->key.bytes, 21 + k, sizeof item->key.bytes);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static int ready;
    if (!ready) begin();
    ready = 1;
    if (n < 1) return 0;
    ek_plan plan = plans[bytes[0] & 3];
    uint8_t *json = malloc(n);
    if (json == NULL) return 0;
    memcpy(json, bytes + 1, n - 1);
    ek_fault fault;
    if (ek_book_load(&book, &plan, json, n - 1, work, sizeof work, &fault) == EK_OK) {
        int changed;
        ek_hedge_legs legs = {.perp_index = 0, .spot_index = 1, .use_venue = 1, .use_wallet = 1};
        if (bytes[0] & 2) {
            legs.n_legs = 4;
            legs.legs[0] = (ek_leg){.kind = EK_LEG_TOKEN, .key = EK_NATIVE_MINT};
            legs.legs[1] = (ek_leg){.kind = EK_LEG_TOKEN, .key = mint};
            legs.legs[2] = (ek_leg){.kind = EK_LEG_WATCH, .key = watched};
            legs.legs[3] = (ek_leg){.kind = EK_LEG_FIXED, .amount_base_e9 = -1};
        }
        ek_assessment a;
        (void)ek_plan_complete(&plan, &book, &changed);
        /* a refusal always says why */
        if (ek_assess(&book, &legs, &a, &fault) != EK_OK && fault.text[0] == 0) abort();
    } else if (memchr(fault.text, 0, sizeof fault.text) == NULL || fault.text[0] == 0) {
        abort();
    }
    free(json);
    return 0;
}
