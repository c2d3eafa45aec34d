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
    /// A resting order that is over: when that was first said, the largest fill that was said, and by whom.
    var goneBy = -1
    var goneAt_ms: UInt64 = 0
    var gone = ek_outcome()
    var goneDiffers = false
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
/// A ticket's end is overdue so long after it must have one.
private let overdue_ms: UInt64 = 180_000
/// 150 blocks, at the slowest they come.
private let longestLife_ms: UInt64 = 90_000
private let overdueEvery_ms: UInt64 = 600_000

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
    private func findTicketsMarket() {
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
        phaseTimer_ms = min(watch.statusDue_ms, min(watch.epochDue_ms, watch.sendDue_ms))
    }

    /// Once as many endpoints as a proof needs are past the last valid height, nothing is sent any more.
    private var sending: Bool {
        var past = 0
        for e in watch.expiredAt where e != 0 { past += 1 }
        return !watch.lookFirst && !watch.changed && past < min(2, max(1, endpoints.usable))
    }

    /// Has the order come to the account? And before the same bytes go out again: is the book still the one they were made for?
    private func lookAtAccount(_ now: Now) {
        phase = .settling
        attempts = 0
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
                note(.warning, Text("the ticket's market is not hedged any more; its bytes are not sent again, it is followed to its end"))
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
            if !watch.changed { note(.warning, Text("the book changed under the order; its bytes are not sent again, it is followed to its end")) }
            watch.changed = true
        }
        backToWatching(now)
    }

    /// The ticket's own order stands on the account: then it landed, whatever any node says of its signature.
    private func orderSeen() -> Bool {
        guard ticket.pointee.kind != UInt8(EK_KIND_CANCEL) else { return false }
        var out = ek_outcome()
        return ek_outcome_of(ticket, ek_book_user(book), book.pointee.clock.unix_timestamp, &out) == EK_OK && out.found != 0
    }

    private func landedByAccount(_ now: Now) {
        ticket.pointee.landed_slot = book.pointee.slot
        ticket.pointee.state = UInt8(EK_TICKET_LANDED)
        purpose = .settle          // from here on it is followed like any landed order
        phase = .settling
        settleBookRead(now)
    }

    func backToWatching(_ now: Now) {
        attempts = 0
        phase = .watching
        watchDue(now)
    }

    /// Throws the evidence of an expiry away; the ticket is looked for as before.
    func restartWatch(_ now: Now) {
        attempts = 0
        for e in 0..<8 {
            watch.expiredAt[e] = 0
            watch.unknownAfter[e] = false
        }
        watch.epochDue_ms = now.mono_ms + 2_000
        watch.statusDue_ms = now.mono_ms + 500
        phase = .watching
        armWatch()
    }

    /// The same bytes to every endpoint; nodes drop what they already know.
    private func sendEverywhere(_ now: Now) {
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
                ticket.pointee.sent_slot = highestSlot
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

    private func askStatus(_ now: Now) {
        if outstanding.contains(where: { $0.ask == .status }) { return }
        var e = watch.statusEndpoint % max(1, endpoints.all.count)
        // Endpoints that are needed for a proof of expiry come first, then everybody in turn.
        for k in 0..<endpoints.all.count where watch.expiredAt[k] != 0 && !watch.unknownAfter[k] && !watch.statusBlind(k) { e = k }
        if endpoints.all[e].foreign || endpoints.all[e].restUntil_ms > now.mono_ms { e = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag) }
        if endpoints.all[e].restUntil_ms > now.mono_ms { return }
        watch.statusEndpoint = e + 1
        guard let s = ek_ticket_signature(ticket) else { return }
        let history = !watch.noHistory[e]
        _ = post(.status, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.status(id: id, signature: s, history: history) { host.post(endpoint: e, id: id, body: $0) }
        }
    }

    private func askEpoch(_ e: Int) {
        if outstanding.contains(where: { $0.endpoint == e && ($0.ask == .epoch || $0.ask == .hashHeight) })
            || endpoints.all[e].restUntil_ms > clock.mono_ms { return }
        // A node that does not offer the one method tells its height by the other, too.
        if watch.heightByHash[e] {
            _ = post(.hashHeight, e) { (r: inout Requests, id: UInt32) -> Bool in
                r.finalizedBlockhash(id: id) { host.post(endpoint: e, id: id, body: $0) }
            }
            return
        }
        _ = post(.epoch, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.epoch(id: id, finalized: true) { host.post(endpoint: e, id: id, body: $0) }
        }
    }

    /// Evidence counts also while the account is looked at: with equal periods it might come at no other time.
    private var gathering: Bool { phase == .watching || (phase == .settling && purpose == .resend) }

    /// A node that gave no status: first it is asked without the history, which many nodes do not keep; then it counts as one that knows none.
    private func noStatus(_ why: Trouble, _ e: Int, _ now: Now) {
        let first = !watch.statusSaid[e]
        let unreached = why.code == 0 && endpoints.all[e].failuresInRow > 0        // nobody answered: the endpoint's own trouble
        watch.statusSaid[e] = watch.statusSaid[e] || !unreached
        var t: Text = "endpoint \(e + 1): getSignatureStatuses: \(why.text)"
        if !watch.noHistory[e] && !unreached {
            watch.noHistory[e] = true
            t.put("; asking without the transaction history")
            watch.statusDue_ms = min(watch.statusDue_ms, now.mono_ms + 200)
        } else {
            watch.statusErrors[e] = min(watch.statusErrors[e] + 1, 200)
            if watch.statusBlind(e) && watch.expiredAt[e] != 0 && !watch.unknownAfter[e] { unlanded(e, now) }
        }
        note(first && !unreached ? .warning : .debug, t)
        armWatch()
    }

    func statusAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard gathering else { return }
        let answer: (landing: Answers.Landing, slot: UInt64)
        do throws(Trouble) { answer = try Answers.status(a) } catch {
            noStatus(error, endpoint, now)
            return
        }
        watch.statusErrors[endpoint] = 0
        endpoints.saw(answer.slot, at: endpoint, now.mono_ms, confirmed: false)
        let pastExpiry = watch.expiredAt[endpoint] != 0 && answer.slot >= watch.expiredAt[endpoint]
        if case .unknown = answer.landing {} else { watch.lookFirst = false }
        switch answer.landing {
        case .landed(let slot):
            // A node that says "landed" and shows nothing of it proves neither; past the expiry it counts as one that shows nothing.
            if !(watch.contradictedBy & (1 << UInt32(endpoint)) != 0 && pastExpiry) {
                watch.landedBy = endpoint
                landed(min(slot, answer.slot), now)
                return
            }
            unlanded(endpoint, now)
        case .failed(_, let error):
            watch.error = error
            watch.saidFailed[endpoint] = true
            var saying = 0
            for f in watch.saidFailed where f { saying += 1 }
            if pastExpiry || saying >= 2 { unlanded(endpoint, now) }
        case .processed: break
        case .unsaid:
            // In a block, but how firm that is was not said: the account tells.
            if !watch.statusSaid[endpoint] {
                watch.statusSaid[endpoint] = true
                let t: Text = """
                    endpoint \(endpoint + 1): getSignatureStatuses: the status does not say how firmly \
                    it stands; the account is looked at
                    """
                note(.warning, t)
            }
            if pastExpiry { unlanded(endpoint, now) } else { watch.sendDue_ms = min(watch.sendDue_ms, now.mono_ms + 500) }
        case .unknown:
            if watch.lookFirst {
                // Looked for and not there: from now on the same bytes are sent again until found or expired.
                watch.lookFirst = false
                watch.sendDue_ms = now.mono_ms
            }
            if pastExpiry { unlanded(endpoint, now) }
        }
        if phase == .watching {
            if watch.statusDue_ms <= now.mono_ms || watch.sendDue_ms <= now.mono_ms { phaseTimer_ms = now.mono_ms }
            armWatch()
        }
    }

    func epochAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard gathering else { return }
        do throws(Trouble) {
            let e = try Answers.epoch(a)
            heightTold(e.slot, e.height, endpoint, now)
        } catch {
            noHeight("getEpochInfo", error, endpoint, now)
        }
    }

    /// The same by getLatestBlockhash: the last height at which the newest blockhash is valid is 150 blocks past the bank's own.
    func hashHeightAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard gathering else { return }
        do throws(Trouble) {
            let b = try Answers.blockhash(a)
            guard b.lastValidHeight > blockhashLife_blocks else { throw Trouble("the last valid block height is no height") }
            heightTold(b.slot, b.lastValidHeight - blockhashLife_blocks, endpoint, now)
        } catch {
            noHeight("getLatestBlockhash", error, endpoint, now)
        }
    }

    /// A bank of this endpoint: its slot and block height.
    private func heightTold(_ slot: UInt64, _ height: UInt64, _ endpoint: Int, _ now: Now) {
        if let t = leap(slot, at: endpoint, now) {
            note(.debug, t.text)
            armWatch()
            return
        }
        watch.heightErrors[endpoint] = 0
        // Blocks are never faster than slots: a height that is past before as many slots have gone by is not believed.
        let slots = ticket.pointee.book_slot + blockhashLife_blocks
        if height > ticket.pointee.last_valid_block_height && slot >= slots && watch.expiredAt[endpoint] == 0 {
            watch.expiredAt[endpoint] = slot
            if watch.pastAt_ms == 0 { watch.pastAt_ms = now.mono_ms }
            watch.statusDue_ms = now.mono_ms
            if watch.statusBlind(endpoint) { unlanded(endpoint, now) }
        }
        armWatch()
    }

    private func noHeight(_ method: StaticString, _ why: Trouble, _ e: Int, _ now: Now) {
        let unreached = why.code == 0 && endpoints.all[e].failuresInRow > 0
        if !unreached {
            watch.heightErrors[e] = min(watch.heightErrors[e] + 1, 200)
            watch.heightByHash[e].toggle()
        }
        let t: Text = "endpoint \(e + 1): \(method): \(why.text)"
        note(watch.heightSaid[e] || unreached ? .debug : .warning, t)
        watch.heightSaid[e] = watch.heightSaid[e] || !unreached
        armWatch()
    }

    /// This endpoint's word that the order has no effect and can have none any more.
    private func unlanded(_ endpoint: Int, _ now: Now) {
        watch.unknownAfter[endpoint] = true
        if watch.proofAt_ms == 0 { watch.proofAt_ms = now.mono_ms }
        expiryProven(now)
    }

    /// Enough endpoints agree? Then the User has the last word.
    private func expiryProven(_ now: Now) {
        var agreeing = 0
        var silent = 0
        var slot: UInt64 = 0
        for e in 0..<endpoints.all.count where watch.unknownAfter[e] || watch.saidFailed[e] {
            agreeing += 1
            slot = max(slot, watch.expiredAt[e])
        }
        for e in 0..<endpoints.all.count where !endpoints.all[e].foreign && !watch.unknownAfter[e] && !watch.saidFailed[e] {
            // Dead, or alive and standing still behind the slot of the proof, or unable to tell a height.
            if endpoints.all[e].failuresInRow >= 3 || endpoints.all[e].slot < slot || watch.heightBlind(e) { silent += 1 }
        }
        let needed = min(2, max(1, endpoints.usable))
        // A second endpoint that has been dead or frozen for two minutes cannot hold the book hostage.
        let alone = agreeing + silent == endpoints.usable && now.mono_ms - watch.proofAt_ms > 120_000
        guard agreeing >= needed || (agreeing >= 1 && alone) else { return }
        phase = .settling
        attempts = 0
        read(.proof, minSlot: slot, now)
    }

    /// The User of a slot past the expiry. Its next_order_id tells whether the order ever existed.
    func proofBookRead(_ now: Now) {
        var out = ek_outcome()
        let err = ek_outcome_of(ticket, ek_book_user(book), book.pointee.clock.unix_timestamp, &out)
        if ticket.pointee.kind == UInt8(EK_KIND_CANCEL) {
            // A cancel uses no order id: its proof is whether the order it was for is still live.
            let live = err != EK_OK || out.outcome == UInt8(EK_OUT_RESTING) || out.outcome == UInt8(EK_OUT_PARTIAL_RESTING)
            chainError = watch.error
            ended(live ? UInt8(chainError != nil ? EK_OUT_FAILED : EK_OUT_EXPIRED) : out.outcome, nil, now)
            return
        }
        if book.pointee.user.next_order_id == ticket.pointee.next_order_id_before || err != EK_OK
            || (out.found == 0 && out.filled_base_e9 == 0) {
            chainError = watch.error
            // Other orders moved the account, and no node could say of this one's signature that it is unknown.
            if book.pointee.user.next_order_id != ticket.pointee.next_order_id_before && chainError == nil { watch.unsure = nobodyKnows }
            let skipped = watch.contradicted && watch.error == nil
            ended(UInt8(chainError != nil ? EK_OUT_FAILED : skipped ? EK_OUT_NOT_PLACED : EK_OUT_EXPIRED), nil, now)
            return
        }
        // The order is there although nobody knew the signature: the account is the truth.
        note(.warning, Text("the order is on the account although its signature was not found; going on with what the account says"))
        ticket.pointee.landed_slot = book.pointee.slot
        ticket.pointee.state = UInt8(EK_TICKET_LANDED)
        purpose = .settle          // from here on it is followed like any landed order
        settleBookRead(now)
    }

    /// No endpoint that is past the expiry looked the signature up.
    private var nobodyKnows: Bool {
        for e in 0..<endpoints.all.count where watch.unknownAfter[e] && !watch.statusBlind(e) { return false }
        return true
    }

    private func landed(_ slot: UInt64, _ now: Now) {
        ticket.pointee.landed_slot = slot
        ticket.pointee.state = UInt8(EK_TICKET_LANDED)
        phase = .settling
        attempts = 0
        read(.settle, minSlot: slot, now)
    }

    /// "Landed", but a User of that slot or a later one has used no order id: two facts that disagree. The ticket stays open and is
    /// watched until the account shows the order or the block height proves that it never will.
    func contradiction(_ now: Now) {
        if !watch.contradicted {
            note(.warning, Text("the node says the transaction landed, the account shows nothing of it; waiting for proof"))
        }
        watch.contradicted = true
        watch.contradictedBy |= 1 << UInt32(readEndpoint)
        watch.landedBy = -1
        phase = .watching
        watch.statusDue_ms = now.mono_ms + 2_000
        watch.epochDue_ms = min(watch.epochDue_ms, now.mono_ms + 2_000)
        armWatch()
    }

    /// The end of the open ticket has been overdue for this long, with the fact that is missing; nil: it is not.
    package func ticketOverdue(_ now: Now) -> Text? {
        guard ticketOpen, phase == .watching || phase == .settling, watch.started_ms != 0 else { return nil }
        let t = ticket.pointee
        let due_ms: UInt64
        if t.state == UInt8(EK_TICKET_RESTING) {
            due_ms = watch.restedOutAt_ms != 0 ? watch.restedOutAt_ms
                : watch.started_ms + longestLife_ms + UInt64(clamping: max(0, rules.fillTimeout_s)) * 1_000
        } else {
            due_ms = watch.pastAt_ms != 0 ? watch.pastAt_ms : watch.started_ms + longestLife_ms
        }
        guard now.mono_ms >= due_ms + overdue_ms else { return nil }
        var words: Text = """
            the end of an order is not known after \((now.mono_ms - watch.started_ms) / 1000)
            """
        words.put(" s: ")
        putMissing(&words)
        return words
    }

    /// The fact without which the ticket does not end.
    private func putMissing(_ t: inout Text) {
        if ticket.pointee.state == UInt8(EK_TICKET_RESTING) || ticket.pointee.state == UInt8(EK_TICKET_LANDED) {
            t.put("the account was not read at slot \(max(minSlot, ticket.pointee.landed_slot))")
        } else if let e = firstNotPast {
            t.put("""
                endpoint \(e + 1) has not shown a block height past \
                \(ticket.pointee.last_valid_block_height)
                """)
        } else {
            t.put("the account was not read at the slot that proves the end")
        }
        if !watch.readTrouble.isEmpty {
            t.put(" (\(watch.readTrouble))")
        }
    }

    private var firstNotPast: Int? {
        for e in 0..<endpoints.all.count where !endpoints.all[e].foreign && watch.expiredAt[e] == 0 { return e }
        return nil
    }

    func sayOverdue(_ now: Now) {
        guard let t = ticketOverdue(now), watch.overdueSaid_ms == 0 || now.mono_ms - watch.overdueSaid_ms >= overdueEvery_ms else { return }
        watch.overdueSaid_ms = now.mono_ms
        note(.warning, t)
    }

    /// What is waited for, in words.
    func putPending(_ t: inout Text) {
        switch Int(ticket.pointee.state) {
        case Int(EK_TICKET_RESTING):
            t.put("""
                Order \(ticket.pointee.target_order_id) is on the venue until chain time \
                \(ticket.pointee.max_ts)
                """)
        case Int(EK_TICKET_LANDED): t.put("The transaction landed; its effect on the account is being read")
        default:
            t.put("""
                The transaction was sent and is neither found nor expired (last valid block height \
                \(ticket.pointee.last_valid_block_height))
                """)
        }
        if let words = ticketOverdue(clock) {
            t.put("; \(words)")
        }
    }
}
