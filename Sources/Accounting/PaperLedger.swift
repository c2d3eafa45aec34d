// A paper fill: at the oracle price, worse by the whole allowed slippage, with the venue's taker fee.
import Decide
import EvenkeelCore
import Model
import Text

package struct PaperFill {
    package let selling: Bool
    package let size_e9: Int64
    package let price_e6: Int64
    package let quote_e6: Int64
    package let fee_e6: Int64
    /// The market's view as it is after the fill.
    package let after: View

    /// The fill of the market's decision. Refused: it cannot be computed.
    package init(_ h: Hedge, _ book: Book, _ rules: Rules) throws(Refusal) {
        let outOfRange = Refusal("the paper fill could not be computed: numbers out of range")
        let d = h.decision
        selling = d.direction == UInt8(EK_SELL)
        size_e9 = Int64(clamping: d.size_base_e9)
        let oracle = h.view.a.oracle_price_e6
        var slip: Int64 = 0
        guard ek_mul_div_ceil_i64(oracle, Int64(rules.maxSlippage_ppm), 1_000_000, &slip) == EK_OK else {
            throw outOfRange
        }
        price_e6 = selling ? oracle - slip : oracle + slip
        var quote: Int64 = 0
        var fee: UInt64 = 0
        guard ek_mul_div_floor_i64(size_e9, price_e6, 1_000_000_000, &quote) == EK_OK,
            ek_taker_fee(book, h.perpIndex, UInt64(max(0, quote)), &fee) == EK_OK
        else { throw outOfRange }
        quote_e6 = quote
        fee_e6 = Int64(clamping: fee)
        var v = h.view
        v.perp_e9 += selling ? -size_e9 : size_e9
        var known: Int32 = 0
        _ = ek_drift_after(
            v.a.spot_base_e9, v.net_e9, d.direction, d.size_base_e9, &v.net_e9, &v.drift_ppm, &known)
        v.driftKnown = known != 0
        after = v
    }

    /// Writes the fill into the market's ledger, its counts and its cooldown. Refused: nothing is written.
    package func book(
        in m: MarketRecord, tolerance_ppm: UInt32, slot: UInt64, day today: ChainDay, _ now: Now
    ) throws(Refusal) {
        let moved = m.pointee.paper.base_e9.addingReportingOverflow(selling ? -size_e9 : size_e9)
        let money = m.pointee.paper.quote_e6.addingReportingOverflow(selling ? quote_e6 : -quote_e6)
        let fees = m.pointee.paper.fees_e6.addingReportingOverflow(fee_e6)
        if moved.overflow || money.overflow || fees.overflow {
            throw Refusal("the paper ledger is out of range")
        }
        m.pointee.paper.active = 1
        m.pointee.paper.base_e9 = moved.partialValue
        m.pointee.paper.quote_e6 = money.partialValue
        m.pointee.paper.fees_e6 = fees.partialValue
        m.pointee.paper.corrections_total += 1
        ek_vault_filled(
            &m.pointee.vault, selling ? 1 : 0, UInt64(size_e9), UInt64(max(0, quote_e6)),
            after.a.oracle_price_e6)
        var day = DayCount(m.pointee, paper: true, today)
        day.add(notional_e6: quote_e6)
        day.store(in: m, paper: true)
        if ek_within_tolerance(after.drift_ppm, after.driftKnown ? 1 : 0, tolerance_ppm) != 0 {
            m.pointee.paper.last_success = ek_moment(unix_s: now.unix_s, slot: slot)
        }
    }
}
