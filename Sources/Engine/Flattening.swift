// `flatten`: every hedged perp is closed, reduce-only, by the same path as a correction: gates, simulation,
// comparison, journal. Larger positions than max_trade_size are closed in parts. The pause is written down
// before the first order: whatever happens to the process, no later one hedges again behind the operator's
// back.
import Accounting
import Decide
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    package var flattening: Bool { standing.flattenAfter_tick != nil }

    /// What is still open, signed; the paper ledger counts on paper. Of the last book that was read.
    package var openPerps: Int { hedges.filter { $0.view.known && $0.view.perp_e9 != 0 }.count }

    /// False: the state file cannot be written, nothing was begun.
    func beginFlatten(_ now: Now) -> Bool {
        record.pointee.paused = 1
        journal.clearFailures()
        note(
            .warning,
            "flatten by command: every hedged perp is closed reduce-only; paused from now on until resume")
        guard save(now) else { return false }
        standing.flattenAfter_tick = ticks
        return true
    }

    func endFlatten(_ why: StaticString) {
        if !flattening { return }
        standing.flattenAfter_tick = nil
        for h in hedges { h.forced = false }  // it ignored cooldowns, hedging does not
        note(.warning, "\(why)")
    }

    /// Ticks from the one after the command on; an order that was being built when it was given is withdrawn
    /// like at any pause.
    var closing: Bool { standing.flattenAfter_tick.map { ticks > $0 } ?? false }

    /// Whether trading is held by a pause: a flatten trades in spite of it.
    var heldByPause: Bool { journal.paused && !closing }

    /// All markets are judged and none holds anything that can be closed: it is done. False: there is
    /// something to close.
    func flatReached(_ now: Now) -> Bool {
        for h in hedges where h.judged && h.status == .pending { return false }
        if let i = hedges.firstIndex(where: { !$0.judged && $0.missing.isEmpty }) {
            // it may hold something, and cannot be closed like this
            finish(.observeOnly, hedges[i].reason, about: i, now)
            return true
        }
        if openPerps > 0 {
            endFlatten("flat but for less than one step; paused until resume")
            finish(account: .paused, "Closed but for less than one step; paused until resume", now)
        } else {
            endFlatten("flat: every hedged perp is closed; paused until resume")
            finish(account: .paused, "Every hedged perp is closed; paused until resume", now)
        }
        return true
    }

    /// The next part, or the look that finds it done, comes soon after one that went well; else at the next
    /// tick of the grid.
    func flattenOn(_ status: Status, _ now: Now) {
        for h in hedges { h.forced = true }
        if status == .executedLive || status == .executedPaper || status == .partial {
            schedule.nextTick_ms = min(schedule.nextTick_ms, now.mono_ms + soon_ms)
        }
    }
}
