// POST /ctl make: another user of the venue whose order is at hand fills one of the book's, as the program
// would match the two.
import Text

extension ChainNode {
    /// Fills order `order_id` at `price`, as far as the order's own bound allows that in this slot. Where the
    /// vAMM is not paused and does better, it comes first.
    func make(_ q: Value, _ j: inout Json) throws(ControlError) {
        let id = try integer(q, "order_id")
        guard let priceE9 = q["price"].decimal(9), priceE9 > 0 else {
            throw ControlError("ValueError: price")
        }
        guard let (i, o) = liveOrders().first(where: { Int64($0.1.id) == id }) else {
            throw ControlError("ValueError: no such open order")
        }
        let perp = at.perps[Int(o.market)], m = world.ledger.data(perp), P = layout.perp
        let oracle = OracleView(world.ledger.data(oracleIndex(o.market)), source: m[P.oracleSource])
        let limit = o.limit(
            oracle: oracle.priceE6, elapsed: world.slot - min(o.slot, world.slot),
            tick: m.u64(P.tickSize))
        let allowed = limit.map { o.isBuy ? priceE9 <= $0 * 1000 : priceE9 >= $0 * 1000 } ?? true
        var byVamm: UInt64 = 0, byMaker: UInt64 = 0
        var x = keeperExecution()
        if allowed && m[P.paused] & 4 == 0 {
            if m[P.paused] & 2 == 0 {
                let f = x.quote(o.market, oracleE6: oracle.priceE6).fill(
                    buy: o.isBuy, want: x.reduced(o), limit: priceE9 / 1000, step: m.u64(P.stepSize),
                    depth: o.market == 0 ? world.depth : Depth())
                byVamm = f.base
                x.apply(order: i, perp: perp, base: f.base, priceE9: f.priceE9, keeper: true)
            }
            let rest = layout.order(x.user, i)
            byMaker = rest.status == Order.Status.open ? x.reduced(rest) : 0
            x.apply(order: i, perp: perp, base: byMaker, priceE9: priceE9, keeper: true)
            world = x.world
        }
        j.open(); j.int("by_vamm", byVamm); j.int("by_maker", byMaker); j.close()
    }

    func oracleIndex(_ market: UInt16) -> Int { at.oracles[market == 0 ? 0 : Int(market) + 1] }
}

extension Execution {
    /// The quote of a market: every one but the first is quoted around its oracle.
    func quote(_ market: UInt16, oracleE6: Int64) -> Quote {
        var q = quote
        if market != 0 { q.midE9 = oracleE6 * 1000 }
        return q
    }
}
