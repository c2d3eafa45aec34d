// Control requests that change the book, the market or single bytes.
import EvenkeelCore
import Text

extension ChainNode {
    func setUser(_ q: Value, _ j: inout Json) throws(ControlError) {
        let U = layout.user, u = at.user
        if let v = q["usdt"].decimal(6) ?? q["usdc"].decimal(6) { setDeposit(spot: 0, amount: v) }
        if let v = q["sol"].decimal(9) { setDeposit(spot: 1, amount: v) }
        if let v = q["perp"].decimal(9) {
            setPerp(v, entryPriceE6: q["entry_price"].decimal(6) ?? 0, quoteE6: q["quote"].decimal(6))
        }
        if let v = q["last_cum_funding"].i64 { world.ledger.set(v, U.perps, in: u) }
        if q["delegate"].isText {
            let k = try key(q, "delegate")
            world.ledger.set(k, U.delegate, in: u)
            delegate = k
        }
        if let v = q["status"].u64 { world.ledger.set(byte: UInt8(clamping: v), U.status, in: u) }
        if let v = q["max_margin_ratio"].u64 { world.ledger.set(UInt32(clamping: v), U.maxMarginRatio, in: u) }
        if let v = q["equity_floor"].decimal(6), U.equityFloor > 0 {
            world.ledger.set(UInt64(clamping: v), U.equityFloor, in: u)
        }
        if q["clear_orders"].bool ?? false {
            for i in U.orders..<U.orders + 32 * U.orderStride { world.ledger.set(byte: 0, i, in: u) }
            world.ledger.set(Int64(0), U.perps + 40, in: u)
            world.ledger.set(Int64(0), U.perps + 48, in: u)
            world.ledger.set(byte: 0, U.perps + U.perpOpenOrders, in: u)
            world.ledger.set(UInt32(0), U.openOrders, in: u)
        }
        putUser(&j)
    }

    func poke(_ q: Value, _ j: inout Json) throws(ControlError) {
        guard let i = world.ledger.index(of: try key(q, "pubkey")) else {
            throw ControlError("KeyError: no such account")
        }
        let from = try integer(q, "offset")
        let hex = (q["hex"].text ?? "").bytes
        var raw: [UInt8] = []
        var k = 0
        while k + 1 < hex.count {
            guard let a = digit(hex[k]), let b = digit(hex[k + 1]) else {
                throw ControlError("ValueError: hex")
            }
            raw.append(a << 4 | b)
            k += 2
        }
        guard hex.count % 2 == 0, from >= 0, Int(from) + raw.count <= world.ledger.data(i).count else {
            throw ControlError("ValueError: outside the account")
        }
        for (n, b) in raw.enumerated() { world.ledger.set(byte: b, Int(from) + n, in: i) }
        yes(&j)
    }

    private func digit(_ c: UInt8) -> UInt8? {
        switch c {
        case 0x30...0x39: return c - 0x30
        case 0x61...0x66: return c - 0x57
        case 0x41...0x46: return c - 0x37
        default: return nil
        }
    }

    /// An account of anyone's choosing. The chain's own accounts keep at least the size the program reads.
    func setAccount(_ q: Value, _ j: inout Json) throws(ControlError) {
        let k = try key(q, "pubkey")
        guard let text = q["data"].text else { throw ControlError("KeyError: 'data'") }
        var d = [UInt8](repeating: 0, count: text.count + 4), n = 0
        guard ek_base64_decode(text.bytes, text.count, &d, d.count, &n) == EK_OK else {
            throw ControlError("ValueError: base64")
        }
        d.removeLast(d.count - n)
        let i = world.ledger.index(of: k)
        if let i, i < at.own, d.count < least(i) {
            throw ControlError("ValueError: the chain's own accounts cannot shrink; use the fault short_data")
        }
        let lamports = q["lamports"].u64 ?? i.map { world.ledger.items[$0].lamports } ?? Genesis.rent(d.count)
        let owner = q["owner"].isText ? try key(q, "owner") : layout.program
        world.ledger.put(Account(key: k, lamports: lamports, owner: owner, data: d))
        yes(&j)
    }

    /// What the program reads of an account of its own.
    private func least(_ i: Int) -> Int {
        let d = world.ledger.data(i)
        guard d.count >= 8 else { return d.count }
        switch d.u64(0) {
        case Disc.user: return layout.user.size
        case Disc.stats: return layout.stats.size
        case Disc.state: return layout.state.size
        case Disc.perp: return layout.perp.size
        case Disc.spot: return layout.spot.size
        case Disc.lazer: return 48
        default: return d.count
        }
    }

