// What the simulator's faults change: accounts, prices, the venue's depth, and what others do on the account.

extension ChainNode {
    package func setDelegate(revoked: Bool) {
        world.ledger.set(revoked ? Key() : delegate, layout.user.delegate, in: at.user)
    }
    package func setPayer(lamports: UInt64) { world.ledger.items[at.delegate].lamports = lamports }
    package func setUserStatus(_ v: UInt8) { world.ledger.set(byte: v, layout.user.status, in: at.user) }
    package func setExchange(_ v: UInt8) {
        world.ledger.set(byte: v, layout.state.exchangeStatus, in: at.state)
    }
    package func setMarket(status: UInt8, paused: UInt8) {
        world.ledger.set(byte: status, layout.perp.status, in: at.perps[0])
        world.ledger.set(byte: paused, layout.perp.paused, in: at.perps[0])
    }
    package var reduceOnlyStatus: UInt8 { layout.statusReduceOnly }
    package func setOracles(fresh: Bool, lag: UInt64) {
        freshOracles = fresh
        oracleLag = lag
        if fresh { postOracles(age: lag) }
    }
    /// The price leaps; averages follow as they do.
    package func leap(ppm: Int64) {
        tracks[0].priceE9 = max(1_000_000, tracks[0].priceE9 + mulDiv(tracks[0].priceE9, ppm, 1_000_000))
        if freshOracles { postOracles(age: oracleLag) }
        writeAverages()
    }
    package func widen(confidencePpm: Int64) {
        tracks[0].confE8 = mulDiv(tracks[0].priceE9 / 10, confidencePpm, 1_000_000)
    }
    package func setMarketModel(liquidityE9: Int64, takeFailPermille: UInt64, partialPermille: UInt64,
                                keeperLatency: UInt64) {
        options.liquidityE9 = liquidityE9
        options.takeFailPermille = takeFailPermille
        options.partialPermille = partialPermille
        options.keeperLatencySlots = keeperLatency
    }
    package func setPriorityFee(_ v: UInt64) { options.priorityFee = v }

    /// Grows or shrinks the accounts of State, User and market as an upgrade would (only ever longer than the
    /// layout).
    package func lengthen(by n: Int) {
        for i in [at.user, at.state, at.perps[0]] {
            let size = i == at.user ? layout.user.size : i == at.state ? layout.state.size : layout.perp.size
            world.ledger.items[i].data.removeLast(world.ledger.data(i).count - size)
            world.ledger.items[i].data.append(contentsOf: [UInt8](repeating: 0xA5, count: n))
        }
    }

    /// A deposit or withdrawal of SOL by the owner.
    package func deposit(_ base_e9: Int64) {
        change(spotBy: base_e9)
        noteUser()
    }
    package func setWallet(_ lamports: UInt64) { world.ledger.items[at.authority].lamports = lamports }

    /// Somebody else's order on the same account: a limit order that keepers may fill. Its id, or nil when
    /// there is no room.
    package func foreignOrder(buy: Bool, base: UInt64, price: UInt64, maxTs: Int64, userId: UInt8) -> UInt32? {
        var x = keeperExecution()
        guard let i = x.freeOrder(),
              let k = layout.positionIndex(x.user, market: 0) ?? layout.freePosition(x.user) else {
            return nil
        }
        var o = Order()
        o.slot = world.slot
        o.price = price
        o.base = base
        o.id = x.user.u32(layout.user.nextOrderId)
        o.status = Order.Status.open
        o.type = Order.Kind.limit
        o.marketType = 1
        o.userId = userId
        o.direction = buy ? 0 : 1
        o.maxTs = maxTs
        var p = layout.position(x.user, k)
        p.market = 0
        p.openOrders = p.openOrders &+ 1
        if buy { p.bids += Int64(base) } else { p.asks -= Int64(base) }
        layout.put(p, k, into: &x.world.ledger.items[at.user].data)
        layout.put(o, i, into: &x.world.ledger.items[at.user].data)
        layout.count(&x.world.ledger.items[at.user].data, orders: 1, auctions: 0)
        x.world.ledger.set(o.id &+ 1, layout.user.nextOrderId, in: at.user)
        world = x.world
        noteUser()
        return o.id
    }
}
