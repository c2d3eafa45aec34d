#define EK_CALC_SMALL
#include "venue/ek_account.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "base/ek_fixed.h"
#include "../base/ek_calc.h"
#include "ek_venue_table.h"

/* The length is part of a layout: an account may grow by widening what stands in its middle, under the same
 * discriminator, and then every field behind has moved. Only the markets are known to grow at their end. */
static ek_err check(const ek_layout *l, const uint8_t *data, size_t len) {
    ek_err other = l->grows ? EK_E_SHORT : EK_E_LENGTH;
    if (len < sizeof l->discriminator) return other;
    if (memcmp(data, l->discriminator, sizeof l->discriminator) != 0) return EK_E_DISCRIMINATOR;
    return len < l->len || (len > l->len && !l->grows) ? other : EK_OK;
}

/* The announced User is read, too, so that the book stays visible after the upgrade; nothing rests on it. */
static const ek_user_layout *user_layout(const ek_venue *v, size_t len) {
    return v->next_user.account.len != 0 && len == v->next_user.account.len ? &v->next_user : &v->user;
}

void ek_copy_name(const uint8_t from[32], char to[EK_NAME_CAP]) {
    size_t n = 32;
    while (n > 0 && (from[n - 1] == 0 || from[n - 1] == ' ')) n--;
    memcpy(to, from, n);
    memset(to + n, 0, EK_NAME_CAP - n);
}

/* Most slots of a User were never used. Their fields are zero and pass every check, so they need not be read
 * one by one. n is 16 at least. */
typedef uint64_t pair __attribute__((vector_size(16)));
static inline pair pair_at(const uint8_t *p) {
    pair v;
    memcpy(&v, p, sizeof v);
    return v;
}
static int all_zero(const uint8_t *p, size_t n) {
    pair any = pair_at(p + n - 16); /* the end, however long it is */
    for (; n >= 64; n -= 64, p += 64)
        any |= (pair_at(p) | pair_at(p + 16)) | (pair_at(p + 32) | pair_at(p + 48));
    for (; n >= 16; n -= 16, p += 16) any |= pair_at(p);
    return (any[0] | any[1]) == 0;
}

static ek_err map_status(const ek_venue *v, uint8_t raw, uint8_t *out) {
    if (raw >= v->n_status) return EK_E_UNSUPPORTED;
    *out = v->status_map[raw];
    return EK_OK;
}

ek_err ek_decode_clock(const uint8_t *data, size_t len, ek_clock *out) {
    if (len < 40) return EK_E_SHORT;
    out->slot = ek_get_u64(data);
    out->unix_timestamp = ek_get_i64(data + 32);
    return EK_OK;
}

/* Empty slots keep market index 0 and old bytes, so "in use" is what the programs test, never the index. */
static int spot_in_use(const ek_spot_position *p) { return p->scaled_balance_e9 != 0 || p->open_orders != 0; }
static int perp_in_use(const ek_perp_position *p) {
    return p->base_e9 != 0 || p->quote_e6 != 0 || p->open_bids_e9 != 0 || p->open_asks_e9 != 0
           || p->open_orders != 0 || p->isolated_scaled_e9 != 0
           || (p->flags & EK_POSITION_BEING_LIQUIDATED) != 0;
}

static ek_err check_order(const ek_order *o) {
    if (o->status > EK_ORDER_CANCELED) return EK_E_UNSUPPORTED;
    if (o->status != EK_ORDER_OPEN) return EK_OK;
    int known = o->order_type <= EK_ORDER_ORACLE && o->market_type <= EK_PERP && o->direction <= EK_SELL
                && o->existing_direction <= EK_SELL && o->trigger_condition <= 3;
    return known ? EK_OK : EK_E_UNSUPPORTED;
}

static ek_err decode_spots(const ek_user_layout *l, const uint8_t *data, ek_user *out) {
    for (uint8_t i = 0; i < EK_MAX_SPOTS; i++) {
        ek_spot_position *p = &out->spots[out->n_spots];
        const uint8_t *from = data + l->spots.at + (size_t)i * l->spots.stride;
        if (all_zero(from, l->spots.stride)) continue;
        ek_err err = l->spots.fields(from, p);
        if (err != EK_OK) return err;
        if (!spot_in_use(p)) {
            memset(p, 0, sizeof *p); /* old bytes of an empty slot: equal accounts give equal structs */
            continue;
        }
        if (p->balance_type > EK_BORROW) return EK_E_UNSUPPORTED;
        p->slot = i;
        out->n_spots++;
    }
    return EK_OK;
}

static ek_err decode_perps(const ek_user_layout *l, const uint8_t *data, ek_user *out) {
    for (uint8_t i = 0; i < EK_MAX_PERPS; i++) {
        ek_perp_position *p = &out->perps[out->n_perps];
        const uint8_t *from = data + l->perps.at + (size_t)i * l->perps.stride;
        if (all_zero(from, l->perps.stride)) continue;
        ek_err err = l->perps.fields(from, p);
        if (err != EK_OK) return err;
        if (!perp_in_use(p)) {
            memset(p, 0, sizeof *p);
            continue;
        }
        p->slot = i;
        out->n_perps++;
    }
    return EK_OK;
}

