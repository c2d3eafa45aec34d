/* Drift v2 as of March 2026. See docs/venues.md. */
#include "ek_venue_table.h"

#define SPOT(off, member) EK_COPY(ek_spot_position, off, member)
static const ek_field SPOT_POSITION[] = {
    SPOT(0, scaled_balance_e9), SPOT(8, open_bids), SPOT(16, open_asks), SPOT(24, cumulative_deposits), SPOT(32, market_index),
    SPOT(34, balance_type), SPOT(35, open_orders),
};

/* Bytes 64 and 80 belong to the dead liquidity shares; 72, 90 and 95 mean other things in accounts older than January 2026. */
#define PERP(off, member) EK_COPY(ek_perp_position, off, member)
static const ek_field PERP_POSITION[] = {
    PERP(0, last_cumulative_funding_e9), PERP(8, base_e9), PERP(16, quote_e6), PERP(24, quote_break_even_e6), PERP(32, quote_entry_e6),
    PERP(40, open_bids_e9), PERP(48, open_asks_e9), PERP(56, settled_pnl_e6), PERP(72, isolated_scaled_e9), PERP(90, max_margin_ratio_e4),
    PERP(92, market_index), PERP(94, open_orders), PERP(95, flags),
};

#define ORDER(off, member) EK_COPY(ek_order, off, member)
static const ek_field ORDER_FIELDS[] = {
    ORDER(0, slot), ORDER(8, price_e6), ORDER(16, base_e9), ORDER(24, base_filled_e9), ORDER(32, quote_filled_e6), ORDER(40, trigger_price_e6),
    ORDER(48, auction_start_e6), ORDER(56, auction_end_e6), ORDER(64, max_ts), EK_I32(ek_order, 72, oracle_offset_e6), ORDER(76, order_id),
    ORDER(80, market_index), ORDER(82, status), ORDER(83, order_type), ORDER(84, market_type), ORDER(85, user_order_id),
    ORDER(86, existing_direction), ORDER(87, direction), ORDER(88, reduce_only), ORDER(89, post_only), ORDER(90, immediate_or_cancel),
    ORDER(91, trigger_condition), ORDER(92, auction_duration), ORDER(93, posted_slot_tail), ORDER(94, bit_flags),
};

#define USER(off, member) EK_COPY(ek_user, off, member)
static const ek_field USER_FIELDS[] = {
    USER(8, authority), USER(40, delegate), EK_NAME(ek_user, 72, name), USER(4272, total_deposits_e6), USER(4280, total_withdraws_e6),
    USER(4288, total_social_loss_e6), USER(4296, settled_perp_pnl_e6), USER(4304, cumulative_spot_fees_e6), USER(4312, cumulative_perp_funding_e6),
    USER(4320, liquidation_margin_freed_e6), USER(4328, last_active_slot), USER(4336, next_order_id), USER(4340, max_margin_ratio_e4),
    USER(4344, next_liquidation_id), USER(4346, sub_account_id), USER(4348, status), USER(4349, margin_trading_enabled), USER(4350, idle),
    USER(4351, open_orders), USER(4352, has_open_order), USER(4353, open_auctions), USER(4354, has_open_auction),
    EK_ENUM(ek_user, 4355, margin_mode, 2), USER(4356, pool_id),
};

#define STATS(off, member) EK_COPY(ek_user_stats, off, member)
static const ek_field STATS_FIELDS[] = {
    STATS(8, authority), STATS(40, referrer), STATS(72, total_fee_paid_e6), STATS(120, next_epoch_ts), STATS(128, maker_volume_30d_e6),
    STATS(136, taker_volume_30d_e6), STATS(144, filler_volume_30d_e6), STATS(152, maker_volume_ts), STATS(160, taker_volume_ts),
    STATS(168, filler_volume_ts), STATS(184, sub_accounts), STATS(188, referrer_status), STATS(189, twap_update_disabled),
    STATS(190, paused_operations), STATS(216, staked_gov_tokens),
};

