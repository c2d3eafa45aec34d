/* ek_stress.h - how far the price of one perp may move before the account is in trouble, what a sudden move
 * does, and what would bring the account back to a level of health. All of it by the venue's own margin
 * (ek_margin.h: Maintenance, plain oracle prices) of the book as it is, with other prices put in.
 *
 * What moves: the perp's oracle, every market with the same oracle account, and the spot market `spot_index`
 * in proportion when it has another one (0xFFFF: none). All other prices, deposits and averages stay. No
 * fees, no funding to come.
 *
 * Health is ek_health_bp without its rounding: at the price named for a level it is the level or less, one
 * step of 1e-6 USD nearer it is more. At the price named for liquidation the collateral is under the
 * requirement, one step nearer it is not. A flag of bankruptcy, for which ek_health_bp is 0, does not count
 * for prices and ways back: they go by the numbers.
 *
 * Errors as ek_margin.h: EK_E_MISSING, EK_E_UNSUPPORTED, EK_E_RANGE, EK_E_OVERFLOW; the fault names it and
 * *out is not to be used. Pure, nothing allocated; 6 KB of stack. Cost: 40 to 70 margin calculations (about
 * 50 us), so it is for when somebody looks, not for every tick. */
#ifndef EK_STRESS_H
#define EK_STRESS_H
#include "base/ek_types.h"
#include "snapshot/ek_book.h"
#include "margin/ek_margin.h"

enum { EK_STRESS_HEALTH50 = 0, EK_STRESS_HEALTH20 = 1, EK_STRESS_LIQUIDATION = 2, EK_STRESS_LEVELS = 3 };
enum { EK_STRESS_GAPS = 3 }; /* +10, +20 and +50 % */

/* The first price above and below the current one at the level; 0: none up to 1000 times the price, or down
 * to 1e-6 USD. At the level already: both are the current price. */
typedef struct { int64_t up_e6, down_e6; } ek_stress_level;

/* The account at one price. 1e-6 USD, saturated to int64. */
typedef struct {
    int64_t price_e6;
    int64_t equity_e6;    /* assets + pnl - liabilities */
    int64_t free_e6;      /* maintenance collateral - requirement; negative: liquidated */
    int64_t perp_need_e6; /* what this perp alone takes of the account's collateral: its requirement, plus its
                             loss or less its weighted profit */
    uint32_t health_bp;
    uint8_t rise_pct; /* against the current price */
} ek_stress_gap;

typedef struct {
    uint64_t slot;        /* of the book */
    int64_t price_e6;     /* the perp's oracle price, from which all moves are counted */
    uint32_t health_bp;
    uint32_t warning_bp;  /* as asked */
    ek_stress_level levels[EK_STRESS_LEVELS];
    ek_stress_gap gaps[EK_STRESS_GAPS];
    /* The smallest value of the quote asset at its oracle price whose deposit gives health >= warning_bp (a
     * borrow of it is paid back first), 1e-6 USD; 0 where health is that already. Not possible: with a
     * requirement 100 % is out of reach. */
    uint8_t collateral_possible;
    int64_t collateral_e6;
    /* The smallest size of the perp, on the market's step, whose closing at the oracle price gives health >=
     * warning_bp (its funding is settled by that; open orders stay); 0 where health is that already. Not
     * possible: not even with all of this perp closed. */
    uint8_t reduction_possible;
    int64_t reduction_base_e9;
} ek_stress;

/* warning_bp: 0..10000; at 0 the account is only to be above liquidation. */
ek_err ek_stress_calc(const ek_book *b, uint16_t perp_index, uint16_t spot_index, uint32_t warning_bp,
                      ek_stress *out, ek_fault *fault);
/* Only the reduction, for every tick that needs it: about 5 margin calculations under the level, one above
 * it. Levels, gaps and collateral are not to be used. */
ek_err ek_stress_reduction(const ek_book *b, uint16_t perp_index, uint16_t spot_index, uint32_t warning_bp,
                           ek_stress *out, ek_fault *fault);

/* For Swift, which sees C arrays as tuples; i under EK_STRESS_LEVELS or EK_STRESS_GAPS, else NULL. */
const ek_stress_level *ek_stress_level_at(const ek_stress *s, uint32_t i);
const ek_stress_gap *ek_stress_gap_at(const ek_stress *s, uint32_t i);

#endif
