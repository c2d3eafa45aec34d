// What the status message says of the agent itself, for the page: where a tick stands, the bounds the numbers are judged by, the nodes.
import EvenkeelCore
import Model
import Rpc
import Text

extension Phase {
    var word: StaticString {
        switch self {
        case .idle: return "idle"
        case .reading: return "reading"
        case .probing: return "probing"
        case .checking: return "checking"
        case .preparing: return "preparing"
        case .simulating: return "simulating"
        case .watching: return "watching"
        case .settling: return "settling"
        }
    }
}

extension Machine {
    func putRuntime(_ j: inout Json) {
        j.string("phase", phase.word)
        j.open("settings")
        j.number("interval_seconds", Int64(clamping: rules.interval_ms), decimals: 3)
        j.number("drift_tolerance_pct", Int64(hedgeRules.tolerance_ppm), decimals: 4)
        j.number("max_leverage", Int64(hedgeRules.maxLeverage_e4), decimals: 4)
        j.number("min_health_pct", Int64(rules.minHealth_bp), decimals: 2)
        j.number("max_trade_size", Int64(clamping: hedgeRules.maxTrade_e9), decimals: 9)
        j.close()
        j.openList("rpc")
        for (i, e) in endpoints.all.enumerated() {
            j.open()
            j.int("endpoint", i + 1)
            j.number("latency_ms", Int64(e.latency_us), decimals: 3)
            j.int("lag_slots", endpoints.lag(i, clock.mono_ms))
            j.int("errors", e.errors)
            j.string("state", e.foreign ? "foreign" : e.restUntil_ms > clock.mono_ms ? "resting" : e.answers == 0 ? "unknown" : "ok")
            j.close()
        }
        j.closeList()
    }
}
