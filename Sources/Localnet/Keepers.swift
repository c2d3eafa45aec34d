// What happens to the book between transactions: keepers that fill and clear orders, deposits and withdrawals
// nobody announced, and the record of every change.
import Text

/// The book at an instant, when it changed.
struct Event {
    var wallMs: Int64, slot: UInt64, tsMs: Int64
    var base: Int64, solScaled: Int64
    var orders: [Order]
}

extension ChainNode {
    /// The program with every market and oracle loaded, for steps that no transaction of the book's owner
    /// made.
    func keeperExecution() -> Execution {
        var x = Execution(L: layout, world: world, quote: currentQuote())
        x.unitsLeft = 1_400_000
        x.userAt = at.user
        x.statsAt = at.stats
        x.stateAt = at.state
        x.maps.oracles = at.oracles
        x.maps.spots = at.spots
        x.maps.perps = at.perps
        x.maps.writablePerps = at.perps.map { _ in true }
        return x
    }

    /// One look of the keepers at the User's live orders.
    func keepers(_ slots: UInt64) {
        let U = layout.user
        guard world.ledger.u8(U.openOrders, in: at.user) > 0 else { return }
        for i in 0..<32 {
            guard layout.isOpen(world.ledger.data(at.user), i) else { continue }
            let o = layout.order(world.ledger.data(at.user), i)
            guard o.status == Order.Status.open, o.marketType == 1, Int(o.market) < at.perps.count else {
                continue
            }
            // A keeper is late by some slots: each slot it comes with probability 1/latency.
            if options.keeperLatencySlots > 1 && slots < options.keeperLatencySlots * 8
                && !keeperRandom.oneIn(options.keeperLatencySlots) { continue }
            if o.expired(world.unixTs) {
                var x = keeperExecution()
                x.clear(i, status: Order.Status.cancelled)
                x.world.tally.ordersExpired += 1
                if o.filled > 0 { x.world.tally.ordersPartial += 1 }
                world = x.world
            } else if o.slot < world.slot {
                _ = keeperFill(i,
                               partial: options.partialPermille > 0
                                   && keeperRandom.below(1000) < options.partialPermille)
            }
        }
    }

    /// One try to fill order `i` at the venue's quote, and what is left of it against an order of another
    /// user's at `makerE9`. True when anything changed.
    func keeperFill(_ i: Int, partial: Bool, makerE9: Int64? = nil) -> Bool {
        let o = layout.order(world.ledger.data(at.user), i), P = layout.perp, S = layout.state
        let perp = at.perps[Int(o.market)], m = world.ledger.data(perp)
        let status = world.ledger.u8(S.exchangeStatus, in: at.state)
        let v = OracleView(world.ledger.data(oracleIndex(o.market)), source: m[P.oracleSource])
        let guards = world.ledger.data(at.state)
        // Fills want a sound oracle: positive, not older than the margin's limit, not too uncertain.
        let stale = world.slot > v.posted && world.slot - v.posted > guards.u64(S.guardRails + 24)
        let unsure = v.priceE6 > 0 && mulDiv(v.confE6, 1_000_000, v.priceE6) > guards.i64(S.guardRails + 32)
        let byVamm = m[P.paused] & 2 == 0
        guard v.priceE6 > 0, !stale, !unsure, status & 12 == 0, m[P.paused] & 4 == 0, !o.mustTrigger,
              byVamm || makerE9 != nil
        else { return false }
        var x = keeperExecution()
        let want = x.reduced(o)
        if want == 0 {
            guard o.reduceOnly != 0 else { return false }
            x.clear(i, status: Order.Status.cancelled)
            world = x.world
            return true
        }
        var limit = o.limit(oracle: v.priceE6, elapsed: world.slot - min(o.slot, world.slot),
                            tick: m.u64(P.tickSize))
        if let p = makerE9 {
            if let l = limit, o.isBuy ? p > l * 1000 : p < l * 1000 { return false }
            limit = p / 1000
        }
        let q = x.quote(o.market, oracleE6: v.priceE6)
        let step = m.u64(P.stepSize)
        var f = q.fill(buy: o.isBuy, want: byVamm ? want : 0, limit: limit, step: step,
                       depth: o.market == 0 ? world.depth : Depth())
        if partial { f.base = max(step, floored(f.base / 2, to: step)) }
        guard f.base > 0 || makerE9 != nil else { return false }
        x.apply(order: i, perp: perp, base: min(f.base, want), priceE9: f.priceE9, keeper: true)
        let rest = layout.order(x.user, i)
        if let p = makerE9, rest.status == Order.Status.open {
            x.apply(order: i, perp: perp, base: x.reduced(rest), priceE9: p, keeper: true)
        }
        world = x.world
        return true
    }

