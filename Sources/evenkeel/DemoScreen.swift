// What `demo` draws on a terminal.
import Decide
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

extension DemoView {
    func draw(_ m: Machine, _ v: View, _ now: Now) {
        lastDraw_ms = sys_mono_ms()
        let now_size = TerminalSize(of: 1)
        var t = Text(capacity: 2048)
        if now_size != size {
            // What was drawn has been wrapped anew by the terminal: it is wiped away.
            t.put("\u{1B}[H\u{1B}[2J")
            drawn = 0
            size = now_size
        }
        if drawn > 0 { t.put("\u{1B}[\(drawn)A") }
        let lines = screen(m, v, now)
        for x in lines { t.put("\r\u{1B}[2K\(x)\n") }
        // The last drawing may have had more lines.
        for _ in lines.count..<max(lines.count, drawn) { t.put("\r\u{1B}[2K\n") }
        drawn = max(lines.count, drawn)
        Terminal.print(t)
    }

    /// Every line fits its terminal, and all of them do: of the events as many of the newest as have room.
    private func screen(_ m: Machine, _ v: View, _ now: Now) -> [Text] {
        var top: [Text] = []
        func put(_ x: Text) { top.append(contentsOf: fitted(x, to: size.width, indent: 8)) }
        put(header(m, now))
        if v.known {
            put(priceLine(v))
            put(bookLine(v))
            put(driftLine(m, v))
            put(healthLine(m, v))
            if !page.isEmpty { put(page) }
            if exposed { put(warning) }
        }
        top.append(Text())
        let foot = fitted(footer(), to: size.width, indent: 3)
        var shown: [Text] = []
        for e in events.reversed() {
            let pieces = fitted(e, to: size.width)
            if top.count + shown.count + pieces.count + foot.count > size.rows - 1 { break }
            shown = pieces + shown
        }
        let all = top + shown + foot
        return Array(all[..<min(all.count, size.rows - 1)])
    }

    private func header(_ m: Machine, _ now: Now) -> Text {
        let (day, time) = clock(now)
        let what: Text = "\(c: ek_venue_name(m.account.venue)) · embedded chain · \(speed)x · seed \(seed)"
        return " evenkeel DEMO   \(what)   day \(day)  \(time)   \(m.report.status.word)"
    }

    private func priceLine(_ v: View) -> Text {
        let hourly: Text = "\(fixed: v.a.funding_hourly_ppb, decimals: 7, shown: 4, sign: true) %/h"
        let yearly: Text = "\(percent_ppm: v.a.funding_annual_ppm, shown: 1, sign: true) % a year"
        return " SOL-PERP  \(usd: v.a.oracle_price_e6)  \(sparkline())   funding \(hourly) (\(yearly))"
    }

    private func sparkline() -> Text {
        let bars: [StaticString] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        var t = Text()
        guard let low = prices.min(), let high = prices.max() else { return t }
        for p in prices[max(0, prices.count - 24)...] {
            let i = high == low ? 3 : Int((p - low) * 7 / (high - low))
            t.put(bars[max(0, min(7, i))])
        }
        return t
    }

    private func bookLine(_ v: View) -> Text {
        let spot: Text = "\(base: v.a.spot_base_e9, sign: true) SOL",
            perp: Text = "\(base: v.perp_e9, sign: true) SOL"
        return " spot  \(spot)   perp  \(perp)   net  \(base: v.net_e9, sign: true) SOL"
    }

    /// -5 % .. +5 % over 41 cells, the tolerance marked, the drift on top.
    private func driftLine(_ m: Machine, _ v: View) -> Text {
        let half = 20
        let span_ppm: Int64 = 50_000
        let tolerance_ppm = m.shownHedge.rules.tolerance_ppm
        let band = Int(Int64(tolerance_ppm) * Int64(half) / span_ppm)
        let at = max(-half, min(half, Int(v.drift_ppm * Int64(half) / span_ppm)))
        func cell(_ i: Int) -> StaticString {
            if i == at { return "▮" }
            if abs(i) == band { return i < 0 || band == 0 ? "┤" : "├" }
            return abs(i) < band ? "·" : "─"
        }
        var scale = Text()
        for i in -half...half { scale.put(cell(i)) }
        let side: StaticString = v.drift_ppm.magnitude <= UInt64(tolerance_ppm) ? "inside" : "outside"
        let tolerance: Text = "±\(percent_ppm: tolerance_ppm, shown: 1) %"
        return " drift  -5 % \(scale) +5 %   \(percent(v.drift_ppm))  \(side) \(tolerance)"
    }

    private func healthLine(_ m: Machine, _ v: View) -> Text {
        let health: Text = "health \(fixed: v.a.health_bp, decimals: 2, shown: 0) %"
        let leverage: Text = "leverage \(fixed: v.a.leverage_e4, decimals: 4, shown: 2)x"
        let liquidation: Text = v.a.liq_price_e6 > 0 ? "at \(usd: v.a.liq_price_e6)" : "none"
        let node: Text = "slot \(v.a.slot)   RPC \(m.endpoints.all[0].latency_us) us"
        return " \(health)   \(leverage)   liquidation \(liquidation)   \(node)"
    }

    private func footer() -> Text {
        let with = samples == 0 ? 0 : sumWith_ppm / samples,
            without = samples == 0 ? 0 : sumWithout_ppm / samples
        let drift: Text = "\(percent_ppm: with) % (\(percent_ppm: without) % without)"
        return " ─ \(corrections) correction\(corrections == 1 ? "" : "s") · mean |drift| \(drift)"
    }
}
