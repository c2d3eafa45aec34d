#include "store/ek_vault.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_fixed.h"
#include "base/ek_wide.h"

EK_SMALL_BEGIN

enum { MARKETS = 8 };

/* a * b / 1e9 toward zero, sticky error. */
static int64_t value(int64_t base_e9, int64_t price_e6, ek_err *err) {
    ek_i128 product, q;
    int64_t out = 0;
    if (*err == EK_OK) *err = ek_wide_mul(ek_wide_i64(base_e9), ek_wide_i64(price_e6), &product);
    if (*err == EK_OK) *err = ek_wide_div_trunc(product, ek_wide_i64(1000000000), &q);
    if (*err == EK_OK) *err = ek_wide_to_i64(q, &out);
    return out;
}
static int64_t add(int64_t a, int64_t b, ek_err *err) {
    int64_t out = 0;
    if (*err == EK_OK && __builtin_add_overflow(a, b, &out)) *err = EK_E_OVERFLOW;
    return out;
}
static int64_t sub(int64_t a, int64_t b, ek_err *err) {
    int64_t out = 0;
    if (*err == EK_OK && __builtin_sub_overflow(a, b, &out)) *err = EK_E_OVERFLOW;
    return out;
}

typedef struct { int64_t flows, funding, fees, basis[MARKETS], delta[MARKETS]; } parts;

static ek_err split(const ek_vault *v, const ek_vault_market *markets, uint32_t n, const ek_vault_book *b,
                    const ek_vault_leg *legs, parts *p) {
    ek_err err = EK_OK;
    const ek_vault_book *a = &v->book;
    memset(p, 0, sizeof *p);
    p->funding = sub(b->funding_mark_e6, a->funding_mark_e6, &err);
    p->fees = sub(a->fees_mark_e6, b->fees_mark_e6, &err);
    /* A network fee left a leg outside: as a fee, not as money taken out. */
    p->flows = add(sub(b->deposits_mark_e6, a->deposits_mark_e6, &err),
                   sub(b->network_mark_e6, a->network_mark_e6, &err), &err);
    int64_t sum = add(p->funding, p->fees, &err);
    uint32_t traded = n, trades = 0;
    for (uint32_t i = 0; i < n; i++) {
        const ek_vault_leg *x = &markets[i].leg, *y = &legs[i];
        int64_t spot_move = sub(y->spot_price_e6, x->spot_price_e6, &err);
        int64_t perp_move = sub(y->perp_price_e6, x->perp_price_e6, &err);
        p->flows = add(
            p->flows, value(sub(y->outside_base_e9, x->outside_base_e9, &err), y->spot_price_e6, &err), &err);
        p->delta[i] = value(add(x->spot_base_e9, x->perp_base_e9, &err), spot_move, &err);
        p->basis[i] = value(x->perp_base_e9, sub(perp_move, spot_move, &err), &err);
        sum = add(sum, add(p->delta[i], p->basis[i], &err), &err);
        if (x->perp_base_e9 != y->perp_base_e9) {
            traded = i;
            trades++;
        }
    }
    sum = add(sum, p->flows, &err);
    int64_t rest = sub(sub(b->equity_e6, a->equity_e6, &err), sum, &err);
    if (trades == 1) p->basis[traded] = add(p->basis[traded], rest, &err);
    return err;
}

/* Also refuses what could not be summed up for people afterwards. */
static ek_err adopt(ek_vault *v, ek_vault_market *markets, uint32_t n, int64_t equity_e6, const parts *p) {
    ek_err err = EK_OK;
    ek_vault out = *v;
    ek_vault_market next[MARKETS];
    int64_t basis = 0, delta = 0;
    out.flows_e6 = add(v->flows_e6, p->flows, &err);
    out.funding_e6 = add(v->funding_e6, p->funding, &err);
    out.fees_e6 = add(v->fees_e6, p->fees, &err);
    for (uint32_t i = 0; i < n; i++) {
        next[i] = markets[i];
        next[i].basis_e6 = add(markets[i].basis_e6, p->basis[i], &err);
        next[i].delta_e6 = add(markets[i].delta_e6, p->delta[i], &err);
        basis = add(basis, next[i].basis_e6, &err);
        delta = add(delta, next[i].delta_e6, &err);
    }
    int64_t sum =
        add(add(add(out.flows_e6, out.funding_e6, &err), add(out.fees_e6, basis, &err), &err), delta, &err);
    sub(equity_e6, sum, &err);
    if (err != EK_OK) return err;
    *v = out;
    for (uint32_t i = 0; i < n; i++) markets[i] = next[i];
    return EK_OK;
}

