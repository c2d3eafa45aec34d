// Landed is not filled. The User is read at a slot no older than the landing, again and again, until the
// order is filled or provably gone; then the outcome is booked: cooldown, counters, the last correction, and
// the ticket is closed, in one durable write.
import Accounting
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

let settleEvery_ms: UInt64 = 800

extension Machine {
    func settleBookRead(_ now: Now) {
        let t = ticket.pointee
        let timeOver = t.max_ts != 0 && book.pointee.clock.unix_timestamp > t.max_ts
        tracking.readTrouble.clear()
        if tracking.restedOutAt_ms == nil && timeOver { tracking.restedOutAt_ms = now.mono_ms }
        sayOverdue(now)
        guard var out = outcome(of: ticket, in: book) else {
            unclear(timeOver: timeOver, now)
            return
        }
        let gone = out.found == 0 && out.outcome != UInt8(EK_OUT_NOT_PLACED)
        if t.kind == UInt8(EK_KIND_TAKE) && tracking.landedBy != nil && gone {
            // Its entry is another order's by now, and the position somebody else's too. All or nothing
            // landed without an error: all.
            out = filledWhole
        }
        ticket.pointee.outcome = out.outcome
        ticket.pointee.filled_base_e9 = out.filled_base_e9
        let resting = out.outcome == UInt8(EK_OUT_RESTING) || out.outcome == UInt8(EK_OUT_PARTIAL_RESTING)
        if out.outcome == UInt8(EK_OUT_NOT_PLACED) || resting && t.kind == UInt8(EK_KIND_CANCEL) {
            contradiction(by: readEndpoint, now)  // a cancel that landed leaves no live order
        } else if resting {
            rest(out.order_id, now)
        } else {
            over(out, now)
        }
    }

    private var filledWhole: ek_outcome {
        var out = ek_outcome()
        out.outcome = UInt8(EK_OUT_FILLED)
        out.filled_base_e9 = ticket.pointee.size_base_e9
        return out
    }

    private func rest(_ orderId: UInt32, _ now: Now) {
        if ticket.pointee.state != UInt8(EK_TICKET_RESTING) {
            ticket.pointee.state = UInt8(EK_TICKET_RESTING)
            ticket.pointee.target_order_id = orderId
            // the order is live whether or not the disk took it: the journalled ticket still leads here
            _ = save(now)
            pendingReport(now)
        }
        schedule.phaseTimer_ms = now.mono_ms + settleEvery_ms
    }

    func over(_ out: ek_outcome, _ now: Now) {
        guard attested(TicketWitness.Over(filled_e9: out.filled_base_e9, inside: insideNow()), now) else {
            return
        }
        ticket.pointee.outcome = out.outcome
        ticket.pointee.filled_base_e9 = out.filled_base_e9
        ticketEnded(out.outcome, out, now)
    }

    /// Enough endpoints say so of the order's end. Else the account is read on. An account that shows the end
    /// proves it at any slot that may be read.
    private func attested(_ said: TicketWitness.Over, _ now: Now) -> Bool {
        let first = tracking.overBy == nil
        let slot = wordSlot(unknown: floorSlot, now)
        guard tracking.over(said, by: readEndpoint, at: slot, endpoints, now, note) else {
            schedule.phaseTimer_ms = now.mono_ms + (first ? 0 : settleEvery_ms)
            return false
        }
        reader.slots.newest = max(reader.slots.newest, tracking.saidAt_slot)
        return true
    }

    /// By the account that was just read the drift is inside: it decides on the cooldown, so it is attested
    /// with the end.
    private func insideNow() -> Bool {
        guard let i = tracking.market, ek_kind_orders(ticket.pointee.kind) != 0 else { return false }
        let v = viewNow(hedges[i])
        let tolerance_ppm = ticket.pointee.tolerance_ppm
        return v.known && ek_within_tolerance(v.drift_ppm, v.driftKnown ? 1 : 0, tolerance_ppm) != 0
    }

