// From a decision to journalled bytes: blockhash and fee, the order in the venue's form, a simulation of exactly that order without a
// signature, the comparison of the simulated account with what is meant, then signature, journal, send.
//
// What a node is asked to simulate carries no signature: a node cannot land what it has only been asked to try. The bytes that are
// signed are journalled before anybody sees them, so there is never a signed order that the state file does not know.
import EvenkeelCore
import Model
import Rpc
import Text

let blockhashLife_blocks: UInt64 = 150
let computeLimitForSimulation: UInt32 = 1_400_000

/// The order being built. Gone when the tick ends; what must survive is in the ticket.
package struct Order {
    var kind = UInt8(EK_KIND_NONE)
    var params = ek_order_params()
    package var intent = ek_intent()
    var blockhash = Answers.Blockhash(hash: ek_key(), lastValidHeight: 0, slot: 0)
    var haveBlockhash = false
    var haveFee = false
    /// Block height that another answer (of another endpoint, where there is one) told beside the blockhash.
    var height: UInt64 = 0
    /// Endpoints (as bits) that must have told their cluster since `began_ms`.
    var clusters: UInt32 = 0
    var began_ms: UInt64 = 0
    var feePrice_micro: UInt64 = 0
    var limit = computeLimitForSimulation
    var message = [UInt8](repeating: 0, count: 1232)
    var messageLen = 0
}

extension Machine {
    // MARK: blockhash and fee

    func prepare(_ now: Now) {
        phase = .preparing
        order.haveBlockhash = false
        order.haveFee = false
        order.height = 0
        order.began_ms = now.mono_ms
        order.feePrice_micro = 0
        dropOutstanding(.blockhash)
        dropOutstanding(.fees)
        dropOutstanding(.height)
        let e = reading.endpoint
        let m = book.pointee.slot
        let second = otherWitness(e, now)
        order.clusters = 1 << UInt32(e) | 1 << UInt32(second)
        let c = askHeight(second) && askGenesis(e) && askGenesis(second)
        let a = post(.blockhash, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.blockhash(id: id, minSlot: m) { host.post(endpoint: e, id: id, body: $0) }
        }
        // The accounts the transaction writes: theirs is the fee market that counts.
        var written = [book.pointee.user_address]
        if ek_venue_can_take(venue) != 0 && !preferAuction && cancelling == nil {
            written.append(book.pointee.user_stats_address)
            if let m = ek_book_perp(book, perpIndex) { written.append(m.pointee.address) }
        }
        let b = post(.fees, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.fees(id: id, writable: written) { host.post(endpoint: e, id: id, body: $0) }
        }
        if a == 0 || b == 0 || !c { tryTickAgain(Trouble("too many requests under way"), now) }
    }

    func blockhashAnswered(_ a: Answer, _ now: Now) {
        guard phase == .preparing else { return }
        do throws(Trouble) {
            order.blockhash = try Answers.blockhash(a)
            order.haveBlockhash = true
        } catch {
            tryTickAgain(error, now)
            return
        }
        prepared(now)
    }

    func feesAnswered(_ a: Answer, _ now: Now) {
        guard phase == .preparing else { return }
        order.haveFee = true
        do throws(Trouble) {
            order.feePrice_micro = try Answers.feePercentile(a, percentile: rules.feePercentile)
        } catch {
            // A node that cannot say what is usual: the order goes without a priority fee rather than not at all.
            note(.warning, "priority fees unknown, none is offered: \(error.words)")
        }
        prepared(now)
    }

    func heightAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard phase == .preparing else { return }
        do throws(Trouble) {
            order.height = try Answers.epoch(a).height
        } catch {
            endpoints.all[endpoint].failed(now.mono_ms, status: 0, retryAfter_s: 0)
            let e = reading.endpoint
            // The second witness is no help: the first one's own height then, which at least is another answer.
            if endpoint == e || !askHeight(e) { tryTickAgain(error, now) }
            return
        }
        prepared(now)
    }

    func askHeight(_ e: Int) -> Bool {
        post(.height, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.epoch(id: id, finalized: false) { host.post(endpoint: e, id: id, body: $0) }
        } != 0
    }

    /// The last valid height decides when an order may be given up, so it must not rest on one node's word: a blockhash lives 150
    /// blocks, and what another answer says the height is now leaves room for little else.
    func prepared(_ now: Now) {
        guard order.haveBlockhash && order.haveFee && order.height > 0 else { return }
        for e in 0..<endpoints.all.count where order.clusters & (1 << UInt32(e)) != 0 {
            if endpoints.all[e].genesisAt_ms < order.began_ms || endpoints.all[e].genesis == nil { return }
            if endpoints.all[e].foreign {
                tryTickAgain(Trouble("the endpoint is a node of another cluster"), now)
                return
            }
        }
        if !endpoints.clusterKnown {
            tryTickAgain(Trouble("not every endpoint has told its cluster yet"), now)
            return
        }
        let valid = order.blockhash.lastValidHeight
        guard valid >= order.height + blockhashLife_blocks - 50, valid <= order.height + 2 * blockhashLife_blocks else {
            tryTickAgain(Trouble("the blockhash's last valid height does not fit the block height of the cluster"), now)
            return
        }
        // No blockhash is valid for longer than 150 blocks from now on: a node that names an earlier end would have the order given up too soon.
        order.blockhash.lastValidHeight = max(valid, order.height + blockhashLife_blocks)
        if cancelling != nil {
            simulate(kind: UInt8(EK_KIND_CANCEL), now)
            return
        }
        let take = ek_venue_can_take(venue) != 0 && !preferAuction
        simulate(kind: UInt8(take ? EK_KIND_TAKE : EK_KIND_PLACE), now)
    }

    // MARK: simulation
}
