// place_perp_order: the order of checks follows the program's, because the first failing one names the error.
import Text

extension Execution {
    mutating func place(_ p: OrderParams) throws(Halt) {
        if p.ioc {
            log("immediate_or_cancel order must be in place_and_make or place_and_take")
            try fail(6050)
        }
        try charge(3_800)
        _ = try placeOrder(p)
    }

    /// Writes the order into the User; nil when it was skipped (max_ts in the past).
    mutating func placeOrder(_ p: OrderParams) throws(Halt) -> Int? {
        try liquidationCheck()
        expireOrders()
        let U = L.user
        if user[U.status] & 4 != 0 && !p.reduceOnly { try fail(6254) }
        guard let index = freeOrder() else { try fail(6060) }
        if p.userId != 0 && liveOrder(where: { $0.userId == p.userId }) != nil {
            log("user_order_id is already in use \(p.userId)")
            try fail(6071)
        }

        let k = try perpMarket(p.market)
        let perp = maps.perps[k], P = L.perp
        let m = world.ledger.data(perp)
        let forced = m[P.status] == L.statusReduceOnly
        if m[P.status] == 0 { try fail(6213) }
        if m[P.status] >= L.statusSettlement { try fail(6147) }
        guard let pos = L.positionIndex(user, market: p.market) ?? L.freePosition(user) else { try fail(6005) }
        let oracle = try self.oracle(m.key(P.oracle), source: m[P.oracleSource])
        let step = m.u64(P.stepSize), tick = m.u64(P.tickSize)
        let base = p.base == .max ? try largest(p, perp: perp, position: pos) : floored(p.base, to: step)

        if base < max(1, step) { try fail(6059) }
        let band = self.band(p, perp: perp, oracle: oracle.priceE6)
        let maxTs = p.maxTs ?? ownExpiry(p, band)
        if maxTs != 0 && maxTs < now {
            log("max_ts (\(maxTs)) < now (\(now)), skipping order")
            return nil
        }
        if p.marketType != 1 { try fail(6044) }

        var held = L.position(user, pos)
        let o = newOrder(p, base: base, maxTs: maxTs, band: band, tick: tick,
                         reduceOnly: p.reduceOnly || forced, held: held)
        if !(try validate(o, p, perp: m, oracle: oracle.priceE6)) {
            // TryPostOnly that would cross: no order, but its id is gone.
            world.ledger.set(o.id &+ 1, U.nextOrderId, in: userAt)
            return nil
        }

        let sameSide = p.isBuy ? held.bids : -held.asks
        let closing = held.base != 0 && (held.base > 0) != p.isBuy
        let riskier = !(o.reduceOnly == 1
            || (closing && Int128(sameSide) + Int128(base) <= Int128(held.base.magnitude)))
        held.market = p.market
        held.openOrders = held.openOrders &+ 1
        if !o.mustTrigger {
            let signed = Int64(clamping: base)
            if p.isBuy { held.bids = held.bids.addingReportingOverflow(signed).partialValue } else {
                held.asks = held.asks.subtractingReportingOverflow(signed).partialValue
            }
        }
        let data = userAt, next = o.id &+ 1
        L.put(held, pos, into: &world.ledger.items[data].data)
        L.put(o, index, into: &world.ledger.items[data].data)
        L.count(&world.ledger.items[data].data, orders: 1, auctions: o.duration != 0 ? 1 : 0)
        world.ledger.set(next, U.nextOrderId, in: data)
        world.tally.ordersPlaced += 1

        try charge(18_000)
        try checkMargin(riskier: riskier)
        if forced && !(held.base != 0 && (held.base > 0) != p.isBuy) { try fail(6046) }
        if riskier && m.i128(P.maxOpenInterest) > 0 {
            let oi = max(m.i128(P.baseLong), -m.i128(P.baseShort)) + Int128(base)
            if oi > m.i128(P.maxOpenInterest) { try fail(6154) }
        }
        world.ledger.set(slot, U.lastActiveSlot, in: data)
        return index
    }

    /// When an order ends that names no end itself; 0: never.
    private func ownExpiry(_ p: OrderParams, _ band: Band) -> Int64 {
        let short = p.type == Order.Kind.market || p.type == Order.Kind.oracle
        return short ? now + max(30, Int64(band.duration) / 2 + 10) : 0
    }

    private func newOrder(_ p: OrderParams, base: UInt64, maxTs: Int64, band: Band, tick: UInt64,
                          reduceOnly: Bool, held: Position) -> Order {
        var o = Order()
        o.slot = slot
        o.price = p.price == 0 ? 0 : UInt64(max(0, onTick(Int64(clamping: p.price), tick, buy: p.isBuy)))
        o.base = base
        o.trigger = p.triggerPrice ?? 0
        o.auctionStart = band.start
        o.auctionEnd = band.end
        o.maxTs = maxTs
        o.offset = p.offset ?? 0
        o.id = user.u32(L.user.nextOrderId)
        o.market = p.market
        o.status = Order.Status.open
        o.type = p.type
        o.marketType = p.marketType
        o.userId = p.userId
        o.existingDirection = held.base >= 0 ? 0 : 1
        o.direction = p.direction
        o.reduceOnly = reduceOnly ? 1 : 0
        o.postOnly = p.postOnly != 0 ? 1 : 0
        o.ioc = p.ioc ? 1 : 0
        o.triggerCondition = p.triggerCondition
        o.duration = band.duration
        o.slotTail = UInt8(truncatingIfNeeded: slot)
        return o
    }

