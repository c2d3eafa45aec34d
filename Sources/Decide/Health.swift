// The account's health: two levels with hysteresis, and the alarm when the account is near its line and even
// a reduction is refused.
import EvenkeelCore
import Model
import Text

/// A level is left this far above where it was entered.
private let hysteresis_bp: UInt32 = 500

package struct HealthWatch {
    package enum Condition: UInt8 { case ok, warning, critical }

    package private(set) var condition = Condition.ok
    /// What needs a person at once; empty: nothing.
    package private(set) var alarm = Text()
    package init() {}

    package var word: StaticString {
        switch condition {
        case .ok: return "ok"
        case .warning: return "warning"
        case .critical: return "critical"
        }
    }

    /// What is to be said of a new view of the account. Warning under health_warning_pct, critical under
    /// min_health_pct; a level is left 5 points above where it was entered.
    package mutating func observe(_ view: View, _ rules: Rules, _ say: (Level, Text) -> Void) {
        let health = view.a.health_bp
        let critical = rules.minHealth_bp
        let warning = max(rules.warnHealth_bp, critical)
        var next = Condition.ok
        if health < critical || (condition == .critical && health < critical + hysteresis_bp) {
            next = .critical
        } else if health < warning || (condition != .ok && health < warning + hysteresis_bp) {
            next = .warning
        }
        if next == .ok && !alarm.isEmpty { clearAlarm(say) }
        if next == condition { return }
        condition = next
        let level: Level = next == .critical ? .error : next == .warning ? .warning : .info
        let begin: StaticString =
            next == .critical
            ? "health is critical"
            : next == .warning ? "health warning" : "health is good again"
        var t: Text = "\(begin): \(fixed: health, decimals: 2, shown: 1) %, liquidation "
        if view.a.liq_price_e6 > 0 {
            t.put("at $\(fixed: view.a.liq_price_e6, decimals: 6, shown: 2)")
        } else {
            t.put("none")
        }
        say(level, t)
    }

    /// The venue's margin test holds back even an order that only reduces: a person must bring collateral or
    /// close by hand.
    package mutating func reductionRefused(_ view: View, _ say: (Level, Text) -> Void) {
        let t: Text = """
            the venue refuses even a reducing order: health \
            \(fixed: view.a.health_bp, decimals: 2, shown: 1) %, maintenance collateral \
            \(usd: view.a.maintenance_collateral_e6) against \
            \(usd: view.a.maintenance_requirement_e6) required; deposit collateral or close the \
            position by hand before it is liquidated
            """
        if alarm.isEmpty { say(.error, "ALARM: \(t)") }
        alarm = t
    }

    package mutating func clearAlarm(_ say: (Level, Text) -> Void) {
        alarm = Text()
        say(.info, "the alarm is over: reducing orders are accepted again")
    }
}
