// The gates: every reason not to act, all evaluated at every decision, each with what was measured and what is allowed.
// An order is built only when every one of them is open; the send path asks again (`gatesOpen`) before it journals.
import EvenkeelCore
import Kit

/// A node whose slot has not moved for this long is frozen, whatever it says of its health.
let frozenAfter_ms: UInt64 = 20_000
let signatureFee_lamports: UInt64 = 5_000

extension Machine {
    var gatesOpen: Bool { !report.gates.contains { !$0.ok } }

    /// The first closed gate's sentence.
    var closedReason: Text {
        for g in report.gates where !g.ok { return g.reason }
        return Text()
    }

    private func gate(_ name: StaticString, _ ok: Bool, _ value: Text, _ limit: Text, _ reason: Text) {
        report.gates.append(Gate(name: name, ok: ok, value: value, limit: limit, reason: ok ? Text() : reason))
    }

    private func count<T: FixedWidthInteger>(_ v: T, _ unit: StaticString) -> Text {
        var t = Text()
        t.put(v)
        t.put(unit)
        return t
    }

    private func percent(ppm v: UInt64) -> Text {
        var t = Text()
        t.put(fixed: Int64(clamping: v), decimals: 4, shown: 2)
        t.put(" %")
        return t
    }

    /// `first` `value` `second` `limit`, as one sentence.
    private func sentence(_ first: StaticString, _ value: Text, _ second: StaticString, _ limit: Text) -> Text {
        var t = Text(first)
        t.put(value)
        t.put(second)
        t.put(limit)
        return t
    }

    /// Evaluates all gates for the book just read and, when there is one, the correction that was decided.
    func evaluateGates(_ now: Now) {
        report.gates.removeAll(keepingCapacity: true)
        let correcting = decision.action != UInt8(EK_ACTION_NONE)
        let delta = decision.direction == UInt8(EK_SELL) ? -Int64(clamping: decision.size_base_e9) : Int64(clamping: decision.size_base_e9)
        // On paper the ledger's position counts too.
        leverageGate(correcting ? delta : 0, ledger: report.view.perp_e9 - report.view.a.perp_base_e9)
        marginGates(correcting)
        oracleGates()
        marketGates()
        nodeGates(now)
        accountGates(now, correcting)
        interestGate(correcting)
        let killed = host.killed()
        gate("kill_switch", !killed, killed ? Text("on") : Text("off"), Text("off"), Text("The kill file is there; nothing is sent until it is gone"))
        costGate(correcting)
    }

    private func leverageGate(_ delta: Int64, ledger: Int64) {
        var after: UInt32 = 0
        var fault = ek_fault()
        let err = ek_leverage_after(book, perpIndex, delta &+ ledger, &after, &fault)
        let infinite = err != EK_OK
        var limit = Text()
        limit.put(fixed: Int64(hedgeRules.maxLeverage_e4), decimals: 4, shown: 1)
        limit.put("x")
        var value = Text()
        if infinite {
            value.put("no equity")
        } else {
            value.put(fixed: Int64(after), decimals: 4, shown: 2)
            value.put("x")
        }
        // A correction that only reduces is never blocked by it.
        let ok = decision.reduce_only != 0 || delta == 0 || (!infinite && after <= hedgeRules.maxLeverage_e4)
        var reason = Text("Leverage would exceed ")
        reason.put(limit)
        gate("leverage", ok, value, limit, reason)
    }

