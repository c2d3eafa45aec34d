#include "margin/ek_margin.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "base/ek_fixed.h"
#include "../base/ek_calc.h"
#include "../snapshot/ek_fault_say.h"
#include "../venue/ek_venue_table.h"
#include "ek_margin_core.h"

enum {
    WEIGHT_ONE = 10000,
    PRICE_ONE = 1000000,
    BASE_ONE = 1000000000,
    ORDER_CHARGE_E6 = 10000,
    PNL_CAP_E6 = 100000000
};

/* The prices one spot market gives to a calculation. Strict: an asset at the lower, a debt at the higher of
 * oracle and stored TWAP. */
typedef struct { int64_t plain, low, high; } prices;

typedef struct {
    const ek_margin_query *q;
    ek_margin *out;
    ek_fault *fault;
    ek_calc c;
} run;

static void collateral(run *r, ek_w v) {
    r->out->total_collateral_e6 = ek_w_add(&r->c, r->out->total_collateral_e6, v);
}
static void requirement(run *r, ek_w v) {
    r->out->requirement_e6 = ek_w_add(&r->c, r->out->requirement_e6, v);
}
static void plus(run *r, ek_w *total, ek_w v) { *total = ek_w_add(&r->c, *total, v); }

static int64_t replaced(const ek_margin_query *q, const ek_key *oracle, int64_t price) {
    for (uint32_t i = 0; i < q->n_prices; i++)
        if (ek_key_equal(&q->price_key[i], oracle)) return q->price_e6[i];
    return price;
}

static const char *oracle_fault(ek_err err) {
    switch (err) {
    case EK_E_MISSING: return "oracle not in the book";
    case EK_E_UNSUPPORTED: return "oracle source cannot be valued";
    case EK_E_RANGE: return "oracle price is not positive";
    default: return "oracle price cannot be used";
    }
}

static ek_err spot_prices(run *r, const ek_spot_market *m, prices *p) {
    const ek_oracle *o;
    ek_err err = ek_book_spot_oracle(r->q->book, m->market_index, &o);
    if (err != EK_OK) return ek_fault_market(r->fault, err, 0, m->market_index, m->name, oracle_fault(err));
    p->plain = p->low = p->high = replaced(r->q, &m->oracle, o->price_e6);
    if (!r->q->strict) return EK_OK;
    int64_t twap = m->oracle_twap_5min_e6;
    if (twap <= 0)
        return ek_fault_market(r->fault, EK_E_RANGE, 0, m->market_index, m->name,
                               "stored 5-minute TWAP is not positive");
    if (twap < p->low) p->low = twap;
    if (twap > p->high) p->high = twap;
    return EK_OK;
}

/* sqrt(10 * size + 1): how both size rules measure size */
static ek_w size_root(ek_calc *c, ek_w size_e9) {
    return ek_w_sqrt(c, ek_w_add(c, ek_w_mul(c, size_e9, ek_wi(10)), ek_wi(1)));
}

static ek_w discount(ek_calc *c, ek_w size_e9, uint32_t imf_e6, ek_w weight) {
    if (imf_e6 == 0) return weight;
    ek_w below = ek_w_add(c, ek_wi(1000000), ek_w_muldiv(c, size_root(c, size_e9), ek_wu(imf_e6), 100000));
    return ek_w_min(weight, ek_w_div(c, ek_wi(1100000LL * WEIGHT_ONE), below));
}
static ek_w premium(ek_calc *c, ek_w size_e9, uint32_t imf_e6, ek_w weight) {
    if (imf_e6 == 0) return weight;
    ek_w sized = ek_w_sub(c, weight, ek_w_div(c, weight, ek_wi(5)));
    sized = ek_w_add(c, sized, ek_w_muldiv(c, size_root(c, size_e9), ek_wu(imf_e6), 10000000));
    return ek_w_max(weight, sized);
}

/* n <= 19: checked with the market's decimals */
static ek_w ten_to(uint32_t n) {
    EK_ASSERT(n < EK_POWERS_OF_TEN);
    return ek_wu(EK_TEN_TO[n]);
}

