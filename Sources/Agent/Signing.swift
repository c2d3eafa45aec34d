// What the machine says to a signer and hears from it. The signer itself is another process: Sources/Daemon.
import EvenkeelCore
import Model
import Rpc
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

/// What the signer is told of the config (authority nil: its own key is the owner). The simulator's signer is given the same.
package func signerLimits(_ rules: Rules, venue: Text, authority: ek_key?, subAccount: UInt16,
    bounds: SignerBounds) -> ek_policy_limits {
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
    l.max_notional_day_e6 = bounds.notionalDay_e6
    l.max_orders_hour = bounds.ordersHour
    l.max_loss_day_e6 = bounds.lossDay_e6
    l.move = bounds.move
    l.fill_timeout_s = UInt32(clamping: rules.fillTimeout_s)
    l.machines = 1
    l.speed = max(1, bounds.speed)
    l.start_unix_ms = bounds.startUnix_ms
    l.start_mono_ms = bounds.startMono_ms
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
            c.user_order_id = cancelledUserId
        } else {
            c.direction = order.intent.direction
            c.reduce_only = order.intent.reduce_only
            c.user_order_id = order.intent.user_order_id
            c.size_base_e9 = order.intent.size_base_e9
            c.worst_price_e6 = order.intent.worst_price_e6
            c.max_ts = order.intent.max_ts
            raw = ek_book_perp_oracle_raw(book, perpIndex, &len)
        }
        c.equity_e6 = UInt64(clamping: report.view.a.equity_e6)
        if let m = ek_book_perp(book, perpIndex) {
            c.oracle_source = m.pointee.oracle_source
            withUnsafeMutableBytes(of: &c.oracle) { to in withUnsafeBytes(of: m.pointee.oracle) { to.copyMemory(from: $0) } }
        }
        try host.sign(message, claim: &c, oracle: UnsafeBufferPointer(start: raw, count: len), into: signature)
    }

    /// The id that the agent gave the order which is being cancelled; 0: it is not in the book any more, and
    /// the signer refuses.
    var cancelledUserId: UInt8 {
        guard let id = cancelling else { return 0 }
        for i in 0..<UInt32(EK_MAX_ORDERS) {
            guard let o = ek_user_order_at(ek_book_user(book), i) else { break }
            let live = o.pointee.status == UInt8(EK_ORDER_OPEN)
            if live && o.pointee.order_id == id { return o.pointee.user_order_id }
        }
        return 0
    }

    /// Every hedged market's oracle account as it was just read, for the signer's memory of prices.
    package func eachOraclePrice(_ show: (inout ek_policy_price, UnsafeBufferPointer<UInt8>) -> Void) {
        for (i, h) in hedges.enumerated() where h.perpFound {
            var len = 0
            guard let m = ek_book_perp(book, h.perpIndex), let raw = ek_book_perp_oracle_raw(book,
                h.perpIndex, &len) else { continue }
            var p = ek_policy_price()
            p.market = UInt8(i)
            p.market_index = h.perpIndex
            p.oracle_source = m.pointee.oracle_source
            p.equity_e6 = report.view.valued ? UInt64(clamping: report.view.a.equity_e6) : 0
            withUnsafeMutableBytes(of: &p.oracle) { to in
                withUnsafeBytes(of: m.pointee.oracle) { to.copyMemory(from: $0) }
            }
            show(&p, UnsafeBufferPointer(start: raw, count: len))
        }
    }
}
