// What the web role is given: the status message and the counters, whenever one of them changed; and what
// comes back, commands. Nothing here waits, and nothing here is needed: an agent without a page is the same
// agent.
import Accounting
import Decide
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Text

package final class WebFeed {
    private let handle: OpaquePointer
    private let metrics: UnsafeMutablePointer<sys_metrics>
    private let speed: UInt64
    /// A block explorer knows this chain: an endpoint is not on this machine.
    private let explorer: Bool
    private var times = sys_web_times()
    /// What the last publication showed; another value of it is news.
    private var shown = Shown()
    private var counted = Landed()
    private var ended: [Ended] = []
    private var statusJson = StatusJson()

    private struct Shown: Equatable {
        var stage = Stage.idle
        var ticket: UInt8 = 0
        var attempts: UInt32 = 0
        var paused: UInt8 = 0
        var breaker: UInt8 = 0
        var live = false
        var published = false

        /// Before the first publication.
        init() {}

        init(_ m: Machine) {
            let t = m.ticket.pointee
            (stage, ticket, attempts) = (m.stage, t.state, t.attempts)
            (paused, breaker) = (m.record.pointee.paused, m.record.pointee.breaker_open)
            live = m.rules.mode == .live
            published = true
        }
    }

    private struct Landed: Equatable {
        var signature: UInt64 = 0
        var slot: UInt64 = 0
    }

    /// How the last correction ended, to see that there was another one.
    private struct Ended: Equatable {
        var unix_s: Int64 = 0
        var slot: UInt64 = 0
        var size_e9: UInt64 = 0
        var outcome: UInt8 = 0
    }

    /// nil: the page is off, or could not be started (said in `trouble`).
    init?(_ config: ConfigPointer, options: RunOptions, quiet: Bool, trouble: inout Text) {
        guard config.pointee.listen_on != 0, !options.once else { return nil }
        var errno: Int32 = 0
        let ring = besideState(config, ".ring")
        let opened = ring.withCString { history -> OpaquePointer? in
            var s = sys_web_settings()
            s.host = sys_config_listen_host(config)
            s.port = config.pointee.listen_port
            s.any_port = options.anyPort ? 1 : 0
            s.quiet = quiet ? 1 : 0
            s.token_file = sys_config_token_file(config)
            s.names = sys_config_web_names(config)
            s.history = history
            return sys_web_open(&s, &errno)
        }
        guard let h = opened else {
            trouble = "the web role could not be started: \(c: sys_errno_text(errno))"
            return nil
        }
        handle = h
        metrics = sys_web_metrics(h)
        speed = max(1, options.speed)
        explorer = (0..<UInt32(config.pointee.n_urls)).contains {
            sys_url_is_loopback(sys_config_url(config, $0)) == 0
        }
    }

    deinit { sys_web_close(handle) }

    /// -1 once the role is gone.
    var fd: Int32 { sys_web_fd(handle) }
    package var port: UInt16 { sys_web_port(handle) }
    package var pid: Int32 { sys_web_pid(handle) }

    func asked(_ id: UInt32, _ body: UnsafeBufferPointer<UInt8>) {
        sys_metrics_asked(metrics, id, body.baseAddress, body.count)
    }

    func answered(_ r: sys_http_result) {
        let well = r.kind == SYS_HTTP_OK && r.status == 200
        sys_metrics_answered(metrics, r.id, r.endpoint, r.latency_us, well ? 1 : 0)
    }

    /// The ring must outlive this object.
    func history(_ ring: UnsafePointer<sys_ring>) { sys_web_history(handle, ring) }

    func wrote() { metrics.pointee.state_writes += 1 }

    /// A status was reported.
    func reported(_ m: Machine, _ now: Now) {
        let real = sys_mono_ms()
        times.status_ms = real
        if m.report.status != .error && !m.chainStands(now) { times.tick_done_ms = real }
        metrics.pointee.ticks += 1
        if now.mono_ms >= m.tickStarted_ms {
            sys_metrics_tick(metrics, (now.mono_ms - m.tickStarted_ms) * 1000 / speed)
        }
        for g in m.gates where m.report.status == .blocked && !g.ok {
            sys_metrics_gate(metrics, g.name.utf8Start, g.name.utf8CodeUnitCount)
        }
        countCorrections(m)
        publish(m, now)
    }

    /// Called after every event: publishes when something moved between two reports.
    func look(_ m: Machine, _ now: Now) {
        countLanding(m)
        if Shown(m) != shown && m.report.time_s != 0 { publish(m, now) }
    }

    /// Says what happened to the role.
    func tend(_ log: (Text) -> Void) {
        if let words = sys_web_said(handle) { log("\(c: words)") }
    }

    /// At most a few commands at a time: a role that has been taken over must not hold the loop.
    func serve(_ m: Machine, _ now: Now, _ log: (Text) -> Void) {
        for _ in 0..<4 {
            var id: UInt32 = 0
            let c = sys_web_next(handle, &id)
            if c == SYS_WEB_NONE { return }
            let said = m.carryOut(command(c), now)
            log("command from the page: \(said.words)")
            said.words.bytes.withUnsafeBufferPointer {
                sys_web_answer(handle, id, c, said.done ? 1 : 0, $0.baseAddress, $0.count)
            }
            publish(m, now)
        }
    }

    private func command(_ c: sys_web_command) -> Command {
        switch c {
        case SYS_WEB_PAUSE: return .pause
        case SYS_WEB_RESUME: return .resume
        case SYS_WEB_REBALANCE: return .rebalance
        case SYS_WEB_FLATTEN: return .flatten
        case SYS_WEB_LIVE: return .live
        default: return .paper
        }
    }

    // MARK: counting

    private func countCorrections(_ m: Machine) {
        let first = ended.isEmpty
        if first { ended = [Ended](repeating: Ended(), count: m.hedges.count) }
        for i in 0..<min(m.hedges.count, ended.count) {
            guard let l = m.hedges[i].record(in: m.record)?.pointee.last else { continue }
            let this = Ended(unix_s: l.unix_s, slot: l.slot, size_e9: l.size_base_e9, outcome: l.outcome)
            let old = ended[i]
            ended[i] = this
            // What stands in the record at the start was counted by an earlier process.
            let earlier = first && l.unix_s < m.report.time_s
            if this == old || l.outcome == UInt8(EK_OUT_NONE) || earlier { continue }
            sys_metrics_correction(metrics, ek_action_name(l.action), ek_outcome_name(l.outcome))
        }
    }

    private func countLanding(_ m: Machine) {
        let t = m.ticket
        let (sent, landed) = (t.pointee.sent_slot, t.pointee.landed_slot)
        if landed == 0 || sent == 0 || landed < sent { return }
        guard let s = ek_ticket_signature(t) else { return }
        let this = Landed(signature: UnsafeRawPointer(s).loadUnaligned(as: UInt64.self), slot: landed)
        if this == counted { return }
        counted = this
        sys_metrics_landed(metrics, landed - sent)
    }

    // MARK: publishing

    private func name(_ field: UnsafeMutablePointer<CChar>?, _ cap: Int, _ s: StaticString) {
        sys_metrics_name(field, cap, s.utf8Start, s.utf8CodeUnitCount)
    }

    @_disfavoredOverload private func name(_ field: UnsafeMutablePointer<CChar>?, _ cap: Int, _ t: Text) {
        t.bytes.withUnsafeBufferPointer { sys_metrics_name(field, cap, $0.baseAddress, $0.count) }
    }

    private func publish(_ m: Machine, _ now: Now) {
        if !shown.published { names(m) }
        shown = Shown(m)
        gauges(m)
        let next = m.nextTick_ms
        let left_ms = next > now.mono_ms ? next - now.mono_ms : 0
        times.next_tick_ms = sys_mono_ms() + Int64(clamping: left_ms / speed)
        times.interval_ms = UInt32(clamping: max(1, m.rules.interval_ms / speed))
        times.explorer = explorer ? 1 : 0
        let json = statusJson.message(m)
        _ = json.bytes.withUnsafeBufferPointer { sys_web_publish(handle, $0.baseAddress, $0.count, &times) }
    }

    /// What stays as it is for the life of the process.
    private func names(_ m: Machine) {
        name(sys_metrics_version(metrics), 24, evenkeelVersion)
        #if hasFeature(Embedded)
        name(sys_metrics_build(metrics), 16, "embedded")
        #else
        name(sys_metrics_build(metrics), 16, "ordinary")
        #endif
        name(sys_metrics_venue(metrics), 16, "\(c: ek_venue_name(m.account.venue))")
    }

    private func gauges(_ m: Machine) {
        let p = metrics
        let unknown = Int64.min
        name(sys_metrics_mode(p), 8, m.rules.mode == .live ? "live" : "paper")
        name(sys_metrics_status(p), 20, m.report.status.word)
        for (i, o) in SecondOpinion.allCases.filter({ $0 != .waiting }).enumerated() {
            sys_metrics_opinion(p, UInt32(i), o.word.utf8Start, o.word.utf8CodeUnitCount, m.opinions(o))
        }
        p.pointee.fee_lamports = m.record.pointee.fee_lamports_total
        p.pointee.failures_in_row = UInt64(m.record.pointee.failures_in_row)
        p.pointee.breaker_open = m.record.pointee.breaker_open
        p.pointee.paused = m.record.pointee.paused
        p.pointee.ticket_state = m.ticket.pointee.state
        p.pointee.resident_bytes = sys_resident_bytes()
        p.pointee.slot_us = m.slotMeasured_us.map { Int64(clamping: $0) } ?? unknown
        let journalled_s = m.ticket.pointee.journalled_unix_s
        p.pointee.ticket_open_s = m.ticketOpen ? max(0, m.clock.unix_s - journalled_s) : unknown
        let v = m.report.after.known && m.report.after.valued ? m.report.after : m.report.view
        p.pointee.health_bp = v.valued ? Int64(v.a.health_bp) : unknown
        p.pointee.leverage_e4 = v.valued && v.a.leverage_infinite == 0 ? Int64(v.a.leverage_e4) : unknown
        p.pointee.free_collateral_e6 = v.valued ? v.a.free_collateral_e6 : unknown
        p.pointee.vault = m.report.periods.start
        p.pointee.vault_known = p.pointee.vault.unix_s != 0 ? 1 : 0
        p.pointee.signed_loss_e6 = m.signerLoss.map { Int64(clamping: $0.used_e6) } ?? unknown
        p.pointee.signed_loss_limit_e6 = m.signerLoss.map { Int64(clamping: $0.limit_e6) } ?? unknown
        marketGauges(m, v)
    }

    private func marketGauges(_ m: Machine, _ v: View) {
        let unknown = Int64.min
        for i in 0..<m.hedges.count {
            guard let g = sys_metrics_market(metrics, UInt32(i)) else { break }
            let w = i == m.report.market ? v : m.hedges[i].view
            name(sys_market_gauges_name(g), 24, m.hedges[i].rules.perpName)
            g.pointee.drift_ppm = w.known && w.driftKnown ? w.drift_ppm : unknown
            g.pointee.net_delta_e9 = w.known ? w.net_e9 : unknown
            g.pointee.spot_e9 = w.known ? w.a.spot_base_e9 : unknown
            g.pointee.perp_e9 = w.known ? w.perp_e9 : unknown
            g.pointee.funding_hourly_ppb = w.valued ? w.a.funding_hourly_ppb : unknown
            g.pointee.oracle_age_slots = w.valued ? Int64(clamping: w.a.oracle_age_slots) : unknown
            sys_market_gauges_stress(g, stress(m, m.hedges[i], anew: false))
        }
    }
}
