// The venue's program: which instruction, which accounts, what each must be (Anchor's checks in Anchor's
// order).
import EvenkeelCore
import Text

enum Ix {
    // First eight bytes of sha256("global:<name>"), little-endian.
    static let place: UInt64 = 0xb94c_7e78_ca5d_a145
    static let take: UInt64 = 0xe0e6_dc6c_bb01_33d5
    static let cancel: UInt64 = 0x84df_3108_f0ed_815f
    static let cancelByUserId: UInt64 = 0x6439_2512_85fa_d36b
    static let settlePnl: UInt64 = 0x9998_5f0f_2dea_3d2b
    static let updateInterest: UInt64 = 0xe19b_a59e_f38b_a627
    static let cancelOrders: UInt64 = 0xc208_67e3_9e5f_e1ee
}

extension Execution {
    mutating func dispatch(_ data: [UInt8]) throws(Halt) {
        guard data.count >= 8, !upgrade.deletes(data.u64(0)) else {
            try charge(4_500)
            throw .custom(101)
        }
        var c = Args(data)
        let wide = L.velocity
        switch data.u64(0) {
        case Ix.place:
            log("Instruction: PlacePerpOrder")
            let p = try arguments(&c) { OrderParams(&$0, wide: wide) }
            try accounts(stats: false)
            try load(writable: nil)
            try place(p)
        case Ix.take:
            log("Instruction: PlaceAndTakePerpOrder")
            var condition: UInt32?
            let p = try arguments(&c) { (a: inout Args) -> OrderParams in
                let p = OrderParams(&a, wide: wide)
                if a.flag() { condition = a.int(UInt32.self) }
                return p
            }
            try accounts(stats: true)
            try load(writable: p.market)
            try placeAndTake(p, condition)
        case Ix.cancel:
            log("Instruction: CancelOrder")
            let id = try arguments(&c) { $0.flag() ? $0.int(UInt32.self) : nil }
            try accounts(stats: false)
            try load(writable: nil)
            try cancelOne(id)
        case Ix.cancelByUserId:
            log("Instruction: CancelOrderByUserId")
            let id = try arguments(&c) { $0.int(UInt8.self) }
            try accounts(stats: false)
            try load(writable: nil)
            try cancelByUserId(id)
        case Ix.settlePnl where L.velocity:
            log("Instruction: SettlePnl")
            let market = try arguments(&c) { $0.int(UInt16.self) }
            try accounts(stats: false)
            try settlePnl(market)
        case Ix.updateInterest:
            log("Instruction: UpdateSpotMarketCumulativeInterest")
            try updateInterest()
        case Ix.cancelOrders:
            log("Instruction: CancelOrders")
            let f = try arguments(&c) { (a: inout Args) -> CancelFilter in
                var f = CancelFilter()
                if a.flag() { f.marketType = a.int(UInt8.self) }
                if a.flag() { f.market = a.int(UInt16.self) }
                if a.flag() { f.direction = a.int(UInt8.self) }
                return f
            }
            try accounts(stats: false)
            try load(writable: nil)
            try cancelMany(f)
        default:
            try charge(4_500)
            throw .custom(101)
        }
    }

    mutating func fail(_ code: UInt32, account: StaticString? = nil) throws(Halt) -> Never {
        blamed = account
        throw .custom(code)
    }

    /// Borsh arguments; bytes left over are ignored, as the program does.
    private mutating func arguments<T>(_ c: inout Args, _ read: (inout Args) -> T) throws(Halt) -> T {
        let v = read(&c)
        if c.broken {
            try charge(4_700)
            throw .custom(102)
        }
        return v
    }

    /// State, User, (UserStats,) signer; afterwards `metas` holds only the remaining accounts.
    private mutating func accounts(stats: Bool) throws(Halt) {
        try charge(5_000)
        let n = stats ? 4 : 3
        if metas.count < n {
            try fail(3005, account: metas.count == 0 ? "state" : metas.count == 1 ? "user" : "authority")
        }
        let state = try owned(metas[0], Disc.state, L.state.size, "state")
        userAt = try owned(metas[1], Disc.user, L.user.size, "user")
        if stats { statsAt = try owned(metas[2], Disc.stats, L.stats.size, "user_stats") }
        let signer = metas[n - 1]
        if !signer.signer { try fail(3010, account: "authority") }
        if !metas[1].writable { try fail(2000, account: "user") }
        let d = user
        let delegate = d.key(L.user.delegate)
        if d.key(L.user.authority) != signer.key && (delegate.isZero || delegate != signer.key) {
            try fail(2003, account: "user")
        }
        if stats {
            if !metas[2].writable { try fail(2000, account: "user_stats") }
            if world.ledger.key(8, in: statsAt) != d.key(L.user.authority) {
                try fail(2003, account: "user_stats")
            }
        }
        // exchange_not_paused stops only when every bit is set; a fill is stopped by its own bit.
        let status = world.ledger.u8(L.state.exchangeStatus, in: state)
        if status == 255 || (stats && status & 8 != 0) { try fail(6024) }
        stateAt = state
        metas.removeFirst(n)
    }

    /// Anybody may: State, SpotMarket (written), its oracle, its vault. Rates are not modelled, the time is.
    private mutating func updateInterest() throws(Halt) {
        try charge(5_000)
        if metas.count < 4 { try fail(3005, account: "spot_market_vault") }
        _ = try owned(metas[0], Disc.state, L.state.size, "state")
        let market = try owned(metas[1], Disc.spot, L.spot.size, "spot_market")
        if !metas[1].writable { try fail(2000, account: "spot_market") }
        if world.ledger.key(L.spot.oracle, in: market) != metas[2].key { try fail(6035) }
        if world.ledger.key(L.spot.vault, in: market) != metas[3].key {
            try fail(2003, account: "spot_market_vault")
        }
        world.ledger.set(now, L.spot.lastInterestTs, in: market)
        try charge(9_000)
    }

