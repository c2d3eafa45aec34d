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

    private func gate(_ name: GateName, _ ok: Bool, _ value: Measure, _ limit: Measure, detail: Text? = nil) {
        report.gates.append(Gate(gate: name, ok: ok, measured: value, allowed: limit, detail: ok ? nil : detail))
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
        gate(.killSwitch, !killed, Measure(killed ? "on" : "off"), Measure("off"))
        costGate(correcting)
    }

    private func leverageGate(_ delta: Int64, ledger: Int64) {
        var after: UInt32 = 0
        var fault = ek_fault()
        let err = ek_leverage_after(book, perpIndex, delta &+ ledger, &after, &fault)
        let infinite = err != EK_OK
        // A correction that only reduces is never blocked by it.
        let ok = decision.reduce_only != 0 || delta == 0 || (!infinite && after <= hedgeRules.maxLeverage_e4)
        gate(.leverage, ok, infinite ? Measure("no equity") : Measure(after, .times_e4), Measure(hedgeRules.maxLeverage_e4, .limitTimes_e4))
    }

    private func marginGates(_ correcting: Bool) {
        let a = report.view.a
        let healthy = a.health_bp >= rules.minHealth_bp || (correcting && decision.reduce_only != 0) || !correcting
        gate(.health, healthy, Measure(a.health_bp, .percent_bp), Measure(rules.minHealth_bp, .percent_bp))

        let least = Measure(0, .usd_e6)
        if !correcting {
            gate(.freeCollateral, true, Measure(a.free_collateral_e6, .usd_e6), least)
            return
        }
        var params = ek_order_perp(perpIndex, UInt8(EK_ORDER_MARKET), decision.direction, decision.size_base_e9)
        params.reduce_only = decision.reduce_only
        var type: Int32 = 0
        var m = ek_margin()
        var fault = ek_fault()
        if ek_margin_if_placed(book, &params, &type, &m, &fault) == EK_OK {
            let left = ek_margin_free_e6(&m)
            gate(.freeCollateral, left >= 0, Measure(left, .usd_e6), least)
        } else {
            var why = Text("The margin after the correction cannot be computed: ")
            why.put(c: ek_fault_text(&fault))
            gate(.freeCollateral, false, Measure("not computable"), least, detail: why)
        }
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
        gate(.oracleAge, age <= rules.maxOracleAge_slots, Measure(age, .slots), Measure(rules.maxOracleAge_slots, .slots))

        // Against the 5-minute average the market keeps, and between the two oracles of the asset.
        var gap = divergence(a.oracle_price_e6, a.oracle_twap_5min_e6)
        if spotUsed && a.spot_price_e6 != a.oracle_price_e6 { gap = max(gap, divergence(a.oracle_price_e6, a.spot_price_e6)) }
        gate(.oracleDivergence, gap <= rules.maxOracleDivergence_ppm, share(gap), Measure(rules.maxOracleDivergence_ppm, .percent_ppm))

        let conf = divergence(a.oracle_price_e6 &+ Int64(clamping: a.oracle_conf_e6), a.oracle_price_e6)
        let state = book.pointee.state
        let confLimit = state.confidence_max_e6 == 0 ? 20_000 : state.confidence_max_e6
        gate(.oracleConfidence, conf <= confLimit, share(conf), Measure(confLimit, .percent_ppm))
    }

    private func share(_ ppm: UInt64) -> Measure { ppm == UInt64.max ? Measure("no price") : Measure(ppm, .percent_ppm) }

    private func marketGates() {
        let exchange = book.pointee.state.exchange_status
        gate(.exchange, exchange & UInt8(EK_EXCHANGE_FILL_PAUSED) == 0, exchange == 0 ? Measure("open") : Measure(exchange, .pauseBits),
             Measure("fills not paused"))

        guard let m = ek_book_perp(book, perpIndex) else { return }
        let status = m.pointee.status
        let paused = m.pointee.paused_operations & UInt8(EK_PERP_FILL_PAUSED) != 0
        let open = status == UInt8(EK_MARKET_ACTIVE) || (status == UInt8(EK_MARKET_REDUCE_ONLY) && decision.reduce_only != 0)
        var word: StaticString
        switch Int(status) {
        case Int(EK_MARKET_ACTIVE): word = paused ? "active, fills paused" : "active"
        case Int(EK_MARKET_REDUCE_ONLY): word = paused ? "reduce-only, fills paused" : "reduce-only"
        case Int(EK_MARKET_SETTLEMENT): word = "settlement"
        case Int(EK_MARKET_DELISTED): word = "delisted"
        default: word = "not open"
        }
        gate(.market, open && !paused, Measure(word), Measure("active"))

        let user = book.pointee.user.status
        let flagged = user & UInt8(EK_USER_BEING_LIQUIDATED | EK_USER_BANKRUPT) != 0
        let onlyReduce = user & UInt8(EK_USER_REDUCE_ONLY) != 0
        word = flagged ? "being liquidated or bankrupt" : onlyReduce ? "reduce-only" : "normal"
        gate(.user, !flagged && (!onlyReduce || decision.reduce_only != 0), Measure(word), Measure("normal"))
    }

    private func nodeGates(_ now: Now) {
        let ms = UInt64(bookLatency_us) / 1000           // of the very read the decision rests on
        gate(.latency, ms <= rules.maxLatency_ms, Measure(ms, .ms), Measure(rules.maxLatency_ms, .ms))
        let lag = endpoints.lag(readEndpoint, now.mono_ms)
        gate(.slotLag, lag <= rules.maxSlotLag, Measure(lag, .slots), Measure(rules.maxSlotLag, .slots))
        let still_ms = now.mono_ms - newSlotAt_ms
        gate(.chainMoves, still_ms <= frozenAfter_ms, Measure(still_ms / 1000, .seconds), Measure(frozenAfter_ms / 1000, .seconds))
    }

    private func accountGates(_ now: Now, _ correcting: Bool) {
        if rules.mode == .live {
            let have = book.pointee.payer_lamports
            let need = rules.gasReserve_lamports &+ rules.maxPriorityFee_lamports &+ signatureFee_lamports
            gate(.gasReserve, have >= need, Measure(have, .sol_e9), Measure(need, .sol_e9))
        }
        let trades = tradesToday(now)
        gate(.tradesToday, trades < hedgeRules.maxTradesPerDay || closing, Measure(trades, .none), Measure(hedgeRules.maxTradesPerDay, .aDay))

        // An order with an id of ours that this state file does not know: another agent, or a state file that was lost.
        var strange: UInt32 = 0
        for i in 0..<UInt32(EK_MAX_ORDERS) {
            guard let o = ek_user_order_at(ek_book_user(book), i) else { break }
            if isOwnLive(o.pointee) {
                strange = o.pointee.order_id
            }
        }
        gate(.ownOrder, strange == 0, strange == 0 ? Measure("none") : Measure(strange, .none), Measure("none"))
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
        let ok = after <= cap || !correcting || decision.reduce_only != 0
        gate(.openInterest, ok, Measure(Int64(clamping: after), .base_e9), Measure(Int64(clamping: cap), .base_e9))
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
        let g = Gate(gate: .cost, ok: ok, measured: Measure(ppm, .bps_ppm), allowed: Measure(rules.maxCost_ppm, .bps_ppm))
        for i in 0..<report.gates.count where report.gates[i].gate == .cost {
            report.gates[i] = g
            return
        }
        report.gates.append(g)
    }
}

/// user_order_id values this agent uses; other orders on the account are somebody else's and are never touched.
let ownOrderIds: ClosedRange<UInt8> = 200...254
