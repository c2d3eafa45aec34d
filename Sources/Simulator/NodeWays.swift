// Nodes that are honest and still not what one hopes for: no transaction history, fields left out, methods
// refused, nobody there at all, and now and then an answer whose accounts stood in two slots.
import Engine
import Localnet
import Model
import Rpc
import Text

extension Simulation {
    private static let refusable: [StaticString] = ["getSignatureStatuses", "getRecentPrioritizationFees",
                                                    "getGenesisHash", "getEpochInfo", "simulateTransaction"]

    /// Begins a fault of the evidence or of the operator; nil: not one of these.
    func beginEvidence(_ c: FaultClass, _ length: Int64) -> Int64 {
        let i = Int(c.rawValue)
        switch c {
        case .liar: return beginLiars()
        case .ratchet: return length                          // one more kind of lie; liars draw it
        case .nohistory, .noconfirmation:
            // A node's own way, for hours; it is no fault that stops when the others do.
            return evidenceRandom.range(60, 600) * 60_000
        case .methods:
            schedule.refused = evidenceRandom.pick(Simulation.refusable)
            return length
        case .dead:
            schedule.state[i].target = evidenceRandom.below(endpoints.count)
            return endpoints.count > 1 ? length : 1
        case .tornread:
            schedule.state[i].target = evidenceRandom.below(endpoints.count)
            schedule.beforeMove = node.replica()
            let some = scenario.chain.solE9 / 1000 * evidenceRandom.range(10, 60)
            node.moveInside(evidenceRandom.below(2) == 0 ? min(some, 600_000_000) : -min(some, 600_000_000))
            judge.disturbed(t)
            return evidenceRandom.range(60_000, 900_000)
        case .kill:
            killFile = true
            trace.add(t, "kill file", 1)
            judge.killed = true
            return length
        case .command: return beginCommand(length)
        default: return length
        }
    }

    func endEvidence(_ c: FaultClass) {
        switch c {
        case .liar: endLiars()
        case .tornread: schedule.beforeMove = nil
        case .kill:
            killFile = false
            trace.add(t, "kill file", 0)
            judge.killed = false
        case .command: wantsRunning()
        default: break
        }
    }

    /// What the node behind `e` leaves out and refuses.
    func mannersOf(_ e: Int, _ method: Method) -> NodeManners {
        func there(_ c: FaultClass) -> Bool {
            let f = schedule.state[Int(c.rawValue)]
            return f.on && (f.target < 0 || f.target == e)
        }
        var m = NodeManners()
        if there(.nohistory) {
            m.keepsHistory = false
            if method == .status { counted.add(.nohistory) }
        }
        if there(.noconfirmation) {
            m.saysConfirmation = false
            if method == .status { counted.add(.noconfirmation) }
        }
        if there(.methods) {
            m.refused = [schedule.refused]
            counted.add(.methods)
        }
        return m
    }

    func isDead(_ e: Int) -> Bool {
        let f = schedule.state[Int(FaultClass.dead.rawValue)]
        return f.on && f.target == e && endpoints.count > 1
    }

    /// Tears this answer; one in a minute of one endpoint.
    func tear(_ e: Int, _ view: inout Replica?) -> Bool {
        let f = schedule.state[Int(FaultClass.tornread.rawValue)]
        guard f.on, f.target == e, let old = schedule.beforeMove, t - endpoints[e].tore_ms >= 60_000,
              evidenceRandom.chance(permille: f.level) else { return false }
        endpoints[e].tore_ms = t
        view = node.torn(view, old, oldUser: evidenceRandom.below(2) == 0)
        counted.add(.tornread)
        return true
    }

    // MARK: the operator

    private func beginCommand(_ length: Int64) -> Int64 {
        guard machine != nil else { return 1_000 }
        let c: Command = evidenceRandom.pick([.pause, .rebalance, .rebalance, .paper, .pause, .flatten])
        tell(c)
        return length
    }

    func tell(_ c: Command) {
        guard machine != nil, t >= suspendedUntil_ms else { return }
        trace.add(t, "command", Int64(c.rawValue))
        counted.add(.command)
        judge.commanded(c)
        step(.command(c))
        if machine?.halted ?? false { judge.unsureOfCommands() }
    }

    /// The operator wants it to trade again.
    func wantsRunning() {
        guard let m = machine, t >= suspendedUntil_ms else { return }
        if record.pointee.paused != 0 { tell(.resume) }
        if m.heldOnPaper { tell(.live) }
    }
}
