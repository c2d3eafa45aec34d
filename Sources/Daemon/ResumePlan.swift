// What `resume` would open at once: after `flatten` it is the whole hedge, not the drift of a day.
import Decide
import Engine
import EvenkeelCore
import Model
import Text

/// In words, with size, side and cost; nil: no market is flat that is to be hedged.
func reopening(_ m: Machine) -> Text? {
    guard m.record.pointee.paused != 0, m.bookKnown else { return nil }
    var t = Text("would")
    var any = false
    for h in m.hedges where h.view.valued && h.view.perp_e9 == 0 {
        guard h.decision.action != UInt8(EK_ACTION_NONE), h.decision.size_base_e9 > 0 else { continue }
        t.put("\(any ? ", and " : " ")\(order(h))")
        any = true
    }
    return any ? t : nil
}

private func order(_ h: Hedge) -> Text {
    let size_e9 = Int64(clamping: h.view.net_e9.magnitude)
    let price_e6 = h.view.a.oracle_price_e6
    var notional_e6: Int64 = 0
    _ = ek_mul_div_floor_i64(size_e9, price_e6, 1_000_000_000, &notional_e6)
    let side: StaticString = h.decision.direction == UInt8(EK_SELL) ? "sell" : "buy"
    var t: Text = """
        \(side) \(base: size_e9) \(h.rules.perpName) at about \(usd: price_e6), \(usd: notional_e6) in all
        """
    for g in h.gates where g.gate == .cost && g.measured.number > 0 && g.measured.unit == .bps_ppm {
        var cost_e6: Int64 = 0
        _ = ek_mul_div_floor_i64(notional_e6, g.measured.number, 1_000_000, &cost_e6)
        t.put(", cost about \(usd: cost_e6)")
    }
    if size_e9 > Int64(clamping: h.decision.size_base_e9) {
        t.put(", in parts of \(base: h.decision.size_base_e9)")
    }
    return t
}
