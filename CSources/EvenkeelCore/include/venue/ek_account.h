/* ek_account.h - the venue's accounts as plain structs, and their decoders.
 *
 * Rule of every decoder: known discriminator (else EK_E_DISCRIMINATOR), exactly the known length (else
 * EK_E_LENGTH; the markets, which are known to grow at their end: at least it, else EK_E_SHORT), enum bytes
 * inside their known range (else EK_E_UNSUPPORTED, never a guess). Fields are read one by one at the venue's
 * offsets; the bytes need no alignment. Pure; a User costs about 1 us. Units are in the names: _e9 base or
 * funding rate (quote per base), _e6 quote, USD or price, _e4 weight or margin ratio, _e10 interest index.
 * Fields a venue does not have are 0. C arrays reach Swift as tuples: use the accessors. */
#ifndef EK_ACCOUNT_H
#define EK_ACCOUNT_H
#include "base/ek_types.h"
#include "base/ek_wide.h"
#include "venue/ek_side.h"
#include "venue/ek_venue.h"

#define EK_NAME_CAP 33 /* 32 bytes of name, trailing blanks and zeros cut, NUL */

enum { EK_DEPOSIT = 0, EK_BORROW = 1 };            /* balance_type */
enum { EK_SPOT = 0, EK_PERP = 1 };                 /* market_type */
enum {
    EK_ORDER_MARKET = 0,
    EK_ORDER_LIMIT = 1,
    EK_ORDER_TRIGGER_MARKET = 2,
    EK_ORDER_TRIGGER_LIMIT = 3,
    EK_ORDER_ORACLE = 4
};
enum { EK_ORDER_INIT = 0, EK_ORDER_OPEN = 1, EK_ORDER_FILLED = 2, EK_ORDER_CANCELED = 3 };
enum {
    EK_USER_BEING_LIQUIDATED = 1,
    EK_USER_BANKRUPT = 2,
    EK_USER_REDUCE_ONLY = 4
}; /* ek_user.status bits */
enum {
    EK_POSITION_ISOLATED = 1,
    EK_POSITION_BEING_LIQUIDATED = 2,
    EK_POSITION_BANKRUPT = 4
}; /* position_flag bits */
/* Market status, the same numbers for every venue (the raw byte is beside it). */
enum {
    EK_MARKET_INITIALIZED = 0,
    EK_MARKET_ACTIVE = 1,
    EK_MARKET_REDUCE_ONLY = 2,
    EK_MARKET_SETTLEMENT = 3,
    EK_MARKET_DELISTED = 4,
    EK_MARKET_PAUSED_OLD = 5 /* Drift's deprecated 2..5 */
};
/* exchange_status bits; all set = everything paused. */
enum {
    EK_EXCHANGE_DEPOSIT_PAUSED = 1,
    EK_EXCHANGE_WITHDRAW_PAUSED = 2,
    EK_EXCHANGE_AMM_PAUSED = 4,
    EK_EXCHANGE_FILL_PAUSED = 8,
    EK_EXCHANGE_LIQ_PAUSED = 16,
    EK_EXCHANGE_FUNDING_PAUSED = 32,
    EK_EXCHANGE_SETTLE_PAUSED = 64,
    EK_EXCHANGE_AMM_IMMEDIATE_PAUSED = 128,
    EK_EXCHANGE_ALL_PAUSED = 255
};
/* PerpMarket paused_operations bits. */
enum {
    EK_PERP_FUNDING_PAUSED = 1,
    EK_PERP_AMM_FILL_PAUSED = 2,
    EK_PERP_FILL_PAUSED = 4,
    EK_PERP_SETTLE_PAUSED = 8,
    EK_PERP_SETTLE_POSITION_PAUSED = 16,
    EK_PERP_LIQ_PAUSED = 32,
    EK_PERP_AMM_IMMEDIATE_PAUSED = 64
};
/* OracleSource bytes (both venues). Only the marked ones can be valued. */
enum {
    EK_ORACLE_PYTH = 0,
    EK_ORACLE_SWITCHBOARD = 1,
    EK_ORACLE_QUOTE_ASSET = 2 /* Drift */,
    EK_ORACLE_PYTH_1K = 3,
    EK_ORACLE_PYTH_1M = 4,
    EK_ORACLE_PYTH_STABLE = 5,
    EK_ORACLE_PRELAUNCH = 6 /* Drift */,
    EK_ORACLE_PYTH_PULL = 7 /* Drift */,
    EK_ORACLE_PYTH_PULL_1K = 8,
    EK_ORACLE_PYTH_PULL_1M = 9,
    EK_ORACLE_PYTH_PULL_STABLE = 10,
    EK_ORACLE_SWITCHBOARD_ON_DEMAND = 11,
    EK_ORACLE_LAZER = 12 /* all */,
    EK_ORACLE_LAZER_1K = 13,
    EK_ORACLE_LAZER_1M = 14,
    EK_ORACLE_LAZER_STABLE = 15
};

