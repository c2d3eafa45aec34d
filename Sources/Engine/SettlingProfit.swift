// Profit that counts for nothing: for an order that grows a position the venue counts open profit as little
// or nothing, so in a falling market the book is rich and cannot be hedged. Then the profit is settled into
// the deposit first, and the book decides anew. Never in a loop: once an hour for each market, however it
// ends.
import Accounting
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

/// So long a profit beyond `settle_profit_usd` must stand before it is settled without need.
private let standsFor_ms: UInt64 = 3_600_000
/// Less than this is not worth a transaction.
private let leastProfit_e6: Int64 = 1_000_000

extension Machine {
    /// An expansion is held up by nothing but margin, and the open profit would cure that.
    func settlesFirst(_ i: Int, _ now: Now) -> Bool {
        let (h, d) = (hedges[i], hedges[i].decision)
        guard settlingPossible, d.reduce_only == 0, h.gates.onlyClosed(.freeCollateral) else { return false }
        var params = ek_order_perp(h.perpIndex, UInt8(EK_ORDER_MARKET), d.direction, d.size_base_e9)
        var claim_e6: Int64 = 0
        var admits: Int32 = 0
        guard ek_settle_expected(book, h.perpIndex, &params, &claim_e6, &admits) == EK_OK,
            claim_e6 >= leastProfit_e6
        else { return false }
        if !h.maySettle(now) || admits == 0 {
            sayOpenProfit(h, claim_e6, tried: admits != 0)
            return false
        }
        note(
            .info,
            named(i, "Margin is short while \(usd: claim_e6, shown: 2) of profit is open: settling it first"))
        settle(i, now)
        return true
    }

    /// A profit beyond the operator's amount that has stood for an hour, with nothing else to do.
    func settlesStanding(_ now: Now) -> Bool {
        guard settlingPossible, rules.settleProfit_e6 > 0, !halted, !heldByPause, !journal.breakerOpen,
            !effects.killSwitchOn
        else { return false }
        for (i, h) in hedges.enumerated() where h.judged {
            let claim_e6 = openProfit_e6(h)
            guard claim_e6 >= rules.settleProfit_e6 else {
                h.profitSince_ms = nil
                continue
            }
            let since_ms = h.profitSince_ms ?? now.mono_ms
            h.profitSince_ms = since_ms
            guard now.mono_ms - since_ms >= standsFor_ms, h.maySettle(now), canAct else { continue }
            note(
                .info,
                named(i, "\(usd: claim_e6, shown: 2) of profit has been open for an hour: settling it"))
            settle(i, now)
            return true
        }
        return false
    }

    /// What a settlement would move into the deposit; nothing where that is not known.
    private func openProfit_e6(_ h: Hedge) -> Int64 {
        var claim_e6: Int64 = 0
        return ek_settle_expected(book, h.perpIndex, nil, &claim_e6, nil) == EK_OK ? claim_e6 : 0
    }

    private var settlingPossible: Bool { rules.mode == .live && ek_venue_can_take(account.venue) != 0 }

    private var canAct: Bool {
        do throws(Refusal) {
            try requireCapacity()
            return true
        } catch { return false }
    }

    private func settle(_ i: Int, _ now: Now) {
        let h = hedges[i]
        focus(on: i)
        if h.recordIndex == nil { takeRow(h) }
        if halted || h.recordIndex == nil {
            finishStanding(of: i, now)
            return
        }
        prepare(Draft(market: i, kind: .settle, closing: false), now)
    }

    /// The reason names the profit that would help and cannot be had.
    private func sayOpenProfit(_ h: Hedge, _ claim_e6: Int64, tried: Bool) {
        guard let g = h.gates.first(where: { $0.gate == .freeCollateral && !$0.ok }) else { return }
        let why: StaticString =
            tried ? "the venue's pool could pay no more of it" : "settled it would not be enough"
        h.gates.put(
            Gate(
                gate: .freeCollateral, ok: false, measured: g.measured, allowed: g.allowed,
                detail: "\(g.reason); \(usd: claim_e6, shown: 2) of open profit counts for nothing: \(why)"))
    }

    /// The simulation refused it. No failure of ours: what it was for stays blocked for its own reason.
    func settlingRefused(_ why: Text, _ now: Now) {
        let (i, h) = (draft.market, hedges[draft.market])
        note(.warning, named(i, "settling the open profit was refused: \(why)"))
        h.pauseSettling(now)
        abandonOrder()
        sayOpenProfit(h, openProfit_e6(h), tried: true)
        if h.gates.allOpen { finishStanding(of: i, now) } else { blocked(i, now) }
    }

    func settlingEnded(_ end: TicketEnd, _ known: Tracking, _ now: Now) {
        guard end.outcome == UInt8(EK_OUT_FILLED), let i = known.market else {
            note(.warning, "the open profit was not settled: the transaction had no effect")
            finish(.error, "the open profit could not be settled", about: known.market, now)
            return
        }
        let open_e6 = openProfit_e6(hedges[i])
        let paid_e6 = Int64(clamping: end.seen?.quote_e6 ?? 0)
        var said: Text = "\(usd: paid_e6, shown: 2) of open profit is settled into the deposit"
        if open_e6 >= leastProfit_e6 {
            said.put("; the venue's pool could not pay the other \(usd: open_e6, shown: 2) now")
        }
        note(.info, named(i, said))
        if known.inherited {
            finish(.pending, said, about: i, now)
        } else {
            tick.settled_lamports = end.ticket.fee_lamports
            read(.tick, minSlot: end.ticket.landed_slot, now)
        }
    }
}
