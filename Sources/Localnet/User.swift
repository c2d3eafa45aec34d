// Orders and positions as values: read from a User's bytes, changed, written back.

struct Order {
    var slot: UInt64 = 0, price: UInt64 = 0, base: UInt64 = 0, filled: UInt64 = 0, quoteFilled: UInt64 = 0,
        trigger: UInt64 = 0
    var auctionStart: Int64 = 0, auctionEnd: Int64 = 0, maxTs: Int64 = 0, offset: Int64 = 0
    var id: UInt32 = 0, market: UInt16 = 0
    var status: UInt8 = 0, type: UInt8 = 0, marketType: UInt8 = 0, userId: UInt8 = 0
    var existingDirection: UInt8 = 0, direction: UInt8 = 0
    var reduceOnly: UInt8 = 0, postOnly: UInt8 = 0, ioc: UInt8 = 0, triggerCondition: UInt8 = 0
    var duration: UInt8 = 0, slotTail: UInt8 = 0, bitFlags: UInt8 = 0

    var left: UInt64 { base > filled ? base - filled : 0 }
    var isBuy: Bool { direction == 0 }
    var mustTrigger: Bool { type == 2 || type == 3 }
    func expired(_ now: Int64) -> Bool { maxTs != 0 && now > maxTs && !mustTrigger }

    enum Status { static let open: UInt8 = 1, filled: UInt8 = 2, cancelled: UInt8 = 3 }
    enum Kind { static let market: UInt8 = 0, limit: UInt8 = 1, oracle: UInt8 = 4 }
}

struct Position {
    var cum: Int64 = 0, base: Int64 = 0, quote: Int64 = 0, breakEven: Int64 = 0, entry: Int64 = 0
    var bids: Int64 = 0, asks: Int64 = 0, settled: Int64 = 0
    var isolated: UInt64 = 0
    var maxRatio: UInt16 = 0, market: UInt16 = 0
    var openOrders: UInt8 = 0, flag: UInt8 = 0
    var inUse: Bool { base != 0 || quote != 0 || bids != 0 || asks != 0 || openOrders != 0 || isolated != 0 }
    /// The larger of what stands after all bids and all asks; asks on a tie.
    func worst(price: Int64) -> Int64 {
        let up = base.addingReportingOverflow(bids).partialValue,
            down = base.addingReportingOverflow(asks).partialValue
        let vu = Int128(up.magnitude) * Int128(price) / 1_000_000_000,
            vd = Int128(down.magnitude) * Int128(price) / 1_000_000_000
        return vu > vd ? up : down
    }
}

extension Layout {
    /// Whether order slot `i` holds a live order, without reading the rest of it.
    func isOpen(_ d: [UInt8], _ i: Int) -> Bool {
        d[user.orders + user.orderStride * i + user.orderStatus] == Order.Status.open
    }

    func order(_ d: [UInt8], _ i: Int) -> Order {
        let o = user.orders + user.orderStride * i, s = o + user.orderStatus
        var r = Order()
        r.slot = d.u64(o); r.price = d.u64(o + 8); r.base = d.u64(o + 16); r.filled = d.u64(o + 24)
        r.quoteFilled = d.u64(o + 32); r.trigger = d.u64(o + 40)
        r.auctionStart = d.i64(o + 48); r.auctionEnd = d.i64(o + 56); r.maxTs = d.i64(o + 64)
        r.offset = user.orderOffsetWide ? d.i64(o + 72) : Int64(d.load(o + 72, as: Int32.self))
        r.id = d.u32(o + user.orderId); r.market = d.u16(o + user.orderMarket)
        r.status = d[s]; r.type = d[s + 1]; r.marketType = d[s + 2]; r.userId = d[s + 3]
        r.existingDirection = d[s + 4]; r.direction = d[s + 5]; r.reduceOnly = d[s + 6]; r.postOnly = d[s + 7]
        r.ioc = d[s + 8]; r.triggerCondition = d[s + 9]; r.duration = d[s + 10]; r.slotTail = d[s + 11]
        r.bitFlags = d[s + 12]
        return r
    }

