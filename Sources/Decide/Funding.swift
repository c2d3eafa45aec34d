// Funding: what the market pays now and next, and for how long a correction is expected to stand.
import EvenkeelCore
import Model
import Text

/// Nothing is expected of a correction beyond this.
private let longestHorizon_s: Int64 = 7 * 86_400

/// Rates of one market, positive: longs pay shorts.
package struct FundingRates {
    /// Last rate that was set, quote per base and period (1e-9), and as parts of the price: an hour (1e-9),
    /// 365 days (1e-6).
    package var last_e9: Int64 = 0
    package var lastHourly_ppb: Int64 = 0
    package var lastAnnual_ppm: Int64 = 0
    /// The next one, if the market's averages stay as they are until it is set.
    package var nextKnown = false
    package var next_e9: Int64 = 0
    package var nextHourly_ppb: Int64 = 0
    package var nextAnnual_ppm: Int64 = 0
    /// Chain time at which it is due.
    package var nextAt_s: Int64 = 0
    package init() {}
}

extension Hedge {
    package func funding(_ book: Book, venue: OpaquePointer?) -> FundingRates {
        var f = FundingRates()
        guard view.valued, let m = ek_book_perp(book, perpIndex) else { return f }
        f.last_e9 = view.a.funding_rate_e9
        f.lastHourly_ppb = view.a.funding_hourly_ppb
        f.lastAnnual_ppm = view.a.funding_annual_ppm
        let period = m.pointee.funding_period_s > 0 ? m.pointee.funding_period_s : 3_600
        f.nextAt_s = m.pointee.last_funding_ts - m.pointee.last_funding_ts % period + period
        f.nextKnown = ek_funding_next(venue, m, book.pointee.clock.unix_timestamp, &f.next_e9) == EK_OK
        let twap = Int128(m.pointee.oracle_twap_e6)
        if f.nextKnown && twap > 0 {
            // 1e-9 quote per base over 1e-6 quote is 1e-3 of a part: times 1e6 for 1e-9 parts.
            let hourly = Int128(f.next_e9) * 1_000_000 * 3_600 / Int128(period) / twap
            f.nextHourly_ppb = Int64(clamping: hourly)
            f.nextAnnual_ppm = Int64(clamping: Int128(f.next_e9) * 1_000 * 31_536_000 / Int128(period) / twap)
        }
        return f
    }

    /// How long a correction of the market is expected to stand: the mean time between its corrections since
    /// the history began, not less than the cooldown, not more than a week. `since_s` 0: no history yet.
    package func horizon_s(corrections n: UInt64, since_s: Int64, _ now: Now) -> UInt64 {
        let cooldown = Int64(rules.cooldown_s)
        if since_s == 0 { return UInt64(cooldown) }
        let passed = max(0, now.unix_s.subtractingReportingOverflow(since_s).partialValue)
        let mean = n == 0 ? cooldown : passed / Int64(clamping: n)
        return UInt64(max(0, min(longestHorizon_s, max(cooldown, mean))))
    }
}

private func name(_ s: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(s.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// The price of SOL in quote, for fees that are paid in it; 0: no market in the book says.
package func solPrice_e6(_ book: Book) -> Int64 {
    var out: UnsafePointer<ek_oracle>? = nil
    if let s = ek_book_spot_by_name(book, name("SOL"), 3),
        ek_book_spot_oracle(book, s.pointee.market_index, &out) == EK_OK, let o = out
    {
        return o.pointee.price_e6
    }
    if let p = ek_book_perp_by_name(book, name("SOL-PERP"), 8),
        ek_book_perp_oracle(book, p.pointee.market_index, &out) == EK_OK, let o = out
    {
        return o.pointee.price_e6
    }
    return 0
}