typedef struct {
    uint64_t slot;
    int64_t unix_timestamp;
} ek_clock;

typedef struct {
    uint64_t scaled_balance_e9;
    int64_t open_bids, open_asks;     /* in the token's own units; asks <= 0 */
    int64_t cumulative_deposits;
    uint16_t market_index;
    uint8_t balance_type, open_orders;
    uint8_t slot;                     /* 0..7: where in the account */
} ek_spot_position;

typedef struct {
    int64_t last_cumulative_funding_e9;
    int64_t base_e9;                  /* short negative */
    int64_t quote_e6, quote_break_even_e6, quote_entry_e6;
    int64_t open_bids_e9, open_asks_e9; /* asks <= 0 */
    int64_t settled_pnl_e6;
    uint64_t isolated_scaled_e9;
    uint16_t max_margin_ratio_e4, market_index;
    uint8_t open_orders, flags;       /* flags: EK_POSITION_* */
    uint8_t slot;
} ek_perp_position;

typedef struct {
    uint64_t slot;
    uint64_t price_e6, base_e9, base_filled_e9, quote_filled_e6, trigger_price_e6;
    int64_t auction_start_e6, auction_end_e6;
    int64_t max_ts;                   /* unix seconds; 0 = never */
    int64_t oracle_offset_e6;
    uint32_t order_id;
    uint16_t market_index;
    uint8_t status;                   /* only EK_ORDER_OPEN is live; other slots keep old bytes */
    uint8_t order_type, market_type, user_order_id, existing_direction, direction, reduce_only, post_only,
        immediate_or_cancel;
    uint8_t trigger_condition, auction_duration, posted_slot_tail, bit_flags;
} ek_order;

enum { EK_MAX_SPOTS = 8, EK_MAX_PERPS = 8, EK_MAX_ORDERS = 32 };

typedef struct {
    ek_key authority, delegate;       /* delegate all zero: none */
    char name[EK_NAME_CAP];
    uint8_t n_spots, n_perps;         /* positions in use, in the account's order */
    uint8_t n_live_orders;
    ek_spot_position spots[EK_MAX_SPOTS];
    ek_perp_position perps[EK_MAX_PERPS];
    ek_order orders[EK_MAX_ORDERS];   /* all slots, live or not */
    uint64_t total_deposits_e6, total_withdraws_e6, total_social_loss_e6;
    int64_t settled_perp_pnl_e6, cumulative_spot_fees_e6, cumulative_perp_funding_e6;
    uint64_t liquidation_margin_freed_e6, last_active_slot;
    uint32_t next_order_id, max_margin_ratio_e4;
    uint16_t next_liquidation_id, sub_account_id;
    uint8_t status, margin_trading_enabled, idle, open_orders, has_open_order, open_auctions,
        has_open_auction;
    uint8_t margin_mode;              /* Drift: 0 default, 1 high leverage, 2 high leverage maintenance */
    uint8_t pool_id;
    uint64_t equity_floor_e6, equity_floor_buffer_e6; /* Velocity */
    uint8_t unverified; /* 1: of the announced layout, which no account was seen of; only shown */
} ek_user;