static ek_err decode_orders(const ek_user_layout *l, const uint8_t *data, ek_user *out) {
    const uint8_t *from = data + l->orders.at;
    if (all_zero(from, (size_t)EK_MAX_ORDERS * l->orders.stride)) return EK_OK;
    for (size_t i = 0; i < EK_MAX_ORDERS; i++, from += l->orders.stride) {
        ek_order *o = &out->orders[i];
        if (all_zero(from, l->orders.stride)) continue;
        ek_err err = l->orders.fields(from, o);
        if (err == EK_OK) err = check_order(o);
        if (err != EK_OK) return err;
        if (o->status == EK_ORDER_OPEN) out->n_live_orders++;
    }
    return EK_OK;
}

ek_err ek_decode_user_cleared(const ek_venue *v, const uint8_t *data, size_t len, ek_user *out) {
    const ek_user_layout *l = user_layout(v, len);
    ek_err err = check(&l->account, data, len);
    if (err == EK_OK) err = l->account.fields(data, out);
    if (err == EK_OK) err = decode_spots(l, data, out);
    if (err == EK_OK) err = decode_perps(l, data, out);
    if (err == EK_OK) err = decode_orders(l, data, out);
    out->unverified = err == EK_OK && l == &v->next_user;
    EK_ASSERT(out->n_spots <= EK_MAX_SPOTS && out->n_perps <= EK_MAX_PERPS
              && out->n_live_orders <= EK_MAX_ORDERS);
    return err;
}

ek_err ek_decode_user(const ek_venue *v, const uint8_t *data, size_t len, ek_user *out) {
    ek_err err = check(&user_layout(v, len)->account, data, len);
    if (err != EK_OK) return err;
    memset(out, 0, sizeof *out);
    return ek_decode_user_cleared(v, data, len, out);
}

ek_err ek_decode_user_stats(const ek_venue *v, const uint8_t *data, size_t len, ek_user_stats *out) {
    ek_err err = check(&v->stats, data, len);
    if (err != EK_OK) return err;
    memset(out, 0, sizeof *out);
    out->has_volume = v->has_volume;
    return v->stats.fields(data, out);
}

ek_err ek_decode_perp_market(const ek_venue *v, const uint8_t *data, size_t len, ek_perp_market *out) {
    ek_err err = check(&v->perp, data, len);
    if (err != EK_OK) return err;
    memset(out, 0, sizeof *out);
    err = v->perp.fields(data, out);
    return err == EK_OK ? map_status(v, out->raw_status, &out->status) : err;
}

ek_err ek_decode_spot_market(const ek_venue *v, const uint8_t *data, size_t len, ek_spot_market *out) {
    ek_err err = check(&v->spot, data, len);
    if (err != EK_OK) return err;
    memset(out, 0, sizeof *out);
    err = v->spot.fields(data, out);
    return err == EK_OK ? map_status(v, out->raw_status, &out->status) : err;
}

ek_err ek_decode_state(const ek_venue *v, const uint8_t *data, size_t len, ek_state *out) {
    ek_err err = check(&v->state, data, len);
    if (err != EK_OK) return err;
    memset(out, 0, sizeof *out);
    return v->state.fields(data, out);
}

ek_err ek_market_name(const ek_venue *v, int perp, const uint8_t *data, size_t len, char out[EK_NAME_CAP],
                      uint16_t *index) {
    const ek_layout *l = perp ? &v->perp : &v->spot;
    union { ek_perp_market perp; ek_spot_market spot; } m;
    ek_err err = check(l, data, len);
    if (err != EK_OK) return err;
    (void)l->fields(data, &m); /* every field is filled, whatever an enum says */
    memcpy(out, perp ? m.perp.name : m.spot.name, EK_NAME_CAP);
    *index = perp ? m.perp.market_index : m.spot.market_index;
    return EK_OK;
}