    /// A fill of an account that borrows needs interest that is not old.
    mutating func requireFreshInterest() throws(Halt) {
        let U = L.user, d = user
        for k in 0..<8 {
            let p = U.spots + U.spotStride * k
            if d[p + 34] != 1 || d.u64(p) == 0 { continue }
            let index = d.u16(p + 32)
            for i in maps.spots where world.ledger.u16(L.spot.marketIndex, in: i) == index {
                let last = world.ledger.data(i).load(L.spot.lastInterestTs, as: Int64.self)
                if now - last > 3_600 { try fail(6371) }
            }
        }
    }

    private mutating func owned(_ m: Meta, _ disc: UInt64, _ size: Int,
                                _ name: StaticString) throws(Halt) -> Int {
        // An absent account is the system program's; only a boxed account (State) is told apart from a
        // foreign one.
        let absent: UInt32 = disc == Disc.state ? 3012 : 3007
        guard let i = world.ledger.index(of: m.key) else { try fail(absent, account: name) }
        let a = world.ledger.items[i]
        if a.owner == Known.system && a.lamports == 0 { try fail(absent, account: name) }
        if a.owner != L.program { try fail(3007, account: name) }
        if a.data.count < 8 { try fail(3001, account: name) }
        if a.data.u64(0) != disc { try fail(3002, account: name) }
        if a.data.count < size { try fail(3003, account: name) }
        return i
    }

    /// The three groups of remaining accounts: oracles, spot markets, perp markets; an account of another
    /// kind ends a group.
    mutating func load(writable: UInt16?) throws(Halt) {
        maps = Maps()
        var i = 0
        func known(_ disc: UInt64, _ size: Int) -> Int? {
            guard i < metas.count, let k = world.ledger.index(of: metas[i].key) else { return nil }
            let a = world.ledger.items[k]
            return a.owner == L.program && a.data.count >= size && a.data.u64(0) == disc ? k : nil
        }
        while let k = known(Disc.lazer, 48) {
            maps.oracles.append(k)
            i += 1
        }
        while let k = known(Disc.spot, L.spot.size) {
            if maps.spots.contains(k) { try fail(6088) }
            maps.spots.append(k)
            i += 1
        }
        while let k = known(Disc.perp, L.perp.size) {
            if maps.perps.contains(k) { try fail(6079) }
            if let w = writable, world.ledger.u16(L.perp.marketIndex, in: k) == w && !metas[i].writable {
                try fail(6081)
            }
            maps.perps.append(k)
            maps.writablePerps.append(metas[i].writable)
            i += 1
        }
        try charge(2_000)
    }
}

/// Borsh arguments, sticky on the first byte that is not there.
struct Args {
    private let d: [UInt8]
    private var at = 8
    private(set) var broken = false
    init(_ d: [UInt8]) { self.d = d }

    mutating func int<T: FixedWidthInteger>(_: T.Type) -> T {
        let n = MemoryLayout<T>.size
        guard !broken, n <= d.count - at else { broken = true; return 0 }
        at += n
        return d.load(at - n, as: T.self)
    }
    /// A bool or the tag of an Option: 0 or 1, anything else does not deserialise.
    mutating func flag() -> Bool {
        let b = int(UInt8.self)
        if b > 1 { broken = true }
        return b == 1
    }
    mutating func choice(_ below: UInt8) -> UInt8 {
        let b = int(UInt8.self)
        if b >= below { broken = true }
        return b
    }
}

struct OrderParams {
    var type: UInt8, marketType: UInt8, direction: UInt8, userId: UInt8
    var base: UInt64, price: UInt64, market: UInt16
    var reduceOnly: Bool, postOnly: UInt8, bitFlags: UInt8
    var maxTs: Int64?, triggerPrice: UInt64?, triggerCondition: UInt8
    var offset: Int64?, duration: UInt8?, auctionStart: Int64?, auctionEnd: Int64?
    var ioc: Bool { bitFlags & 1 != 0 }
    var isBuy: Bool { direction == 0 }

    /// `wide`: Velocity's form (offset i64, two builder fields at the end); Drift's has an i32 offset and
    /// ends with the auction.
    init(_ a: inout Args, wide: Bool) {
        type = a.choice(5)
        marketType = a.choice(2)
        direction = a.choice(2)
        userId = a.int(UInt8.self)
        base = a.int(UInt64.self)
        price = a.int(UInt64.self)
        market = a.int(UInt16.self)
        reduceOnly = a.flag()
        postOnly = a.choice(4)
        bitFlags = a.int(UInt8.self)
        if a.flag() { maxTs = a.int(Int64.self) }
        if a.flag() { triggerPrice = a.int(UInt64.self) }
        triggerCondition = a.choice(4)
        if a.flag() { offset = OrderParams.sane(wide ? a.int(Int64.self) : Int64(a.int(Int32.self))) }
        if a.flag() { duration = a.int(UInt8.self) }
        if a.flag() { auctionStart = OrderParams.sane(a.int(Int64.self)) }
        if a.flag() { auctionEnd = OrderParams.sane(a.int(Int64.self)) }
        if wide {
            if a.flag() { _ = a.int(UInt8.self) }
            if a.flag() { _ = a.int(UInt16.self) }
        }
    }

    /// Prices past 10^12 USD mean nothing and only overflow sums.
    private static func sane(_ v: Int64) -> Int64 { min(max(v, -(1 << 60)), 1 << 60) }
}

struct CancelFilter {
    var marketType: UInt8?, market: UInt16?, direction: UInt8?
}
