/* Velocity, the program deployed on mainnet in August 2026. See docs/venues.md. */
#include "ek_venue_table.h"

#define SPOT(off, member) EK_COPY(ek_spot_position, off, member)
static const ek_field SPOT_POSITION[] = {
    SPOT(0, scaled_balance_e9), SPOT(8, open_bids), SPOT(16, open_asks), SPOT(24, cumulative_deposits), SPOT(32, market_index),
    SPOT(34, balance_type), SPOT(35, open_orders),
};

#define PERP(off, member) EK_COPY(ek_perp_position, off, member)
static const ek_field PERP_POSITION[] = {
    PERP(0, last_cumulative_funding_e9), PERP(8, base_e9), PERP(16, quote_e6), PERP(24, quote_break_even_e6), PERP(32, quote_entry_e6),
    PERP(40, open_bids_e9), PERP(48, open_asks_e9), PERP(56, settled_pnl_e6), PERP(64, isolated_scaled_e9), PERP(74, max_margin_ratio_e4),
    PERP(76, market_index), PERP(78, open_orders), PERP(79, flags),
};

#define ORDER(off, member) EK_COPY(ek_order, off, member)
static const ek_field ORDER_FIELDS[] = {
    ORDER(0, slot), ORDER(8, price_e6), ORDER(16, base_e9), ORDER(24, base_filled_e9), ORDER(32, quote_filled_e6), ORDER(40, trigger_price_e6),
    ORDER(48, auction_start_e6), ORDER(56, auction_end_e6), ORDER(64, max_ts), ORDER(72, oracle_offset_e6), ORDER(80, order_id),
    ORDER(84, market_index), ORDER(86, status), ORDER(87, order_type), ORDER(88, market_type), ORDER(89, user_order_id),
    ORDER(90, existing_direction), ORDER(91, direction), ORDER(92, reduce_only), ORDER(93, post_only), ORDER(94, immediate_or_cancel),
    ORDER(95, trigger_condition), ORDER(96, auction_duration), ORDER(97, posted_slot_tail), ORDER(98, bit_flags),
};

#define USER(off, member) EK_COPY(ek_user, off, member)
static const ek_field USER_FIELDS[] = {
    USER(8, authority), USER(40, delegate), EK_NAME(ek_user, 72, name), USER(4392, total_deposits_e6), USER(4400, total_withdraws_e6),
    USER(4408, total_social_loss_e6), USER(4416, settled_perp_pnl_e6), USER(4424, cumulative_spot_fees_e6), USER(4432, cumulative_perp_funding_e6),
    USER(4440, liquidation_margin_freed_e6), USER(4448, last_active_slot), USER(4456, next_order_id), USER(4460, max_margin_ratio_e4),
    USER(4464, next_liquidation_id), USER(4466, sub_account_id), USER(4468, status), USER(4469, margin_trading_enabled), USER(4470, idle),
    USER(4471, open_orders), USER(4472, has_open_order), USER(4473, open_auctions), USER(4474, has_open_auction), USER(4475, pool_id),
    USER(4480, equity_floor_e6), USER(4488, equity_floor_buffer_e6),
};

#define STATS(off, member) EK_COPY(ek_user_stats, off, member)
static const ek_field STATS_FIELDS[] = {
    STATS(8, authority), STATS(72, total_fee_paid_e6), STATS(104, maker_volume_30d_e6), STATS(112, taker_volume_30d_e6), STATS(128, maker_volume_ts),
    STATS(136, taker_volume_ts), STATS(160, sub_accounts),
};