    /// The account moved in a way this order cannot explain alone (someone else traded). An all-or-nothing
    /// take that landed without an error filled whole, by the program's own rule; what a part filled cannot
    /// be told any more; an auction order is over once its time is past. That too is one node's word until
    /// others show the same.
    private func unclear(timeOver: Bool, _ now: Now) {
        if ticket.pointee.kind == UInt8(EK_KIND_TAKE) {
            note(.warning, "the position moved by more than this order; somebody else trades on this account")
            over(filledWhole, now)
        } else if timeOver || ticket.pointee.kind == UInt8(EK_KIND_TAKE_PART) {
            let said = TicketWitness.Over(filled_e9: nil, inside: insideNow())
            if attested(said, now) { ticketEnded(UInt8(EK_OUT_UNFILLED_GONE), nil, now) }
        } else {
            schedule.phaseTimer_ms = now.mono_ms + settleEvery_ms
        }
    }

    // MARK: the end

    /// Books the end of the ticket and reports it.
    func ticketEnded(_ outcome: UInt8, _ out: ek_outcome?, _ now: Now) {
        let known = tracking
        let end = TicketEnd(ticket.pointee, outcome: outcome, seen: out, unsure: known.unsure)
        reportTicket(known)
        report.action = end.ticket.action
        report.size_e9 = end.filled_e9
        report.price_e6 = end.price_e6
        fillSignature()
        if outcome != UInt8(EK_OUT_EXPIRED) { record.pointee.fee_lamports_total &+= end.ticket.fee_lamports }
        if bookKnown && outcome != UInt8(EK_OUT_FAILED), let i = known.market {
            report.after = viewNow(hedges[i])
        }
        countResult(end)
        if end.hidden {
            note(
                .warning,
                """
                what this order filled cannot be told for certain: its entry on the account was used again; \
                limits and \
                cooldown count it as filled
                """)
        }
        if end.isOrder, let m = ek_record_market(record, UInt32(end.ticket.market)) {
            bookCorrection(end, known, in: m, now)
        }
        standing.inheritedTicket = false
        // Nothing older than this book is believed any more, at whatever node.
        if bookKnown {
            record.pointee.proof = ek_proof(
                slot: max(record.pointee.proof.slot, known.saidAt_slot),
                next_order_id: book.pointee.user.next_order_id)
        }
        ek_ticket_clear(ticket)
        _ = save(now)  // a write that fails leaves the ticket on disk: it is resolved again, to the same end
        conclude(end, known, now)
    }

    private func countResult(_ end: TicketEnd) {
        let failed = end.outcome == UInt8(EK_OUT_EXPIRED) || end.outcome == UInt8(EK_OUT_FAILED)
        if end.isOrder && end.filled_e9 > 0 {
            record.pointee.failures_in_row = 0
            record.pointee.corrections_total += 1
            ek_record_market(record, UInt32(end.ticket.market))?.pointee.corrections_total += 1
        } else if failed {
            // An order that was placed and found no taker is the market's answer, not a failure: it does not
            // open the breaker.
            journal.addFailure(most: rules.maxFailures)
        }
    }

    private func bookCorrection(_ end: TicketEnd, _ known: Tracking, in m: MarketRecord, _ now: Now) {
        let confirmed = report.after.known && known.market != nil
        end.count(
            in: m, after: confirmed ? report.after : nil, bookSlot: book.pointee.slot, day: chainDay(now), now
        )
        end.bookSlippage(in: m)
        let readable = bookKnown && known.market != nil
        let fee_e6 =
            readable ? end.feePaid_e6(book, mark: known.inherited ? nil : known.feeMark ?? ek_fee_mark()) : 0
        m.pointee.fees_own_e6 = m.pointee.fees_own_e6.addingReportingOverflow(fee_e6).partialValue
        var c = Correction(
            action: end.ticket.action, outcome: end.outcome, paper: rules.mode == .paper,
            filled_e9: end.filled_e9, price_e6: end.price_e6, fee_e6: fee_e6, slot: book.pointee.slot,
            driftBefore_ppm: end.ticket.drift_before_ppm)
        c.fee_lamports = end.ticket.fee_lamports
        c.driftAfter_ppm = report.after.known ? report.after.drift_ppm : end.ticket.drift_before_ppm
        c.store(in: m, signature: report.signature, now)
        if readable {
            for h in hedges where h.perpFound {
                let v = viewNow(h)
                if v.valued { h.view = v }
            }
        }
        let t = end.ticket
        let landing =
            t.sent_slot == 0 || t.landed_slot < t.sent_slot
            ? 0 : UInt32(clamping: t.landed_slot - t.sent_slot + 1)
        keepCorrection(of: m, landing_slots: landing, now)
    }

