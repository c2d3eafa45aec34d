// One world: the chain, the endpoints, the disk, the clocks and one agent in virtual time. The agent is the very same Machine that
// the driver runs; here the world is its Host. Nothing happens but what is due, in the order of virtual time, so a seed repeats itself.
import Agent
import Chain
import EvenkeelCore
import EvenkeelSys
import Kit

final class World: Host {
    let setup: Setup
    let node: ChainNode
    let disk = Disk()
    let record: UnsafeMutablePointer<ek_record>
    let judge: Judge
    let secret: UnsafeMutablePointer<UInt8>
    let signer: WorldSigner
    let venue: OpaquePointer?
    var machine: Machine? = nil

    var t: Int64 = 0                       // virtual ms since the start
    let end: Int64
    var slotNext: Int64 = 0                // when the next slot is due
    var slotLength: Int64 = 400
    var bootAt: Int64 = 0                  // zero of the monotonic clock
    var wallOffset_s: Int64 = 0
    var suspendedUntil: Int64 = 0

    var queue = Queue()
    var trace = Trace()
    var endpoints: [Endpoint]
    var requests: [Request] = []
    var freeRequests: [Int] = []
    var sends: [Sent] = []
    var weather = Weather()
    var net: Dice, sky: Dice, fate: Dice, hand: Dice
    var scratch = Text(capacity: 65_536)

    /// Counts up with every start of the process: answers to a dead one reach nobody.
    var incarnation = 0
    var dead = false
    var powerLost = false
    var counted = Totals()
    var userText = Text()
    var bootedAt: UInt64 = 0
    private var sameInstant = 0