#define MARKET(off, member) EK_COPY(ek_perp_market, off, member)
#define MARKET_ENUM(off, member, top) EK_ENUM(ek_perp_market, off, member, top)
static const ek_field PERP_FIELDS[] = {
    MARKET(8, address), MARKET(40, oracle), MARKET(72, last_oracle_price_e6), MARKET(80, last_oracle_conf_e6), MARKET(88, last_oracle_delay),
    MARKET(96, oracle_twap_e6), MARKET(104, oracle_twap_5min_e6), MARKET(112, oracle_twap_ts), MARKET(304, base_long_e9), MARKET(320, base_short_e9),
    MARKET(336, base_with_amm_e9), MARKET(352, base_with_unsettled_lp_e9), MARKET(368, max_open_interest_e9), MARKET(384, quote_amount_e6), MARKET(480, last_funding_rate_e9),
    MARKET(488, last_funding_rate_long_e9), MARKET(496, last_funding_rate_short_e9), MARKET(504, last_24h_avg_funding_rate_e9),
    MARKET(608, cumulative_funding_long_e9), MARKET(624, cumulative_funding_short_e9), MARKET(736, bid_twap_e6), MARKET(744, ask_twap_e6),
    MARKET(752, mark_twap_e6), MARKET(760, mark_twap_5min_e6), MARKET(792, last_funding_ts), MARKET(800, funding_period_s), MARKET(808, step_base_e9),
    MARKET(816, tick_price_e6), MARKET(824, min_order_base_e9), MARKET(832, mm_oracle_slot), MARKET(840, volume_24h_e6), MARKET(872, mark_std_e6),
    MARKET(880, oracle_std_e6), MARKET(888, mark_twap_ts), MARKET(896, base_spread_e6), MARKET(904, long_spread_e6), MARKET(908, short_spread_e6),
    MARKET(912, mm_oracle_price_e6), MARKET_ENUM(926, oracle_source, 15), MARKET(927, last_oracle_valid), MARKET(933, oracle_low_risk_override),
    MARKET(935, oracle_delay_override), MARKET(944, net_unsettled_funding_e6), MARKET(952, quote_with_unsettled_lp_e6), MARKET(968, last_funding_oracle_twap_e6),
    EK_NAME(ek_perp_market, 1000, name), MARKET(1072, pnl_max_imbalance_e6), MARKET(1080, expiry_ts), MARKET(1088, expiry_price_e6),
    MARKET(1120, imf_e6), MARKET(1124, pnl_imf_e6), MARKET(1128, liquidator_fee_e6), MARKET(1132, if_liquidation_fee_e6),
    MARKET(1136, margin_initial_e4), MARKET(1140, margin_maintenance_e4), MARKET(1144, pnl_initial_weight_e4), MARKET(1148, pnl_maintenance_weight_e4),
    MARKET(1152, users_with_base), MARKET(1156, users), MARKET(1160, market_index), MARKET(1162, raw_status), MARKET_ENUM(1163, contract_type, 2),
    MARKET_ENUM(1164, contract_tier, 5), MARKET(1165, paused_operations), MARKET(1166, quote_spot_index), MARKET(1168, fee_adjustment_pct),
    MARKET(1173, pool_id), MARKET(1184, last_fill_price_e6),
};

#define BANK(off, member) EK_COPY(ek_spot_market, off, member)
#define BANK_ENUM(off, member, top) EK_ENUM(ek_spot_market, off, member, top)
static const ek_field SPOT_FIELDS[] = {
    BANK(8, address), BANK(40, oracle), BANK(72, mint), BANK(104, vault), EK_NAME(ek_spot_market, 136, name), BANK(168, last_oracle_price_e6),
    BANK(176, last_oracle_conf_e6), BANK(184, last_oracle_delay), BANK(192, oracle_twap_e6), BANK(200, oracle_twap_5min_e6), BANK(208, oracle_twap_ts),
    BANK(432, deposit_balance_e9), BANK(448, borrow_balance_e9), BANK(464, cumulative_deposit_interest_e10), BANK(480, cumulative_borrow_interest_e10),
    BANK(528, withdraw_guard_threshold), BANK(536, max_token_deposits), BANK(568, last_interest_ts), BANK(576, last_twap_ts), BANK(584, expiry_ts),
    BANK(592, step_size), BANK(600, tick_size), BANK(608, min_order_size), BANK(640, initial_asset_weight_e4), BANK(644, maintenance_asset_weight_e4),
    BANK(648, initial_liability_weight_e4), BANK(652, maintenance_liability_weight_e4), BANK(656, imf_e6), BANK(668, optimal_utilization_e6),
    BANK(672, optimal_borrow_rate_e6), BANK(676, max_borrow_rate_e6), BANK(680, decimals), BANK(684, market_index), BANK(686, orders_enabled),
    BANK_ENUM(687, oracle_source, 15), BANK(688, raw_status), BANK_ENUM(689, asset_tier, 4), BANK(690, paused_operations),
    BANK(692, fee_adjustment_pct), BANK(720, scale_initial_asset_weight_start_e6), BANK(728, min_borrow_rate), BANK(734, token_program_flag),
    BANK(735, pool_id),
};

