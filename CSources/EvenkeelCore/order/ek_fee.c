#include "order/ek_fee.h"

#include <string.h>

#include "base/ek_fixed.h"

EK_SMALL_BEGIN

void ek_fee_mark_of(const ek_user *u, uint16_t perp_index, ek_fee_mark *out) {
    memset(out, 0, sizeof *out);
    out->known = 1;
    out->settled_funding_e6 = u->cumulative_perp_funding_e6;
    for (uint32_t i = 0; i < u->n_perps && i < EK_MAX_PERPS; i++) {
        const ek_perp_position *p = &u->perps[i];
        if (p->market_index == perp_index) {
            out->settled_pnl_e6 = p->settled_pnl_e6;
            continue;
        }
        out->market[out->n] = p->market_index;
        out->funding_index_e9[out->n++] = p->last_cumulative_funding_e9;
    }
}

/* The account's settled funding is this position's as long as no other one's index moved. */
static int others_settled(const ek_fee_mark *before, const ek_user *now, uint16_t perp_index) {
    uint32_t others = 0;
    for (uint32_t i = 0; i < now->n_perps && i < EK_MAX_PERPS; i++)
        others += now->perps[i].market_index != perp_index;
    if (others != before->n) return 1;
    for (uint32_t i = 0; i < before->n; i++) {
        const ek_perp_position *p = ek_user_perp(now, before->market[i]);
        if (p == NULL || p->last_cumulative_funding_e9 != before->funding_index_e9[i]) return 1;
    }
    return 0;
}

ek_err ek_fee_paid(const ek_ticket *t, const ek_outcome *o, const ek_fee_mark *before, const ek_user *now,
                   int64_t *fee_e6) {
    if (!ek_kind_takes(t->kind) && t->kind != EK_KIND_PLACE) return EK_E_MISSING;
    if (o->outcome != EK_OUT_FILLED && o->outcome != EK_OUT_PARTIAL_GONE
        && o->outcome != EK_OUT_UNFILLED_GONE)
        return EK_E_MISSING;
    if (o->foreign_base_e9 != 0) return EK_E_MISSING;
    /* The change of quote is what the fee is looked for in: a figure made of it says nothing. */
    if (o->filled_base_e9 != 0 && o->quote_source != EK_QUOTE_ORDER && o->quote_source != EK_QUOTE_ENTRY)
        return EK_E_MISSING;
    if (o->filled_base_e9 == 0 && !o->found) return EK_E_MISSING;
    if (o->quote_e6 > (uint64_t)INT64_MAX) return EK_E_OVERFLOW;
    const ek_perp_position *p = ek_user_perp(now, t->perp_index);
    if (p == NULL) return EK_E_MISSING;

    int64_t trade = o->filled_base_e9 == 0    ? 0
                    : t->direction == EK_SELL ? (int64_t)o->quote_e6
                                              : -(int64_t)o->quote_e6;
    int64_t moved, fee, settled;
    ek_err err = ek_sub_i64(p->quote_e6, t->quote_before_e6, &moved);
    if (err == EK_OK) err = ek_sub_i64(trade, moved, &fee);
    if (err != EK_OK) return err;
    if (before->known) {
        if (others_settled(before, now, t->perp_index)) return EK_E_MISSING;
        err = ek_sub_i64(now->cumulative_perp_funding_e6, before->settled_funding_e6, &settled);
        if (err == EK_OK) err = ek_add_i64(fee, settled, &fee);
        if (err == EK_OK) err = ek_sub_i64(p->settled_pnl_e6, before->settled_pnl_e6, &settled);
        if (err == EK_OK) err = ek_sub_i64(fee, settled, &fee);
        if (err != EK_OK) return err;
    }
    *fee_e6 = fee;
    return EK_OK;
}

EK_SMALL_END
