// The truth to judge by: the book and the venue as they are.

/// The book and the venue as they are, read with the chain's own layout and not with the agent's.
package struct Truth {
    package var slot: UInt64 = 0, unix_s: Int64 = 0
    package var perp_e9: Int64 = 0, spot_e9: Int64 = 0, quote_e6: Int64 = 0, perpQuote_e6: Int64 = 0
    package var wallet: UInt64 = 0, payer: UInt64 = 0
    package var exchange: UInt8 = 0, market: UInt8 = 0, marketPaused: UInt8 = 0, userStatus: UInt8 = 0
    package var reduceOnlyMarket = false
    package var price_e6: Int64 = 0, twap5_e6: Int64 = 0, conf_e6: Int64 = 0
    /// Chain time at which the 5-minute average was written.
    package var twap5At_s: Int64 = 0
    package var oracleAge: UInt64 = 0
    package var step_e9: UInt64 = 0, minOrder_e9: UInt64 = 0, tick_e6: Int64 = 0
    /// What the venue itself allows a price's confidence to be, in ppm of the price; 0: it names no limit.
    package var confLimit_ppm: UInt64 = 0
    package var nextOrderId: UInt32 = 0
    package var delegateHolds = false
    package var openOrders: UInt8 = 0
    /// The perp markets after the first, as many as the node was told to look at.
    package var others: [MarketTruth] = []
    package init() {}

    /// The same book with another market's position, spot and prices in place of the first one's. The wallet
    /// is the first one's.
    package func of(_ m: Int) -> Truth {
        guard m > 0 && m <= others.count else { return self }
        var t = self
        let o = others[m - 1]
        t.perp_e9 = o.perp_e9; t.perpQuote_e6 = o.perpQuote_e6; t.spot_e9 = o.spot_e9; t.wallet = 0
        t.market = o.market; t.marketPaused = o.marketPaused; t.reduceOnlyMarket = o.reduceOnlyMarket
        t.twap5At_s = o.twap5At_s
        t.price_e6 = o.price_e6; t.twap5_e6 = o.twap5_e6; t.conf_e6 = o.conf_e6; t.oracleAge = o.oracleAge
        t.step_e9 = o.step_e9; t.minOrder_e9 = o.minOrder_e9; t.tick_e6 = o.tick_e6
        return t
    }
}

/// What is of one market in a Truth; the spot is the authority's token of the market's stand-in mint.
package struct MarketTruth {
    package var perp_e9: Int64 = 0, perpQuote_e6: Int64 = 0, spot_e9: Int64 = 0
    package var market: UInt8 = 0, marketPaused: UInt8 = 0, reduceOnlyMarket = false
    package var price_e6: Int64 = 0, twap5_e6: Int64 = 0, conf_e6: Int64 = 0
    /// Chain time at which the 5-minute average was written.
    package var twap5At_s: Int64 = 0
    package var oracleAge: UInt64 = 0
    package var step_e9: UInt64 = 0, minOrder_e9: UInt64 = 0, tick_e6: Int64 = 0
}

extension ChainNode {
    package func truth(_ r: Replica? = nil) -> Truth {
        let w = r?.world ?? world
        let U = layout.user, P = layout.perp
        var t = Truth()
        t.slot = w.slot
        t.unix_s = w.unixTs
        w.ledger.items[at.user].data.withUnsafeBytes { d in
            t.perp_e9 = d.loadUnaligned(fromByteOffset: U.perps + 8, as: Int64.self)
            t.perpQuote_e6 = d.loadUnaligned(fromByteOffset: U.perps + 16, as: Int64.self)
            t.nextOrderId = d.loadUnaligned(fromByteOffset: U.nextOrderId, as: UInt32.self)
            t.userStatus = d[U.status]
            t.openOrders = d[U.openOrders]
        }
        let user = w.ledger.data(at.user)
        t.delegateHolds = user.key(U.delegate) == w.ledger.items[at.delegate].key
        for m in 0..<2 {
            let o = U.spots + U.spotStride * m, borrow = user[o + 34] == 1
            let v = clamp64(layout.tokenAmount(scaled: user.u64(o), borrow: borrow,
                                               market: w.ledger.data(at.spots[m])))
            if m == 0 { t.quote_e6 = borrow ? -v : v } else { t.spot_e9 = borrow ? -v : v }
        }
        t.wallet = w.ledger.items[at.authority].lamports
        t.payer = w.ledger.items[at.delegate].lamports
        t.exchange = w.ledger.u8(layout.state.exchangeStatus, in: at.state)
        let m = w.ledger.data(at.perps[0])
        t.market = m[P.status]
        t.reduceOnlyMarket = t.market == layout.statusReduceOnly
        t.marketPaused = m[P.paused]
        t.twap5_e6 = m.i64(P.lastOraclePrice + 32)
        t.twap5At_s = m.i64(P.lastOraclePrice + 40)
        t.step_e9 = m.u64(P.stepSize)
        t.minOrder_e9 = m.u64(P.minOrderSize)
        t.tick_e6 = m.i64(P.tickSize)
        t.confLimit_ppm = w.ledger.u64(layout.state.guardRails + 32, in: at.state)
        let o = OracleView(w.ledger.data(at.oracles[0]), source: m[P.oracleSource])
        t.price_e6 = o.priceE6
        t.conf_e6 = o.confE6
        t.oracleAge = w.slot > o.posted ? w.slot - o.posted : 0
        if !tokens.isEmpty { addOthers(&t, w) }
        return t
    }

    private func addOthers(_ t: inout Truth, _ w: World) {
        let U = layout.user, P = layout.perp
        let user = w.ledger.data(at.user)
        func held(_ m: UInt16) -> (Int64, Int64) {
            guard let k = layout.positionIndex(user, market: m) else { return (0, 0) }
            let o = U.perps + U.perpStride * k
            return (user.i64(o + 8), user.i64(o + 16))
        }
        (t.perp_e9, t.perpQuote_e6) = held(0)
        for (i, account) in tokens.enumerated() {
            let d = w.ledger.data(at.perps[i + 1])
            let o = OracleView(w.ledger.data(at.oracles[i + 2]), source: d[P.oracleSource])
            var x = MarketTruth()
            (x.perp_e9, x.perpQuote_e6) = held(UInt16(i + 1))
            x.spot_e9 = w.ledger.i64(64, in: account)
            x.market = d[P.status]
            x.reduceOnlyMarket = x.market == layout.statusReduceOnly
            x.marketPaused = d[P.paused]
            x.twap5_e6 = d.i64(P.lastOraclePrice + 32)
            x.twap5At_s = d.i64(P.lastOraclePrice + 40)
            x.step_e9 = d.u64(P.stepSize)
            x.minOrder_e9 = d.u64(P.minOrderSize)
            x.tick_e6 = d.i64(P.tickSize)
            x.price_e6 = o.priceE6
            x.conf_e6 = o.confE6
            x.oracleAge = w.slot > o.posted ? w.slot - o.posted : 0
            t.others.append(x)
        }
    }
}
