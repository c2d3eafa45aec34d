// What the chain shows of itself: the decoded book, the log of transactions, events, raw accounts, the summary.
import EvenkeelCore
import Text

extension ChainNode {
    func putState(_ j: inout Json) {
        let d = world.ledger.data(at.oracles[0])
        j.open()
        j.int("slot", world.slot)
        j.int("ts", world.unixTs)
        j.string("authority", key: authority.ek)
        j.string("delegate", key: delegate.ek)
        j.int("sub_account_id", options.subAccount)
        j.string("user", key: userKey.ek)
        j.string("user_stats", key: statsKey.ek)
        j.string("state", key: stateKey.ek)
        j.string("program", key: layout.program.ek)
        j.string("venue", layout.velocity ? "velocity" : "drift")
        j.string("perp_market", key: world.ledger.items[at.perps[0]].key.ek)
        j.string("spot_market_usdt", key: world.ledger.items[at.spots[0]].key.ek)
        j.string("spot_market_sol", key: world.ledger.items[at.spots[1]].key.ek)
        j.string("oracle_sol", key: world.ledger.items[at.oracles[0]].key.ek)
        j.string("oracle_usdt", key: world.ledger.items[at.oracles[1]].key.ek)
        j.int("sol_price_1e6", OracleView(d, source: 12).priceE6)
        j.int("oracle_posted_slot", d.u64(24))
        j.int("pending", pending.count)
        j.openList("faults")
        for f in faults where f.n > 0 { put(fault: f, &j) }
        j.closeList()
        var called: Text = "{"
        for (i, c) in counts.list.enumerated() { called.put("\(i > 0 ? "," : "")\(quoted: c.name):\(c.n)") }
        called.put("}")
        j.raw("rpc_counts", called)
        j.key("account")
        putUser(&j)
        j.close()
    }

    func putUser(_ j: inout Json) {
        let d = world.ledger.data(at.user), U = layout.user
        j.open()
        j.string("authority", key: d.key(U.authority).ek)
        j.string("delegate", key: d.key(U.delegate).ek)
        j.openList("spot_positions")
        for i in 0..<8 {
            let o = U.spots + U.spotStride * i
            guard i == 0 || d.u64(o) != 0 || d[o + 35] != 0 else { continue }
            j.open()
            j.int("scaled_balance", d.u64(o)); j.int("open_bids", d.i64(o + 8))
            j.int("open_asks", d.i64(o + 16))
            j.int("cumulative_deposits", d.i64(o + 24)); j.int("market_index", d.u16(o + 32))
            j.int("balance_type", d[o + 34]); j.int("open_orders", d[o + 35]); j.int("slot", i)
            j.close()
        }
        j.closeList()
        j.openList("perp_positions")
        for i in 0..<8 {
            let p = layout.position(d, i)
            guard p.inUse else { continue }
            j.open()
            j.int("last_cumulative_funding_rate", p.cum); j.int("base_asset_amount", p.base)
            j.int("quote_asset_amount", p.quote); j.int("quote_break_even_amount", p.breakEven)
            j.int("quote_entry_amount", p.entry); j.int("open_bids", p.bids); j.int("open_asks", p.asks)
            j.int("settled_pnl", p.settled); j.int("isolated_position_scaled_balance", p.isolated)
            j.int("max_margin_ratio", p.maxRatio); j.int("market_index", p.market)
            j.int("open_orders", p.openOrders); j.int("position_flag", p.flag); j.int("slot", i)
            j.close()
        }
        j.closeList()
        j.openList("orders")
        for i in 0..<32 {
            let o = layout.order(d, i)
            if o.status != 0 { put(order: o, index: i, &j) }
        }
        j.closeList()
        let t = U.totals, n = U.nextOrderId
        j.int("total_deposits", d.u64(t)); j.int("total_withdraws", d.u64(t + 8))
        j.int("total_social_loss", d.u64(t + 16))
        j.int("settled_perp_pnl", d.i64(t + 24)); j.int("cumulative_spot_fees", d.i64(t + 32))
        j.int("cumulative_perp_funding", d.i64(t + 40)); j.int("liquidation_margin_freed", d.u64(t + 48))
        j.int("last_active_slot", d.u64(t + 56)); j.int("next_order_id", d.u32(n))
        j.int("max_margin_ratio", d.u32(n + 4))
        j.int("next_liquidation_id", d.u16(n + 8)); j.int("sub_account_id", d.u16(n + 10))
        j.int("status", d[n + 12])
        j.int("is_margin_trading_enabled", d[n + 13]); j.int("idle", d[n + 14]); j.int("open_orders", d[n + 15])
        j.int("has_open_order", d[n + 16]); j.int("open_auctions", d[n + 17])
        j.int("has_open_auction", d[n + 18])
        if U.equityFloor > 0 {
            j.int("equity_floor", d.u64(U.equityFloor))
            j.int("equity_floor_buffer", d.u64(U.equityFloor + 8))
        }
        j.close()
    }

