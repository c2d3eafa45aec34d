// The cost gate: fee, slippage, network fees and the funding until the next correction, against max_cost_bps.
// Estimated at the decision from the market's averages, and once more from the simulated fill. Beyond
// force_drift it gives way; no other gate does.
import EvenkeelCore
import Model
import Text

package struct CostEstimate {
    let book: Book
    let rules: Rules
    let hedge: Hedge
    /// The priority fee that an order is expected to pay.
    let usualFee_lamports: UInt64

    /// What was paid to settle profit for it.
    let settled_lamports: UInt64

    package init(
        _ book: Book, _ rules: Rules, _ hedge: Hedge, usualFee_lamports: UInt64, settled_lamports: UInt64
    ) {
        (self.book, self.rules, self.hedge) = (book, rules, hedge)
        (self.usualFee_lamports, self.settled_lamports) = (usualFee_lamports, settled_lamports)
    }

    private var decision: ek_decision { hedge.decision }

    /// What the correction is expected to cost; without one, what a correction of the tolerated drift would.
    /// Keeps the estimate in the market.
    package func expected(rate_e9: Int64, horizon_s: UInt64) -> Gate {
        let correcting = decision.action != UInt8(EK_ACTION_NONE)
        var q = ek_cost_question()
        q.perp_index = hedge.perpIndex
        q.direction = decision.direction
        q.size_base_e9 = decision.size_base_e9
        if !correcting {
            var least: UInt64 = 0
            _ = ek_mul_div_floor_u64(
                hedge.view.a.spot_base_e9.magnitude, UInt64(hedge.rules.tolerance_ppm), 1_000_000,
                &least)
            q.size_base_e9 = max(least, hedge.rules.minTrade_e9)
            q.direction = UInt8(EK_SELL)
        }
        q.max_slippage_ppm = rules.maxSlippage_ppm
        q.network_lamports =
            signatureFee_lamports &+ min(usualFee_lamports, rules.maxPriorityFee_lamports)
            &+ settled_lamports
        q.sol_price_e6 = solPrice_e6(book)
        q.rate_e9 = rate_e9
        q.horizon_s = horizon_s
        var cost = ek_cost()
        let known = ek_cost_expected(book, &q, &cost) == EK_OK
        hedge.cost = known ? cost : ek_cost()
        return gate(known ? cost.cost_ppm : UInt64.max, correcting: correcting)
    }

    /// The simulated fill tells fee and slippage to the unit: quote received or paid, fee inside, against the
    /// oracle price. nil: there is no such position to tell it by.
    package func ofTake(_ after: UnsafePointer<ek_user>) -> Gate? {
        guard let q = ek_user_perp(after, hedge.perpIndex) else { return nil }
        let a = hedge.view.a
        let before = ek_user_perp(ek_book_user(book), hedge.perpIndex)
        let quoteBefore = before?.pointee.quote_e6 ?? 0
        let filled_e9 = q.pointee.base_e9.subtractingReportingOverflow(before?.pointee.base_e9 ?? 0)
        if filled_e9.overflow { return nil }
        let moved = q.pointee.quote_e6 &- quoteBefore &- a.unsettled_funding_e6
        var fair: Int64 = 0
        guard
            ek_mul_div_floor_i64(
                a.oracle_price_e6, Int64(clamping: filled_e9.partialValue.magnitude), 1_000_000_000,
                &fair) == EK_OK, fair > 0
        else { return nil }
        let selling = decision.direction == UInt8(EK_SELL)
        let lost = selling ? Int128(fair) - Int128(moved) : -Int128(moved) - Int128(fair)
        let lamports = signatureFee_lamports &+ usualFee_lamports &+ settled_lamports
        var network: UInt64 = 0
        let sol = solPrice_e6(book)
        if sol > 0 { _ = ek_mul_div_ceil_u64(lamports, UInt64(sol), 1_000_000_000, &network) }
        var ppm = UInt64.max
        // A fill better than the oracle's price is a gain, and counts like funding that is received.
        let gain = lost < 0 ? Int64(clamping: -lost) : 0
        let received = hedge.cost.funding_e6.addingReportingOverflow(gain).partialValue
        _ = ek_cost_ratio(UInt64(fair), UInt64(clamping: max(0, lost)), network, received, &ppm)
        return gate(ppm, correcting: true)
    }

    /// The reading, in parts per million of the notional; all ones: it could not be computed.
    private func gate(_ ppm: UInt64, correcting: Bool) -> Gate {
        let drift = hedge.view.drift_ppm.magnitude
        let forced =
            !hedge.view.driftKnown || hedge.deleverages || drift > UInt64(max(0, rules.forceDrift_ppm))
        return Gate(
            gate: .cost, ok: ppm <= rules.maxCost_ppm || forced || !correcting,
            measured: ppm == UInt64.max ? Measure("not computable") : Measure(ppm, .bps_ppm),
            allowed: Measure(rules.maxCost_ppm, .bps_ppm))
    }
}
