#include "order/ek_verify.h"

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "base/ek_fixed.h"
#include "../text/ek_say.h"

EK_SMALL_BEGIN

/* "<what> <index> <field> <a>, <before or meant> <b>" */
static ek_err differs(ek_say *w, const char *what, uint64_t index, const char *field, int64_t got,
                      const char *than, int64_t meant) {
    ek_say_text(w, what);
    ek_say_text(w, " ");
    ek_say_u64(w, index);
    ek_say_text(w, " ");
    ek_say_text(w, field);
    ek_say_text(w, " ");
    ek_say_i64(w, got);
    ek_say_text(w, than);
    ek_say_i64(w, meant);
    return EK_E_MISMATCH;
}
static ek_err plain(ek_say *w, const char *what) {
    ek_say_text(w, what);
    return EK_E_MISMATCH;
}

/* ---- what no order of ours may change ---- */
static ek_err same_account(const ek_user *a, const ek_user *b, ek_say *w) {
    if (!ek_key_equal(&a->authority, &b->authority)) return plain(w, "authority changed");
    if (!ek_key_equal(&a->delegate, &b->delegate)) return plain(w, "delegate changed");
    if (a->sub_account_id != b->sub_account_id)
        return differs(w, "sub-account", a->sub_account_id, "is now", b->sub_account_id, ", was ",
                       a->sub_account_id);
    /* The program may clear "being liquidated" or "bankrupt" of a healthy account [velocity 8]; it may not
     * set anything. */
    if ((b->status & ~a->status) != 0
        || ((a->status ^ b->status) & ~(EK_USER_BEING_LIQUIDATED | EK_USER_BANKRUPT)) != 0)
        return differs(w, "user", a->sub_account_id, "status", b->status, ", was ", a->status);
    if (a->max_margin_ratio_e4 != b->max_margin_ratio_e4
        || a->margin_trading_enabled != b->margin_trading_enabled || a->margin_mode != b->margin_mode
        || a->pool_id != b->pool_id || a->equity_floor_e6 != b->equity_floor_e6
        || a->equity_floor_buffer_e6 != b->equity_floor_buffer_e6)
        return plain(w, "margin settings changed");
    if (a->total_deposits_e6 != b->total_deposits_e6) return plain(w, "deposits changed");
    if (a->total_withdraws_e6 != b->total_withdraws_e6) return plain(w, "withdrawals changed");
    return EK_OK;
}

/* The quote balance of a settlement may change: `but`. */
static ek_err same_spots(const ek_user *a, const ek_user *b, uint32_t but, ek_say *w) {
    /* each against the other: a position that is only there now counts as well */
    for (int turn = 0; turn < 2; turn++) {
        const ek_user *from = turn == 0 ? a : b;
        for (uint32_t i = 0; i < from->n_spots; i++) {
            uint16_t market = from->spots[i].market_index;
            if (market == but) continue;
            const ek_spot_position *x = ek_user_spot(a, market), *y = ek_user_spot(b, market);
            uint64_t was = x == NULL ? 0 : x->scaled_balance_e9, is = y == NULL ? 0 : y->scaled_balance_e9;
            uint8_t was_type = x == NULL ? EK_DEPOSIT : x->balance_type,
                    is_type = y == NULL ? EK_DEPOSIT : y->balance_type;
            if (was != is || (was != 0 && was_type != is_type)) {
                ek_say_text(w, "spot ");
                ek_say_u64(w, market);
                ek_say_text(w, " balance ");
                if (is_type == EK_BORROW) ek_say_text(w, "-");
                ek_say_u64(w, is);
                ek_say_text(w, ", was ");
                if (was_type == EK_BORROW) ek_say_text(w, "-");
                ek_say_u64(w, was);
                return EK_E_MISMATCH;
            }
            if ((x == NULL ? 0 : x->open_bids) != (y == NULL ? 0 : y->open_bids)
                || (x == NULL ? 0 : x->open_asks) != (y == NULL ? 0 : y->open_asks)) {
                ek_say_text(w, "spot ");
                ek_say_u64(w, market);
                return plain(w, " open orders changed");
            }
        }
    }
    return EK_OK;
}

