// Stress in the status: as JSON, and as lines for a person.
import Decide
import Engine
import EvenkeelCore
import Model
import Text

package typealias StressPointer = UnsafePointer<ek_stress>

/// Of a market in the last whole read. Who asks gets it anew, what is shown with every tick may be a minute
/// old.
package func stress(_ m: Machine, _ h: Hedge, anew: Bool) -> StressPointer? {
    if !m.bookKnown { return nil }
    return anew
        ? h.stressNow(m.book, m.rules) : h.stressOfTheMinute(m.book, m.rules, now_s: m.report.time_s)
}

// MARK: JSON

@inline(never) private func exact(_ j: inout Json, _ k: StaticString, _ v: Int64, _ known: Bool) {
    if known { j.exact(k, v) } else { j.null(k) }
}

@inline(never)
private func putMove(_ j: inout Json, _ side: StaticString, _ s: StressPointer, _ to_e6: Int64) {
    if to_e6 == 0 {
        j.null(side)
        return
    }
    j.open(side)
    j.exact("price_e6", to_e6)
    j.number("move_pct", move_ppm(s.pointee.price_e6, to: to_e6), decimals: 4)
    j.close()
}

private func putLevel(_ j: inout Json, _ name: StaticString, _ s: StressPointer, _ i: Int) {
    let l = level(s, i)
    j.open(name)
    putMove(&j, "up", s, l.up_e6)
    putMove(&j, "down", s, l.down_e6)
    j.close()
}

private func level(_ s: StressPointer, _ i: Int) -> ek_stress_level {
    ek_stress_level_at(s, UInt32(i))?.pointee ?? ek_stress_level()
}

private func eachGap(_ s: StressPointer, _ body: (UnsafePointer<ek_stress_gap>) -> Void) {
    var i: UInt32 = 0
    while let g = ek_stress_gap_at(s, i) {
        body(g)
        i += 1
    }
}

/// The member `stress`; null: not known.
package func putStress(_ j: inout Json, _ stress: StressPointer?) {
    guard let s = stress else {
        j.null("stress")
        return
    }
    j.open("stress")
    j.int("slot", s.pointee.slot)
    j.exact("price_e6", s.pointee.price_e6)
    putLevel(&j, "health50", s, EK_STRESS_HEALTH50)
    putLevel(&j, "health20", s, EK_STRESS_HEALTH20)
    putLevel(&j, "liquidation", s, EK_STRESS_LIQUIDATION)
    j.openList("gaps")
    eachGap(s) { g in
        j.open()
        j.int("rise_pct", g.pointee.rise_pct)
        j.number("health_pct", Int64(g.pointee.health_bp), decimals: 2)
        j.exact("equity_e6", g.pointee.equity_e6)
        j.exact("free_e6", g.pointee.free_e6)
        j.exact("perp_need_e6", g.pointee.perp_need_e6)
        j.bool("liquidated", g.pointee.free_e6 < 0)
        j.close()
    }
    j.closeList()
    j.number("warning_pct", Int64(s.pointee.warning_bp), decimals: 2)
    exact(&j, "collateral_e6", s.pointee.collateral_e6, s.pointee.collateral_possible != 0)
    exact(&j, "reduction_base_e9", s.pointee.reduction_base_e9, s.pointee.reduction_possible != 0)
    j.close()
}

// MARK: words

/// A price and how far it is: "$181.82 (+21.2 %)".
package func put(_ t: inout Text, price price_e6: Int64, from now_e6: Int64) {
    t.put(usd: price_e6)
    t.put(" (")
    t.put(fixed: move_ppm(now_e6, to: price_e6), decimals: 4, shown: 1, sign: true)
    t.put(" %)")
}

private func put(_ t: inout Text, _ name: StaticString, _ s: StressPointer, _ i: Int) {
    let (l, now_e6) = (level(s, i), s.pointee.price_e6)
    t.put(name)
    if l.up_e6 == now_e6 {
        t.put("now")
        return
    }
    if l.up_e6 == 0 && l.down_e6 == 0 { t.put("at no price") }
    if l.down_e6 != 0 { put(&t, price: l.down_e6, from: now_e6) }
    if l.up_e6 != 0 && l.down_e6 != 0 { t.put(" or ") }
    if l.up_e6 != 0 { put(&t, price: l.up_e6, from: now_e6) }
}

/// Two lines, and a third while health is under the warning level.
package func stressLines(_ t: inout Text, _ s: StressPointer, _ market: Text) {
    put(&t, " stress    health 50 % ", s, EK_STRESS_HEALTH50)
    put(&t, "   20 % ", s, EK_STRESS_HEALTH20)
    put(&t, "   liquidation ", s, EK_STRESS_LIQUIDATION)
    t.put("\n gap    ")
    eachGap(s) { g in
        t.put("   +")
        t.put(g.pointee.rise_pct)
        t.put(" % ")
        if g.pointee.free_e6 < 0 {
            t.put("liquidated")
        } else {
            t.put("health ")
            t.put(fixed: Int64(g.pointee.health_bp), decimals: 2, shown: 1)
            t.put(" %")
        }
    }
    t.put("\n")
    let way = wayBack(s, market)
    if !way.isEmpty { t.put(" restore   \(way)\n") }
}

/// Empty while health is there; else "health 50.0 % again by a deposit of $12.35 or by closing 1.2 SOL-PERP".
/// What is to be brought is rounded up to the cent.
package func wayBack(_ s: StressPointer, _ market: Text) -> Text {
    if s.pointee.collateral_possible != 0 && s.pointee.collateral_e6 == 0 { return Text() }
    let (deposit, closing) = (s.pointee.collateral_possible != 0, s.pointee.reduction_possible != 0)
    var t = Text("health ")
    t.put(fixed: Int64(s.pointee.warning_bp), decimals: 2, shown: 1)
    t.put(" % again ")
    if deposit {
        t.put("by a deposit of ")
        let cents = s.pointee.collateral_e6 / 10_000 + (s.pointee.collateral_e6 % 10_000 == 0 ? 0 : 1)
        t.put(usd: cents, decimals: 2)
    }
    if deposit && closing { t.put(" or ") }
    if closing {
        t.put("by closing ")
        t.put(number: s.pointee.reduction_base_e9, decimals: 9)
        t.put(" ")
        t.put(market)
    }
    if !closing { t.put(deposit ? ", not by reducing alone" : "by neither deposit nor reducing") }
    return t
}
