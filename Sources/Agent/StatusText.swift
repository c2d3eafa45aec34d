// The same status for a person: a few aligned lines, plain text.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    package func statusText(now_s: Int64) -> Text {
        let v = report.view
        var t = Text(capacity: 1024)
        t.put(" ")
        t.put(report.status.word)
        t.put("   ")
        t.put(shownMarket)
        t.put(" on ")
        t.put(c: ek_venue_name(venue))
        t.put(rules.mode == .live ? " (live)" : heldOnPaper ? " (paper by command)" : " (paper)")
        t.put("   ")
        t.put(max(0, now_s - report.time_s))
        t.put(" s ago, slot ")
        t.put(v.a.slot)
        t.put("\n")
        if !report.reason.isEmpty { line(&t, " why       ", report.reason) }
        guard v.known else { return t }
        bookLines(&t, v, foreignTicket ? asset(of: shownMarket) : hedgeRules.asset, foreignTicket ? nil : current)
        if v.valued { healthLine(&t, v) }
        moneyLines(&t)
        gatesLine(&t)
        if !foreignTicket { lastLine(&t, now_s) }
        for i in 0..<hedges.count where hedges.count > 1 && (i != current || foreignTicket) { otherMarket(&t, i) }
        return t
    }

    /// Another market of the account, in short.
    private func otherMarket(_ t: inout Text, _ i: Int) {
        let h = hedges[i]
        t.put("\n ")
        t.put(h.status.word)
        t.put("   ")
        t.put(h.rules.perpName)
        t.put("\n")
        line(&t, " why       ", standing(i))
        if h.view.known { bookLines(&t, h.view, h.rules.asset, i) }
        if h.cooldownLeft_s > 0 {
            t.put(" cooldown  ")
            t.put(h.cooldownLeft_s)
            t.put(" s left\n")
        }
    }

    private func bookLines(_ t: inout Text, _ v: View, _ asset: Text, _ i: Int?) {
        amount(&t, " spot      ", v.a.spot_base_e9, asset)
        if let k = i {
            var first = true
            eachLeg(k, v) { name, amount, _ in
                t.put(first ? "   " : " · ")
                first = false
                t.put(name)
                t.put(" ")
                t.put(fixed: amount, decimals: 9, shown: 4)
            }
        }
        t.put("\n")
        amount(&t, " perp      ", v.perp_e9, asset)
        if v.valued {
            t.put("   entry $")
            t.put(fixed: v.a.entry_price_e6, decimals: 6, shown: 2)
            t.put("  oracle $")
            t.put(fixed: v.a.oracle_price_e6, decimals: 6, shown: 2)
            t.put("  pnl ")
            t.put(usd: v.a.unrealised_pnl_e6)
        }
        t.put("\n")
        amount(&t, " net       ", v.net_e9, asset)
        t.put("   drift ")
        putDrift(&t, v)
        if let k = i {
            let r = hedges[k].rules
            t.put("  (tolerance ")
            t.put(fixed: Int64(r.tolerance_ppm), decimals: 4, shown: 2)
            t.put(" %")
            if r.ratio_ppm != EK_RATIO_ONE_PPM {
                t.put(", ratio ")
                t.put(fixed: Int64(r.ratio_ppm), decimals: 4, shown: 2)
                t.put(" %")
            }
            if r.target_e9 != 0 {
                t.put(", target ")
                t.put(fixed: r.target_e9, decimals: 9, shown: 4, sign: true)
            }
            t.put(")")
        }
        t.put("\n")
    }

    private func healthLine(_ t: inout Text, _ v: View) {
        t.put(" health    ")
        t.put(fixed: Int64(v.a.health_bp), decimals: 2, shown: 1)
        t.put(" %   leverage ")
        t.put(fixed: Int64(v.a.leverage_e4), decimals: 4, shown: 2)
        t.put("x   liquidation ")
        if let far = v.liqDistance_ppm {
            t.put("$")
            t.put(fixed: v.a.liq_price_e6, decimals: 6, shown: 2)
            t.put(" (")
            t.put(fixed: far, decimals: 4, shown: 1, sign: true)
            t.put(" %)")
        } else {
            t.put("none")
        }
        t.put("   free collateral ")
        t.put(usd: v.a.free_collateral_e6)
        t.put("\n")
    }

    private func line(_ t: inout Text, _ name: StaticString, _ words: Text) {
        t.put(name)
        t.put(words)
        t.put("\n")
    }

    private func amount(_ t: inout Text, _ name: StaticString, _ v: Int64, _ asset: Text) {
        t.put(name)
        t.put(fixed: v, decimals: 9, shown: 4, sign: true)
        t.put(" ")
        t.put(asset)
    }

    private func gatesLine(_ t: inout Text) {
        var closed = 0
        for g in report.gates where !g.ok { closed += 1 }
        t.put(" gates     ")
        if closed == 0 {
            t.put("all ")
            t.put(report.gates.count)
            t.put(" open\n")
            return
        }
        t.put(closed)
        t.put(" closed:")
        for g in report.gates where !g.ok {
            t.put(" ")
            t.put(g.name)
            t.put(" ")
            t.put(g.value)
            t.put(" (limit ")
            t.put(g.limit)
            t.put(")")
        }
        t.put("\n")
    }

    private func lastLine(_ t: inout Text, _ now_s: Int64) {
        guard let m = market, m.pointee.last.outcome != UInt8(EK_OUT_NONE) else { return }
        t.put(" last      ")
        t.put(last: m.pointee.last)
        t.put(", ")
        t.put(max(0, now_s - m.pointee.last.unix_s) / 60)
        t.put(" min ago, ")
        t.put(m.pointee.last.fee_lamports)
        t.put(" lamports\n")
    }
}

extension Text {
    /// "EXPAND_SHORT 0.1500 @ $145.10, filled"; where nothing filled: "EXPAND_SHORT tried, expired: nothing filled".
    package mutating func put(last l: ek_last_correction) {
        put(c: ek_action_name(l.action))
        if l.size_base_e9 == 0 {
            put(" tried, ")
            put(c: ek_outcome_name(l.outcome))
            put(": nothing filled")
            return
        }
        put(" ")
        put(fixed: Int64(clamping: l.size_base_e9), decimals: 9, shown: 4)
        if l.price_e6 > 0 {
            put(" @ $")
            put(fixed: l.price_e6, decimals: 6, shown: 2)
        }
        put(", ")
        put(c: ek_outcome_name(l.outcome))
    }
}
