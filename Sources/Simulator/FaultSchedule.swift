// The fault schedule: when what is broken. Every class of fault waits a drawn time, then lasts a while with a
// drawn strength, at one endpoint or at all of them. Times of faults and quiet times (none, everything
// healthy) alternate; in a quiet time the agent must bring the book back inside the tolerance.
import Engine
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

struct FaultState {
    var on = false
    var target = -1                 // endpoint, or -1 for all
    var level: UInt64 = 0           // strength, in permille
}

struct FaultSchedule {
    var state = [FaultState](repeating: FaultState(), count: FaultClass.allCases.count)
    var faultsOn = false
    var quietSince_ms: Int64 = 0
    /// The accounts as they were a while ago, for nodes that lie.
    var oldBook: Replica? = nil
    var refresh_ms: Int64 = 400
    /// The instant a minority fork left the others, and a deposit that only it has.
    var fork: NodeView? = nil
    var phantom_e9: Int64 = 0
    /// A node of another cluster, the endpoint that leads to it, and the time it stands at.
    var foreign: ChainNode? = nil
    var foreignAt = -1
    /// The last genesis hash that was told was the other cluster's.
    var foreignTold = false
    var foreignClock_ms: Int64 = 0
    var floor_micro: UInt64 = 0
    var floorMoves_ms: Int64 = 0
    var newestDelivered: UInt64 = 0
    /// The wall clock of the machine stands at this virtual time; nil: it runs.
    var wallStands_ms: Int64? = nil
    var wallLost_s: Int64 = 0
    var liars = Liars()
    /// The method that a node refuses; the chain before the owner moved what torn reads show in two places.
    var refused: StaticString = ""
    var beforeMove: Replica? = nil
    /// Until then the monotonic clock stands as well.
    var monoStandsUntil_ms: Int64 = 0
}

extension Simulation {
    static let quiet_ms: Int64 = 3 * 3_600_000

    func beginSchedule() {
        schedule.faultsOn = scenario.faults != 0
        queue.push(faultRandom.wait(mean: scenario.depositMean_ms), .book, 0)
        queue.push(900_000, .operate, 0)
        if scenario.faults == 0 { return }
        for c in FaultClass.allCases where scenario.has(c) {
            queue.push(faultRandom.wait(mean: meanPause_ms(c)), .fault, Int(c.rawValue))
        }
        queue.push(faultRandom.range(6, 30) * 3_600_000, .phase, 0)
    }

    /// How long a class of fault stays away, on average.
    private func meanPause_ms(_ c: FaultClass) -> Int64 {
        switch c {
        case .upgrade, .delegate, .gas, .step, .leftover, .genesis, .freeze, .command: return 14 * 3_600_000
        default: return 4 * 3_600_000
        }
    }

    /// Times of faults and quiet times alternate.
    func phaseDue() {
        if schedule.faultsOn {
            for c in FaultClass.allCases where schedule.state[Int(c.rawValue)].on && !staysOn(c) {
                endFault(c)
            }
            schedule.faultsOn = false
            leaveOneDead()
            schedule.quietSince_ms = t
            restore()
            trace.add(t, "faults off", 0)
            // The last quiet time reaches the end of the run.
            let left = end_ms - t
            queue.push(t + (left < Simulation.quiet_ms + 6 * 3_600_000 ? left + 1 : Simulation.quiet_ms),
                       .phase, 0)
        } else {
            // A cancel has lamports: a signer whose limit is used up signs none either.
            if !(machine?.heldBySigner ?? false) { judge.quietEnds(after: Simulation.quiet_ms, t) }
            if schedule.state[Int(FaultClass.dead.rawValue)].on { endFault(.dead) }
            schedule.faultsOn = true
            trace.add(t, "faults on", 0)
            let longest = max(1, (end_ms - t - Simulation.quiet_ms) / 3_600_000)
            queue.push(t + min(faultRandom.range(6, 30), longest) * 3_600_000, .phase, 0)
        }
    }

    /// Some nodes are what they are, also when everything is well.
    private func staysOn(_ c: FaultClass) -> Bool { c == .nohistory || c == .noconfirmation }

    /// In some of the quiet times one node of several is gone for good.
    private func leaveOneDead() {
        judge.deadOfTwo = false
        // A process that is suspended now could not be restarted below.
        guard scenario.has(.dead), endpoints.count > 1, evidenceRandom.below(3) == 0,
              t >= suspendedUntil_ms else { return }
        schedule.state[Int(FaultClass.dead.rawValue)].on = true
        schedule.state[Int(FaultClass.dead.rawValue)].target = evidenceRandom.below(endpoints.count)
        judge.deadOfTwo = endpoints.count == 2
        guard judge.deadOfTwo, let m = machine else { return }
        // One that contradicted before it fell silent is never counted out; a new process has seen nothing of
        // that.
        trace.add(t, "operator restarts", 1)
        counted.ticks += m.ticks
        machine = nil
        incarnation += 1
        boot()
    }

