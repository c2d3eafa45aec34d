// What the status message says of each hedged market, and of the legs of its spot.
import Accounting
import Decide
import Engine
import EvenkeelCore
import Model
import Text

extension StatusWriter {
    mutating func putLegs(_ i: Int, _ v: View) {
        j.openList("legs")
        if v.known {
            m.hedges[i].eachLeg(v) { name, amount, read in
                j.open()
                j.string("leg", name)
                j.exact("base_e9", amount)
                if read { j.int("slot", v.a.slot) } else { j.null("slot") }
                j.close()
            }
        }
        j.closeList()
    }

    /// Each hedged market on its own.
    mutating func putMarkets() {
        j.openList("markets")
        for i in 0..<m.hedges.count {
            let h = m.hedges[i]
            let reported = i == m.report.market
            let v = !reported ? h.view : m.report.after.known ? m.report.after : m.report.view
            j.open()
            j.string("market", h.rules.perpName)
            j.string("status", h.status.word)
            j.string("reason", m.hedges[i].standing)
            putDrift(v)
            if v.known {
                j.exact("spot_base_e9", v.a.spot_base_e9)
                j.exact("perp_base_e9", v.perp_e9)
                j.exact("net_delta_base_e9", v.net_e9)
                if v.driftKnown { j.exact("drift_ppm", v.drift_ppm) } else { j.null("drift_ppm") }
                j.exact("oracle_price_e6", v.a.oracle_price_e6)
                j.exact("funding_rate_e9", v.a.funding_rate_e9)
            }
            j.exact("risk_e6", h.risk_e6)
            j.exact("target_base_e9", h.rules.target_e9)
            j.number("hedge_ratio_pct", Int64(h.rules.ratio_ppm), decimals: 4)
            j.number("drift_tolerance_pct", Int64(h.rules.tolerance_ppm), decimals: 4)
            putLegs(i, v)
            j.int("cooldown_left_seconds", h.cooldownLeft_s)
            j.int("corrections", corrections(i))
            j.openList("closed_gates")
            for g in h.gates where !g.ok { j.item(g.name) }
            j.closeList()
            j.close()
        }
        j.closeList()
    }

    private func corrections(_ i: Int) -> UInt64 {
        guard let r = m.hedges[i].record(in: m.record) else { return 0 }
        return m.rules.mode == .paper ? r.pointee.paper.corrections_total : r.pointee.corrections_total
    }
}
