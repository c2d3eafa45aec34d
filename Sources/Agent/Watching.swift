// A ticket is open: its bytes were journalled and perhaps sent. The only thing done until it has ended is to find out what became of
// it. A timeout, a 5xx, a closed socket, an error answer to sendTransaction prove nothing; what proves is
//   landed    its own order on the User, whoever found it; or its signature in a confirmed block, and its effect on a User of that slot or
//             a later one                                                                                         -> settling
//   failed    its signature in a confirmed block with an error, said by two endpoints, or by one until the block height is past (the
//             bytes cannot land any more), and a User whose next_order_id has not moved
//   expired   on a bank whose block height is past the ticket's last valid one, the signature is unknown with history searched, the
//             same at a second endpoint where there is one, and a User of no older slot whose next_order_id has not moved
// A node that says "landed" or "failed" while the User says otherwise is one of two facts that disagree: the ticket stays open.
// The account has the last word, and signatures only make it quicker: a node that keeps no transaction history, does not offer the method,
// or does not say how firm a status is, can neither hold a ticket open nor end it.
// The slot of the bank comes with its height in one answer (getEpochInfo), and a signature's or User's answer counts only when its own
// context slot is no older: a node that lags behind, or a pool that answers from different replicas, cannot fake an expiry.
import EvenkeelCore
import Model
import Rpc
import Text

struct Watch {
    var statusDue_ms: UInt64 = 0
    var sendDue_ms: UInt64 = 0
    var epochDue_ms: UInt64 = 0
    /// When endpoints of another cluster are asked again whether they are back: no tick does it while a ticket is open.
    var clusterDue_ms: UInt64 = 0
    var started_ms: UInt64 = 0
    var statusEndpoint = 0
    /// Per endpoint: slot of a bank past the last valid height (0: not yet), and whether it then did not know the signature.
    var expiredAt = [UInt64](repeating: 0, count: 8)
    var unknownAfter = [Bool](repeating: false, count: 8)
    var proofAt_ms: UInt64 = 0
    /// Endpoints that found the signature with an error, and that error; nothing is believed of it before the proof.
    var saidFailed = [Bool](repeating: false, count: 8)
    var error: ChainError? = nil
    /// A node said "landed" and the User showed nothing of it.
    var contradicted = false
    /// The endpoints (as bits) whose User that was, and the one that said "landed" last: it is asked first for what the order did.
    var contradictedBy: UInt32 = 0
    var landedBy = -1
    /// The order is over: since when that was said, by whom last, what each endpoint said that it filled, and whether two of them differed.
    var overAt_ms: UInt64 = 0
    var overBy: Int? = nil
    var overFilled_e9 = [UInt64?](repeating: nil, count: 8)
    var overDiffers = false
    /// The endpoints (as bits) whose account showed no effect past the expiry; others are asked before it is
    /// believed.
    var noEffectBy: UInt32 = 0
    /// The slot at which an end was first said.
    var saidAt_slot: UInt64 = 0
    /// Whether the drift was inside by the account that an endpoint said it with.
    var overInside = [Bool](repeating: false, count: 8)
    /// A restored ticket is looked for before its bytes are sent again.
    var lookFirst = false
    /// The book changed under the order: what was sent is followed to its end, nothing is sent any more.
    var changed = false
    /// The book was read and still is the ticket's: the bytes may go out (again).
    var sendCleared = false
    /// Per endpoint: it keeps no history; how often in a row it gave no status, and no height; by which method its height is asked; whether
    /// its trouble was said.
    var noHistory = [Bool](repeating: false, count: 8)
    var statusErrors = [UInt8](repeating: 0, count: 8)
    var heightErrors = [UInt8](repeating: 0, count: 8)
    var heightByHash = [Bool](repeating: false, count: 8)
    var statusSaid = [Bool](repeating: false, count: 8)
    var heightSaid = [Bool](repeating: false, count: 8)
    /// When the first endpoint was past the last valid height, and the chain's clock past a resting order's time; why the account was not
    /// read last.
    var pastAt_ms: UInt64 = 0
    var restedOutAt_ms: UInt64 = 0
    var readTrouble = Text()
    /// When it was last said that the end is overdue.
    var overdueSaid_ms: UInt64 = 0
    /// The account changed in a way that this order may have had a part in, and no node could say.
    var unsure = false

