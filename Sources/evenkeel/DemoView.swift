// What `demo` shows: on a terminal a view that redraws in place, in a pipe one line an event; at the end a summary.
import Agent
import EvenkeelCore
import EvenkeelSys
import Kit

final class DemoView: StatusSink {
    let live: Bool
    let speed: UInt64
    let seed: Int64
    let endsAfter_s: Int64
    /// Of the page; the address is known when it is served.
    var host = Text()
    var token = Text()
    private var page = Text()
    private var startedAt_s: Int64 = 0
    private var lastDraw_ms: Int64 = 0
    private var drawn = 0
    private var prices: [Int64] = []
    private var events: [Text] = []
    private var lastSpot_e9: Int64? = nil
    private var firstPerp_e9: Int64? = nil
    private var lastCooldownEvent_s: Int64 = 0

    // Figures of the summary: drift as the agent left it, and as it would have been with the first perp position kept.
    private(set) var samples: Int64 = 0
    private var sumWith_ppm: Int64 = 0
    private var sumWithout_ppm: Int64 = 0
    private var maxWith_ppm: Int64 = 0
    private var maxWithout_ppm: Int64 = 0
    private(set) var corrections = 0
    private var corrected_e9: UInt64 = 0
    private(set) var done = false

    init(live: Bool, speed: UInt64, seed: Int64, endsAfter_s: Int64) {
        self.live = live
        self.speed = speed
        self.seed = seed
        self.endsAfter_s = endsAfter_s
    }

    func served(port: UInt16) {
        page = Text(" page  http://")
        page.put(host)
        page.put(":")
        page.put(port)
        page.put("/#token=")
        page.put(token)
        if live { return }
        page.put("\n")
        Words.print(page)
    }

    func status(_ m: Machine, _ now: Now) {
        if startedAt_s == 0 { startedAt_s = now.unix_s }
        let r = m.report
        let v = r.after.known ? r.after : r.view
        if r.view.known { take(r, v, now) }
        switch r.status {
        case .executedLive, .partial: correction(r, now)
        case .error, .unfilled, .observeOnly: event(now, r.reason)
        case .cooldown:
            if now.unix_s - lastCooldownEvent_s > r.cooldownLeft_s + 60 || lastCooldownEvent_s == 0 {
                lastCooldownEvent_s = now.unix_s + r.cooldownLeft_s
                var t = Text("cooldown, ")
                t.put(r.cooldownLeft_s / 60)
                t.put(" m ")
                t.put(r.cooldownLeft_s % 60)
                t.put(" s left            drift ")
                putPercent(&t, r.view.drift_ppm)
                event(now, t)
            }
        default: break
        }
        if live && sys_mono_ms() - lastDraw_ms >= 100 { draw(m, v, now) }
        if now.unix_s - startedAt_s >= endsAfter_s {
            if live { draw(m, v, now) }
            done = true
        }
    }

    private func take(_ r: Report, _ v: View, _ now: Now) {
        let spot = r.view.a.spot_base_e9
        if firstPerp_e9 == nil { firstPerp_e9 = r.view.perp_e9 }
        if let before = lastSpot_e9, (spot - before).magnitude > 20_000_000 { disturbed(spot - before, r, now) }
        lastSpot_e9 = spot
        if prices.count >= 40 { prices.removeFirst() }
        prices.append(r.view.a.oracle_price_e6)
        var net: Int64 = 0
        var without: Int64 = 0
        var known: Int32 = 0
        guard ek_drift(spot, firstPerp_e9 ?? 0, &net, &without, &known) == EK_OK, known != 0, r.view.driftKnown else { return }
        samples += 1
        sumWith_ppm += Int64(clamping: r.view.drift_ppm.magnitude)
        sumWithout_ppm += Int64(clamping: without.magnitude)
        maxWith_ppm = max(maxWith_ppm, Int64(clamping: r.view.drift_ppm.magnitude))
        maxWithout_ppm = max(maxWithout_ppm, Int64(clamping: without.magnitude))
    }

    private func disturbed(_ by: Int64, _ r: Report, _ now: Now) {
        var t = Text(by > 0 ? "deposit    " : "withdrawal ")
        t.put(fixed: by, decimals: 9, shown: 2, sign: true)
        t.put(" SOL        drift ")
        putPercent(&t, r.view.drift_ppm)
        event(now, t)
    }

