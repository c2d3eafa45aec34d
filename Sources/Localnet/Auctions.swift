// The auction an order is given: what the program derives when none is asked for, and how it pulls in what is
// asked. Numbers as the deployed programs have them, see docs/venues.md (baseline, buffer, duration).
import Text

struct Band {
    var start: Int64 = 0, end: Int64 = 0
    var duration: UInt8 = 0
}

/// A price on the tick, moved away from the taker: a buyer's down, a seller's up.
func onTick(_ price: Int64, _ tick: UInt64, buy: Bool) -> Int64 {
    guard tick > 0 else { return price }
    let t = Int128(tick), p = Int128(price)
    return clamp64((buy ? floorDiv(p, t) : ceilDiv(p, t)) * t)
}

extension Execution {
    private func market(_ perp: Int) -> [UInt8] { world.ledger.data(perp) }

    /// Offsets from the oracle between which a taker's price is thought fair. `scale`: how many deviations
    /// past the far side.
    func baseline(_ perp: Int, buy: Bool, scale: Int64) -> (start: Int64, end: Int64) {
        let m = market(perp), P = L.perp
        let bid = m.i64(P.bidTwap), ask = m.i64(P.askTwap), mark = m.i64(P.markTwap), mark5 = m.i64(P.markTwap5)
        let twap = m.i64(P.lastOraclePrice + 24), twap5 = m.i64(P.lastOraclePrice + 32)
        let tier = m[P.tier]
        let long = mulDiv(Int64(m.u32(P.longSpread)), mark, 10_000_000),
            short = mulDiv(Int64(m.u32(P.shortSpread)), mark, 10_000_000)
        var start: Int64
        if abs(m.i64(P.lastOraclePrice + 40) - m.i64(P.markTwapTs)) >= 60
            || m.u64(P.volume24h) <= 100_000_000_000 {
            let div: Int64 = tier <= 1 ? 500 : 100
            start = buy ? bid / div : -(ask / div)
        } else {
            let slow = (buy ? bid : ask) - twap, fast = mark5 - twap5
            start = buy ? min(slow + long, fast - short) : max(slow - short, fast + long)
        }
        let limits: (Int64, Int64)
        switch tier {
        case 0: limits = (1000, 50)
        case 1: limits = (1000, 20)
        case 2: limits = (500, 20)
        case 3: limits = (100, 10)
        default: limits = (50, 5)
        }
        let spread = mulDiv(Int64(m.u32(buy ? P.longSpread : P.shortSpread)), twap, 1_000_000)
        let wide = max(m.i64(P.markStd), m.i64(P.oracleStd), spread) * scale
        let buffer = min(max(wide, twap / limits.0), twap / limits.1)
        // The far end is never better for the taker than the near one.
        let end = buy ? max(ask + buffer - twap, start) : min(bid - buffer - twap, start)
        return (start, end)
    }

    /// 1 % of price in 100 slots (tiers A and B) or 60, at least 1, at most 180.
    func auctionSlots(_ width: Int64, price: Int64, tier: UInt8) -> UInt8 {
        guard price > 0 else { return 180 }
        let pct = Int128(width.magnitude) * 1_000_000 / Int128(price)
        let n = ceilDiv(pct * (tier <= 1 ? 100 : 60), 10_000)
        return UInt8(min(max(n, 1), 180))
    }

    /// The auction of an order, absolute prices for Market and Limit, offsets for Oracle orders.
    mutating func band(_ p: OrderParams, perp: Int, oracle: Int64) -> Band {
        let m = market(perp), tier = m[L.perp.tier], tick = m.u64(L.perp.tickSize)
        let isMarket = p.type == Order.Kind.market
        var b = Band(start: p.auctionStart ?? 0, end: p.auctionEnd ?? 0, duration: p.duration ?? 0)
        let limit = Int64(clamping: p.price)
        switch p.type {
        case Order.Kind.market, Order.Kind.oracle:
            if p.duration == nil || p.auctionStart == nil || p.auctionEnd == nil {
                let bound = isMarket ? limit : p.offset ?? 0
                let base = baseline(perp, buy: p.isBuy, scale: bound != 0 ? 2 : 1)
                let better = oracle / 400
                let zero = isMarket ? oracle : 0
                b.start = zero + base.start + (p.isBuy ? -better : better)
                b.end = zero + base.end
                if bound != 0 {
                    b.start = p.isBuy ? min(b.start, bound) : max(b.start, bound)
                    b.end = p.isBuy ? min(b.end, bound) : max(b.end, bound)
                }
                b.duration = auctionSlots(b.end - b.start, price: oracle, tier: tier)
                log("Updating auction start price to \(b.start)")
                log("Updating auction end price to \(b.end)")
                log("Updating auction duration to \(b.duration)")
            } else {
                let base = baseline(perp, buy: p.isBuy, scale: 2)
                let zero = isMarket ? oracle : 0
                let asked = b.start
                let start = zero + base.start, end = zero + base.end
                if p.isBuy ? b.start > start : b.start < start {
                    b.start = start
                    log("Updating auction start price to \(start)")
                }
                if p.isBuy ? b.end > end : b.end < end {
                    b.end = end
                    log("Updating auction end price to \(end)")
                }
                // The program measures the width from the start that was asked for.
                let slots = auctionSlots(b.end - asked, price: oracle, tier: tier)
                b.duration = max(b.duration, slots)
                log("Updating auction duration to \(b.duration)")
            }
        case Order.Kind.limit:
            // A crossing limit without an auction of its own gets one from the fair price to its limit.
            guard p.postOnly == 0, (p.duration ?? 0) == 0 else { break }
            let base = baseline(perp, buy: p.isBuy, scale: 1)
            let byOffset = p.price == 0
            let half = mulDiv(quote.midE9 / 1000, quote.spreadPpm, 1_000_000)
            let venue = quote.midE9 / 1000 + (p.isBuy ? half : -half) - (byOffset ? oracle : 0)
            let fair = (byOffset ? 0 : oracle) + base.start
            let end = byOffset ? p.offset ?? 0 : limit
            guard p.isBuy ? end > venue : end < venue else { break }
            let start = p.isBuy ? min(fair, venue) : max(fair, venue)
            guard p.isBuy ? end > start : end < start else { break }
            b = Band(start: start, end: end, duration: auctionSlots(end - start, price: oracle, tier: tier))
            log("Updating auction start price to \(start)")
            log("Updating auction end price to \(end)")
            log("Updating auction duration to \(b.duration)")
        default: break
        }
        if b.duration == 0 && b.start == 0 && b.end == 0 { return b }
        b.start = onTick(b.start, tick, buy: p.isBuy)
        b.end = onTick(b.end, tick, buy: p.isBuy)
        b.duration = max(b.duration, world.ledger.u8(L.state.minAuction, in: stateAt))
        return b
    }
}

extension Order {
    /// Worst price the order takes after `elapsed` slots of its auction; nil: whatever the venue quotes.
    func limit(oracle: Int64, elapsed: UInt64, tick: UInt64) -> Int64? {
        if duration != 0 && elapsed <= UInt64(duration) && (auctionStart != 0 || auctionEnd != 0) {
            let p = auctionStart + mulDiv(auctionEnd - auctionStart, Int64(clamping: elapsed), Int64(duration))
            return onTick(type == Kind.oracle || (type == Kind.limit && price == 0) ? oracle + p : p, tick,
                          buy: isBuy)
        }
        if type == Kind.oracle || (type == Kind.limit && price == 0) {
            return offset == 0 ? nil : onTick(oracle + offset, tick, buy: isBuy)
        }
        return price == 0 ? nil : Int64(clamping: price)
    }
}