    func disturb(ms: Int64) {
        guard options.disturbMeanSeconds > 0, ms > 0 else { return }
        let odds = UInt64(max(1, options.disturbMeanSeconds * 1000 / ms))
        guard disturbRandom.oneIn(odds) else { return }
        let spot = tokenAmount(spot: 1)
        let size = mulDiv(max(spot.magnitude == 0 ? initialSpot : spot, 1),
                          10_000 + Int64(disturbRandom.below(90_001)), 1_000_000)
        // Keeps the book between half and twice what it began with.
        let down = spot > initialSpot * 2 || (spot > initialSpot / 2 && disturbRandom.below(2) == 0)
        change(spotBy: down ? -size : size)
    }

    /// A deposit (or withdrawal) of SOL, as the owner would make it.
    func change(spotBy d: Int64) {
        let S = layout.spot
        let before = world.ledger.u64(layout.user.spots + layout.user.spotStride, in: at.user)
        let sum = clamp64(Int128(tokenAmount(spot: 1)) + Int128(d))
        setDeposit(spot: 1, amount: sum)
        let after = world.ledger.u64(layout.user.spots + layout.user.spotStride, in: at.user)
        let total = world.ledger.i128(S.depositBalance, in: at.spots[1]) + Int128(after) - Int128(before)
        world.ledger.set128(max(0, total), S.depositBalance, in: at.spots[1])
        // The venue keeps count of what came and went, in quote at the oracle price.
        let counter = layout.user.totals + (d < 0 ? 8 : 0)
        let value = UInt64(clamping: Int128(d.magnitude) * Int128(oraclePriceE6) / 1_000_000_000)
        let counted = world.ledger.u64(counter, in: at.user).addingReportingOverflow(value)
        world.ledger.set(counted.overflow ? UInt64.max : counted.partialValue, counter, in: at.user)
        world.tally.add(Disturbance(slot: world.slot, unixTs: world.unixTs, base: d, spotAfter: sum))
    }

    /// Remembers the book whenever its position, its live orders or its SOL changed.
    func noteUser() {
        let d = world.ledger.data(at.user), U = layout.user
        let k = layout.positionIndex(d, market: 0)
        let base = k.map { layout.position(d, $0).base } ?? 0
        let sol = U.spots + U.spotStride
        let scaled = Int64(clamping: d.u64(sol)) * (d[sol + 34] == 1 ? -1 : 1)
        if let e = events.last, e.base == base, e.solScaled == scaled, d[U.openOrders] == 0, e.orders.isEmpty {
            return
        }
        var live: [Order] = []
        for i in 0..<32 {
            if layout.isOpen(d, i) { live.append(layout.order(d, i)) }
        }
        if let e = events.last, e.base == base, e.solScaled == scaled, e.orders.count == live.count {
            var same = true
            for (a, b) in zip(e.orders, live) where a.id != b.id || a.filled != b.filled || a.maxTs != b.maxTs {
                same = false
            }
            if same { return }
        }
        if events.count >= 8192 { events.removeFirst(4096) }
        events.append(Event(wallMs: wallMs, slot: world.slot, tsMs: world.tsMs, base: base, solScaled: scaled,
                            orders: live))
    }
}

extension ChainNode {
    func oracleIndex(_ market: UInt16) -> Int { at.oracles[market == 0 ? 0 : Int(market) + 1] }
}

extension Execution {
    /// The quote of a market: every one but the first is quoted around its oracle.
    func quote(_ market: UInt16, oracleE6: Int64) -> Quote {
        var q = quote
        if market != 0 { q.midE9 = oracleE6 * 1000 }
        return q
    }

    /// A keeper takes an order off and is paid the flat fee by its owner.
    mutating func clear(_ i: Int, status: UInt8) {
        let o = L.order(user, i)
        drop(i, status: status)
        guard let k = L.positionIndex(user, market: o.market) ?? L.freePosition(user) else { return }
        let fee = Int64(clamping: world.ledger.u64(L.state.flatFillerFee, in: stateAt))
        var p = L.position(user, k)
        p.market = o.market
        p.quote -= fee
        p.breakEven -= fee
        L.put(p, k, into: &world.ledger.items[userAt].data)
        world.tally.keeperFees += fee
    }
}
