// Time: clock, blockhashes, the price path, oracles and their averages, hourly funding.
import EvenkeelCore
import Text

/// The price of one oracle and the averages the program keeps of it, in 1e-9 USD so that slow averages do not
/// stick.
struct Track {
    var priceE9: Int64
    var twapE9: Int64, twap5E9: Int64
    var confE8: Int64            // 1e-8 USD, as the oracle account holds it
    var volatilityPpmHour: Int64
    init(priceE6: Int64, volatility: Int64) {
        priceE9 = priceE6 * 1000
        twapE9 = priceE9
        twap5E9 = priceE9
        confE8 = priceE6 * 100 / 5000
        volatilityPpmHour = volatility
    }
    var priceE6: Int64 { priceE9 / 1000 }

    /// One slot of a geometric walk. A slot's deviation in parts per billion is the hour's divided by
    /// sqrt(slots an hour).
    mutating func walk(_ rng: inout Xoshiro256, slotMs: Int64, slots n: UInt64) {
        guard volatilityPpmHour > 0 else { return }
        let slots = max(1, 3_600_000 / max(1, slotMs))
        let one = volatilityPpmHour * 1000 / isqrt(slots)
        let sd = n <= 1 ? one : one * isqrt(Int64(clamping: min(n, 1_000_000)) * 1_000_000) / 1000
        priceE9 = min(max(priceE9 + mulDiv(priceE9, rng.normal(sd: sd), 1_000_000_000), 1_000_000), 1 << 52)
    }

    mutating func average(ms: Int64) {
        twapE9 += mulDiv(priceE9 - twapE9, min(ms, 3_600_000), 3_600_000)
        twap5E9 += mulDiv(priceE9 - twap5E9, min(ms, 300_000), 300_000)
    }
}

func isqrt(_ v: Int64) -> Int64 {
    guard v > 0 else { return 0 }
    // The first guess is a power of two that is not below the root.
    var x = Int64(1) << Int64((65 - v.leadingZeroBitCount) / 2), y = (x + v / x) / 2
    while y < x {
        x = y
        y = (x + v / x) / 2
    }
    return x
}

extension ChainNode {
    /// Moves time by whole slots of the chain's length.
    package func advance(slots: Int) {
        guard slots > 0 else { return }
        for _ in 0..<slots { step(1, ms: options.slotMs) }
    }

    /// The same time in one step: prices walk as far as in as many slots, orders are looked at once, only the
    /// last slot has a blockhash. For a simulator that has nothing in flight: a tenth of a microsecond a slot
    /// instead of two.
    package func jump(slots: Int) {
        guard slots > 0 else { return }
        step(UInt64(slots), ms: options.slotMs * Int64(slots))
    }

    /// One jump of `slots` and `ms`; everything that happens on the way happens at its end.
    func step(_ slots: UInt64, ms: Int64) {
        world.slot += slots
        world.tsMs += ms
        moveClock()
        if !options.hold { movePrices(slots: slots, ms: ms) }
        if freshOracles { postOracles(age: oracleLag) }
        if !options.hold { writeAverages() }
        world.depth.taken = world.depth.taken - world.depth.taken / 150 * Int64(clamping: min(slots, 150))
        if world.unixTs / 3600 != lastFundingHour && !options.hold { crankFunding() }
        landDue()
        keepers(slots)
        disturb(ms: ms)
        noteUser()
    }

    func moveClock() {
        writeClock()
        let slot = world.slot
        // Any 32 bytes that no other slot, seed or restart has.
        var mix = Xoshiro256(seed: hashSeed ^ slot &* 0x9E37_79B9_7F4A_7C15, stream: hashSalt)
        var hash = Key()
        hash.a = mix.next()
        hash.b = mix.next()
        hash.c = mix.next()
        hash.d = mix.next()
        hashes.add(hash, slot: slot, height: height(slot))
    }

    func writeClock() {
        let slot = world.slot
        let unixTs = world.unixTs
        world.ledger.items[at.clock].data.withUnsafeMutableBytes { p in
            p.storeBytes(of: slot, toByteOffset: 0, as: UInt64.self)
            p.storeBytes(of: slot / 432_000, toByteOffset: 16, as: UInt64.self)
            p.storeBytes(of: slot / 432_000 + 1, toByteOffset: 24, as: UInt64.self)
            p.storeBytes(of: unixTs, toByteOffset: 32, as: Int64.self)
        }
    }

    private func movePrices(slots: UInt64, ms: Int64) {
        var pinned = false
        if let p = pathPrice() {
            tracks[0].priceE9 = p
            pinned = true
        }
        for i in tracks.indices {
            if !(i == 0 && pinned) { tracks[i].walk(&priceRandom, slotMs: options.slotMs, slots: slots) }
            tracks[i].average(ms: ms)
        }
        // The vAMM's own price follows the oracle, at most 0.1 % a slot: far jumps are not filled at once.
        let far = tracks[0].priceE9 - midE9
        let limit = midE9 / 1000 * Int64(clamping: max(1, min(slots, 1000)))
        midE9 += min(max(far, -limit), limit)
    }

