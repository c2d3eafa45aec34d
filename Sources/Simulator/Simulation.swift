// One run: the chain, the endpoints, the disk, the clocks and one agent in virtual time. The agent is the
// very same Machine that the daemon runs; here the simulation is its Host. Only what is due happens, in the
// order of virtual time, so a seed repeats itself.
import Accounting
import Engine
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

final class Simulation: Effects {
    let scenario: Scenario
    let node: ChainNode
    let disk = SimulatedDisk()
    let record: UnsafeMutablePointer<ek_record>
    let judge: Judge
    let secret: UnsafeMutablePointer<UInt8>
    let signer: SimulatedSigner
    let venue: OpaquePointer?
    var machine: Machine? = nil

    var t: Int64 = 0                       // virtual ms since the start
    let end_ms: Int64
    var nextSlot_ms: Int64 = 0                // when the next slot is due
    var slots: SlotLengths
    var boot_ms: Int64 = 0                  // zero of the monotonic clock
    var wallOffset_s: Int64 = 0
    var suspendedUntil_ms: Int64 = 0

    var queue = EventQueue()
    var trace = Trace()
    var endpoints: [Endpoint]
    var requests: [Request] = []
    var freeRequests: [Int] = []
    var sends: [Sent] = []
    var schedule = FaultSchedule()
    /// One stream of chance each for the network, the faults, and what becomes of transactions and of the
    /// process.
    var netRandom: RandomGenerator, faultRandom: RandomGenerator, fateRandom: RandomGenerator
    var evidenceRandom: RandomGenerator
    /// The ends of the last slots, where there are nodes that lag.
    var recent: [NodeView] = []
    /// By how many slots nodes lag at most.
    let mostLag: Int64
    var scratch = Text(capacity: 65_536)

    /// Counts up with every start of the process: answers to a dead one reach nobody.
    var incarnation = 0
    var dead = false
    var powerLost = false
    var counted = Totals()
    var userText = Text()
    var bootedAt: UInt64 = 0
    private var sameInstant = 0
    private var pricesDue_ms: Int64 = 0

