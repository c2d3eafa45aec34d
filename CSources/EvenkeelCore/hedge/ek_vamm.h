/* ek_vamm.h - private: Velocity's vAMM as a fill finds it. ek_depth.h is the public side.
 *
 * All in int64_t, each value held within 2^60 at either end (`ek_vamm_held`, and every quotient), so that
 * sums of a few cannot leave 64 bits. The first failure sticks in `err`. */
#ifndef EK_VAMM_H
#define EK_VAMM_H
#include "snapshot/ek_book.h"

enum {
    EK_PPM = 1000000,
    EK_BASE_ONE = 1000000000
};

typedef struct {
    int64_t price_e6, conf_e6, delay_slots;
} ek_vamm_price;

typedef struct {
    ek_err err;
    const ek_perp_market *m;
    int64_t slot, now_s;
    int64_t sum[EK_VAMM_SUMS], net_e9, equity_e6, revenue_e6;
    int64_t twap_e6, twap_5min_e6, oracle_std_e6, conf_ppm, volume_e6, traded_e6[2];
    int64_t offset_e6, last_offset_e6, spread_slot;
    int64_t spread_ppm[2];           /* EK_BUY: of what it asks, EK_SELL: of what it bids */
    int64_t base_e9[2], quote_e9[2]; /* the reserves that a fill of that side is priced on */
} ek_vamm_state;

static inline int64_t ek_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ek_most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ek_within(int64_t v, int64_t low, int64_t high) {
    return ek_most(low, ek_least(v, high));
}
static inline int64_t ek_size(int64_t v) { return v < 0 ? -v : v; }
static inline int64_t ek_sign(int64_t v) { return (v > 0) - (v < 0); }

/* v, or 0 and EK_E_OVERFLOW beyond 2^60. */
int64_t ek_vamm_held(ek_err *err, ek_i128 v);
/* a * b / c toward zero; with `up`, for positive numbers, away from it. */
int64_t ek_vamm_ratio(ek_err *err, int64_t a, int64_t b, int64_t c, int up);

/* The account's numbers. EK_E_OVERFLOW for one that is too large. */
void ek_vamm_load(ek_vamm_state *v, const ek_perp_market *m, const ek_clock *clock);
/* What the curve costs at its middle. */
int64_t ek_vamm_middle(ek_vamm_state *v);
/* The base reserve at which that is `price`. */
int64_t ek_vamm_base_at(ek_vamm_state *v, int64_t price);
/* Base that it can still sell, for EK_BUY, and buy. */
int64_t ek_vamm_room(const ek_vamm_state *v, uint8_t direction);
/* The smaller one of the two. */
int64_t ek_vamm_thin_side(const ek_vamm_state *v);
/* As a fill in the clock's slot finds it: averages, curve and quotes have followed the price. */
void ek_vamm_refresh(ek_vamm_state *v, const ek_vamm_price *price, const ek_vamm_price *exchange);

#endif
