// The judge on I1 and I2: what goes out, what lands, what fills.
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

extension Judge {
    /// Order ids that the agent keeps for itself.
    static func agentsOwn(_ userId: UInt8) -> Bool { userId >= 200 && userId <= 254 }

    /// What a transaction offers for a compute unit, in micro-lamports.
    func unitPrice_micro(_ body: [UInt8]) -> UInt64 { find(body).map { orders[$0].tx.unitPrice } ?? 0 }

    /// Which signed message these bytes carry.
    private func find(_ body: [UInt8]) -> Int? {
        // ..."params":["BASE64...: the signature follows one byte of count.
        var i = 30
        while i < body.count - 100 && !(body[i] == 0x5B && body[i + 1] == 0x22) { i += 1 }
        guard i < body.count - 100 else { return nil }
        var raw = [UInt8](repeating: 0, count: 66), n = 0
        let ok = body.withUnsafeBufferPointer { p -> ek_err in
            guard let base = p.baseAddress else { return EK_E_SHORT }
            return base.advanced(by: i + 2).withMemoryRebound(to: CChar.self,
                                                              capacity: 88) { ek_base64_decode($0, 88, &raw, 66, &n) }
        }
        guard ok == EK_OK else { return nil }
        var k = orders.count - 1
        while k >= 0 {
            var same = true
            for j in 0..<64 where orders[k].signature[j] != raw[j + 1] { same = false; break }
            if same { return k }
            k -= 1
        }
        return nil
    }

    func posted(_ body: [UInt8], _ t: Int64) {
        guard let k = find(body) else {
            return accuse("I7", "bytes were sent that the agent's key did not sign")
        }
        if killed { return accuse("I3", "bytes were sent while the kill file was there") }
        if orders[k].posted { return }
        orders[k].posted = true
        for i in orders.indices where i != k && orders[i].posted && !orders[i].landed
            && node.isRecent(orders[i].tx.blockhash) {
            return accuse("I1",
                          "a second correction was sent while one of \(t - orders[i].at_ms) ms before could still land")
        }
        if !orders[k].tx.isOrder { return }
        if let id = ownLiveOrder(seenBy: min(orders[k].seen.truth.slot, orders[k].seen.served.knows)) {
            accuse("I1", "a correction was sent while order \(id) of the last one is live")
        }
    }

    /// An order of the agent's range that is live and that a book of `slot` showed (its own of this process
    /// count always).
    private func ownLiveOrder(seenBy slot: UInt64) -> UInt32? {
        var found: UInt32? = nil
        node.eachLiveOrder { o in
            let unseen = self.others.contains { $0.id == o.id && $0.slot > slot }
            if self.canStillFill(o) && !unseen { found = o.id }
        }
        return found
    }

    /// An order of the agent's range in a hedged market that has not expired.
    private func canStillFill(_ o: LiveOrder) -> Bool {
        Int(o.market) < scenario.markets && Judge.agentsOwn(o.userId)
            && !(o.maxTs != 0 && o.maxTs < node.unix_s)
    }

    /// A copy reached a leader. Only the first that gets into a block changes anything.
    func landed(_ body: [UInt8], before: Truth, _ t: Int64) {
        now_ms = t
        guard let k = find(body), !orders[k].landed, let l = node.landing(orders[k].signature) else { return }
        orders[k].landed = true
        orders[k].failed = l.failed
        if l.failed {
            // What the operator wanted at once has not been had: the next try is still it.
            let i = min(Int(orders[k].tx.market), kept.count - 1)
            kept[i].forced = kept[i].forced || orders[k].forced
            return
        }
        if !orders[k].tx.isOrder { return }
        orders[k].orderId = before.nextOrderId
        if orders[k].seen.served.own_e9 != own_e9 {
            let moved = own_e9 - orders[k].seen.served.own_e9
            accuse("I2",
                   "a correction landed on a book that an earlier one had moved by \(base: moved, shown: 9) since")
        }
        var live = 0
        node.eachLiveOrder { o in
            let strange = self.others.contains { $0.id == o.id }
            if self.canStillFill(o) && !strange { live += 1 }
        }
        if live > 1 { accuse("I1", "\(live) live orders of the agent at once") }
        slotPassed(t)
    }

    func slotPassed(_ t: Int64) {
        now_ms = t
        node.fills(since: &fillsSeen) { f in
            if !self.others.contains(where: { $0.id == f.orderId }) { self.filled(f) }
        }
    }

    private func filled(_ f: FillSeen) {
        guard let k = orders.lastIndex(where: { $0.landed && !$0.failed && $0.orderId == f.orderId }) else {
            return accuse("I7", "order \(f.orderId) filled, which nobody placed")
        }
        own_e9 += f.base
        m = min(Int(orders[k].tx.market), kept.count - 1)
        if orders[k].filled == 0 {
            corrections += 1
            turnDay()
            kept[m].tradesToday += 1
        }
        orders[k].filled += UInt64(f.base.magnitude)
        turnDay()
        kept[m].notionalToday_e6 += value_e6(UInt64(f.base.magnitude), orders[k].seen.truth.of(m).price_e6)
        if orders[k].filled > orders[k].tx.base {
            return accuse("I2", "more filled than was ordered: \(base: orders[k].filled, shown: 9)")
        }
        let b = orders[k].seen.truth.of(m)
        let spot = b.spot_e9 + Int64(clamping: b.wallet)
        let moved = Int64(orders[k].filled)
        if within(spot + b.perp_e9 + (f.base > 0 ? moved : -moved), spot) {
            kept[m].filledInside = (node.slot, now_ms)
        }
    }

    /// The agent wrote down that no order is open any more. The cooldown holds for what the book it read last
    /// and the chain itself both show inside: with only one of them a sound agent may or may not begin it.
    func ticketEnded() {
        let truth = node.truth()
        for i in kept.indices {
            guard let f = kept[i].filledInside else { continue }
            kept[i].filledInside = nil
            m = i
            let seen = shown.last(where: { $0.honest }).map { inside($0.truth.of(i)) } ?? false
            let isInside = inside(truth.of(i))
            if seen != isInside { clouded_ms = now_ms }
            if !seen || !isInside { continue }
            successSlot = f.slot
            success_ms = f.at_ms
            steppedSince = false
        }
    }

    /// The counts of a day are of the chain's day.
    func turnDay() {
        let today = node.unix_s / 86_400
        if today == kept[m].day { return }
        kept[m].day = today
        kept[m].tradesToday = 0
        kept[m].notionalToday_e6 = 0
    }

    func value_e6(_ base_e9: UInt64, _ price_e6: Int64) -> Int64 {
        Int64(clamping: Int128(base_e9) * Int128(price_e6) / 1_000_000_000)
    }

    private func inside(_ b: Truth) -> Bool {
        let spot = b.spot_e9 + Int64(clamping: b.wallet)
        return within(spot + b.perp_e9, spot)
    }
}
