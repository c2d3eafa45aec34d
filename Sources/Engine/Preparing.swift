// From two looks that agree to a message that can be simulated: blockhash, priority fee, block height.
//
// What a node is asked to simulate carries no signature: a node cannot land what it has only been asked to
// try. The bytes that are signed are journalled before anybody sees them, so there is never a signed order
// that the state file does not know.
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

extension Machine {
    func prepare(_ begun: Draft, _ now: Now) {
        var d = begun
        d.blockhash = nil
        d.feePrice_micro = nil
        d.height = nil
        d.began_ms = now.mono_ms
        for ask in [Ask.blockhash, .fees, .height] { requests.drop(ask) }
        let (e, m) = (readEndpoint, book.pointee.slot)
        let second = otherWitness(e, now)
        d.clusters = 1 << UInt32(e) | 1 << UInt32(second)
        enter(.preparing(d))
        let heights = askHeight(second) && askGenesis(e) && askGenesis(second)
        let hash = post(.blockhash, e) { r, id in
            r.blockhash(id: id, minSlot: m) { effects.post(endpoint: e, id: id, body: $0) }
        }
        let written = d.writtenAccounts(book, hedges[d.market])
        let fees = post(.fees, e) { r, id in
            r.fees(id: id, writable: written) { effects.post(endpoint: e, id: id, body: $0) }
        }
        if !heights || !hash || !fees { tryTickAgain("too many requests under way", now) }
    }

    func blockhashAnswered(_ a: Answer, _ now: Now) {
        guard stage == .preparing else { return }
        do throws(Trouble) { draft.blockhash = try Answers.blockhash(a) } catch {
            tryTickAgain(error.words, now)
            return
        }
        prepared(now)
    }

    func feesAnswered(_ a: Answer, _ now: Now) {
        guard stage == .preparing else { return }
        do throws(Trouble) {
            draft.feePrice_micro = try Answers.feePercentile(a, percentile: rules.feePercentile)
        } catch {
            // A node that cannot say what is usual: the order goes without a priority fee rather than not at
            // all.
            draft.feePrice_micro = 0
            note(.warning, "priority fees unknown, none is offered: \(error.words)")
        }
        prepared(now)
    }

    func heightAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard stage == .preparing else { return }
        do throws(Trouble) { draft.height = try Answers.epoch(a) } catch {
            // A node that does not offer the one method tells its height by the other, too.
            if error.code == 0 || !askHashHeight(endpoint, finalized: false) {
                noHeight(error, endpoint, now)
            }
            return
        }
        prepared(now)
    }

    /// The height of the second witness by its newest blockhash.
    func preparedByHash(_ told: Draft.Height, _ now: Now) {
        draft.height = told
        prepared(now)
    }

    /// This witness is no help: the next one's word then. The first node's own only where there is no other.
    func noHeight(_ why: Trouble, _ endpoint: Int, _ now: Now) {
        endpoints.all[endpoint].failed(now.mono_ms, status: 0, retryAfter_s: 0)
        let next = otherWitness(readEndpoint, now)
        let fit = next != endpoint && (next != readEndpoint || others(now) == 0)
        if !fit || endpoint == readEndpoint || !askHeight(next) { tryTickAgain(why.words, now) }
    }

    private func askHeight(_ e: Int) -> Bool {
        post(.height, e) { r, id in
            r.epoch(id: id, finalized: false) { effects.post(endpoint: e, id: id, body: $0) }
        }
    }

    /// Goes on once everything has come, and the clusters with it.
    func prepared(_ now: Now) {
        do throws(Refusal) {
            guard draft.isComplete, try clustersTold() else { return }
            try draft.checkHeights()
        } catch {
            tryTickAgain(error.text, now)
            return
        }
        simulate(now)
    }

    /// False: one of the endpoints of this order has not told its cluster yet.
    private func clustersTold() throws(Refusal) -> Bool {
        let d = draft
        for e in 0..<endpoints.all.count where d.clusters & (1 << UInt32(e)) != 0 {
            if endpoints.all[e].genesisAt_ms < d.began_ms || endpoints.all[e].genesis == nil { return false }
            if endpoints.all[e].foreign { throw Refusal("the endpoint is a node of another cluster") }
        }
        if !endpoints.clusterKnown { throw Refusal("not every endpoint has told its cluster yet") }
        return true
    }
}