    private func correction(_ r: Report, _ now: Now) {
        corrections += 1
        corrected_e9 += r.size_e9
        var t = Text()
        t.put(c: ek_action_name(r.action))
        t.put(" ")
        t.put(fixed: Int64(clamping: r.size_e9), decimals: 9, shown: 2)
        t.put(" @ ")
        t.put(fixed: r.price_e6 != 0 ? r.price_e6 : r.view.a.oracle_price_e6, decimals: 6, shown: 2)
        t.put(r.status == .partial ? "  partly filled   drift " : "  filled   drift ")
        putPercent(&t, r.view.drift_ppm)
        t.put(" -> ")
        putPercent(&t, r.after.drift_ppm)
        event(now, t)
    }

    private func clock(_ now: Now) -> Text {
        let s = now.unix_s - startedAt_s
        var t = Text("d")
        t.put(s / 86_400 + 1)
        t.put(" ")
        two(&t, s % 86_400 / 3_600)
        t.put(":")
        two(&t, s % 3_600 / 60)
        return t
    }

    private func two(_ t: inout Text, _ v: Int64) {
        if v < 10 { t.put("0") }
        t.put(v)
    }

    private func event(_ now: Now, _ words: Text) {
        var t = Text(" ")
        t.put(clock(now))
        t.put("  ")
        t.put(words)
        if live {
            if events.count >= 10 { events.removeFirst() }
            events.append(t)
        } else {
            t.put("\n")
            Words.print(t)
        }
    }

    private func putPercent(_ t: inout Text, _ ppm: Int64) {
        t.put(fixed: ppm, decimals: 4, shown: 2, sign: true)
        t.put(" %")
    }

    // MARK: the live view

    private func draw(_ m: Machine, _ v: View, _ now: Now) {
        lastDraw_ms = sys_mono_ms()
        var t = Text(capacity: 2048)
        if drawn > 0 {
            t.put("\u{1B}[")
            t.put(drawn)
            t.put("A")
        }
        var lines = 0
        func line(_ x: Text) {
            t.put("\r\u{1B}[2K")
            t.put(x)
            t.put("\n")
            lines += 1
        }
        line(header(m, now))
        if v.known {
            line(priceLine(v))
            line(bookLine(v))
            line(driftLine(m, v))
            line(healthLine(m, v))
            if !page.isEmpty { line(page) }
        }
        line(Text())
        for e in events { line(e) }
        line(footer())
        drawn = lines
        Words.print(t)
    }

    private func header(_ m: Machine, _ now: Now) -> Text {
        var t = Text(" evenkeel demo   ")
        t.put(c: ek_venue_name(m.venue))
        t.put(" · embedded chain · ")
        t.put(speed)
        t.put("x · seed ")
        t.put(seed)
        t.put("        day ")
        let s = now.unix_s - startedAt_s
        t.put(s / 86_400 + 1)
        t.put("  ")
        two(&t, s % 86_400 / 3_600)
        t.put(":")
        two(&t, s % 3_600 / 60)
        t.put("   ")
        t.put(m.report.status.word)
        return t
    }

    private func priceLine(_ v: View) -> Text {
        var t = Text(" SOL-PERP  $")
        t.put(fixed: v.a.oracle_price_e6, decimals: 6, shown: 2)
        t.put("  ")
        sparkline(&t)
        t.put("   funding ")
        t.put(fixed: v.a.funding_hourly_ppb, decimals: 7, shown: 4, sign: true)
        t.put(" %/h (")
        t.put(fixed: v.a.funding_annual_ppm, decimals: 4, shown: 1, sign: true)
        t.put(" % a year)")
        return t
    }

    private func sparkline(_ t: inout Text) {
        let bars: [StaticString] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        guard let low = prices.min(), let high = prices.max() else { return }
        let from = max(0, prices.count - 24)
        for p in prices[from...] {
            let i = high == low ? 3 : Int((p - low) * 7 / (high - low))
            t.put(bars[max(0, min(7, i))])
        }
    }

    private func bookLine(_ v: View) -> Text {
        var t = Text(" spot  ")
        t.put(fixed: v.a.spot_base_e9, decimals: 9, shown: 4, sign: true)
        t.put(" SOL   perp  ")
        t.put(fixed: v.perp_e9, decimals: 9, shown: 4, sign: true)
        t.put(" SOL   net  ")
        t.put(fixed: v.net_e9, decimals: 9, shown: 4, sign: true)
        t.put(" SOL")
        return t
    }

