#include "order/ek_settle.h"

#include "base/ek_fixed.h"
#include "order/ek_order_margin.h"
#include "../base/ek_calc.h"
#include "ek_order_wire.h"

EK_SMALL_BEGIN

/* The quote position, taken into use where there is none. NULL: no room. */
static ek_spot_position *quote_position(ek_user *u, uint16_t market_index) {
    for (uint32_t i = 0; i < u->n_spots; i++)
        if (u->spots[i].market_index == market_index) return &u->spots[i];
    if (u->n_spots >= EK_MAX_SPOTS) return NULL;
    ek_spot_position *p = &u->spots[u->n_spots++];
    *p = (ek_spot_position){.market_index = market_index};
    return p;
}

/* Adds tokens to a balance that may be owed: what is owed is paid first. */
static ek_err add_tokens(ek_spot_position *p, const ek_spot_market *m, int64_t tokens) {
    ek_i128 held;
    ek_calc c = {EK_OK};
    ek_err err = ek_spot_token_amount(p, m, &held);
    if (err != EK_OK) return err;
    ek_w sum = ek_w_add(&c, held, ek_wi(tokens));
    int owes = ek_w_sign(sum) < 0;
    ek_w index;
    err = ek_wide_u128(owes ? m->cumulative_borrow_interest_e10 : m->cumulative_deposit_interest_e10, &index);
    if (err != EK_OK || ek_w_sign(index) <= 0 || m->decimals > 19) return EK_E_RANGE;
    ek_w scale = ek_wi(1);
    for (uint32_t d = m->decimals; d < 19; d++) scale = ek_w_mul(&c, scale, ek_wi(10));
    ek_w scaled = ek_w_mul(&c, ek_w_abs(&c, sum), scale);
    scaled = owes ? ek_w_ceil(&c, scaled, index) : ek_w_div(&c, scaled, index);
    p->balance_type = owes ? EK_BORROW : EK_DEPOSIT;
    return c.err == EK_OK ? ek_wide_to_u64(scaled, &p->scaled_balance_e9) : c.err;
}

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
    ek_spot_position *deposit = quote_position(&after, m->quote_spot_index);
    if (deposit == NULL) return EK_E_FULL;
    err = add_tokens(deposit, quote, *claim_e6);
    for (uint32_t i = 0; err == EK_OK && i < after.n_perps; i++)
        if (after.perps[i].market_index == perp_index)
            err = ek_sub_i64(after.perps[i].quote_e6, *claim_e6, &after.perps[i].quote_e6);
    if (err != EK_OK) return err;
    int type;
    ek_margin margin;
    ek_fault fault;
    err = ek_margin_if_placed_by(b, &after, order, &type, &margin, &fault);
    if (err == EK_OK && admits != NULL) *admits = ek_margin_free_e6(&margin) >= 0;
    return err;
}

EK_SMALL_END
