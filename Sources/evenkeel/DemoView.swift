// What `demo` shows: on a terminal a view that redraws in place, in a pipe one line an event; at the end a
// summary.
import Daemon
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

final class DemoView: StatusSink {
    let live: Bool
    let speed: UInt64
    let seed: Int64
    let endsAfter_s: Int64
    /// Of the page; the address is known when it is served.
    var host = Text()
    var token = Text()
    var page = Text()
    /// The page can be reached from other machines.
    var exposed = false
    var warning = Text()
    var size = TerminalSize(of: 1)
    var startedAt_s: Int64 = 0
    var lastDraw_ms: Int64 = 0
    var drawn = 0
    var prices: [Int64] = []
    var events: [Text] = []
    private var lastSpot_e9: Int64? = nil
    private var firstPerp_e9: Int64? = nil
    private var lastCooldownEvent_s: Int64 = 0

    // Figures of the summary: drift as the agent left it, and as it would have been with the first perp
    // position kept.
    var samples: Int64 = 0
    var sumWith_ppm: Int64 = 0
    var sumWithout_ppm: Int64 = 0
    var maxWith_ppm: Int64 = 0
    var maxWithout_ppm: Int64 = 0
    var corrections = 0
    var corrected_e9: UInt64 = 0
    var done = false

    init(live: Bool, speed: UInt64, seed: Int64, endsAfter_s: Int64) {
        self.live = live
        self.speed = speed
        self.seed = seed
        self.endsAfter_s = endsAfter_s
    }

    func served(port: UInt16) {
        page = " page  http://\(host):\(port)/#token=\(token)"
        if exposed { warning = " DEMO  this page is not on loopback: who has its address controls the demo" }
        if !live { Terminal.print(exposed ? "\(page)\n\(warning)\n" : "\(page)\n") }
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
                let left = r.cooldownLeft_s
                let drift = percent(r.view.drift_ppm)
                event(now, "cooldown, \(left / 60) m \(left % 60) s left            drift \(drift)")
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
        if let before = lastSpot_e9, (spot - before).magnitude > 20_000_000 {
            disturbed(spot - before, r, now)
        }
        lastSpot_e9 = spot
        if prices.count >= 40 { prices.removeFirst() }
        prices.append(r.view.a.oracle_price_e6)
        var net: Int64 = 0
        var without: Int64 = 0
        var known: Int32 = 0
        guard ek_drift(spot, firstPerp_e9 ?? 0, &net, &without, &known) == EK_OK, known != 0,
              r.view.driftKnown else {
            return
        }
        samples += 1
        sumWith_ppm += Int64(clamping: r.view.drift_ppm.magnitude)
        sumWithout_ppm += Int64(clamping: without.magnitude)
        maxWith_ppm = max(maxWith_ppm, Int64(clamping: r.view.drift_ppm.magnitude))
        maxWithout_ppm = max(maxWithout_ppm, Int64(clamping: without.magnitude))
    }

    private func disturbed(_ by: Int64, _ r: Report, _ now: Now) {
        let what: StaticString = by > 0 ? "deposit    " : "withdrawal "
        event(now, "\(what)\(base: by, shown: 2, sign: true) SOL        drift \(percent(r.view.drift_ppm))")
    }

    private func correction(_ r: Report, _ now: Now) {
        corrections += 1
        corrected_e9 += r.size_e9
        let price = r.price_e6 != 0 ? r.price_e6 : r.view.a.oracle_price_e6
        let action = ek_action_name(r.action)
        let order: Text = "\(c: action) \(base: r.size_e9, shown: 2) @ \(fixed: price, decimals: 6, shown: 2)"
        let filled: StaticString = r.status == .partial ? "partly filled" : "filled"
        let (before, after) = (percent(r.view.drift_ppm), percent(r.after.drift_ppm))
        event(now, "\(order)  \(filled)   drift \(before) -> \(after)")
    }

    /// Days from 1, hours and minutes since the demo began.
    func clock(_ now: Now) -> (day: Int64, time: Text) {
        func two(_ v: Int64) -> Text { v < 10 ? "0\(v)" : "\(v)" }
        let s = now.unix_s - startedAt_s
        return (s / 86_400 + 1, "\(two(s % 86_400 / 3_600)):\(two(s % 3_600 / 60))")
    }

    private func event(_ now: Now, _ words: Text) {
        let (day, time) = clock(now)
        let line: Text = " d\(day) \(time)  \(words)"
        if live {
            if events.count >= 10 { events.removeFirst() }
            events.append(line)
        } else {
            Terminal.print("\(line)\n")
        }
    }

    func percent(_ ppm: Int64) -> Text { "\(percent_ppm: ppm, sign: true) %" }
}