    /// -5 % .. +5 % over 41 cells, the tolerance marked, the needle on top.
    private func driftLine(_ m: Machine, _ v: View) -> Text {
        let half = 20
        let span_ppm: Int64 = 50_000
        let band = Int(Int64(m.hedgeRules.tolerance_ppm) * Int64(half) / span_ppm)
        let at = max(-half, min(half, Int(v.drift_ppm * Int64(half) / span_ppm)))
        var t = Text(" drift  -5 % ")
        for i in -half...half {
            if i == at { t.put("▮") } else if i == -band { t.put("┤") } else if i == band { t.put("├") } else if abs(i) < band { t.put("·") } else { t.put("─") }
        }
        t.put(" +5 %   ")
        putPercent(&t, v.drift_ppm)
        t.put(v.drift_ppm.magnitude <= UInt64(m.hedgeRules.tolerance_ppm) ? "  inside ±" : "  outside ±")
        t.put(fixed: Int64(m.hedgeRules.tolerance_ppm), decimals: 4, shown: 1)
        t.put(" %")
        return t
    }

    private func healthLine(_ m: Machine, _ v: View) -> Text {
        var t = Text(" health ")
        t.put(fixed: Int64(v.a.health_bp), decimals: 2, shown: 0)
        t.put(" %   leverage ")
        t.put(fixed: Int64(v.a.leverage_e4), decimals: 4, shown: 2)
        t.put("x   liquidation ")
        if v.a.liq_price_e6 > 0 { t.put("at $"); t.put(fixed: v.a.liq_price_e6, decimals: 6, shown: 2) } else { t.put("none") }
        t.put("   slot ")
        t.put(v.a.slot)
        t.put("   RPC ")
        t.put(m.endpoints.all[0].latency_us)
        t.put(" us")
        return t
    }

    private func footer() -> Text {
        var t = Text(" ─ ")
        t.put(corrections)
        t.put(" corrections · mean |drift| ")
        t.put(fixed: samples == 0 ? 0 : sumWith_ppm / samples, decimals: 4, shown: 2)
        t.put(" % (")
        t.put(fixed: samples == 0 ? 0 : sumWithout_ppm / samples, decimals: 4, shown: 2)
        t.put(" % without)")
        return t
    }

    // MARK: the summary

    /// `fees_e6`, `funding_e6`, `lamports`: as the chain itself booked them; nil when it could not be asked.
    func summary(fees_e6: Int64?, funding_e6: Int64?, lamports: UInt64) {
        var t = Text(capacity: 512)
        t.put("\n summary of ")
        t.put(endsAfter_s >= 7_200 ? endsAfter_s / 3_600 : endsAfter_s / 60)
        t.put(endsAfter_s >= 7_200 ? " h: " : " min: ")
        t.put(corrections)
        t.put(" corrections, ")
        t.put(fixed: Int64(clamping: corrected_e9), decimals: 9, shown: 2)
        t.put(" SOL in all, over ")
        t.put(samples)
        t.put(" ticks\n")
        t.put("   |drift|      with the agent   without it\n   mean         ")
        column(&t, samples == 0 ? 0 : sumWith_ppm / samples)
        column(&t, samples == 0 ? 0 : sumWithout_ppm / samples)
        t.put("\n   largest      ")
        column(&t, maxWith_ppm)
        column(&t, maxWithout_ppm)
        t.put("\n   costs        ")
        if let f = fees_e6 {
            t.put("venue fees $")
            t.put(fixed: f, decimals: 6, shown: 4)
            t.put(", ")
        }
        t.put("network fees ")
        t.put(lamports)
        t.put(" lamports")
        if let f = funding_e6 {
            t.put(", funding earned $")
            t.put(fixed: f, decimals: 6, shown: 4)
        }
        t.put("\n")
        Words.print(t)
    }

    private func column(_ t: inout Text, _ ppm: Int64) {
        let at = t.count
        t.put(fixed: ppm, decimals: 4, shown: 2)
        t.put(" %")
        while t.count - at < 17 { t.put(" ") }
    }
}