    func setMarket(_ q: Value, _ j: inout Json) throws(ControlError) {
        let P = layout.perp, S = layout.spot
        let perp = at.perps[min(Int(clamping: q["market"].u64 ?? 0), at.perps.count - 1)]
        func put(_ name: StaticString, _ account: Int, _ offset: Int, _ width: Int) {
            guard let v = q[name].u64 else { return }
            switch width {
            case 1: world.ledger.set(byte: UInt8(truncatingIfNeeded: v), offset, in: account)
            case 4: world.ledger.set(UInt32(truncatingIfNeeded: v), offset, in: account)
            default: world.ledger.set(v, offset, in: account)
            }
        }
        put("exchange_status", at.state, layout.state.exchangeStatus, 1)
        put("perp_status", perp, P.status, 1)
        put("perp_paused", perp, P.paused, 1)
        put("min_order_size", perp, P.minOrderSize, 8)
        put("step_size", perp, P.stepSize, 8)
        put("tick_size", perp, P.tickSize, 8)
        put("margin_initial", perp, P.marginInitial, 4)
        put("margin_maintenance", perp, P.marginMaintenance, 4)
        put("perp_imf", perp, P.imf, 4)
        put("pnl_pool", perp, P.pnlPool, 8)
        put("sol_w_init", at.spots[1], S.weights, 4)
        put("sol_w_maint", at.spots[1], S.weights + 4, 4)
        put("sol_imf", at.spots[1], S.weights + 16, 4)
        put("sol_scale_start", at.spots[1], S.scaleStart, 8)
        put("sol_status", at.spots[1], S.status, 1)
        yes(&j)
    }

    /// The model's own numbers (this chain only): see ChainOptions.
    func setModel(_ q: Value, _ j: inout Json) throws(ControlError) {
        if let v = q["hold"].bool { options.hold = v }
        if let v = q["liquidity"].decimal(9) { options.liquidityE9 = max(0, v) }
        if let v = q["spread_bps"].decimal(2) { options.spreadPpm = min(max(v, 0), 500_000) }
        if let v = q["impact_bps"].decimal(2) { options.impactPpmPerBase = min(max(v, 0), 500_000) }
        if let v = q["take_fail_permille"].u64 { options.takeFailPermille = v }
        if let v = q["keeper_latency"].u64 { options.keeperLatencySlots = v }
        if let v = q["partial_permille"].u64 { options.partialPermille = v }
        if let v = q["volatility_pct"].decimal(4), v >= 0, v <= 1_000_000 {
            for i in tracks.indices where i != 1 { tracks[i].volatilityPpmHour = v }
        }
        if let v = q["disturb_seconds"].i64 { options.disturbMeanSeconds = v }
        if let v = q["land_delay"].u64 { options.landDelay = min(v, 1_000_000) }
        if let v = q["confirm_slots"].u64 { options.confirmSlots = v }
        if let v = q["prio_fee"].u64 { options.priorityFee = v }
        yes(&j)
    }

    /// Fills an order at a chosen price and fraction, or as the keepers would within `max_slots`.
    func fill(_ q: Value, _ j: inout Json) throws(ControlError) {
        let live = liveOrders()
        let wanted = q["order_id"].u64
        guard let (i, o) = wanted == nil ? live.first : live.first(where: { UInt64($0.1.id) == wanted }) else {
            j.open(); j.bool("filled", false)
            j.string("reason", live.isEmpty ? "no open order" : "order not open"); j.close()
            return
        }
        let price = q["price"].decimal(9), fraction = q["fraction"].decimal(9) ?? 1_000_000_000
        if price == nil && fraction >= 1_000_000_000 && !q["mode"].equals("bytes") {
            for _ in 0...(q["max_slots"].i64 ?? 150) {
                postOracles(age: 0)
                _ = keeperFill(i, partial: false)
                if layout.order(world.ledger.data(at.user), i).status != Order.Status.open { break }
                step(1, ms: options.slotMs)
                if layout.order(world.ledger.data(at.user), i).status != Order.Status.open { break }
            }
            let now = layout.order(world.ledger.data(at.user), i)
            if now.status == Order.Status.filled || q["mode"].equals("program") {
                j.open()
                j.bool("filled", now.status == Order.Status.filled)
                j.string("mode", "program")
                j.int("slot", world.slot)
                j.close()
                return
            }
        }
        var x = keeperExecution()
        let perp = at.perps[min(Int(o.market), at.perps.count - 1)]
        let left = x.reduced(layout.order(world.ledger.data(at.user), i))
        let step = world.ledger.u64(layout.perp.stepSize, in: perp)
        let base = fraction >= 1_000_000_000 ? left
            : floored(UInt64(clamping: Int128(left) * Int128(fraction) / 1_000_000_000), to: step)
        let before = x.world.tally.fills.count
        x.apply(order: i, perp: perp, base: base, priceE9: price ?? tracks[0].priceE9, keeper: true)
        let f = x.world.tally.fills.count > before ? x.world.tally.fills.last : nil
        world = x.world
        noteUser()
        j.open()
        j.bool("filled", f != nil)
        j.string("mode", "bytes")
        j.int("base", f?.base ?? 0)
        j.int("quote", f?.quote ?? 0)
        j.int("fee", f?.fee ?? 0)
        j.bool("done", layout.order(world.ledger.data(at.user), i).status != Order.Status.open)
        j.close()
    }
}