typedef struct {
    ek_key authority, referrer;
    uint64_t total_fee_paid_e6, maker_volume_30d_e6, taker_volume_30d_e6, filler_volume_30d_e6;
    int64_t maker_volume_ts, taker_volume_ts, filler_volume_ts, next_epoch_ts;
    uint64_t staked_gov_tokens;       /* Drift: lowers the taker fee */
    uint16_t sub_accounts;
    uint8_t referrer_status, paused_operations, twap_update_disabled;
    uint8_t has_volume;               /* 0: the layout's volumes are not known; fees then assume tier 0 */
} ek_user_stats;

/* The sums of Velocity's vAMM, as they follow each other in its PerpMarket: reserves of base and quote (_e9),
 * how far the curve reaches (_e6), the least and the most base, the root of base times quote, the peg (_e6),
 * and the quote reserve of an empty position. */
enum {
    EK_VAMM_BASE = 0,
    EK_VAMM_QUOTE = 1,
    EK_VAMM_REACH = 2,
    EK_VAMM_MIN_BASE = 3,
    EK_VAMM_MAX_BASE = 4,
    EK_VAMM_ROOT = 5,
    EK_VAMM_PEG = 6,
    EK_VAMM_TERMINAL_QUOTE = 7,
    EK_VAMM_SUMS = 8
};

/* Its settings, byte for byte as in the account, where they end in two bytes of padding. The spreads are
 * those of its last quote, parts per 1e6. */
typedef struct {
    uint32_t base_spread_e6, max_spread_e6, long_spread_e6, short_spread_e6;
    int32_t offset_e6;                /* the middle of the quotes stands so far off the curve's price */
    uint16_t fill_fraction;           /* one fill takes at most the base reserve divided by this */
    uint16_t max_slippage_ratio;      /* not used here */
    uint8_t intensity, jit_intensity; /* 0: the curve, or immediate fills, do not follow the price */
    int8_t spread_adjustment_pct, inventory_adjustment_pct;
    uint8_t deadband_pct, funding_bias_pct;
} ek_vamm_settings;

typedef struct {
    ek_u128 sums[EK_VAMM_SUMS];        /* all 0: the venue has none, or its layout is not known */
    ek_i128 equity_e6;                 /* what it has earned and not spent */
    int64_t revenue_e6;                /* since the last funding */
    uint64_t update_slot, spread_slot; /* when curve and spreads last followed the price */
    ek_vamm_settings set;
} ek_vamm;

typedef struct {
    ek_key address, oracle;
    char name[EK_NAME_CAP];
    uint16_t market_index, quote_spot_index;
    uint8_t status, raw_status, contract_type, contract_tier, paused_operations, pool_id, oracle_source,
        last_oracle_valid;
    int8_t oracle_delay_override, oracle_low_risk_override;
    int16_t fee_adjustment_pct;
    uint32_t margin_initial_e4, margin_maintenance_e4, high_leverage_initial_e4, high_leverage_maintenance_e4;
    uint32_t imf_e6, pnl_imf_e6, pnl_initial_weight_e4, pnl_maintenance_weight_e4, liquidator_fee_e6,
        if_liquidation_fee_e6;
    uint32_t base_spread_e6, long_spread_e6, short_spread_e6; /* Drift */
    uint64_t step_base_e9, tick_price_e6, min_order_base_e9, pnl_max_imbalance_e6;
    ek_u128 max_open_interest_e9;     /* 0 = no limit */
    ek_i128 base_long_e9, base_short_e9, base_with_amm_e9, base_with_unsettled_lp_e9, quote_amount_e6;
    ek_i128 cumulative_funding_long_e9, cumulative_funding_short_e9;
    int64_t net_unsettled_funding_e6, quote_with_unsettled_lp_e6;
    int64_t last_funding_rate_e9, last_funding_rate_long_e9, last_funding_rate_short_e9,
        last_24h_avg_funding_rate_e9;
    int64_t last_funding_ts, funding_period_s, last_funding_oracle_twap_e6;
    uint32_t funding_clamp_bps, funding_slope_e6; /* Velocity */
    uint16_t taker_fee_addon_tenth_bps;           /* Velocity; on top of the tier, before the adjustment */
    uint64_t last_fill_price_e6, mark_twap_e6, mark_twap_5min_e6, bid_twap_e6, ask_twap_e6, mark_std_e6,
        oracle_std_e6, volume_24h_e6;
    int64_t mark_twap_ts;
    int64_t last_oracle_price_e6, last_oracle_delay, oracle_twap_e6, oracle_twap_5min_e6, oracle_twap_ts;
    uint64_t last_oracle_conf_e6;
    int64_t mm_oracle_price_e6;
    uint64_t mm_oracle_slot, mm_oracle_sequence;        /* Velocity: a market maker's price, when, which */
    uint64_t conf_ppm, long_volume_e6, short_volume_e6; /* Velocity: what its spreads go by */
    int32_t quote_offset_e6;
    uint8_t config_flags;
    ek_vamm vamm; /* Velocity */
    int64_t expiry_ts, expiry_price_e6;
    uint32_t users_with_base, users;
} ek_perp_market;