/* amount * price in 1e-6 USD, toward minus infinity: what is owed is never rounded away. */
static ek_w value_of(ek_calc *c, const ek_spot_market *m, ek_w amount, int64_t price) {
    return ek_w_floor(c, ek_w_mul(c, amount, ek_wi(price)), ten_to(m->decimals));
}

/* The Initial weight falls as the market's deposits grow past a threshold; the current oracle values them,
 * not the TWAP. */
static ek_w initial_asset_weight(ek_calc *c, const ek_spot_market *m, int64_t price) {
    ek_w weight = ek_wu(m->initial_asset_weight_e4), start = ek_wu(m->scale_initial_asset_weight_start_e6);
    if (m->scale_initial_asset_weight_start_e6 == 0) return weight;
    ek_w tokens = ek_w_div(
        c, ek_w_mul(c, ek_w_u128(c, m->deposit_balance_e9), ek_w_u128(c, m->cumulative_deposit_interest_e10)),
        ten_to(19 - m->decimals));
    ek_w deposits = value_of(c, m, tokens, price);
    return ek_w_cmp(deposits, start) < 0 ? weight : ek_w_div(c, ek_w_mul(c, weight, start), deposits);
}

static ek_w size_e9(ek_calc *c, const ek_spot_market *m, ek_w amount) {
    ek_w size = ek_w_abs(c, amount);
    return m->decimals > 9 ? ek_w_div(c, size, ten_to(m->decimals - 9))
                           : ek_w_mul(c, size, ten_to(9 - m->decimals));
}

/* Weighted value by the sign of the value; `custom` is the User's own ratio, 0 for none. */
static ek_w weigh(run *r, const ek_spot_market *m, ek_w amount, ek_w value, int64_t price, uint32_t custom) {
    ek_calc *c = &r->c;
    ek_w weight;
    int initial = r->q->type == EK_INITIAL;
    if (ek_w_sign(value) > 0) {
        weight = initial ? initial_asset_weight(c, m, price) : ek_wu(m->maintenance_asset_weight_e4);
        weight = discount(c, size_e9(c, m, amount), m->imf_e6, weight);
        if (custom) weight = ek_w_min(weight, ek_wi(custom < WEIGHT_ONE ? (int64_t)WEIGHT_ONE - custom : 0));
    } else {
        weight = ek_wu(initial ? m->initial_liability_weight_e4 : m->maintenance_liability_weight_e4);
        weight = premium(c, size_e9(c, m, amount), m->imf_e6, weight);
        if (custom) weight = ek_w_max(weight, ek_wi((int64_t)WEIGHT_ONE + custom));
    }
    return ek_w_muldiv(c, value, weight, WEIGHT_ONE);
}

/* One way the open orders could end: all of one side filled. */
typedef struct { ek_w amount, value, cost, score; } outcome;

static outcome fill_side(run *r, const ek_spot_market *m, const prices *p, ek_w amount, ek_w value,
                         int64_t fill) {
    outcome o;
    o.cost = value_of(&r->c, m, ek_w_neg(&r->c, ek_wi(fill)), p->high);
    o.amount = ek_w_add(&r->c, amount, ek_wi(fill));
    o.value = ek_w_sub(&r->c, value, o.cost);
    o.score = ek_w_add(&r->c, weigh(r, m, o.amount, o.value, p->plain, 0), o.cost);
    return o;
}

static void add_spot_value(run *r, const ek_spot_market *m, const ek_spot_position *s, const prices *p,
                           ek_w amount, ek_w value) {
    outcome worst = {.amount = amount, .value = value, .cost = ek_w0(), .score = ek_w0()};
    if (s->open_bids != 0 || s->open_asks != 0) {
        outcome asks = fill_side(r, m, p, amount, value, s->open_asks),
                bids = fill_side(r, m, p, amount, value, s->open_bids);
        worst = ek_w_cmp(asks.score, bids.score) <= 0 ? asks : bids;
    }
    uint32_t custom = r->q->type == EK_INITIAL ? r->q->user->max_margin_ratio_e4 : 0;
    ek_w weighted = weigh(r, m, worst.amount, worst.value, p->plain, custom);
    if (ek_w_sign(worst.value) > 0) collateral(r, weighted);
    else requirement(r, ek_w_abs(&r->c, weighted));
    if (ek_w_sign(worst.cost) > 0) collateral(r, worst.cost);
    else requirement(r, ek_w_abs(&r->c, worst.cost));
    requirement(r, ek_wi((int64_t)s->open_orders * ORDER_CHARGE_E6));
}

