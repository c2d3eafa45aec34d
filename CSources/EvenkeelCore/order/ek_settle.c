#include "order/ek_settle.h"

#include "base/ek_assert.h"
#include "base/ek_fixed.h"
#include "order/ek_order_margin.h"
#include "ek_order_wire.h"

EK_SMALL_BEGIN

ek_err ek_settle_expected(const ek_book *b, uint16_t perp_index, const ek_order_params *order,
                          int64_t *claim_e6, int *admits) {
    const ek_perp_market *m = ek_book_perp(b, perp_index);
    const ek_perp_position *p = ek_user_perp(&b->user, perp_index);
    const ek_oracle *oracle;
    ek_i128 pnl = ek_wide_i64(0);
    *claim_e6 = 0;
    if (admits != NULL) *admits = 0;
    if (m == NULL) return EK_E_MISSING;
    if (p == NULL) return EK_OK;
    ek_err err = ek_book_perp_oracle(b, perp_index, &oracle);
    if (err == EK_OK) err = ek_perp_pnl(p, m, oracle->price_e6, &pnl);
    if (err != EK_OK || ek_wide_sign(pnl) <= 0) return err;
    err = ek_wide_to_i64(pnl, claim_e6);
    if (err != EK_OK || order == NULL) return err;

    const ek_spot_market *quote = ek_book_spot(b, m->quote_spot_index);
    if (quote == NULL) return EK_E_MISSING;
    ek_user after = b->user;
    ek_spot_position *deposit = ek_user_spot_or_new(&after, m->quote_spot_index);
    if (deposit == NULL) return EK_E_FULL;
    ek_perp_position *held = ek_user_perp_or_new(&after, perp_index);
    EK_ASSERT(held != NULL);
    err = ek_spot_add_tokens(deposit, quote, *claim_e6);
    if (err == EK_OK) err = ek_sub_i64(held->quote_e6, *claim_e6, &held->quote_e6);
    if (err != EK_OK) return err;
    int type;
    ek_margin margin;
    ek_fault fault;
    err = ek_margin_if_placed_by(b, &after, order, &type, &margin, &fault);
    if (err == EK_OK && admits != NULL) *admits = ek_margin_free_e6(&margin) >= 0;
    return err;
}

EK_SMALL_END
