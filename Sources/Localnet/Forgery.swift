// Books that never were. A node that lies does so consistently: the world it answers from is changed as a
// whole, and everything it says (accounts, simulations, blockhash, slot, time) is computed from that world.
// And torn reads: accounts of one answer that stood in two slots.
import EvenkeelCore
import Text

/// What a forged world differs in. All of it stays the same for as long as the lie lasts; the rest follows
/// the truth.
package struct Forgery {
    package var spotBy_e9: Int64 = 0, walletBy: Int64 = 0, perpBy_e9: Int64 = 0
    package var pricePpm: Int64 = 0
    /// Slots ahead of what the node really knows, or behind.
    package var slotBy: Int64 = 0
    package var exchange: UInt8? = nil
    /// The User as it was then: nothing that happened since is shown.
    package var userOf: Replica? = nil

    package init() {}
}

extension ChainNode {
    /// The world of `base` (nil: of now) with the forgery in it.
    package func forged(_ base: Replica?, _ f: Forgery) -> Replica {
        let real = world
        defer { world = real }
        if let b = base { world = b.world }
        if let old = f.userOf { world.ledger.items[at.user] = old.world.ledger.items[at.user] }
        if f.spotBy_e9 != 0 {
            setDeposit(spot: 1, amount: clamp64(Int128(tokenAmount(spot: 1)) + Int128(f.spotBy_e9)))
        }
        if f.walletBy != 0 {
            let have = Int64(clamping: world.ledger.items[at.authority].lamports)
            world.ledger.items[at.authority].lamports = UInt64(max(1, have + f.walletBy))
        }
        if f.perpBy_e9 != 0 { forgePosition(by: f.perpBy_e9) }
        if f.pricePpm != 0 { forgePrice(ppm: f.pricePpm) }
        if let e = f.exchange { setExchange(e) }
        if f.slotBy != 0 { shiftSlot(f.slotBy) }
        return Replica(world: world)
    }

    private func forgePosition(by base: Int64) {
        guard let k = layout.positionIndex(world.ledger.data(at.user), market: 0) else { return }
        let o = layout.user.perps + layout.user.perpStride * k
        let value = mulDiv(base, tracks[0].priceE6, 1_000_000_000)
        world.ledger.set(world.ledger.i64(o + 8, in: at.user) &+ base, o + 8, in: at.user)
        for quote in [16, 24, 32] {
            world.ledger.set(world.ledger.i64(o + quote, in: at.user) &- value, o + quote, in: at.user)
        }
    }

    /// The first oracle and the averages that are compared with it.
    private func forgePrice(ppm: Int64) {
        let o = at.oracles[0], m = at.perps[0]
        func scale(_ i: Int, _ offset: Int) {
            let v = world.ledger.i64(offset, in: i)
            world.ledger.set(v &+ mulDiv(v, ppm, 1_000_000), offset, in: i)
        }
        scale(o, 8)
        for average in [0, 24, 32] { scale(m, layout.perp.lastOraclePrice + average) }
        for average in [0, 24, 32] { scale(at.spots[1], layout.spot.lastOraclePrice + average) }
    }

    /// Slot, Clock and what is stamped with a slot move together.
    private func shiftSlot(_ by: Int64) {
        func moved(_ v: UInt64) -> UInt64 { UInt64(max(0, Int64(clamping: v) + by)) }
        world.slot = moved(world.slot)
        world.tsMs += by * options.slotMs
        writeClock()
        for o in at.oracles { world.ledger.set(moved(world.ledger.u64(24, in: o)), 24, in: o) }
        let mm = layout.perp.mmSlot
        for p in at.perps { world.ledger.set(moved(world.ledger.u64(mm, in: p)), mm, in: p) }
    }

    /// What the world would be if the transaction of this sendTransaction had landed in it, and its
    /// signature. nil: it is no transaction, or fails there.
    package func foreseen(_ send: [UInt8], on base: Replica?) -> (replica: Replica, signature: [UInt8])? {
        guard let t = transaction(of: send) else { return nil }
        let real = world
        defer { world = real }
        if let b = base { world = b.world }
        let o = run(t)
        return o.error == nil ? (Replica(world: o.world), t.firstSignature) : nil
    }

    // MARK: torn reads

    /// One answer out of two slots: the User of `old` in the world of `base`, or the User of `base` in what
    /// else stood in `old` (the wallets; the slot stays the newer one).
    package func torn(_ base: Replica?, _ old: Replica, oldUser: Bool) -> Replica {
        var w = base?.world ?? world
        if oldUser {
            w.ledger.items[at.user] = old.world.ledger.items[at.user]
        } else {
            for i in [at.authority] + tokens { w.ledger.items[i] = old.world.ledger.items[i] }
        }
        return Replica(world: w)
    }

    /// The owner moves SOL between wallet and venue: the book as a whole stays what it is.
    package func moveInside(_ base_e9: Int64) {
        let have = Int64(clamping: world.ledger.items[at.authority].lamports)
        guard base_e9 < have else { return }
        world.ledger.items[at.authority].lamports = UInt64(have - base_e9)
        setDeposit(spot: 1, amount: clamp64(Int128(tokenAmount(spot: 1)) + Int128(base_e9)))
        noteUser()
    }
}
