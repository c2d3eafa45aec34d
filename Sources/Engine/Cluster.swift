// Is the node behind an endpoint one of our cluster? It is asked for its genesis hash at the start (with two
// endpoints or more), before every order, and whenever its slot leaps: a provider may fail over to a node of
// another cluster without a word, and that node's slots, once believed, would make every honest node look
// old. A foreign endpoint is not used; it is asked again every tick, for it may return.
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

/// Slots beyond the newest one seen that need no explanation; time explains more of them.
private let leap_slots: UInt64 = 1_500
private let fastest_slotsPerSecond: UInt64 = 20
private let vouchLife_ms: UInt64 = 10_000
/// So long a slot far ahead holds up orders on older books while its node does not tell its cluster.
private let leapHold_ms: UInt64 = 180_000

extension Machine {
    /// False when the request could not be started. One request an endpoint is enough.
    func askGenesis(_ e: Int) -> Bool {
        if requests.has(.genesis, at: e) { return true }
        return post(.genesis, e) { r, id in
            r.genesis(id: id) { effects.post(endpoint: e, id: id, body: $0) }
        }
    }

    /// The foreign ones, for they may return; and those that have not told yet, while it is not certain which
    /// cluster is ours.
    func askForeignAgain() {
        for e in 0..<endpoints.all.count
        where endpoints.all[e].foreign
            || (endpoints.all[e].genesis == nil && endpoints.all.count > 1 && !endpoints.sure)
        {
            _ = askGenesis(e)
        }
    }

    func genesisAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        var hash = ek_key()
        do throws(Trouble) {
            let r = try Answers.result(a)
            guard ek_json_key(r, &hash) == EK_OK else {
                throw Trouble("getGenesisHash: the answer is no hash")
            }
        } catch {
            genesisUntold(error, endpoint, now)
            return
        }
        let leapt = endpoints.all[endpoint].leapt
        if endpoints.tell(genesis: hash, of: endpoint, now.mono_ms) {
            // What was seen until now belonged to another cluster.
            reader.slots.newest = 0
            reader.slots.shown = 0
            reader.reading.minSlot = 0
        }
        endpoints.all[endpoint].leapt = false
        sayForeign()
        if stage == .preparing { prepared(now) }
        // The book that leapt is read again, from a node that has just proved its cluster; nothing older
        // counts any more, whoever shows it.
        if leapt && endpoints.all[endpoint].vouchedAt_ms == now.mono_ms
            && (stage == .reading || stage == .settling)
        {
            reader.reading.minSlot = max(reader.reading.minSlot, endpoints.all[endpoint].leaptTo)
            if requests.has(.book) || requests.has(.markets) { return }
            reader.reading.endpoint = endpoint
            postBook(now)
        }
    }

    private func genesisUntold(_ why: Trouble, _ e: Int, _ now: Now) {
        endpoints.all[e].leapt = false  // what answers next may be another node
        guard stage == .preparing && draft.clusters & (1 << UInt32(e)) != 0 else { return }
        if e == readEndpoint {
            tryTickAgain(why.words, now)
        } else {
            // The second witness is no help; a height of its own that does not fit is refused.
            draft.clusters &= ~(1 << UInt32(e))
            prepared(now)
        }
    }

    private func sayForeign() {
        for e in 0..<endpoints.all.count where endpoints.all[e].foreign != endpoints.all[e].foreignSaid {
            let foreign = endpoints.all[e].foreign
            endpoints.all[e].foreignSaid = foreign
            let words: StaticString =
                !foreign
                ? "is a node of our cluster again"
                : rules.genesis == nil
                    ? "is a node of another cluster (its genesis hash differs); it is not used"
                    : """
                    is not a node of the configured cluster (its genesis hash differs, see [rpc] cluster); \
                    nothing is sent \
                    through it
                    """
            note(foreign ? .error : .info, "endpoint \(e + 1) \(words)")
        }
    }

    /// Refused: `slot` is further ahead than time explains, and the endpoint has not just proved its cluster
    /// (`vouch`).
    func checkLeap(_ slot: UInt64, at e: Int, vouch: Bool = true, _ now: Now) throws(Trouble) {
        if endpoints.all[e].foreign && endpoints.usable > 0 {
            throw Trouble("the endpoint is a node of another cluster")
        }
        let s = reader.slots
        let newest = max(s.newest, s.shown)
        let passed_s = (now.mono_ms - min(now.mono_ms, max(s.newestAt_ms, s.shownAt_ms))) / 1000
        if newest == 0 || slot <= newest || slot - newest <= leap_slots + passed_s * fastest_slotsPerSecond {
            // It proved its cluster and leaps no more.
            if endpoints.all[e].vouchedAt_ms != nil { endpoints.all[e].leaptTo = 0 }
            return
        }
        if vouch, let at = endpoints.all[e].vouchedAt_ms, now.mono_ms - min(now.mono_ms, at) <= vouchLife_ms {
            if !endpoints.sure { endpoints.onFaith = true }
            // Good for one leap: a moment later another node may stand behind the address.
            for i in 0..<endpoints.all.count { endpoints.all[i].vouchedAt_ms = nil }
            return
        }
        endpoints.all[e].leapt = askGenesis(e)
        endpoints.all[e].leaptTo = slot
        endpoints.all[e].leaptAt_ms = now.mono_ms
        askForeignAgain()
        throw Trouble("the node's slot is far ahead of all that was seen; it is asked for its cluster first")
    }

    /// Refused: an endpoint showed a slot far ahead of the book and has neither proved its cluster nor turned
    /// out to be foreign. The book may be that old, and until it is known which of the two is right no order
    /// is made of it.
    func checkBookIsNew(_ now: Now) throws(Trouble) {
        let slot = book.pointee.slot
        for e in 0..<endpoints.all.count where !endpoints.all[e].foreign {
            let (leaptTo, at_ms) = (endpoints.all[e].leaptTo, endpoints.all[e].leaptAt_ms)
            guard leaptTo > slot + rules.maxSlotLag, now.mono_ms - min(now.mono_ms, at_ms) < leapHold_ms
            else { continue }
            endpoints.all[e].leapt = askGenesis(e)
            throw Trouble(
                """
                endpoint \(e + 1) showed a slot \(leaptTo - slot) ahead of the book and has not told its \
                cluster yet
                """)
        }
    }

    /// Refused: no endpoint is of the configured cluster.
    func requireCluster() throws(Refusal) {
        guard rules.genesis != nil, endpoints.usable == 0 else { return }
        throw Refusal(
            """
            no RPC endpoint is a node of the configured cluster (the genesis hash differs): check [rpc] url \
            and \
            cluster; observing only
            """)
    }
}
