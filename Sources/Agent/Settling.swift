// Landed is not filled. The User is read at a slot no older than the landing, again and again, until the order is filled or provably
// gone; then the outcome is booked: cooldown, counters, the last correction, and the ticket is closed, in one durable write.
import EvenkeelCore
import Model
import Rpc
import Text

let settleEvery_ms: UInt64 = 800
/// An order's end is believed of one endpoint after this, as long as no other one answers.
private let secondWord_ms: UInt64 = 120_000

extension Machine {
    func settleBookRead(_ now: Now) {
        watch.readTrouble.clear()
        if watch.restedOutAt_ms == 0 && ticket.pointee.max_ts != 0 && book.pointee.clock.unix_timestamp > ticket.pointee.max_ts {
            watch.restedOutAt_ms = now.mono_ms
        }
        sayOverdue(now)
        var out = ek_outcome()
        let err = ek_outcome_of(ticket, ek_book_user(book), book.pointee.clock.unix_timestamp, &out)
        if err != EK_OK {
            unclear(now)
            return
        }
        if ticket.pointee.kind == UInt8(EK_KIND_TAKE) && watch.landedBy >= 0 && out.found == 0 && out.outcome != UInt8(EK_OUT_NOT_PLACED) {
            // Its entry is another order's by now, and the position somebody else's too. All or nothing landed without an error: all.
            out.outcome = UInt8(EK_OUT_FILLED)
            out.filled_base_e9 = ticket.pointee.size_base_e9
        }
        ticket.pointee.outcome = out.outcome
        ticket.pointee.filled_base_e9 = out.filled_base_e9
        switch Int(out.outcome) {
        case Int(EK_OUT_NOT_PLACED):
            contradiction(now)
        case Int(EK_OUT_RESTING) where ticket.pointee.kind == UInt8(EK_KIND_CANCEL),
             Int(EK_OUT_PARTIAL_RESTING) where ticket.pointee.kind == UInt8(EK_KIND_CANCEL):
            contradiction(now)             // a cancel that landed leaves no live order
        case Int(EK_OUT_RESTING), Int(EK_OUT_PARTIAL_RESTING):
            if ticket.pointee.state != UInt8(EK_TICKET_RESTING) {
                ticket.pointee.state = UInt8(EK_TICKET_RESTING)
                ticket.pointee.target_order_id = out.order_id
                _ = save(now)          // the order is live whether or not the disk took it: the journalled ticket still leads here
                pendingReport(now)
            }
            phase = .settling
            schedule.phaseTimer_ms = now.mono_ms + settleEvery_ms
        default:
            over(out, now)
        }
    }

    /// The order is over, by one node's account. That node may lie, or stand on a fork that missed the fill: with two endpoints or more another
    /// one must show the same, however long it takes; only while no other answers is one believed after two minutes.
    private func over(_ out: ek_outcome, _ now: Now) {
        let e = reading.endpoint
        if watch.overAt_ms == 0 { watch.overAt_ms = now.mono_ms }
        let first = watch.overBy == nil
        if first { watch.saidAt_slot = book.pointee.slot }
        watch.overBy = e
        watch.overFilled_e9[e] = out.filled_base_e9
        watch.overInside[e] = insideNow()
        var agreeing = 0
        for k in 0..<endpoints.all.count {
            guard let filled = watch.overFilled_e9[k], !endpoints.all[k].foreign else { continue }
            if filled == out.filled_base_e9 {
                agreeing += watch.overInside[k] == watch.overInside[e] ? 1 : 0
            } else if !watch.overDiffers {
                watch.overDiffers = true
                note(.warning, "two nodes differ on what the order filled; reading on until two agree")
            }
        }
        if agreeing >= endpoints.quorum { slots.newest = max(slots.newest, watch.saidAt_slot) }
        if agreeing >= endpoints.quorum ||
            (othersSilent(e) && now.mono_ms - watch.overAt_ms > secondWord_ms) {
            ticket.pointee.outcome = out.outcome
            ticket.pointee.filled_base_e9 = out.filled_base_e9
            ended(out.outcome, out, now)
            return
        }
        phase = .settling
        schedule.phaseTimer_ms = now.mono_ms + (first ? 0 : settleEvery_ms)
    }

