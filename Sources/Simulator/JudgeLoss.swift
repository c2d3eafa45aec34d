// The judge's own sum of what a day may lose (docs/signer.md): everything signed in any 24 hours at its
// worst, from the signed bytes and the books that honest nodes have shown. Where it does not know which of
// these books an order was made of it takes the one by which the least is lost, so its sum is never above one
// that is right.
import Localnet
import Text

/// What one signature can lose, and what its prices say of the day.
struct WorstCase {
    var at_ms: Int64
    var loss_e6: Int64 = 0
    /// nil: a cancel, or an order that only reduces, whose price nobody has to believe.
    var market: UInt16? = nil
    /// The price it was shown is one from `low` to `high`.
    var low_e6 = Int64.max
    var high_e6: Int64 = 0
}

extension Judge {
    func judgeLoss(_ x: SeenTransaction, _ books: [Seen], _ t: Int64) {
        signedDay.removeAll { t - $0.at_ms >= 86_400_000 }
        signedDay.append(worstCase(x, books, t))
        everSigned = true
        var sum_e6: Int64 = 0
        for w in signedDay { sum_e6 += w.loss_e6 }
        // `auto`: a hundredth of the largest equity shown before the first signature, at least ten dollars.
        var limit_e6 = Int64(scenario.lossLimit_e6)
        if limit_e6 == 0 { limit_e6 = max(10_000_000, richest_e6 / 100) }
        if x.reduceOnly && x.isOrder || sum_e6 <= limit_e6 { return }
        accuse("I7", "a day's signatures lose \(usd: sum_e6) at worst, the limit is \(usd: limit_e6)")
    }

    private func worstCase(_ x: SeenTransaction, _ books: [Seen], _ t: Int64) -> WorstCase {
        var w = WorstCase(at_ms: t), sol_e6 = Int64.max
        for b in books {
            let price_e6 = b.truth.of(Int(x.market)).price_e6
            sol_e6 = min(sol_e6, b.truth.price_e6)
            w.low_e6 = min(w.low_e6, price_e6)
            w.high_e6 = max(w.high_e6, price_e6)
        }
        if books.isEmpty { return w }
        w.loss_e6 = Int64(x.fee) * sol_e6 / 1_000_000_000
        if !x.isOrder { return w }
        // What it is worth to the owner, by the price of the day that is worst for it.
        var worth_e6 = x.isBuy ? w.high_e6 : w.low_e6
        let gets_e6 = x.orderType == 4 ? worth_e6 + (x.offset ?? 0) : Int64(clamping: x.price)
        for d in signedDay where d.market == x.market {
            worth_e6 = x.isBuy ? min(worth_e6, d.high_e6) : max(worth_e6, d.low_e6)
        }
        // Fees as the documents have them: 13.5 bps on Velocity, 20 on Drift.
        let fee_e6 = gets_e6 * (scenario.velocity ? 1350 : 2000) / 1_000_000
        let each_e6 = max(0, x.isBuy ? gets_e6 - worth_e6 : worth_e6 - gets_e6) + fee_e6
        w.loss_e6 += Int64(x.base) * each_e6 / 1_000_000_000
        if !x.reduceOnly { w.market = x.market }
        return w
    }

    func equityShown(_ t: Truth) {
        if !everSigned { richest_e6 = max(richest_e6, Int64(clamping: equity_e6(t))) }
    }

    /// Of the whole account, at the oracle prices.
    func equity_e6(_ t: Truth) -> Int128 {
        let base_e9 = Int128(t.spot_e9) + Int128(t.perp_e9)
        var sum = Int128(t.quote_e6) + base_e9 * Int128(t.price_e6) / 1_000_000_000 + Int128(t.perpQuote_e6)
        for o in t.others {
            sum += Int128(o.perp_e9) * Int128(o.price_e6) / 1_000_000_000 + Int128(o.perpQuote_e6)
        }
        return sum
    }
}
