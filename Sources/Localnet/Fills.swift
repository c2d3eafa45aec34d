// Fills: place_and_take against the model's quote, and what any fill changes in the accounts (the deployed
// program, see docs/venues.md).
import Text

extension Quote {
    /// How much a taker gets at or inside `limit` (nil: no bound), and the average price in 1e-9 USD. Price
    /// moves linearly with what was taken: spread + impact x (taken before + this), half of this on average.
    func fill(buy: Bool, want: UInt64, limit: Int64?, step: UInt64, depth: Depth) -> (base: UInt64, priceE9: Int64) {
        let used = buy ? max(0, depth.taken) : max(0, -depth.taken)
        var room = Int128(max(0, liquidity - used))
        if let l = limit {
            let past = Int128(l) * 1000 - Int128(midE9)
            let gap = (buy ? past : -past) * 1_000_000_000 / Int128(max(1, midE9))
            let spare = gap - Int128(spreadPpm) * 1000
            if spare < 0 { return (0, 0) }
            if impactPpm > 0 { room = min(room, spare * 1_000_000 / Int128(impactPpm) - Int128(used)) }
        }
        let base = floored(min(want, UInt64(clamping: max(0, room))), to: step)
        if base == 0 { return (0, 0) }
        let ppb = Int128(spreadPpm) * 1000 + Int128(impactPpm) * (Int128(used) + Int128(base) / 2) / 1_000_000
        let move = Int128(midE9) * ppb / 1_000_000_000
        return (base, clamp64(buy ? Int128(midE9) + move : Int128(midE9) - move))
    }
}

extension Execution {
    mutating func placeAndTake(_ p: OrderParams, _ condition: UInt32?) throws(Halt) {
        if p.postOnly != 0 {
            log("post_only cant be used in place_and_take")
            try fail(6051)
        }
        try charge(5_000)
        let before = world.tally
        let placed = try placeOrder(p)
        // When the order was skipped the program goes on with the last one there was.
        let last = user.u32(L.user.nextOrderId) &- 1
        guard let i = placed ?? liveOrder(where: { $0.id == last }) else { try fail(6061) }
        let perp = maps.perps[try perpMarket(p.market)]
        let m = world.ledger.data(perp), P = L.perp
        if m[P.paused] & 4 != 0 {
            log("Perp fills are paused")
            try fail(6148)
        }
        let o = L.order(user, i)
        let percent = condition.map { UInt64($0 >> 8 & 255) } ?? 100
        let elapsed = UInt64(o.duration) * min(percent, 100) / 100
        let oracle = try self.oracle(m.key(P.oracle), source: m[P.oracleSource])
        let status = world.ledger.u8(L.state.exchangeStatus, in: stateAt)
        let paused = status & 4 != 0 || m[P.paused] & 2 != 0
        try charge(45_000)
        try requireFreshInterest()
        if quote.atOnce && !paused {
            let limit = o.limit(oracle: oracle.priceE6, elapsed: elapsed, tick: m.u64(P.tickSize))
            let want = reduced(o)
            let f = quote(p.market, oracleE6: oracle.priceE6).fill(
                buy: o.isBuy, want: want, limit: limit, step: m.u64(P.stepSize),
                depth: p.market == 0 ? world.depth : Depth())
            if f.base > 0 {
                try charge(84_000)
                try requireOnStep(m)
                apply(order: i, perp: perp, base: f.base, priceE9: f.priceE9, keeper: false)
            } else {
                log("taker does not cross amm: taker price \(limit ?? 0) amm price \(quote.midE9 / 1000)")
                log("no fulfillment methods found")
            }
        } else {
            log("no fulfillment methods found")
        }
        let after = L.order(user, i)
        let open = after.id == o.id && after.status == Order.Status.open
        if open && o.ioc != 0 { drop(i, status: Order.Status.cancelled) }
        if let c = condition {
            let full = c & 255 == 2
            if c & 255 == 1 ? after.filled == 0 : full ? (open || after.filled == 0) : false {
                world.tally = before
                try notMet(full)
            }
        }
    }

    private mutating func notMet(_ full: Bool) throws(Halt) -> Never {
        log(full ? "no full fill" : "no partial fill")
        try fail(6289)
    }

    /// A position that is not a multiple of the market's step takes no fill.
    private mutating func requireOnStep(_ m: [UInt8]) throws(Halt) {
        let step = m.u64(L.perp.stepSize), index = m.u16(L.perp.marketIndex)
        guard step > 0, let k = L.positionIndex(user, market: index) else { return }
        if L.position(user, k).base.magnitude % step != 0 { try fail(6166) }
    }

    /// What is left to fill; a reduce-only order never more than the position it closes.
    func reduced(_ o: Order) -> UInt64 {
        guard o.reduceOnly != 0 else { return o.left }
        guard let k = L.positionIndex(user, market: o.market) else { return 0 }
        let b = L.position(user, k).base
        return b != 0 && (b > 0) != o.isBuy ? min(o.left, b.magnitude) : 0
    }

