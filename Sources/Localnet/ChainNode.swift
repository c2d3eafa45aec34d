// A whole cluster of one node: accounts, time, what was sent, what is broken on purpose. A pure library: time
// moves only by `advance`, chance comes from the seed, nothing is read or written but the bytes given.
import EvenkeelCore
import Text

/// Recent blockhashes, newest last.
struct Hashes {
    private(set) var list: [(hash: Key, slot: UInt64, height: UInt64)] = []
    mutating func add(_ h: Key, slot: UInt64, height: UInt64) {
        if let last = list.last, last.hash == h { return }
        if list.count >= 1024 { list.removeFirst(512) }
        list.append((h, slot, height))
    }
    mutating func clear() { list.removeAll(keepingCapacity: true) }
    func height(of h: Key) -> UInt64? {
        var i = list.count
        while i > 0 {
            i -= 1
            if list[i].hash == h { return list[i].height }
        }
        return nil
    }
    /// The newest hash of a slot not after `slot`.
    func newest(upTo slot: UInt64) -> (hash: Key, slot: UInt64, height: UInt64) {
        var i = list.count
        while i > 1 {
            i -= 1
            if list[i].slot <= slot { return list[i] }
        }
        return list.first ?? (Key(), 0, 0)
    }
}

package final class ChainNode {
    var options: ChainOptions
    let layout: Layout
    var world = World()
    var at = Places()
    /// Token accounts of the perp markets after the first, where a simulation asked for them.
    var tokens: [Int] = []
    var authority: Key, delegate: Key, userKey: Key, statsKey: Key, stateKey: Key

    // Time and prices.
    var tracks: [Track] = []
    var midE9: Int64
    var pathAt = 0
    var lastFundingHour: Int64 = 0
    var priceRandom: Xoshiro256, keeperRandom: Xoshiro256, fundingRandom: Xoshiro256,
        disturbRandom: Xoshiro256
    var freshOracles = true
    var oracleLag: UInt64 = 0
    var hashes = Hashes()
    let hashSeed: UInt64
    var hashSalt: UInt64 = 0

    // What was sent.
    var records: [Record] = []
    var pending: [Pending] = []
    var landed: [Landed] = []
    var lastVerified: [UInt8] = []
    var counts = Counts()
    var encoded: [Encoded] = []
    var remembered = Remembered()
    var feeList = FeeList()
    var accountsRead = false           // by the request that is being answered

    // What a test or a person wants to see or break.
    var faults: [Fault] = []
    var healthBehind: UInt64 = 0
    var frozen: View?
    /// On a minority fork: what landed after this slot is not known; its blocks may be more.
    var forkedAt = UInt64.max
    var heightAhead: UInt64 = 0
    /// Of the node that answers now.
    var manners = NodeManners()
    var saved: View?
    var flap: Flap?
    var flapNow = false
    var events: [Event] = []
    var initialSpot: Int64 = 0
    /// Wall ms a slot, when a control request changed it; the transport obeys.
    package var tickMs: Int64?
    /// Wall time in ms, told by the transport; only for people (the log and the events).
    package var wallMs: Int64 = 0

    package init(_ o: ChainOptions) {
        _ = ek_crypto_init()
        var o = o
        if o.authority.isZero { o.authority = Genesis.seedKey(7) }
        if let first = o.prices.first {
            o.startUnix = first.tsMs / 1000
            o.priceE6 = first.priceE9 / 1000
        }
        options = o
        layout = o.velocity ? Layout.velocityTable : Layout.driftTable
        let L = layout
        authority = o.authority
        delegate = o.delegate
        userKey = Genesis.pda(L.program, "user", o.authority, o.subAccount)
        statsKey = Genesis.pda(L.program, "user_stats", o.authority)
        stateKey = Genesis.pda(L.program, L.stateSeed)
        midE9 = o.priceE6 * 1000
        priceRandom = Xoshiro256(seed: o.seed, stream: 1)
        keeperRandom = Xoshiro256(seed: o.seed, stream: 2)
        fundingRandom = Xoshiro256(seed: o.seed, stream: 3)
        disturbRandom = Xoshiro256(seed: o.seed, stream: 4)
        var salt = Xoshiro256(seed: o.seed, stream: 5)
        hashSeed = salt.next()
        hashSalt = o.hashSalt
        world.slot = o.slot
        world.tsMs = o.startUnix * 1000
        lastFundingHour = o.startUnix / 3600
        build()
    }

    private func build() {
        let L = layout, o = options, unix = o.startUnix
        let quote: Int64 = L.velocity ? 999_290 : 999_930
        tracks = [Track(priceE6: o.priceE6, volatility: o.volatilityPpmHour),
                  Track(priceE6: quote, volatility: 0)]
        tracks[1].confE8 = 199_857
        for kind in Genesis.perps.dropFirst() {
            tracks.append(Track(priceE6: kind.priceE6, volatility: o.volatilityPpmHour * 2 / 3))
        }

        func own(_ k: Key, _ d: [UInt8]) -> Int {
            world.ledger.put(Account(key: k, lamports: Genesis.rent(d.count), owner: L.program, data: d))
        }
        at.program = world.ledger.put(Account(key: L.program, lamports: 1_141_440,
                                              owner: Known.upgradeableLoader, executable: true,
                                              data: [UInt8](repeating: 0, count: 36)))
        at.clock = world.ledger.put(Account(key: Known.clock, lamports: 1_169_280, owner: Known.sysvarOwner,
                                            data: [UInt8](repeating: 0, count: 40)))
        at.state = own(stateKey, Genesis.state(L))
        var oracles = [L.solOracle, L.quoteOracle]
        for kind in Genesis.perps.dropFirst() { oracles.append(Genesis.oracleKey(kind.name)) }
        for k in oracles { at.oracles.append(own(k, Genesis.oracle())) }
        for i in 0..<Genesis.perps.count {
            let k = Genesis.pda(L.program, "perp_market", nil, UInt16(i)), t = i == 0 ? 0 : i + 1
            at.perps.append(own(k,
                                Genesis.perp(L, UInt16(i), key: k, oracle: oracles[t],
                                             priceE6: tracks[t].priceE6, unix: unix)))
        }
        for i in 0..<2 {
            let k = Genesis.pda(L.program, "spot_market", nil, UInt16(i))
            let mint = i == 1 ? Known.wrappedSol : L.velocity ? Known.usdtMint : Known.usdcMint
            at.spots.append(own(k,
                                Genesis.spot(L, UInt16(i), key: k, oracle: oracles[i == 0 ? 1 : 0], mint: mint,
                                                priceE6: tracks[i == 0 ? 1 : 0].priceE6, unix: unix,
                                                weights: i == 0 ? (10_000, 10_000, 10_000, 10_000)
                                                    : o.solWeights)))
        }
        at.user = own(userKey,
                      Genesis.user(L, authority: authority, delegate: delegate, sub: o.subAccount,
                                   slot: o.slot))
        at.stats = own(statsKey, Genesis.stats(L, authority: authority, unix: unix))
        func wallet(_ k: Key) -> Int {
            world.ledger.put(Account(key: k, lamports: o.walletLamports, owner: Known.system, data: []))
        }
        at.authority = wallet(authority)
        at.delegate = delegate.isZero ? at.authority : wallet(delegate)
        at.own = world.ledger.items.count

        moveClock()
        postOracles(age: 0)
        writeAverages()
        setDeposit(spot: 0, amount: o.quoteE6)
        setDeposit(spot: 1, amount: o.solE9)
        initialSpot = o.solE9
        setPerp(o.perpE9, entryPriceE6: o.entryPriceE6, quoteE6: nil)
        noteUser()
    }

    // MARK: the book as a person sets it

    /// The User's deposit (negative: borrow) in token units; `cumulative_deposits` follows.
    func setDeposit(spot m: Int, amount: Int64) {
        let S = layout.spot, U = layout.user
        let market = world.ledger.data(at.spots[m])
        let dec = Int(market.u32(S.decimals))
        let cum = market.i128(amount >= 0 ? S.cumDeposit : S.cumBorrow)
        var scaled = Int128(amount.magnitude)
        for _ in 0..<max(0, 19 - dec) { scaled *= 10 }
        // One scaled unit is a little more than a token unit: of the two neighbours take the one that reads
        // back as the amount.
        let above = cum > 0 && scaled % cum != 0 ? scaled / cum + 1 : 0
        scaled = cum > 0 ? scaled / cum : 0
        if amount < 0 { scaled += 1 } else if above > 0 {
            let exact = layout.tokenAmount(scaled: UInt64(clamping: above), borrow: false,
                                           market: market) == Int128(amount)
            if exact { scaled = above }
        }
        let o = U.spots + U.spotStride * m
        world.ledger.set(UInt64(clamping: scaled), o, in: at.user)
        world.ledger.set(amount, o + 24, in: at.user)
        world.ledger.set(UInt16(scaled != 0 ? m : 0), o + 32, in: at.user)
        world.ledger.set(byte: amount < 0 ? 1 : 0, o + 34, in: at.user)
    }

    /// The User's token amount of a spot market, borrows negative.
    func tokenAmount(spot m: Int) -> Int64 {
        let U = layout.user, d = world.ledger.data(at.user)
        for i in 0..<8 {
            let o = U.spots + U.spotStride * i
            let scaled = d.u64(o)
            guard d.u16(o + 32) == UInt16(m), i == 0 ? m == 0 : scaled != 0 else { continue }
            let borrow = d[o + 34] == 1
            let v = layout.tokenAmount(scaled: scaled, borrow: borrow, market: world.ledger.data(at.spots[m]))
            return clamp64(borrow ? -v : v)
        }
        return 0
    }

    /// The SOL-PERP position in the first slot, entered at `entryPriceE6` (0: the oracle price).
    func setPerp(_ base: Int64, entryPriceE6: Int64, quoteE6: Int64?) {
        let P = layout.perp, U = layout.user
        let market = world.ledger.data(at.perps[0])
        let price = entryPriceE6 > 0 ? entryPriceE6 : tracks[0].priceE6
        let entry = clamp64(floorDiv(-Int128(base) * Int128(price), 1_000_000_000))
        let cum = clamp64(market.i128(base < 0 ? P.cumShort : P.cumLong))
        world.ledger.set(base == 0 ? 0 : cum, U.perps, in: at.user)
        world.ledger.set(base, U.perps + 8, in: at.user)
        world.ledger.set(quoteE6 ?? entry, U.perps + 16, in: at.user)
        world.ledger.set(entry, U.perps + 24, in: at.user)
        world.ledger.set(entry, U.perps + 32, in: at.user)
        world.ledger.set(UInt16(0), U.perps + U.perpMarket, in: at.user)
    }

    /// A short line of who is who, as the transport prints it when it listens.
    package var authorityKey: Key { authority }
    package var delegateKey: Key { delegate }
    package var userAddress: Key { userKey }
    package var slot: UInt64 { world.slot }
    package var unixTs: Int64 { world.unixTs }
    package var oraclePriceE6: Int64 { tracks[0].priceE6 }
    package var spotBaseE9: Int64 { tokenAmount(spot: 1) }
    package var perpBaseE9: Int64 { world.ledger.i64(layout.user.perps + 8, in: at.user) }
}