#define MARKET(off, member) EK_COPY(ek_perp_market, off, member)
#define MARKET_ENUM(off, member, top) EK_ENUM(ek_perp_market, off, member, top)
static const ek_field PERP_FIELDS[] = {
    MARKET(8, address), MARKET(40, base_long_e9), MARKET(56, base_short_e9), MARKET(72, quote_amount_e6), MARKET(152, max_open_interest_e9),
    MARKET(184, cumulative_funding_long_e9), MARKET(200, cumulative_funding_short_e9), MARKET(312, oracle), EK_NAME(ek_perp_market, 424, name),
    MARKET(496, last_funding_rate_e9), MARKET(504, last_funding_rate_long_e9), MARKET(512, last_funding_rate_short_e9), MARKET(520, last_funding_ts),
    MARKET(528, net_unsettled_funding_e6), MARKET(536, funding_clamp_bps), MARKET(540, funding_slope_e6), MARKET(544, step_base_e9),
    MARKET(552, tick_price_e6), MARKET(560, pnl_max_imbalance_e6), MARKET(568, expiry_ts), MARKET(576, expiry_price_e6), MARKET(600, imf_e6),
    MARKET(604, pnl_imf_e6), MARKET(608, liquidator_fee_e6), MARKET(612, if_liquidation_fee_e6), MARKET(616, margin_initial_e4),
    MARKET(620, margin_maintenance_e4), MARKET(624, pnl_initial_weight_e4), MARKET(628, pnl_maintenance_weight_e4), MARKET(632, users_with_base),
    MARKET(636, users), MARKET(640, market_index), MARKET(642, raw_status), MARKET_ENUM(643, contract_type, 2), MARKET_ENUM(644, contract_tier, 5),
    MARKET(645, paused_operations), MARKET(646, quote_spot_index), MARKET(648, fee_adjustment_pct), MARKET(656, last_fill_price_e6),
    MARKET(664, pool_id), MARKET_ENUM(673, oracle_source, 15), MARKET(674, oracle_delay_override), MARKET(675, oracle_low_risk_override),
    MARKET(680, mark_twap_e6), MARKET(688, mark_twap_5min_e6), MARKET(696, mark_twap_ts), MARKET(704, bid_twap_e6), MARKET(712, ask_twap_e6),
    MARKET(720, mark_std_e6), MARKET(728, oracle_std_e6), MARKET(744, volume_24h_e6), MARKET(776, last_24h_avg_funding_rate_e9),
    MARKET(784, funding_period_s), MARKET(792, min_order_base_e9), MARKET(800, mm_oracle_price_e6), MARKET(808, mm_oracle_slot),
    MARKET(836, last_oracle_valid), MARKET(840, last_funding_oracle_twap_e6), MARKET(848, last_oracle_price_e6), MARKET(856, last_oracle_conf_e6),
    MARKET(864, last_oracle_delay), MARKET(872, oracle_twap_e6), MARKET(880, oracle_twap_5min_e6), MARKET(888, oracle_twap_ts),
    MARKET(1064, base_with_amm_e9),
};

#define BANK(off, member) EK_COPY(ek_spot_market, off, member)
#define BANK_ENUM(off, member, top) EK_ENUM(ek_spot_market, off, member, top)
static const ek_field SPOT_FIELDS[] = {
    BANK(8, address), BANK(40, oracle), BANK(72, mint), BANK(104, vault), EK_NAME(ek_spot_market, 136, name), BANK(296, deposit_balance_e9),
    BANK(312, borrow_balance_e9), BANK(328, cumulative_deposit_interest_e10), BANK(344, cumulative_borrow_interest_e10),
    BANK(456, last_oracle_price_e6), BANK(464, last_oracle_conf_e6), BANK(472, last_oracle_delay), BANK(480, oracle_twap_e6),
    BANK(488, oracle_twap_5min_e6), BANK(496, oracle_twap_ts), BANK(544, withdraw_guard_threshold), BANK(552, max_token_deposits),
    BANK(584, last_interest_ts), BANK(592, last_twap_ts), BANK(600, expiry_ts), BANK(656, initial_asset_weight_e4),
    BANK(660, maintenance_asset_weight_e4), BANK(664, initial_liability_weight_e4), BANK(668, maintenance_liability_weight_e4), BANK(672, imf_e6),
    BANK(684, optimal_utilization_e6), BANK(688, optimal_borrow_rate_e6), BANK(692, max_borrow_rate_e6), BANK(696, decimals),
    BANK(700, market_index), BANK(702, orders_enabled), BANK_ENUM(703, oracle_source, 15), BANK(704, raw_status), BANK_ENUM(705, asset_tier, 4),
    BANK(706, paused_operations), BANK(736, scale_initial_asset_weight_start_e6), BANK(744, min_borrow_rate), BANK(746, pool_id),
};

#define STATE(off, member) EK_COPY(ek_state, off, member)
static const ek_field STATE_FIELDS[] = {
    STATE(488, signer), STATE(552, perp_tiers), STATE(904, flat_filler_fee_e6), STATE(1288, mark_oracle_divergence_e6),
    STATE(1296, oracle_twap_divergence_e6), STATE(1304, slots_before_stale_for_amm), STATE(1312, slots_before_stale_for_margin),
    STATE(1320, confidence_max_e6), STATE(1328, too_volatile_ratio), STATE(1352, liquidation_buffer_e4), STATE(1358, n_perp_markets),
    STATE(1360, n_spot_markets), STATE(1362, signer_nonce), STATE(1363, min_auction_slots), STATE(1364, default_order_seconds),
    STATE(1366, exchange_status), STATE(1374, feature_flags),
};

