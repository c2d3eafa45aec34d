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

typedef struct {
    int64_t flows, funding, fees, network, basis[MARKETS], delta[MARKETS], slippage[MARKETS];
} parts;

static ek_err split(const ek_vault *v, const ek_vault_market *markets, uint32_t n, const ek_vault_book *b,
                    const ek_vault_leg *legs, parts *p) {
    ek_err err = EK_OK;
    const ek_vault_book *a = &v->book;
    memset(p, 0, sizeof *p);
    p->funding = sub(b->funding_mark_e6, a->funding_mark_e6, &err);
    p->network = sub(a->network_mark_e6, b->network_mark_e6, &err);
    p->fees = sub(sub(a->fees_mark_e6, b->fees_mark_e6, &err), p->network, &err);
    /* A network fee left a leg outside: as a fee, not as money taken out. */
    p->flows = sub(sub(b->deposits_mark_e6, a->deposits_mark_e6, &err), p->network, &err);
    int64_t sum = add(add(p->funding, p->fees, &err), p->network, &err);
    sum = add(sum, add(b->interest_e6, b->yield_e6, &err), &err);
    uint32_t traded = n, trades = 0;
    for (uint32_t i = 0; i < n; i++) {
        const ek_vault_leg *x = &markets[i].leg, *y = &legs[i];
        int64_t spot_move = sub(y->spot_price_e6, x->spot_price_e6, &err);
        int64_t perp_move = sub(y->perp_price_e6, x->perp_price_e6, &err);
        p->flows = add(
            p->flows, value(sub(y->outside_base_e9, x->outside_base_e9, &err), y->spot_price_e6, &err), &err);
        p->delta[i] = value(add(x->spot_base_e9, x->perp_base_e9, &err), spot_move, &err);
        p->basis[i] = value(x->perp_base_e9, sub(perp_move, spot_move, &err), &err);
        if (x->perp_base_e9 != y->perp_base_e9) {
            p->slippage[i] = markets[i].slippage_due_e6;
            traded = i;
            trades++;
        }
        sum = add(sum, add(p->slippage[i], add(p->delta[i], p->basis[i], &err), &err), &err);
    }
    sum = add(sum, p->flows, &err);
    int64_t rest = sub(sub(b->equity_e6, a->equity_e6, &err), sum, &err);
    if (trades == 1) p->basis[traded] = add(p->basis[traded], rest, &err);
    return err;
}

/* Also refuses what could not be summed up for people afterwards. */
static ek_err adopt(ek_vault *v, ek_vault_market *markets, uint32_t n, const ek_vault_book *book,
                    const parts *p) {
    ek_err err = EK_OK;
    ek_vault out = *v;
    ek_vault_market next[MARKETS];
    out.flows_e6 = add(v->flows_e6, p->flows, &err);
    out.funding_e6 = add(v->funding_e6, p->funding, &err);
    out.fees_e6 = add(v->fees_e6, p->fees, &err);
    out.network_e6 = add(v->network_e6, p->network, &err);
    out.interest_e6 = add(v->interest_e6, book->interest_e6, &err);
    out.yield_e6 = add(v->yield_e6, book->yield_e6, &err);
    int64_t sum = add(add(out.flows_e6, out.funding_e6, &err), add(out.fees_e6, out.network_e6, &err), &err);
    sum = add(sum, add(out.interest_e6, out.yield_e6, &err), &err);
    for (uint32_t i = 0; i < n; i++) {
        next[i] = markets[i];
        next[i].basis_e6 = add(markets[i].basis_e6, p->basis[i], &err);
        next[i].delta_e6 = add(markets[i].delta_e6, p->delta[i], &err);
        next[i].slippage_e6 = add(markets[i].slippage_e6, p->slippage[i], &err);
        next[i].slippage_due_e6 = sub(markets[i].slippage_due_e6, p->slippage[i], &err);
        sum = add(sum, add(next[i].slippage_e6, add(next[i].basis_e6, next[i].delta_e6, &err), &err), &err);
    }
    sub(book->equity_e6, sum, &err);
    if (err != EK_OK) return err;
    *v = out;
    for (uint32_t i = 0; i < n; i++) markets[i] = next[i];
    return EK_OK;
}

void ek_vault_filled(ek_vault_market *m, int selling, uint64_t base_e9, uint64_t quote_e6,
                     int64_t oracle_price_e6) {
    ek_err err = base_e9 > INT64_MAX || quote_e6 > INT64_MAX ? EK_E_OVERFLOW : EK_OK;
    int64_t at_oracle = value((int64_t)base_e9, oracle_price_e6, &err), quote = (int64_t)quote_e6;
    int64_t gained = selling ? sub(quote, at_oracle, &err) : sub(at_oracle, quote, &err);
    gained = add(m->slippage_due_e6, gained, &err);
    if (err == EK_OK) m->slippage_due_e6 = gained;
}

