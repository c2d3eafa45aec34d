// What is known of an open ticket: its bytes were journalled and perhaps sent. The only thing done until it
// has ended is to find out what became of it. A timeout, a 5xx, a closed socket, an error answer to
// sendTransaction prove nothing; what proves is
//
//   landed   its own order on the User, whoever found it; or its signature in a confirmed block, and its
//            effect on a User of that slot or a later one
//   failed   its signature in a confirmed block with an error, said by two endpoints, or by one until the
//            block height is past (the bytes cannot land any more), and a User whose next_order_id has not
//            moved
//   expired  on a bank whose block height is past the ticket's last valid one, the signature is unknown with
//            history searched, the same at a second endpoint where there is one, and a User of no older slot
//            whose next_order_id has not moved
//
// A node that says "landed" or "failed" while the User says otherwise is one of two facts that disagree: the
// ticket stays open. The account has the last word, and signatures only make it quicker: a node that keeps no
// transaction history, does not offer the method, or does not say how firm a status is, can neither hold a
// ticket open nor end it.
//
// The slot of the bank comes with its height in one answer (getEpochInfo), and a signature's or User's answer
// counts only when its own context slot is no older: a node that lags behind, or a pool that answers from
// different replicas, cannot fake an expiry.
import EvenkeelCore
import Model
import Rpc
import Text

/// So many answers in a row without a fact, and the endpoint counts as one that has none.
private let errorsToBeBlind: UInt8 = 3
/// A second endpoint that has been dead or frozen for so long cannot hold the book hostage.
private let secondWord_ms: UInt64 = 120_000

/// What one endpoint said of the ticket.
package struct TicketWitness {
    /// Slot of a bank past the last valid height; nil: not yet.
    package var pastAtSlot: UInt64? = nil
    /// It then did not know the signature.
    package var unknownAfter = false
    /// It found the signature with an error; nothing is believed of that before the proof.
    package var saidFailed = false
    /// It said "landed" while its User showed nothing of it.
    package var contradicted = false
    /// Its account showed no effect past the expiry.
    package var noEffect = false
    /// What its account showed once it said that the order is over.
    package var over: Over? = nil
    /// It keeps no history; how often in a row it gave no status, and no height; by which method its height
    /// is asked; whether its trouble was said.
    package var noHistory = false
    package var statusErrors: UInt8 = 0
    package var heightErrors: UInt8 = 0
    package var heightByHash = false
    package var statusSaid = false
    package var heightSaid = false

    /// What the order filled, nil where the account cannot tell, and whether the drift was inside then.
    package struct Over {
        package let filled_e9: UInt64?
        package let inside: Bool
        package init(filled_e9: UInt64?, inside: Bool) {
            self.filled_e9 = filled_e9
            self.inside = inside
        }
    }

    /// The order has no effect by this one's word.
    var says: Bool { unknownAfter || saidFailed }

    /// No status can be had of it.
    package var statusBlind: Bool { statusErrors >= errorsToBeBlind }
    package var heightBlind: Bool { heightErrors >= errorsToBeBlind }
}

