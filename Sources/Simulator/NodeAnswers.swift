// What a node answers: from its own replica, from a fork, of another cluster, or with a false account in it.
import Engine
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

extension Simulation {
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

    private func on(_ c: FaultClass, at endpoint: Int) -> FaultState? {
        let f = schedule.state[Int(c.rawValue)]
        return f.on && (f.target < 0 || f.target == endpoint) ? f : nil
    }

    private func ask(_ k: Int) {
        let e = requests[k].endpoint
        let isBook = requests[k].method == .accounts
        let shown = viewOf(e)
        if schedule.foreignAt == e, askForeign(k) { return }
        var view = shown?.replica
        var manners = mannersOf(e, requests[k].method)
        var lied = false, forked = false, own_e9 = shown?.own_e9 ?? judge.own_e9
        let fork = schedule.state[Int(FaultClass.fork.rawValue)]
        let onFork = fork.on && fork.target == e
        if onFork, let began = schedule.fork {
            counted.add(.fork)
            view = node.onFork(began.replica, phantom_e9: schedule.phantom_e9)
            let a = node.truth(view), b = node.truth()
            forked = a.perp_e9 != b.perp_e9 || a.spot_e9 != b.spot_e9 || a.nextOrderId != b.nextOrderId
            // whatever else this endpoint would have shown
            own_e9 = forked ? began.own_e9 : judge.own_e9
        }
        if lies(e) {
            view = forgedWorld(e, isBook, &manners)
            lied = true
        }
        let ahead = on(.height, at: e)?.level ?? 0
        if ahead > 0 && requests[k].method == .epoch { counted.add(.height) }
        if isBook, let lie = on(.lie, at: e), netRandom.chance(permille: lie.level) {
            lied = tellLie(e, lie, &view)
        }
        if isBook && tear(e, &view) { lied = true }
        let body = requests[k].body
        let forkSlot = onFork ? schedule.fork?.replica.slot ?? .max : .max
        // The buffer is taken out while the node writes into it, so that nothing is copied.
        swap(&scratch, &requests[k].answer)
        let w = body.withUnsafeBufferPointer {
            node.handle($0, &scratch, seenBy: view, fork: forkSlot, ahead: ahead, manners: manners)
        }
        swap(&scratch, &requests[k].answer)
        node.stopLying()
        if requests[k].method == .blockhash, let lie = on(.lie, at: e), netRandom.chance(permille: lie.level) {
            lieAboutHeight(k)
        }
        if w.status != 200 { requests[k].status = Int(w.status) }
        if isBook {
            // {"jsonrpc":"2.0","result"... and not "error": a node that has not reached the slot that was
            // asked for shows nothing.
            let shows = requests[k].answer.bytes.count > 18 && requests[k].answer.bytes[18] == 0x72
            requests[k].served = Served(whole: shows && requests[k].spoil == .none && readsUser(body),
                                        truth: node.truth(view), replica: view ?? node.replica(),
                                        lied: lied, forked: forked, knows: forked
                                            ? schedule.fork?.replica.slot ?? 0 : .max,
                                        own_e9: own_e9)
        }
    }

    /// A false account in the answer to come: the User of a while ago, or one that is missing or wrong.
    /// False: there was nothing to falsify.
    /// The old User comes from one endpoint alone, once in a minute: else it would be the truth of two looks.
    private func tellLie(_ e: Int, _ lie: FaultState, _ view: inout Replica?) -> Bool {
        let fork = schedule.state[Int(FaultClass.fork.rawValue)].on
        let alone = (lie.target >= 0 || endpoints.count == 1) && !fork
        if let old = schedule.oldBook, netRandom.below(3) == 0, alone && t - endpoints[e].tore_ms >= 60_000 {
            endpoints[e].tore_ms = t
            let stale = node.staleUser(old), a = node.truth(stale), b = node.truth()
            if a.perp_e9 == b.perp_e9 && a.spot_e9 == b.spot_e9 { return false }
            view = stale
        } else {
            node.lie(netRandom.pick([.missing, .owner, .short, .discriminator]), account: netRandom.below(5))
        }
        counted.add(.lie)
        return true
    }

    /// The node behind this endpoint belongs to another cluster: everything it says is true there.
    private func askForeign(_ k: Int) -> Bool {
        guard let foreign = schedule.foreign else { return false }
        counted.add(.genesis)
        let passed = (t - schedule.foreignClock_ms) / slots.now_ms
        if passed > 0 {
            foreign.jump(slots: Int(passed))
            schedule.foreignClock_ms += passed * slots.now_ms
        }
        let body = requests[k].body
        swap(&scratch, &requests[k].answer)
        _ = body.withUnsafeBufferPointer { foreign.handle($0, &scratch) }
        swap(&scratch, &requests[k].answer)
        if requests[k].method == .accounts {
            let there = foreign.authorityKey == node.authorityKey
            requests[k].served = Served(whole: there && requests[k].spoil == .none && readsUser(body),
                                        truth: foreign.truth(),
                                        lied: true, foreign: true, own_e9: judge.own_e9)
        }
        return true
    }

    /// A lastValidBlockHeight that is not the blockhash's: an order that counts as expired too early is one
    /// that may land twice.
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
        out.put(max(1, v + netRandom.pick([-149, -140, -100, -45, -10, 40, 5_000])))
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
            let maybe = body[i] == userText.bytes[0] && body[i + 1] == userText.bytes[1]
            if maybe && body[i..<i + n].elementsEqual(userText.bytes) { return true }
            i += 1
        }
        return false
    }
}
