#include "signer/ek_loss.h"

#include "base/ek_fixed.h"

EK_SMALL_BEGIN

uint64_t ek_loss_sol_e6(const ek_ledger *l) {
    static const char SOL[16] = "SOL-PERP";
    int at = ek_ledger_pin_of(l, SOL);
    ek_price_range day = {0, 0};
    if (at >= 0) day = ek_price_of_day(&l->prices[at], l->time_s);
    if (at >= 0 && day.highest_e6 < l->prices[at].last_e6) day.highest_e6 = l->prices[at].last_e6;
    return day.highest_e6 > 0 ? (uint64_t)day.highest_e6 : (uint64_t)EK_LOSS_SOL_UNKNOWN_USD * 1000000u;
}

uint64_t ek_loss_e6(const ek_loss_order *o, const ek_price_range *day, uint64_t sol_e6) {
    uint64_t loss = 0, part = 0, fee = 0;
    if (o->base_e9 > 0) {
        int64_t reference = o->sells ? day->highest_e6 : day->lowest_e6, gap = 0, top = o->worst_e6;
        if ((o->sells ? ek_sub_i64(reference, o->worst_e6, &gap) : ek_sub_i64(o->worst_e6, reference, &gap))
            != EK_OK)
            return UINT64_MAX;
        if (gap < 0) gap = 0;
        if (day->highest_e6 > top) top = day->highest_e6;
        if (top < 0) top = 0;
        if (ek_mul_div_ceil_u64(o->base_e9, (uint64_t)gap, 1000000000, &loss) != EK_OK
            || ek_mul_div_ceil_u64(o->base_e9, (uint64_t)top, 1000000000, &part) != EK_OK
            || ek_mul_div_ceil_u64(part, o->fee_ppm, 1000000, &fee) != EK_OK
            || ek_add_u64(loss, fee, &loss) != EK_OK)
            return UINT64_MAX;
    }
    if (ek_mul_div_ceil_u64(o->lamports, sol_e6, 1000000000, &part) != EK_OK
        || ek_add_u64(loss, part, &loss) != EK_OK)
        return UINT64_MAX;
    return loss;
}

EK_SMALL_END
