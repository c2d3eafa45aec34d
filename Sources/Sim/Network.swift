// The way between the agent and the nodes: every request arrives late, twice, or not at all, and its answer may be lost, cut or nonsense.
// Every accepted request yields exactly one answer to the process that made it, as the driver promises; a request that the agent has
// given up on may still arrive.
import Agent
import Chain
import EvenkeelCore
import Kit

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
    /// Counts all requests; a book answer to one made before the last good book is a hedge that came too late.
    var number: UInt64 = 0
    /// Asked while a decision already stands: a second opinion, not what is decided on.
    var opinion = false
}

enum Spoil: UInt8 {
    case none, truncate, garbage, otherId, empty
}

/// What a read of the book showed, for the judge.
struct Served {
    var whole = false
    var truth = Truth()
    var lied = false
    /// Of a minority fork: a sound agent acts on it only where nobody is there to say otherwise.
    var forked = false
    /// Of another cluster.
    var alien = false
    /// When it left the others: what came after is not in it, whatever its own slot.
    var knows: UInt64 = 0
    var own_e9: Int64 = 0
}

/// A transaction on its way into a block.
struct Sent {
    var body: [UInt8] = []
    var used = false
}

extension World {
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
        let k: Int
        if let f = freeRequests.popLast() { k = f } else {
            k = requests.count
            requests.append(Request())
        }
        let m = method(body)
        requests[k].id = id
        requests[k].endpoint = endpoint
        requests[k].era = endpoints[endpoint].era
        requests[k].incarnation = incarnation
        requests[k].method = m
        requests[k].body = [UInt8](unsafeUninitializedCapacity: body.count) { to, n in
            if let p = body.baseAddress, let q = to.baseAddress { UnsafeMutableRawPointer(q).copyMemory(from: p, byteCount: body.count) }
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
        requests[k].opinion = machine?.phase == .checking
        if m == .send { judge.posted(requests[k].body, t) }

        let e = endpoints[endpoint]
        var up = e.base_ms / 2 + net.range(0, e.jitter_ms)
        var down = e.base_ms / 2 + net.range(0, e.jitter_ms)
        var arrives = true, answers = true
        var again: Int64 = 0
        if weather.netActive { meddle(k, &up, &down, &arrives, &answers, &again) }
        let timeout = Int64(setup.rules.timeout_ms)
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

    /// The faults of the way, each by its own odds.
    private func meddle(_ k: Int, _ up: inout Int64, _ down: inout Int64, _ arrives: inout Bool, _ answers: inout Bool, _ again: inout Int64) {
        let e = requests[k].endpoint
        func strikes(_ c: FaultClass) -> Bool {
            let w = weather.state[Int(c.rawValue)]
            guard w.on, w.target < 0 || w.target == e, net.chance(permille: w.level) else { return false }
            counted.add(c)
            return true
        }
        if strikes(.delay) {
            if net.below(2) == 0 { up += net.range(500, 90_000) } else { down += net.range(500, 20_000) }
        }
        if strikes(.loss) {
            if net.below(2) == 0 { arrives = false } else { answers = false }
        }
        if strikes(.halfopen) {
            arrives = net.below(2) == 0
            answers = false
        }
        let reorder = weather.state[Int(FaultClass.reorder.rawValue)]
        if reorder.on && net.chance(permille: reorder.level) { down += net.range(0, 3_000) }
        if strikes(.duplicate) { again = net.range(1, 40_000) }
        if strikes(.limit) {
            arrives = false
            requests[k].status = 429
            requests[k].retryAfter_s = net.below(2) == 0 ? net.range(1, 20) : -1
        }
        if strikes(.server) {
            // A proxy's 5xx says nothing about whether the node took the request.
            arrives = net.below(2) == 0
            requests[k].status = net.pick([500, 502, 503, 504])
        }
        if strikes(.truncate) {
            if net.below(2) == 0 { requests[k].spoil = .truncate } else { requests[k].wire = .broken }
        }
        if strikes(.garbage) { requests[k].spoil = net.pick([.garbage, .otherId, .empty]) }
        let x = weather.state[Int(FaultClass.execerror.rawValue)]
        if requests[k].method == .send && x.on && net.chance(permille: x.level) {
            counted.add(.execerror)
            if net.below(2) == 0 { requests[k].status = 500 } else { requests[k].wire = .broken }
        }
        if net.chance(permille: 2) && setup.has(.loss) {
            arrives = false
            requests[k].wire = .connect
        }
    }

    /// A request reaches its node.
    func arrive(_ k: Int) {
        let m = requests[k].method
        if requests[k].era != endpoints[requests[k].endpoint].era {
            requests[k].wire = .broken                 // the connection went with the node behind it
        } else if m == .send {
            sendArrived(k)
        } else if !requests[k].answered {
            ask(k)
        }
        requests[k].answered = true
        release(k)
    }

    private func ask(_ k: Int) {
        let e = requests[k].endpoint
        let isBook = requests[k].method == .accounts
        let eye = eyeOf(e)
        var view = eye?.replica
        var lied = false, forked = false, own_e9 = eye?.own_e9 ?? judge.own_e9
        if weather.alienAt == e, askAlien(k) { return }
        let fork = weather.state[Int(FaultClass.fork.rawValue)]
        if fork.on && fork.target == e, let began = weather.fork {
            counted.add(.fork)
            view = node.onFork(began.replica, phantom_e9: weather.phantom_e9)
            let a = node.truth(view), b = node.truth()
            forked = a.perp_e9 != b.perp_e9 || a.spot_e9 != b.spot_e9 || a.nextOrderId != b.nextOrderId
            own_e9 = forked ? began.own_e9 : judge.own_e9            // whatever else this endpoint would have shown
        }
        let height = weather.state[Int(FaultClass.height.rawValue)]
        let ahead = height.on && (height.target < 0 || height.target == e) ? height.level : 0
        if ahead > 0 && requests[k].method == .epoch { counted.add(.height) }
        let lie = weather.state[Int(FaultClass.lie.rawValue)]
        if isBook && lie.on && (lie.target < 0 || lie.target == e) && net.chance(permille: lie.level) {
            if let old = weather.oldBook, net.below(3) == 0, machine?.phase == .reading {
                let false_ = node.staleUser(old), a = node.truth(false_), b = node.truth()
                lied = a.perp_e9 != b.perp_e9 || a.spot_e9 != b.spot_e9
                if lied { view = false_ }
            } else {
                lied = true
                node.lie(net.pick([.missing, .owner, .short, .discriminator]), account: net.below(5))
            }
            if lied { counted.add(.lie) }
        }
        let body = requests[k].body
        // The buffer is taken out while the node writes into it, so that nothing is copied.
        swap(&scratch, &requests[k].answer)
        let w = body.withUnsafeBufferPointer { node.handle($0, &scratch, seenBy: view, fork: fork.on && fork.target == e ? weather.fork?.replica.slot ?? .max : .max, ahead: ahead) }
        swap(&scratch, &requests[k].answer)
        if lied { node.stopLying() }
        if requests[k].method == .blockhash && lie.on && (lie.target < 0 || lie.target == e) && net.chance(permille: lie.level) { lieAboutHeight(k) }
        if w.status != 200 { requests[k].status = Int(w.status) }
        if isBook {
            // {"jsonrpc":"2.0","result"... and not "error": a node that has not reached the slot that was asked for shows nothing.
            let shows = requests[k].answer.bytes.count > 18 && requests[k].answer.bytes[18] == 0x72
            requests[k].served = Served(whole: shows && requests[k].spoil == .none && readsUser(body), truth: node.truth(view), lied: lied, forked: forked,
                                        knows: forked ? weather.fork?.replica.slot ?? 0 : .max,
                                        own_e9: own_e9)
        }
    }

    /// The node behind this endpoint belongs to another cluster: everything it says is true there.
    private func askAlien(_ k: Int) -> Bool {
        guard let alien = weather.alien else { return false }
        counted.add(.genesis)
        let slots = (t - weather.alienClock_ms) / 400
        if slots > 0 {
            alien.jump(slots: Int(slots))
            weather.alienClock_ms += slots * 400
        }
        let body = requests[k].body
        swap(&scratch, &requests[k].answer)
        _ = body.withUnsafeBufferPointer { alien.handle($0, &scratch) }
        swap(&scratch, &requests[k].answer)
        if requests[k].method == .accounts {
            let there = alien.authorityKey == node.authorityKey
            requests[k].served = Served(whole: there && requests[k].spoil == .none && readsUser(body), truth: alien.truth(), lied: true, alien: true, own_e9: judge.own_e9)
        }
        return true
    }

    /// A lastValidBlockHeight that is not the blockhash's: an order that counts as expired too early is one that may land twice.
    private func lieAboutHeight(_ k: Int) {
        let mark = Text("lastValidBlockHeight\":").bytes
        let text = requests[k].answer.bytes
        var at = -1, i = 0
        while i + mark.count < text.count && at < 0 {
            if text[i] == mark[0] && text[i..<i + mark.count].elementsEqual(mark) { at = i + mark.count }
            i += 1
        }
        guard at > 0 else { return }
        var end = at, v: Int64 = 0
        while end < text.count, text[end] >= 0x30, text[end] <= 0x39 {
            v = v * 10 + Int64(text[end] - 0x30)
            end += 1
        }
        var out = Text(capacity: text.count + 8)
        out.put(bytes: Array(text[0..<at]))
        out.put(max(1, v + net.pick([-149, -140, -100, -45, -10, 40, 5_000])))
        out.put(bytes: Array(text[end...]))
        requests[k].answer = out
        counted.add(.lie)
    }

    /// Whether a read names the User at all: a start reads lists of markets first, and those are no book.
    private func readsUser(_ body: [UInt8]) -> Bool {
        if counted.requests > bootedAt + 24 { return true }
        let n = userText.count
        var i = 0
        while i + n <= body.count {
            if body[i] == userText.bytes[0] && body[i + 1] == userText.bytes[1] && body[i..<i + n].elementsEqual(userText.bytes) { return true }
            i += 1
        }
        return false
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
        if r.method == .other && !faulty && r.spoil == .none {
            judge.clusterTold(by: r.endpoint, afterAnother: weather.alienTold)
            weather.alienTold = weather.alienAt == r.endpoint
        }
        if r.opinion && r.served.whole && !faulty && !r.served.lied && !r.served.forked { judge.opinion(r.served) }
        // An answer that the agent has given up on is thrown away by it, whatever it shows.
        if r.served.whole && !faulty && !r.opinion && machine?.awaits(r.id) ?? false { judge.shown(r.served, by: r.endpoint, asked: r.number, of: counted.requests, t) }
        trace.add(t, "answer", Int64(r.method.rawValue), Int64(r.status), r.served.whole ? Int64(r.served.truth.slot) : Int64(r.wire.rawValue) * 100 + Int64(r.spoil.rawValue))
        body.bytes.withUnsafeBufferPointer { b in
            step(.answer(Answer(id: r.id, endpoint: r.endpoint, wire: r.wire, status: r.wire == .ok ? r.status : 0, body: b,
                                latency_us: UInt32(clamping: r.latency_ms * 1000), retryAfter_s: r.retryAfter_s)))
        }
    }

    private func spoil(_ body: inout Text, _ r: Request) {
        switch r.spoil {
        case .none: break
        case .truncate: body.bytes.removeLast(body.count - body.count * 2 / 3)
        case .garbage: body = Text("<html><body>502 Bad Gateway</body></html>")
        case .empty: body.clear()
        case .otherId:
            body.clear()
            body.put("{\"jsonrpc\":\"2.0\",\"result\":{\"context\":{\"slot\":1},\"value\":null},\"id\":4000000000}")
        }
    }

    private func release(_ k: Int) {
        requests[k].open -= 1
        if requests[k].open == 0 { freeRequests.append(k) }
    }

    /// Counts answers that overtook an older request's, where the class that makes them is on.
    private func noteOrder(_ r: Request) {
        if r.number < weather.newestDelivered && weather.state[Int(FaultClass.reorder.rawValue)].on { counted.add(.reorder) }
        weather.newestDelivered = max(weather.newestDelivered, r.number)
    }

    // MARK: into a block

    /// The price of a compute unit below which no leader takes a transaction. It moves by the minute, and what nodes report of it is late.
    private func feeFloor() -> UInt64 {
        if t >= weather.floorMoves_ms {
            node.setPriorityFee(weather.floor_micro)
            weather.floor_micro = max(100, min(50_000_000, weather.floor_micro * UInt64(sky.pick([1, 2, 4, 8])) / 4))
            weather.floorMoves_ms = t + sky.range(10_000, 120_000)
        }
        return weather.floor_micro
    }

    private func sendArrived(_ k: Int) {
        counted.sends += 1
        requests[k].answer.clear()
        requests[k].answer.put("{\"jsonrpc\":\"2.0\",\"result\":\"accepted\",\"id\":")
        requests[k].answer.put(requests[k].id)
        requests[k].answer.put("}")
        var slots: Int64 = fate.range(0, 2)
        func strikes(_ c: FaultClass) -> Bool {
            let w = weather.state[Int(c.rawValue)]
            guard w.on, fate.chance(permille: w.level) else { return false }
            counted.add(c)
            return true
        }
        if weather.alienAt == requests[k].endpoint {
            counted.add(.genesis)
            return
        }
        let fork = weather.state[Int(FaultClass.fork.rawValue)]
        if fork.on && fork.target == requests[k].endpoint && fate.below(2) == 0 { return }
        if strikes(.drop) || strikes(.congestion) { return }
        if weather.state[Int(FaultClass.lowfee.rawValue)].on && judge.unitPrice(requests[k].body) < feeFloor() {
            counted.add(.lowfee)
            return
        }
        if strikes(.late) { slots = fate.below(3) == 0 ? fate.range(120, 155) : fate.below(4) == 0 ? fate.range(150, 480) : fate.range(3, 148) }
        let s: Int
        if let free = sends.firstIndex(where: { !$0.used }) { s = free } else {
            s = sends.count
            sends.append(Sent())
        }
        sends[s].used = true
        sends[s].body = requests[k].body
        queue.push(t + slots * slotLength + 1, .land, s)
    }

    /// The leader takes the transaction: from here on it is in a block, or refused for good or for now.
    func land(_ s: Int) {
        sends[s].used = false
        let before = node.truth()
        let body = sends[s].body
        _ = body.withUnsafeBufferPointer { node.handle($0, &scratch) }
        judge.landed(body, before: before, t)
    }
}
