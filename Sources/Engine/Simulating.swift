// A simulation of exactly the order that is meant, without a signature, and the comparison of the simulated
// account with what it is to be.
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

extension Machine {
    func simulate(_ now: Now) {
        var d = draft
        if d.isOrder && d.userOrderId == nil { d.userOrderId = takeOrderId() }
        do throws(Refusal) {
            try d.shape(book, hedges[d.market], rules, venue: account.venue)
            try d.compile(book, signer: account.signer, feePrice_micro: 0)
        } catch {
            executionFailed(error.text, now)
            return
        }
        enter(.simulating(d))
        if !postSimulation(.simulate, d.message, legsShown.map { $0.key }) {
            tryTickAgain("too many requests under way", now)
        }
    }

    /// The accounts that the spot stands on, where the looks came from one host: the simulation is one bank,
    /// and a book that is torn between two slots is not. A node shows no more accounts than the transaction
    /// names; an order names nine at least, the User and eight legs are nine.
    private var legsShown: [LegAccount] {
        let d = draft
        if !d.isOrder || d.closing || d.look.agreedBy != 0 { return [] }
        return hedges[d.market].legAccounts(book, authority: account.authority)
    }

    /// Asks for a simulation of the message, with an empty signature in front, at the slot of the book or
    /// later, and for the User and these accounts as it leaves them.
    func postSimulation(_ ask: Ask, _ message: [UInt8], _ legs: [ek_key] = []) -> Bool {
        let (e, m) = (readEndpoint, book.pointee.slot)
        let shown = [book.pointee.user_address] + legs
        let bytes = [1] + [UInt8](repeating: 0, count: 64) + message
        return post(ask, e) { r, id in
            bytes.withUnsafeBufferPointer { tx in
                r.simulate(id: id, transaction: tx, shown: shown, minSlot: m) {
                    effects.post(endpoint: e, id: id, body: $0)
                }
            }
        }
    }

    /// Counts on through this agent's own range, so that no two tickets in a row share an id.
    private func takeOrderId() -> UInt8 {
        let id = ek_record_take_user_order_id(record)
        if ownOrderIds.contains(id) { return id }
        record.pointee.next_user_order_id = ownOrderIds.lowerBound + 1
        return ownOrderIds.lowerBound
    }

    func simulateAnswered(_ a: Answer, _ now: Now) {
        guard stage == .simulating else { return }
        let s: Answers.Simulated
        do throws(Trouble) { s = try Answers.simulated(a) } catch {
            tryTickAgain(error.words, now)
            return
        }
        if let e = s.error {
            simulationFailed(e, now)
            return
        }
        let i = draft.market
        do throws(Refusal) {
            var after = try draft.accountAfter(s, book, venue: account.venue, work: books.work)
            if draft.isOrder { readCost(&after, s, now) }
        } catch {
            refusedBySimulation(error.text, now)
            return
        }
        do throws(Refusal) {
            try draft.checkLegs(s, legsShown, signer: account.signer, work: books.work)
        } catch {
            looksDiffer(error.text, now)
            return
        }
        if draft.isOrder && !hedges[i].gates.allOpen {  // the cost gate has read the simulated fill
            abandonOrder()
            blocked(i, now)
            return
        }
        draft.limitCompute(used: s.units)
        commit(now)
    }

    /// What the network takes is known once the order was simulated: the price others pay, for the units it
    /// needs. The next decision expects the same; before the first one no priority fee is expected, and this
    /// second look is the one that counts.
    private func readCost(_ after: inout ek_user, _ s: Answers.Simulated, _ now: Now) {
        let units = s.units.addingReportingOverflow(s.units / 5 + 1).partialValue
        let priority = (draft.feePrice_micro ?? 0).multipliedReportingOverflow(by: units)
        let lamports = priority.overflow ? UInt64.max : priority.partialValue / 1_000_000
        standing.usualFee_lamports = min(lamports, rules.maxPriorityFee_lamports)
        let h = hedges[draft.market]
        if let g = draft.isTake ? costs(h).ofTake(&after) : costGate(h, now) { h.gates.put(g) }
    }

    private func simulationFailed(_ e: ChainError, _ now: Now) {
        let custom = e.custom
        if draft.isTake
            && (custom == ProgramError.takeConditionFailed || custom == ProgramError.impossibleFill)
        {
            takeLess(now)
            return
        }
        if let why = upgraded(e) {
            if triesAnotherNode(why, now) { return }
            abandonOrder()
            venueChanged(why, now)
            return
        }
        let h = hedges[draft.market]
        if draft.settles {
            settlingRefused(
                custom == ProgramError.nothingToSettle
                    ? "the venue's pool has nothing to pay it from" : e.sentence(account.venue), now)
            return
        }
        if custom == ProgramError.insufficientCollateral && draft.isOrder
            && h.decision.reduce_only != 0
        {
            health.reductionRefused(h.view, note)
        }
        let why: Text = "simulation refused the order: \(e.sentence(account.venue))"
        if let code = custom, ProgramError.ownersBusiness.contains(code) {
            ownerMustAct(why, now)
        } else if custom == ProgramError.userIsBeingLiquidated && draft.isOrder && userFlagged {
            stillLiquidated(why, now)
        } else {
            refusedBySimulation(why, now)
        }
    }

    /// The venue has not the whole size at this price: then what it has, and where it has nothing, an auction
    /// order that rests for its time.
    private func takeLess(_ now: Now) {
        let part = draft.isWhole && rules.partialFills
        note(
            .info,
            part
                ? "the venue cannot fill the whole size at once; taking what it has inside the worst price"
                : """
                the venue cannot fill the whole size at once; placing a price-bounded auction order instead
                """)
        draft.kind = part ? .takePart : .place
        simulate(now)
    }

    /// What stands on the account keeps every order out, and only its owner can change that: held up and
    /// said, and no failure of ours.
    private func ownerMustAct(_ why: Text, _ now: Now) {
        let i = draft.market
        if triesAnotherNode(why, now) { return }
        abandonOrder()
        noteBlocked(i, why)
        finish(.blocked, why, about: i, now)
    }

    var userFlagged: Bool { book.pointee.user.status & UInt8(EK_USER_BEING_LIQUIDATED) != 0 }

    /// The account's state, and no failure of the order.
    private func stillLiquidated(_ why: Text, _ now: Now) {
        let (i, h) = (draft.market, hedges[draft.market])
        if triesAnotherNode(why, now) { return }
        h.gates.put(GateEvaluation.stillLiquidated)
        if h.decision.reduce_only != 0 { health.reductionRefused(h.view, note) }
        abandonOrder()
        blocked(i, now)
    }

    /// What all nodes refuse is a failure.
    private func refusedBySimulation(_ why: Text, _ now: Now) {
        let i = draft.market
        if draft.isOrder && triesAnotherNode(why, now) { return }
        executionFailed(why, about: i, now)
    }

    /// A refusal is one node's word: with others there the tick starts over at the next one.
    private func triesAnotherNode(_ why: Text, _ now: Now) -> Bool {
        endpoints.usable > 1 && startOver(why, now)
    }
}
