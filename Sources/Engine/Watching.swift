// A ticket is open: its bytes are sent again and again, to every endpoint, as long as the book is still the
// one they were made for, until its end is proven (Execute/Tracking.swift has the rules).
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

private let resendEvery_ms: UInt64 = 2_000
private let epochEvery_ms: UInt64 = 2_000
private let clusterEvery_ms: UInt64 = 10_000

extension Machine {
    /// A ticket that was found at the start, or that a tick in paper mode left alone.
    func resumeTicket(_ now: Now) {
        let inherited = standing.inheritedTicket
        let market = inherited ? ticketsMarket() : report.market
        tick.tried = market
        if let i = market { report.market = i }
        if inherited {
            note(
                .info,
                """
                found an open ticket in the state file; resolving it before anything else: \
                \(ticketText(market))
                """
            )
        }
        follow(
            Tracking(market: market, inherited: inherited, feeMark: nil, endpoints: endpoints.all.count, now),
            now)
    }

    func follow(_ t: Tracking, _ now: Now) {
        enter(.watching(t))
        report.market = t.market
        report.otherMarket = t.market == nil ? recordName : Text()
        watchDue(now)
    }

    /// Which of the hedged markets the ticket of an earlier process is for.
    private func ticketsMarket() -> Int? {
        let name = recordName
        return hedges.lastIndex { $0.rules.perpName.bytes.elementsEqual(name.bytes) }
    }

    /// The name of the ticket's market, as the record has it.
    private var recordName: Text {
        guard let m = ek_record_market(record, UInt32(ticket.pointee.market)) else { return Text() }
        return "\(c: ek_market_record_name(m))"
    }

    private func ticketText(_ market: Int?) -> Text {
        let t = ticket.pointee
        let name = market.map { hedges[$0].rules.perpName } ?? recordName
        var w: Text =
            "\(c: ek_action_name(t.action)) \(base: t.size_base_e9, shown: 6) \(asset(of: name)), signature "
        if let s = ek_ticket_signature(ticket) { w.put(signature: s) }
        return w
    }

    func watchDue(_ now: Now) {
        guard stage == .watching else { return }
        sayOverdue(now)
        if now.mono_ms >= tracking.sendDue_ms {
            tracking.sendDue_ms = now.mono_ms + resendEvery_ms
            guard tracking.sendCleared && tracking.sending(endpoints) else {
                lookAtAccount(now)
                return
            }
            tracking.sendCleared = false
            sendEverywhere(now)
        }
        if now.mono_ms >= tracking.statusDue_ms {
            askStatus(now)
            let age_ms = now.mono_ms - tracking.started_ms
            tracking.statusDue_ms = now.mono_ms + (age_ms < 10_000 ? 500 : age_ms < 60_000 ? 1_000 : 2_000)
        }
        if now.mono_ms >= tracking.epochDue_ms {
            for e in 0..<endpoints.all.count
            where !endpoints.all[e].foreign && tracking.witnesses[e].pastAtSlot == nil {
                askEpoch(e)
            }
            tracking.epochDue_ms = now.mono_ms + epochEvery_ms
            if now.mono_ms >= tracking.clusterDue_ms {
                tracking.clusterDue_ms = now.mono_ms + clusterEvery_ms
                askForeignAgain()
            }
        }
        armWatch()
    }

    func armWatch() {
        guard stage == .watching else { return }
        schedule.phaseTimer_ms = tracking.nextDue_ms
    }

    func backToWatching(_ now: Now) {
        reader.reading.attempts = 0
        enter(.watching(tracking))
        watchDue(now)
    }

    /// The evidence of an expiry is thrown away; the ticket is looked for as before.
    func restartWatch(_ now: Now) {
        reader.reading.attempts = 0
        tracking.forgetProof(now)
        enter(.watching(tracking))
        armWatch()
    }

    // MARK: the account

    /// Has the order come to the account? And before the same bytes go out again: is the book still the one
    /// they were made for?
    private func lookAtAccount(_ now: Now) { readAccount(.resend, minSlot: 0, now) }

