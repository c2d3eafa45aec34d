// What the status says of money: health and alarms, funding, and what the vault earned since midnight, in a
// week, since the start.
import Accounting
import Decide
import Engine
import EvenkeelCore
import Model
import Text

extension StatusWriter {
    mutating func putMoney() {
        j.string("health_level", m.health.word)
        if m.health.alarm.isEmpty { j.null("alarm") } else { j.string("alarm", m.health.alarm) }
        putFunding()
        let kept = m.record.pointee.vault
        guard kept.known != 0 else {
            j.null("vault")
            j.null("equity_usd")
            j.null("pnl")
            return
        }
        let p = m.report.periods
        j.number("equity_usd", kept.book.equity_e6, decimals: 6)
        j.open("pnl")
        putParts("today", p.today)
        putParts("7d", p.week)
        putParts("total", p.start)
        j.close()
        j.open("vault")
        j.string("since") { $0.put(iso8601: kept.start_unix_s) }
        j.exact("equity_e6", kept.book.equity_e6)
        put("today", p.today)
        put("week", p.week)
        put("start", p.start)
        j.close()
    }

    private mutating func put(_ name: StaticString, _ s: ek_vault_split) {
        j.open(name)
        putSplit(&j, s)
        j.close()
    }

    /// The parts in dollars.
    private mutating func putParts(_ name: StaticString, _ s: ek_vault_split) {
        j.open(name)
        eachPart(s) { _, name, part_e6 in j.number(name, part_e6, 6) }
        j.close()
    }

    private mutating func putFunding() {
        let v = m.shownHedge.view
        guard v.valued else {
            j.null("funding")
            return
        }
        let f = m.shownHedge.funding(m.book, venue: m.account.venue)
        j.open("funding")
        j.exact("rate_hourly_ppb", f.lastHourly_ppb)
        j.number("rate_annual_pct", f.lastAnnual_ppm, decimals: 4)
        if f.nextKnown {
            j.exact("next_hourly_ppb", f.nextHourly_ppb)
            j.number("next_annual_pct", f.nextAnnual_ppm, decimals: 4)
        } else {
            j.null("next_hourly_ppb")
            j.null("next_annual_pct")
        }
        j.int("next_at", f.nextAt_s)
        j.exact("unsettled_e6", v.a.unsettled_funding_e6)
        j.close()
    }
}

private func eachPart(_ s: ek_vault_split, _ put: (UInt32, UnsafePointer<UInt8>, Int64) -> Void) {
    var s = s
    for i in 0..<UInt32(EK_VAULT_PARTS) {
        guard let name = UnsafeRawPointer(ek_vault_part_name(i)) else { return }
        put(i, name.assumingMemoryBound(to: UInt8.self), ek_vault_part(&s, i))
    }
}

/// The parts of what a book made between two times.
package func putSplit(_ j: inout Json, _ s: ek_vault_split) {
    j.exact("pnl_e6", s.equity_e6 &- s.flows_e6)
    j.exact("funding_e6", s.funding_e6)
    j.exact("fees_e6", s.fees_e6)
    j.exact("slippage_e6", s.slippage_e6)
    j.exact("network_e6", s.network_e6)
    j.exact("basis_e6", s.basis_e6)
    j.exact("delta_e6", s.delta_e6)
    j.exact("interest_e6", s.interest_e6)
    j.exact("yield_e6", s.yield_e6)
    j.exact("other_e6", s.other_e6)
    j.exact("flows_e6", s.flows_e6)
}

/// The same as lines for a person.
func moneyLines(_ t: inout Text, _ m: Machine) {
    if !m.health.alarm.isEmpty { t.put(" ALARM     \(m.health.alarm)\n") }
    if m.shownHedge.view.valued { fundingLine(&t, m) }
    let kept = m.record.pointee.vault
    guard kept.known != 0 else { return }
    let p = m.report.periods
    t.put(" equity    \(usd: kept.book.equity_e6)\n")
    splitLine(&t, " today     ", p.today)
    splitLine(&t, " 7 days    ", p.week)
    splitLine(&t, " start     ", p.start)
}

private func fundingLine(_ t: inout Text, _ m: Machine) {
    let f = m.shownHedge.funding(m.book, venue: m.account.venue)
    let next: Text = f.nextKnown ? ", next \(percent_ppm: f.nextAnnual_ppm, sign: true) %" : ""
    let who: StaticString = m.shownHedge.view.perp_e9 > 0 ? "longs pay" : "shorts earn"
    t.put("""
         funding   \(percent_ppm: f.lastAnnual_ppm, sign: true) % a year\(next)  (\(who) when positive)

        """)
}

/// Only the parts that there are; flows are no profit.
private func splitLine(_ t: inout Text, _ name: StaticString, _ s: ek_vault_split) {
    t.put("\(name)\(usd: s.equity_e6 &- s.flows_e6) ")
    eachPart(s) { i, part, part_e6 in
        if i == UInt32(EK_VAULT_PART_FLOWS) || part_e6 == 0 { return }
        t.put("  ")
        t.put(literal: part)
        t.put(" \(usd: part_e6)")
    }
    t.put("\n")
}
