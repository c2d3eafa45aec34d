// What the signer is told of the config. The signer itself is another process: Sources/Daemon.
import EvenkeelCore
import Model
import Text

/// `authority` nil: the signer's own key is the owner. The simulator's signer is given the same.
package func signerLimits(
    _ rules: Rules, venue: Text, authority: ek_key?, subAccount: UInt16, notionalDay_e6: UInt64,
    ordersHour: UInt32
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
    l.max_notional_day_e6 = notionalDay_e6
    l.max_orders_hour = ordersHour
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