#define STATE(off, member) EK_COPY(ek_state, off, member)
static const ek_field STATE_FIELDS[] = {
    STATE(104, signer), STATE(168, perp_tiers), STATE(520, flat_filler_fee_e6), STATE(888, mark_oracle_divergence_e6),
    STATE(896, oracle_twap_divergence_e6), STATE(904, slots_before_stale_for_amm), STATE(912, slots_before_stale_for_margin),
    STATE(920, confidence_max_e6), STATE(928, too_volatile_ratio), STATE(960, liquidation_buffer_e4), STATE(966, n_perp_markets),
    STATE(968, n_spot_markets), STATE(970, signer_nonce), STATE(971, min_auction_slots), STATE(972, default_order_seconds),
    STATE(974, exchange_status), STATE(982, feature_flags),
};

static const uint8_t STATUS[] = {EK_MARKET_INITIALIZED, EK_MARKET_ACTIVE, EK_MARKET_PAUSED_OLD, EK_MARKET_PAUSED_OLD, EK_MARKET_PAUSED_OLD,
                                 EK_MARKET_PAUSED_OLD, EK_MARKET_REDUCE_ONLY, EK_MARKET_SETTLEMENT, EK_MARKET_DELISTED};

static const ek_error_name ERRORS[] = {
    {6003, "InsufficientCollateral"}, {6005, "MaxNumberOfPositions"}, {6019, "MathError"}, {6022, "UnableToLoadOracle"},
    {6023, "PriceBandsBreached"}, {6024, "ExchangePaused"}, {6035, "InvalidOracle"}, {6036, "OracleNotFound"}, {6042, "InvalidOrder"},
    {6043, "InvalidOrderMaxTs"}, {6044, "InvalidOrderMarketType"}, {6046, "InvalidOrderNotRiskReducing"}, {6047, "InvalidOrderSizeTooSmall"},
    {6048, "InvalidOrderNotStepSizeMultiple"}, {6050, "InvalidOrderIOC"}, {6051, "InvalidOrderPostOnly"}, {6053, "InvalidOrderTrigger"},
    {6054, "InvalidOrderAuction"}, {6055, "InvalidOrderOracleOffset"}, {6056, "InvalidOrderMinOrderSize"}, {6057, "PlacePostOnlyLimitFailure"},
    {6059, "OrderAmountTooSmall"}, {6060, "MaxNumberOfOrders"}, {6061, "OrderDoesNotExist"}, {6064, "ReduceOnlyOrderIncreasedRisk"},
    {6071, "UserOrderIdAlreadyInUse"}, {6078, "PerpMarketNotFound"}, {6079, "InvalidMarketAccount"}, {6081, "MarketWrongMutability"},
    {6083, "CouldNotFindSpotPosition"}, {6087, "SpotMarketNotFound"}, {6088, "InvalidSpotMarketAccount"}, {6090, "SpotMarketWrongMutability"},
    {6117, "UserIsBeingLiquidated"}, {6125, "UserBankrupt"}, {6147, "MarketPlaceOrderPaused"}, {6148, "MarketFillOrderPaused"},
    {6151, "IsolatedAssetTierViolation"}, {6154, "MaxOpenInterest"}, {6180, "InsufficientPerpPnlPool"}, {6191, "InvalidOrderLimitPrice"},
    {6213, "MarketBeingInitialized"}, {6223, "FailedUnwrap"}, {6252, "ImpossibleFill"}, {6254, "UserReduceOnly"}, {6259, "NoUnsettledPnl"},
    {6260, "PnlPoolCantSettleUser"}, {6261, "OracleNonPositive"}, {6262, "OracleTooVolatile"}, {6263, "OracleTooUncertain"},
    {6264, "OracleStaleForMargin"}, {6265, "OracleInsufficientDataPoints"}, {6266, "OracleStaleForAMM"},
    {6289, "PlaceAndTakeOrderSuccessConditionFailed"}, {6302, "InvalidPoolId"},
};

