// The first block: State, markets, oracles, the book's User and the wallets, written field by field from the
// layout table.
import EvenkeelCore
import Text

/// What every perp market but SOL-PERP is made of; SOL-PERP's values are those of the market on chain in
/// August 2026.
struct PerpKind {
    let name: StaticString
    let priceE6: Int64, step: UInt64, tick: UInt64, tier: UInt8
}

package enum Genesis {
    static let perps: [PerpKind] = [
        PerpKind(name: "SOL-PERP", priceE6: 0, step: 10_000_000, tick: 1000, tier: 1),
        PerpKind(name: "BTC-PERP", priceE6: 64_250_000_000, step: 100_000, tick: 1_000_000, tier: 0),
        PerpKind(name: "ETH-PERP", priceE6: 1_890_000_000, step: 1_000_000, tick: 10_000, tier: 0),
        PerpKind(name: "HYPE-PERP", priceE6: 31_400_000, step: 10_000_000, tick: 1000, tier: 2),
    ]

    static func pda(_ program: Key, _ seed: StaticString, _ more: Key? = nil, _ index: UInt16? = nil) -> Key {
        var body: [UInt8] = []
        if let k = more { k.appendBytes(to: &body) }
        let keyLen = body.count
        if let i = index { body.append(UInt8(i & 255)); body.append(UInt8(i >> 8)) }
        var out = ek_key(), bump: UInt8 = 0, prog = program.ek
        let ok = body.withUnsafeBufferPointer { p -> ek_err in
            var seeds = [ek_seed(bytes: seed.utf8Start, len: UInt8(seed.utf8CodeUnitCount))]
            if keyLen > 0 { seeds.append(ek_seed(bytes: p.baseAddress, len: 32)) }
            if index != nil { seeds.append(ek_seed(bytes: p.baseAddress.map { $0 + keyLen }, len: 2)) }
            return ek_find_pda(seeds, UInt32(seeds.count), &prog, &out, &bump)
        }
        return ok == EK_OK ? Key(out) : Key()
    }

    /// The package key of the seed made of 32 bytes of `n`, as test tools name it: "seed:7".
    package static func seedKey(_ n: UInt8) -> Key {
        var pub = ek_key()
        var secret = [UInt8](repeating: 0, count: 64)
        ek_ed25519_from_seed([UInt8](repeating: n, count: 32), &pub, &secret)
        return Key(pub)
    }

    static func rent(_ bytes: Int) -> UInt64 { UInt64(128 + bytes) * 6960 }

    static func blank(_ size: Int, _ disc: UInt64) -> [UInt8] {
        var d = [UInt8](repeating: 0, count: size)
        d.set(disc, 0)
        return d
    }

    static func state(_ L: Layout) -> [UInt8] {
        let S = L.state
        var d = blank(S.size, Disc.state)
        d.set(pda(L.program, L.signerSeed), S.signer)
        for i in 0..<10 {
            let at = S.perpFees + 32 * i
            d.set(S.feeNumerators[i], at); d.set(S.feeDenominator, at + 4)
            d.set(S.makerRebate.0, at + 8); d.set(S.makerRebate.1, at + 12)
            d.set(UInt32(15), at + 16); d.set(UInt32(100), at + 20)
            d.set(UInt32(5), at + 24); d.set(UInt32(100), at + 28)
        }
        d.set(UInt64(10_000), S.flatFillerFee)
        let rails: [UInt64] = [100_000, 500_000, 10, 120, 20_000, 5]
        for (i, v) in rails.enumerated() { d.set(v, S.guardRails + 8 * i) }
        d.set(UInt32(200), S.liquidationBuffer)
        d.set(UInt16(perps.count), S.numberOfPerps)
        d.set(UInt16(2), S.numberOfSpots)
        d.set(byte: 5, S.minAuction)
        d.set(byte: 60, S.minAuction + 1)
        d.set(byte: 7, S.featureBits)
        return d
    }

    static func perp(_ L: Layout, _ i: UInt16, key: Key, oracle: Key, priceE6: Int64, unix: Int64) -> [UInt8] {
        let P = L.perp, kind = perps[Int(i)]
        var d = blank(L.velocity ? 1560 : P.size, Disc.perp)  // as long as on mainnet since September 2026
        d.set(key, 8)
        d.set(oracle, P.oracle)
        d.set(name: kind.name, P.name)
        d.set128(202_040_000_000, P.baseLong)
        d.set128(-236_170_000_000, P.baseShort)
        d.set128(-34_130_000_000, P.baseWithAmm)
        d.set128(1_717_114_083, P.quoteAmount)
        d.set128(1_336_721_568_944, P.pnlPool)  // the pool that profits are paid from
        d.set128(1_359_780_000_000, P.maxOpenInterest)
        d.set128(-2_337_636_903, P.cumLong)
        d.set128(-2_337_636_903, P.cumShort)
        d.set(unix / 3600 * 3600, P.lastFundingTs)
        d.set(Int64(3600), P.fundingPeriod)
        d.set(kind.step, P.stepSize)
        d.set(kind.tick, P.tickSize)
        d.set(kind.step, P.minOrderSize)
        d.set(UInt32(50), P.imf)
        d.set(UInt32(7500), P.liquidatorFee)
        d.set(UInt32(500), P.marginInitial)
        d.set(UInt32(300), P.marginMaintenance)
        d.set(UInt32(10_000), P.pnlWeightMaintenance)
        d.set(UInt32(21), P.usersWithBase)
        d.set(i, P.marketIndex)
        d.set(byte: 1, P.status)
        d.set(byte: kind.tier, P.tier)
        d.set(byte: 12, P.oracleSource)
        d.set(byte: 1, P.lastOracleValid)
        d.set(byte: 0xFF, P.slotDelayOverride)
        d.set128(85_829_141_300_233, P.baseReserve)
        d.set128(85_761_716_700_339, P.quoteReserve)
        d.set128(85_795_422_376_861, P.sqrtK)
        d.set128(Int128(priceE6), P.peg)
        d.set(UInt32(100), P.longSpread)
        d.set(UInt32(1738), P.shortSpread)
        d.set(UInt64(6_226_338_865), P.volume24h)
        for at in [P.markTwap, P.markTwap5, P.lastOraclePrice, P.lastOraclePrice + 24, P.lastOraclePrice + 32,
                   P.mmPrice, P.lastFundingOracleTwap, P.lastFillPrice, P.bidTwap, P.askTwap] { d.set(priceE6, at) }
        for at in [P.markTwapTs, P.lastOraclePrice + 40, P.lastTradeTs] { d.set(unix, at) }
        d.set(UInt64(priceE6) * 23 / 10_000, P.markStd)
        d.set(UInt64(priceE6) * 23 / 10_000, P.oracleStd)
        return d
    }

    static func spot(_ L: Layout, _ i: UInt16, key: Key, oracle: Key, mint: Key, priceE6: Int64, unix: Int64,
                     weights: (UInt32, UInt32, UInt32, UInt32)) -> [UInt8] {
        let S = L.spot
        var d = blank(L.velocity ? 1064 : S.size, Disc.spot)
        d.set(key, 8)
        d.set(oracle, S.oracle)
        d.set(mint, S.mint)
        d.set(pda(L.program, "spot_market_vault", nil, i), S.vault)
        d.set(name: i == 0 ? L.quoteName : "SOL", S.name)
        d.set(pda(L.program, "insurance_fund_vault", nil, i), S.insuranceFund)
        d.set128(i == 0 ? 328_452_402_723_439 : 10_000_000_000_000, S.depositBalance)
        d.set128(i == 0 ? 2_132_186_587 : 500_000_000_000, S.borrowBalance)
        d.set128(i == 0 ? 10_000_000_526 : 10_003_000_000, S.cumDeposit)
        d.set128(i == 0 ? 10_004_891_168 : 10_007_500_000, S.cumBorrow)
        for at in [0, 24, 32] { d.set(priceE6, S.lastOraclePrice + at) }
        d.set(unix, S.lastOraclePrice + 40)
        d.set(UInt64(9_500_000_000), S.guardThreshold)
        d.set(unix, S.lastInterestTs)
        for k in 0..<3 { d.set(UInt64(1), S.stepSize + 8 * k) }
        for (k, w) in [weights.0, weights.1, weights.2, weights.3].enumerated() { d.set(w, S.weights + 4 * k) }
        d.set(UInt32(800_000), S.optimalUtilization)
        d.set(UInt32(52_500), S.optimalUtilization + 4)
        d.set(UInt32(900_000), S.optimalUtilization + 8)
        d.set(UInt32(i == 0 ? 6 : 9), S.decimals)
        d.set(i, S.marketIndex)
        d.set(byte: i == 0 ? 15 : 12, S.oracleSource)
        d.set(byte: 1, S.status)
        return d
    }

    static func user(_ L: Layout, authority: Key, delegate: Key, sub: UInt16, slot: UInt64) -> [UInt8] {
        let U = L.user
        var d = blank(U.size, Disc.user)
        d.set(authority, U.authority)
        d.set(delegate, U.delegate)
        d.set(name: "evenkeel", U.name)
        d.set(slot, U.lastActiveSlot)
        d.set(UInt32(1), U.nextOrderId)
        d.set(UInt16(1), U.nextOrderId + 8)
        d.set(sub, U.subAccount)
        return d
    }

    static func stats(_ L: Layout, authority: Key, unix: Int64) -> [UInt8] {
        var d = blank(L.stats.size, Disc.stats)
        d.set(authority, 8)
        for k in 0..<3 { d.set(unix, L.stats.stamps + 8 * k) }
        d.set(UInt16(1), L.stats.subAccounts)
        d.set(UInt16(1), L.stats.subAccounts + 2)
        return d
    }

    static func oracle() -> [UInt8] {
        var d = blank(48, Disc.lazer)
        d.set(Int32(-8), 32)
        return d
    }

    /// An address for an oracle that the sheets do not name: the hash of its market's name.
    static func oracleKey(_ name: StaticString) -> Key {
        var out = [UInt8](repeating: 0, count: 32)
        ek_sha256(name.utf8Start, name.utf8CodeUnitCount, &out)
        return out.key(0)
    }
}

extension Key {
    func appendBytes(to out: inout [UInt8]) {
        var k = ek
        withUnsafeBytes(of: &k) { out.append(contentsOf: $0) }
    }
}
