// The judge on I5: without faults the drift comes back in time, and what an earlier life left on the venue
// goes away.
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

extension Judge {
    /// At the end of a quiet time: a leftover order of the agent's range that stood there all the time must
    /// have been cancelled.
    func quietEnds(after ms: Int64, _ t: Int64) {
        let slots = UInt64(ms / self.slots.shortest_ms(t))
        node.eachLiveOrder { o in
            guard Judge.agentsOwn(o.userId), let x = self.others.last(where: { $0.id == o.id })
            else { return }
            if self.node.slot > x.slot + slots {
                self.accuse("I5", "leftover order \(o.id) was not cancelled in a whole quiet time")
            }
        }
    }

    /// A blockhash lives for 150 blocks; that long an order may take to be proven gone.
    static let proof_ms: Int64 = 90_000

    /// A deposit, a start, anything that gives the agent anew the time it may take.
    func disturbed(_ t: Int64) {
        for i in kept.indices {
            kept[i].excused_ms = t
            kept[i].owed_e9 = nil
        }
    }

    private func excused(_ t: Int64) {
        excused_ms = t
        owed_e9 = nil
    }

    /// After each tick: how long has the drift been outside without an excuse?
    func ticked(_ t: Int64, busy: Bool) {
        lastTick_ms = t
        if busy { return disturbed(t) }
        let all = node.truth()
        for i in kept.indices {
            m = i
            overdue(t, all)
        }
    }

    private func overdue(_ t: Int64, _ all: Truth) {
        let b = all.of(m)
        let spot = b.spot_e9 + Int64(clamping: b.wallet), net = spot + b.perp_e9
        let r = scenario.rules
        let smallest = max(rules.minTrade_e9, b.minOrder_e9, b.step_e9)
        let correctable = net.magnitude / max(1, b.step_e9) * b.step_e9
        let longest_ms = slots.longest_ms(t)
        if within(net, spot) || correctable < smallest
            || closedGate(b, reducing: false, slot_ms: longest_ms) != nil
            || leverage_e4(all, perp: -spot) > 40_000
            || !b.delegateHolds || rules.maxTradesPerDay < 100 || r.maxNotionalDay_e6 > 0
            || b.openOrders > 0 {
            return excused(t)
        }
        let owed = owed_e9 ?? net.magnitude
        owed_e9 = owed
        let steps = Int64(clamping: owed / max(1, rules.maxTrade_e9)) + 1
        // A success that was found out only after a restart counts from there. A clock that stepped may
        // lengthen a cooldown by one more.
        let from = max(success_ms, min(booted_ms, success_ms < 0 ? -1 : booted_ms))
        // Counted in slots of the length that the agent has measured, which is a little behind the chain's.
        let cooldown_ms = Int64(rules.cooldown_s) * 1_000
        let shortest_ms = slots.shortest_ms(t)
        let late_ms = (longest_ms - shortest_ms) * cooldown_ms / shortest_ms + 60_000
        let cooling = success_ms >= 0 && t - from < (everStepped ? 2 : 1) * cooldown_ms + late_ms
        if cooling { return excused(t) }
        // An order of somebody else took the entry of a resting one: for its cooldown the agent takes that
        // one for filled.
        let clouded = clouded_ms >= 0
            && t - max(clouded_ms,
                       booted_ms) < Int64(rules.cooldown_s) * (everStepped ? 2_000 : 1_000) + 600_000
        if clouded { return excused(t) }
        // Three ticks, and two more for every further step of a drift larger than one order may be, one
        // market after the other; the last of them needs time to prove its order. With one of two endpoints
        // gone: the ten minutes in which it may come back, and two ticks; and where an order found no taker,
        // the two minutes before its end is believed of the other one.
        let ticks = (deadOfTwo ? 2 : 3) + 2 * (steps - 1)
        let allowed = (Int64(r.interval_ms) * ticks + Judge.proof_ms) * Int64(kept.count)
            + (deadOfTwo ? 600_000 + 120_000 + Judge.proof_ms : 0)
        if t - excused_ms > allowed {
            accuse("I5",
                   "without a fault the drift of \(base: net, shown: 9) stays for \(seconds: (t - excused_ms) / 1000)")
        }
    }
}