    /// No status can be had of it.
    func statusBlind(_ e: Int) -> Bool { statusErrors[e] >= errorsToBeBlind }
    func heightBlind(_ e: Int) -> Bool { heightErrors[e] >= errorsToBeBlind }
}

/// So many answers in a row without a fact, and the endpoint counts as one that has none.
private let errorsToBeBlind: UInt8 = 3

extension Machine {
    func startWatching(_ now: Now) {
        phase = .watching
        tried = true
        if inherited { findTicketsMarket() }
        watch = Watch()
        watch.started_ms = now.mono_ms
        watch.statusDue_ms = now.mono_ms + (inherited ? 0 : 400)
        watch.sendDue_ms = now.mono_ms
        watch.epochDue_ms = now.mono_ms + (inherited ? 0 : 4_000)
        watch.lookFirst = inherited
        watch.sendCleared = !inherited       // the first send follows its own read; every later one needs a fresh look
        if inherited {
            var t = Text("found an open ticket in the state file; resolving it before anything else: ")
            putTicket(&t)
            note(.info, t)
        }
        watchDue(now)
    }

    /// Which of the hedged markets the ticket of an earlier process is for.
    func findTicketsMarket() {
        foreignTicket = true
        guard let m = ek_record_market(record, UInt32(ticket.pointee.market)) else { return }
        let name: Text = "\(c: ek_market_record_name(m))"
        for i in 0..<hedges.count where hedges[i].rules.perpName.bytes.elementsEqual(name.bytes) {
            current = i
            foreignTicket = false
        }
    }

    func putTicket(_ t: inout Text) {
        t.put("""
            \(c: ek_action_name(ticket.pointee.action)) \
            \(fixed: Int64(clamping: ticket.pointee.size_base_e9), decimals: 9, shown: 6) \
            \(asset(of: shownMarket))
            """)
        t.put(", signature ")
        if let s = ek_ticket_signature(ticket) { t.put(signature: s) }
    }

    func watchDue(_ now: Now) {
        guard phase == .watching else { return }
        sayOverdue(now)
        if now.mono_ms >= watch.sendDue_ms {
            watch.sendDue_ms = now.mono_ms + 2_000
            if watch.sendCleared && sending {
                watch.sendCleared = false
                sendEverywhere(now)
            } else {
                lookAtAccount(now)
                return
            }
        }
        if now.mono_ms >= watch.statusDue_ms {
            askStatus(now)
            let age = now.mono_ms - watch.started_ms
            watch.statusDue_ms = now.mono_ms + (age < 10_000 ? 500 : age < 60_000 ? 1_000 : 2_000)
        }
        if now.mono_ms >= watch.epochDue_ms {
            for e in 0..<endpoints.all.count where watch.expiredAt[e] == 0 && !endpoints.all[e].foreign { askEpoch(e) }
            watch.epochDue_ms = now.mono_ms + 2_000
            if now.mono_ms >= watch.clusterDue_ms {
                watch.clusterDue_ms = now.mono_ms + 10_000
                askForeignAgain()
            }
        }
        armWatch()
    }

    func armWatch() {
        guard phase == .watching else { return }
        schedule.phaseTimer_ms = min(watch.statusDue_ms, min(watch.epochDue_ms, watch.sendDue_ms))
    }

    /// Once as many endpoints as a proof needs are past the last valid height, nothing is sent any more.
    var sending: Bool {
        var past = 0
        for e in watch.expiredAt where e != 0 { past += 1 }
        return !watch.lookFirst && !watch.changed && past < endpoints.quorum
    }

    /// Has the order come to the account? And before the same bytes go out again: is the book still the one they were made for?
    func lookAtAccount(_ now: Now) {
        phase = .settling
        reading.attempts = 0
        read(.resend, minSlot: 0, now)
    }

