// The venue's margin, as the programs compute it (docs/venues.md): which totals an order is admitted on.
// Written for the chain alone; the agent's own calculation is checked against it and against the real
// program.
import EvenkeelCore

struct MarginTotals {
    var collateral: Int128 = 0
    var requirement: Int128 = 0
    /// Of every liability's value, beside what it requires; 0 but where a liquidation is to end.
    var buffer_e4: Int128 = 0
    /// The oracle's own prices, as liquidation takes them; else those that are safer beside the average.
    var plain = false
    var ok: Bool { collateral >= requirement }

    mutating func require(_ amount: Int128, of value: Int128) {
        requirement += amount + value * buffer_e4 / 10_000
    }

    func range(_ price: Int64, average: Int64) -> (low: Int128, high: Int128) {
        if plain { return (Int128(price), Int128(price)) }
        return (Int128(min(price, average)), Int128(max(price, average)))
    }
}

/// A price an instruction may use: what the oracle account says, in 1e-6 USD.
struct OracleView {
    var priceE6: Int64 = 0, confE6: Int64 = 0
    var posted: UInt64 = 0

    /// `source` 15 is a stable coin: within its confidence (at most 5 bps) it is worth one.
    init(_ d: [UInt8], source: UInt8) {
        let e = d.load(32, as: Int32.self)
        func scale(_ v: Int64) -> Int64 {
            var v = v, k = -6 - e
            while k > 0 { v /= 10; k -= 1 }
            while k < 0 { v = v.multipliedReportingOverflow(by: 10).partialValue; k += 1 }
            return v
        }
        priceE6 = scale(d.i64(8))
        confE6 = scale(Int64(clamping: d.u64(40)))
        posted = d.u64(24)
        if source == 15 && abs(priceE6 - 1_000_000) <= min(confE6, 500) { priceE6 = 1_000_000 }
    }
}

/// The markets and oracles an instruction was given.
struct Maps {
    var oracles: [Int] = [], spots: [Int] = [], perps: [Int] = []   // ledger indices
    var writablePerps: [Bool] = []
}

extension Execution {
    func spotMarket(_ m: UInt16) throws(Halt) -> [UInt8] {
        for i in maps.spots where world.ledger.u16(L.spot.marketIndex, in: i) == m {
            return world.ledger.data(i)
        }
        throw .custom(6087)
    }
    func perpMarket(_ m: UInt16) throws(Halt) -> Int {
        for (k, i) in maps.perps.enumerated() where world.ledger.u16(L.perp.marketIndex, in: i) == m {
            return k
        }
        throw .custom(6078)
    }
    func oracle(_ k: Key, source: UInt8) throws(Halt) -> OracleView {
        for i in maps.oracles where world.ledger.items[i].key == k {
            let v = OracleView(world.ledger.data(i), source: source)
            if v.priceE6 <= 0 { throw .native(.programFailedToComplete) }
            return v
        }
        throw .custom(6036)
    }

    func root(_ size: Int128) -> Int128 {
        var x = UInt128(size < 0 ? 0 : size) * 10 + 1
        // Newton from above.
        let n = x
        var y = (x + 1) / 2
        while y < x {
            x = y
            y = (x + n / x) / 2
        }
        return Int128(x)
    }

    /// A weight that shrinks with size (deposits and positive pnl).
    func discounted(_ w: Int128, size: Int128, imf: Int128) -> Int128 {
        imf == 0 ? w : min(w, 11_000_000_000 / (1_000_000 + root(size) * imf / 100_000))
    }
    /// A weight or ratio that grows with size (borrows and positions).
    func premium(_ w: Int128, size: Int128, imf: Int128) -> Int128 {
        imf == 0 ? w : max(w, w - w / 5 + root(size) * imf / 10_000_000)
    }

    /// Initial (true) or maintenance margin of the User, strict prices: what an order check uses.
    func margin(initial: Bool) throws(Halt) -> MarginTotals {
        try margin(initial: initial, MarginTotals())
    }

    /// What an account that is flagged as being liquidated must meet to be let go: maintenance at plain
    /// prices, and State's buffer on top.
    func marginToLeaveLiquidation() throws(Halt) -> MarginTotals {
        let buffer = world.ledger.data(stateAt).u32(L.state.liquidationBuffer)
        return try margin(initial: false, MarginTotals(buffer_e4: Int128(buffer), plain: true))
    }

    private func margin(initial: Bool, _ empty: MarginTotals) throws(Halt) -> MarginTotals {
        var t = empty
        let S = L.spot
        let custom = initial ? Int128(user.u32(L.user.maxMarginRatio)) : 0
        let quoteMarket = try spotMarket(0)
        let quote = try oracle(quoteMarket.key(S.oracle), source: quoteMarket[S.oracleSource])
        let (quoteMin, quoteMax) = t.range(quote.priceE6, average: quoteMarket.i64(S.lastOraclePrice + 32))
        for i in 0..<8 { try addSpot(i, initial: initial, custom: custom, &t) }
        for i in 0..<8 {
            try addPerp(i, initial: initial, custom: custom, quoteMin: quoteMin, quoteMax: quoteMax, &t)
        }
        return t
    }

