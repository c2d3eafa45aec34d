// The cost gate: fee, slippage, network fees and the funding until the next correction, against max_cost_bps. Estimated at the decision
// from the market's averages, and once more from the simulated fill. Beyond force_drift it gives way; no other gate does.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    /// What the correction is expected to cost; without one, what a correction of the tolerated drift would.
    func costGate(_ correcting: Bool, _ now: Now) {
        var q = ek_cost_question()
        q.perp_index = perpIndex
        q.direction = decision.direction
        q.size_base_e9 = decision.size_base_e9
        if !correcting {
            var least: UInt64 = 0
            _ = ek_mul_div_floor_u64(report.view.a.spot_base_e9.magnitude, UInt64(hedgeRules.tolerance_ppm), 1_000_000, &least)
            q.size_base_e9 = max(least, hedgeRules.minTrade_e9)
            q.direction = UInt8(EK_SELL)
        }
        q.max_slippage_ppm = rules.maxSlippage_ppm
        q.network_lamports = signatureFee_lamports &+ min(usualFee_lamports, rules.maxPriorityFee_lamports)
        q.sol_price_e6 = sol_e6
        let f = funding(current)
        q.rate_e9 = f.nextKnown ? f.next_e9 : f.last_e9
        q.horizon_s = horizon_s(current, now)
        var cost = ek_cost()
        if ek_cost_expected(book, &q, &cost) == EK_OK {
            hedges[current].cost = cost
            setCost(cost.cost_ppm, gateNow: correcting)
        } else {
            hedges[current].cost = ek_cost()
            setCost(UInt64.max, gateNow: correcting)
        }
    }

    /// What the network takes is known once the order was simulated: the price others pay, for the units it needs. The next decision
    /// expects the same; before the first one no priority fee is expected, and this second look is the one that counts.
    func knowFee(units: UInt64) {
        let priority = order.feePrice_micro.multipliedReportingOverflow(by: units.addingReportingOverflow(units / 5 + 1).partialValue)
        usualFee_lamports = min(priority.overflow ? UInt64.max : priority.partialValue / 1_000_000, rules.maxPriorityFee_lamports)
    }

    /// The simulated fill tells fee and slippage to the unit: quote received or paid, fee inside, against the oracle price.
    func costOfTake(_ after: inout ek_user) {
        guard let q = ek_user_perp(&after, perpIndex) else { return }
        let before = ek_user_perp(ek_book_user(book), perpIndex)
        let quoteBefore = before?.pointee.quote_e6 ?? 0
        let moved = q.pointee.quote_e6 &- quoteBefore &- report.view.a.unsettled_funding_e6
        var fair: Int64 = 0
        guard ek_mul_div_floor_i64(report.view.a.oracle_price_e6, Int64(clamping: decision.size_base_e9), 1_000_000_000, &fair) == EK_OK,
              fair > 0 else { return }
        let lost = decision.direction == UInt8(EK_SELL) ? Int128(fair) - Int128(moved) : -Int128(moved) - Int128(fair)
        let lamports = signatureFee_lamports &+ usualFee_lamports
        var network: UInt64 = 0
        let sol = sol_e6
        if sol > 0 { _ = ek_mul_div_ceil_u64(lamports, UInt64(sol), 1_000_000_000, &network) }
        var ppm = UInt64.max
        // A fill better than the oracle's price is a gain, and counts like funding that is received.
        let gain = lost < 0 ? Int64(clamping: -lost) : 0
        _ = ek_cost_ratio(UInt64(fair), UInt64(clamping: max(0, lost)), network, hedges[current].cost.funding_e6.addingReportingOverflow(gain).partialValue, &ppm)
        setCost(ppm, gateNow: true)
    }

    /// Puts the cost gate's reading, in parts per million of the notional; the reading replaces an earlier one.
    func setCost(_ ppm: UInt64, gateNow: Bool) {
        let forced = !report.view.driftKnown || report.view.drift_ppm.magnitude > UInt64(max(0, rules.forceDrift_ppm))
        let ok = ppm <= rules.maxCost_ppm || forced || !gateNow
        putGate(Gate(gate: .cost, ok: ok, measured: ppm == UInt64.max ? Measure("not computable") : Measure(ppm, .bps_ppm), allowed: Measure(rules.maxCost_ppm, .bps_ppm)))
    }
}
