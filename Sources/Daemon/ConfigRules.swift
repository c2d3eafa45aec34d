// From the config file's table to the machine's rules. The table (sys_config.h) has checked every value
// already.
import EvenkeelCore
import EvenkeelSys
import Model
import Text

package typealias ConfigPointer = UnsafeMutablePointer<sys_config>

package func allocateConfig() -> ConfigPointer {
    UnsafeMutableRawPointer.allocate(byteCount: sys_config_size(), alignment: 16)
        .bindMemory(to: sys_config.self, capacity: 1)
}

/// The path of a file that stands beside the state and is named after it.
func besideState(_ config: ConfigPointer, _ suffix: StaticString) -> Text {
    "\(c: sys_config_state(config))\(suffix)"
}

extension HedgeRules {
    init(_ h: UnsafePointer<sys_hedge>) {
        self.init()
        perpName = "\(c: sys_hedge_name(h))"
        spotName = "\(c: sys_hedge_asset(h))"
        useVenueSpot = false
        useWalletSpot = false
        for i in 0..<UInt32(h.pointee.n_legs) {
            guard let leg = sys_hedge_leg(h, i) else { break }
            switch Int(leg.pointee.kind) {
            case Int(SYS_LEG_VENUE): useVenueSpot = true
            case Int(SYS_LEG_WALLET): useWalletSpot = true
            default:
                let kind = Int(leg.pointee.kind)
                let watched = kind == Int(SYS_LEG_WATCH)
                var l = Leg(kind == Int(SYS_LEG_TOKEN) ? .token : watched ? .watch : .fixed)
                l.key = leg.pointee.key
                l.hasKey = leg.pointee.has_key != 0
                l.amount_e9 = leg.pointee.amount_e9
                legs.append(l)
            }
        }
        ratio_ppm = h.pointee.hedge_ratio_ppm
        target_e9 = h.pointee.target_delta_e9
        tolerance_ppm = h.pointee.drift_tolerance_ppm
        cooldown_s = h.pointee.cooldown_s
        minTrade_e9 = h.pointee.min_trade_base_e9
        maxTrade_e9 = h.pointee.max_trade_base_e9
        maxLeverage_e4 = h.pointee.max_leverage_e4
        maxTradesPerDay = h.pointee.max_trades_per_day
    }
}

extension Rules {
    /// Words when the file names no market.
    package init?(_ c: ConfigPointer, trouble: inout Text) {
        self.init()
        hedges.removeAll()
        for i in 0..<UInt32(c.pointee.n_hedges) {
            if let h = sys_config_hedge(c, i) { hedges.append(HedgeRules(h)) }
        }
        guard !hedges.isEmpty else {
            trouble = "\(c: sys_config_file(c)): no [hedge X-PERP] section"
            return nil
        }
        mode = c.pointee.mode == UInt8(SYS_MODE_LIVE) ? .live : .paper
        allowed = mode
        interval_ms = UInt64(c.pointee.loop_interval_ms)
        timeout_ms = UInt64(c.pointee.timeout_ms)
        endpointNames = (0..<UInt32(c.pointee.n_urls)).map { "\(c: sys_config_url_shown(c, $0))" }
        maxLatency_ms = UInt64(c.pointee.max_latency_ms)
        maxLag_ms = UInt64(c.pointee.max_lag_ms)
        if c.pointee.max_slot_lag != UInt32.max { maxSlotLag = UInt64(c.pointee.max_slot_lag) }
        secondOpinion = SecondOpinionRule(rawValue: c.pointee.second_opinion) ?? .auto
        secondOpinionWait_ms = UInt64(c.pointee.second_opinion_wait_min) * 60_000
        maxSlippage_ppm = c.pointee.max_slippage_ppm
        fillTimeout_s = Int64(c.pointee.fill_timeout_s)
        partialFills = c.pointee.partial_fills != 0
        settleProfit_e6 = Int64(clamping: c.pointee.settle_profit_e6)
        feePercentile = Int(c.pointee.priority_fee_percentile)
        maxPriorityFee_lamports = c.pointee.max_priority_fee_lamports
        minHealth_bp = c.pointee.min_health_bp
        warnHealth_bp = max(c.pointee.health_warning_bp, c.pointee.min_health_bp)
        deleverage_bp = c.pointee.deleverage_bp
        equityFloor_e6 = Int64(clamping: c.pointee.equity_floor_e6)
        maxNotionalDay_e6 = Int64(clamping: c.pointee.max_notional_day_e6)
        genesis = sys_config_wants_genesis(c) != 0 ? c.pointee.genesis : nil
        gasReserve_lamports = c.pointee.gas_reserve_lamports
        maxOracleAge_ms = UInt64(c.pointee.max_oracle_age_ms)
        if c.pointee.max_oracle_age_slots != UInt32.max {
            maxOracleAge_slots = UInt64(c.pointee.max_oracle_age_slots)
        }
        maxOracleDivergence_ppm = UInt64(c.pointee.max_oracle_divergence_ppm)
        maxCost_ppm = UInt64(c.pointee.max_cost_ppm)
        forceDrift_ppm = Int64(c.pointee.force_drift_ppm)
        maxFailures = c.pointee.max_failures
    }
}
