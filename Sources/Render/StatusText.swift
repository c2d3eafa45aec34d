// The same status for a person: a few aligned lines, plain text.
import Accounting
import Decide
import Engine
import EvenkeelCore
import Model
import Text

/// What the first line says of a status whose tick is too long ago.
package let staleMark: StaticString = "   stale: "

/// Two ticks and all their time-outs have passed, and half a minute.
package func isStale(_ m: Machine, now_s: Int64) -> Bool {
    let most_ms = 2 * m.rules.interval_ms + 10 * m.rules.timeout_ms + 30_000
    return m.report.time_s != 0 && now_s - m.report.time_s > Int64(clamping: most_ms / 1_000)
}

package func statusText(_ m: Machine, now_s: Int64) -> Text {
    let v = m.report.view
    let mode: StaticString = m.rules.mode == .live ? "live" : m.heldOnPaper ? "paper by command" : "paper"
    var t = Text(capacity: 1024)
    t.put(" \(m.report.status.word)   \(m.shownMarket) on \(c: ek_venue_name(m.account.venue)) (\(mode))")
    if m.report.time_s == 0 {
        t.put("   just started\n why       the first tick is under way\n")
        return t
    }
    let mark = isStale(m, now_s: now_s) ? staleMark : "   "
    t.put("\(mark)\(max(0, now_s - m.report.time_s)) s ago, slot \(v.a.slot)\n")
    if !m.report.reason.isEmpty { t.put(" why       \(m.report.reason)\n") }
    guard v.known else { return t }
    bookLines(&t, m, v, asset(of: m.shownMarket), m.report.market)
    if v.valued { healthLine(&t, v) }
    if let s = stress(m, m.shownHedge, anew: true) { stressLines(&t, s, m.shownHedge.rules.perpName) }
    moneyLines(&t, m)
    signerLine(&t, m)
    gatesLine(&t, m.gates)
    if m.report.market != nil { lastLine(&t, m, now_s) }
    for i in 0..<m.hedges.count where m.hedges.count > 1 && i != m.report.market {
        otherMarket(&t, m, i)
    }
    return t
}

/// Another market of the account, in short.
private func otherMarket(_ t: inout Text, _ m: Machine, _ i: Int) {
    let h = m.hedges[i]
    t.put("\n \(h.status.word)   \(h.rules.perpName)\n why       \(m.hedges[i].standing)\n")
    if h.view.known { bookLines(&t, m, h.view, h.rules.asset, i) }
    if h.cooldownLeft_s > 0 { t.put(" cooldown  \(h.cooldownLeft_s) s left\n") }
}

private func bookLines(_ t: inout Text, _ m: Machine, _ v: View, _ asset: Text, _ i: Int?) {
    t.put(" spot      \(base: v.a.spot_base_e9, sign: true) \(asset)")
    if let k = i {
        var first = true
        m.hedges[k].eachLeg(v) { name, amount, _ in
            t.put("\(first ? "   " : " · ")\(name) \(base: amount)")
            first = false
        }
    }
    t.put("\n perp      \(base: v.perp_e9, sign: true) \(asset)")
    if v.valued {
        t.put("""
               entry $\(fixed: v.a.entry_price_e6, decimals: 6, shown: 2)  \
            oracle $\(fixed: v.a.oracle_price_e6, decimals: 6, shown: 2)  \
            pnl \(usd: v.a.unrealised_pnl_e6)
            """)
    }
    t.put("\n net       \(base: v.net_e9, sign: true) \(asset)   drift \(drift: v)")
    if let k = i { targetWords(&t, m.hedges[k].rules) }
    t.put("\n")
    if i == m.report.market && m.report.after.known { afterLine(&t, m.report.after, asset) }
}

/// The lines above are of the book that was decided on; this is the book read back.
private func afterLine(_ t: inout Text, _ v: View, _ asset: Text) {
    t.put("""
         after     \(base: v.perp_e9, sign: true) \(asset) perp   \
        net \(base: v.net_e9, sign: true) \(asset)   drift \(drift: v)

        """)
}

/// What the drift is measured against.
private func targetWords(_ t: inout Text, _ r: HedgeRules) {
    let ratio: Text = r.ratio_ppm != EK_RATIO_ONE_PPM ? ", ratio \(percent_ppm: r.ratio_ppm) %" : ""
    let target: Text = r.target_e9 != 0 ? ", target \(base: r.target_e9, sign: true)" : ""
    t.put("  (tolerance \(percent_ppm: r.tolerance_ppm) %\(ratio)\(target))")
}

private func healthLine(_ t: inout Text, _ v: View) {
    let liquidation: Text = v.liqDistance_ppm.map {
        "$\(fixed: v.a.liq_price_e6, decimals: 6, shown: 2) (\(percent_ppm: $0, shown: 1, sign: true) %)"
    } ?? "none"
    t.put("""
         health    \(fixed: v.a.health_bp, decimals: 2, shown: 1) %   \
        leverage \(fixed: v.a.leverage_e4, decimals: 4, shown: 2)x   \
        liquidation \(liquidation)   free collateral \(usd: v.a.free_collateral_e6)

        """)
}

/// What the signer may still sign; nothing while it has no limit (paper, a signer of somebody else's).
private func signerLine(_ t: inout Text, _ m: Machine) {
    guard let l = m.signerLoss else { return }
    t.put(" signer    \(usd: l.used_e6) of \(usd: l.limit_e6) of loss signed in 24 h, at worst\n")
}

private func gatesLine(_ t: inout Text, _ gates: [Gate]) {
    var closed = 0
    for g in gates where !g.ok { closed += 1 }
    if closed == 0 {
        t.put(" gates     all \(gates.count) open\n")
        return
    }
    t.put(" gates     \(closed) closed:")
    for g in gates where !g.ok { t.put(" \(g.name) \(g.value) (limit \(g.limit))") }
    t.put("\n")
}

private func lastLine(_ t: inout Text, _ m: Machine, _ now_s: Int64) {
    guard let last = m.shownHedge.record(in: m.record)?.pointee.last, last.outcome != UInt8(EK_OUT_NONE)
    else { return }
    let minutes = max(0, now_s - last.unix_s) / 60
    t.put(" last      \(correction: last), \(minutes) min ago, \(last.fee_lamports) lamports\n")
}