    init(seed: UInt64, faults: UInt64, days: Int64, verbose: Bool) {
        let s = Setup(seed: seed, faults: faults)
        setup = s
        end = days * 86_400_000
        endpoints = s.endpoints
        net = Dice(seed: seed, stream: 2)
        sky = Dice(seed: seed, stream: 3)
        fate = Dice(seed: seed, stream: 4)
        hand = Dice(seed: seed, stream: 5)
        secret = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
        var pub = ek_key()
        let seedBytes = [UInt8](repeating: 8, count: 32)
        _ = ek_crypto_init()
        ek_ed25519_from_seed(seedBytes, &pub, secret)
        var options = s.chain
        options.delegate = Key(pub)
        node = ChainNode(options)
        for t in s.tokens { node.addToken(t) }
        judge = Judge(setup: s, node: node, delegate: Key(pub))
        signer = WorldSigner(s, authority: node.authorityKey.ek, own: pub)
        record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16).bindMemory(to: ek_record.self, capacity: 1)
        let name = s.velocity ? Text("velocity") : Text("drift")
        venue = name.withCString { ek_venue_by_name($0, name.count) }
        trace.verbose = verbose
        var owner = node.authorityKey.ek
        _ = name.withCString { ek_record_init(record, $0, &owner, 0) }
        _ = disk.create(record)
        slotNext = slotLength
        userText.put(key: node.userAddress.ek)
    }

    deinit {
        machine = nil
        UnsafeMutableRawPointer(record).deallocate()
        secret.deallocate()
    }

    var now: Now {
        Now(mono_ms: UInt64(max(0, t - bootAt)), unix_s: setup.startUnix_s + (weather.wallStands_ms ?? t) / 1000 + wallOffset_s)
    }

    // MARK: the course of time

    /// Runs to the end, or to the first violation.
    func run() {
        trace.add(t, "world", words: words("begins: ", Int64(endpoints.count), setup.velocity ? " endpoints, velocity" : " endpoints, drift"))
        boot()
        beginWeather()
        while t < end && judge.violation == nil {
            let due = min(queue.next_ms, end)
            let wake = wakeTime()
            let next = max(t, min(due, wake))
            if next == t {
                sameInstant += 1
                if sameInstant > 20_000 { judge.accuse("liveness", "the agent does not let time pass") }
            } else {
                sameInstant = 0
            }
            advance(to: next)
            t = next
            if wake <= due { step(.timer) } else if queue.next_ms <= t { happen(queue.pop()) }
        }
        if let m = machine { counted.ticks += m.ticks }
        machine = nil
    }

    private func wakeTime() -> Int64 {
        guard let m = machine else { return Int64.max }
        let at = m.wake_ms > UInt64(Int64.max / 2) ? Int64.max / 2 : Int64(m.wake_ms) + bootAt
        return max(at, suspendedUntil)
    }

    /// Moves the chain to the slots that are due, one by one while an order is live, in jumps while nothing of ours can happen.
    private func advance(to next: Int64) {
        while slotNext <= next {
            let left = (next - slotNext) / slotLength + 1
            // Slot by slot while an order of ours may be live, loosely while only others' are.
            let n = !node.busy ? min(left, 150) : machine?.ticketOpen ?? true ? 1 : min(left, 8)
            let skip = weather.state[Int(FaultClass.skipslots.rawValue)]
            let empty = skip.on ? (n == 1 ? (sky.chance(permille: skip.level) ? 1 : 0) : UInt64(n) * skip.level / 1000) : 0
            node.jump(slots: UInt64(n), ms: n * slotLength, skipped: empty)
            slotNext += n * slotLength
            judge.slotPassed(slotNext - slotLength)
        }
    }

    private func happen(_ d: Due) {
        switch d.kind {
        case .arrive: arrive(d.index)
        case .deliver:
            if t < suspendedUntil { queue.push(suspendedUntil, .deliver, d.index) } else { deliver(d.index) }
        case .land: land(d.index)
        case .weather: weatherDue(d.index)
        case .book: bookDue()
        case .restart: if machine == nil { boot() }
        case .phase: phaseDue()
        case .operate: operate()
        }
    }

    func step(_ event: Agent.Event) {
        guard let m = machine else { return }
        m.step(event, now)
        if dead { bury() }
    }

    // MARK: the process

    func boot() {
        let err = disk.load(record)
        if err != EK_OK {
            judge.accuse("I6", "after a crash the state file holds no valid record")
            return
        }
        judge.loaded(generation: record.pointee.generation)
        dead = false
        if powerLost { bootAt = t }
        powerLost = false
        incarnation += 1
        trace.add(t, "start", Int64(incarnation), Int64(record.pointee.generation), Int64(record.pointee.ticket.state))
        record.pointee.mode = UInt8(EK_MODE_LIVE)
        let m = Machine(host: self, rules: setup.rules, venue: venue, authority: node.authorityKey.ek, subAccount: 0,
                        signer: judge.delegate.ek, endpointCount: endpoints.count, record: record)
        judge.restarted(t, slot: record.pointee.max_slot_seen)
        judge.disturbed(t)
        bootedAt = counted.requests
        machine = m
        m.start(now)
    }

    /// The process is gone; it comes back later.
    private func bury() {
        if let m = machine { counted.ticks += m.ticks }
        machine = nil
        counted.crashes += 1
        disk.crash(power: powerLost, &fate)
        if setup.has(.bitflip) && weather.storm && fate.below(4) == 0 {
            disk.rot(&fate)
            counted.add(.bitflip)
        }
        let pause = fate.below(10)
        let down = pause < 5 ? fate.range(200, 20_000) : pause < 8 ? fate.range(20_000, 600_000) : fate.range(600_000, 10_800_000)
        trace.add(t, "crash", powerLost ? 1 : 0, down, Int64(disk.acknowledged))
        queue.push(t + (weather.storm ? down : min(down, 10_000)), .restart, 0)
    }

    /// Whether the process dies here, between two effects. Likelier while an order is under way.
    private func strike() -> Bool {
        if dead { return true }
        guard weather.storm, setup.has(.crash), let m = machine else { return false }
        let hot = m.ticketOpen || m.phase == .preparing || m.phase == .simulating
        guard fate.below(hot ? 600 : 20_000) == 0 else { return false }
        counted.add(.crash)
        dead = true
        powerLost = fate.below(2) == 0
        return true
    }

    // MARK: effects

    func post(endpoint: Int, id: UInt32, body: UnsafeBufferPointer<UInt8>) -> Bool {
        if strike() { return false }
        request(endpoint, id, body)
        return !strike()
    }

    func persist(_ r: UnsafeMutablePointer<ek_record>) -> Int32 {
        if strike() { return 5 }
        if weather.storm && setup.has(.torn) && fate.below(60) == 0 {
            // The power goes while the sectors are being written.
            counted.add(.torn)
            _ = disk.store(r, cut: fate.below(2))
            dead = true
            powerLost = true
            trace.add(t, "torn", Int64(disk.generation + 1), Int64(r.pointee.ticket.state))
            return 0
        }
        let err = disk.store(r)
        trace.add(t, "persist", Int64(r.pointee.generation), Int64(r.pointee.ticket.state), Int64(err))
        if err == 0 { judge.stored(generation: r.pointee.generation) }
        if r.pointee.ticket.state == UInt8(EK_TICKET_NONE) { judge.ticketEnded() }
        _ = strike()
        return dead ? 5 : err
    }

    func sign(_ message: UnsafeBufferPointer<UInt8>, claim: UnsafePointer<ek_policy_claim>, oracle: UnsafeBufferPointer<UInt8>,
              into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal) {
        if strike() { throw .refused(Text("dead"), breaker: false) }
        guard let m = message.baseAddress else { throw .refused(Text("no message"), breaker: false) }
        if let why = signer.refuses(message, claim, oracle, unix_s: now.unix_s) {
            judge.accuse("I7", why)
            throw .refused(why, breaker: false)
        }
        ek_ed25519_sign(secret, m, message.count, signature)
        node.vouch(message, signature)
        judge.signed(Array(message), Array(UnsafeBufferPointer(start: signature, count: 64)), t, now.unix_s)
        trace.add(t, "sign", Int64(signature[0]), Int64(signature[1]), Int64(message.count))
        if strike() { throw .refused(Text("dead"), breaker: false) }
    }

    func log(_ level: Level, _ human: Text) {
        if dead { return }
        if level != .debug || trace.verbose { trace.add(t, "log", words: human) }
        _ = strike()
    }

    func report(_ m: Machine) {
        if dead { return }
        trace.add(t, "report", Int64(m.report.status.rawValue), m.report.view.net_e9, m.report.view.drift_ppm)
        judge.ticked(t, busy: weather.storm || m.halted || record.pointee.breaker_open != 0 || record.pointee.paused != 0)
        _ = strike()
    }
}

/// `first` `n` `second` as words.
func words(_ first: StaticString, _ n: Int64, _ second: StaticString = "") -> Text {
    var w = Text(first)
    w.put(n)
    w.put(second)
    return w
}

/// What a run amounts to.
struct Totals {
    var ticks: UInt64 = 0, crashes: UInt64 = 0, corrections: UInt64 = 0, requests: UInt64 = 0, sends: UInt64 = 0
    var struck = [UInt64](repeating: 0, count: FaultClass.allCases.count)

    mutating func add(_ c: FaultClass) { struck[Int(c.rawValue)] += 1 }
    mutating func add(_ o: Totals) {
        ticks += o.ticks
        crashes += o.crashes
        corrections += o.corrections
        requests += o.requests
        sends += o.sends
        for i in struck.indices { struck[i] += o.struck[i] }
    }
}