/* Where the position in that market stands; past the last one without any. */
static size_t perp_place(const ek_user *u, uint16_t market_index) {
    size_t i = 0;
    while (i < u->n_perps && u->perps[i].market_index != market_index) i++;
    return i;
}
static size_t spot_place(const ek_user *u, uint16_t market_index) {
    size_t i = 0;
    while (i < u->n_spots && u->spots[i].market_index != market_index) i++;
    return i;
}
const ek_perp_position *ek_user_perp(const ek_user *u, uint16_t market_index) {
    size_t i = perp_place(u, market_index);
    return i < u->n_perps ? &u->perps[i] : NULL;
}
int64_t ek_user_perp_base(const ek_user *u, uint16_t market_index) {
    const ek_perp_position *p = ek_user_perp(u, market_index);
    return p == NULL ? 0 : p->base_e9;
}
const ek_spot_position *ek_user_spot(const ek_user *u, uint16_t market_index) {
    size_t i = spot_place(u, market_index);
    return i < u->n_spots ? &u->spots[i] : NULL;
}
ek_perp_position *ek_user_perp_or_new(ek_user *u, uint16_t market_index) {
    size_t i = perp_place(u, market_index);
    if (i == EK_MAX_PERPS) return NULL;
    if (i == u->n_perps) u->perps[u->n_perps++] = (ek_perp_position){.market_index = market_index};
    return &u->perps[i];
}
ek_spot_position *ek_user_spot_or_new(ek_user *u, uint16_t market_index) {
    size_t i = spot_place(u, market_index);
    if (i == EK_MAX_SPOTS) return NULL;
    if (i == u->n_spots) u->spots[u->n_spots++] = (ek_spot_position){.market_index = market_index};
    return &u->spots[i];
}
const char *ek_perp_market_name(const ek_perp_market *m) { return m->name; }
const ek_perp_position *ek_user_perp_at(const ek_user *u, uint32_t i) {
    return i < u->n_perps ? &u->perps[i] : NULL;
}
const ek_spot_position *ek_user_spot_at(const ek_user *u, uint32_t i) {
    return i < u->n_spots ? &u->spots[i] : NULL;
}
const ek_order *ek_user_order_at(const ek_user *u, uint32_t i) {
    return i < EK_MAX_ORDERS ? &u->orders[i] : NULL;
}

const ek_order *ek_user_order_by_id(const ek_user *u, uint32_t order_id) {
    for (size_t i = 0; i < EK_MAX_ORDERS; i++)
        if (u->orders[i].status == EK_ORDER_OPEN && u->orders[i].order_id == order_id) return &u->orders[i];
    return NULL;
}
int ek_order_live(const ek_order *o) { return o->status == EK_ORDER_OPEN; }
int ek_order_expired(const ek_order *o, int64_t chain_unix_s) {
    int trigger = o->order_type == EK_ORDER_TRIGGER_MARKET || o->order_type == EK_ORDER_TRIGGER_LIMIT;
    return o->max_ts != 0 && o->max_ts < chain_unix_s && !trigger;
}
uint32_t ek_user_live_orders(const ek_user *u, int market_type, uint16_t market_index) {
    uint32_t n = 0;
    for (size_t i = 0; i < EK_MAX_ORDERS; i++) {
        const ek_order *o = &u->orders[i];
        n += o->status == EK_ORDER_OPEN && o->market_type == market_type && o->market_index == market_index;
    }
    return n;
}
int ek_user_has_delegate(const ek_user *u) { return !ek_key_is_zero(&u->delegate); }

ek_err ek_spot_token_amount(const ek_spot_position *p, const ek_spot_market *m, ek_i128 *out) {
    if (m->decimals > 19) return EK_E_RANGE;
    int borrow = p->balance_type == EK_BORROW;
    ek_i128 amount;
    ek_err err = ek_wide_u128(borrow ? m->cumulative_borrow_interest_e10 : m->cumulative_deposit_interest_e10,
                              &amount);
    if (err == EK_OK) err = ek_wide_mul(amount, ek_wide_u64(p->scaled_balance_e9), &amount);
    if (err != EK_OK) return err;
    ek_i128 scale = ek_wide_u64(EK_TEN_TO[19 - m->decimals]);
    if (!borrow) return ek_wide_div_trunc(amount, scale, out);
    err = ek_wide_div_ceil(amount, scale, &amount);
    return err == EK_OK ? ek_wide_neg(amount, out) : err;
}

ek_err ek_spot_base_e9(const ek_spot_position *p, const ek_spot_market *m, int64_t *out) {
    ek_i128 amount;
    ek_err err = ek_spot_token_amount(p, m, &amount);
    if (err != EK_OK) return err;
    if (m->decimals < 9) err = ek_wide_mul(amount, ek_wide_u64(EK_TEN_TO[9 - m->decimals]), &amount);
    else err = ek_wide_div_floor(amount, ek_wide_u64(EK_TEN_TO[m->decimals - 9]), &amount);
    return err == EK_OK ? ek_wide_to_i64(amount, out) : err;
}

EK_SMALL ek_err ek_spot_add_tokens(ek_spot_position *p, const ek_spot_market *m, int64_t tokens) {
    ek_w held, index;
    ek_err err = ek_spot_token_amount(p, m, &held);
    if (err != EK_OK) return err;
    ek_calc c = {EK_OK};
    ek_w sum = ek_w_add(&c, held, ek_wi(tokens));
    int owes = ek_w_sign(sum) < 0;
    err = ek_wide_u128(owes ? m->cumulative_borrow_interest_e10 : m->cumulative_deposit_interest_e10, &index);
    if (err != EK_OK || ek_w_sign(index) <= 0) return EK_E_RANGE;
    ek_w scaled = ek_w_mul(&c, ek_w_abs(&c, sum), ek_wu(EK_TEN_TO[19 - m->decimals]));
    scaled = owes ? ek_w_ceil(&c, scaled, index) : ek_w_div(&c, scaled, index);
    if (c.err != EK_OK) return c.err;
    err = ek_wide_to_u64(scaled, &p->scaled_balance_e9);
    if (err == EK_OK) p->balance_type = owes ? EK_BORROW : EK_DEPOSIT;
    return err;
}
