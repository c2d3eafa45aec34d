// Accounts and the values that change with them. A World is a value: a simulation runs on a copy and is
// thrown away, a transaction that fails leaves nothing behind but its fee.
import EvenkeelCore
import Text

struct Account {
    var key: Key
    var lamports: UInt64
    var owner: Key
    var executable = false
    var data: [UInt8]
}

struct Ledger {
    private(set) var keys: [Key] = []
    var items: [Account] = []

    func index(of k: Key) -> Int? {
        for i in 0..<keys.count where keys[i] == k { return i }
        return nil
    }

    @discardableResult
    mutating func put(_ a: Account) -> Int {
        if let i = index(of: a.key) {
            items[i] = a
            return i
        }
        keys.append(a.key)
        items.append(a)
        return items.count - 1
    }

    /// Adds lamports to an account, made when it is not there.
    mutating func setLamports(_ k: Key, _ v: UInt64) {
        if let i = index(of: k) { items[i].lamports = v } else {
            put(Account(key: k, lamports: v, owner: Known.system, data: []))
        }
    }
}

/// The bytes of one account. All of the chain's reads and writes of them come through here, out of line.
extension Ledger {
    @inline(never) func data(_ i: Int) -> [UInt8] { items[i].data }
    @inline(never) func u8(_ at: Int, in i: Int) -> UInt8 { items[i].data[at] }
    @inline(never) func u16(_ at: Int, in i: Int) -> UInt16 { items[i].data.u16(at) }
    @inline(never) func u64(_ at: Int, in i: Int) -> UInt64 { items[i].data.u64(at) }
    @inline(never) func i128(_ at: Int, in i: Int) -> Int128 { items[i].data.i128(at) }
    @inline(never) func key(_ at: Int, in i: Int) -> Key { items[i].data.key(at) }
    @inline(__always) func i64(_ at: Int, in i: Int) -> Int64 { Int64(bitPattern: u64(at, in: i)) }

    @inline(__always) mutating func set<T: FixedWidthInteger>(_ v: T, _ at: Int, in i: Int) {
        switch MemoryLayout<T>.size {
        case 1: set(byte: UInt8(truncatingIfNeeded: v), at, in: i)
        case 2: store(UInt16(truncatingIfNeeded: v), at, in: i)
        case 4: store(UInt32(truncatingIfNeeded: v), at, in: i)
        default: store(UInt64(truncatingIfNeeded: v), at, in: i)
        }
    }
    @inline(never) mutating func set(byte v: UInt8, _ at: Int, in i: Int) { items[i].data[at] = v }
    @inline(never) mutating func store(_ v: UInt16, _ at: Int, in i: Int) { items[i].data.store(v, at) }
    @inline(never) mutating func store(_ v: UInt32, _ at: Int, in i: Int) { items[i].data.store(v, at) }
    @inline(never) mutating func store(_ v: UInt64, _ at: Int, in i: Int) { items[i].data.store(v, at) }
    @inline(never) mutating func set128(_ v: Int128, _ at: Int, in i: Int) { items[i].data.set128(v, at) }
    @inline(never) mutating func set(_ k: Key, _ at: Int, in i: Int) { items[i].data.set(k, at) }
}

/// One filled piece of an order, for the summary and the tests.
struct Fill {
    var slot: UInt64, unixTs: Int64
    var market: UInt16, orderId: UInt32
    var base: Int64          // signed: buys positive
    var quote: Int64         // paid or received, without fee, unsigned
    var fee: Int64
    var keeper: Bool
}

/// A deposit (positive) or withdrawal of the book's spot that nobody asked for.
struct Disturbance {
    var slot: UInt64, unixTs: Int64
    var base: Int64
    var spotAfter: Int64
}

/// What the summary counts; never read by the program.
struct Tally {
    var fills: [Fill] = []
    var disturbances: [Disturbance] = []
    var feesPaid: Int64 = 0, keeperFees: Int64 = 0, funding: Int64 = 0
    var lamportFees: UInt64 = 0
    var transactions: UInt64 = 0, failed: UInt64 = 0
    var ordersPlaced: UInt64 = 0, ordersFilled: UInt64 = 0, ordersPartial: UInt64 = 0
    var ordersExpired: UInt64 = 0, ordersCancelled: UInt64 = 0

    /// Months of simulated time must not grow without bound: the oldest fills go first.
    mutating func add(_ f: Fill) {
        if fills.count >= 8192 { fills.removeFirst(4096) }
        fills.append(f)
        feesPaid += f.fee
    }
    mutating func add(_ d: Disturbance) {
        if disturbances.count >= 8192 { disturbances.removeFirst(4096) }
        disturbances.append(d)
    }
}

/// The model's liquidity: how much of the quote's depth has been taken lately (signed: net buys of takers).
struct Depth {
    var taken: Int64 = 0     // base_e9
}

struct World {
    var ledger = Ledger()
    var slot: UInt64 = 0
    // slots without a block since the start: block heights fall behind by them
    var skipped: UInt64 = 0
    var tsMs: Int64 = 0
    var depth = Depth()
    var tally = Tally()
    var unixTs: Int64 { tsMs / 1000 }
}

/// Indices of the accounts the chain made itself; accounts are only ever appended, so they hold for ever.
struct Places {
    var program = 0, clock = 0, state = 0, user = 0, stats = 0
    // oracles: SOL, quote, then the other perps'
    var perps: [Int] = [], spots: [Int] = [], oracles: [Int] = []
    var authority = 0, delegate = 0
    var own = 0                        // accounts below this index were made by genesis
}