    func readAccount(_ why: Purpose, minSlot: UInt64, _ now: Now) {
        enter(.settling(tracking))
        reader.reading.attempts = 0
        read(why, minSlot: minSlot, now)
    }

    /// A book that is not the ticket's any more: its bytes are not sent again with old numbers; it is
    /// followed to its proven end and the book decides anew.
    func resendBookRead(_ now: Now) {
        tracking.readTrouble.clear()
        if orderSeen(ticket, in: book) {
            landedByAccount(now)
            return
        }
        guard let i = tracking.market else {
            noLongerTheTickets("the ticket's market is not hedged any more", now)
            return
        }
        switch Resend(ticket.pointee, book, viewNow(hedges[i])) {
        case .lookForSignature: tracking.statusDue_ms = now.mono_ms
        case .same:
            tracking.sendCleared = true
            if tracking.sending(endpoints) { tracking.sendDue_ms = now.mono_ms }
        case .changed:
            noLongerTheTickets("the book changed under the order", now)
            return
        }
        backToWatching(now)
    }

    private func noLongerTheTickets(_ why: StaticString, _ now: Now) {
        if !tracking.changed {
            note(.warning, "\(why); its bytes are not sent again, it is followed to its end")
        }
        tracking.changed = true
        backToWatching(now)
    }

    func landedByAccount(_ now: Now) {
        ticket.pointee.landed_slot = book.pointee.slot
        ticket.pointee.state = UInt8(EK_TICKET_LANDED)
        reader.reading.purpose = .settle  // from here on it is followed like any landed order
        enter(.settling(tracking))
        settleBookRead(now)
    }

    // MARK: sending

    /// The same bytes to every endpoint; nodes drop what they already know.
    private func sendEverywhere(_ now: Now) {
        let n = Int(ticket.pointee.tx_len)
        guard let tx = ek_ticket_tx(ticket), n > 0, rules.mode == .live, !effects.killSwitchOn else { return }
        var posted = false
        for e in 0..<endpoints.all.count {
            if endpoints.all[e].foreign || requests.has(.send, at: e) { continue }
            // An endpoint that asked for a pause gets one, except for the first send of the ticket.
            if endpoints.all[e].restUntil_ms > now.mono_ms && ticket.pointee.attempts > 0 { continue }
            let bytes = UnsafeBufferPointer(start: tx, count: n)
            if post(
                .send, e,
                { r, id in
                    r.send(id: id, transaction: bytes) { effects.post(endpoint: e, id: id, body: $0) }
                })
            {
                posted = true
            }
        }
        if !posted { return }
        ticket.pointee.attempts &+= 1
        if ticket.pointee.sent_unix_s == 0 {
            ticket.pointee.sent_unix_s = now.unix_s
            ticket.pointee.sent_slot = reader.slots.newest
        }
        if ticket.pointee.state == UInt8(EK_TICKET_JOURNALLED) {
            ticket.pointee.state = UInt8(EK_TICKET_SENT)
        }
    }

    /// What a node says to a send proves nothing either way; it is only worth a line in the log.
    func sendAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        do throws(Trouble) { _ = try Answers.result(a) } catch {
            guard stage == .watching else { return }
            note(
                .warning,
                """
                sending to endpoint \(endpoint + 1) was answered: \(error.text) (that proves nothing; \
                the signature is looked for)
                """)
        }
    }

    // MARK: words

    /// The end of the open ticket has been overdue for this long, with the fact that is missing; nil: it is
    /// not.
    package func ticketOverdue(_ now: Now) -> Text? {
        guard ticketOpen else { return nil }
        return phase.tracking?.overdue(
            ticket.pointee, rules, endpoints, readSlot: reader.reading.minSlot, now)
    }

    func sayOverdue(_ now: Now) {
        guard let words = ticketOverdue(now), tracking.mayRepeatOverdue(now) else { return }
        note(.warning, words)
    }

    func pendingReason(_ now: Now) -> Text {
        let waits = pendingText(ticket.pointee)
        guard let words = ticketOverdue(now) else { return waits }
        return "\(waits); \(words)"
    }
}