    init(seed: UInt64, faults: UInt64, days: Int64, verbose: Bool) {
        let s = Scenario(seed: seed, faults: faults)
        scenario = s
        end_ms = days * 86_400_000
        slots = SlotLengths(seed: seed)
        endpoints = s.endpoints
        netRandom = RandomGenerator(seed: seed, stream: 2)
        faultRandom = RandomGenerator(seed: seed, stream: 3)
        fateRandom = RandomGenerator(seed: seed, stream: 4)
        evidenceRandom = RandomGenerator(seed: seed, stream: 13)
        mostLag = Int64(s.endpoints.map { $0.lag_slots }.max() ?? 0)
        secret = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
        var pub = ek_key()
        let seedBytes = [UInt8](repeating: 8, count: 32)
        _ = ek_crypto_init()
        ek_ed25519_from_seed(seedBytes, &pub, secret)
        var options = s.chain
        options.delegate = Key(pub)
        node = ChainNode(options)
        for t in s.tokens { node.addToken(t) }
        judge = Judge(scenario: s, node: node, delegate: Key(pub), slots: slots)
        signer = SimulatedSigner(s, authority: node.authorityKey.ek, own: pub)
        record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16)
            .bindMemory(to: ek_record.self, capacity: 1)
        let name: Text = s.velocity ? "velocity" : "drift"
        venue = name.withCString { ek_venue_by_name($0, name.count) }
        trace.verbose = verbose
        var owner = node.authorityKey.ek
        _ = name.withCString { ek_record_init(record, $0, &owner, 0) }
        _ = disk.create(record)
        nextSlot_ms = slots.now_ms
        userText.put(key: node.userAddress.ek)
    }

    deinit {
        machine = nil
        UnsafeMutableRawPointer(record).deallocate()
        secret.deallocate()
    }

    var now: Now {
        Now(mono_ms: UInt64(max(0, t - boot_ms)),
            unix_s: scenario.startUnix_s + (schedule.wallStands_ms ?? t) / 1000 + wallOffset_s)
    }

    private var signersMoment: SimulatedSigner.Moment {
        SimulatedSigner.Moment(unix_s: now.unix_s, boot_s: t / 1000)
    }

    // MARK: virtual time

    /// Runs to the end, or to the first violation.
    func run() {
        trace.add(t, "scenario",
                  words: "\(endpoints.count) endpoints, \(scenario.velocity ? "velocity" : "drift")")
        boot()
        beginSchedule()
        while t < end_ms && judge.violation == nil {
            let due = min(queue.next_ms, end_ms)
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
        let at = m.wake_ms > UInt64(Int64.max / 2) ? Int64.max / 2 : Int64(m.wake_ms) + boot_ms
        return max(at, suspendedUntil_ms)
    }

    /// Moves the chain to the slots that are due, one by one while an order is live, in jumps while nothing
    /// of ours can happen.
    private func advance(to next: Int64) {
        while nextSlot_ms <= next {
            let left = (next - nextSlot_ms) / slots.now_ms + 1
            // Slot by slot while an order of ours may be live, loosely while only others' are.
            let most = !node.busy ? min(left, 150) : machine?.ticketOpen ?? true ? 1 : min(left, 8)
            // Where nodes lag by a few slots there is a stop so far before the end.
            let n = mostLag > 0 && left > mostLag ? min(most, left - mostLag) : most
            if mostLag > 0 { keepSlot() }
            let skip = schedule.state[Int(FaultClass.skipslots.rawValue)]
            var empty: UInt64 = 0
            if skip.on {
                empty = n > 1 ? UInt64(n) * skip.level / 1000 : faultRandom.chance(permille: skip.level) ? 1 : 0
            }
            node.jump(slots: UInt64(n), ms: n * slots.now_ms, skipped: empty)
            nextSlot_ms += n * slots.now_ms
            judge.slotPassed(nextSlot_ms - slots.now_ms)
        }
    }

    private func happen(_ d: ScheduledEvent) {
        switch d.kind {
        case .arrive: arrive(d.index)
        case .deliver:
            if t < suspendedUntil_ms { queue.push(suspendedUntil_ms, .deliver, d.index) } else { deliver(d.index) }
        case .land: land(d.index)
        case .fault: faultDue(d.index)
        case .book: bookDue()
        case .restart: if machine == nil { boot() }
        case .phase: phaseDue()
        case .operate: operate()
        }
    }

    func step(_ event: Engine.Event) {
        guard let m = machine else { return }
        m.step(event, now)
        if dead { processEnded() }
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
        if powerLost { boot_ms = t }
        powerLost = false
        incarnation += 1
        trace.add(t, "start", Int64(incarnation), Int64(record.pointee.generation),
                  Int64(record.pointee.ticket.state))
        if record.pointee.mode != UInt8(EK_MODE_HELD) { record.pointee.mode = UInt8(EK_MODE_LIVE) }
        let m = Machine(effects: self, rules: scenario.rules,
                        account: Account(venue: venue, authority: node.authorityKey.ek, subAccount: 0,
                                         signer: judge.delegate.ek),
                        endpointCount: endpoints.count, record: record)
        judge.restarted(t)
        slots.started(t)
        judge.slots = slots
        judge.disturbed(t)
        bootedAt = counted.requests
        machine = m
        m.start(now)
        if !schedule.faultsOn { wantsRunning() }
    }

    /// The process has ended; it is started again later.
    private func processEnded() {
        if let m = machine { counted.ticks += m.ticks }
        machine = nil
        slots.stopped(t)
        counted.crashes += 1
        disk.crash(power: powerLost, &fateRandom)
        if scenario.has(.bitflip) && schedule.faultsOn && fateRandom.below(4) == 0 {
            disk.rot(&fateRandom)
            counted.add(.bitflip)
        }
        let pause = fateRandom.below(10)
        let down = pause < 5 ? fateRandom.range(200, 20_000)
            : pause < 8 ? fateRandom.range(20_000, 600_000) : fateRandom.range(600_000, 10_800_000)
        trace.add(t, "crash", powerLost ? 1 : 0, down, Int64(disk.acknowledged))
        queue.push(t + (schedule.faultsOn ? down : min(down, 10_000)), .restart, 0)
    }

    /// Whether the process dies here, between two effects. More likely while an order is under way.
    private func diesHere() -> Bool {
        if dead { return true }
        guard schedule.faultsOn, scenario.has(.crash), let m = machine else { return false }
        let hot = m.ticketOpen || m.stage == .preparing || m.stage == .simulating
        guard fateRandom.below(hot ? 600 : 20_000) == 0 else { return false }
        counted.add(.crash)
        dead = true
        powerLost = fateRandom.below(2) == 0
        return true
    }

    // MARK: effects

    func post(endpoint: Int, id: UInt32, body: UnsafeBufferPointer<UInt8>) -> Bool {
        if diesHere() { return false }
        request(endpoint, id, body)
        return !diesHere()
    }

    func persist(_ r: UnsafeMutablePointer<ek_record>) throws(WriteFailure) {
        let gone = WriteFailure(errno: 5)
        if diesHere() { throw gone }
        if schedule.faultsOn && scenario.has(.torn) && fateRandom.below(60) == 0 {
            // The power fails while the sectors are being written.
            counted.add(.torn)
            _ = disk.store(r, cut: fateRandom.below(2))
            dead = true
            powerLost = true
            trace.add(t, "torn", Int64(disk.generation + 1), Int64(r.pointee.ticket.state))
            judge.unsureOfCommands()
            return
        }
        let err = disk.store(r)
        trace.add(t, "persist", Int64(r.pointee.generation), Int64(r.pointee.ticket.state), Int64(err))
        if err == 0 { judge.stored(generation: r.pointee.generation) }
        // An end that could not be written begins no cooldown: the next start resolves the ticket again.
        if err == 0 && r.pointee.ticket.state == UInt8(EK_TICKET_NONE) { judge.ticketEnded() }
        _ = diesHere()
        if dead { throw gone }
        if err != 0 { throw WriteFailure(errno: err) }
    }

    func sign(_ message: UnsafeBufferPointer<UInt8>, claim: UnsafePointer<ek_policy_claim>,
              oracle: UnsafeBufferPointer<UInt8>,
              into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal) {
        if diesHere() { throw .refused("the process has ended", breaker: false) }
        guard let m = message.baseAddress else { throw .refused("no message", breaker: false) }
        switch signer.asked(message, claim, oracle, signersMoment) {
        case .signed: break
        case .limited(let limit):
            trace.add(t, "limit")
            throw limit
        case .refused(let why):
            judge.accuse("I7", why)
            throw .refused(why, breaker: false)
        }
        ek_ed25519_sign(secret, m, message.count, signature)
        node.vouch(message, signature)
        judge.signed(Array(message), Array(UnsafeBufferPointer(start: signature, count: 64)), t,
                     machine_ms: machine_ms)
        trace.add(t, "sign", Int64(signature[0]), Int64(signature[1]), Int64(message.count))
        if diesHere() { throw .refused("the process has ended", breaker: false) }
    }

    func log(_ level: Level, _ human: Text) {
        if dead { return }
        if level != .debug || trace.verbose { trace.add(t, "log", words: human) }
        _ = diesHere()
    }

    var killFile = false
    var killSwitchOn: Bool { killFile }

    /// The monotonic clock of the machine that the agent runs on.
    var machine_ms: Int64 { max(0, t - boot_ms) }

    func showPrices(_ m: Machine, from book: Book) {
        m.eachOraclePrice(in: book) { signer.shown(&$0, $1, signersMoment) }
    }

    func report(_ m: Machine) {
        if dead { return }
        trace.add(t, "report", Int64(m.report.status.rawValue), m.report.view.net_e9, m.report.view.drift_ppm)
        if m.stage == .idle && m.bookKnown && t >= pricesDue_ms {
            pricesDue_ms = t + 30_000
            showPrices(m, from: m.book)
        }
        let stopped = record.pointee.breaker_open != 0 || record.pointee.paused != 0 || m.heldOnPaper
        let held = m.halted || stopped || m.heldBySigner
        judge.ticked(t, busy: schedule.faultsOn || held)
        _ = diesHere()
    }
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
