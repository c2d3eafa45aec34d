/* ek_assess.h - every number of a book that a person, a gate or the status message wants, in one struct.
 *
 * Same code for the running agent, `assess` of a saved read, paper and replay. Net delta and drift are made
 * of these legs in ek_hedge.h. EK_E_MISSING: something needed is not in the book. EK_E_UNSUPPORTED,
 * EK_E_RANGE, EK_E_OVERFLOW: as ek_margin.h; the fault names it, and the fields known so far are filled.
 * Pure. Cost: about 1 us, and 5 us more for the search for the liquidation price. */
#ifndef EK_ASSESS_H
#define EK_ASSESS_H
#include "base/ek_types.h"
#include "snapshot/ek_book.h"
#include "margin/ek_margin.h"

/* Spot that is neither the venue's deposit nor the authority's SOL. */
enum { EK_LEG_TOKEN = 0, EK_LEG_WATCH = 1, EK_LEG_FIXED = 2 };
enum { EK_LEGS = 8 };
typedef struct {
    uint8_t kind;           /* EK_LEG_* */
    ek_key key;             /* TOKEN: the mint; WATCH: the wallet */
    int64_t amount_base_e9; /* FIXED: signed */
} ek_leg;

typedef struct {
    uint16_t perp_index;    /* hedged perp */
    uint16_t spot_index;    /* the venue's spot market of the same asset; 0xFFFF: none */
    uint8_t use_venue;      /* count the deposit (or borrow, negative) in the venue */
    uint8_t use_wallet;     /* count the authority's lamports (SOL only: 1 lamport = 1e-9) */
    int64_t extra_base_e9;  /* watch-only amount held elsewhere, signed */
    uint8_t
        skip_liquidation; /* 1: no liquidation price (the dear part, only people look at it); liq stays 0 */
    uint8_t n_legs;           /* at most EK_LEGS */
    ek_leg legs[EK_LEGS];
} ek_hedge_legs;

typedef struct {
    uint64_t slot;
    ek_clock clock;
    /* legs, base 1e9, signed; a leg that is not used is 0. A token's amount beyond 9 decimals is truncated.
     */
    int64_t venue_spot_base_e9, wallet_base_e9, extra_base_e9, spot_base_e9 /* the sum, legs[] included */;
    int64_t leg_base_e9[EK_LEGS];
    int64_t perp_base_e9, perp_open_bids_e9, perp_open_asks_e9;
    uint32_t perp_live_orders, live_orders; /* of this market; of the whole account */
    uint8_t positions_known; /* 1: legs and perp were read, also where the account cannot be valued */
    /* hedged perp */
    int64_t entry_price_e6;           /* 0 without a position */
    int64_t oracle_price_e6;
    uint64_t oracle_conf_e6, oracle_age_slots;
    int64_t oracle_twap_5min_e6;      /* of now: what is stored, aged with the price as the program does */
    int64_t mark_price_e6;            /* last fill; mark TWAP when there is none */
    int64_t unrealised_pnl_e6;        /* of the hedged perp, funding included, quote units */
    int64_t unsettled_funding_e6;     /* of the hedged perp; positive = to receive */
    /* spot market of the asset; 0 when spot_index is 0xFFFF */
    int64_t spot_price_e6;
    uint64_t spot_conf_e6, spot_age_slots;
    int64_t spot_twap_5min_e6;
    /* last funding rate of the side held (the short's when flat); positive = longs pay shorts */
    int64_t funding_rate_e9;          /* quote per base and funding period (an hour) */
    int64_t funding_hourly_ppb;       /* of the price, parts per 1e9 an hour */
    int64_t funding_annual_ppm;       /* the same for 365 days, parts per 1e6 */
    /* the oldest oracle of the quote and of every deposit or borrow that counts for the margin */
    uint64_t collateral_age_slots;
    /* the whole account */
    ek_margin initial;                /* strict: what admits an order */
    ek_margin maintenance;            /* plain: what liquidates */
    int64_t total_collateral_e6, initial_requirement_e6, maintenance_requirement_e6,
        maintenance_collateral_e6; /* saturated to int64 */
    int64_t free_collateral_e6;       /* initial strict total - requirement, signed */
    int64_t equity_e6;                /* assets + pnl - liabilities */
    int64_t perp_notional_e6;         /* of the hedged perp */
    uint32_t health_bp, leverage_e4;
    uint8_t leverage_infinite;        /* equity <= 0 with a position open */
    uint8_t liquidatable;             /* maintenance collateral < requirement, plain */
    ek_liq_price liq;
    int64_t liq_price_e6;             /* = liq.price_e6; 0 none */
} ek_assessment;

/* A fresh leg at the end of the list, or NULL when it is full. */
ek_leg *ek_legs_add(ek_hedge_legs *legs);
/* What legs[i] came to; 0 past the end. */
int64_t ek_assessed_leg(const ek_assessment *a, uint32_t i);

ek_err ek_assess(const ek_book *b, const ek_hedge_legs *legs, ek_assessment *out, ek_fault *fault);

#endif
