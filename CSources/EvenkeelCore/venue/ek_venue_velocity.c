/* Velocity, the program deployed on mainnet in August 2026. See docs/venues.md. */
#include "ek_venue_table.h"

enum {
    SPOT_POSITION_LEN = 40,
    PERP_POSITION_LEN = 80,
    ORDER_LEN = 104,
    USER_LEN = 4496,
    NEXT_PERP_POSITION_LEN = 88,
    NEXT_USER_LEN = 4560,
    STATS_LEN = 240,
    PERP_LEN = 1304,
    SPOT_LEN = 808,
    STATE_LEN = 1752
};

static ek_err spot_position(const uint8_t *from, void *out) {
    FIELDS_OF(ek_spot_position, SPOT_POSITION_LEN);
    COPY(0, scaled_balance_e9); COPY(8, open_bids); COPY(16, open_asks); COPY(24, cumulative_deposits);
    COPY(32, market_index);
    COPY(34, balance_type); COPY(35, open_orders);
    FIELDS_END;
}

static ek_err perp_position(const uint8_t *from, void *out) {
    FIELDS_OF(ek_perp_position, PERP_POSITION_LEN);
    COPY(0, last_cumulative_funding_e9); COPY(8, base_e9); COPY(16, quote_e6); COPY(24, quote_break_even_e6);
    COPY(32, quote_entry_e6);
    COPY(40, open_bids_e9); COPY(48, open_asks_e9); COPY(56, settled_pnl_e6); COPY(64, isolated_scaled_e9);
    COPY(74, max_margin_ratio_e4);
    COPY(76, market_index); COPY(78, open_orders); COPY(79, flags);
    FIELDS_END;
}

static ek_err order_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_order, ORDER_LEN);
    COPY(0, slot); COPY(8, price_e6); COPY(16, base_e9); COPY(24, base_filled_e9); COPY(32, quote_filled_e6);
    COPY(40, trigger_price_e6);
    COPY(48, auction_start_e6); COPY(56, auction_end_e6); COPY(64, max_ts); COPY(72, oracle_offset_e6);
    COPY(80, order_id);
    COPY(84, market_index); COPY(86, status); COPY(87, order_type); COPY(88, market_type);
    COPY(89, user_order_id);
    COPY(90, existing_direction); COPY(91, direction); COPY(92, reduce_only); COPY(93, post_only);
    COPY(94, immediate_or_cancel);
    COPY(95, trigger_condition); COPY(96, auction_duration); COPY(97, posted_slot_tail); COPY(98, bit_flags);
    FIELDS_END;
}

static ek_err user_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_user, USER_LEN);
    COPY(8, authority); COPY(40, delegate); NAME(72, name); COPY(4392, total_deposits_e6);
    COPY(4400, total_withdraws_e6);
    COPY(4408, total_social_loss_e6); COPY(4416, settled_perp_pnl_e6); COPY(4424, cumulative_spot_fees_e6);
    COPY(4432, cumulative_perp_funding_e6); COPY(4440, liquidation_margin_freed_e6);
    COPY(4448, last_active_slot);
    COPY(4456, next_order_id); COPY(4460, max_margin_ratio_e4); COPY(4464, next_liquidation_id);
    COPY(4466, sub_account_id);
    COPY(4468, status); COPY(4469, margin_trading_enabled); COPY(4470, idle); COPY(4471, open_orders);
    COPY(4472, has_open_order);
    COPY(4473, open_auctions); COPY(4474, has_open_auction); COPY(4475, pool_id); COPY(4480, equity_floor_e6);
    COPY(4488, equity_floor_buffer_e6);
    FIELDS_END;
}

/* The announced program (read in its source, no account seen): wider perp positions, everything behind them
 * later, by as much. */
static ek_err next_perp_position(const uint8_t *from, void *out) {
    FIELDS_OF(ek_perp_position, NEXT_PERP_POSITION_LEN);
    uint16_t open_orders;
    memcpy(&open_orders, from + 78, sizeof open_orders);
    ek_err err = perp_position(from, out);
    to->open_orders = open_orders > UINT8_MAX ? UINT8_MAX : (uint8_t)open_orders;
    COPY(80, flags);
    return err == EK_OK && unknown ? EK_E_UNSUPPORTED : err;
}

