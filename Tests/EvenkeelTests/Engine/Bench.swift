// A bench for the machine: it stands between the agent's state machine and an embedded chain, carries
// requests over by hand, and writes down every effect in order.
import Accounting
import Engine
import EvenkeelCore
import Foundation
import Localnet
import Model
import Rpc
import Text

enum Effect: Equatable {
    case post(endpoint: Int, method: String)
    case persist(ticket: UInt8)
    case sign
    case report(String)
}

final class Bench: Effects {
    let node: ChainNode
    let record: UnsafeMutablePointer<ek_record>
    private(set) var machine: Machine!
    var effects: [Effect] = []
    var logs: [String] = []
    /// Bodies of sendTransaction, without their ids.
    var sent: [String] = []
    private var waiting: [(id: UInt32, endpoint: Int, body: [UInt8])] = []
    var mono_ms: UInt64 = 1_000
    /// How long the chain's slots take; a multiple of 50.
    var slot_ms: UInt64 = 250
    var unix_s: Int64 = 1_786_205_390
    // What the test breaks.
    var persistErrno: Int32 = 0
    var signs = true
    var refusal: SignRefusal? = nil
    var kill = false
    // What went to the history.
    var samples: [ek_sample] = []
    var corrections = 0
    var flushes = 0
    /// What the wire makes of an answer: nil lets it through.
    var wire: (_ method: String, _ endpoint: Int) -> Answered? = { _, _ in nil }
    /// One endpoint stands on a minority fork that left the others here.
    var fork: (endpoint: Int, from: Replica, slot: UInt64)?
    /// One endpoint's node stands still here.
    var frozen: (endpoint: Int, at: Replica)?
    /// One endpoint shows the SOL deposit so many times as large and names a slot this far ahead, as if its
    /// own node stood there.
    var lie: (endpoint: Int, ahead: UInt64, times: UInt64)?
    /// One endpoint forges accounts: every one it shows is given to this.
    var forge: (endpoint: Int, change: (inout Data) -> Void)?
    /// One endpoint's node is always this many slots behind.
    var behind: (endpoint: Int, slots: Int)?
    private var past: [Replica] = []
    /// Changes the answer to getSignatureStatuses: endpoint, request, answer.
    var rewriteStatus: (_ endpoint: Int, _ request: String, _ body: String) -> String = { $2 }
    /// Changes an answer's body on its way.
    var rewrite: (_ method: String, _ endpoint: Int, _ body: String) -> String = { $2 }

    /// How long an answer takes to come, in microseconds.
    var latency: (_ method: String, _ endpoint: Int) -> UInt32 = { _, _ in 1_000 }

    enum Answered { case lost, status(Int, retryAfter_s: Int64), swallowed }

    private let secret = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
    private var pub = ek_key()
    let venue: OpaquePointer?