    /// By the account that was just read the drift is inside: it decides on the cooldown, so it is attested
    /// with the end.
    private func insideNow() -> Bool {
        if foreignTicket { return false }
        var after = View()
        return assess(&after) == nil && after.known
            && ek_within_tolerance(after.drift_ppm, after.driftKnown ? 1 : 0,
                                   ticket.pointee.tolerance_ppm) != 0
    }

    /// No other endpoint of our cluster answers.
    func othersSilent(_ e: Int) -> Bool {
        for k in 0..<endpoints.all.count where k != e && !endpoints.all[k].foreign && endpoints.all[k].failuresInRow < 3 { return false }
        return true
    }

    /// The account moved in a way this order cannot explain alone (someone else traded). An all-or-nothing take that landed without
    /// an error filled whole, by the program's own rule; an auction order is over once its time is past.
    private func unclear(_ now: Now) {
        if ticket.pointee.kind == UInt8(EK_KIND_TAKE) {
            note(.warning, "the position moved by more than this order; somebody else trades on this account")
            var out = ek_outcome()
            out.outcome = UInt8(EK_OUT_FILLED)
            out.filled_base_e9 = ticket.pointee.size_base_e9
            over(out, now)
        } else if ticket.pointee.max_ts != 0 && book.pointee.clock.unix_timestamp > ticket.pointee.max_ts {
            ended(UInt8(EK_OUT_UNFILLED_GONE), nil, now)
        } else {
            phase = .settling
            schedule.phaseTimer_ms = now.mono_ms + settleEvery_ms
        }
    }

    /// Books the end of the ticket and reports it.
    func ended(_ outcome: UInt8, _ out: ek_outcome?, _ now: Now) {
        let t = ticket.pointee
        let filled = out?.filled_base_e9 ?? 0
        restoreReport(now)
        report.action = t.action
        report.size_e9 = filled
        report.price_e6 = out?.price_e6 ?? 0
        fillSignature()
        record.pointee.fee_lamports_total &+= outcome == UInt8(EK_OUT_EXPIRED) ? 0 : t.fee_lamports

        if bookKnown && outcome != UInt8(EK_OUT_FAILED) && !foreignTicket {
            var after = View()
            _ = assess(&after)
            report.after = after
        }
        if t.kind == UInt8(EK_KIND_CANCEL) && (outcome == UInt8(EK_OUT_EXPIRED) || outcome == UInt8(EK_OUT_FAILED)) {
            addFailure()
        } else if t.kind == UInt8(EK_KIND_CANCEL) {
            // What the cancelled order had filled is in the position; nothing is booked for it here.
        } else if filled > 0 {
            record.pointee.failures_in_row = 0
            record.pointee.corrections_total += 1
            ek_record_market(record, UInt32(t.market))?.pointee.corrections_total += 1
        } else if outcome == UInt8(EK_OUT_EXPIRED) || outcome == UInt8(EK_OUT_FAILED) {
            // An order that was placed and found no taker is the market's answer, not a failure: it does not open the breaker.
            addFailure()
        }
        // Its entry on the account is another order's by now: what the position shows may be somebody else's doing. For the limits of the
        // day and the cooldown it filled whole, which can only make the agent wait.
        let hidden = watch.unsure || t.kind == UInt8(EK_KIND_PLACE) && (out?.found ?? 0) == 0
            && (outcome == UInt8(EK_OUT_FILLED) || outcome == UInt8(EK_OUT_PARTIAL_GONE) || outcome == UInt8(EK_OUT_UNFILLED_GONE))
        if hidden {
            note(.warning, "what this order filled cannot be told for certain: its entry on the account was used again; limits and cooldown count it as filled")
        }
        if t.kind != UInt8(EK_KIND_CANCEL) && (filled > 0 || hidden) { count(t, hidden ? t.size_base_e9 : filled, now) }
        if let m = ek_record_market(record, UInt32(t.market)), t.kind != UInt8(EK_KIND_CANCEL) {
            let fee = feePaid(t, out)
            m.pointee.fees_own_e6 = m.pointee.fees_own_e6.addingReportingOverflow(fee).partialValue
            setLast(m, action: t.action, outcome: outcome, filled: filled, price: report.price_e6, fee_e6: fee, now)
            m.pointee.last.fee_lamports = t.fee_lamports
            m.pointee.last.drift_before_ppm = t.drift_before_ppm
            m.pointee.last.drift_after_ppm = report.after.known ? report.after.drift_ppm : t.drift_before_ppm
            if let to = ek_last_signature(&m.pointee.last) { for i in 0..<64 { to[i] = report.signature[i] } }
        }
        let wasInherited = inherited
        inherited = false
        if t.kind != UInt8(EK_KIND_CANCEL), let m = ek_record_market(record, UInt32(t.market)) { syncVault(now, corrected: m) }
        ek_ticket_clear(ticket)
        _ = save(now)        // a write that fails leaves the ticket on disk: it is resolved again, to the same end
        conclude(outcome, t, wasInherited, now)
    }

