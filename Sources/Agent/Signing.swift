// The agent's end of the signer process (sys_signer.h, docs/signer.md). The agent's own process never holds the key.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// A signer that is started again reads its key and shuts itself in, some ten milliseconds.
private let wakeTimeout_ms: Int32 = 2_000

final class Signing {
    private let s: UnsafeMutablePointer<sys_signer>
    /// How long the agent waits for a signature. Its own signer needs a fraction of a millisecond; one that is stopped must not hold the agent.
    private var timeout_ms: Int32 = 500

    private init() {
        s = .allocate(capacity: 1)
        s.initialize(to: sys_signer())
        s.pointee.fd = -1
    }

    deinit {
        sys_signer_end(s)
        s.deallocate()
    }

    var key: ek_key { s.pointee.pub }
    var fd: Int32 { s.pointee.fd }
    var breaker: Bool { s.pointee.breaker != 0 }

    /// `launch` and `ready` in one.
    static func start(_ config: ConfigPointer, _ rules: Rules, words: inout Text, code: inout Int32) -> Signing? {
        guard let s = launch(config, rules, words: &words, code: &code), s.ready(config, words: &words, code: &code) else { return nil }
        return s
    }

    /// Starts the role with the limits of the config, or connects to the user's own signer. nil: it did not start; `words` say why and `code` is the exit code.
    static func launch(_ config: ConfigPointer, _ rules: Rules, words: inout Text, code: inout Int32) -> Signing? {
        let signing = Signing()
        var venue = Text()
        venue.put(c: sys_config_venue_name(config))
        var limits = signerLimits(rules, venue: venue, authority: config.pointee.has_authority != 0 ? config.pointee.authority : nil,
                                  subAccount: config.pointee.sub_account, notionalDay_e6: config.pointee.signer_notional_day_e6,
                                  ordersHour: config.pointee.max_orders_per_hour)
        signing.timeout_ms = Int32(config.pointee.signer_timeout_ms)
        if let path = sys_config_signer_socket(config), path.pointee != 0 {
            return connect(signing, config, path, &limits, words: &words, code: &code)
        }
        let ledger = besideState(config, ".signer")
        var result: Int32 = 0
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_SIGNER_TEXT)) { text in
            guard let base = text.baseAddress else { return }
            result = ledger.withCString { sys_signer_launch(signing.s, &limits, sys_config_keypair(config), $0, base) }
            if result != 0 { words.put(c: base) }
        }
        sys_key_let_go(sys_config_keypair(config))      // only the signer reads it
        code = exitFailed
        return result == 0 ? signing : nil
    }

    /// The signer is ready and `key` is known. False: `words` and `code` as above.
    func ready(_ config: ConfigPointer, words: inout Text, code: inout Int32) -> Bool {
        if s.pointee.outside != 0 { return true }
        var result: Int32 = 0
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_SIGNER_TEXT)) { text in
            guard let base = text.baseAddress else { return }
            result = sys_signer_await(s, base)
            if result != 0 { words.put(c: base) }
        }
        code = result == Int32(SYS_SIGNER_BAD_LEDGER) ? exitState : result == Int32(SYS_SIGNER_NO_START) ? exitFailed : exitUsage
        return result == 0
    }

    private static func connect(_ signing: Signing, _ config: ConfigPointer, _ path: UnsafePointer<CChar>, _ limits: inout ek_policy_limits,
                                words: inout Text, code: inout Int32) -> Signing? {
        var key = config.pointee.signer_key
        var result: Int32 = 0
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_SIGNER_TEXT)) { text in
            guard let base = text.baseAddress else { return }
            result = sys_signer_connect(signing.s, &limits, path, &key, base)
            if result != 0 { words.put(c: base) }
        }
        code = result == Int32(SYS_SIGNER_NO_START) ? exitFailed : exitUsage
        return result == 0 ? signing : nil
    }

    func sign(_ message: UnsafeBufferPointer<UInt8>, _ claim: UnsafePointer<ek_policy_claim>, _ oracle: UnsafeBufferPointer<UInt8>,
              into signature: UnsafeMutablePointer<UInt8>, unix_s: Int64) throws(SignRefusal) {
        let reason = sys_signer_sign(s, message.baseAddress, message.count, claim, oracle.baseAddress, oracle.count, timeout_ms, signature)
        if reason == 0 { return }
        if reason == UInt32(EK_REFUSE_LEDGER) { throw .counterDisk }
        if let limit = SignRefusal(limit: reason, unix_s: unix_s) { throw limit }
        if let t = trouble { throw .refused(t, breaker: breaker) }
        var t = Text("the signer refused (")
        t.put(reason)
        t.put("): ")
        t.put(c: ek_policy_reason(reason))
        throw .refused(t, breaker: breaker)
    }

    /// For paper: the key is in no memory until `wake`.
    func rest() { sys_signer_rest(s) }

    /// nil: there is a signer again.
    func wake() -> Text? {
        var words = Text()
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_SIGNER_TEXT)) { text in
            guard let base = text.baseAddress else { return }
            if sys_signer_wake(s, wakeTimeout_ms, base) != 0 { words.put(c: base) }
        }
        return words.isEmpty ? nil : words
    }

    /// Why nothing can be signed now.
    var trouble: Text? {
        if s.pointee.there == 0 {
            if s.pointee.outside != 0 { return Text("the signer is gone; its socket is tried again and again, observing only until it is back") }
            return Text(s.pointee.fd < 0 ? "the signer is gone for good; observing only until the agent is restarted"
                : "the signer is gone and is being started again; observing only until it is back")
        }
        if s.pointee.silent != 0 { return Text("the signer does not answer; observing only until it does") }
        if s.pointee.breaker != 0 {
            return Text("the signer's breaker is open after ten refusals in a row; observing only until the agent is restarted")
        }
        return nil
    }

    /// Takes in what it said unasked, in words for the log.
    func news(_ tell: (Level, Text) -> Void) {
        let bits = sys_signer_news(s)
        if bits & 1 != 0 {
            var t = Text("the signer died (")
            let how = s.pointee.died
            t.put(how & 0x7F != 0 ? "signal " : "exit ")
            t.put(how & 0x7F != 0 ? how & 0x7F : how >> 8 & 0xFF)
            t.put("); the next one starts in ")
            t.put(s.pointee.back_ms)
            t.put(" ms, observing only until then")
            tell(.error, t)
        }
        if bits & 4 != 0 { tell(.error, Text("the signer is gone for good; observing only until the agent is restarted")) }
        if bits & 8 != 0 { tell(.error, Text("the signer's socket closed; it is tried again, observing only until a signer is back")) }
        if bits & 2 != 0 && s.pointee.there != 0 { tell(.info, Text("the signer is there again")) }
    }

    /// Milliseconds until `news` wants to be called though nothing happened; -1: no wish.
    var wait_ms: Int32 { sys_signer_wait_ms(s) }

    /// What does not hold the signer in, if anything.
    var missing: Text { Signing.missing(UInt32(s.pointee.sandbox)) }

    static func missing(_ bits: UInt32) -> Text {
        var t = Text()
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 96) { text in
            guard let base = text.baseAddress else { return }
            sys_sandbox_missing(bits, base)
            t.put(c: base)
        }
        return t
    }
}

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

/// Shuts the agent's own process in; what the kernel cannot do is returned in words.
func confine(_ config: ConfigPointer) -> Text {
    let ring = besideState(config, ".ring")
    var held: UInt32 = 0
    ring.withCString { ringPath in
        var paths = sys_sandbox_paths()
        paths.state = UnsafePointer(sys_config_state(config))
        paths.ring = ringPath
        paths.control = UnsafePointer(sys_config_control(config))
        paths.config = UnsafePointer(sys_config_file(config))
        paths.keypair = UnsafePointer(sys_config_keypair(config))
        paths.token = UnsafePointer(sys_config_token_file(config))
        held = sys_sandbox_agent(&paths)
    }
    return Signing.missing(held)
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
