#include "hedge/ek_taker_fee.h"

#include "base/ek_assert.h"
#include "base/ek_fixed.h"
#include "../venue/ek_venue_table.h"

/* 30-day volume thresholds (1e-6 USD) from tier 1 on; State tells the tiers' fees and not these. */
static const uint64_t VOLUMES[] = {2000000000000u, 10000000000000u, 20000000000000u, 80000000000000u,
                                   200000000000000u};
/* Velocity's, since its first tier is 4 bps. */
static const uint64_t NEWER_VOLUMES[] = {5000000000000u, 80000000000000u, 200000000000000u};

enum { MOST_ADDON_TENTH_BPS = 100 };

/* The venue's promotion is a floor of everybody's tier. */
static uint32_t promoted(const ek_book *b, uint32_t tier) {
    uint32_t floor = b->state.promo_fee_tier;
    return floor < EK_FEE_TIERS && floor > tier ? floor : tier;
}

static uint32_t volume_tier(const ek_book *b) {
    const ek_user_stats *s = &b->stats;
    uint64_t volume;
    if (!(b->have & 1u << EK_ROLE_USER_STATS) || !s->has_volume || b->user.margin_mode != 0) return 0;
    if (ek_add_u64(s->maker_volume_30d_e6, s->taker_volume_30d_e6, &volume) != EK_OK) volume = UINT64_MAX;
    const ek_fee_tier *first = &b->state.perp_tiers[0];
    int newer = b->venue->has_funding_slope && (uint64_t)first->fee_num * 2500u == first->fee_den;
    const uint64_t *from = newer ? NEWER_VOLUMES : VOLUMES;
    uint32_t tier = 0, n = newer ? 3 : 5;
    while (tier < n && volume >= from[tier]) tier++;
    EK_ASSERT(tier < EK_FEE_TIERS);
    return tier;
}

ek_err ek_taker_fee(const ek_book *b, uint16_t perp_index, uint64_t quote_e6, uint64_t *fee_e6) {
    const ek_perp_market *m = ek_book_perp(b, perp_index);
    if (m == NULL || !(b->have & 1u << EK_ROLE_STATE)) return EK_E_MISSING;
    const ek_fee_tier *tier = &b->state.perp_tiers[promoted(b, volume_tier(b))];
    uint64_t fee, addon, change;
    ek_err err = ek_mul_div_ceil_u64(quote_e6, tier->fee_num, tier->fee_den, &fee);
    uint32_t more = m->taker_fee_addon_tenth_bps;
    if (more > MOST_ADDON_TENTH_BPS) more = MOST_ADDON_TENTH_BPS;
    if (err == EK_OK) err = ek_mul_div_ceil_u64(quote_e6, more, 100000, &addon);
    if (err == EK_OK) err = ek_add_u64(fee, addon, &fee);
    if (err == EK_OK && b->user.margin_mode != 0) err = ek_mul_u64(fee, 2, &fee);
    if (err != EK_OK) return err;
    uint64_t percent = ek_abs_i64(m->fee_adjustment_pct);
    if (m->fee_adjustment_pct < 0) {
        err = ek_mul_div_floor_u64(fee, percent, 100, &change);
        if (err == EK_OK) fee = change < fee ? fee - change : 0;
    } else {
        err = ek_mul_div_ceil_u64(fee, percent, 100, &change);
        if (err == EK_OK) err = ek_add_u64(fee, change, &fee);
    }
    if (err == EK_OK) *fee_e6 = fee;
    return err;
}
