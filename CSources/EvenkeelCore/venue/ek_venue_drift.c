/* Drift v2 as of March 2026. See docs/venues.md. */
#include "ek_venue_table.h"

enum {
    SPOT_POSITION_LEN = 40,
    PERP_POSITION_LEN = 96,
    ORDER_LEN = 96,
    USER_LEN = 4376,
    STATS_LEN = 240,
    PERP_LEN = 1216,
    SPOT_LEN = 776,
    STATE_LEN = 992
};

static ek_err spot_position(const uint8_t *from, void *out) {
    FIELDS_OF(ek_spot_position, SPOT_POSITION_LEN);
    COPY(0, scaled_balance_e9); COPY(8, open_bids); COPY(16, open_asks); COPY(24, cumulative_deposits);
    COPY(32, market_index);
    COPY(34, balance_type); COPY(35, open_orders);
    FIELDS_END;
}

/* Bytes 64 and 80 belong to the dead liquidity shares; 72, 90 and 95 mean other things in accounts older than
 * January 2026. */
static ek_err perp_position(const uint8_t *from, void *out) {
    FIELDS_OF(ek_perp_position, PERP_POSITION_LEN);
    COPY(0, last_cumulative_funding_e9); COPY(8, base_e9); COPY(16, quote_e6); COPY(24, quote_break_even_e6);
    COPY(32, quote_entry_e6);
    COPY(40, open_bids_e9); COPY(48, open_asks_e9); COPY(56, settled_pnl_e6); COPY(72, isolated_scaled_e9);
    COPY(90, max_margin_ratio_e4);
    COPY(92, market_index); COPY(94, open_orders); COPY(95, flags);
    FIELDS_END;
}

static ek_err order_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_order, ORDER_LEN);
    COPY(0, slot); COPY(8, price_e6); COPY(16, base_e9); COPY(24, base_filled_e9); COPY(32, quote_filled_e6);
    COPY(40, trigger_price_e6);
    COPY(48, auction_start_e6); COPY(56, auction_end_e6); COPY(64, max_ts); WIDE(72, oracle_offset_e6);
    COPY(76, order_id);
    COPY(80, market_index); COPY(82, status); COPY(83, order_type); COPY(84, market_type);
    COPY(85, user_order_id);
    COPY(86, existing_direction); COPY(87, direction); COPY(88, reduce_only); COPY(89, post_only);
    COPY(90, immediate_or_cancel);
    COPY(91, trigger_condition); COPY(92, auction_duration); COPY(93, posted_slot_tail); COPY(94, bit_flags);
    FIELDS_END;
}

static ek_err user_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_user, USER_LEN);
    COPY(8, authority); COPY(40, delegate); NAME(72, name); COPY(4272, total_deposits_e6);
    COPY(4280, total_withdraws_e6);
    COPY(4288, total_social_loss_e6); COPY(4296, settled_perp_pnl_e6); COPY(4304, cumulative_spot_fees_e6);
    COPY(4312, cumulative_perp_funding_e6); COPY(4320, liquidation_margin_freed_e6);
    COPY(4328, last_active_slot);
    COPY(4336, next_order_id); COPY(4340, max_margin_ratio_e4); COPY(4344, next_liquidation_id);
    COPY(4346, sub_account_id);
    COPY(4348, status); COPY(4349, margin_trading_enabled); COPY(4350, idle); COPY(4351, open_orders);
    COPY(4352, has_open_order);
    COPY(4353, open_auctions); COPY(4354, has_open_auction); ENUM(4355, margin_mode, 2); COPY(4356, pool_id);
    FIELDS_END;
}

static ek_err stats_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_user_stats, STATS_LEN);
    COPY(8, authority); COPY(40, referrer); COPY(72, total_fee_paid_e6); COPY(120, next_epoch_ts);
    COPY(128, maker_volume_30d_e6);
    COPY(136, taker_volume_30d_e6); COPY(144, filler_volume_30d_e6); COPY(152, maker_volume_ts);
    COPY(160, taker_volume_ts);
    COPY(168, filler_volume_ts); COPY(184, sub_accounts); COPY(188, referrer_status);
    COPY(189, twap_update_disabled);
    COPY(190, paused_operations); COPY(216, staked_gov_tokens);
    FIELDS_END;
}

