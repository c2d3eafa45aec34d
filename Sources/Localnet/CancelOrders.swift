// Taking orders off: on request, and because their time is over.
import Text

extension Execution {
    mutating func cancelOne(_ id: UInt32?) throws(Halt) {
        try charge(2_000)
        let wanted = id ?? (user.u32(L.user.nextOrderId) &- 1)
        guard let i = liveOrder(where: { $0.id == wanted }) else {
            log("could not find order id \(wanted)")
            return
        }
        try cancelChecked(i)
    }

    mutating func cancelByUserId(_ id: UInt8) throws(Halt) {
        try charge(2_000)
        guard let i = liveOrder(where: { $0.userId == id }) else {
            log("could not find user order id \(id)")
            return
        }
        try cancelChecked(i)
    }

    mutating func cancelMany(_ f: CancelFilter) throws(Halt) {
        try charge(2_000)
        for i in 0..<32 {
            let o = L.order(user, i)
            guard o.status == Order.Status.open else { continue }
            if let t = f.marketType, o.marketType != t { continue }
            if let m = f.market, o.market != m { continue }
            if let d = f.direction, o.direction != d { continue }
            try cancelChecked(i)
        }
    }

    private mutating func cancelChecked(_ i: Int) throws(Halt) {
        try charge(1_200)
        let m = world.ledger.data(maps.perps[try perpMarket(L.order(user, i).market)])
        _ = try oracle(m.key(L.perp.oracle), source: m[L.perp.oracleSource])
        drop(i, status: Order.Status.cancelled)
        world.tally.ordersCancelled += 1
        world.ledger.set(slot, L.user.lastActiveSlot, in: userAt)
    }

    /// Orders past their max_ts go with the next place; nobody is paid for that.
    mutating func expireOrders() {
        for i in 0..<32 {
            let o = L.order(user, i)
            guard o.status == Order.Status.open, o.expired(now) else { continue }
            drop(i, status: Order.Status.cancelled)
            world.tally.ordersExpired += 1
        }
    }

    /// Ends an order and releases what it held.
    mutating func drop(_ i: Int, status: UInt8) {
        var o = L.order(user, i)
        guard o.status == Order.Status.open else { return }
        o.status = status
        if let k = L.positionIndex(user, market: o.market) {
            var p = L.position(user, k)
            let left = Int64(clamping: o.left)
            if !o.mustTrigger {
                if o.isBuy { p.bids = max(0, p.bids - left) } else { p.asks = min(0, p.asks + left) }
            }
            p.openOrders = p.openOrders > 0 ? p.openOrders - 1 : 0
            L.put(p, k, into: &world.ledger.items[userAt].data)
        }
        L.put(o, i, into: &world.ledger.items[userAt].data)
        L.count(&world.ledger.items[userAt].data, orders: -1, auctions: o.duration != 0 ? -1 : 0)
    }
}