    /// The taker's fee: tier 0 of State (or the promotion's, where it is cheaper) and the market's add-on,
    /// corrected by the market's percent; each rounded up.
    func takerFee(_ quoteAmount: Int64, perp m: [UInt8]) -> Int64 {
        let s = world.ledger.data(stateAt)
        let promotion = L.velocity ? Int(s[1504]) : 0
        let o = L.state.perpFees + (promotion < 10 ? 32 * promotion : 0)
        let num = Int128(s.u32(o)), den = Int128(max(1, s.u32(o + 4)))
        let addon = L.velocity ? Int128(min(m.u16(412), 100)) : 0
        let fee = ceilDiv(Int128(quoteAmount) * num, den) + ceilDiv(Int128(quoteAmount) * addon, 100_000)
        let adjust = Int128(m.load(L.perp.feeAdjustment, as: Int16.self))
        return clamp64(adjust < 0 ? fee - fee * -adjust / 100 : fee + ceilDiv(fee * adjust, 100))
    }

    /// Books `base` of an order at a price: funding first, then position, order, market, statistics.
    mutating func apply(order i: Int, perp: Int, base: UInt64, priceE9: Int64, keeper: Bool) {
        var o = L.order(user, i)
        guard let k = L.positionIndex(user, market: o.market), base > 0 else { return }
        settleFunding(k, perp: perp)
        let m = world.ledger.data(perp), P = L.perp
        let size = Int64(clamping: base), buy = o.isBuy
        let exact = Int128(size) * Int128(priceE9)
        let q = clamp64(buy ? ceilDiv(exact, 1_000_000_000_000) : exact / 1_000_000_000_000)
        let fee = takerFee(q, perp: m)
        let dq = buy ? -q : q
        var p = L.position(user, k)
        let was = p.base
        let closing = was != 0 && (was > 0) != buy
        let close = closing ? min(size, Int64(clamping: was.magnitude)) : 0
        if close > 0 {
            p.entry -= mulDiv(p.entry, close, Int64(clamping: was.magnitude))
            p.breakEven -= mulDiv(p.breakEven, close, Int64(clamping: was.magnitude))
        }
        let growth = mulDiv(dq, size - close, size)
        p.entry += growth
        p.breakEven += growth - fee
        p.quote += dq - fee
        p.base = was + (buy ? size : -size)
        if p.base == 0 {
            // Closed: only the unsettled pnl stays.
            p.cum = 0
            p.entry = 0
            p.breakEven = 0
        } else if was == 0 || (was > 0) != (p.base > 0) {
            p.cum = clamp64(m.i128(p.base > 0 ? P.cumLong : P.cumShort))
        }
        if buy { p.bids = max(0, p.bids - size) } else { p.asks = min(0, p.asks + size) }
        L.put(p, k, into: &world.ledger.items[userAt].data)
        o.filled += base
        o.quoteFilled += UInt64(q)
        L.put(o, i, into: &world.ledger.items[userAt].data)
        if o.left == 0 {
            drop(i, status: Order.Status.filled)
            world.tally.ordersFilled += 1
        } else if o.reduceOnly != 0 && p.base == 0 {
            drop(i, status: Order.Status.cancelled)
            world.tally.ordersPartial += 1
        }
        bookMarket(perp, was: was, now: p.base, dq: dq - fee, price: priceE9 / 1000, volume: q)
        bookStats(fee: fee, volume: q)
        if o.market == 0 { world.depth.taken += buy ? size : -size }
        world.ledger.set(slot, L.user.lastActiveSlot, in: userAt)
        world.tally.add(Fill(slot: slot, unixTs: now, market: o.market, orderId: o.id, base: buy ? size : -size,
                             quote: q, fee: fee, keeper: keeper))
    }

    mutating func settleFunding(_ k: Int, perp: Int) {
        let m = world.ledger.data(perp)
        var p = L.position(user, k)
        guard p.base != 0 else { return }
        let pay = L.unsettledFunding(p, market: m)
        p.quote += pay
        p.breakEven += pay
        p.cum = clamp64(m.i128(p.base > 0 ? L.perp.cumLong : L.perp.cumShort))
        L.put(p, k, into: &world.ledger.items[userAt].data)
        let o = L.user.totals + 40
        let total = user.i64(o) + pay
        world.ledger.set(total, o, in: userAt)
        world.tally.funding += pay
    }

    private mutating func bookMarket(_ perp: Int, was: Int64, now b: Int64, dq: Int64, price: Int64,
                                     volume: Int64) {
        let P = L.perp, m = world.ledger.data(perp)
        let long = m.i128(P.baseLong) + Int128(max(0, b)) - Int128(max(0, was))
        let short = m.i128(P.baseShort) + Int128(min(0, b)) - Int128(min(0, was))
        world.ledger.set128(long, P.baseLong, in: perp)
        world.ledger.set128(short, P.baseShort, in: perp)
        world.ledger.set128(m.i128(P.baseWithAmm) + Int128(b) - Int128(was), P.baseWithAmm, in: perp)
        world.ledger.set128(m.i128(P.quoteAmount) + Int128(dq), P.quoteAmount, in: perp)
        world.ledger.set(price, P.lastFillPrice, in: perp)
        world.ledger.set(world.unixTs, P.lastTradeTs, in: perp)
        world.ledger.set(m.u64(P.volume24h) &+ UInt64(volume), P.volume24h, in: perp)
    }

    private mutating func bookStats(fee: Int64, volume: Int64) {
        let T = L.stats, d = world.ledger.data(statsAt)
        world.ledger.set(d.u64(T.totalFee) &+ UInt64(clamping: fee), T.totalFee, in: statsAt)
        world.ledger.set(d.u64(T.volumeTaker) &+ UInt64(volume), T.volumeTaker, in: statsAt)
        world.ledger.set(now, T.stamps + 8, in: statsAt)
    }
}