/* What cannot be split came in: all of it is a flow. Returns 0 when there is nothing left to hold on to. */
static int all_flowed(ek_vault *v, ek_vault_market *markets, uint32_t n, int64_t equity_e6) {
    ek_err err = EK_OK;
    int64_t flows = add(v->flows_e6, sub(equity_e6, v->book.equity_e6, &err), &err);
    if (err != EK_OK) return 0;
    v->flows_e6 = flows;
    for (uint32_t i = 0; i < n; i++) markets[i].slippage_due_e6 = 0;
    return 1;
}

static void begin(ek_vault *v, ek_vault_market *markets, uint32_t n, int64_t unix_s, int64_t equity_e6) {
    ek_vault fresh = {.start_unix_s = unix_s, .flows_e6 = equity_e6, .balances_unix_s = v->balances_unix_s};
    memcpy(fresh.balances, v->balances, sizeof fresh.balances);
    *v = fresh;
    for (uint32_t i = 0; i < n; i++) memset(&markets[i], 0, sizeof markets[i]);
}

void ek_vault_take(ek_vault *v, ek_vault_market *markets, uint32_t n, uint8_t mode, int64_t unix_s,
                   const ek_vault_book *book, const ek_vault_leg *legs) {
    parts p;
    EK_ASSERT(n <= MARKETS);
    int whole = v->known && v->mode == mode && split(v, markets, n, book, legs, &p) == EK_OK
                && adopt(v, markets, n, book, &p) == EK_OK;
    if (!whole && !(v->known && all_flowed(v, markets, n, book->equity_e6)))
        begin(v, markets, n, unix_s, book->equity_e6);
    v->known = 1;
    v->mode = mode;
    v->unix_s = unix_s;
    v->book = *book;
    for (uint32_t i = 0; i < n; i++) markets[i].leg = legs[i];
}

void ek_vault_now(const ek_vault *v, const ek_vault_market *markets, uint32_t n, ek_vault_split *out) {
    *out = (ek_vault_split){.unix_s = v->unix_s,
                            .equity_e6 = v->book.equity_e6,
                            .funding_e6 = v->funding_e6,
                            .fees_e6 = v->fees_e6,
                            .network_e6 = v->network_e6,
                            .interest_e6 = v->interest_e6,
                            .yield_e6 = v->yield_e6,
                            .flows_e6 = v->flows_e6};
    EK_ASSERT(n <= MARKETS);
    /* Modulo 2^64, exact for whatever ek_vault_take has adopted. */
    for (uint32_t i = 0; i < n; i++) {
        out->basis_e6 = (int64_t)((uint64_t)out->basis_e6 + (uint64_t)markets[i].basis_e6);
        out->delta_e6 = (int64_t)((uint64_t)out->delta_e6 + (uint64_t)markets[i].delta_e6);
        out->slippage_e6 = (int64_t)((uint64_t)out->slippage_e6 + (uint64_t)markets[i].slippage_e6);
    }
    ek_vault_rest(out);
}

/* All fields are of one kind, so a split is also a row of numbers: time, equity, then the parts. */
enum { HEAD = 2 };
enum { NUMBERS = HEAD + EK_VAULT_PARTS };
_Static_assert(sizeof(ek_vault_split) == NUMBERS * sizeof(int64_t), "a split is a row of numbers");

void ek_vault_rest(ek_vault_split *s) {
    uint64_t row[NUMBERS], rest;
    memcpy(row, s, sizeof row);
    rest = row[HEAD - 1];
    for (int i = HEAD; i < NUMBERS - 1; i++) rest -= row[i];
    s->other_e6 = (int64_t)rest;
}

ek_err ek_vault_between(const ek_vault_split *then, const ek_vault_split *now, ek_vault_split *out) {
    ek_err err = EK_OK;
    int64_t a[NUMBERS], b[NUMBERS];
    uint64_t sum = 0;
    memcpy(a, then, sizeof a);
    memcpy(b, now, sizeof b);
    for (int i = 0; i < NUMBERS; i++) {
        b[i] = sub(b[i], a[i], &err);
        if (i >= HEAD) sum += (uint64_t)b[i];
    }
    if (err != EK_OK) return err;
    EK_ASSERT(sum == (uint64_t)b[HEAD - 1]); /* the parts are the change of the equity, to the unit */
    memcpy(out, b, sizeof *out);
    return EK_OK;
}

int64_t ek_vault_part(const ek_vault_split *s, uint32_t i) {
    int64_t row[NUMBERS];
    memcpy(row, s, sizeof row);
    return i < EK_VAULT_PARTS ? row[HEAD + i] : 0;
}

const char *ek_vault_part_name(uint32_t i) {
    static const char names[EK_VAULT_PARTS][9] = {"funding", "fees", "slippage", "network", "basis",
                                                  "delta", "interest", "yield", "flows", "other"};
    return i < EK_VAULT_PARTS ? names[i] : NULL;
}

EK_SMALL_END