typedef struct {
    ek_key address, oracle, mint, vault;
    char name[EK_NAME_CAP];
    uint16_t market_index;
    uint8_t status, raw_status, asset_tier, paused_operations, pool_id, oracle_source, orders_enabled,
        min_borrow_rate, token_program_flag;
    uint32_t decimals;
    uint32_t initial_asset_weight_e4, maintenance_asset_weight_e4, initial_liability_weight_e4,
        maintenance_liability_weight_e4, imf_e6;
    uint32_t optimal_utilization_e6, optimal_borrow_rate_e6, max_borrow_rate_e6;
    ek_u128 deposit_balance_e9, borrow_balance_e9, cumulative_deposit_interest_e10,
        cumulative_borrow_interest_e10;
    int64_t last_oracle_price_e6, last_oracle_delay, oracle_twap_e6, oracle_twap_5min_e6, oracle_twap_ts;
    uint64_t last_oracle_conf_e6;
    uint64_t scale_initial_asset_weight_start_e6, last_interest_ts, last_twap_ts, withdraw_guard_threshold,
        max_token_deposits;
    uint64_t step_size, tick_size, min_order_size;
    int64_t expiry_ts;
    int16_t fee_adjustment_pct;
} ek_spot_market;

typedef struct {
    uint32_t fee_num, fee_den, maker_rebate_num, maker_rebate_den, referrer_num, referrer_den, referee_num,
        referee_den;
} ek_fee_tier;

enum { EK_FEE_TIERS = 10 };

typedef struct {
    ek_key signer;
    ek_fee_tier perp_tiers[EK_FEE_TIERS];
    int64_t slots_before_stale_for_amm, slots_before_stale_for_margin, too_volatile_ratio;
    uint64_t confidence_max_e6, mark_oracle_divergence_e6, oracle_twap_divergence_e6, flat_filler_fee_e6;
    uint32_t liquidation_buffer_e4;
    uint16_t n_perp_markets, n_spot_markets;
    uint8_t signer_nonce, min_auction_slots, default_order_seconds, exchange_status, feature_flags;
    uint8_t promo_fee_tier;           /* Velocity: nobody pays by a dearer tier */
    uint16_t slot_duration_ms;        /* Velocity: how long the venue takes a slot to be; 0: not told */
} ek_state;

typedef struct {
    int64_t price_e6;                 /* may be <= 0: the caller must refuse it */
    uint64_t conf_e6;
    uint64_t posted_slot;             /* age = book slot - posted_slot */
    int64_t publish_time_s;
    int64_t raw_price;
    uint64_t raw_conf;
    int32_t exponent;
    uint8_t source;
} ek_oracle;