    private func marginGates(_ correcting: Bool) {
        let a = report.view.a
        var health = Text()
        health.put(fixed: Int64(a.health_bp), decimals: 2, shown: 1)
        health.put(" %")
        var limit = Text()
        limit.put(fixed: Int64(rules.minHealth_bp), decimals: 2, shown: 1)
        limit.put(" %")
        let healthy = a.health_bp >= rules.minHealth_bp || (correcting && decision.reduce_only != 0) || !correcting
        gate("health", healthy, health, limit, sentence("Health is ", health, ", under ", limit))

        var free = Text()
        free.put(usd: a.free_collateral_e6)
        var ok = true
        var reason = Text()
        if correcting {
            var params = ek_order_perp(perpIndex, UInt8(EK_ORDER_MARKET), decision.direction, decision.size_base_e9)
            params.reduce_only = decision.reduce_only
            var type: Int32 = 0
            var m = ek_margin()
            var fault = ek_fault()
            let err = ek_margin_if_placed(book, &params, &type, &m, &fault)
            if err == EK_OK {
                let left = ek_margin_free_e6(&m)
                free = Text()
                free.put(usd: left)
                ok = left >= 0
                reason = sentence("Free collateral after the correction would be ", free, ", the venue needs at least ", Text("$0.00"))
            } else {
                ok = false
                reason = Text("The margin after the correction cannot be computed: ")
                reason.put(c: ek_fault_text(&fault))
            }
        }
        gate("free_collateral", ok, free, Text("$0.00"), reason)
    }

    /// |a - b| in parts per million of b; all ones when b is not a price.
    private func divergence(_ a: Int64, _ b: Int64) -> UInt64 {
        if a <= 0 || b <= 0 { return UInt64.max }
        var out: UInt64 = 0
        let gap = a > b ? UInt64(a - b) : UInt64(b - a)
        return ek_mul_div_floor_u64(gap, 1_000_000, UInt64(b), &out) == EK_OK ? out : UInt64.max
    }

    private func oracleGates() {
        let a = report.view.a
        let spotUsed = spotIndex != 0xFFFF
        let age = spotUsed ? max(a.oracle_age_slots, a.spot_age_slots) : a.oracle_age_slots
        let ageText = count(age, " slots")
        let ageLimit = count(rules.maxOracleAge_slots, " slots")
        gate("oracle_age", age <= rules.maxOracleAge_slots, ageText, ageLimit,
             sentence("The oracle price is ", ageText, " old, more than ", ageLimit))

        // Against the 5-minute average the market keeps, and between the two oracles of the asset.
        var gap = divergence(a.oracle_price_e6, a.oracle_twap_5min_e6)
        if spotUsed && a.spot_price_e6 != a.oracle_price_e6 { gap = max(gap, divergence(a.oracle_price_e6, a.spot_price_e6)) }
        let gapText = gap == UInt64.max ? Text("no price") : percent(ppm: gap)
        let gapLimit = percent(ppm: rules.maxOracleDivergence_ppm)
        gate("oracle_divergence", gap <= rules.maxOracleDivergence_ppm, gapText, gapLimit,
             sentence("The oracle price is ", gapText, " from its 5-minute average or twin, more than ", gapLimit))

        let state = book.pointee.state
        let conf = divergence(a.oracle_price_e6 &+ Int64(clamping: a.oracle_conf_e6), a.oracle_price_e6)
        let confLimit = state.confidence_max_e6 == 0 ? 20_000 : state.confidence_max_e6
        let confText = conf == UInt64.max ? Text("no price") : percent(ppm: conf)
        gate("oracle_confidence", conf <= confLimit, confText, percent(ppm: confLimit),
             sentence("The oracle's confidence band is ", confText, " of the price, more than ", percent(ppm: confLimit)))
    }