    func put(order o: Order, index i: Int, _ j: inout Json) {
        j.open()
        j.int("slot", o.slot); j.int("price", o.price); j.int("base_asset_amount", o.base)
        j.int("base_asset_amount_filled", o.filled); j.int("quote_asset_amount_filled", o.quoteFilled)
        j.int("trigger_price", o.trigger); j.int("auction_start_price", o.auctionStart)
        j.int("auction_end_price", o.auctionEnd)
        j.int("max_ts", o.maxTs); j.int("oracle_price_offset", o.offset); j.int("order_id", o.id)
        j.int("market_index", o.market)
        j.int("status", o.status); j.int("order_type", o.type); j.int("market_type", o.marketType)
        j.int("user_order_id", o.userId)
        j.int("existing_position_direction", o.existingDirection); j.int("direction", o.direction)
        j.int("reduce_only", o.reduceOnly)
        j.int("post_only", o.postOnly); j.int("immediate_or_cancel", o.ioc)
        j.int("trigger_condition", o.triggerCondition)
        j.int("auction_duration", o.duration); j.int("posted_slot_tail", o.slotTail)
        j.int("bit_flags", o.bitFlags); j.int("index", i)
        j.close()
    }

    func putEvents(since: Int, _ j: inout Json) {
        j.openList()
        for e in events.dropFirst(max(0, since)) {
            j.open()
            j.number("wall", e.wallMs, decimals: 3)
            j.int("slot", e.slot)
            j.number("ts", e.tsMs, decimals: 3)
            j.int("base", e.base)
            j.openList("orders")
            for o in e.orders {
                j.openList()
                j.item(o.id); j.item(o.direction); j.item(o.base); j.item(o.filled); j.item(o.maxTs)
                j.item(o.reduceOnly)
                j.closeList()
            }
            j.closeList()
            j.int("sol_scaled", e.solScaled)
            j.close()
        }
        j.closeList()
    }

    func putDump(_ j: inout Json) {
        func data(_ k: StaticString, _ i: Int) {
            j.string(k, "\(base64: world.ledger.data(i))")
        }
        j.open()
        j.int("slot", world.slot)
        j.number("ts", world.tsMs, decimals: 3)
        data("user", at.user); data("perp", at.perps[0]); data("spot0", at.spots[0]); data("spot1", at.spots[1])
        data("oracle_sol", at.oracles[0]); data("oracle_usdt", at.oracles[1]); data("state", at.state)
        data("user_stats", at.stats)
        j.open("lamports")
        j.int("authority", world.ledger.items[at.authority].lamports)
        j.int("delegate", world.ledger.items[at.delegate].lamports)
        j.close()
        j.close()
    }

    func putSummary(_ j: inout Json) {
        let t = world.tally
        let d = world.ledger.data(at.user)
        j.open()
        j.int("slot", world.slot)
        j.int("ts", world.unixTs)
        j.int("seconds", world.unixTs - options.startUnix)
        j.int("price_1e6", tracks[0].priceE6)
        j.int("spot_base_e9", tokenAmount(spot: 1))
        j.int("perp_base_e9", layout.positionIndex(d, market: 0).map { layout.position(d, $0).base } ?? 0)
        j.int("transactions", t.transactions)
        j.int("transactions_failed", t.failed)
        j.int("orders_placed", t.ordersPlaced)
        j.int("orders_filled", t.ordersFilled)
        j.int("orders_partial", t.ordersPartial)
        j.int("orders_expired", t.ordersExpired)
        j.int("orders_cancelled", t.ordersCancelled)
        j.int("fees_paid_e6", t.feesPaid)
        j.int("keeper_fees_e6", t.keeperFees)
        // What was settled at fills and what the position has earned since.
        var open: Int64 = 0
        for i in 0..<8 {
            let p = layout.position(d, i)
            if p.inUse && Int(p.market) < at.perps.count {
                open += layout.unsettledFunding(p, market: world.ledger.data(at.perps[Int(p.market)]))
            }
        }
        j.int("funding_received_e6", t.funding + open)
        j.int("funding_unsettled_e6", open)
        j.int("lamports_fees", t.lamportFees)
        j.openList("markets")
        for m in 0..<at.perps.count {
            let n = corrections(market: UInt16(m))
            if n.orders == 0 { continue }
            j.open()
            j.string("market", Genesis.perps[m].name)
            j.int("corrections", n.orders)
            j.int("fills", n.fills)
            j.close()
        }
        j.closeList()
        j.openList("fills")
        for f in t.fills {
            j.open()
            j.int("slot", f.slot); j.int("ts", f.unixTs); j.int("market", f.market)
            j.int("order_id", f.orderId)
            j.int("base_e9", f.base); j.int("quote_e6", f.quote); j.int("fee_e6", f.fee)
            j.int("price_e6",
                  f.base == 0 ? 0 : mulDiv(f.quote, 1_000_000_000, Int64(clamping: f.base.magnitude)))
            j.bool("keeper", f.keeper)
            j.close()
        }
        j.closeList()
        j.openList("disturbances")
        for x in t.disturbances {
            j.open()
            j.int("slot", x.slot); j.int("ts", x.unixTs); j.int("base_e9", x.base)
            j.int("spot_after_e9", x.spotAfter)
            j.close()
        }
        j.closeList()
        j.close()
    }

    /// Orders of a market that filled at least partly, and their fills.
    func corrections(market: UInt16) -> (orders: Int, fills: Int) {
        var orders = 0, fills = 0, last: UInt32?
        for f in world.tally.fills where f.market == market {
            fills += 1
            if f.orderId != last { orders += 1 }
            last = f.orderId
        }
        return (orders, fills)
    }
}
