// What the account's margin is by the venue's own rules, for who judges from outside.

/// By the program's strict prices.
package struct MarginTruth {
    /// Collateral and requirement of the initial margin: what an order is admitted on.
    package var initial_e6: Int128 = 0, needed_e6: Int128 = 0
    /// One minus requirement over collateral of the maintenance margin, in 1/10000; 0 at its line or under
    /// it.
    package var health_bp: Int64 = 0
}

extension ChainNode {
    /// The margin of the User in `r` (nil: now), with `by` more of the position in the perp market `m`,
    /// traded at the oracle's price. nil: it cannot be computed.
    package func margin(_ r: Replica? = nil, perpBy by: Int64 = 0, market m: Int = 0) -> MarginTruth? {
        var x = Execution(L: layout, world: r?.world ?? world, quote: currentQuote())
        x.userAt = at.user
        x.statsAt = at.stats
        x.stateAt = at.state
        x.maps = Maps(oracles: at.oracles, spots: at.spots, perps: at.perps,
                      writablePerps: [Bool](repeating: true, count: at.perps.count))
        if by != 0 {
            let user = x.user
            guard let k = layout.positionIndex(user, market: UInt16(m)) ?? layout.freePosition(user) else {
                return nil
            }
            let source = x.world.ledger.u8(layout.perp.oracleSource, in: at.perps[m])
            let oracle = x.world.ledger.data(at.oracles[m == 0 ? 0 : m + 1])
            let price = OracleView(oracle, source: source).priceE6
            var p = layout.position(user, k)
            p.market = UInt16(m)
            p.base = p.base &+ by
            p.quote = p.quote &- mulDiv(by, price, 1_000_000_000)
            layout.put(p, k, into: &x.world.ledger.items[at.user].data)
        }
        do throws(Halt) {
            let first = try x.margin(initial: true), last = try x.margin(initial: false)
            var t = MarginTruth(initial_e6: first.collateral, needed_e6: first.requirement)
            if last.collateral > 0 {
                let free = last.collateral - last.requirement
                t.health_bp = Int64(clamping: max(0, free * 10_000 / last.collateral))
            }
            return t
        } catch { return nil }
    }
}