    /// Everything as a healthy cluster, venue and machine have it.
    private func restore() {
        for i in endpoints.indices {
            endpoints[i].view = nil
            endpoints[i].next = nil
        }
        slots.maybeChange(t)
        judge.slots = slots
        disk.failing = 0
        wallOffset_s = 0
        if schedule.monoStandsUntil_ms > t { boot_ms -= schedule.monoStandsUntil_ms - t }
        schedule.monoStandsUntil_ms = 0
        suspendedUntil_ms = min(suspendedUntil_ms, t)
        judge.disturbed(t)
        if machine == nil && !queue.isEmpty { queue.push(t + 5_000, .restart, 0) }
    }

    func slotsTake(_ ms: Int64) {
        slots.set(ms, t)
        judge.slots = slots
    }

    /// The operator: resumes the agent after its breaker opened, and restarts it when it halted on a disk
    /// that works again.
    func operate() {
        queue.push(t + 900_000, .operate, 0)
        guard let m = machine, t >= suspendedUntil_ms else { return }
        if !schedule.faultsOn
            && t - max(judge.lastTick_ms,
                       schedule.quietSince_ms) > 3 * Int64(scenario.rules.interval_ms) + 300_000 {
            judge.accuse("liveness", "the agent is running but completes no tick")
        }
        if m.halted && disk.failing == 0 {
            trace.add(t, "operator restarts", 0)
            counted.ticks += m.ticks
            machine = nil
            incarnation += 1
            boot()
        } else if record.pointee.breaker_open != 0 && record.pointee.paused == 0 {
            trace.add(t, "operator resumes", 0)
            tell(.resume)
        } else if !schedule.state[Int(FaultClass.command.rawValue)].on {
            wantsRunning()
        }
    }

    // MARK: single faults

    /// Faults come together: one may bring up to two of these with it, and they end soon after.
    private static let companions: [FaultClass] = [.loss, .delay, .halfopen, .duplicate, .reorder, .behind,
                                                   .pool, .fork, .height, .drop, .late,
                                                 .congestion, .lowfee, .unfilled]
    /// What the index of a scheduled event adds to the number of its class: a companion begins, a companion
    /// ends.
    private static let companionBegins = 100, companionEnds = 200

    func faultDue(_ index: Int) {
        let i = index % 100
        guard let c = FaultClass(rawValue: UInt8(i)) else { return }
        if index >= Simulation.companionEnds {
            if schedule.state[i].on { endFault(c) }
            return
        }
        if index >= Simulation.companionBegins {
            if schedule.state[i].on || !schedule.faultsOn || mustWait(c) { return }
            let length = beginFault(c)
            trace.add(t, "fault", words: describe(c, length))
            queue.push(t + length, .fault, i + Simulation.companionEnds)
            return
        }
        if schedule.state[i].on {
            endFault(c)
            queue.push(t + faultRandom.wait(mean: meanPause_ms(c)), .fault, i)
            return
        }
        if !schedule.faultsOn || mustWait(c) {
            queue.push(t + faultRandom.wait(mean: meanPause_ms(c)), .fault, i)
            return
        }
        let length = beginFault(c)
        trace.add(t, "fault", words: describe(c, length))
        queue.push(t + length, .fault, i)
        for _ in 0..<faultRandom.below(3) {
            let other = faultRandom.pick(Simulation.companions)
            if scenario.has(other) {
                queue.push(t + faultRandom.range(0, 20_000), .fault,
                           Int(other.rawValue) + Simulation.companionBegins)
            }
        }
    }

    /// A fork and a torn read may show the same old User: two nodes that tell one untruth.
    private func mustWait(_ c: FaultClass) -> Bool {
        let fork = schedule.state[Int(FaultClass.fork.rawValue)].on
        let tears = schedule.state[Int(FaultClass.tornread.rawValue)].on
        if c == .fork && tears || c == .tornread && fork { return true }
        return liarsAbout && Simulation.silencing.contains(c)
    }

    private func describe(_ c: FaultClass, _ length_ms: Int64) -> Text {
        let state = schedule.state[Int(c.rawValue)]
        return "\(c.name) for \(length_ms / 1000) s, level \(state.level), endpoint \(state.target)"
    }
}