    private func marketGates() {
        let exchange = book.pointee.state.exchange_status
        let blocking = UInt8(EK_EXCHANGE_FILL_PAUSED)
        gate("exchange", exchange & blocking == 0, exchange == 0 ? Text("open") : count(exchange, " (pause bits)"), Text("fills not paused"),
             sentence("The exchange is paused (status ", count(exchange, ""), "); needs ", Text("fills not paused")))

        guard let m = ek_book_perp(book, perpIndex) else { return }
        let status = m.pointee.status
        let paused = m.pointee.paused_operations & UInt8(EK_PERP_FILL_PAUSED) != 0
        let open = status == UInt8(EK_MARKET_ACTIVE) || (status == UInt8(EK_MARKET_REDUCE_ONLY) && decision.reduce_only != 0)
        var word = Text()
        switch Int(status) {
        case Int(EK_MARKET_ACTIVE): word.put("active")
        case Int(EK_MARKET_REDUCE_ONLY): word.put("reduce-only")
        case Int(EK_MARKET_SETTLEMENT): word.put("settlement")
        case Int(EK_MARKET_DELISTED): word.put("delisted")
        default: word.put("not open")
        }
        if paused { word.put(", fills paused") }
        gate("market", open && !paused, word, Text("active"), sentence("The market is ", word, "; needs ", Text("active")))

        let user = book.pointee.user
        let flagged = user.status & UInt8(EK_USER_BEING_LIQUIDATED | EK_USER_BANKRUPT) != 0
        let onlyReduce = user.status & UInt8(EK_USER_REDUCE_ONLY) != 0 && decision.reduce_only == 0
        var userWord = Text("normal")
        if flagged { userWord = Text("being liquidated or bankrupt") } else if user.status & UInt8(EK_USER_REDUCE_ONLY) != 0 { userWord = Text("reduce-only") }
        gate("user", !flagged && !onlyReduce, userWord, Text("normal"), sentence("The account is ", userWord, "; needs ", Text("normal")))
    }

    private func nodeGates(_ now: Now) {
        let ms = UInt64(bookLatency_us) / 1000           // of the very read the decision rests on
        gate("latency", ms <= rules.maxLatency_ms, count(ms, " ms"), count(rules.maxLatency_ms, " ms"),
             sentence("The RPC node took ", count(ms, " ms"), ", more than ", count(rules.maxLatency_ms, " ms")))
        let lag = endpoints.lag(readEndpoint, now.mono_ms)
        gate("slot_lag", lag <= rules.maxSlotLag, count(lag, " slots"), count(rules.maxSlotLag, " slots"),
             sentence("The RPC node is behind by ", count(lag, " slots"), ", more than ", count(rules.maxSlotLag, " slots")))
        let still_s = (now.mono_ms - newSlotAt_ms) / 1000
        gate("chain_moves", now.mono_ms - newSlotAt_ms <= frozenAfter_ms, count(still_s, " s"), count(frozenAfter_ms / 1000, " s"),
             sentence("The chain has shown no new slot for ", count(still_s, " s"), ", longer than ", count(frozenAfter_ms / 1000, " s")))
    }

    private func accountGates(_ now: Now, _ correcting: Bool) {
        let have = book.pointee.payer_lamports
        let need = rules.gasReserve_lamports &+ rules.maxPriorityFee_lamports &+ signatureFee_lamports
        if rules.mode == .live {
            var value = Text()
            value.put(fixed: Int64(clamping: have), decimals: 9, shown: 4)
            value.put(" SOL")
            var limit = Text()
            limit.put(fixed: Int64(clamping: need), decimals: 9, shown: 4)
            limit.put(" SOL")
            gate("gas_reserve", have >= need, value, limit, sentence("The fee payer holds ", value, ", needs ", limit))
        }
        let trades = tradesToday(now)
        gate("trades_today", trades < hedgeRules.maxTradesPerDay, count(trades, ""), count(hedgeRules.maxTradesPerDay, " a day"),
             sentence("", count(trades, ""), " corrections today, the limit is ", count(hedgeRules.maxTradesPerDay, "")))

        // An order with an id of ours that this state file does not know: another agent, or a state file that was lost.
        var strange: UInt32 = 0
        for i in 0..<UInt32(EK_MAX_ORDERS) {
            guard let o = ek_user_order_at(ek_book_user(book), i) else { break }
            if isOwnLive(o.pointee) {
                strange = o.pointee.order_id
            }
        }
        var reason = Text("Order ")
        reason.put(strange)
        reason.put(" carries an id of this agent but is not in its state file: another agent on this account, or lost state; it must end first")
        gate("own_order", strange == 0, strange == 0 ? Text("none") : count(strange, ""), Text("none"), reason)
    }