    /// Position, order ids and spot as in the ticket's book, the price inside the order's bound: then the order still says what is
    /// needed. Else it is not sent again with old numbers; it is followed to its proven end and the book decides anew.
    func resendBookRead(_ now: Now) {
        let t = ticket.pointee
        watch.readTrouble.clear()
        if orderSeen() {
            landedByAccount(now)
            return
        }
        if foreignTicket {
            if !watch.changed {
                note(.warning, "the ticket's market is not hedged any more; its bytes are not sent again, it is followed to its end")
            }
            watch.changed = true
            backToWatching(now)
            return
        }
        var view = View()
        _ = assess(&view)
        let selling = t.direction == UInt8(EK_SELL)
        let spotMoved = Int128(view.a.spot_base_e9) - Int128(t.spot_before_base_e9)
        let allowed = Int128(t.spot_before_base_e9).magnitude * UInt128(t.tolerance_ppm) / 4_000_000
        let landed = book.pointee.user.next_order_id != t.next_order_id_before && t.kind != UInt8(EK_KIND_CANCEL)
        let same = view.a.perp_base_e9 == t.position_before_base_e9 && spotMoved.magnitude <= allowed
        let priced = t.worst_price_e6 == 0
            || (selling ? view.a.oracle_price_e6 >= t.worst_price_e6 : view.a.oracle_price_e6 <= t.worst_price_e6)
        if landed {
            watch.statusDue_ms = now.mono_ms          // it may be there, hidden by another order: look for the signature, do not send
        } else if t.kind == UInt8(EK_KIND_CANCEL) || (same && priced) {
            watch.sendCleared = true
            if sending { watch.sendDue_ms = now.mono_ms }
        } else {
            if !watch.changed { note(.warning, "the book changed under the order; its bytes are not sent again, it is followed to its end") }
            watch.changed = true
        }
        backToWatching(now)
    }

    /// The ticket's own order stands on the account: then it landed, whatever any node says of its signature.
    func orderSeen() -> Bool {
        guard ticket.pointee.kind != UInt8(EK_KIND_CANCEL) else { return false }
        var out = ek_outcome()
        return ek_outcome_of(ticket, ek_book_user(book), book.pointee.clock.unix_timestamp, &out) == EK_OK && out.found != 0
    }

    func landedByAccount(_ now: Now) {
        ticket.pointee.landed_slot = book.pointee.slot
        ticket.pointee.state = UInt8(EK_TICKET_LANDED)
        reading.purpose = .settle          // from here on it is followed like any landed order
        phase = .settling
        settleBookRead(now)
    }

    func backToWatching(_ now: Now) {
        reading.attempts = 0
        phase = .watching
        watchDue(now)
    }

    /// Throws the evidence of an expiry away; the ticket is looked for as before.
    func restartWatch(_ now: Now) {
        reading.attempts = 0
        for e in 0..<8 {
            watch.expiredAt[e] = 0
            watch.unknownAfter[e] = false
            watch.noEffectBy = 0
        }
        watch.epochDue_ms = now.mono_ms + 2_000
        watch.statusDue_ms = now.mono_ms + 500
        phase = .watching
        armWatch()
    }

    /// The same bytes to every endpoint; nodes drop what they already know.
    func sendEverywhere(_ now: Now) {
        let n = Int(ticket.pointee.tx_len)
        guard let tx = ek_ticket_tx(ticket), n > 0, rules.mode == .live, !host.killed() else { return }
        var posted = false
        for e in 0..<endpoints.all.count {
            if endpoints.all[e].foreign || outstanding.contains(where: { $0.ask == .send && $0.endpoint == e }) { continue }
            // An endpoint that asked for a pause gets one, except for the first send of the ticket.
            if endpoints.all[e].restUntil_ms > now.mono_ms && ticket.pointee.attempts > 0 { continue }
            let id = post(.send, e) { (r: inout Requests, id: UInt32) -> Bool in
                r.send(id: id, transaction: UnsafeBufferPointer(start: tx, count: n)) { host.post(endpoint: e, id: id, body: $0) }
            }
            if id != 0 { posted = true }
        }
        if posted {
            ticket.pointee.attempts &+= 1
            if ticket.pointee.sent_unix_s == 0 {
                ticket.pointee.sent_unix_s = now.unix_s
                ticket.pointee.sent_slot = slots.newest
            }
            if ticket.pointee.state == UInt8(EK_TICKET_JOURNALLED) { ticket.pointee.state = UInt8(EK_TICKET_SENT) }
        }
    }

    /// What a node says to a send proves nothing either way; it is only worth a line in the log.
    func sendAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        do throws(Trouble) { _ = try Answers.result(a) } catch {
            guard phase == .watching else { return }
            let t: Text = """
                sending to endpoint \(endpoint + 1) was answered: \(error.text) (that proves nothing; \
                the signature is looked for)
                """
            note(.warning, t)
        }
    }
}