static ek_err add_spot(run *r, const ek_spot_position *s) {
    const ek_spot_market *m = ek_book_spot(r->q->book, s->market_index);
    if (m == NULL)
        return ek_fault_market(r->fault, EK_E_MISSING, 0, s->market_index, NULL, "not in the book");
    if (m->pool_id != 0)
        return ek_fault_market(r->fault, EK_E_UNSUPPORTED, 0, s->market_index, m->name,
                               "market of another pool");
    prices p;
    ek_w amount;
    ek_err err = spot_prices(r, m, &p);
    if (err != EK_OK) return err;
    err = ek_spot_token_amount(s, m, &amount);
    if (err != EK_OK)
        return ek_fault_market(r->fault, err, 0, s->market_index, m->name, "balance out of range");

    ek_w value = value_of(&r->c, m, amount, ek_w_sign(amount) < 0 ? p.high : p.low);
    ek_w plain = value_of(&r->c, m, amount, p.plain);
    if (ek_w_sign(plain) < 0) plus(r, &r->out->liabilities_e6, ek_w_abs(&r->c, plain));
    else plus(r, &r->out->assets_e6, plain);

    /* The quote asset counts at its price, without weights. */
    if (s->market_index != 0) add_spot_value(r, m, s, &p, amount, value);
    else if (ek_w_sign(value) < 0) requirement(r, ek_w_abs(&r->c, value));
    else collateral(r, value);
    return EK_OK;
}

/* ---- perps ---- */

static ek_w funding_of(ek_calc *c, const ek_perp_position *p, const ek_perp_market *m) {
    if (p->base_e9 == 0) return ek_w0();
    ek_w rate = p->base_e9 > 0 ? m->cumulative_funding_long_e9 : m->cumulative_funding_short_e9;
    ek_w delta = ek_w_sub(c, rate, ek_wi(p->last_cumulative_funding_e9)),
         size = ek_w_abs(c, ek_wi(p->base_e9));
    ek_w paid = ek_w_div(c, ek_w_div(c, ek_w_mul(c, ek_w_abs(c, delta), size), ek_wi(1000000)), ek_wi(1000));
    paid = ek_w_div(c, paid, ek_wi(1000));
    int receives = (ek_w_sign(delta) > 0) != (p->base_e9 > 0); /* a rising rate is paid by longs to shorts */
    return receives ? paid : ek_w_neg(c, paid);
}

static ek_w pnl_of(ek_calc *c, const ek_perp_position *p, ek_w funding, int64_t price) {
    ek_w value = ek_w_muldiv(c, ek_wi(p->base_e9), ek_wi(price), BASE_ONE);
    return ek_w_add(c, ek_w_add(c, value, ek_wi(p->quote_e6)), funding);
}

/* When all users of a market together are owed more than the venue allows, profit counts for less (Initial
 * only). */
static ek_w imbalance_weight(ek_calc *c, const ek_perp_market *m, ek_w weight) {
    if (ek_w_sign(weight) == 0 || m->pnl_max_imbalance_e6 == 0) return weight;
    if (m->last_oracle_price_e6 <= 0) {
        c->err = c->err == EK_OK ? EK_E_RANGE : c->err;
        return weight;
    }
    ek_w base = ek_w_add(c, m->base_with_amm_e9, m->base_with_unsettled_lp_e9);
    ek_w net = ek_w_muldiv(c, base, ek_wi(m->last_oracle_price_e6), BASE_ONE);
    net = ek_w_add(
        c, net,
        ek_w_add(c, m->quote_amount_e6,
                 ek_w_add(c, ek_wi(m->quote_with_unsettled_lp_e6), ek_wi(m->net_unsettled_funding_e6))));
    ek_w limit = ek_wu(m->pnl_max_imbalance_e6);
    return ek_w_cmp(net, limit) > 0 ? ek_w_div(c, ek_w_mul(c, weight, limit), net) : weight;
}