static const uint8_t STATUS[] = {EK_MARKET_INITIALIZED, EK_MARKET_ACTIVE, EK_MARKET_REDUCE_ONLY, EK_MARKET_SETTLEMENT, EK_MARKET_DELISTED};

static const ek_error_name ERRORS[] = {
    {6003, "InsufficientCollateral"}, {6019, "MathError"}, {6024, "ExchangePaused"}, {6035, "InvalidOracle"}, {6036, "OracleNotFound"},
    {6041, "CastingFailure"}, {6044, "InvalidOrderMarketType"}, {6046, "InvalidOrderNotRiskReducing"}, {6050, "InvalidOrderIOC"},
    {6054, "InvalidOrderAuction"}, {6056, "InvalidOrderMinOrderSize"}, {6057, "PlacePostOnlyLimitFailure"}, {6059, "OrderAmountTooSmall"},
    {6060, "MaxNumberOfOrders"}, {6061, "OrderDoesNotExist"}, {6071, "UserOrderIdAlreadyInUse"}, {6073, "InvalidMarginRatio"},
    {6078, "PerpMarketNotFound"}, {6081, "MarketWrongMutability"}, {6087, "SpotMarketNotFound"}, {6117, "UserIsBeingLiquidated"},
    {6147, "MarketPlaceOrderPaused"}, {6148, "MarketFillOrderPaused"}, {6154, "MaxOpenInterest"}, {6166, "InvalidPerpPositionDetected"},
    {6191, "InvalidOrderLimitPrice"}, {6213, "MarketBeingInitialized"}, {6254, "UserReduceOnly"},
    {6289, "PlaceAndTakeOrderSuccessConditionFailed"}, {6302, "InvalidPoolId"}, {6358, "EquityBelowFloor"},
};

const struct ek_venue EK_VENUE_VELOCITY = {
    .name = "velocity",
    .layout = "velocity-2026-08",
    .quote_name = "USDT",
    .program = {{0x0d, 0xa2, 0xde, 0x32, 0x5d, 0x82, 0xf1, 0xde, 0x78, 0xcd, 0x4d, 0xb1, 0x67, 0x21, 0x0f, 0x67,
                 0x2d, 0x93, 0xfa, 0xa7, 0x81, 0xb8, 0xa5, 0xd9, 0x54, 0xb7, 0x9f, 0x01, 0x58, 0xf9, 0xe3, 0x96}},
    .state_seed = "velocity_state",
    .signer_seed = "velocity_signer",
    .can_take = 1,
    .has_builder_fields = 1,
    .metas_by_market = 1,
    .take_writes_quote = 1,
    .sources = 1u << EK_ORACLE_LAZER | 1u << EK_ORACLE_LAZER_1K | 1u << EK_ORACLE_LAZER_1M | 1u << EK_ORACLE_LAZER_STABLE,
    .status_map = STATUS,
    .n_status = sizeof STATUS,
    .user = {"User", {0x9f, 0x75, 0x5f, 0xe3, 0xef, 0x97, 0x3a, 0xec}, 4496, EK_ROWS(USER_FIELDS)},
    .has_volume = 1,
    .has_funding_slope = 1,
    .funding_offset = 3333,
    .stats = {"UserStats", {0xb0, 0xdf, 0x88, 0x1b, 0x7a, 0x4f, 0x20, 0xe3}, 240, EK_ROWS(STATS_FIELDS)},
    .perp = {"PerpMarket", {0x0a, 0xdf, 0x0c, 0x2c, 0x6b, 0xf5, 0x37, 0xf7}, 1304, EK_ROWS(PERP_FIELDS)},
    .spot = {"SpotMarket", {0x64, 0xb1, 0x08, 0x6b, 0xa8, 0x41, 0x41, 0x27}, 808, EK_ROWS(SPOT_FIELDS)},
    .state = {"State", {0xd8, 0x92, 0x6b, 0x5e, 0x68, 0x4b, 0xb6, 0xb1}, 1752, EK_ROWS(STATE_FIELDS)},
    .lazer = {"PythLazerOracle", {0x9f, 0x07, 0xa1, 0xf9, 0x22, 0x51, 0x79, 0x85}, 48, NULL, 0},
    .spots = {104, 40, EK_ROWS(SPOT_POSITION)},
    .perps = {424, 80, EK_ROWS(PERP_POSITION)},
    .orders = {1064, 104, EK_ROWS(ORDER_FIELDS)},
    .errors = EK_ROWS(ERRORS),
};
