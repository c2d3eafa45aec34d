// The way of a transaction from a node into a block.
import Localnet
import Model
import Rpc
import Text

extension Simulation {
    /// The price of a compute unit below which no leader takes a transaction. It moves by the minute, and
    /// what nodes report of it is late.
    private func feeFloor() -> UInt64 {
        if t >= schedule.floorMoves_ms {
            node.setPriorityFee(schedule.floor_micro)
            schedule.floor_micro = max(100,
                                       min(50_000_000,
                                           schedule.floor_micro * UInt64(faultRandom.pick([1, 2, 4, 8])) / 4))
            schedule.floorMoves_ms = t + faultRandom.range(10_000, 120_000)
        }
        return schedule.floor_micro
    }

    func sendArrived(_ k: Int) {
        counted.sends += 1
        requests[k].answer.clear()
        requests[k].answer.put("{\"jsonrpc\":\"2.0\",\"result\":\"accepted\",\"id\":\(requests[k].id)}")
        var slots: Int64 = fateRandom.range(0, 2)
        func strikes(_ c: FaultClass) -> Bool {
            let w = schedule.state[Int(c.rawValue)]
            guard w.on, fateRandom.chance(permille: w.level) else { return false }
            counted.add(c)
            return true
        }
        if schedule.foreignAt == requests[k].endpoint {
            counted.add(.genesis)
            return
        }
        if !liarTakes(k) { return }
        let fork = schedule.state[Int(FaultClass.fork.rawValue)]
        if fork.on && fork.target == requests[k].endpoint && fateRandom.below(2) == 0 { return }
        if strikes(.drop) || strikes(.congestion) { return }
        if schedule.state[Int(FaultClass.lowfee.rawValue)].on
            && judge.unitPrice_micro(requests[k].body) < feeFloor() {
            counted.add(.lowfee)
            return
        }
        if strikes(.late) {
            slots = fateRandom.below(3) == 0 ? fateRandom.range(120, 155)
                : fateRandom.below(4) == 0 ? fateRandom.range(150, 480) : fateRandom.range(3, 148)
        }
        let s: Int
        if let free = sends.firstIndex(where: { !$0.used }) { s = free } else {
            s = sends.count
            sends.append(Sent())
        }
        sends[s].used = true
        sends[s].body = requests[k].body
        queue.push(t + slots * self.slots.now_ms + 1, .land, s)
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
