// The way between the agent and the nodes: every request arrives late, twice, or not at all, and its answer
// may be lost, cut or nonsense. Every accepted request yields exactly one answer to the process that made it,
// as the daemon promises; a request that the agent has given up on may still arrive.
import Engine
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

enum Method: UInt8 {
    case accounts, blockhash, fees, simulate, send, status, epoch, other
}

/// A request under way. `open`: how many of its events are still to come.
struct Request {
    var id: UInt32 = 0
    var endpoint = 0
    var era = 0
    var incarnation = 0
    var method = Method.other
    var body: [UInt8] = []
    var answer = Text()
    var status = 0
    var wire = Wire.ok
    var latency_ms: Int64 = 0
    var deliver_ms: Int64 = 0
    var retryAfter_s: Int64 = -1
    var spoil = Spoil.none
    var answered = false
    var open = 0
    var served = Served()
    /// Counts all requests; a book answer to one made before the last good book is a hedge that came too
    /// late.
    var number: UInt64 = 0
    /// Asked while a decision already stands: a second opinion, not what is decided on.
    var opinion = false
    /// On the machine's own clock.
    var asked_ms: Int64 = 0
}

enum Spoil: UInt8 {
    case none, truncate, garbage, otherId, empty
}

/// What a read of the book showed, for the judge.
struct Served {
    var whole = false
    var truth = Truth()
    /// The world it was read from; nil: of no account in judging.
    var replica: Replica? = nil
    var lied = false
    /// Of a minority fork: a sound agent acts on it only where nobody is there to say otherwise.
    var forked = false
    /// Of another cluster.
    var foreign = false
    /// When it left the others: what came after is not in it, whatever its own slot.
    var knows: UInt64 = 0
    var own_e9: Int64 = 0
}

/// A transaction on its way into a block.
struct Sent {
    var body: [UInt8] = []
    var used = false
}

extension Simulation {
    private func method(_ b: UnsafeBufferPointer<UInt8>) -> Method {
        // All bodies begin {"jsonrpc":"2.0","id":N,"method":"NAME"; blanks may stand before N.
        var i = 20
        let stop = min(b.count - 12, 90)
        while i < stop {
            if b[i] == 0x6D && b[i + 1] == 0x65 && b[i + 6] == 0x22 && b[i + 7] == 0x3A {        // method":
                let c = b[i + 9], at = i + 9
                if c == 0x73 { return b[at + 1] == 0x65 ? .send : .simulate }
                if c != 0x67 { return .other }
                switch b[at + 3] {
                case 0x4D: return .accounts          // getMultipleAccounts
                case 0x4C: return .blockhash         // getLatestBlockhash
                case 0x52: return .fees              // getRecentPrioritizationFees
                case 0x53: return b[at + 4] == 0x69 ? .status : .other
                case 0x45: return .epoch
                default: return .other
                }
            }
            i += 1
        }
        return .other
    }

    func request(_ endpoint: Int, _ id: UInt32, _ body: UnsafeBufferPointer<UInt8>) {
        counted.requests += 1
        let k = newRequest(endpoint, id, body)
        let m = requests[k].method
        if m == .send { judge.posted(requests[k].body, t) }

        let e = endpoints[endpoint]
        var up = e.base_ms / 2 + netRandom.range(0, e.jitter_ms)
        var down = e.base_ms / 2 + netRandom.range(0, e.jitter_ms)
        var arrives = true, answers = true
        var again: Int64 = 0
        if schedule.faultsOn { applyNetworkFaults(k, &up, &down, &arrives, &answers, &again) }
        if isDead(endpoint) {
            arrives = false
            requests[k].wire = .connect
            counted.add(.dead)
        }
        let timeout = Int64(scenario.rules.timeout_ms)
        var open = 1
        if arrives {
            queue.push(t + up, .arrive, k)
            open += 1
            if again > 0 {
                queue.push(t + up + again, .arrive, k)
                open += 1
            }
        }
        var at = t + up + down
        if !arrives && requests[k].wire == .ok && requests[k].status == 200 { answers = false }
        if !answers || at - t >= timeout {
            requests[k].wire = .timeout
            at = t + timeout
        }
        requests[k].latency_ms = at - t
        requests[k].deliver_ms = at
        requests[k].open = open
        queue.push(at, .deliver, k)
        trace.add(t, "post", Int64(m.rawValue), Int64(endpoint), arrives ? up : -1)
    }

    private func newRequest(_ endpoint: Int, _ id: UInt32, _ body: UnsafeBufferPointer<UInt8>) -> Int {
        let k: Int
        if let f = freeRequests.popLast() { k = f } else {
            k = requests.count
            requests.append(Request())
        }
        requests[k].id = id
        requests[k].endpoint = endpoint
        requests[k].era = endpoints[endpoint].era
        requests[k].incarnation = incarnation
        requests[k].method = method(body)
        requests[k].body = [UInt8](unsafeUninitializedCapacity: body.count) { to, n in
            if let p = body.baseAddress, let q = to.baseAddress {
                UnsafeMutableRawPointer(q).copyMemory(from: p, byteCount: body.count)
            }
            n = body.count
        }
        requests[k].answer.clear()
        requests[k].status = 200
        requests[k].wire = .ok
        requests[k].retryAfter_s = -1
        requests[k].spoil = .none
        requests[k].answered = false
        requests[k].served = Served()
        requests[k].number = counted.requests
        // Read to confirm a book, or for the signer's memory of prices.
        requests[k].opinion = switch machine?.stage {
        case .checking, .idle, .watching: true
        default: false
        }
        requests[k].asked_ms = machine_ms
        return k
    }

