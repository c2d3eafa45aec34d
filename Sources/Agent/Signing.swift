// What the machine says to a signer and hears from it. The signer itself is another process: Sources/Daemon.
import EvenkeelCore
import Model
import Rpc
import Text

/// What the signer is told of the config (authority nil: its own key is the owner). The simulator's signer is given the same.
package func signerLimits(_ rules: Rules, venue: Text, authority: ek_key?, subAccount: UInt16, notionalDay_e6: UInt64, ordersHour: UInt32) -> ek_policy_limits {
    var l = ek_policy_limits()
    func put(_ text: Text, _ to: UnsafeMutableRawBufferPointer) {
        for (i, b) in text.bytes.prefix(15).enumerated() { to[i] = b }
    }
    withUnsafeMutableBytes(of: &l.venue) { put(venue, $0) }
    if let owner = authority {
        withUnsafeMutableBytes(of: &l.authority) { to in withUnsafeBytes(of: owner) { to.copyMemory(from: $0) } }
    }
    l.sub_account = subAccount
    l.max_slippage_ppm = rules.maxSlippage_ppm
    l.max_fee_lamports = rules.maxPriorityFee_lamports + signatureFee_lamports
    l.max_notional_day_e6 = notionalDay_e6
    l.max_orders_hour = ordersHour
    l.max_compute_units = computeLimitForSimulation
    l.n_markets = UInt8(min(rules.hedges.count, Int(EK_POLICY_MARKETS)))
    withUnsafeMutableBytes(of: &l.markets) { all in
        for (i, h) in rules.hedges.prefix(Int(EK_POLICY_MARKETS)).enumerated() {
            var m = ek_policy_market()
            withUnsafeMutableBytes(of: &m.name) { put(h.perpName, $0) }
            m.max_trade_base_e9 = h.maxTrade_e9
            all.storeBytes(of: m, toByteOffset: i * MemoryLayout<ek_policy_market>.stride, as: ek_policy_market.self)
        }
    }
    return l
}

extension Machine {
    /// Hands the compiled message to the signer, with what it is meant to do and the oracle account its price was read from.
    func ask(_ message: UnsafeBufferPointer<UInt8>, into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal) {
        var c = ek_policy_claim()
        c.kind = order.kind
        c.market = UInt8(current)
        c.market_index = perpIndex
        var raw: UnsafePointer<UInt8>? = nil
        var len = 0
        if order.kind == UInt8(EK_KIND_CANCEL) {
            c.target_order_id = cancelling ?? 0
        } else {
            c.direction = order.intent.direction
            c.reduce_only = order.intent.reduce_only
            c.user_order_id = order.intent.user_order_id
            c.size_base_e9 = order.intent.size_base_e9
            c.worst_price_e6 = order.intent.worst_price_e6
            c.max_ts = order.intent.max_ts
            raw = ek_book_perp_oracle_raw(book, perpIndex, &len)
        }
        if let m = ek_book_perp(book, perpIndex) {
            c.oracle_source = m.pointee.oracle_source
            withUnsafeMutableBytes(of: &c.oracle) { to in withUnsafeBytes(of: m.pointee.oracle) { to.copyMemory(from: $0) } }
        }
        try host.sign(message, claim: &c, oracle: UnsafeBufferPointer(start: raw, count: len), into: signature)
    }
}
