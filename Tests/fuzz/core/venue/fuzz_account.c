/* Every decoder of both venues on any bytes; what decodes must survive margin, assessment and instruction
 * building. First byte: venue and kind; the rest is the account. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hedge/ek_assess.h"
#include "order/ek_order_margin.h"

static ek_book book;

/* Everything that reads a book, on a book that holds whatever was put. */
static void use(void) {
    ek_fault fault;
    ek_margin m;
    ek_assessment a;
    ek_ix ix;
    ek_key signer = {{1}};
    uint32_t leverage;
    int type;
    for (int kind = EK_INITIAL; kind <= EK_MAINTENANCE; kind++)
        for (int strict = 0; strict <= 1; strict++) (void)ek_margin_calc(&book, kind, strict, &m, &fault);
    ek_hedge_legs legs = {.perp_index = book.n_perps ? book.perps[0].market_index : 0,
                          .spot_index = 1,
                          .use_venue = 1,
                          .use_wallet = 1};
    (void)ek_assess(&book, &legs, &a, &fault);
    (void)ek_leverage_after(&book, legs.perp_index, INT64_MIN, &leverage, &fault);
    ek_order_params o = ek_order_perp(legs.perp_index, EK_ORDER_MARKET, EK_SELL, 1000000000);
    (void)ek_margin_if_placed(&book, &o, &type, &m, &fault);
    (void)ek_order_check(&book, &o, 5000, &fault);
    (void)ek_ix_place(&book, &signer, &o, &ix);
    (void)ek_ix_place_and_take(&book, &signer, &o, 1, EK_TAKE_ALL, &ix);
    (void)ek_ix_cancel_order(&book, &signer, 0, 1, 7, &ix);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    if (n < 2) return 0;
    const ek_venue *v = ek_venue_at(bytes[0] & 1);
    int kind = bytes[0] >> 1;
    size_t len = n - 2;
    uint8_t *data = malloc(len ? len : 1); /* exact size: a read past the end is seen */
    if (data == NULL) return 0;
    memcpy(data, bytes + 2, len);
    ek_oracle oracle;
    (void)ek_decode_oracle(v, bytes[1], data, len, &oracle);
    ek_clock clock;
    (void)ek_decode_clock(data, len, &clock);
    ek_key key = {{9}};
    ek_book_reset(&book, v, 1000);
    /* Markets that need nothing else, so that a decoded User meets something. */
    book.n_spots = 2;
    for (int i = 0; i < 2; i++) {
        book.spots[i].market_index = (uint16_t)i;
        book.spots[i].decimals = i ? 9 : 6;
        book.spots[i].oracle_source = EK_ORACLE_LAZER;
        book.spots[i].oracle_twap_5min_e6 = 1000000;
        book.spots[i].cumulative_deposit_interest_e10.lo = book.spots[i].cumulative_borrow_interest_e10.lo =
            10000000000u;
        book.spots[i].imf_e6 = 50;
    }
    book.perps[0] = (ek_perp_market){.oracle_source = EK_ORACLE_LAZER,
                                     .step_base_e9 = 10000000,
                                     .margin_initial_e4 = 500,
                                     .imf_e6 = 50,
                                     .status = 1};
    book.n_perps = 1;
    book.oracles[0] = (ek_book_oracle_entry){.source = EK_ORACLE_LAZER,
                                             .value = {.price_e6 = 76000000, .posted_slot = 990}};
    book.n_oracles = 1;
    book.have = 1u << EK_ROLE_USER | 1u << EK_ROLE_CLOCK | 1u << EK_ROLE_AUTHORITY;
    if (kind % 4 == 1) book.n_perps = 0;
    if (kind % 4 == 2) book.n_spots = 0;
    if (ek_book_put_account(&book, kind % 9, &key, data, len) == EK_OK) use();
    free(data);
    return 0;
}