    /// What the venue took for this order, by the account itself (ek_fee.h); 0: it cannot be told. A figure beyond what the venue charges
    /// is somebody else's money, and without the marks of the ticket's own time only what the venue must have charged is believed.
    private func feePaid(_ t: ek_ticket, _ outcome: ek_outcome?) -> Int64 {
        guard var o = outcome, bookKnown, !foreignTicket else { return 0 }
        var ticket = t
        var mark = inherited ? ek_fee_mark() : feeMark
        var fee: Int64 = 0
        var usual: UInt64 = 0
        guard ek_fee_paid(&ticket, &o, &mark, ek_book_user(book), &fee) == EK_OK,
              ek_taker_fee(book, t.perp_index, o.quote_e6, &usual) == EK_OK else { return 0 }
        // Each of several fills is rounded up; a keeper that clears the rest away takes the flat fee.
        let most = Int64(clamping: usual).addingReportingOverflow(64 + Int64(clamping: min(book.pointee.state.flat_filler_fee_e6, 1_000_000)))
        let least = inherited ? Int64(clamping: usual) : -Int64(clamping: usual)
        return most.overflow || fee < least || fee > most.partialValue ? 0 : fee
    }

    /// A ticket that was found at start has no decision of this process: its own numbers are shown.
    private func restoreReport(_ now: Now) {
        if !inherited { report.view = hedges[current].view; return }
        report.after = View()
        report.view = View()
        report.view.known = true        // position and drift are known from the ticket, the account's value is not
        report.view.perp_e9 = ticket.pointee.position_before_base_e9
        report.view.a.spot_base_e9 = ticket.pointee.spot_before_base_e9
        report.view.net_e9 = ticket.pointee.net_before_base_e9
        report.view.drift_ppm = ticket.pointee.drift_before_ppm
        report.view.driftKnown = ticket.pointee.drift_known != 0
        report.view.a.oracle_price_e6 = ticket.pointee.oracle_price_e6
        report.view.a.slot = ticket.pointee.book_slot
        report.gates.removeAll(keepingCapacity: true)
    }

