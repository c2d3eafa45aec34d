// What the signer is told of the config. The signer itself is another process: Sources/Daemon.
import EvenkeelCore
import Model
import Text

/// What bounds the signer beside the rules that the machine itself trades by.
package struct SignerBounds {
    package var notionalDay_e6: UInt64 = 1_000_000_000_000
    package var ordersHour: UInt32 = 60
    /// 0: a hundredth of the equity when it is first asked.
    package var lossDay_e6: UInt64 = 0
    package var move = ek_price_move(minute_ppm: 20_000, hour_ppm: 100_000, total_ppm: 250_000)
    /// Clocks that do not run as the machine's: how fast, and when they began by it (0: they do).
    package var speed: UInt32 = 1
    package var startUnix_ms: Int64 = 0
    package var startMono_ms: Int64 = 0

    package init() {}
}

/// `authority` nil: the signer's own key is the owner. The simulator's signer is given the same.
package func signerLimits(
    _ rules: Rules, venue: Text, authority: ek_key?, subAccount: UInt16,
    bounds: SignerBounds
) -> ek_policy_limits {
    var l = ek_policy_limits()
    func put(_ text: Text, _ to: UnsafeMutableRawBufferPointer) {
        for (i, b) in text.bytes.prefix(15).enumerated() { to[i] = b }
    }
    withUnsafeMutableBytes(of: &l.venue) { put(venue, $0) }
    if let owner = authority {
        withUnsafeMutableBytes(of: &l.authority) { to in
            withUnsafeBytes(of: owner) { to.copyMemory(from: $0) }
        }
    }
    l.sub_account = subAccount
    l.max_slippage_ppm = rules.maxSlippage_ppm
    l.max_fee_lamports = rules.maxPriorityFee_lamports + signatureFee_lamports
    l.max_notional_day_e6 = bounds.notionalDay_e6
    l.max_orders_hour = bounds.ordersHour
    l.max_loss_day_e6 = bounds.lossDay_e6
    l.move = bounds.move
    l.fill_timeout_s = UInt32(clamping: rules.fillTimeout_s)
    l.machines = 1
    l.speed = max(1, bounds.speed)
    l.start_unix_ms = bounds.startUnix_ms
    l.start_mono_ms = bounds.startMono_ms
    l.max_compute_units = mostComputeUnits
    l.n_markets = UInt8(min(rules.hedges.count, Int(EK_POLICY_MARKETS)))
    withUnsafeMutableBytes(of: &l.markets) { all in
        for (i, h) in rules.hedges.prefix(Int(EK_POLICY_MARKETS)).enumerated() {
            var m = ek_policy_market()
            withUnsafeMutableBytes(of: &m.name) { put(h.perpName, $0) }
            m.max_trade_base_e9 = h.maxTrade_e9
            all.storeBytes(
                of: m, toByteOffset: i * MemoryLayout<ek_policy_market>.stride, as: ek_policy_market.self)
        }
    }
    return l
}
