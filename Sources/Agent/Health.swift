// The account's health: two levels with hysteresis, and the alarm when the account is near its line and even a reduction is refused.
import EvenkeelCore
import Model
import Rpc
import Text

/// A level is left this far above where it was entered.
private let hysteresis_bp: UInt32 = 500

extension Machine {
    package var healthWord: StaticString { healthLevel == 2 ? "critical" : healthLevel == 1 ? "warning" : "ok" }

    /// Warning under health_warning_pct, critical under min_health_pct; a level is left 5 points above where it was entered.
    func checkHealth(_ view: View) {
        let health = view.a.health_bp
        let critical = rules.minHealth_bp
        let warning = max(rules.warnHealth_bp, critical)
        var level = 0
        if health < critical || (healthLevel == 2 && health < critical + hysteresis_bp) {
            level = 2
        } else if health < warning || (healthLevel > 0 && health < warning + hysteresis_bp) {
            level = 1
        }
        if level == 0 && !alarm.isEmpty { clearAlarm() }
        if level == healthLevel { return }
        var t = Text(level == 2 ? "health is critical: " : level == 1 ? "health warning: " : "health is well again: ")
        t.put("\(fixed: Int64(health), decimals: 2, shown: 1) %, liquidation ")
        if view.a.liq_price_e6 > 0 { t.put("at $"); t.put(fixed: view.a.liq_price_e6, decimals: 6, shown: 2) } else { t.put("none") }
        note(level == 2 ? .error : level == 1 ? .warning : .info, t)
        healthLevel = level
    }

    /// A correction that only reduces, held back by the venue's own margin test: a person must bring collateral or close by hand.
    func noteRefusedReduction() {
        guard decision.reduce_only != 0, report.gates.contains(where: { $0.gate == .freeCollateral && !$0.ok }) else { return }
        raiseAlarm()
    }

    /// The simulation of a reduction was refused for want of collateral.
    func noteRefused(_ custom: UInt32?) {
        if custom == ProgramError.insufficientCollateral && cancelling == nil && decision.reduce_only != 0 { raiseAlarm() }
    }

    private func raiseAlarm() {
        let t: Text = """
            the venue refuses even a reducing order: health \
            \(fixed: Int64(report.view.a.health_bp), decimals: 2, shown: 1) %, maintenance collateral \
            \(usd: report.view.a.maintenance_collateral_e6) against \
            \(usd: report.view.a.maintenance_requirement_e6) required; deposit collateral or close the \
            position by hand before it is liquidated
            """
        if alarm.isEmpty {
            note(.error, "ALARM: \(t)")
        }
        alarm = t
    }

    func clearAlarm() {
        alarm = Text()
        note(.info, "the alarm is over: reducing orders are accepted again")
    }

    /// Caps a reducing correction at what the venue's margin test leaves room for: the position less what orders on its closing side take already.
    /// The test counts their whole size, so an order beyond it would be refused.
    func fitReduction() {
        guard decision.reduce_only != 0, decision.action != UInt8(EK_ACTION_NONE), let m = ek_book_perp(book, perpIndex) else { return }
        let a = report.view.a
        let size = a.perp_base_e9.magnitude
        let taken = a.perp_base_e9 < 0 ? a.perp_open_bids_e9.magnitude : a.perp_open_asks_e9.magnitude
        let step = max(1, m.pointee.step_base_e9)
        let room = (size > taken ? size - taken : 0) / step * step
        // Without room there is nothing to cap: the margin gate says no by itself. Paper has no orders and its own position.
        if rules.mode == .live && room > 0 && decision.size_base_e9 > room { hedges[current].decision.size_base_e9 = room }
    }
}