static ek_err perp_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_perp_market, PERP_LEN);
    COPY(8, address); COPY(40, oracle); COPY(72, last_oracle_price_e6); COPY(80, last_oracle_conf_e6);
    COPY(88, last_oracle_delay);
    COPY(96, oracle_twap_e6); COPY(104, oracle_twap_5min_e6); COPY(112, oracle_twap_ts);
    COPY(304, base_long_e9);
    COPY(320, base_short_e9); COPY(336, base_with_amm_e9); COPY(352, base_with_unsettled_lp_e9);
    COPY(368, max_open_interest_e9);
    COPY(384, quote_amount_e6); COPY(480, last_funding_rate_e9); COPY(488, last_funding_rate_long_e9);
    COPY(496, last_funding_rate_short_e9); COPY(504, last_24h_avg_funding_rate_e9);
    COPY(608, cumulative_funding_long_e9);
    COPY(624, cumulative_funding_short_e9); COPY(736, bid_twap_e6); COPY(744, ask_twap_e6);
    COPY(752, mark_twap_e6);
    COPY(760, mark_twap_5min_e6); COPY(792, last_funding_ts); COPY(800, funding_period_s);
    COPY(808, step_base_e9);
    COPY(816, tick_price_e6); COPY(824, min_order_base_e9); COPY(832, mm_oracle_slot);
    COPY(840, volume_24h_e6); COPY(872, mark_std_e6);
    COPY(880, oracle_std_e6); COPY(888, mark_twap_ts); COPY(896, base_spread_e6); COPY(904, long_spread_e6);
    COPY(908, short_spread_e6);
    COPY(912, mm_oracle_price_e6); ENUM(926, oracle_source, 15); COPY(927, last_oracle_valid);
    COPY(933, oracle_low_risk_override);
    COPY(935, oracle_delay_override); COPY(944, net_unsettled_funding_e6);
    COPY(952, quote_with_unsettled_lp_e6);
    COPY(968, last_funding_oracle_twap_e6); NAME(1000, name); COPY(1072, pnl_max_imbalance_e6);
    COPY(1080, expiry_ts);
    COPY(1088, expiry_price_e6); COPY(1120, imf_e6); COPY(1124, pnl_imf_e6); COPY(1128, liquidator_fee_e6);
    COPY(1132, if_liquidation_fee_e6); COPY(1136, margin_initial_e4); COPY(1140, margin_maintenance_e4);
    COPY(1144, pnl_initial_weight_e4); COPY(1148, pnl_maintenance_weight_e4); COPY(1152, users_with_base);
    COPY(1156, users);
    COPY(1160, market_index); COPY(1162, raw_status); ENUM(1163, contract_type, 2);
    ENUM(1164, contract_tier, 5);
    COPY(1165, paused_operations); COPY(1166, quote_spot_index); COPY(1168, fee_adjustment_pct);
    COPY(1173, pool_id);
    COPY(1184, last_fill_price_e6);
    FIELDS_END;
}

static ek_err spot_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_spot_market, SPOT_LEN);
    COPY(8, address); COPY(40, oracle); COPY(72, mint); COPY(104, vault); NAME(136, name);
    COPY(168, last_oracle_price_e6);
    COPY(176, last_oracle_conf_e6); COPY(184, last_oracle_delay); COPY(192, oracle_twap_e6);
    COPY(200, oracle_twap_5min_e6);
    COPY(208, oracle_twap_ts); COPY(432, deposit_balance_e9); COPY(448, borrow_balance_e9);
    COPY(464, cumulative_deposit_interest_e10);
    COPY(480, cumulative_borrow_interest_e10); COPY(528, withdraw_guard_threshold);
    COPY(536, max_token_deposits);
    COPY(568, last_interest_ts); COPY(576, last_twap_ts); COPY(584, expiry_ts); COPY(592, step_size);
    COPY(600, tick_size);
    COPY(608, min_order_size); COPY(640, initial_asset_weight_e4); COPY(644, maintenance_asset_weight_e4);
    COPY(648, initial_liability_weight_e4); COPY(652, maintenance_liability_weight_e4); COPY(656, imf_e6);
    COPY(668, optimal_utilization_e6); COPY(672, optimal_borrow_rate_e6); COPY(676, max_borrow_rate_e6);
    COPY(680, decimals);
    COPY(684, market_index); COPY(686, orders_enabled); ENUM(687, oracle_source, 15); COPY(688, raw_status);
    ENUM(689, asset_tier, 4);
    COPY(690, paused_operations); COPY(692, fee_adjustment_pct);
    COPY(720, scale_initial_asset_weight_start_e6);
    COPY(728, min_borrow_rate); COPY(734, token_program_flag); COPY(735, pool_id);
    FIELDS_END;
}