package struct Tracking {
    /// Which hedged market the ticket is for; nil: one that is hedged no more. It is followed to its end,
    /// never sent again.
    package let market: Int?
    /// This process found the ticket in its state file.
    package let inherited: Bool
    package let started_ms: UInt64
    /// What settling had done to the account when the ticket was made.
    package var feeMark: ek_fee_mark?
    package var witnesses: [TicketWitness]
    /// The account carried the flag of a liquidation when the order was made.
    package var flagged = false

    package var statusDue_ms: UInt64
    package var sendDue_ms: UInt64
    package var epochDue_ms: UInt64
    /// When endpoints of another cluster are asked again whether they are back: no tick does it meanwhile.
    package var clusterDue_ms: UInt64 = 0
    package var statusEndpoint = 0
    package var proofAt_ms: UInt64? = nil
    package var error: ChainError? = nil
    /// A node said "landed" and the User showed nothing of it.
    package var contradicted = false
    /// The endpoint that said "landed" last: it is asked first for what the order did.
    package var landedBy: Int? = nil
    /// The order is over: since when that was said, by whom last, and whether two of them differed on what it
    /// filled.
    package var overAt_ms: UInt64? = nil
    package var overBy: Int? = nil
    package var overDiffers = false
    /// The slot at which an end was first said: another endpoint's word on it is read there, for a node that
    /// is always a little behind never reaches the newest one.
    package var saidAt_slot: UInt64 = 0
    /// A restored ticket is looked for before its bytes are sent again.
    package var lookFirst: Bool
    /// The book changed under the order: what was sent is followed to its end, nothing is sent any more.
    package var changed = false
    /// The book was read and still is the ticket's: the bytes may go out (again). The first send follows its
    /// own read; every later one needs a fresh look.
    package var sendCleared: Bool
    /// When the first endpoint was past the last valid height, and the chain's clock past a resting order's
    /// time; why the account was not read last.
    package var pastAt_ms: UInt64? = nil
    package var restedOutAt_ms: UInt64? = nil
    package var readTrouble = Text()
    /// When it was last said that the end is overdue.
    package var overdueSaid_ms: UInt64? = nil
    /// The account changed in a way that this order may have had a part in, and no node could say.
    package var unsure = false

    package init(market: Int?, inherited: Bool, feeMark: ek_fee_mark?, endpoints: Int, _ now: Now) {
        self.market = market
        self.inherited = inherited
        self.feeMark = feeMark
        started_ms = now.mono_ms
        witnesses = [TicketWitness](repeating: TicketWitness(), count: endpoints)
        statusDue_ms = now.mono_ms + (inherited ? 0 : 400)
        sendDue_ms = now.mono_ms
        epochDue_ms = now.mono_ms + (inherited ? 0 : 4_000)
        lookFirst = inherited
        sendCleared = !inherited
    }

    package var nextDue_ms: UInt64 { min(statusDue_ms, min(epochDue_ms, sendDue_ms)) }

    /// Once as many endpoints as a proof needs are past the last valid height, nothing is sent any more.
    package func sending(_ endpoints: Endpoints) -> Bool {
        let past = endpoints.sites { witnesses[$0].pastAtSlot != nil }
        return !lookFirst && !changed && past < endpoints.quorum
    }

    /// The endpoint to ask for the signature's status: those that are needed for a proof of expiry come
    /// first, then everybody in turn.
    package func statusCandidate() -> Int {
        var e = statusEndpoint % max(1, witnesses.count)
        for (k, w) in witnesses.enumerated() where w.pastAtSlot != nil && !w.unknownAfter && !w.statusBlind {
            e = k
        }
        return e
    }

    // MARK: proof that it has no effect

    /// The slot at which the account is to be read for the last word; nil: not enough endpoints agree yet
    /// that the order has no effect and can have none any more.
    package func expiryProof(_ endpoints: Endpoints, _ now: Now) -> UInt64? {
        var slot: UInt64 = 0
        for w in witnesses where w.says { slot = max(slot, w.pastAtSlot ?? 0) }
        let agreeing = endpoints.sites { witnesses[$0].says }
        // Dead, or alive and standing still behind the slot of the proof, or unable to tell a height.
        let heard = endpoints.sites { e in
            let (w, at) = (witnesses[e], endpoints.all[e])
            return w.says || !(at.failuresInRow >= 3 || at.slot < slot || w.heightBlind)
        }
        let silent = endpoints.usable - heard
        let needed = endpoints.quorum
        let waited_ms = proofAt_ms.map { now.mono_ms - $0 } ?? 0
        let alone = agreeing + silent == endpoints.usable && waited_ms > secondWord_ms
        return agreeing >= needed || (agreeing >= 1 && alone) ? slot : nil
    }

    /// The evidence of an expiry is thrown away.
    package mutating func forgetProof(_ now: Now) {
        for e in witnesses.indices {
            witnesses[e].pastAtSlot = nil
            witnesses[e].unknownAfter = false
            witnesses[e].noEffect = false
        }
        epochDue_ms = now.mono_ms + 2_000
        statusDue_ms = now.mono_ms + 500
    }

    /// No endpoint that is past the expiry looked the signature up.
    package var nobodyKnows: Bool {
        for w in witnesses where w.unknownAfter && !w.statusBlind { return false }
        return true
    }

    // MARK: what the order filled

    /// One endpoint's account says that the order is over. That node may lie, or stand on a fork that missed
    /// the fill: so many must show the same that one of them is honest, however long it takes; only while no
    /// other answers is one believed after two minutes. True: it is believed.
    package mutating func over(
        _ said: TicketWitness.Over, by e: Int, at slot: UInt64, _ endpoints: Endpoints, _ now: Now,
        _ say: (Level, Text) -> Void
    ) -> Bool {
        if overAt_ms == nil { overAt_ms = now.mono_ms }
        if overBy == nil { saidAt_slot = slot }
        overBy = e
        witnesses[e].over = said
        for (k, w) in witnesses.enumerated() where !endpoints.all[k].foreign && !overDiffers {
            guard let other = w.over, other.filled_e9 != said.filled_e9 else { continue }
            overDiffers = true
            say(.warning, "two nodes differ on what the order filled; reading on until two agree")
        }
        let agreeing = endpoints.sites { e in
            guard let other = witnesses[e].over else { return false }
            return other.filled_e9 == said.filled_e9 && other.inside == said.inside
        }
        let waited_ms = now.mono_ms - (overAt_ms ?? now.mono_ms)
        return agreeing >= endpoints.quorum || (endpoints.othersSilent(e) && waited_ms > secondWord_ms)
    }

    /// One endpoint's account shows no effect past the expiry. True: so many do that one of them is honest,
    /// or no other answers.
    package mutating func noEffect(by e: Int, at slot: UInt64, _ endpoints: Endpoints) -> Bool {
        if !noEffectSaid { saidAt_slot = slot }
        witnesses[e].noEffect = true
        let saying = endpoints.sites { witnesses[$0].noEffect }
        return saying >= endpoints.quorum || endpoints.othersSilent(e)
    }

    package var noEffectSaid: Bool { witnesses.contains { $0.noEffect } }
}

