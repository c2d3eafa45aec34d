// Is the node behind an endpoint one of our cluster? It is asked for its genesis hash at the start (with two endpoints or more), before
// every order, and whenever its slot leaps: a provider may fail over to a node of another cluster without a word, and that node's slots,
// once believed, would make every honest node look old. A foreign endpoint is not used; it is asked again every tick, for it may return.
import EvenkeelCore
import Model
import Rpc
import Text

/// Slots beyond the newest one seen that need no explanation, and how many more each passing second explains.
private let leap_slots: UInt64 = 1_500
private let leapRate_slotsPerSecond: UInt64 = 10
private let vouchLife_ms: UInt64 = 10_000
/// So long a slot far ahead holds up orders on older books while its node does not tell its cluster.
private let leapHold_ms: UInt64 = 180_000

extension Machine {
    /// False when the request could not be started. One request an endpoint is enough.
    func askGenesis(_ e: Int) -> Bool {
        if outstanding.contains(where: { $0.ask == .genesis && $0.endpoint == e }) { return true }
        return post(.genesis, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.genesis(id: id) { host.post(endpoint: e, id: id, body: $0) }
        } != 0
    }

    /// The foreign ones, for they may return; and those that have not told yet, while it is not certain which cluster is ours.
    func askForeignAgain() {
        for e in 0..<endpoints.all.count where endpoints.all[e].foreign || (endpoints.all[e].genesis == nil && endpoints.all.count > 1 && !endpoints.sure) {
            _ = askGenesis(e)
        }
    }

    func genesisAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        var hash = ek_key()
        do throws(Trouble) {
            let r = try Answers.result(a)
            guard ek_json_key(r, &hash) == EK_OK else { throw Trouble("getGenesisHash: the answer is no hash") }
        } catch {
            endpoints.all[endpoint].leapt = false            // what answers next may be another node
            guard phase == .preparing && order.clusters & (1 << UInt32(endpoint)) != 0 else { return }
            if endpoint == reading.endpoint {
                tryTickAgain(error, now)
            } else {
                order.clusters &= ~(1 << UInt32(endpoint))      // the second witness is no help; a height of its own that does not fit is refused
                prepared(now)
            }
            return
        }
        let leapt = endpoints.all[endpoint].leapt
        if endpoints.tell(genesis: hash, of: endpoint, now.mono_ms) {
            // What was seen until now belonged to another cluster.
            slots.newest = 0
            slots.shown = 0
            reading.minSlot = 0
        }
        endpoints.all[endpoint].leapt = false
        for e in 0..<endpoints.all.count where endpoints.all[e].foreign != endpoints.all[e].foreignSaid {
            endpoints.all[e].foreignSaid = endpoints.all[e].foreign
            var t: Text = "endpoint \(e + 1)"
            t.put(endpoints.all[e].foreign ? rules.genesis == nil
                ? " is a node of another cluster (its genesis hash differs); it is not used"
                : " is not a node of the configured cluster (its genesis hash differs, see [rpc] cluster); nothing is sent through it" : " is a node of our cluster again")
            note(endpoints.all[e].foreign ? .error : .info, t)
        }
        if phase == .preparing { prepared(now) }
        // The book that leapt is read again, from a node that has just proved its cluster; nothing older counts any more, whoever shows it.
        if leapt && endpoints.all[endpoint].vouchedAt_ms == now.mono_ms && (phase == .reading || phase == .settling) {
            reading.minSlot = max(reading.minSlot, endpoints.all[endpoint].leaptTo)
            if outstanding.contains(where: { $0.ask == .book || $0.ask == .markets }) { return }
            reading.endpoint = endpoint
            postBook(now)
        }
    }

    /// Words when `slot` is further ahead than time explains, unless the endpoint has just proved its cluster (`vouch`).
    func leap(_ slot: UInt64, at e: Int, vouch: Bool = true, _ now: Now) -> Trouble? {
        if endpoints.all[e].foreign && endpoints.usable > 0 { return Trouble("the endpoint is a node of another cluster") }
        let known = max(slots.newest, slots.shown)
        let passed_s = (now.mono_ms - min(now.mono_ms, max(slots.newestAt_ms, slots.shownAt_ms))) / 1000
        if known == 0 || slot <= known || slot - known <= leap_slots + passed_s * leapRate_slotsPerSecond {
            if endpoints.all[e].vouchedAt_ms != nil { endpoints.all[e].leaptTo = 0 }       // it proved its cluster and leaps no more
            return nil
        }
        if vouch, let at = endpoints.all[e].vouchedAt_ms, now.mono_ms - min(now.mono_ms, at) <= vouchLife_ms {
            if !endpoints.sure { endpoints.onFaith = true }
            // Good for one leap: a moment later another node may stand behind the address.
            for i in 0..<endpoints.all.count { endpoints.all[i].vouchedAt_ms = nil }
            return nil
        }
        endpoints.all[e].leapt = askGenesis(e)
        endpoints.all[e].leaptTo = slot
        endpoints.all[e].leaptAt_ms = now.mono_ms
        askForeignAgain()
        return Trouble("the node's slot is far ahead of all that was seen; it is asked for its cluster first")
    }

    /// Words when an endpoint showed a slot far ahead of the book and has neither proved its cluster nor turned out to be foreign: the
    /// book may be that old, and until it is known which of the two is right no order is made of it.
    func bookMayBeOld(_ now: Now) -> Trouble? {
        for e in 0..<endpoints.all.count where !endpoints.all[e].foreign && endpoints.all[e].leaptTo > book.pointee.slot + rules.maxSlotLag
            && now.mono_ms - min(now.mono_ms, endpoints.all[e].leaptAt_ms) < leapHold_ms {
            endpoints.all[e].leapt = askGenesis(e)
            let t: Text = """
                endpoint \(e + 1) showed a slot \(endpoints.all[e].leaptTo - book.pointee.slot) ahead \
                of the book and has not told its cluster yet
                """
            return Trouble(t)
        }
        return nil
    }
}
