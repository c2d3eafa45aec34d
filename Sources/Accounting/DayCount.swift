// What a market has corrected since midnight UTC, live or on paper: the limits of the day go by it. The day
// is the chain's: steps of the machine's clock begin no new one, and none a second time.
import EvenkeelCore
import Model

/// Midnight UTC before a time of the chain.
package struct ChainDay {
    package let start_s: Int64
    package init(_ time_s: Int64) { start_s = time_s - time_s % 86_400 }
}

package struct DayCount {
    package private(set) var start_s: Int64
    package private(set) var trades: UInt32
    package private(set) var notional_e6: Int64

    /// Of the mode that runs, as it stands in the record: of today, or of a day that is over and counts as
    /// nothing.
    package init(_ m: ek_market_record, paper: Bool, _ day: ChainDay) {
        let kept_s = paper ? m.paper.day_start_unix_s : m.day_start_unix_s
        start_s = max(kept_s, day.start_s)
        guard kept_s >= day.start_s else {
            (trades, notional_e6) = (0, 0)
            return
        }
        trades = paper ? m.paper.trades_today : m.trades_today
        notional_e6 = paper ? m.paper.notional_today_e6 : m.notional_today_e6
    }

    package mutating func add(notional_e6 more: Int64) {
        trades = trades == UInt32.max ? trades : trades + 1
        notional_e6 = Int64(clamping: Int128(notional_e6) + Int128(max(0, more)))
    }

    package func store(in m: MarketRecord, paper: Bool) {
        if paper {
            m.pointee.paper.day_start_unix_s = start_s
            m.pointee.paper.trades_today = trades
            m.pointee.paper.notional_today_e6 = notional_e6
        } else {
            m.pointee.day_start_unix_s = start_s
            m.pointee.trades_today = trades
            m.pointee.notional_today_e6 = notional_e6
        }
    }
}

extension Journal {
    /// What all markets have corrected since midnight UTC.
    package func notionalToday_e6(paper: Bool, _ day: ChainDay) -> Int64 {
        var sum: Int128 = 0
        for m in markets { sum += Int128(DayCount(m.pointee, paper: paper, day).notional_e6) }
        return Int64(clamping: sum)
    }
}
