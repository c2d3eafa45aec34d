#include "store/ek_interest.h"

#include <string.h>

#include "base/ek_fixed.h"
#include "base/ek_wide.h"

_Static_assert((int)EK_VAULT_BALANCES == (int)EK_MAX_SPOTS, "every spot position has a place");

/* In the token's smallest unit. */
static ek_err amount_of(const ek_vault_balance *k, const ek_book *b, int64_t *out) {
    const ek_spot_market *m = ek_book_spot(b, k->market_index);
    if (m == NULL) return EK_E_MISSING;
    ek_spot_position p = {.scaled_balance_e9 = k->scaled_balance_e9, .balance_type = k->balance_type};
    ek_i128 amount;
    ek_err err = ek_spot_token_amount(&p, m, &amount);
    return err == EK_OK ? ek_wide_to_i64(amount, out) : err;
}

/* USD of an amount, toward minus infinity as the margin values it. */
static ek_err worth(const ek_spot_market *m, int64_t amount, int64_t price_e6, int64_t *out) {
    if (m->decimals >= EK_POWERS_OF_TEN - 1) return EK_E_OVERFLOW;
    return ek_mul_div_floor_i64(amount, price_e6, (int64_t)EK_TEN_TO[m->decimals], out);
}

static int64_t earned(const ek_vault_balance *k, const ek_book *b) {
    const ek_oracle *oracle;
    const ek_spot_market *m = ek_book_spot(b, k->market_index);
    int64_t amount, now, before, gain;
    if (k->scaled_balance_e9 == 0 || amount_of(k, b, &amount) != EK_OK || amount == k->amount
        || ek_book_spot_oracle(b, k->market_index, &oracle) != EK_OK
        || worth(m, amount, oracle->price_e6, &now) != EK_OK
        || worth(m, k->amount, oracle->price_e6, &before) != EK_OK || ek_sub_i64(now, before, &gain) != EK_OK)
        return 0;
    return gain;
}

int64_t ek_interest_take(ek_vault *v, const ek_book *b, int64_t unix_s) {
    int64_t sum = 0;
    int of_last = v->balances_unix_s == v->unix_s;
    v->balances_unix_s = unix_s;
    for (uint32_t i = 0; i < EK_VAULT_BALANCES; i++) {
        if (of_last) (void)ek_add_i64(sum, earned(&v->balances[i], b), &sum);
        ek_vault_balance k = {0};
        if (i < b->user.n_spots) {
            const ek_spot_position *p = &b->user.spots[i];
            k.market_index = p->market_index;
            k.balance_type = p->balance_type;
            k.scaled_balance_e9 = p->scaled_balance_e9;
            if (amount_of(&k, b, &k.amount) != EK_OK) memset(&k, 0, sizeof k);
        }
        v->balances[i] = k;
    }
    return sum;
}
