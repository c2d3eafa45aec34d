// The real world around the machine: libcurl, the state file, the key, signals, the control socket, the
// clocks. One thread, one wait. What the machine asks for is in Effects.swift.
import Accounting
import Alerts
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Rpc
import Text

package final class Driver: Effects {
    let config: ConfigPointer
    let options: RunOptions
    package var log: Logger
    let http: OpaquePointer
    /// nil in paper mode: nothing is signed, no key is held anywhere.
    let signing: SignerClient?
    let file: StateFile
    let sink: (any StatusSink)?
    let control: OpaquePointer?
    var supervisor: Supervisor
    var alerts: AlertDelivery
    var waiting: [Waiting] = []
    var persistent = true
    /// The history; nil: none is kept (History.swift).
    var ring: UnsafeMutablePointer<sys_ring>? = nil
    var ringFailing = false
    var machine: Machine? = nil
    var stopSignal: Int32 = 0
    var finished = false
    var lastStatus: Status? = nil
    var answersSeen: UInt64 = 0
    /// When the signer is to be shown the next prices; its loss limit as it was last said.
    var pricesDue_ms: UInt64 = 0
    var lossSaid: SignerLoss? = nil
    var web: WebFeed? = nil
    private var servedPort: UInt16 = 0
    var statusJson = StatusJson()

    init(config: ConfigPointer, options: RunOptions, log: Logger, http: OpaquePointer, signing: SignerClient?,
         file: StateFile, control: OpaquePointer?, sink: (any StatusSink)?) {
        self.config = config
        self.options = options
        self.log = log
        self.http = http
        self.signing = signing
        self.file = file
        self.control = control
        self.sink = sink
        supervisor = Supervisor(quiet: options.once || sink != nil)
        alerts = AlertDelivery(config, http: http, on: !options.once && sink == nil)
    }

    /// Accelerated clocks both run from the monotonic one; at speed 1 wall time is the system's own, steps
    /// and all.
    func now() -> Now {
        let passed_ms = UInt64(max(0, sys_mono_ms() - options.startMono_ms)) * options.speed
        let unix_ms = options.ownTime ? options.startedUnix_ms + Int64(passed_ms) : sys_unix_ms()
        return Now(mono_ms: passed_ms, unix_s: unix_ms / 1000)
    }

    // MARK: the loop

    /// Runs until a signal, or with `once` until one tick is carried through. Returns the exit code.
    func run(_ m: Machine) -> Int32 {
        machine = m
        let signals = sys_signals_open()
        let began = now()
        if let t = supervisor.trouble { log(.warning, t) }
        supervisor.plan(interval_ms: m.rules.interval_ms, timeout_ms: UInt64(config.pointee.timeout_ms))
        alerts.openTargets { log($0, $1) }
        m.start(began)
        alerts.started(m, began)
        // Bounded even if the chain has stopped: a blockhash's life (150 slots, generously), the fill
        // timeout, two timeouts.
        let onceEnds_ms = began.mono_ms + 120_000 + (UInt64(config.pointee.fill_timeout_s) * 1000)
            + 2 * UInt64(config.pointee.timeout_ms)
        while stopSignal == 0 && !(options.once && finished) && !(sink?.done ?? false) {
            m.step(.timer, now())
            deliver(m)
            if options.once && finished { break }
            if options.once && now().mono_ms > onceEnds_ms {
                m.giveUp(now())
                break
            }
            alerts.send(m, now_s: now().unix_s) { log($0, $1) }
            tendWeb(m)
            let wait_ms = waitTime_ms(m, options.once ? onceEnds_ms : UInt64.max)
            waitAndServe(m, signals, wait_ms)
            deliver(m)
        }
        return conclude(m)
    }

    /// The one wait: signals, the control socket, the page and the signer beside the transfers.
    private func waitAndServe(_ m: Machine, _ signals: Int32, _ wait_ms: Int32) {
        var fds = (signals, Int32(-1), web?.fd ?? -1, signing?.fd ?? -1)
        if let c = control { fds.1 = sys_control_fd(c) }
        let ready = withUnsafeBytes(of: &fds) {
            sys_http_wait(http, $0.baseAddress?.assumingMemoryBound(to: Int32.self), 4, wait_ms)
        }
        if let s = signing, ready & 8 != 0 || s.wait_ms == 0 {
            s.news { log($0, $1) }
            sayLossLimit()
        }
        if ready & 1 != 0 { takeSignals(signals, m) }
        if let c = control, ready & 2 != 0 || sys_control_busy(c) > 0 { serveControl(m) }
        if ready & 4 != 0 { web?.serve(m, now()) { log(.info, $0) } }
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
        // The control socket's clients have time limits.
        if let c = control, sys_control_busy(c) > 0 { real = min(real, 500) }
        if let s = signing, s.wait_ms >= 0 { real = min(real, UInt64(s.wait_ms)) }
        return Int32(real)
    }

    private func deliver(_ m: Machine) {
        var r = sys_http_result()
        while sys_http_next(http, &r) != 0 {
            if r.endpoint >= hookEndpoint {
                alerts.answered(r) { log($0, $1) }
                continue
            }
            let answer = Answer(r)
            if answer.wire != .ok {
                let url = sys_config_url_shown(config, UInt32(r.endpoint))
                log(.debug, "endpoint \(c: url): \(c: r.error)")
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
            var t: Text = "stopping on signal \(stopSignal)"
            if m.ticketOpen {
                t.put("; the open ticket is in the state file and is resolved first at the next start")
            }
            supervisor.stopping(t)
            log.sayHeld(now().unix_s, tick: m.ticks, all: true)
            log(.info, t)
            alerts.stop(t, m, now(), most_ms: 3_000) { log($0, $1) }
            return 128 + stopSignal
        }
        if options.once {
            let (json, at_s) = (options.json, now().unix_s)
            if json { printLine(statusJson.message(m)) } else { write(statusText(m, now_s: at_s)) }
            return m.report.status.exitCode
        }
        return 0
    }

    /// Before the process shuts itself in.
    func openAlertFile() {
        let refused = besideState(config, ".refused")
        let path = besideState(config, ".alerts")
        alerts.openFile(path, refused: refused, kept: persistent, now()) { log($0, $1) }
    }
}
