// settle_pnl: a position's profit (or loss) at the oracle's price moves into the quote deposit, as far as the
// market's pool can pay. Tried on the program of August 2026 (docs/venues.md).
import Text

extension Execution {
    mutating func settlePnl(_ index: UInt16) throws(Halt) {
        if world.ledger.u8(L.state.exchangeStatus, in: stateAt) & 64 != 0 { try fail(6024) }
        if metas.isEmpty { try fail(3005, account: "spot_market_vault") }
        let vault = metas.removeFirst()
        let quoteWritten = metas.contains { isQuoteMarket($0.key) && $0.writable }
        try load(writable: index)
        if !quoteWritten { try fail(6090) }
        try charge(20_000)
        let perp = maps.perps[try perpMarket(index)], m = world.ledger.data(perp), P = L.perp
        guard let quote = maps.spots.first(where: { world.ledger.u16(L.spot.marketIndex, in: $0) == 0 })
        else { try fail(6087) }
        if world.ledger.key(L.spot.vault, in: quote) != vault.key {
            try fail(2003, account: "spot_market_vault")
        }
        guard let k = L.positionIndex(user, market: index) else { try fail(6010) }
        settleFunding(k, perp: perp)
        let paused = m[P.paused] & 24 != 0 || m[P.status] != 1
        if paused { try fail(6158) }
        let price = try oracle(m.key(P.oracle), source: m[P.oracleSource]).priceE6
        var p = L.position(user, k)
        let worth = mulDiv(p.base, price, 1_000_000_000)
        let pnl = clamp64(Int128(worth) + Int128(p.quote))
        let index64 = world.ledger.data(quote).i128(L.spot.cumDeposit)
        let pool = m.i128(P.pnlPool) * index64 / 10_000_000_000_000
        let paid = pnl > 0 ? min(pnl, clamp64(pool)) : pnl
        if paid == 0 {
            log("User has no unsettled pnl for market \(index)")
            try fail(6259)
        }
        L.pay(Int128(paid), market: world.ledger.data(quote), into: &world.ledger.items[userAt].data)
        let change = Int128(paid) * 10_000_000_000_000 / max(1, index64)
        world.ledger.set128(max(0, m.i128(P.pnlPool) - change), P.pnlPool, in: perp)
        p.quote -= paid
        p.settled += paid
        L.put(p, k, into: &world.ledger.items[userAt].data)
        let total = user.i64(L.user.totals + 24) + paid
        world.ledger.set(total, L.user.totals + 24, in: userAt)
        try charge(14_000)
        if !(try margin(initial: false)).ok && paid < 0 { try fail(6003) }
    }

    private func isQuoteMarket(_ key: Key) -> Bool {
        guard let i = world.ledger.index(of: key) else { return false }
        return world.ledger.data(i).count >= L.spot.size && world.ledger.data(i).u64(0) == Disc.spot
            && world.ledger.u16(L.spot.marketIndex, in: i) == 0
    }
}

extension Layout {
    /// Into the quote deposit, which stands in slot 0: what is owed is paid first.
    func pay(_ amount: Int128, market m: [UInt8], into d: inout [UInt8]) {
        let o = user.spots
        var unit: Int128 = 1
        for _ in 0..<max(0, 19 - Int(m.u32(spot.decimals))) { unit *= 10 }
        let owed = d[o + 34] == 1 && d.u64(o) != 0
        let held = tokenAmount(scaled: d.u64(o), borrow: owed, market: m)
        let after = (owed ? -held : held) + amount
        if !owed && after >= 0 {
            let index = max(1, m.i128(spot.cumDeposit))
            let change = Int128(amount.magnitude) * unit / index
            d.set(UInt64(clamping: Int128(d.u64(o)) + (amount < 0 ? -change : change)), o)
        } else {
            let owes = after < 0, index = max(1, m.i128(owes ? spot.cumBorrow : spot.cumDeposit))
            let size = Int128(after.magnitude) * unit
            d.set(UInt64(clamping: owes ? ceilDiv(size, index) : size / index), o)
            d.set(byte: owes ? 1 : 0, o + 34)
        }
    }
}