extension Endpoints {
    /// No other endpoint of our cluster answers.
    package func othersSilent(_ e: Int) -> Bool {
        sites { all[$0].site != all[e].site && all[$0].failuresInRow < 3 } == 0
    }
}

/// What the account shows of the ticket's order; nil: it moved in a way that this order cannot explain.
package func outcome(of ticket: UnsafeMutablePointer<ek_ticket>, in book: Book) -> ek_outcome? {
    var out = ek_outcome()
    let err = ek_outcome_of(ticket, ek_book_user(book), book.pointee.clock.unix_timestamp, &out)
    return err == EK_OK ? out : nil
}

/// The ticket's own order stands on the account: then it landed, whatever any node says of its signature.
package func orderSeen(_ ticket: UnsafeMutablePointer<ek_ticket>, in book: Book) -> Bool {
    ticket.pointee.kind != UInt8(EK_KIND_CANCEL) && outcome(of: ticket, in: book)?.found ?? 0 != 0
}

/// Whether the bytes of a ticket may go out again.
package enum Resend {
    /// The book is still the ticket's.
    case same
    /// The order may be there, hidden by another one: look for the signature, do not send.
    case lookForSignature
    /// What is needed now is not what the bytes say.
    case changed

    /// Position, order ids and spot as in the ticket's book, the price inside the order's bound: then the
    /// order still says what is needed. `view`: of the book read now.
    package init(_ t: ek_ticket, _ book: Book, _ view: View) {
        let spotMoved = Int128(view.a.spot_base_e9) - Int128(t.spot_before_base_e9)
        let allowed = Int128(t.spot_before_base_e9).magnitude * UInt128(t.tolerance_ppm) / 4_000_000
        let isOrder = ek_kind_orders(t.kind) != 0
        let same = view.a.perp_base_e9 == t.position_before_base_e9 && spotMoved.magnitude <= allowed
        let oracle = view.a.oracle_price_e6
        let priced =
            t.worst_price_e6 == 0
            || (t.direction == UInt8(EK_SELL) ? oracle >= t.worst_price_e6 : oracle <= t.worst_price_e6)
        if book.pointee.user.next_order_id != t.next_order_id_before && isOrder {
            self = .lookForSignature
        } else {
            self = !isOrder || (same && priced) ? .same : .changed
        }
    }
}