static ek_err state_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_state, STATE_LEN);
    COPY(104, signer); COPY(168, perp_tiers); COPY(520, flat_filler_fee_e6);
    COPY(888, mark_oracle_divergence_e6);
    COPY(896, oracle_twap_divergence_e6); COPY(904, slots_before_stale_for_amm);
    COPY(912, slots_before_stale_for_margin);
    COPY(920, confidence_max_e6); COPY(928, too_volatile_ratio); COPY(960, liquidation_buffer_e4);
    COPY(966, n_perp_markets);
    COPY(968, n_spot_markets); COPY(970, signer_nonce); COPY(971, min_auction_slots);
    COPY(972, default_order_seconds);
    COPY(974, exchange_status); COPY(982, feature_flags);
    FIELDS_END;
}

static const uint8_t STATUS[] = {EK_MARKET_INITIALIZED, EK_MARKET_ACTIVE,     EK_MARKET_PAUSED_OLD,
                                 EK_MARKET_PAUSED_OLD,  EK_MARKET_PAUSED_OLD, EK_MARKET_PAUSED_OLD,
                                 EK_MARKET_REDUCE_ONLY, EK_MARKET_SETTLEMENT, EK_MARKET_DELISTED};

static const ek_error_name ERRORS[] = {
    {6003, "InsufficientCollateral"},
    {6005, "MaxNumberOfPositions"},
    {6019, "MathError"},
    {6022, "UnableToLoadOracle"},
    {6023, "PriceBandsBreached"},
    {6024, "ExchangePaused"},
    {6035, "InvalidOracle"},
    {6036, "OracleNotFound"},
    {6042, "InvalidOrder"},
    {6043, "InvalidOrderMaxTs"},
    {6044, "InvalidOrderMarketType"},
    {6046, "InvalidOrderNotRiskReducing"},
    {6047, "InvalidOrderSizeTooSmall"},
    {6048, "InvalidOrderNotStepSizeMultiple"},
    {6050, "InvalidOrderIOC"},
    {6051, "InvalidOrderPostOnly"},
    {6053, "InvalidOrderTrigger"},
    {6054, "InvalidOrderAuction"},
    {6055, "InvalidOrderOracleOffset"},
    {6056, "InvalidOrderMinOrderSize"},
    {6057, "PlacePostOnlyLimitFailure"},
    {6059, "OrderAmountTooSmall"},
    {6060, "MaxNumberOfOrders"},
    {6061, "OrderDoesNotExist"},
    {6064, "ReduceOnlyOrderIncreasedRisk"},
    {6071, "UserOrderIdAlreadyInUse"},
    {6078, "PerpMarketNotFound"},
    {6079, "InvalidMarketAccount"},
    {6081, "MarketWrongMutability"},
    {6083, "CouldNotFindSpotPosition"},
    {6087, "SpotMarketNotFound"},
    {6088, "InvalidSpotMarketAccount"},
    {6090, "SpotMarketWrongMutability"},
    {6117, "UserIsBeingLiquidated"},
    {6125, "UserBankrupt"},
    {6147, "MarketPlaceOrderPaused"},
    {6148, "MarketFillOrderPaused"},
    {6151, "IsolatedAssetTierViolation"},
    {6154, "MaxOpenInterest"},
    {6180, "InsufficientPerpPnlPool"},
    {6191, "InvalidOrderLimitPrice"},
    {6213, "MarketBeingInitialized"},
    {6223, "FailedUnwrap"},
    {6252, "ImpossibleFill"},
    {6254, "UserReduceOnly"},
    {6259, "NoUnsettledPnl"},
    {6260, "PnlPoolCantSettleUser"},
    {6261, "OracleNonPositive"},
    {6262, "OracleTooVolatile"},
    {6263, "OracleTooUncertain"},
    {6264, "OracleStaleForMargin"},
    {6265, "OracleInsufficientDataPoints"},
    {6266, "OracleStaleForAMM"},
    {6289, "PlaceAndTakeOrderSuccessConditionFailed"},
    {6302, "InvalidPoolId"},
};