    /// The CSV's price now, while the CSV lasts.
    private func pathPrice() -> Int64? {
        let p = options.prices
        guard p.count > 1, world.tsMs >= p[0].tsMs, pathAt < p.count else { return nil }
        if world.tsMs > p[p.count - 1].tsMs {
            pathAt = p.count          // over: its last price, and the walk goes on from there
            return p[p.count - 1].priceE9
        }
        while pathAt + 2 < p.count && p[pathAt + 1].tsMs <= world.tsMs { pathAt += 1 }
        let a = p[pathAt], b = p[pathAt + 1]
        guard b.tsMs > a.tsMs else { return b.priceE9 }
        return a.priceE9 + mulDiv(b.priceE9 - a.priceE9, world.tsMs - a.tsMs, b.tsMs - a.tsMs)
    }

    /// Every oracle posted `age` slots ago at the price of now.
    func postOracles(age: UInt64) {
        for i in tracks.indices { postOracle(i, age: age, publishAgeMs: nil) }
    }

    func postOracle(_ i: Int, age: UInt64, publishAgeMs: Int64?) {
        let t = tracks[i]
        let published = world.tsMs - (publishAgeMs ?? Int64(clamping: age) * options.slotMs)
        let posted = world.slot - min(age, world.slot)
        world.ledger.items[at.oracles[i]].data.withUnsafeMutableBytes { p in
            p.storeBytes(of: t.priceE9 / 10, toByteOffset: 8, as: Int64.self)
            p.storeBytes(of: UInt64(max(0, published)) * 1000, toByteOffset: 16, as: UInt64.self)
            p.storeBytes(of: posted, toByteOffset: 24, as: UInt64.self)
            p.storeBytes(of: UInt64(max(0, t.confE8)), toByteOffset: 40, as: UInt64.self)
        }
    }

    /// The averages and last prices inside the market accounts, as the program's cranks would leave them.
    func writeAverages() {
        let P = layout.perp, S = layout.spot, unix = world.unixTs, slot = world.slot
        for (m, i) in at.perps.enumerated() {
            let t = tracks[m == 0 ? 0 : m + 1]
            let fresh = freshOracles && oracleLag == 0
            let price = t.priceE6, mid = m == 0 ? midE9 / 1000 : price
            let half = mulDiv(mid, options.spreadPpm, 1_000_000)
            world.ledger.items[i].data.withUnsafeMutableBytes { p in
                func put(_ v: Int64, _ o: Int) { p.storeBytes(of: v, toByteOffset: o, as: Int64.self) }
                put(price, P.lastOraclePrice)
                put(t.confE8 / 100, P.lastOraclePrice + 8)
                put(t.twapE9 / 1000, P.lastOraclePrice + 24)
                put(t.twap5E9 / 1000, P.lastOraclePrice + 32)
                put(unix, P.lastOraclePrice + 40)
                put(t.twapE9 / 1000, P.markTwap)
                put(t.twap5E9 / 1000, P.markTwap5)
                put(unix, P.markTwapTs)
                put(t.twapE9 / 1000 - half, P.bidTwap)
                put(t.twapE9 / 1000 + half, P.askTwap)
                if fresh {
                    put(mid, P.mmPrice)
                    put(Int64(clamping: slot), P.mmSlot)
                }
            }
        }
        for (m, i) in at.spots.enumerated() {
            let t = tracks[m == 0 ? 1 : 0]
            world.ledger.items[i].data.withUnsafeMutableBytes { p in
                func put(_ v: Int64, _ o: Int) { p.storeBytes(of: v, toByteOffset: o, as: Int64.self) }
                put(t.priceE6, S.lastOraclePrice)
                put(t.confE8 / 100, S.lastOraclePrice + 8)
                put(t.twapE9 / 1000, S.lastOraclePrice + 24)
                put(t.twap5E9 / 1000, S.lastOraclePrice + 32)
                put(unix, S.lastOraclePrice + 40)
            }
        }
    }

    /// On the hour: a rate near the mean, noisy like the real one, added to both cumulative rates (1e9, quote
    /// per base).
    private func crankFunding() {
        let hours = min(world.unixTs / 3600 - lastFundingHour, 10_000)
        lastFundingHour = world.unixTs / 3600
        guard hours > 0 else { return }
        let P = layout.perp
        for (m, i) in at.perps.enumerated() {
            let twap = tracks[m == 0 ? 0 : m + 1].twapE9
            let mean = mulDiv(twap, options.fundingPpmYear, 8_760 * 1_000_000)
            let rate = options.fundingPpmYear == 0 ? 0 : mean + fundingRandom.normal(sd: abs(mean) + 1)
            addFunding(rate * hours, rate: rate, perp: i)
            world.ledger.set(twap / 1000, P.lastFundingOracleTwap, in: i)
        }
    }

    func addFunding(_ total: Int64, rate: Int64, perp i: Int) {
        let P = layout.perp
        for o in [P.cumLong, P.cumShort] {
            let v = world.ledger.i128(o, in: i)
            world.ledger.set128(v + Int128(total), o, in: i)
        }
        for k in 0..<3 { world.ledger.set(rate, P.lastFundingRate + 8 * k, in: i) }
        world.ledger.set(rate, P.funding24h, in: i)
        world.ledger.set(world.unixTs, P.lastFundingTs, in: i)
    }
}
