// The end of a tick: what it came to, and when the next one is due.
import Accounting
import Decide
import EvenkeelCore
import Model
import Text

/// A drift over `max_trade_size` is corrected in so many slices in one interval at most.
private let slicesATick = 4

extension Machine {
    /// The report is of this market from here on.
    func focus(on i: Int) {
        report.market = i
        report.view = hedges[i].view
        report.cooldownLeft_s = 0
    }

    /// The tick ends with what became of this market; nil: of a ticket whose market is hedged no more.
    func finish(_ status: Status, _ reason: Text, about market: Int?, _ now: Now) {
        report.market = market
        report.reason = reason
        if let i = market {
            report.reason = named(i, reason)
            hedges[i].stand(status, reason)
        }
        ended(status, now)
    }

    /// The tick ends with something that is not about one market.
    func finish(account status: Status, _ reason: Text, _ now: Now) {
        report.reason = reason
        if let i = report.market { hedges[i].stand(status, reason) }
        ended(status, now)
    }

    /// The tick ends with the market's own standing.
    func finishStanding(of i: Int, _ now: Now) {
        report.market = i
        report.reason = named(i, hedges[i].standing)
        hedges[i].waiting = false
        ended(hedges[i].status, now)
    }

    private func ended(_ status: Status, _ now: Now) {
        report.status = status
        report.time_s = now.unix_s
        enter(.idle)
        schedule.phaseTimer_ms = UInt64.max
        for h in hedges where !h.waiting { h.forced = false }
        if let i = tick.tried { correctionEnded(i, now) }
        if flattening { flattenOn(status, now) }
        if schedule.forceLater { forceTick(now) }
        if modeDue && !ticketOpen { schedule.nextTick_ms = now.mono_ms }
        keepSlotLength(now)
        show(now)
    }

    /// A length of the slots that is far from the one on disk is written down: the next process goes by it
    /// until it has measured one itself.
    private func keepSlotLength(_ now: Now) {
        let (us, kept_us) = (record.pointee.slot_us, standing.keptSlot_us)
        guard (us > kept_us ? us - kept_us : kept_us - us) > kept_us / 8, !halted, !ticketOpen else { return }
        if save(now) { standing.keptSlot_us = us }
    }

    /// A correction is over, well or not. Who waited has its turn soon, on a fresh book.
    private func correctionEnded(_ i: Int, _ now: Now) {
        tick.tried = nil
        let (h, grid) = (hedges[i], schedule.correctionEnded(rules.interval_ms, now))
        h.slices = h.slicing == grid ? h.slices + 1 : 1
        (h.turn, h.slicing) = (grid, grid)
        for other in hedges { other.passedOver = other !== h && other.waiting }
        let whole = report.status == .executedLive || report.status == .executedPaper
        if whole && h.decision.capped & UInt8(EK_CAPPED_MAX_TRADE) != 0 && h.slices < slicesATick {
            h.turn = UInt64.max  // its next slice follows at once
            schedule.tickSoon(now)
        }
        if hedges.contains(where: { $0.waiting && ($0.turn != grid || $0.forced) }) { schedule.tickSoon(now) }
    }

    /// A sign of life while a ticket is open: the schedule goes on, the status says what is waited for.
    func pendingReport(_ now: Now) {
        report.status = .pending
        report.action = ticket.pointee.action
        report.size_e9 = ticket.pointee.size_base_e9
        fillSignature()
        report.time_s = now.unix_s
        report.reason = pendingReason(now)
        show(now)
    }

    private func show(_ now: Now) {
        report.periods = vault.periods(journal, now, effects)
        effects.report(self)
    }

    func fillSignature() {
        report.hasSignature = true
        guard let s = ek_ticket_signature(ticket) else { return }
        for i in 0..<64 { report.signature[i] = s[i] }
    }

    /// With several markets a sentence begins with the one it is about.
    package func named(_ i: Int, _ words: Text) -> Text {
        hedges.count == 1 ? words : "\(hedges[i].rules.perpName): \(words)"
    }

    /// The market that the report is about; of a ticket whose market is hedged no more: the first one.
    package var shownHedge: Hedge { hedges[report.market ?? 0] }

    /// Its name; of such a ticket, its own market's.
    package var shownMarket: Text {
        report.market.map { hedges[$0].rules.perpName } ?? report.otherMarket
    }
}