    /// The faults of the network, each by its own odds.
    private func applyNetworkFaults(_ k: Int, _ up: inout Int64, _ down: inout Int64, _ arrives: inout Bool,
                                    _ answers: inout Bool,
                                    _ again: inout Int64) {
        let e = requests[k].endpoint
        let most = liarsAbout && !isLiar(e) ? Simulation.mostNoise_permille : 1_000
        func strikes(_ c: FaultClass) -> Bool {
            let w = schedule.state[Int(c.rawValue)]
            guard w.on, w.target < 0 || w.target == e else { return false }
            guard netRandom.chance(permille: min(w.level, most)) else { return false }
            counted.add(c)
            return true
        }
        if strikes(.delay) {
            if netRandom.below(2) == 0 {
                up += netRandom.range(500, 90_000)
            } else {
                down += netRandom.range(500, 20_000)
            }
        }
        if strikes(.loss) {
            if netRandom.below(2) == 0 { arrives = false } else { answers = false }
        }
        if strikes(.halfopen) {
            arrives = netRandom.below(2) == 0
            answers = false
        }
        let reorder = schedule.state[Int(FaultClass.reorder.rawValue)]
        if reorder.on && netRandom.chance(permille: reorder.level) { down += netRandom.range(0, 3_000) }
        if strikes(.duplicate) { again = netRandom.range(1, 40_000) }
        if strikes(.limit) {
            arrives = false
            requests[k].status = 429
            requests[k].retryAfter_s = netRandom.below(2) == 0 ? netRandom.range(1, 20) : -1
        }
        if strikes(.server) {
            // A proxy's 5xx says nothing about whether the node took the request.
            arrives = netRandom.below(2) == 0
            requests[k].status = netRandom.pick([500, 502, 503, 504])
        }
        if strikes(.truncate) {
            if netRandom.below(2) == 0 { requests[k].spoil = .truncate } else { requests[k].wire = .broken }
        }
        if strikes(.garbage) { requests[k].spoil = netRandom.pick([.garbage, .otherId, .empty]) }
        let x = schedule.state[Int(FaultClass.execerror.rawValue)]
        if requests[k].method == .send && x.on && netRandom.chance(permille: x.level) {
            counted.add(.execerror)
            if netRandom.below(2) == 0 { requests[k].status = 500 } else { requests[k].wire = .broken }
        }
        if netRandom.chance(permille: 2) && scenario.has(.loss) {
            arrives = false
            requests[k].wire = .connect
        }
    }

    func deliver(_ k: Int) {
        let r = requests[k]
        defer { release(k) }
        guard machine != nil, r.incarnation == incarnation else { return }
        var body = r.answer
        let faulty = r.wire != .ok || r.status != 200
        if faulty { body.clear() }
        spoil(&body, r)
        if !faulty && r.answered { noteOrder(r) }
        let readable = !faulty && r.spoil == .none
        if r.method == .other && readable {
            judge.clusterTold(afterAnother: schedule.foreignTold, machine_ms: machine_ms)
            schedule.foreignTold = schedule.foreignAt == r.endpoint
        }
        // An answer that the agent has given up on is thrown away by it, whatever it shows.
        if r.served.whole && readable && machine?.awaits(r.id) ?? false {
            judge.shown(Seen(served: r.served, endpoint: r.endpoint, asked_ms: r.asked_ms, at_ms: machine_ms,
                             looked: r.opinion))
        }
        let shown = r.served.whole ? Int64(r.served.truth.slot)
            : Int64(r.wire.rawValue) * 100 + Int64(r.spoil.rawValue)
        trace.add(t, "answer", Int64(r.method.rawValue), Int64(r.status), shown)
        body.bytes.withUnsafeBufferPointer { b in
            step(.answer(Answer(id: r.id, endpoint: r.endpoint, wire: r.wire,
                                status: r.wire == .ok ? r.status : 0, body: b,
                                latency_us: UInt32(clamping: r.latency_ms * 1000), retryAfter_s: r.retryAfter_s)))
        }
    }

    private func spoil(_ body: inout Text, _ r: Request) {
        switch r.spoil {
        case .none: break
        case .truncate: body.bytes.removeLast(body.count - body.count * 2 / 3)
        case .garbage: body = "<html><body>502 Bad Gateway</body></html>"
        case .empty: body.clear()
        case .otherId:
            body.clear()
            body.put("{\"jsonrpc\":\"2.0\",\"result\":{\"context\":{\"slot\":1},\"value\":null},\"id\":4000000000}")
        }
    }

    func release(_ k: Int) {
        requests[k].open -= 1
        if requests[k].open == 0 { freeRequests.append(k) }
    }

    /// Counts answers that overtook an older request's, where the class that makes them is on.
    private func noteOrder(_ r: Request) {
        if r.number < schedule.newestDelivered && schedule.state[Int(FaultClass.reorder.rawValue)].on {
            counted.add(.reorder)
        }
        schedule.newestDelivered = max(schedule.newestDelivered, r.number)
    }
}
