// Deleverage in time: under the maintenance line the venue refuses even an order that only reduces, and then
// nobody can help. Where the operator sets a line above it, the perp is reduced there by the smallest size
// that restores it with a point to spare. The agent cannot sell spot: it says how much of it is to be sold
// for the book to be neutral again, and holds back what would bring the account under the line once more.
import EvenkeelCore
import Model
import Text

/// A reduction aims so far above the line: what the fill costs must not make another one due.
private let aim_bp: UInt32 = 100
/// Above the line by so much an expansion must leave the account: else it would be reduced again at once.
private let clear_bp: UInt32 = 500

extension Hedge {
    /// The reduction that brings the account's health back to a point above the operator's line; nil: it is
    /// not under it, the line is off, or reducing this position alone does not get there.
    package func deleverage(_ view: View, _ book: Book, _ rules: Rules) -> ek_decision? {
        let held_e9 = view.a.perp_base_e9
        guard rules.deleverage_bp > 0, view.a.health_bp < rules.deleverage_bp, held_e9 != 0,
            let m = ek_book_perp(book, perpIndex)
        else { return nil }
        var s = ek_stress()
        var fault = ek_fault()
        let aimed_bp = rules.deleverage_bp + aim_bp
        guard ek_stress_reduction(book, perpIndex, spotIndex, aimed_bp, &s, &fault) == EK_OK,
            s.reduction_possible != 0, s.reduction_base_e9 > 0
        else { return nil }
        let step = max(1, m.pointee.step_base_e9)
        let size = min(UInt64(s.reduction_base_e9), self.rules.maxTrade_e9, held_e9.magnitude) / step * step
        if size == 0 { return nil }
        var d = ek_decision()
        d.verdict = UInt8(EK_VERDICT_CORRECT)
        d.action = UInt8(held_e9 < 0 ? EK_ACTION_REDUCE_SHORT : EK_ACTION_EXPAND_SHORT)
        d.direction = UInt8(held_e9 < 0 ? EK_BUY : EK_SELL)
        d.reduce_only = 1
        d.size_base_e9 = size
        return d
    }

    /// Why a correction that adds risk waits for the account's health; nil: it need not.
    func wouldDeleverage(_ book: Book, _ rules: Rules) -> (after_bp: UInt32, least_bp: UInt32, why: Text)? {
        guard rules.deleverage_bp > 0, decision.reduce_only == 0, decision.action != UInt8(EK_ACTION_NONE)
        else { return nil }
        let size = Int64(clamping: decision.size_base_e9)
        let least_bp = min(rules.deleverage_bp + clear_bp, 10_000)
        var after_bp: UInt32 = 0
        var fault = ek_fault()
        let by = decision.direction == UInt8(EK_SELL) ? -size : size
        let known = ek_health_after(book, perpIndex, by, &after_bp, &fault) == EK_OK
        if known && after_bp >= least_bp { return nil }
        let why: Text = """
            Health after the correction would be \(fixed: after_bp, decimals: 2, shown: 1) %, under \
            deleverage_below_health_pct and 5 points: sell \(base: decision.size_base_e9, shown: 6) \
            \(self.rules.asset) of spot to be neutral, or deposit collateral
            """
        return (after_bp, least_bp, why)
    }
}
