// The agent's end of the signer process (sys_signer.h, docs/signer.md). The agent's own process never holds
// the key.
import EvenkeelCore
import EvenkeelSys
import Execute
import Model
import Text

/// A signer that is started again reads its key and shuts itself in, some ten milliseconds.
private let wakeTimeout_ms: Int32 = 2_000

package final class SignerClient {
    private let s: UnsafeMutablePointer<sys_signer>
    /// How long the agent waits for a signature. Its own signer needs a fraction of a millisecond; one that
    /// is stopped must not hold the agent.
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
    package static func start(_ config: ConfigPointer, _ rules: Rules) throws(StartRefusal) -> SignerClient {
        let client = try launch(config, rules, RunOptions())
        try client.ready()
        return client
    }

    /// Starts the role with the limits of the config, or connects to the user's own signer.
    static func launch(_ config: ConfigPointer, _ rules: Rules,
                       _ options: RunOptions) throws(StartRefusal) -> SignerClient {
        let client = SignerClient()
        let authority = config.pointee.has_authority != 0 ? config.pointee.authority : nil
        var limits = signerLimits(rules, venue: "\(c: sys_config_venue_name(config))", authority: authority,
                                  subAccount: config.pointee.sub_account, bounds: bounds(config, options))
        client.timeout_ms = Int32(config.pointee.signer_timeout_ms)
        if let path = sys_config_signer_socket(config), path.pointee != 0 {
            var key = config.pointee.signer_key
            let (result, words) = withSignerText { sys_signer_connect(client.s, &limits, path, &key, $0) }
            if result == 0 { return client }
            throw StartRefusal(words, result == Int32(SYS_SIGNER_NO_START) ? exitFailed : exitUsage)
        }
        let ledger = besideState(config, ".signer")
        let (result, words) = withSignerText { text in
            ledger.withCString { sys_signer_launch(client.s, &limits, sys_config_keypair(config), $0, text) }
        }
        sys_key_let_go(sys_config_keypair(config))      // only the signer reads it
        if result == 0 { return client }
        throw StartRefusal(words, exitFailed)
    }

    private static func bounds(_ config: ConfigPointer, _ options: RunOptions) -> SignerBounds {
        var b = SignerBounds()
        b.notionalDay_e6 = config.pointee.signer_notional_day_e6
        b.ordersHour = config.pointee.max_orders_per_hour
        b.lossDay_e6 = config.pointee.max_loss_day_e6
        let moves = config.pointee.move_ppm
        b.move = ek_price_move(minute_ppm: moves.0, hour_ppm: moves.1, total_ppm: moves.2)
        if options.ownTime {
            b.speed = UInt32(clamping: options.speed)
            b.startUnix_ms = options.startedUnix_ms
            b.startMono_ms = options.startMono_ms
        }
        return b
    }

    /// The signer is ready and `key` is known.
    func ready() throws(StartRefusal) {
        if s.pointee.outside != 0 { return }
        let (result, words) = withSignerText { sys_signer_await(s, $0) }
        switch result {
        case 0: return
        case Int32(SYS_SIGNER_BAD_LEDGER): throw StartRefusal(words, exitState)
        case Int32(SYS_SIGNER_NO_START): throw StartRefusal(words, exitFailed)
        default: throw StartRefusal(words, exitUsage)
        }
    }

    func sign(_ message: UnsafeBufferPointer<UInt8>, _ claim: UnsafePointer<ek_policy_claim>,
              _ oracle: UnsafeBufferPointer<UInt8>, into signature: UnsafeMutablePointer<UInt8>,
              unix_s: Int64) throws(SignRefusal) {
        let reason = sys_signer_sign(s, message.baseAddress, message.count, claim, oracle.baseAddress,
                                     oracle.count, timeout_ms, signature)
        if reason == 0 { return }
        if reason == UInt32(EK_REFUSE_LEDGER) { throw .counterDisk }
        if let limit = SignRefusal(limit: reason, wait_s: s.pointee.wait_s, unix_s: unix_s) { throw limit }
        if let t = trouble { throw .refused(t, breaker: breaker) }
        throw .refused("the signer refused (\(reason)): \(c: ek_policy_reason(reason))", breaker: breaker)
    }

    /// What it last said of its loss limit; nil: it has none yet.
    var loss: SignerLoss? {
        if s.pointee.limit_from == UInt8(EK_LIMIT_UNSET) { return nil }
        return SignerLoss(used_e6: s.pointee.loss_e6, limit_e6: s.pointee.limit_e6,
            from: s.pointee.limit_from)
    }

    /// Shows a price, so that its memory has no gap. What becomes of it comes as news.
    func show(_ price: inout ek_policy_price, _ oracle: UnsafeBufferPointer<UInt8>) {
        _ = sys_signer_show(s, &price, oracle.baseAddress, oracle.count)
    }

    /// For paper: the key is in no memory until `wake`.
    func rest() { sys_signer_rest(s) }

    /// nil: there is a signer again.
    func wake() throws(Refusal) {
        let (result, words) = withSignerText { Int32(bitPattern: sys_signer_wake(s, wakeTimeout_ms, $0)) }
        if result != 0 { throw Refusal(words) }
    }

    /// Why nothing can be signed now.
    var trouble: Text? {
        if s.pointee.there == 0 {
            if s.pointee.outside != 0 {
                return "the signer is gone; its socket is tried again, observing only until it is back"
            }
            if s.pointee.fd < 0 { return gone }
            return "the signer is gone and is being started again; observing only until it is back"
        }
        if s.pointee.silent != 0 { return "the signer does not answer; observing only until it does" }
        if s.pointee.breaker != 0 {
            return "the signer's breaker is open after ten refusals in a row; observing only until a restart"
        }
        return nil
    }

    private var gone: Text { "the signer is gone for good; observing only until the agent is restarted" }

    /// Takes in what it said unasked, in words for the log.
    func news(_ tell: (Level, Text) -> Void) {
        let bits = sys_signer_news(s)
        if bits & 1 != 0 {
            let died = s.pointee.died
            let how: Text = died & 0x7F != 0 ? "signal \(died & 0x7F)" : "exit \(died >> 8 & 0xFF)"
            tell(.error, """
                the signer died (\(how)); the next one starts in \(s.pointee.back_ms) ms, \
                observing only until then
                """)
        }
        if bits & 4 != 0 { tell(.error, gone) }
        if bits & 8 != 0 {
            tell(.error, "the signer's socket closed; it is tried again, observing only until it is back")
        }
        if bits & 2 != 0 && s.pointee.there != 0 { tell(.info, "the signer is there again") }
    }

    /// Milliseconds until `news` wants to be called though nothing happened; -1: no wish.
    var wait_ms: Int32 { sys_signer_wait_ms(s) }

    /// What does not hold the signer in, if anything.
    var missing: Text { missingProtection(UInt32(s.pointee.sandbox)) }
}

/// What a call of the signer's cover comes to, and the words that it leaves.
private func withSignerText(_ call: (UnsafeMutablePointer<CChar>) -> Int32) -> (result: Int32, words: Text) {
    var words = Text()
    var result: Int32 = 0
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_SIGNER_TEXT)) { text in
        guard let base = text.baseAddress else { return }
        base.pointee = 0
        result = call(base)
        if result != 0 { words.put(c: base) }
    }
    return (result, words)
}
