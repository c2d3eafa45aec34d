// The real world around the machine: libcurl, the state file, the key, signals, the control socket, the clocks. One thread, one wait.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// What a run was asked for beyond the config file.
package struct RunOptions {
    package var once = false
    /// STATUS lines on stdout.
    package var json = false
    /// How much faster than the wall the agent's clocks run; 1 outside of `demo`.
    package var speed: UInt64 = 1
    /// Unix time at which accelerated clocks start; 0: now.
    package var startUnix_s: Int64 = 0
    /// The page may take another port when its own is taken.
    package var anyPort = false
    package init() {}
}

package protocol StatusSink: AnyObject {
    func status(_ machine: Machine, _ now: Now)
    /// Whether the run should end.
    var done: Bool { get }
    /// The page can be reached now, at this port of the configured address.
    func served(port: UInt16)
}

package final class Driver: Host {
    let config: ConfigPointer
    let options: RunOptions
    package var log: Logger
    let http: OpaquePointer
    /// nil in paper mode: nothing is signed, no key is held anywhere.
    let signing: Signing?
    let state: UnsafeMutablePointer<sys_state>
    let record: UnsafeMutablePointer<ek_record>
    let sink: (any StatusSink)?
    let control: OpaquePointer?
    var supervisor: Supervisor
    var alerts: Alerts
    /// nil: what waits is kept in memory alone.
    var alertFile: AlertFile? = nil
    var waiting: [Waiting] = []
    var persistent = true
    /// The history; nil: none is kept (Ring.swift).
    var ring: UnsafeMutablePointer<sys_ring>? = nil
    var ringFailing = false
    var machine: Machine? = nil
    var stopSignal: Int32 = 0
    var finished = false
    var lastStatus: Status? = nil
    private var answersSeen: UInt64 = 0
    var web: WebFeed? = nil
    private var servedPort: UInt16 = 0
    /// What is said of a tick, in memory that is kept.
    private var line = Text(capacity: 256)
    private let startMono_ms = sys_mono_ms()
    private let startUnix_ms: Int64

    init(config: ConfigPointer, options: RunOptions, log: Logger, http: OpaquePointer, signing: Signing?,
         state: UnsafeMutablePointer<sys_state>, record: UnsafeMutablePointer<ek_record>, control: OpaquePointer?, sink: (any StatusSink)?) {
        self.config = config
        self.options = options
        self.log = log
        self.http = http
        self.signing = signing
        self.state = state
        self.record = record
        self.control = control
        self.sink = sink
        supervisor = Supervisor(quiet: options.once || sink != nil)
        alerts = Alerts(config, on: !options.once && sink == nil)
        startUnix_ms = options.startUnix_s != 0 ? options.startUnix_s * 1000 : sys_unix_ms()
    }

    /// Accelerated clocks both run from the monotonic one; at speed 1 wall time is the system's own, steps and all.
    func now() -> Now {
        let passed_ms = UInt64(max(0, sys_mono_ms() - startMono_ms)) * options.speed
        let unix_ms = options.speed == 1 && options.startUnix_s == 0 ? sys_unix_ms() : startUnix_ms + Int64(passed_ms)
        return Now(mono_ms: passed_ms, unix_s: unix_ms / 1000)
    }

    // MARK: effects

    package func post(endpoint: Int, id: UInt32, body: UnsafeBufferPointer<UInt8>) -> Bool {
        web?.asked(id, body)
        return sys_http_post(http, Int32(endpoint), id, body.baseAddress, body.count, config.pointee.timeout_ms) == 0
    }

    package func persist(_ record: UnsafeMutablePointer<ek_record>) -> Int32 {
        if !persistent { return 0 }
        let result = sys_state_store(state, record)
        if result == SYS_STATE_OK {
            web?.wrote()
            return 0
        }
        var t = Text()
        t.put(c: sys_state_text(state))
        self.log(.error, t)
        return state.pointee.os_errno != 0 ? state.pointee.os_errno : -1
    }

    package func sign(_ message: UnsafeBufferPointer<UInt8>, claim: UnsafePointer<ek_policy_claim>, oracle: UnsafeBufferPointer<UInt8>,
                     into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal) {
        guard let s = signing else { throw .refused(Text("there is no signer"), breaker: false) }
        try s.sign(message, claim, oracle, into: signature, unix_s: now().unix_s)
    }

    package func unsigned() -> Text? { signing?.trouble }

    package func arm(_ live: Bool) -> Text? {
        guard let s = signing else { return Text("there is no signer") }
        if live { return s.wake() }
        s.rest()
        return nil
    }

    package func log(_ level: Level, _ human: Text) {
        log.write(level, human, tick: machine?.ticks ?? 0, ticket: ticketWord(), time_s: now().unix_s)
    }

    /// The first characters of the open order's signature: enough to find its lines.
    private func ticketWord() -> Text {
        guard let m = machine, m.ticketOpen, let s = ek_ticket_signature(m.ticket) else { return Text(capacity: 0) }
        var t = Text()
        t.put(signature: s)
        if t.count > 8 { t.bytes.removeLast(t.count - 8) }
        return t
    }

    package func killed() -> Bool {
        guard let path = sys_config_kill_file(config), path.pointee != 0 else { return false }
        return sys_path_there(path) != 0
    }

    package func report(_ m: Machine) {
        let changed = lastStatus != m.report.status
        lastStatus = m.report.status
        line.clear()
        line.put("status ")
        let words = line.count
        line.put(m.report.status.word)
        line.put(": ")
        line.put(m.report.reason)
        if log.says(changed ? .info : .debug) { log(changed ? .info : .debug, line) }
        if options.json && !options.once { write(m.statusJson(newline: true)) }
        let ended = m.phase == .idle
        if ended { finished = true }
        // A tick that ended has read the book in it, or not; one with an order open has heard of the chain, or not.
        var answers: UInt64 = 0
        for e in m.endpoints.all { answers += e.answers }
        let read = ended ? m.bookKnown && m.bookReadAt_ms >= m.tickStarted_ms : answers > answersSeen
        answersSeen = answers
        supervisor.tick(whole: read, line, from: words)
        alerts.observe(m, read: read, ended: ended, now())
        if ended { tickEnded(m) }
        log.sayHeld(now().unix_s, tick: m.ticks)
        web?.reported(m, now())
        sink?.status(m, now())
    }

    private func write(_ text: Text) {
        _ = text.bytes.withUnsafeBufferPointer { sys_write_all(1, $0.baseAddress, $0.count) }
    }

    func printLine(_ text: consuming Text) {
        text.put("\n")
        write(text)
    }

    // MARK: the loop

    /// Runs until a signal, or with `once` until one tick is carried through. Returns the exit code.
    func run(_ m: Machine) -> Int32 {
        machine = m
        let signals = sys_signals_open()
        let began = now()
        if let t = supervisor.trouble { log(.warning, t) }
        supervisor.plan(interval_ms: m.rules.interval_ms, timeout_ms: UInt64(config.pointee.timeout_ms))
        openAlerts()
        m.start(began)
        alerts.started(m, began)
        // Bounded even on a chain that stands still: a blockhash's life (150 slots, generously), the fill timeout, two timeouts.
        let onceEnds_ms = began.mono_ms + 120_000 + (UInt64(config.pointee.fill_timeout_s) * 1000) + 2 * UInt64(config.pointee.timeout_ms)
        while stopSignal == 0 && !(options.once && finished) && !(sink?.done ?? false) {
            m.step(.timer, now())
            deliver(m)
            if options.once && finished { break }
            if options.once && now().mono_ms > onceEnds_ms {
                m.giveUp(now())
                break
            }
            sendAlerts(m)
            tendWeb(m)
            let wait_ms = waitTime_ms(m, options.once ? onceEnds_ms : UInt64.max)
            var fds = (signals, Int32(-1), web?.fd ?? -1, signing?.fd ?? -1)
            if let c = control { fds.1 = sys_control_fd(c) }
            let ready = withUnsafeBytes(of: &fds) {
                sys_http_wait(http, $0.baseAddress?.assumingMemoryBound(to: Int32.self), 4, wait_ms)
            }
            if let s = signing, ready & 8 != 0 || s.wait_ms == 0 { s.news { log($0, $1) } }
            if ready & 1 != 0 { takeSignals(signals, m) }
            if let c = control, ready & 2 != 0 || sys_control_busy(c) > 0 { serveControl(m) }
            if ready & 4 != 0 { web?.serve(m, now()) { log(.info, $0) } }
            deliver(m)
        }
        return conclude(m)
    }

    /// Publishes what moved, and says what happened to the role.
    private func tendWeb(_ m: Machine) {
        guard let w = web else { return }
        w.look(m, now())
        if w.port != servedPort && w.port != 0 {
            servedPort = w.port
            sink?.served(port: servedPort)
        }
        w.tend { log(.warning, $0) }
    }

    private func waitTime_ms(_ m: Machine, _ latest_ms: UInt64) -> Int32 {
        let t = now().mono_ms
        let due = min(m.wake_ms, latest_ms)
        if due <= t { return 0 }
        var real = min((due - t + options.speed - 1) / options.speed, sink == nil ? 3_600_000 : 100)
        let alert = alerts.wake_ms
        if alert != UInt64.max {
            let r = UInt64(max(0, sys_mono_ms()))
            real = alert <= r ? 0 : min(real, alert - r)
        }
        if let c = control, sys_control_busy(c) > 0 { real = min(real, 500) }      // its clients have time limits
        if let s = signing, s.wait_ms >= 0 { real = min(real, UInt64(s.wait_ms)) }
        return Int32(real)
    }

    private func deliver(_ m: Machine) {
        var r = sys_http_result()
        while sys_http_next(http, &r) != 0 {
            if r.endpoint >= hookEndpoint {
                alertAnswered(r)
                continue
            }
            let answer = Answer(r)
            if answer.wire != .ok {
                var t = Text("endpoint ")
                t.put(c: sys_config_url_shown(config, UInt32(r.endpoint)))
                t.put(": ")
                t.put(c: r.error)
                log(.debug, t)
            }
            web?.answered(r)
            m.step(.answer(answer), now())
        }
    }

    private func takeSignals(_ fd: Int32, _ m: Machine) {
        while true {
            let s = sys_signals_next(fd)
            if s == 0 { return }
            if s == 1 { _ = reload(m) } else { stopSignal = s }
        }
    }

    private func conclude(_ m: Machine) -> Int32 {
        if stopSignal != 0 {
            var t = Text("stopping on signal ")
            t.put(stopSignal)
            t.put(m.ticketOpen ? "; the open ticket is in the state file and is resolved first at the next start" : "")
            supervisor.stopping(t)
            log.sayHeld(now().unix_s, tick: m.ticks, all: true)
            log(.info, t)
            alerts.stopped(t, m, now())
            flushAlerts(m, 3_000)
            return 128 + stopSignal
        }
        if options.once {
            printLine(options.json ? m.statusJson() : m.statusText(now_s: now().unix_s))
            return m.report.status.exitCode
        }
        return 0
    }
}

extension Machine {
    /// `--once` has waited as long as it may: the ticket stays open and is resolved by the next run.
    package func giveUp(_ now: Now) {
        if ticketOpen {
            pendingReport(now)
        } else {
            finish(.error, Text("the tick did not end in time"), now)
        }
    }

}

extension Answer {
    /// The body lives as long as the transfer's.
    init(_ r: sys_http_result) {
        let wire: Wire
        switch r.kind {
        case SYS_HTTP_OK: wire = .ok
        case SYS_HTTP_TIMEOUT: wire = .timeout
        case SYS_HTTP_CONNECT: wire = .connect
        case SYS_HTTP_TLS: wire = .tls
        case SYS_HTTP_TOO_LARGE: wire = .tooLarge
        default: wire = .broken
        }
        self.init(id: r.id, endpoint: Int(r.endpoint), wire: wire, status: Int(r.status), body: UnsafeBufferPointer(start: r.body, count: r.body_len),
                  latency_us: r.latency_us, retryAfter_s: r.retry_after_s)
    }
}