    /// The margin after the order, and the floor of equity that the user has set.
    private mutating func checkMargin(riskier: Bool) throws(Halt) {
        let t = try margin(initial: riskier)
        if !t.ok {
            let crossed: StaticString = "CrossMarginOverride { margin_requirement_type: Initial, "
            let kind: Text = riskier ? "\(crossed)default_margin_requirement_type: Maintenance }"
                : "Default(Maintenance)"
            let context: Text = "MarginContext { margin_type_config: \(kind), mode: Standard, strict: true }"
            let totals: Text = "total_collateral: \(t.collateral), margin_requirement: \(t.requirement)"
            log("margin calculation: MarginCalculation { context: \(context), \(totals) }")
            try fail(6003)
        }
        let U = L.user
        if riskier && U.equityFloor > 0 {
            let floor = user.u64(U.equityFloor).addingReportingOverflow(user.u64(U.equityFloor + 8)).partialValue
            let worth = try equity()
            if floor > 0 && worth < Int128(floor) { try fail(6358) }
        }
    }

    /// False: the order is silently not placed (TryPostOnly).
    private mutating func validate(_ o: Order, _ p: OrderParams, perp m: [UInt8],
                                   oracle: Int64) throws(Halt) -> Bool {
        let P = L.perp
        if o.reduceOnly == 0 && o.base < m.u64(P.minOrderSize) { try fail(6056) }
        let buy = o.isBuy
        switch o.type {
        case Order.Kind.market, Order.Kind.oracle:
            if o.type == Order.Kind.market {
                if o.auctionStart <= 0 || o.auctionEnd <= 0 { try fail(6054) }
                if o.price != 0
                    && (buy ? Int64(clamping: o.price) < o.auctionEnd : Int64(clamping: o.price) > o.auctionEnd) {
                    try fail(6054)
                }
                if o.offset != 0 { try fail(6055) }
            } else {
                if o.price != 0 { try fail(6191) }
                if o.offset != 0 && (buy ? o.offset < o.auctionEnd : o.offset > o.auctionEnd) { try fail(6054) }
            }
            if buy ? o.auctionStart > o.auctionEnd : o.auctionStart < o.auctionEnd { try fail(6054) }
            if o.trigger != 0 { try fail(6053) }
            if o.postOnly != 0 { try fail(6051) }
            if o.ioc != 0 { try fail(6050) }
        case Order.Kind.limit:
            if o.price == 0 && o.offset == 0 { try fail(6191) }
            if o.trigger != 0 { try fail(6053) }
            if o.postOnly != 0 {
                let limit = o.price == 0 ? oracle + o.offset : Int64(clamping: o.price)
                let mid = quote.midE9 / 1000, half = mulDiv(mid, quote.spreadPpm, 1_000_000)
                if buy ? limit >= mid + half : limit <= mid - half {
                    if p.postOnly == 2 { return false }
                    log("post-only order crosses the venue's quote")
                    try fail(6057)
                }
            }
        default:
            if o.trigger == 0 { try fail(6053) }
        }
        return true
    }

    /// Being liquidated blocks orders until the account is above maintenance by a buffer; then it is let go.
    private mutating func liquidationCheck() throws(Halt) {
        let s = L.user.status
        guard user[s] & 3 != 0 else { return }
        if !(try marginToLeaveLiquidation()).ok { try fail(6117) }
        let v = user[s] & ~3
        world.ledger.set(byte: v, s, in: userAt)
    }

    /// The largest size that passes margin, by halving: what a size of 2^64-1 asks for.
    private mutating func largest(_ p: OrderParams, perp: Int, position pos: Int) throws(Halt) -> UInt64 {
        let step = world.ledger.u64(L.perp.stepSize, in: perp)
        var low: UInt64 = 0, high: UInt64 = 1 << 50
        let before = L.position(user, pos)
        while high - low > max(1, step) {
            let mid = (low + high) / 2
            var q = before
            q.market = p.market
            q.openOrders = q.openOrders &+ 1
            if p.isBuy { q.bids += Int64(mid) } else { q.asks -= Int64(mid) }
            L.put(q, pos, into: &world.ledger.items[userAt].data)
            let ok = try margin(initial: !p.reduceOnly).ok
            if ok { low = mid } else { high = mid }
        }
        L.put(before, pos, into: &world.ledger.items[userAt].data)
        return floored(low, to: step)
    }

    /// Unweighted net worth at oracle prices.
    private func equity() throws(Halt) -> Int128 {
        var sum: Int128 = 0
        let d = user, U = L.user, S = L.spot
        for i in 0..<8 {
            let o = U.spots + U.spotStride * i
            guard d.u64(o) != 0 else { continue }
            let m = try spotMarket(d.u16(o + 32)), borrow = d[o + 34] == 1
            var unit: Int128 = 1
            for _ in 0..<min(18, m.u32(S.decimals)) { unit *= 10 }
            let v = L.tokenAmount(scaled: d.u64(o), borrow: borrow, market: m)
                * Int128(try oracle(m.key(S.oracle), source: m[S.oracleSource]).priceE6) / unit
            sum += borrow ? -v : v
        }
        for i in 0..<8 {
            let p = L.position(d, i)
            guard p.inUse else { continue }
            let m = world.ledger.data(maps.perps[try perpMarket(p.market)])
            sum += Int128(p.base) * Int128(try oracle(m.key(L.perp.oracle),
                                                      source: m[L.perp.oracleSource]).priceE6) / 1_000_000_000
                + Int128(p.quote) + Int128(L.unsettledFunding(p, market: m))
        }
        return sum
    }

    func freeOrder() -> Int? {
        for i in 0..<32 where L.order(user, i).status != Order.Status.open { return i }
        return nil
    }

    func liveOrder(where test: (Order) -> Bool) -> Int? {
        for i in 0..<32 {
            let o = L.order(user, i)
            if o.status == Order.Status.open && test(o) { return i }
        }
        return nil
    }
}