static ek_err next_user_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_user, NEXT_USER_LEN);
    ek_err err = user_fields(from + (NEXT_USER_LEN - USER_LEN), out);
    COPY(8, authority); COPY(40, delegate); NAME(72, name);
    return err == EK_OK && unknown ? EK_E_UNSUPPORTED : err;
}

static ek_err stats_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_user_stats, STATS_LEN);
    COPY(8, authority); COPY(72, total_fee_paid_e6); COPY(104, maker_volume_30d_e6);
    COPY(112, taker_volume_30d_e6);
    COPY(128, maker_volume_ts); COPY(136, taker_volume_ts); COPY(160, sub_accounts);
    FIELDS_END;
}

static ek_err perp_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_perp_market, PERP_LEN);
    COPY(8, address); COPY(40, base_long_e9); COPY(56, base_short_e9); COPY(72, quote_amount_e6);
    COPY(152, max_open_interest_e9);
    COPY(184, cumulative_funding_long_e9); COPY(200, cumulative_funding_short_e9); COPY(312, oracle);
    COPY(412, taker_fee_addon_tenth_bps);
    NAME(424, name);
    COPY(496, last_funding_rate_e9); COPY(504, last_funding_rate_long_e9);
    COPY(512, last_funding_rate_short_e9);
    COPY(520, last_funding_ts); COPY(528, net_unsettled_funding_e6); COPY(536, funding_clamp_bps);
    COPY(540, funding_slope_e6);
    COPY(544, step_base_e9); COPY(552, tick_price_e6); COPY(560, pnl_max_imbalance_e6); COPY(568, expiry_ts);
    COPY(576, expiry_price_e6);
    COPY(600, imf_e6); COPY(604, pnl_imf_e6); COPY(608, liquidator_fee_e6); COPY(612, if_liquidation_fee_e6);
    COPY(616, margin_initial_e4); COPY(620, margin_maintenance_e4); COPY(624, pnl_initial_weight_e4);
    COPY(628, pnl_maintenance_weight_e4); COPY(632, users_with_base); COPY(636, users);
    COPY(640, market_index); COPY(642, raw_status);
    ENUM(643, contract_type, 2); ENUM(644, contract_tier, 5); COPY(645, paused_operations);
    COPY(646, quote_spot_index);
    COPY(648, fee_adjustment_pct); COPY(656, last_fill_price_e6); COPY(664, pool_id);
    ENUM(673, oracle_source, 15);
    COPY(674, oracle_delay_override); COPY(675, oracle_low_risk_override); COPY(680, mark_twap_e6);
    COPY(688, mark_twap_5min_e6);
    COPY(696, mark_twap_ts); COPY(704, bid_twap_e6); COPY(712, ask_twap_e6); COPY(720, mark_std_e6);
    COPY(728, oracle_std_e6);
    COPY(744, volume_24h_e6); COPY(776, last_24h_avg_funding_rate_e9); COPY(784, funding_period_s);
    COPY(792, min_order_base_e9);
    COPY(800, mm_oracle_price_e6); COPY(808, mm_oracle_slot); COPY(836, last_oracle_valid);
    COPY(840, last_funding_oracle_twap_e6);
    COPY(848, last_oracle_price_e6); COPY(856, last_oracle_conf_e6); COPY(864, last_oracle_delay);
    COPY(872, oracle_twap_e6);
    COPY(880, oracle_twap_5min_e6); COPY(888, oracle_twap_ts); COPY(1064, base_with_amm_e9);
    COPY(672, config_flags);
    COPY(736, conf_ppm);
    COPY(752, long_volume_e6);
    COPY(760, short_volume_e6);
    COPY(816, mm_oracle_sequence);
    COPY(832, quote_offset_e6);
    COPY(936, vamm.sums);
    COPY(1112, vamm.equity_e6);
    COPY(1208, vamm.update_slot);
    COPY(1216, vamm.revenue_e6);
    COPY(1248, vamm.spread_slot);
    COPY(1256, vamm.set);
    FIELDS_END;
}

