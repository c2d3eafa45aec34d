// `check`: every condition for live trading, measured. The machine itself is run for one tick, as live, by a
// host that signs nothing, writes nothing and refuses to send; what it would sign is what it would do. Around
// it: files, disk, endpoints, the clock, the key's rights. The process never holds the secret half of a key:
// it is loaded for its address and wiped.
import Accounting
import Daemon
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

enum Finding: UInt8 {
    case ok, warn, fail
}

struct CheckRow {
    var finding: Finding
    var name: Text
    var value: Text
    var limit = Text()
    /// What to do; empty for what is well.
    var remedy = Text()
}

/// What one endpoint said of itself.
struct EndpointAnswers {
    var step = 0
    var waiting = false
    var version = Text()
    var genesis: ek_key? = nil
    var slot: UInt64 = 0
    var latency_us: UInt32 = 0
    var requestsLeft: Int64 = -1
    var trouble: Text? = nil
    var troubleRemedy: StaticString = ""
    var programThere = false
    var programExecutable = false
    /// What it would not answer, and how far behind it says that it is.
    var refused: [RefusedMethod] = []
    var behind_slots: UInt64 = 0
    /// A rate limit was hit: asked again then, a few times.
    var again_ms: Int64 = 0
    var limited = 0

    /// Whether an order could be prepared through it alone.
    var servesOrders: Bool { trouble == nil && !refused.contains { $0.needed } }
}

/// A method that an endpoint does not offer, or not in the form that is needed.
struct RefusedMethod {
    var method: StaticString
    /// No order can be made without it.
    var needed: Bool
    var why: Text
    var remedy: StaticString
}

final class Checker: Effects {
    let config: ConfigPointer
    let http: OpaquePointer
    var rows: [CheckRow] = []
    var machine: Machine? = nil
    var ended = false
    /// The machine came as far as asking for a signature: this is what it would do now.
    var wouldSign = false
    /// The worst price of that order.
    var worstPrice_e6: Int64 = 0
    /// A send was asked for; never done. Must stay false.
    var wouldSend = false
    var lastError = Text()
    var endpoints: [EndpointAnswers] = []
    var simulated: Answer? = nil
    var simulatedBody: [UInt8] = []
    private let began_ms = sys_mono_ms()

    init(_ config: ConfigPointer, _ http: OpaquePointer) {
        self.config = config
        self.http = http
    }

    func now() -> Now { Now(mono_ms: UInt64(max(0, sys_mono_ms() - began_ms)), unix_s: sys_unix_ms() / 1000) }

    // MARK: the host of a machine that may look and not touch

    func post(endpoint: Int, id: UInt32, body: UnsafeBufferPointer<UInt8>) -> Bool {
        if Checker.sends(body) {
            wouldSend = true
            return false
        }
        let timeout_ms = config.pointee.timeout_ms
        return sys_http_post(http, Int32(endpoint), id, body.baseAddress, body.count, timeout_ms) == 0
    }

    /// The last lock: whatever the machine does, nothing that could land leaves this process.
    private static func sends(_ body: UnsafeBufferPointer<UInt8>) -> Bool {
        let word: StaticString = "\"sendTransaction\""
        let n = word.utf8CodeUnitCount
        if body.count < n { return false }
        for i in 0...(body.count - n) {
            var k = 0
            while k < n && body[i + k] == word.utf8Start[k] { k += 1 }
            if k == n { return true }
        }
        return false
    }

    func persist(_ record: UnsafeMutablePointer<ek_record>) throws(WriteFailure) {}

    func sign(_ message: UnsafeBufferPointer<UInt8>, claim: UnsafePointer<ek_policy_claim>,
              oracle: UnsafeBufferPointer<UInt8>,
              into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal) {
        wouldSign = true
        worstPrice_e6 = claim.pointee.worst_price_e6
        throw .refused("check signs nothing", breaker: false)
    }

    func log(_ level: Level, _ human: Text) {
        if level == .error || level == .warning { lastError = human }
    }

    var killSwitchOn: Bool {
        guard let path = sys_config_kill_file(config), path.pointee != 0 else { return false }
        return sys_path_there(path) != 0
    }

    func report(_ machine: Machine) {
        if machine.stage == .idle { ended = true }
    }

    // MARK: rows

    func row(_ finding: Finding, _ name: Text, _ value: Text, limit: Text = Text(), remedy: Text = Text()) {
        rows.append(CheckRow(finding: finding, name: name, value: value, limit: limit,
                             remedy: finding == .ok ? Text() : remedy))
    }

    var failed: Int {
        var n = 0
        for r in rows where r.finding == .fail { n += 1 }
        return n
    }

    // MARK: one tick

    /// Runs the machine until its tick has ended, `most_ms` at most.
    func tick(_ m: Machine, most_ms: UInt64) {
        machine = m
        let end = now().mono_ms + most_ms
        m.start(now())
        while !ended && now().mono_ms < end {
            m.step(.timer, now())
            if ended { break }
            let t = now().mono_ms
            let wait = min(m.wake_ms > t ? m.wake_ms - t : 0, end > t ? end - t : 0)
            _ = sys_http_wait(http, nil, 0, Int32(min(wait, 1_000)))
            var r = sys_http_result()
            while sys_http_next(http, &r) != 0 && !ended { m.step(.answer(Answer(r)), now()) }
        }
        drain()
    }

    /// Lets what is still under way end, so that the next request finds free lanes.
    func drain() {
        let end = sys_mono_ms() + Int64(config.pointee.timeout_ms)
        while sys_http_busy(http) > 0 && sys_mono_ms() < end {
            _ = sys_http_wait(http, nil, 0, 100)
            var r = sys_http_result()
            while sys_http_next(http, &r) != 0 {}
        }
    }
}
