// A ticket is open: its bytes were journalled and perhaps sent. The only thing done until it has ended is to find out what became of
// it. A timeout, a 5xx, a closed socket, an error answer to sendTransaction prove nothing; what proves is
//   landed    its signature in a confirmed block, and its effect on a User of that slot or a later one          -> settling
//   failed    its signature in a confirmed block with an error, said by two endpoints, or by one until the block height is past (the
//             bytes cannot land any more), and a User whose next_order_id has not moved
//   expired   on a bank whose block height is past the ticket's last valid one, the signature is unknown with history searched, the
//             same at a second endpoint where there is one, and a User of no older slot whose next_order_id has not moved
// A node that says "landed" or "failed" while the User says otherwise is one of two facts that disagree: the ticket stays open.
// The slot of the bank comes with its height in one answer (getEpochInfo), and a signature's or User's answer counts only when its own
// context slot is no older: a node that lags behind, or a pool that answers from different replicas, cannot fake an expiry.
import EvenkeelCore
import Kit

struct Watch {
    var statusDue_ms: UInt64 = 0
    var sendDue_ms: UInt64 = 0
    var epochDue_ms: UInt64 = 0
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
    var lastSaid_ms: UInt64 = 0
    /// A restored ticket is looked for before its bytes are sent again.
    var lookFirst = false
}

extension Machine {
    func startWatching(_ now: Now) {
        phase = .watching
        watch = Watch()
        watch.started_ms = now.mono_ms
        watch.statusDue_ms = now.mono_ms + (inherited ? 0 : 400)
        watch.sendDue_ms = now.mono_ms
        watch.epochDue_ms = now.mono_ms + (inherited ? 0 : 4_000)
        watch.lookFirst = inherited
        if inherited {
            var t = Text("found an open ticket in the state file; resolving it before anything else: ")
            putTicket(&t)
            note(.info, t)
        }
        watchDue(now)
    }

    func putTicket(_ t: inout Text) {
        t.put(c: ek_action_name(ticket.pointee.action))
        t.put(" ")
        t.put(fixed: Int64(clamping: ticket.pointee.size_base_e9), decimals: 9, shown: 6)
        t.put(" ")
        t.put(rules.asset)
        t.put(", signature ")
        if let s = ek_ticket_signature(ticket) { t.put(signature: s) }
    }

    func watchDue(_ now: Now) {
        guard phase == .watching else { return }
        let past = watch.expiredAt.contains { $0 != 0 }
        if now.mono_ms >= watch.sendDue_ms && !past && !watch.lookFirst {
            sendEverywhere(now)
            watch.sendDue_ms = now.mono_ms + 2_000
        }
        if now.mono_ms >= watch.statusDue_ms {
            askStatus(now)
            let age = now.mono_ms - watch.started_ms
            watch.statusDue_ms = now.mono_ms + (age < 10_000 ? 500 : age < 60_000 ? 1_000 : 2_000)
        }
        if now.mono_ms >= watch.epochDue_ms {
            for e in 0..<endpoints.all.count where watch.expiredAt[e] == 0 { askEpoch(e) }
            watch.epochDue_ms = now.mono_ms + 2_000
        }
        armWatch()
    }

    func armWatch() {
        guard phase == .watching else { return }
        // Once a node is past the last valid height nothing is sent any more: a send that stays due must not keep the loop awake.
        let sending = !watch.lookFirst && !watch.expiredAt.contains { $0 != 0 }
        phaseTimer_ms = min(watch.statusDue_ms, min(watch.epochDue_ms, sending ? watch.sendDue_ms : UInt64.max))
    }

    /// The same bytes to every endpoint; nodes drop what they already know.
    private func sendEverywhere(_ now: Now) {
        let n = Int(ticket.pointee.tx_len)
        guard let tx = ek_ticket_tx(ticket), n > 0, !host.killed() else { return }
        var posted = false
        for e in 0..<endpoints.all.count {
            if outstanding.contains(where: { $0.ask == .send && $0.endpoint == e }) { continue }
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
            var t = Text("sending to endpoint ")
            t.put(endpoint + 1)
            t.put(" was answered: ")
            t.put(error.text)
            t.put(" (that proves nothing; the signature is looked for)")
            note(.warning, t)
        }
    }