static ek_w weighted_pnl(run *r, const ek_perp_market *m, ek_w pnl, const prices *quote) {
    ek_calc *c = &r->c;
    if (ek_w_sign(pnl) <= 0) return ek_w_muldiv(c, pnl, ek_wi(quote->high), PRICE_ONE);
    int initial = r->q->type == EK_INITIAL;
    ek_w weight = ek_wu(initial ? m->pnl_initial_weight_e4 : m->pnl_maintenance_weight_e4);
    if (initial)
        weight = discount(c, ek_w_mul(c, pnl, ek_wi(1000)), m->pnl_imf_e6, imbalance_weight(c, m, weight));
    ek_w value = ek_w_muldiv(c, ek_w_muldiv(c, pnl, weight, WEIGHT_ONE), ek_wi(quote->low), PRICE_ONE);
    return initial ? ek_w_min(value, ek_wi(PNL_CAP_E6)) : value;
}

static const char *unvaluable(const ek_venue *v, const ek_perp_position *p, const ek_perp_market *m) {
    if (p->flags & EK_POSITION_ISOLATED || p->isolated_scaled_e9 != 0) return "isolated position";
    if (p->flags & ~7) return "position flag of a later version";
    if (m->pool_id != 0) return "market of another pool";
    if (m->contract_type != 0) return "not a perpetual contract";
    if (m->status == EK_MARKET_SETTLEMENT && !v->settled_market_known) return "market in settlement";
    return NULL;
}

static void add_perp_value(run *r, const ek_perp_market *m, const ek_perp_position *p, const prices *quote,
                           int64_t price) {
    ek_calc *c = &r->c;
    ek_w funding = funding_of(c, p, m), pnl = pnl_of(c, p, funding, price);
    collateral(r, weighted_pnl(r, m, pnl, quote));

    ek_w bids = ek_w_add(c, ek_wi(p->base_e9), ek_wi(p->open_bids_e9)),
         asks = ek_w_add(c, ek_wi(p->base_e9), ek_wi(p->open_asks_e9));
    ek_w bid_value = ek_w_muldiv(c, ek_w_abs(c, bids), ek_wi(price), BASE_ONE),
         ask_value = ek_w_muldiv(c, ek_w_abs(c, asks), ek_wi(price), BASE_ONE);
    int asks_worse = ek_w_cmp(ask_value, bid_value) >= 0;
    ek_w size = ek_w_abs(c, asks_worse ? asks : bids);
    ek_w notional = ek_w_muldiv(c, asks_worse ? ask_value : bid_value, ek_wi(quote->high), PRICE_ONE);

    int initial = r->q->type == EK_INITIAL;
    ek_w ratio =
        premium(c, size, m->imf_e6, ek_wu(initial ? m->margin_initial_e4 : m->margin_maintenance_e4));
    if (initial)
        ratio =
            ek_w_max(ratio, ek_w_max(ek_wu(r->q->user->max_margin_ratio_e4), ek_wu(p->max_margin_ratio_e4)));
    if (m->status == EK_MARKET_SETTLEMENT) ratio = ek_w0();
    requirement(r, ek_w_muldiv(c, notional, ratio, WEIGHT_ONE));
    requirement(r, ek_wi((int64_t)p->open_orders * ORDER_CHARGE_E6));

    ek_w held = ek_w_muldiv(c, ek_w_abs(c, ek_wi(p->base_e9)), ek_wi(price), BASE_ONE);
    plus(r, &r->out->worst_notional_e6, notional);
    plus(r, &r->out->perp_notional_e6, ek_w_muldiv(c, held, ek_wi(quote->plain), PRICE_ONE));
    plus(r, &r->out->perp_pnl_e6, ek_w_muldiv(c, pnl, ek_wi(quote->plain), PRICE_ONE));
    plus(r, &r->out->unsettled_funding_e6, funding);
}