ek_err ek_decode_clock(const uint8_t *data, size_t len, ek_clock *out);
ek_err ek_decode_user(const ek_venue *v, const uint8_t *data, size_t len, ek_user *out);
/* The same into a struct that is all zero already, which after an error it need not be any more. */
ek_err ek_decode_user_cleared(const ek_venue *v, const uint8_t *data, size_t len, ek_user *out);
ek_err ek_decode_user_stats(const ek_venue *v, const uint8_t *data, size_t len, ek_user_stats *out);
ek_err ek_decode_perp_market(const ek_venue *v, const uint8_t *data, size_t len, ek_perp_market *out);
ek_err ek_decode_spot_market(const ek_venue *v, const uint8_t *data, size_t len, ek_spot_market *out);
ek_err ek_decode_state(const ek_venue *v, const uint8_t *data, size_t len, ek_state *out);
/* `source`: the market's oracle_source byte. EK_E_UNSUPPORTED: a source that cannot be valued.
 * EK_ORACLE_QUOTE_ASSET ignores data (price 1). */
ek_err ek_decode_oracle(const ek_venue *v, uint8_t source, const uint8_t *data, size_t len, ek_oracle *out);

/* Market name and own index from the bytes of a PerpMarket (perp=1) or SpotMarket (perp=0), whatever else it
 * holds. */
ek_err ek_market_name(const ek_venue *v, int perp, const uint8_t *data, size_t len, char out[EK_NAME_CAP],
                      uint16_t *index);

/* Positions in use; NULL when there is none of that market. */
const ek_perp_position *ek_user_perp(const ek_user *u, uint16_t market_index);
const ek_spot_position *ek_user_spot(const ek_user *u, uint16_t market_index);
/* The same, where one is taken into use when there is none; NULL: no room for another. */
ek_perp_position *ek_user_perp_or_new(ek_user *u, uint16_t market_index);
ek_spot_position *ek_user_spot_or_new(ek_user *u, uint16_t market_index);
/* Base of the position in that perp market; 0 without one. */
int64_t ek_user_perp_base(const ek_user *u, uint16_t market_index);
/* i counts positions in use (n_perps, n_spots); NULL beyond. */
const ek_perp_position *ek_user_perp_at(const ek_user *u, uint32_t i);
const ek_spot_position *ek_user_spot_at(const ek_user *u, uint32_t i);
/* The market's name, NUL-terminated (Swift cannot point into a fixed array). */
const char *ek_perp_market_name(const ek_perp_market *m);
/* i is the order slot, 0..31, live or not; NULL beyond. */
const ek_order *ek_user_order_at(const ek_user *u, uint32_t i);
/* The live order with that id, or NULL. */
const ek_order *ek_user_order_by_id(const ek_user *u, uint32_t order_id);
int ek_order_live(const ek_order *o);
/* Past its max_ts: any place or take of the account may clear it away. Trigger orders never expire [velocity
 * 7]. */
int ek_order_expired(const ek_order *o, int64_t chain_unix_s);
/* Live orders of one market. */
uint32_t ek_user_live_orders(const ek_user *u, int market_type, uint16_t market_index);
int ek_user_has_delegate(const ek_user *u);

/* Token amount of a spot position in the token's smallest unit: negative for a borrow; deposits round down,
 * borrows up. EK_E_RANGE: decimals above 19. */
ek_err ek_spot_token_amount(const ek_spot_position *p, const ek_spot_market *m, ek_i128 *out);
/* The same in 1e9 base units, rounded toward minus infinity (SOL has 9 decimals: exact). */
ek_err ek_spot_base_e9(const ek_spot_position *p, const ek_spot_market *m, int64_t *out);
/* Adds so many of the token's smallest units to the balance, or takes them. What is owed is paid first; a
 * deposit is rounded down, a debt up. EK_E_RANGE, EK_E_OVERFLOW: the balance is as it was. */
ek_err ek_spot_add_tokens(ek_spot_position *p, const ek_spot_market *m, int64_t tokens);

#endif