static ek_err spot_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_spot_market, SPOT_LEN);
    COPY(8, address); COPY(40, oracle); COPY(72, mint); COPY(104, vault); NAME(136, name);
    COPY(296, deposit_balance_e9);
    COPY(312, borrow_balance_e9); COPY(328, cumulative_deposit_interest_e10);
    COPY(344, cumulative_borrow_interest_e10);
    COPY(456, last_oracle_price_e6); COPY(464, last_oracle_conf_e6); COPY(472, last_oracle_delay);
    COPY(480, oracle_twap_e6);
    COPY(488, oracle_twap_5min_e6); COPY(496, oracle_twap_ts); COPY(544, withdraw_guard_threshold);
    COPY(552, max_token_deposits);
    COPY(584, last_interest_ts); COPY(592, last_twap_ts); COPY(600, expiry_ts);
    COPY(656, initial_asset_weight_e4);
    COPY(660, maintenance_asset_weight_e4); COPY(664, initial_liability_weight_e4);
    COPY(668, maintenance_liability_weight_e4);
    COPY(672, imf_e6); COPY(684, optimal_utilization_e6); COPY(688, optimal_borrow_rate_e6);
    COPY(692, max_borrow_rate_e6);
    COPY(696, decimals); COPY(700, market_index); COPY(702, orders_enabled); ENUM(703, oracle_source, 15);
    COPY(704, raw_status);
    ENUM(705, asset_tier, 4); COPY(706, paused_operations); COPY(736, scale_initial_asset_weight_start_e6);
    COPY(744, min_borrow_rate);
    COPY(746, pool_id);
    FIELDS_END;
}

static ek_err state_fields(const uint8_t *from, void *out) {
    FIELDS_OF(ek_state, STATE_LEN);
    COPY(488, signer); COPY(552, perp_tiers); COPY(904, flat_filler_fee_e6);
    COPY(1288, mark_oracle_divergence_e6);
    COPY(1296, oracle_twap_divergence_e6); COPY(1304, slots_before_stale_for_amm);
    COPY(1312, slots_before_stale_for_margin);
    COPY(1320, confidence_max_e6); COPY(1328, too_volatile_ratio); COPY(1352, liquidation_buffer_e4);
    COPY(1358, n_perp_markets);
    COPY(1360, n_spot_markets); COPY(1362, signer_nonce); COPY(1363, min_auction_slots);
    COPY(1364, default_order_seconds);
    COPY(1366, exchange_status); COPY(1374, feature_flags); COPY(1504, promo_fee_tier);
    COPY(1506, slot_duration_ms);
    FIELDS_END;
}

static const uint8_t STATUS[] = {EK_MARKET_INITIALIZED, EK_MARKET_ACTIVE, EK_MARKET_REDUCE_ONLY,
                                 EK_MARKET_SETTLEMENT, EK_MARKET_DELISTED};

static const ek_error_name ERRORS[] = {
    {6003, "InsufficientCollateral"},
    {6019, "MathError"},
    {6024, "ExchangePaused"},
    {6035, "InvalidOracle"},
    {6036, "OracleNotFound"},
    {6041, "CastingFailure"},
    {6044, "InvalidOrderMarketType"},
    {6046, "InvalidOrderNotRiskReducing"},
    {6050, "InvalidOrderIOC"},
    {6054, "InvalidOrderAuction"},
    {6055, "InvalidOrderOracleOffset"},
    {6056, "InvalidOrderMinOrderSize"},
    {6057, "PlacePostOnlyLimitFailure"},
    {6059, "OrderAmountTooSmall"},
    {6060, "MaxNumberOfOrders"},
    {6061, "OrderDoesNotExist"},
    {6071, "UserOrderIdAlreadyInUse"},
    {6073, "InvalidMarginRatio"},
    {6078, "PerpMarketNotFound"},
    {6081, "MarketWrongMutability"},
    {6087, "SpotMarketNotFound"},
    {6117, "UserIsBeingLiquidated"},
    {6147, "MarketPlaceOrderPaused"},
    {6148, "MarketFillOrderPaused"},
    {6154, "MaxOpenInterest"},
    {6166, "InvalidPerpPositionDetected"},
    {6191, "InvalidOrderLimitPrice"},
    {6213, "MarketBeingInitialized"},
    {6254, "UserReduceOnly"},
    {6259, "NoUnsettledPnl"},
    {6289, "PlaceAndTakeOrderSuccessConditionFailed"},
    {6302, "InvalidPoolId"},
    {6358, "EquityBelowFloor"},
    {6371, "SpotMarketInterestStaleForMargin"},
    {6382, "UnattestedFastActivation"},
    {6396, "NewerProgramError"},
    {6397, "NewerProgramError"},
    {6398, "NewerProgramError"},
    {6399, "NewerProgramError"},
    {6400, "NewerProgramError"},
    {6403, "QuoterReportExceedsReservation"},
    {6404, "UnattestedSynchronousTake"},
    {6405, "NewerProgramError"},
    {6406, "NewerProgramError"},
};

