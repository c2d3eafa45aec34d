// What the status message says of the agent itself, for the page: where a tick stands, the bounds that its
// numbers are judged by, the nodes.
import Decide
import Engine
import EvenkeelCore
import Model
import Rpc
import Text

extension StatusWriter {
    mutating func putRuntime() {
        j.string("phase", m.stage.word)
        j.open("settings")
        j.number("interval_seconds", Int64(clamping: m.rules.interval_ms), decimals: 3)
        j.number("drift_tolerance_pct", Int64(m.shownHedge.rules.tolerance_ppm), decimals: 4)
        j.number("max_leverage", Int64(m.shownHedge.rules.maxLeverage_e4), decimals: 4)
        j.number("min_health_pct", Int64(m.rules.minHealth_bp), decimals: 2)
        j.number("max_trade_size", Int64(clamping: m.shownHedge.rules.maxTrade_e9), decimals: 9)
        j.close()
        if let o = m.secondOpinion { j.string("second_opinion", o.word) } else { j.null("second_opinion") }
        if let us = m.slotMeasured_us {
            j.number("slot_ms", Int64(clamping: us), decimals: 3)
        } else {
            j.null("slot_ms")
        }
        j.openList("rpc")
        for (i, e) in m.endpoints.all.enumerated() {
            j.open()
            j.int("endpoint", i + 1)
            j.number("latency_ms", Int64(e.latency_us), decimals: 3)
            j.int("lag_slots", m.endpoints.lag(i, m.clock.mono_ms))
            j.int("errors", e.errors)
            j.string("state", stateWord(e))
            j.string("witness", m.witnessWord(i))
            j.close()
        }
        j.closeList()
    }

    private func stateWord(_ e: Endpoint) -> StaticString {
        if e.foreign { return "foreign" }
        if e.restUntil_ms > m.clock.mono_ms { return "resting" }
        return e.answers == 0 ? "unknown" : "ok"
    }
}