    init(_ options: ChainOptions = Bench.options(), rules: Rules = Bench.rules(), endpoints: Int = 1) {
        _ = ek_crypto_init()
        ek_ed25519_from_seed([UInt8](repeating: 8, count: 32), &pub, secret)
        var o = options
        o.delegate = Key(pub)
        node = ChainNode(o)
        record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16)
            .bindMemory(to: ek_record.self, capacity: 1)
        let name = o.velocity ? "velocity" : "drift"
        venue = ek_venue_by_name(name, name.utf8.count)
        var owner = node.authorityKey.ek
        _ = ek_record_init(record, name, &owner, 0)
        start(rules, endpoints)
    }

    deinit {
        machine = nil
        UnsafeMutableRawPointer(record).deallocate()
        secret.deallocate()
    }

    static func options(perp: Int64 = -9_000_000_000) -> ChainOptions {
        var o = ChainOptions()
        o.solE9 = 9_000_000_000
        o.walletLamports = 1_000_000_000
        o.perpE9 = perp
        o.volatilityPpmHour = 0
        return o
    }

    static func rules() -> Rules {
        var r = Rules()
        r.mode = .live
        return r
    }

    /// A new process on the same record: what a crash leaves.
    func start(_ rules: Rules, _ endpoints: Int = 1) {
        waiting = []
        let account = Account(venue: venue, authority: node.authorityKey.ek, subAccount: 0, signer: pub)
        machine = Machine(effects: self, rules: rules, account: account,
                          endpointCount: endpoints, record: record)
        machine.start(now)
    }

    var now: Now { Now(mono_ms: mono_ms, unix_s: unix_s) }
    var ticket: UInt8 { ek_record_ticket(record).pointee.state }
    var status: String { String(describing: machine.report.status.word) }
    var reason: String { String(decoding: machine.report.reason.bytes, as: UTF8.self) }

    // MARK: Effects

    func post(endpoint: Int, id: UInt32, body: UnsafeBufferPointer<UInt8>) -> Bool {
        let method = Bench.method(body)
        effects.append(.post(endpoint: endpoint, method: method))
        if method == "sendTransaction" {
            let text = String(decoding: body, as: UTF8.self)
            sent.append(String(text[text.range(of: "params")!.lowerBound...]))
        }
        waiting.append((id, endpoint, Array(body)))
        return true
    }

    func persist(_ record: UnsafeMutablePointer<ek_record>) throws(WriteFailure) {
        effects.append(.persist(ticket: ek_record_ticket(record).pointee.state))
        if persistErrno != 0 { throw WriteFailure(errno: persistErrno) }
    }

    func sign(_ message: UnsafeBufferPointer<UInt8>, claim: UnsafePointer<ek_policy_claim>,
              oracle: UnsafeBufferPointer<UInt8>,
              into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal) {
        effects.append(.sign)
        if let why = refusal { throw why }
        guard signs, let m = message.baseAddress else {
            throw .refused(Text("the signer did not sign the order"), breaker: false)
        }
        ek_ed25519_sign(secret, m, message.count, signature)
    }

    var killSwitchOn: Bool { kill }
    func keep(_ ring: Int32, _ sample: UnsafeMutablePointer<ek_sample>) {
        if ring == Int32(EK_RING_MINUTES) { samples.append(sample.pointee) }
    }
    func keep(_ correction: UnsafeMutablePointer<ek_ring_correction>) { corrections += 1 }
    func flushHistory() { flushes += 1 }
    func log(_ level: Level, _ human: Text) { logs.append(String(decoding: human.bytes, as: UTF8.self)) }
    /// When prices were shown to the signer between ticks, and the newest of them.
    var shownAt_ms: [UInt64] = []
    var shown_e6: Int64 = 0
    func showPrices(_ m: Machine, from book: Book) {
        m.eachOraclePrice(in: book) { _, bytes in
            shownAt_ms.append(mono_ms)
            let price_e8 = UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: 8, as: Int64.self)
            shown_e6 = price_e8 / 100
        }
    }
    func report(_ m: Machine) { effects.append(.report(String(describing: m.report.status.word))) }

    private static func method(_ body: UnsafeBufferPointer<UInt8>) -> String {
        let text = String(decoding: body, as: UTF8.self)
        let start = text.range(of: "\"method\":\"")!.upperBound
        return String(text[start...].prefix { $0 != "\"" })
    }

    // MARK: time and wire

    /// Lets `ms` pass in steps of 50: the chain's slots, due timers, answers.
    func run(_ ms: UInt64) {
        let end = mono_ms + ms
        while mono_ms < end {
            mono_ms += 50
            if mono_ms % slot_ms == 0 {
                past.append(node.replica())
                if past.count > 40 { past.removeFirst() }
                node.jump(slots: 1, ms: Int64(slot_ms))
            }
            if mono_ms % 1000 == 0 { unix_s += 1 }
            if machine.wake_ms <= mono_ms { machine.step(.timer, now) }
            deliver()
        }
    }

    /// Runs until the tick has ended, at most `ms`.
    func runTick(_ ms: UInt64 = 400_000) {
        let end = mono_ms + ms
        machine.step(.timer, now)
        deliver()
        while machine.stage != .idle && mono_ms < end { run(50) }
    }

    /// Begins a tick and runs until an order was sent.
    func runUntilSent() {
        machine.step(.timer, now)
        for _ in 0..<400 where sent.isEmpty { run(50) }
    }

    private func deliver() {
        while !waiting.isEmpty {
            let r = waiting.removeFirst()
            let method = r.body.withUnsafeBufferPointer { Bench.method($0) }
            var out = Text()
            var answered = wire(method, r.endpoint)
            let forked = fork.flatMap { f in f.endpoint == r.endpoint ? f : nil }
            let lies = lie.flatMap { $0.endpoint == r.endpoint ? $0 : nil }
            let request = String(decoding: r.body, as: UTF8.self)
            if case .lost = answered {} else {
                let late = behind.flatMap {
                    $0.endpoint == r.endpoint && past.count >= $0.slots ? past[past.count - $0.slots] : nil
                }
                let still = frozen.flatMap { $0.endpoint == r.endpoint ? $0.at : nil }
                let seen = forked.map { node.onFork($0.from, phantom_e9: 0) } ?? still ?? late
                // A liar has always reached the slot it is asked for.
                let slotless = #/"minContextSlot": *\d+/#
                let body = lies == nil
                    ? r.body : Array(request.replacing(slotless, with: "\"minContextSlot\":0").utf8)
                _ = body.withUnsafeBufferPointer {
                    node.handle($0, &out, seenBy: seen, fork: forked?.slot ?? .max)
                }
            }
            // it arrived and was executed; the answer is lost
            if case .swallowed = answered { answered = .lost }
            var text = rewrite(method, r.endpoint, String(decoding: out.bytes, as: UTF8.self))
            if method == "getSignatureStatuses" { text = rewriteStatus(r.endpoint, request, text) }
            if let l = lies { text = Bench.lied(text, l.ahead, l.times) }
            if let f = forge, f.endpoint == r.endpoint { text = Bench.forged(text, f.change) }
            let changed = Array(text.utf8)
            changed.withUnsafeBufferPointer { body in
                var a = Answer(id: r.id, endpoint: r.endpoint, wire: .ok, status: 200, body: body,
                               latency_us: latency(method, r.endpoint), retryAfter_s: 0)
                switch answered {
                case .lost: a.wire = .timeout
                case .status(let code, let s):
                    a.status = code
                    a.retryAfter_s = s
                default: break
                }
                machine.step(.answer(a), now)
            }
        }
    }

    /// Every User in the answer with its SOL deposit multiplied, every Clock and the answer's slot `ahead` of
    /// the truth.
    private static func lied(_ text: String, _ ahead: UInt64, _ times: UInt64) -> String {
        forged(text) { d in
            if d.count == 4496 { alter(&d, 104 + 40) { $0 * times } }
            if d.count == 40 { alter(&d, 0) { $0 + ahead } }
        }.replacing(#/("context":\{[^}]*"slot": *)(\d+)/#) { "\($0.1)\((UInt64($0.2) ?? 0) + ahead)" }
    }

    /// Changes eight bytes of an account.
    static func alter(_ d: inout Data, _ at: Int, _ change: (UInt64) -> UInt64) {
        let v = d.subdata(in: at..<at + 8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        withUnsafeBytes(of: change(v)) { d.replaceSubrange(at..<at + 8, with: $0) }
    }

    private static func forged(_ text: String, _ change: (inout Data) -> Void) -> String {
        text.replacing(#/"([A-Za-z0-9+\/=]{40,})"/#) { m -> String in
            guard var d = Data(base64Encoded: String(m.1)) else { return String(m.0) }
            change(&d)
            return "\"" + d.base64EncodedString() + "\""
        }
    }

    // MARK: looking at the chain

    func chain(_ op: String) {
        var out = Text()
        _ = Array(op.utf8).withUnsafeBufferPointer { node.control($0, &out) }
    }

    /// A request to the node that the agent knows nothing of.
    func rpc(_ request: String, _ out: inout Text) {
        _ = Array(request.utf8).withUnsafeBufferPointer { node.handle($0, &out) }
    }

    /// The account's perp position, read past the agent.
    var perp_e9: Int64 {
        var out = Text()
        _ = Array("{\"op\":\"events\"}".utf8).withUnsafeBufferPointer { node.control($0, &out) }
        let text = String(decoding: out.bytes, as: UTF8.self)
        guard let last = text.range(of: "\"base\":", options: .backwards) else { return 0 }
        return Int64(text[last.upperBound...].prefix { $0 == "-" || $0.isNumber }) ?? 0
    }
}