/* Every perp base as before; in `market` moved by `move`. */
static ek_err same_perps(const ek_user *a, const ek_user *b, uint16_t market, int64_t move, ek_say *w) {
    int64_t got = 0;
    if (ek_sub_i64(ek_user_perp_base(b, market), ek_user_perp_base(a, market), &got) != EK_OK || got != move)
        return differs(w, "perp", market, "base moved", got, ", meant ", move);
    for (int turn = 0; turn < 2; turn++) {
        const ek_user *from = turn == 0 ? a : b;
        for (uint32_t i = 0; i < from->n_perps; i++) {
            uint16_t m = from->perps[i].market_index;
            if (m == market) continue;
            const ek_perp_position *x = ek_user_perp(a, m), *y = ek_user_perp(b, m);
            int64_t was = ek_user_perp_base(a, m), is = ek_user_perp_base(b, m);
            if (was != is) return differs(w, "perp", m, "base", is, ", was ", was);
            uint64_t isolated_was = x == NULL ? 0 : x->isolated_scaled_e9,
                     isolated_is = y == NULL ? 0 : y->isolated_scaled_e9;
            if (isolated_was != isolated_is)
                return differs(w, "perp", m, "isolated collateral", (int64_t)isolated_is, ", was ",
                               (int64_t)isolated_was);
        }
    }
    return EK_OK;
}

/* ---- orders ---- */
static int same_order(const ek_order *a, const ek_order *b) {
    return a->market_index == b->market_index && a->market_type == b->market_type
           && a->order_type == b->order_type && a->direction == b->direction && a->base_e9 == b->base_e9
           && a->base_filled_e9 == b->base_filled_e9 && a->price_e6 == b->price_e6
           && a->trigger_price_e6 == b->trigger_price_e6 && a->reduce_only == b->reduce_only
           && a->user_order_id == b->user_order_id && a->max_ts == b->max_ts
           && a->oracle_offset_e6 == b->oracle_offset_e6 && a->auction_start_e6 == b->auction_start_e6
           && a->auction_end_e6 == b->auction_end_e6 && a->slot == b->slot;
}

static int to_cancel(const ek_order *o, const ek_intent *in) {
    if (in->kind != EK_KIND_CANCEL || o->market_type != EK_PERP || o->market_index != in->perp_index)
        return 0;
    if (in->target_order_id != 0) return o->order_id == in->target_order_id;
    return in->user_order_id != 0 && o->user_order_id == in->user_order_id;
}

/* Live orders of before: still the same, or gone for a reason. */
static ek_err old_orders(const ek_user *a, const ek_user *b, const ek_intent *in, ek_say *w) {
    for (uint32_t i = 0; i < EK_MAX_ORDERS; i++) {
        const ek_order *o = &a->orders[i];
        if (!ek_order_live(o)) continue;
        const ek_order *now = ek_user_order_by_id(b, o->order_id);
        if (to_cancel(o, in)) {
            if (now != NULL) {
                ek_say_text(w, "order ");
                ek_say_u64(w, o->order_id);
                return plain(w, " still live, meant cancelled");
            }
            continue;
        }
        if (now == NULL && in->kind != EK_KIND_CANCEL && ek_order_expired(o, in->chain_unix_s)) continue;
        if (now == NULL || !same_order(o, now)) {
            ek_say_text(w, "order ");
            ek_say_u64(w, o->order_id);
            return plain(w, now == NULL ? " gone, not meant" : " changed, not meant");
        }
    }
    return EK_OK;
}