const struct ek_venue EK_VENUE_DRIFT = {
    .name = "drift",
    .layout = "drift-2026-03",
    .quote_name = "USDC",
    .program = {{0x09, 0x54, 0xdb, 0xbe, 0x9e, 0xc9, 0x60, 0xc9, 0x8a, 0x7a, 0x29, 0x3f, 0xe2, 0x13, 0x36, 0x96,
                 0x6f, 0xe1, 0x80, 0xd1, 0x51, 0xae, 0x4b, 0x81, 0x79, 0x56, 0x1f, 0x89, 0x85, 0x4a, 0x53, 0xf6}},
    .pull_owner = {{0xe0, 0x36, 0xd0, 0x10, 0x0c, 0x64, 0x6c, 0x3c, 0x87, 0x15, 0xb4, 0x60, 0xaa, 0x9c, 0x5a, 0x7a,
                    0x0f, 0x53, 0x34, 0xd9, 0xc8, 0x07, 0x3e, 0x67, 0x9f, 0x7b, 0xff, 0x71, 0xb8, 0x24, 0xf8, 0xd9}},
    .state_seed = "drift_state",
    .signer_seed = "drift_signer",
    .prelaunch = 1,
    .high_leverage_config = 1,
    .offset_is_i32 = 1,
    .has_volume = 1,
    .funding_offset = 5000,
    .settle_pnl_known = 1,
    .settled_market_known = 1,
    .sources = 1u << EK_ORACLE_QUOTE_ASSET | 1u << EK_ORACLE_PRELAUNCH | 1u << EK_ORACLE_PYTH_PULL | 1u << EK_ORACLE_PYTH_PULL_1K |
               1u << EK_ORACLE_PYTH_PULL_1M | 1u << EK_ORACLE_PYTH_PULL_STABLE | 1u << EK_ORACLE_LAZER | 1u << EK_ORACLE_LAZER_1K |
               1u << EK_ORACLE_LAZER_1M | 1u << EK_ORACLE_LAZER_STABLE,
    .status_map = STATUS,
    .n_status = sizeof STATUS,
    .user = {"User", {0x9f, 0x75, 0x5f, 0xe3, 0xef, 0x97, 0x3a, 0xec}, 4376, EK_ROWS(USER_FIELDS)},
    .stats = {"UserStats", {0xb0, 0xdf, 0x88, 0x1b, 0x7a, 0x4f, 0x20, 0xe3}, 240, EK_ROWS(STATS_FIELDS)},
    .perp = {"PerpMarket", {0x0a, 0xdf, 0x0c, 0x2c, 0x6b, 0xf5, 0x37, 0xf7}, 1216, EK_ROWS(PERP_FIELDS)},
    .spot = {"SpotMarket", {0x64, 0xb1, 0x08, 0x6b, 0xa8, 0x41, 0x41, 0x27}, 776, EK_ROWS(SPOT_FIELDS)},
    .state = {"State", {0xd8, 0x92, 0x6b, 0x5e, 0x68, 0x4b, 0xb6, 0xb1}, 992, EK_ROWS(STATE_FIELDS)},
    .lazer = {"PythLazerOracle", {0x9f, 0x07, 0xa1, 0xf9, 0x22, 0x51, 0x79, 0x85}, 48, NULL, 0},
    .spots = {104, 40, EK_ROWS(SPOT_POSITION)},
    .perps = {424, 96, EK_ROWS(PERP_POSITION)},
    .orders = {1192, 96, EK_ROWS(ORDER_FIELDS)},
    .errors = EK_ROWS(ERRORS),
};