    /// The market's cap on open interest holds for every order that is not reduce-only; it is tested by the program after margin.
    private func interestGate(_ correcting: Bool) {
        guard let m = ek_book_perp(book, perpIndex) else { return }
        let cap = UInt128(m.pointee.max_open_interest_e9.hi) << 64 | UInt128(m.pointee.max_open_interest_e9.lo)
        if cap == 0 { return }
        let selling = decision.direction == UInt8(EK_SELL)
        let side = selling ? m.pointee.base_short_e9 : m.pointee.base_long_e9
        let now128 = (Int128(side.hi) << 64 | Int128(side.lo)).magnitude
        let after = now128 + UInt128(correcting && decision.reduce_only == 0 ? decision.size_base_e9 : 0)
        var value = Text()
        value.put(fixed: Int64(clamping: after), decimals: 9, shown: 2)
        var limit = Text()
        limit.put(fixed: Int64(clamping: cap), decimals: 9, shown: 2)
        let ok = after <= cap || !correcting || decision.reduce_only != 0
        gate("open_interest", ok, value, limit, sentence("The market's open interest would be ", value, ", more than its cap of ", limit))
    }

    /// Trades since midnight UTC, of the mode that runs.
    func tradesToday(_ now: Now) -> UInt32 {
        guard let m = market else { return 0 }
        let day = now.unix_s - now.unix_s % 86_400
        if rules.mode == .paper { return m.pointee.paper.day_start_unix_s == day ? m.pointee.paper.trades_today : 0 }
        return m.pointee.day_start_unix_s == day ? m.pointee.trades_today : 0
    }

    /// Expected cost against the oracle price: taker fee, half the market's average spread and the priority fee at its cap. What
    /// the simulation says of a take replaces it (Ordering.swift). Beyond force_drift the gate gives way, no other does.
    private func costGate(_ correcting: Bool) {
        var fee_ppb: UInt32 = 0
        var ppm: UInt64 = 0
        if ek_taker_fee_ppb(book, perpIndex, &fee_ppb) == EK_OK { ppm = UInt64(fee_ppb) / 1000 }
        if let m = ek_book_perp(book, perpIndex), m.pointee.ask_twap_e6 > m.pointee.bid_twap_e6, m.pointee.bid_twap_e6 > 0 {
            var half: UInt64 = 0
            if ek_mul_div_floor_u64(m.pointee.ask_twap_e6 - m.pointee.bid_twap_e6, 500_000, m.pointee.bid_twap_e6, &half) == EK_OK { ppm = ppm.addingReportingOverflow(half).overflow ? UInt64.max : ppm + half }
        }
        setCost(ppm, gateNow: correcting)
    }

    /// Puts the cost gate's reading, in parts per million of the notional; the reading replaces an earlier one.
    func setCost(_ ppm: UInt64, gateNow: Bool) {
        let forced = !report.view.driftKnown || report.view.drift_ppm.magnitude > UInt64(max(0, rules.forceDrift_ppm))
        let ok = ppm <= rules.maxCost_ppm || forced || !gateNow
        var value = Text()
        value.put(fixed: Int64(clamping: ppm), decimals: 2, shown: 1)
        value.put(" bps")
        var limit = Text()
        limit.put(fixed: Int64(clamping: rules.maxCost_ppm), decimals: 2, shown: 1)
        limit.put(" bps")
        let g = Gate(name: "cost", ok: ok, value: value, limit: limit,
                     reason: ok ? Text() : sentence("The correction would cost ", value, ", more than ", limit))
        for i in 0..<report.gates.count where report.gates[i].name.utf8Start == g.name.utf8Start {
            report.gates[i] = g
            return
        }
        report.gates.append(g)
    }
}

/// user_order_id values this agent uses; other orders on the account are somebody else's and are never touched.
let ownOrderIds: ClosedRange<UInt8> = 200...254