static ek_err new_order(const ek_order *o, const ek_user *a, const ek_intent *in, ek_say *w) {
    uint64_t id = o->order_id;
    if (o->order_id != a->next_order_id)
        return differs(w, "order", id, "has id", o->order_id, ", meant ", a->next_order_id);
    if (o->market_type != EK_PERP)
        return differs(w, "order", id, "market type", o->market_type, ", meant ", EK_PERP);
    if (o->market_index != in->perp_index)
        return differs(w, "order", id, "market", o->market_index, ", meant ", in->perp_index);
    if (o->direction != in->direction)
        return differs(w, "order", id, "direction", o->direction, ", meant ", in->direction);
    if (o->base_e9 != in->size_base_e9)
        return differs(w, "order", id, "size", (int64_t)o->base_e9, ", meant ", (int64_t)in->size_base_e9);
    if (o->base_filled_e9 != 0)
        return differs(w, "order", id, "filled", (int64_t)o->base_filled_e9, ", meant ", 0);
    if (o->order_type != in->order_type)
        return differs(w, "order", id, "type", o->order_type, ", meant ", in->order_type);
    if (o->reduce_only != in->reduce_only)
        return differs(w, "order", id, "reduce-only", o->reduce_only, ", meant ", in->reduce_only);
    if (o->user_order_id != in->user_order_id)
        return differs(w, "order", id, "user id", o->user_order_id, ", meant ", in->user_order_id);
    if (in->max_ts != 0 && o->max_ts != in->max_ts)
        return differs(w, "order", id, "max_ts", o->max_ts, ", meant ", in->max_ts);
    if (in->worst_price_e6 == 0) return EK_OK;

    /* The worst price the order can fill at: its own bound, else where its auction ends. */
    int64_t worst = 0;
    if (o->price_e6 > (uint64_t)INT64_MAX) return plain(w, "order price out of range");
    if (o->price_e6 != 0) worst = (int64_t)o->price_e6;
    else if (o->order_type != EK_ORDER_ORACLE) worst = o->auction_end_e6;
    else if (in->oracle_price_e6 == 0) return EK_OK;
    else if (ek_add_i64(in->oracle_price_e6, o->auction_end_e6, &worst) != EK_OK)
        return plain(w, "order price out of range");
    int worse = in->direction == EK_SELL ? worst < in->worst_price_e6 : worst > in->worst_price_e6;
    if (worse || worst <= 0)
        return differs(w, "order", id, "worst price", worst, ", meant ", in->worst_price_e6);
    return EK_OK;
}

static ek_err new_orders(const ek_user *a, const ek_user *b, const ek_intent *in, ek_say *w) {
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < EK_MAX_ORDERS; i++) {
        const ek_order *o = &b->orders[i];
        if (!ek_order_live(o) || ek_user_order_by_id(a, o->order_id) != NULL) continue;
        fresh++;
        if (in->kind != EK_KIND_PLACE || fresh > 1) {
            ek_say_text(w, "order ");
            ek_say_u64(w, o->order_id);
            return plain(w, " rests, not meant");
        }
        ek_err err = new_order(o, a, in, w);
        if (err != EK_OK) return err;
    }
    if (in->kind == EK_KIND_PLACE && fresh == 0) return plain(w, "no order was placed");
    return EK_OK;
}

/* What the base of the order's market must have moved by. */
static ek_err meant_move(const ek_user *a, const ek_user *b, const ek_intent *in, int64_t *move, ek_say *w) {
    int64_t size = (int64_t)in->size_base_e9, got = 0;
    *move = 0;
    if (!ek_kind_takes(in->kind)) return EK_OK;
    *move = in->direction == EK_BUY ? size : -size;
    if (in->kind == EK_KIND_TAKE) return EK_OK;
    if (ek_sub_i64(ek_user_perp_base(b, in->perp_index), ek_user_perp_base(a, in->perp_index), &got) != EK_OK
        || got == 0 || (got > 0) != (*move > 0) || ek_abs_i64(got) > in->size_base_e9)
        return differs(w, "perp", in->perp_index, "base moved", got, ", meant a part of ", *move);
    *move = got;
    return EK_OK;
}