    private func addSpot(_ i: Int, initial: Bool, custom: Int128, _ t: inout MarginTotals) throws(Halt) {
        let d = user, U = L.user, S = L.spot
        let o = U.spots + U.spotStride * i
        let scaled = d.u64(o), orders = d[o + 35]
        guard scaled != 0 || orders != 0 else { return }
        let index = d.u16(o + 32), borrow = d[o + 34] == 1
        let m = try spotMarket(index)
        let px = try oracle(m.key(S.oracle), source: m[S.oracleSource])
        let (low, high) = t.range(px.priceE6, average: m.i64(S.lastOraclePrice + 32))
        let amount = L.tokenAmount(scaled: scaled, borrow: borrow, market: m)
        if index == 0 {
            if borrow {
                let v = ceilDiv(amount * high, 1_000_000)
                t.require(v, of: v)
            } else {
                t.collateral += amount * low / 1_000_000
            }
            return
        }
        let dec = m.u32(S.decimals)
        var unit: Int128 = 1
        for _ in 0..<min(18, dec) { unit *= 10 }
        let size = amount * 1_000_000_000 / unit       // in 1e9
        let imf = Int128(m.u32(S.weights + 16))
        if borrow {
            let v = ceilDiv(amount * high, unit)
            var w = premium(Int128(m.u32(S.weights + (initial ? 8 : 12))), size: size, imf: imf)
            if custom > 0 { w = max(w, 10_000 + custom) }
            t.require(v * w / 10_000, of: v)
        } else {
            let v = amount * low / unit
            var w = Int128(m.u32(S.weights + (initial ? 0 : 4)))
            if initial {
                let start = Int128(m.u64(S.scaleStart))
                if start > 0 {
                    let total = L.tokenAmount(scaled: UInt64(clamping: m.i128(S.depositBalance)),
                                              borrow: false, market: m)
                    let usd = total * Int128(px.priceE6) / unit
                    if usd >= start { w = w * start / usd }
                }
            }
            w = discounted(w, size: size, imf: imf)
            if custom > 0 { w = min(w, max(0, 10_000 - custom)) }
            t.collateral += v * w / 10_000
        }
    }

    private func addPerp(_ i: Int, initial: Bool, custom: Int128, quoteMin: Int128, quoteMax: Int128,
                         _ t: inout MarginTotals) throws(Halt) {
        let p = L.position(user, i)
        guard p.inUse else { return }
        let m = world.ledger.data(maps.perps[try perpMarket(p.market)]), P = L.perp
        let px = try oracle(m.key(P.oracle), source: m[P.oracleSource]).priceE6
        let pnl = Int128(p.base) * Int128(px) / 1_000_000_000 + Int128(p.quote)
            + Int128(L.unsettledFunding(p, market: m))
        if pnl > 0 {
            var w = Int128(m.u32(initial ? P.pnlWeightInitial : P.pnlWeightMaintenance))
            if initial && w > 0 {
                let limit = Int128(m.u64(P.maxImbalance))
                if limit > 0 {
                    let net = m.i128(P.baseWithAmm) * Int128(m.i64(P.lastOraclePrice)) / 1_000_000_000
                        + m.i128(P.quoteAmount) + Int128(m.i64(P.netUnsettled))
                    if net > limit { w = w * limit / net }
                }
                w = discounted(w, size: pnl * 1000, imf: Int128(m.u32(P.pnlImf)))
            }
            let v = pnl * w / 10_000 * quoteMin / 1_000_000
            t.collateral += initial ? min(v, 100_000_000) : v
        } else if pnl < 0 {
            t.collateral += pnl * quoteMax / 1_000_000
        }
        let worst = Int128(p.worst(price: px).magnitude)
        let value = worst * Int128(px) / 1_000_000_000 * quoteMax / 1_000_000
        var ratio = premium(Int128(m.u32(initial ? P.marginInitial : P.marginMaintenance)), size: worst,
                            imf: Int128(m.u32(P.imf)))
        ratio = max(ratio, custom)
        if initial { ratio = max(ratio, Int128(p.maxRatio)) }
        t.require(value * ratio / 10_000 + 10_000 * Int128(p.openOrders), of: value)
    }
}

extension Layout {
    /// Funding that a position earned (positive) or owes since it was last settled, in quote 1e-6.
    func unsettledFunding(_ p: Position, market m: [UInt8]) -> Int64 {
        guard p.base != 0 else { return 0 }
        let delta = m.i128(p.base > 0 ? perp.cumLong : perp.cumShort) - Int128(p.cum)
        let raw = delta.magnitude * UInt128(p.base.magnitude) / 1_000_000 / 1_000
        let v = Int128(clamping: raw) / 1_000
        // A long pays when the rate rose, a short receives.
        return clamp64((delta > 0) == (p.base > 0) ? -v : v)
    }
}
