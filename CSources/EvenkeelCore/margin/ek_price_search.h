/* ek_price_search.h - private: exact searches for the point at which an account comes to a line, by margin
 * runs with prices replaced. ek_margin.h (liquidation price) and ek_stress.h are the public sides. */
#ifndef EK_PRICE_SEARCH_H
#define EK_PRICE_SEARCH_H
#include "ek_margin_core.h"
#include "../base/ek_calc.h"

/* What stands over the line at a point, negative under it; *far 1 when the point is so far out that margin
 * leaves 128 bits. */
typedef ek_err (*ek_look)(void *what, int64_t at, ek_w *over, int *far);

/* A point over the line and one under it, and what stands over the line there. */
typedef struct {
    int64_t good, bad;
    ek_w over, under;
} ek_bracket;

/* Moves the ends towards each other until they are neighbours. Cost: about 6 looks. */
ek_err ek_close_in(ek_look look, void *what, ek_bracket *b);

/* What stands over a level of health: its sign means something, its size only a line through others. Not
 * negative exactly when ek_health_bp(m) >= level_bp, or, at level 0, when the account is not to be
 * liquidated. */
ek_w ek_over_level(ek_calc *c, const ek_margin *m, uint32_t level_bp);

typedef struct {
    ek_margin_query q;
    int64_t now_e6, spot_now_e6; /* spot_now 0: no second oracle to move */
    uint32_t level_bp;           /* 0: liquidation (margin under the requirement), else this health or less */
} ek_price_search;

/* For one perp; every market with its oracle moves with it, and the spot market `spot_index` (0xFFFF: none)
 * in proportion when it has another one. */
ek_err ek_price_search_begin(const ek_book *b, uint16_t perp_index, uint16_t spot_index, ek_price_search *s,
                             ek_fault *fault);
/* Maintenance margin, plain, of s->q.user at a price. */
ek_err ek_margin_at_price(ek_price_search *s, int64_t price_e6, ek_margin *m);
/* What stands over the line of the search; under it at the very level, but for liquidation. */
ek_w ek_price_over(ek_calc *c, const ek_price_search *s, const ek_margin *m);
/* The first price above (`up`) or below the current one under the line; 0: none up to 1000 times the price,
 * or down to 1e-6. `over`: what stands over it now, not negative. `bound_e6`: a price known to be under it;
 * 0: none is. */
ek_err ek_price_first(ek_price_search *s, int up, ek_w over, int64_t bound_e6, int64_t *out);

#endif