/* Profit left the position, and the quote balance grew by as much. A balance that was owed before has another
 * index and is only asked to have grown. */
static ek_err profit_moved(const ek_user *a, const ek_user *b, const ek_intent *in, ek_say *w) {
    const ek_perp_position *p = ek_user_perp(a, in->perp_index), *q = ek_user_perp(b, in->perp_index);
    const ek_spot_position *x = ek_user_spot(a, in->quote_spot_index),
                           *y = ek_user_spot(b, in->quote_spot_index);
    int64_t paid = 0;
    if (p == NULL) return plain(w, "no position to settle");
    if (q == NULL) paid = p->quote_e6;
    else if (ek_sub_i64(q->settled_pnl_e6, p->settled_pnl_e6, &paid) != EK_OK) paid = 0;
    if (paid <= 0) return differs(w, "perp", in->perp_index, "settled", paid, ", meant more than ", 0);
    int owed = x != NULL && x->balance_type == EK_BORROW && x->scaled_balance_e9 != 0;
    int owes = y != NULL && y->balance_type == EK_BORROW && y->scaled_balance_e9 != 0;
    uint64_t was = x == NULL ? 0 : x->scaled_balance_e9, is = y == NULL ? 0 : y->scaled_balance_e9;
    if (owes ? !owed || is >= was : !owed && is <= was) return plain(w, "the quote balance did not grow");
    if (owed || in->quote_index_e10 == 0) return EK_OK;
    uint64_t due = 0;
    if (ek_mul_div_floor_u64((uint64_t)paid, 10000000000000ULL, in->quote_index_e10, &due) != EK_OK)
        return plain(w, "the amount settled is out of range");
    uint64_t grown = is - was, apart = grown > due ? grown - due : due - grown;
    return apart > due / 1000 + 2000 ? differs(w, "spot", in->quote_spot_index, "balance grew by",
                                               (int64_t)grown, ", meant ", (int64_t)due)
                                     : EK_OK;
}

ek_err ek_verify_simulated(const ek_user *before, const ek_user *after, const ek_intent *intent,
                           char text[128]) {
    ek_say w = {text, 128, 0};
    text[0] = 0;
    int order = ek_kind_orders(intent->kind), settles = intent->kind == EK_KIND_SETTLE;
    if ((!order && !settles && intent->kind != EK_KIND_CANCEL) || intent->direction > EK_SELL
        || intent->reduce_only > 1
        || (order && (intent->size_base_e9 == 0 || intent->size_base_e9 > (uint64_t)INT64_MAX))
        || before->next_order_id == UINT32_MAX
        || (!order && !settles && intent->target_order_id == 0 && intent->user_order_id == 0))
        return EK_E_RANGE;

    int64_t move = 0;
    ek_err err = same_account(before, after, &w);
    if (err == EK_OK) err = meant_move(before, after, intent, &move, &w);
    if (err == EK_OK) err = same_perps(before, after, intent->perp_index, move, &w);
    if (err == EK_OK) err = same_spots(before, after, settles ? intent->quote_spot_index : UINT32_MAX, &w);
    if (err == EK_OK && settles) err = profit_moved(before, after, intent, &w);
    if (err == EK_OK) err = old_orders(before, after, intent, &w);
    if (err == EK_OK) err = new_orders(before, after, intent, &w);
    uint32_t next = before->next_order_id + (order ? 1u : 0u);
    if (err == EK_OK && after->next_order_id != next)
        err = differs(&w, "user", after->sub_account_id, "next order id", after->next_order_id, ", meant ",
                      next);
    EK_ASSERT(err == EK_OK || text[0] != 0);
    if (err == EK_OK) text[0] = 0;
    return err;
}

EK_SMALL_END