    /// A ticket that was found at start has no decision of this process: its own numbers are shown.
    private func reportTicket(_ known: Tracking) {
        if !known.inherited, let i = known.market {
            report.view = hedges[i].view
            return
        }
        let t = ticket.pointee
        report.after = View()
        report.view = View()
        report.view.known = true  // position and drift are known from the ticket, the account's value is not
        report.view.perp_e9 = t.position_before_base_e9
        report.view.a.spot_base_e9 = t.spot_before_base_e9
        report.view.net_e9 = t.net_before_base_e9
        report.view.drift_ppm = t.drift_before_ppm
        report.view.driftKnown = t.drift_known != 0
        report.view.a.oracle_price_e6 = t.oracle_price_e6
        report.view.a.slot = t.book_slot
    }

    private func conclude(_ end: TicketEnd, _ known: Tracking, _ now: Now) {
        let i = known.market
        if !end.isOrder {
            if end.settles { settlingEnded(end, known, now) } else { cancelEnded(end.outcome, known, now) }
            return
        }
        switch Int(end.outcome) {
        case Int(EK_OUT_FILLED):
            sayFilled(end)
            let which: StaticString = known.flagged ? ", which carried the flag of a liquidation" : ""
            finish(.executedLive, "Filled and proven on the account\(which)", about: i, now)
        case Int(EK_OUT_PARTIAL_GONE):
            sayFilled(end)
            finish(.partial, "Part of the order filled; the rest is proven gone", about: i, now)
        case Int(EK_OUT_FAILED):
            if ek_kind_takes(end.ticket.kind) != 0,
                known.error?.custom == ProgramError.takeConditionFailed,
                !known.inherited, let market = i
            {
                lessNextTime(market, whole: end.ticket.kind == UInt8(EK_KIND_TAKE))
                read(.tick, minSlot: end.ticket.landed_slot, now)
                return
            }
            failed(
                "the transaction landed with \(known.error?.sentence(account.venue) ?? "unknown error")",
                .error,
                i, now)
        case Int(EK_OUT_EXPIRED):
            failed(
                """
                the transaction never landed: proven expired by block height, the account is unchanged by it
                """,
                .error, i, now)
        default:
            failed("nothing filled; the order is proven gone", .unfilled, i, now)
        }
    }

    /// It was to be had in the simulation and not any more when the order landed: a part then, or an auction
    /// order.
    private func lessNextTime(_ market: Int, whole: Bool) {
        let part = whole && rules.partialFills
        note(
            .info,
            part
                ? "the venue could not fill the whole size when the order landed; deciding anew for a part"
                : "the venue could fill nothing when the order landed; deciding anew for an auction order")
        tick.less = Tick.Less(market: market, kind: part ? .takePart : .place)
    }

    private func sayFilled(_ end: TicketEnd) {
        sayExecuted(price_e6: end.price_e6 != 0 ? end.price_e6 : end.ticket.oracle_price_e6, paper: false)
        var t: Text = "Transaction: "
        report.signature.withUnsafeBufferPointer { if let p = $0.baseAddress { t.put(signature: p) } }
        note(.info, t)
    }

    private func failed(_ why: Text, _ status: Status, _ market: Int?, _ now: Now) {
        note(.error, "Rebalance execution failed: \(why)")
        sayOpenBreaker()
        finish(status, why, about: market, now)
    }

    private func cancelEnded(_ outcome: UInt8, _ known: Tracking, _ now: Now) {
        let gone = outcome != UInt8(EK_OUT_EXPIRED) && outcome != UInt8(EK_OUT_FAILED)
        if gone {
            note(.info, "the leftover order is proven gone")
        } else {
            note(.warning, "the cancel did not land; it is tried again at the next tick")
        }
        if gone && !known.inherited {
            read(.tick, minSlot: 0, now)
        } else if gone {
            finish(.unfilled, "a leftover order was cancelled", about: known.market, now)
        } else {
            finish(.error, "a leftover order could not be cancelled yet", about: known.market, now)
        }
    }
}