    private func askStatus(_ now: Now) {
        if outstanding.contains(where: { $0.ask == .status }) { return }
        var e = watch.statusEndpoint % max(1, endpoints.all.count)
        // Endpoints that are needed for a proof of expiry come first, then everybody in turn.
        for k in 0..<endpoints.all.count where watch.expiredAt[k] != 0 && !watch.unknownAfter[k] { e = k }
        if endpoints.all[e].restUntil_ms > now.mono_ms { e = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag) }
        if endpoints.all[e].restUntil_ms > now.mono_ms { return }
        watch.statusEndpoint = e + 1
        guard let s = ek_ticket_signature(ticket) else { return }
        _ = post(.status, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.status(id: id, signature: s) { host.post(endpoint: e, id: id, body: $0) }
        }
    }

    private func askEpoch(_ e: Int) {
        if outstanding.contains(where: { $0.ask == .epoch && $0.endpoint == e }) || endpoints.all[e].restUntil_ms > clock.mono_ms { return }
        _ = post(.epoch, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.epoch(id: id) { host.post(endpoint: e, id: id, body: $0) }
        }
    }

    func statusAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard phase == .watching else { return }
        let answer: (landing: Answers.Landing, slot: UInt64)
        do throws(Trouble) { answer = try Answers.status(a) } catch {
            note(.debug, error.text)
            armWatch()
            return
        }
        endpoints.saw(answer.slot, at: endpoint, now.mono_ms)
        let pastExpiry = watch.expiredAt[endpoint] != 0 && answer.slot >= watch.expiredAt[endpoint]
        watch.lookFirst = watch.lookFirst && { if case .unknown = answer.landing { return true } else { return false } }()
        switch answer.landing {
        case .landed(let slot):
            if !(watch.contradicted && pastExpiry) {
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
        guard phase == .watching else { return }
        do throws(Trouble) {
            let e = try Answers.epoch(a)
            if e.height > ticket.pointee.last_valid_block_height && watch.expiredAt[endpoint] == 0 {
                watch.expiredAt[endpoint] = e.slot
                watch.statusDue_ms = now.mono_ms
            }
        } catch {
            note(.debug, error.text)
        }
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
        for e in 0..<endpoints.all.count {
            if watch.unknownAfter[e] || watch.saidFailed[e] {
                agreeing += 1
                slot = max(slot, max(watch.expiredAt[e], endpoints.all[e].slot))
            } else if endpoints.all[e].failuresInRow >= 3 {
                silent += 1
            }
        }
        let needed = min(2, endpoints.all.count)
        // A second endpoint that has been dead for two minutes cannot hold the book hostage.
        let alone = agreeing + silent == endpoints.all.count && now.mono_ms - watch.proofAt_ms > 120_000
        guard agreeing >= needed || (agreeing >= 1 && alone) else { return }
        phase = .settling
        attempts = 0
        read(.proof, minSlot: slot, now)
    }

    /// The User of a slot past the expiry. Its next_order_id tells whether the order ever existed.
    func proofBookRead(_ now: Now) {
        var out = ek_outcome()
        let err = ek_outcome_of(ticket, ek_book_user(book), book.pointee.clock.unix_timestamp, &out)
        if book.pointee.user.next_order_id == ticket.pointee.next_order_id_before || err != EK_OK
            || (out.found == 0 && out.filled_base_e9 == 0) {
            chainError = watch.error
            let skipped = watch.contradicted && watch.error == nil
            ended(UInt8(chainError != nil ? EK_OUT_FAILED : skipped ? EK_OUT_NOT_PLACED : EK_OUT_EXPIRED), nil, now)
            return
        }
        // The order is there although nobody knew the signature: the account is the truth.
        note(.warning, Text("the order is on the account although its signature was not found; going on with what the account says"))
        ticket.pointee.landed_slot = book.pointee.slot
        ticket.pointee.state = UInt8(EK_TICKET_LANDED)
        settleBookRead(now)
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
        phase = .watching
        watch.statusDue_ms = now.mono_ms + 2_000
        watch.epochDue_ms = min(watch.epochDue_ms, now.mono_ms + 2_000)
        armWatch()
    }

    /// What is waited for, in words.
    func pendingWords() -> Text {
        var t = Text()
        switch Int(ticket.pointee.state) {
        case Int(EK_TICKET_RESTING):
            t.put("Order ")
            t.put(ticket.pointee.target_order_id)
            t.put(" is on the venue until chain time ")
            t.put(ticket.pointee.max_ts)
        case Int(EK_TICKET_LANDED): t.put("The transaction landed; its effect on the account is being read")
        default:
            t.put("The transaction was sent and is neither found nor expired (last valid block height ")
            t.put(ticket.pointee.last_valid_block_height)
            t.put(")")
        }
        return t
    }
}