#define USER_DISCRIMINATOR {0x9f, 0x75, 0x5f, 0xe3, 0xef, 0x97, 0x3a, 0xec}

const struct ek_venue EK_VENUE_VELOCITY = {
    .name = "velocity",
    .layout = "velocity-2026-08",
    .program = {{0x0d, 0xa2, 0xde, 0x32, 0x5d, 0x82, 0xf1, 0xde, 0x78, 0xcd, 0x4d,
                 0xb1, 0x67, 0x21, 0x0f, 0x67, 0x2d, 0x93, 0xfa, 0xa7, 0x81, 0xb8,
                 0xa5, 0xd9, 0x54, 0xb7, 0x9f, 0x01, 0x58, 0xf9, 0xe3, 0x96}},
    .state_seed = "velocity_state",
    .signer_seed = "velocity_signer",
    .can_take = 1,
    .has_builder_fields = 1,
    .metas_by_market = 1,
    .take_writes_quote = 1,
    .highest_fee_ppm = 1350, /* 3.5 bps, and at most 10 bps of add-on */
    .sources = 1u << EK_ORACLE_LAZER | 1u << EK_ORACLE_LAZER_1K | 1u << EK_ORACLE_LAZER_1M
               | 1u << EK_ORACLE_LAZER_STABLE,
    .status_map = STATUS,
    .n_status = sizeof STATUS,
    .user = {{"User", USER_DISCRIMINATOR, USER_LEN, user_fields, 0},
             {104, SPOT_POSITION_LEN, spot_position},
             {424, PERP_POSITION_LEN, perp_position},
             {1064, ORDER_LEN, order_fields}},
    .next_user = {{"User", USER_DISCRIMINATOR, NEXT_USER_LEN, next_user_fields, 0},
                  {104, SPOT_POSITION_LEN, spot_position},
                  {424, NEXT_PERP_POSITION_LEN, next_perp_position},
                  {1128, ORDER_LEN, order_fields}},
    .has_volume = 1,
    .has_funding_slope = 1,
    .funding_offset = 3333,
    .stats = {"UserStats", {0xb0, 0xdf, 0x88, 0x1b, 0x7a, 0x4f, 0x20, 0xe3}, STATS_LEN, stats_fields, 0},
    .perp = {"PerpMarket", {0x0a, 0xdf, 0x0c, 0x2c, 0x6b, 0xf5, 0x37, 0xf7}, PERP_LEN, perp_fields, 1},
    .spot = {"SpotMarket", {0x64, 0xb1, 0x08, 0x6b, 0xa8, 0x41, 0x41, 0x27}, SPOT_LEN, spot_fields, 1},
    .state = {"State", {0xd8, 0x92, 0x6b, 0x5e, 0x68, 0x4b, 0xb6, 0xb1}, STATE_LEN, state_fields, 0},
    .lazer = {"PythLazerOracle", {0x9f, 0x07, 0xa1, 0xf9, 0x22, 0x51, 0x79, 0x85}, 48, NULL, 0},
    .errors = EK_ROWS(ERRORS),
};