    /// What the limits of the day and the cooldown go by.
    private func count(_ t: ek_ticket, _ filled: UInt64, _ now: Now) {
        guard let m = ek_record_market(record, UInt32(t.market)) else { return }
        let day = dayStart(now)
        if m.pointee.day_start_unix_s < day {
            m.pointee.day_start_unix_s = day
            m.pointee.trades_today = 0
            m.pointee.notional_today_e6 = 0
        }
        m.pointee.trades_today += 1
        var notional: Int64 = 0
        if ek_mul_div_floor_i64(t.oracle_price_e6, Int64(clamping: filled), 1_000_000_000, &notional) == EK_OK {
            m.pointee.notional_today_e6 = Int64(clamping: Int128(m.pointee.notional_today_e6) + Int128(notional))
        }
        // The cooldown begins when the correction has brought the drift inside, judged on the ticket's own book and fill, and the account
        // that was read afterwards says the same: what was built on a false read starts none.
        let inside = report.after.known && !foreignTicket
            && ek_within_tolerance(report.after.drift_ppm, report.after.driftKnown ? 1 : 0, t.tolerance_ppm) != 0
        var net: Int64 = 0
        var drift: Int64 = 0
        var known: Int32 = 0
        if ek_drift_after(t.spot_before_base_e9, t.net_before_base_e9, t.direction, filled, &net, &drift, &known) == EK_OK
            && ek_within_tolerance(drift, known, t.tolerance_ppm) != 0 && inside {
            m.pointee.last_success = ek_moment(unix_s: now.unix_s, slot: max(book.pointee.slot, t.landed_slot))
        }
    }

    private func conclude(_ outcome: UInt8, _ t: ek_ticket, _ wasInherited: Bool, _ now: Now) {
        if t.kind == UInt8(EK_KIND_CANCEL) {
            cancelEnded(outcome, wasInherited, now)
            return
        }
        switch Int(outcome) {
        case Int(EK_OUT_FILLED):
            executed(report.price_e6 != 0 ? report.price_e6 : t.oracle_price_e6, paper: false, now)
            noteSignature()
            finish(.executedLive, "Filled and proven on the account", now)
        case Int(EK_OUT_PARTIAL_GONE):
            executed(report.price_e6 != 0 ? report.price_e6 : t.oracle_price_e6, paper: false, now)
            noteSignature()
            finish(.partial, "Part of the order filled; the rest is proven gone", now)
        case Int(EK_OUT_FAILED):
            let error = chainError
            chainError = nil
            let name = error?.name(venue) ?? Text("unknown error")
            if t.kind == UInt8(EK_KIND_TAKE), error?.custom == ProgramError.takeConditionFailed, !wasInherited, !preferAuction {
                note(.info, "the venue could not fill the whole size when the order landed; deciding anew for an auction order")
                auctionFor = current
                read(.tick, minSlot: t.landed_slot, now)
                return
            }
            let why: Text = "the transaction landed with \(name)"
            failed(why, now)
            finish(.error, why, now)
        case Int(EK_OUT_EXPIRED):
            let why = Text("the transaction never landed: proven expired by block height, the account is unchanged by it")
            failed(why, now)
            finish(.error, why, now)
        default:
            let why = Text("nothing filled; the order is proven gone")
            failed(why, now)
            finish(.unfilled, why, now)
        }
    }

    private func cancelEnded(_ outcome: UInt8, _ wasInherited: Bool, _ now: Now) {
        chainError = nil
        let gone = outcome != UInt8(EK_OUT_EXPIRED) && outcome != UInt8(EK_OUT_FAILED)
        note(gone ? .info : .warning, Text(gone ? "the leftover order is proven gone" : "the cancel did not land; it is tried again at the next tick"))
        if gone && !wasInherited {
            read(.tick, minSlot: 0, now)
        } else {
            finish(gone ? .unfilled : .error, Text(gone ? "a leftover order was cancelled" : "a leftover order could not be cancelled yet"), now)
        }
    }

    private func failed(_ why: Text, _ now: Now) {
        note(.error, "Rebalance execution failed: \(why)")
        noteOpenBreaker()
    }

    private func noteSignature() {
        var t = Text("Transaction: ")
        report.signature.withUnsafeBufferPointer { if let p = $0.baseAddress { t.put(signature: p) } }
        note(.info, t)
    }
}