    func put(_ r: Order, _ i: Int, into d: inout [UInt8]) {
        let o = user.orders + user.orderStride * i, s = o + user.orderStatus
        d.set(r.slot, o); d.set(r.price, o + 8); d.set(r.base, o + 16); d.set(r.filled, o + 24)
        d.set(r.quoteFilled, o + 32); d.set(r.trigger, o + 40)
        d.set(r.auctionStart, o + 48); d.set(r.auctionEnd, o + 56); d.set(r.maxTs, o + 64)
        if user.orderOffsetWide { d.set(r.offset, o + 72) } else { d.set(Int32(clamping: r.offset), o + 72) }
        d.set(r.id, o + user.orderId); d.set(r.market, o + user.orderMarket)
        d.set(byte: r.status, s); d.set(byte: r.type, s + 1); d.set(byte: r.marketType, s + 2)
        d.set(byte: r.userId, s + 3)
        d.set(byte: r.existingDirection, s + 4); d.set(byte: r.direction, s + 5)
        d.set(byte: r.reduceOnly, s + 6); d.set(byte: r.postOnly, s + 7)
        d.set(byte: r.ioc, s + 8); d.set(byte: r.triggerCondition, s + 9); d.set(byte: r.duration, s + 10)
        d.set(byte: r.slotTail, s + 11); d.set(byte: r.bitFlags, s + 12)
    }

    func position(_ d: [UInt8], _ i: Int) -> Position {
        let o = user.perps + user.perpStride * i
        var p = Position()
        p.cum = d.i64(o); p.base = d.i64(o + 8); p.quote = d.i64(o + 16); p.breakEven = d.i64(o + 24)
        p.entry = d.i64(o + 32)
        p.bids = d.i64(o + 40); p.asks = d.i64(o + 48); p.settled = d.i64(o + 56)
        p.isolated = d.u64(o + user.perpIsolated)
        p.maxRatio = d.u16(o + user.perpMaxRatio); p.market = d.u16(o + user.perpMarket)
        p.openOrders = d[o + user.perpOpenOrders]; p.flag = d[o + user.perpFlag]
        return p
    }

    func put(_ p: Position, _ i: Int, into d: inout [UInt8]) {
        let o = user.perps + user.perpStride * i
        d.set(p.cum, o); d.set(p.base, o + 8); d.set(p.quote, o + 16); d.set(p.breakEven, o + 24)
        d.set(p.entry, o + 32)
        d.set(p.bids, o + 40); d.set(p.asks, o + 48); d.set(p.settled, o + 56)
        d.set(p.isolated, o + user.perpIsolated)
        d.set(p.maxRatio, o + user.perpMaxRatio); d.set(p.market, o + user.perpMarket)
        d.set(byte: p.openOrders, o + user.perpOpenOrders); d.set(byte: p.flag, o + user.perpFlag)
    }

    /// The slot of a market's position.
    func positionIndex(_ d: [UInt8], market: UInt16) -> Int? {
        for i in 0..<8 {
            let p = position(d, i)
            if p.inUse && p.market == market { return i }
        }
        return nil
    }

    func freePosition(_ d: [UInt8]) -> Int? {
        for i in 0..<8 where !position(d, i).inUse { return i }
        return nil
    }

    /// Adds or takes away one open order in the User's counters and flags.
    func count(_ d: inout [UInt8], orders: Int, auctions: Int) {
        let o = user.openOrders
        d.set(byte: UInt8(clamping: Int(d[o]) + orders), o)
        d.set(byte: d[o] > 0 ? 1 : 0, o + 1)
        d.set(byte: UInt8(clamping: Int(d[o + 2]) + auctions), o + 2)
        d.set(byte: d[o + 2] > 0 ? 1 : 0, o + 3)
    }

    /// Unsigned token amount: deposits rounded down, borrows up.
    func tokenAmount(scaled: UInt64, borrow: Bool, market d: [UInt8]) -> Int128 {
        let dec = Int(d.u32(spot.decimals))
        var div: Int128 = 1
        for _ in 0..<max(0, min(19, 19 - dec)) { div *= 10 }
        let v = Int128(scaled) * d.i128(borrow ? spot.cumBorrow : spot.cumDeposit)
        return borrow ? ceilDiv(v, div) : v / div
    }
}