const struct ek_venue EK_VENUE_DRIFT = {
    .name = "drift",
    .layout = "drift-2026-03",
    .program = {{0x09, 0x54, 0xdb, 0xbe, 0x9e, 0xc9, 0x60, 0xc9, 0x8a, 0x7a, 0x29,
                 0x3f, 0xe2, 0x13, 0x36, 0x96, 0x6f, 0xe1, 0x80, 0xd1, 0x51, 0xae,
                 0x4b, 0x81, 0x79, 0x56, 0x1f, 0x89, 0x85, 0x4a, 0x53, 0xf6}},
    .pull_owner = {{0xe0, 0x36, 0xd0, 0x10, 0x0c, 0x64, 0x6c, 0x3c, 0x87, 0x15, 0xb4,
                    0x60, 0xaa, 0x9c, 0x5a, 0x7a, 0x0f, 0x53, 0x34, 0xd9, 0xc8, 0x07,
                    0x3e, 0x67, 0x9f, 0x7b, 0xff, 0x71, 0xb8, 0x24, 0xf8, 0xd9}},
    .state_seed = "drift_state",
    .signer_seed = "drift_signer",
    .prelaunch = 1,
    .high_leverage_config = 1,
    .offset_is_i32 = 1,
    .has_volume = 1,
    .highest_fee_ppm = 2000, /* 10 bps, twice for a user in high leverage mode */
    .funding_offset = 5000,
    .settled_market_known = 1,
    .sources = 1u << EK_ORACLE_QUOTE_ASSET | 1u << EK_ORACLE_PRELAUNCH | 1u << EK_ORACLE_PYTH_PULL
               | 1u << EK_ORACLE_PYTH_PULL_1K | 1u << EK_ORACLE_PYTH_PULL_1M
               | 1u << EK_ORACLE_PYTH_PULL_STABLE | 1u << EK_ORACLE_LAZER | 1u << EK_ORACLE_LAZER_1K
               | 1u << EK_ORACLE_LAZER_1M | 1u << EK_ORACLE_LAZER_STABLE,
    .status_map = STATUS,
    .n_status = sizeof STATUS,
    .user = {{"User", {0x9f, 0x75, 0x5f, 0xe3, 0xef, 0x97, 0x3a, 0xec}, USER_LEN, user_fields, 0},
             {104, SPOT_POSITION_LEN, spot_position},
             {424, PERP_POSITION_LEN, perp_position},
             {1192, ORDER_LEN, order_fields}},
    .stats = {"UserStats", {0xb0, 0xdf, 0x88, 0x1b, 0x7a, 0x4f, 0x20, 0xe3}, STATS_LEN, stats_fields, 0},
    .perp = {"PerpMarket", {0x0a, 0xdf, 0x0c, 0x2c, 0x6b, 0xf5, 0x37, 0xf7}, PERP_LEN, perp_fields, 1},
    .spot = {"SpotMarket", {0x64, 0xb1, 0x08, 0x6b, 0xa8, 0x41, 0x41, 0x27}, SPOT_LEN, spot_fields, 1},
    .state = {"State", {0xd8, 0x92, 0x6b, 0x5e, 0x68, 0x4b, 0xb6, 0xb1}, STATE_LEN, state_fields, 0},
    .lazer = {"PythLazerOracle", {0x9f, 0x07, 0xa1, 0xf9, 0x22, 0x51, 0x79, 0x85}, 48, NULL, 0},
    .errors = EK_ROWS(ERRORS),
};
