// `flatten`: every hedged perp is closed, reduce-only, by the same path as a correction: gates, simulation, comparison, journal. Larger positions
// than max_trade_size go in parts. The pause is written down before the first order: whatever happens to the process, no later one hedges
// again behind the operator's back.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    /// What is still open, signed; the paper ledger counts on paper. Of the last book that was read.
    package var openPerps: Int {
        var n = 0
        for h in hedges where h.view.known && h.view.perp_e9 != 0 { n += 1 }
        return n
    }

    /// False: the state file cannot be written, nothing was begun.
    func beginFlatten(_ now: Now) -> Bool {
        record.pointee.paused = 1
        record.pointee.breaker_open = 0
        record.pointee.failures_in_row = 0
        note(.warning, "flatten by command: every hedged perp is closed reduce-only; paused from now on until resume")
        guard save(now) else { return false }
        flattening = true
        flattenAfter_tick = ticks
        return true
    }

    func endFlatten(_ why: StaticString) {
        if !flattening { return }
        flattening = false
        // It passed over cooldowns, hedging does not.
        for i in 0..<hedges.count { hedges[i].forced = false }
        note(.warning, "\(why)")
    }

    /// Ticks from the one after the command on; an order that was being built when it was given is withdrawn like at any pause.
    var closing: Bool { flattening && ticks > flattenAfter_tick }

    /// Whether trading is held by a pause: a flatten trades in spite of it.
    var heldByPause: Bool { record.pointee.paused != 0 && !closing }

    /// For the current market while it is being closed: everything it holds is too much, any size on the step will do, no cooldown counts.
    func decideFlat(_ rules: inout ek_hedge_rules, _ view: View, _ now: ek_moment, _ d: inout ek_decision) -> Bool {
        rules.min_trade_base_e9 = rules.step_base_e9
        rules.market_min_base_e9 = rules.step_base_e9
        return ek_decide(&rules, view.perp_e9, 0, view.perp_e9 == 0 ? 1 : 0, view.perp_e9, now, ek_moment(unix_s: 0, slot: 0), &d) == EK_OK
    }

    /// All markets are judged and none holds anything that can be closed: it is done. False: there is something to close.
    func flatReached(_ now: Now) -> Bool {
        for h in hedges where h.judged && h.status == .pending { return false }
        for i in 0..<hedges.count where !hedges[i].judged && hedges[i].missing.isEmpty {
            focus(on: i)
            finish(.observeOnly, hedges[i].reason, now)       // it may hold something, and cannot be closed like this
            return true
        }
        let dust = openPerps > 0
        endFlatten(dust ? "flat but for less than one step; paused until resume" : "flat: every hedged perp is closed; paused until resume")
        finish(.paused, Text(dust ? "Closed but for less than one step; paused until resume" : "Every hedged perp is closed; paused until resume"), now, account: true)
        return true
    }

    /// The next part, or the look that finds it done, comes soon after one that went well; else at the next tick of the grid.
    func flattenOn(_ status: Status, _ now: Now) {
        for i in 0..<hedges.count { hedges[i].forced = true }
        if status == .executedLive || status == .executedPaper || status == .partial { schedule.nextTick_ms = min(schedule.nextTick_ms, now.mono_ms + soon_ms) }
    }
}
