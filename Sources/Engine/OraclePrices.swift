// Every hedged market's oracle account as it was just read, for the signer's memory of prices. Where ticks
// are more than a minute apart it is read between them, too: silence is slack for who lies about them later.
import Decide
import EvenkeelCore
import Model
import Rpc

private let pricesEvery_ms: UInt64 = 60_000
private let pricesAgain_ms: UInt64 = 5_000

extension Machine {
    var pricesDue_ms: UInt64 {
        rules.mode == .live && rules.interval_ms > pricesEvery_ms ? schedule.pricesDue_ms : UInt64.max
    }

    func bookShown(_ now: Now) { schedule.pricesDue_ms = now.mono_ms + pricesEvery_ms }

    func readPrices(_ now: Now) {
        bookShown(now)
        guard bookKnown, reader.search.found, stage == .idle || stage == .watching else { return }
        let e = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag, after: -1)
        _ = post(.prices, e) { r, id in
            r.book(id: id, minSlot: floorSlot) { effects.post(endpoint: e, id: id, body: $0) }
        }
    }

    func pricesAnswered(_ a: Answer, _ e: Int, _ now: Now) {
        guard stage == .idle || stage == .watching else { return }
        do throws(Trouble) {
            try loadOther(a)
            try checkLeap(books.other.pointee.slot, at: e, vouch: false, now)
        } catch {
            schedule.pricesDue_ms = min(schedule.pricesDue_ms, now.mono_ms + pricesAgain_ms)
            return
        }
        if books.other.pointee.slot >= floorSlot { effects.showPrices(self, from: books.other) }
    }

    package func eachOraclePrice(
        in book: Book, _ show: (inout ek_policy_price, UnsafeBufferPointer<UInt8>) -> Void
    ) {
        let valued = report.view.valued && venueChange == nil
        for (i, h) in hedges.enumerated() where h.recordIndex != nil {
            var len = 0
            guard let m = ek_book_perp(book, h.perpIndex),
                let raw = ek_book_perp_oracle_raw(book, h.perpIndex, &len)
            else { continue }
            var p = ek_policy_price()
            p.market = UInt8(i)
            p.market_index = h.perpIndex
            p.oracle_source = m.pointee.oracle_source
            // The first one fixes the signer's `auto` limit for good: only one that decisions rest on.
            p.equity_e6 = valued ? UInt64(clamping: report.view.a.equity_e6) : 0
            withUnsafeMutableBytes(of: &p.oracle) { to in
                withUnsafeBytes(of: m.pointee.oracle) { to.copyMemory(from: $0) }
            }
            show(&p, UnsafeBufferPointer(start: raw, count: len))
        }
    }
}