static ek_err add_perp(run *r, const ek_perp_position *p) {
    const ek_book *b = r->q->book;
    const ek_perp_market *m = ek_book_perp(b, p->market_index);
    if (m == NULL)
        return ek_fault_market(r->fault, EK_E_MISSING, 1, p->market_index, NULL, "not in the book");
    const char *why = unvaluable(b->venue, p, m);
    if (why) return ek_fault_market(r->fault, EK_E_UNSUPPORTED, 1, p->market_index, m->name, why);
    const ek_spot_market *quote_market = ek_book_spot(b, m->quote_spot_index);
    if (quote_market == NULL)
        return ek_fault_market(r->fault, EK_E_MISSING, 0, m->quote_spot_index, NULL, "not in the book");
    prices quote;
    ek_err err = spot_prices(r, quote_market, &quote);
    if (err != EK_OK) return err;
    const ek_oracle *o;
    err = ek_book_perp_oracle(b, p->market_index, &o);
    if (err != EK_OK) return ek_fault_market(r->fault, err, 1, p->market_index, m->name, oracle_fault(err));
    int64_t price =
        m->status == EK_MARKET_SETTLEMENT ? m->expiry_price_e6 : replaced(r->q, &m->oracle, o->price_e6);
    add_perp_value(r, m, p, &quote, price);
    return EK_OK;
}

ek_err ek_margin_run(const ek_margin_query *q, ek_margin *out, ek_fault *fault) {
    run r = {.q = q, .out = out, .fault = fault, .c = {EK_OK}};
    EK_ASSERT((q->type == EK_INITIAL || q->type == EK_MAINTENANCE) && q->n_prices <= EK_PRICE_OVERRIDES);
    memset(out, 0, sizeof *out);
    if (!(q->book->have & 1u << EK_ROLE_USER))
        return ek_fault_say(fault, EK_E_MISSING, "User not in the book");
    if (q->user->pool_id != 0) return ek_fault_say(fault, EK_E_UNSUPPORTED, "account of a pool other than 0");
    if (q->user->margin_mode != 0)
        return ek_fault_say(fault, EK_E_UNSUPPORTED, "account in high leverage mode");
    ek_err err = EK_OK;
    for (uint32_t i = 0; err == EK_OK && i < q->user->n_spots; i++) err = add_spot(&r, &q->user->spots[i]);
    for (uint32_t i = 0; err == EK_OK && i < q->user->n_perps; i++) err = add_perp(&r, &q->user->perps[i]);
    if (err == EK_OK && r.c.err != EK_OK)
        return ek_fault_say(fault, r.c.err, "margin is out of the range of 128 bits");
    EK_ASSERT(err != EK_OK || (ek_w_sign(out->assets_e6) >= 0 && ek_w_sign(out->liabilities_e6) >= 0));
    return err;
}

ek_err ek_margin_calc(const ek_book *b, int type, int strict, ek_margin *out, ek_fault *fault) {
    ek_margin_query q = {.book = b, .user = &b->user, .type = type, .strict = strict};
    return ek_margin_run(&q, out, fault);
}

ek_err ek_unsettled_funding(const ek_perp_position *p, const ek_perp_market *m, int64_t *out_e6) {
    ek_calc c = {EK_OK};
    ek_w v = funding_of(&c, p, m);
    return c.err == EK_OK ? ek_wide_to_i64(v, out_e6) : c.err;
}

ek_err ek_perp_pnl(const ek_perp_position *p, const ek_perp_market *m, int64_t price_e6, ek_i128 *out_e6) {
    ek_calc c = {EK_OK};
    ek_w v = pnl_of(&c, p, funding_of(&c, p, m), price_e6);
    if (c.err == EK_OK) *out_e6 = v;
    return c.err;
}