void ek_vault_take(ek_vault *v, ek_vault_market *markets, uint32_t n, uint8_t mode, int64_t unix_s,
                   const ek_vault_book *book, const ek_vault_leg *legs) {
    parts p;
    EK_ASSERT(n <= MARKETS);
    if (!v->known) {
        memset(v, 0, sizeof *v);
        for (uint32_t i = 0; i < n; i++) memset(&markets[i], 0, sizeof markets[i]);
        v->start_unix_s = unix_s;
        v->flows_e6 = book->equity_e6;
    } else if (v->mode != mode || split(v, markets, n, book, legs, &p) != EK_OK
               || adopt(v, markets, n, book->equity_e6, &p) != EK_OK) {
        ek_err err = EK_OK;
        int64_t flows = add(v->flows_e6, sub(book->equity_e6, v->book.equity_e6, &err), &err);
        if (err != EK_OK) { /* nothing left to hold on to */
            v->known = 0;
            ek_vault_take(v, markets, n, mode, unix_s, book, legs);
            return;
        }
        v->flows_e6 = flows;
    }
    v->known = 1;
    v->mode = mode;
    v->unix_s = unix_s;
    v->book = *book;
    for (uint32_t i = 0; i < n; i++) markets[i].leg = legs[i];
}

void ek_vault_now(const ek_vault *v, const ek_vault_market *markets, uint32_t n, ek_vault_split *out) {
    memset(out, 0, sizeof *out);
    out->unix_s = v->unix_s;
    out->equity_e6 = v->book.equity_e6;
    out->flows_e6 = v->flows_e6;
    out->funding_e6 = v->funding_e6;
    out->fees_e6 = v->fees_e6;
    /* Modulo 2^64, exact for whatever ek_vault_take has adopted. */
    uint64_t basis = 0, delta = 0, parts_sum;
    EK_ASSERT(n <= MARKETS);
    for (uint32_t i = 0; i < n; i++) {
        basis += (uint64_t)markets[i].basis_e6;
        delta += (uint64_t)markets[i].delta_e6;
    }
    out->basis_e6 = (int64_t)basis;
    out->delta_e6 = (int64_t)delta;
    parts_sum = (uint64_t)v->flows_e6 + (uint64_t)v->funding_e6 + (uint64_t)v->fees_e6 + basis + delta;
    out->other_e6 = (int64_t)((uint64_t)v->book.equity_e6 - parts_sum);
}

ek_err ek_vault_between(const ek_vault_split *then, const ek_vault_split *now, ek_vault_split *out) {
    ek_err err = EK_OK;
    ek_vault_split d;
    d.unix_s = sub(now->unix_s, then->unix_s, &err);
    d.equity_e6 = sub(now->equity_e6, then->equity_e6, &err);
    d.flows_e6 = sub(now->flows_e6, then->flows_e6, &err);
    d.funding_e6 = sub(now->funding_e6, then->funding_e6, &err);
    d.fees_e6 = sub(now->fees_e6, then->fees_e6, &err);
    d.basis_e6 = sub(now->basis_e6, then->basis_e6, &err);
    d.delta_e6 = sub(now->delta_e6, then->delta_e6, &err);
    d.other_e6 = sub(now->other_e6, then->other_e6, &err);
    if (err == EK_OK) *out = d;
    return err;
}

EK_SMALL_END
