// The gates: every reason not to act, all evaluated at every decision, each with what was measured and what is allowed.
// An order is built only when every one of them is open; the send path asks again (`gatesOpen`) before it journals.
import EvenkeelCore
import Model
import Rpc
import Text

/// A node whose slot has not moved for this long is frozen, whatever it says of its health.
let frozenAfter_ms: UInt64 = 20_000
let signatureFee_lamports: UInt64 = 5_000
private let maxBlockhashAge_slots: UInt64 = 50
/// What the venue pauses while its program is upgraded: withdrawals, liquidation, funding, settling, all at once.
private let upgradeBits = UInt8(EK_EXCHANGE_WITHDRAW_PAUSED | EK_EXCHANGE_LIQ_PAUSED | EK_EXCHANGE_FUNDING_PAUSED | EK_EXCHANGE_SETTLE_PAUSED)
/// Flags of accounts and markets that are understood; one that is not closes the gate.
private let knownUserBits: UInt8 = 0x1F
private let knownPauseBits: UInt8 = 0x7F

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

    /// Replaces the gate's reading, or adds it.
    func putGate(_ g: Gate) {
        for i in 0..<report.gates.count where report.gates[i].gate == g.gate {
            report.gates[i] = g
            return
        }
        report.gates.append(g)
    }

    /// Evaluates all gates for the book just read and, when there is one, the correction that was decided.
    func evaluateGates(_ now: Now) {
        report.gates.removeAll(keepingCapacity: true)
        fitReduction()
        let correcting = decision.action != UInt8(EK_ACTION_NONE)
        let delta = decision.direction == UInt8(EK_SELL) ? -Int64(clamping: decision.size_base_e9) : Int64(clamping: decision.size_base_e9)
        // On paper the ledger's position counts too.
        leverageGate(correcting ? delta : 0, ledger: report.view.perp_e9 - report.view.a.perp_base_e9)
        marginGates(correcting)
        equityGate(correcting)
        oracleGates()
        marketGates()
        nodeGates(now)
        accountGates(now, correcting)
        interestGate(correcting)
        breakerGate()
        killGate()
        signerLimitGate(now)
        costGate(correcting, now)
    }

    /// Looked at again right before the journal is written: what may have changed since the decision.
    func sendGates(_ now: Now) {
        clusterGate(final: true)
        blockhashGate()
        breakerGate()
        killGate()
        signerLimitGate(now)
    }

    private func killGate() {
        let killed = host.killed()
        putGate(Gate(gate: .killSwitch, ok: !killed, measured: Measure(killed ? "on" : "off"), allowed: Measure("off")))
    }

    /// The signer counts orders an hour and dollars a day. What it refused for that it will refuse until the window ends: until then it is
    /// not asked again, and nothing of it counts as a failure.
    func signerLimitGate(_ now: Now) {
        guard rules.mode == .live else { return }
        if let h = signerHold, h.over(now) { signerHold = nil }
        // An order that only reduces is refused by no limit of the signer's; what held one up (a price that
        // it does not believe yet) holds all.
        guard let h = signerHold, h.reducing || decision.reduce_only == 0 else {
            putGate(Gate(gate: .signerLimit, ok: true, measured: Measure("not used up"), allowed: Measure("not used up")))
            return
        }
        let left_s = h.left_s(now)
        let t: Text = """
            The signer refused: \(h.words); that ends in \(left_s) s, nothing is asked of it before
            """
        putGate(Gate(gate: .signerLimit, ok: false, measured: Measure(left_s, .seconds), allowed: Measure("not used up"), detail: t))
    }

    private func breakerGate() {
        putGate(Gate(gate: .breaker, ok: record.pointee.breaker_open == 0, measured: Measure(record.pointee.failures_in_row, .none),
                     allowed: Measure(rules.maxFailures, .none)))
    }

    /// A cluster that is not known yet is given until the order is about to leave.
    private func clusterGate(final: Bool) {
        let e = endpoints.all[reading.endpoint]
        let known = e.genesis != nil
        let ok = rules.genesis == nil ? !e.foreign : known ? !e.foreign : !final
        putGate(Gate(gate: .cluster, ok: ok, measured: Measure(e.foreign ? "another one" : rules.genesis == nil ? "not asked" : known ? "the configured one" : "not known yet"),
                     allowed: Measure(rules.genesis == nil ? "any" : "the configured one")))
    }

    /// Words when no endpoint is of the configured cluster.
    func clusterTrouble() -> Text? {
        guard rules.genesis != nil, endpoints.usable == 0 else { return nil }
        return "no RPC endpoint is a node of the configured cluster (the genesis hash differs): check [rpc] url and cluster; observing only"
    }

    /// A hash is good for 150 blocks. One that a node hands out late has less of its life left than the watch over the order counts with.
    private func blockhashGate() {
        let have = order.haveBlockhash && (phase == .preparing || phase == .simulating)       // of this order, not of the last one
        let newest = max(slots.newest, look.agreedSlot)
        let age = have && newest > order.blockhash.slot ? newest - order.blockhash.slot : 0
        putGate(Gate(gate: .blockhashAge, ok: age <= maxBlockhashAge_slots, measured: have ? Measure(age, .slots) : Measure("none yet"),
                     allowed: Measure(maxBlockhashAge_slots, .slots)))
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
            let why: Text = """
                The margin after the correction cannot be computed: \(c: ek_fault_text(&fault))
                """
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

        let limit = Measure(rules.maxOracleDivergence_ppm, .percent_ppm)
        let gap = divergence(a.oracle_price_e6, a.oracle_twap_5min_e6)
        gate(.oracleDivergence, gap <= rules.maxOracleDivergence_ppm, share(gap), limit)
        // One asset, two oracles: they must tell one price.
        let apart = spotUsed ? divergence(a.oracle_price_e6, a.spot_price_e6) : 0
        gate(.oracleTwins, apart <= rules.maxOracleDivergence_ppm, spotUsed ? share(apart) : Measure("no spot market"), limit)

        let conf = divergence(a.oracle_price_e6 &+ Int64(clamping: a.oracle_conf_e6), a.oracle_price_e6)
        let state = book.pointee.state
        let confLimit = state.confidence_max_e6 == 0 ? 20_000 : state.confidence_max_e6
        gate(.oracleConfidence, conf <= confLimit, share(conf), Measure(confLimit, .percent_ppm))
    }

    private func share(_ ppm: UInt64) -> Measure { ppm == UInt64.max ? Measure("no price") : Measure(ppm, .percent_ppm) }

    private func marketGates() {
        let exchange = book.pointee.state.exchange_status
        let upgrading = exchange & upgradeBits == upgradeBits
        gate(.exchange, exchange & UInt8(EK_EXCHANGE_FILL_PAUSED) == 0 && !upgrading, exchange == 0 ? Measure("open") : Measure(exchange, .pauseBits),
             Measure(upgrading ? "withdrawals and settling not paused" : "fills not paused"))

        guard let m = ek_book_perp(book, perpIndex) else { return }
        let status = m.pointee.status
        let bits = m.pointee.paused_operations
        let paused = bits & UInt8(EK_PERP_FILL_PAUSED) != 0 || bits & ~knownPauseBits != 0
        let open = status == UInt8(EK_MARKET_ACTIVE) || (status == UInt8(EK_MARKET_REDUCE_ONLY) && decision.reduce_only != 0)
        var word: StaticString
        switch Int(status) {
        case Int(EK_MARKET_ACTIVE): word = paused ? "active, fills paused" : bits & UInt8(EK_PERP_AMM_FILL_PAUSED) != 0 ? "active, vAMM fills paused" : "active"
        case Int(EK_MARKET_REDUCE_ONLY): word = paused ? "reduce-only, fills paused" : "reduce-only"
        case Int(EK_MARKET_SETTLEMENT): word = "settlement"
        case Int(EK_MARKET_DELISTED): word = "delisted"
        default: word = "not open"
        }
        gate(.market, open && !paused, Measure(word), Measure("active"))

        let user = book.pointee.user.status
        var flagged = user & UInt8(EK_USER_BEING_LIQUIDATED | EK_USER_BANKRUPT) != 0
        if let p = ek_user_perp(ek_book_user(book), perpIndex), p.pointee.flags & UInt8(EK_POSITION_BEING_LIQUIDATED | EK_POSITION_BANKRUPT) != 0 { flagged = true }
        let strange = user & ~knownUserBits != 0
        let onlyReduce = user & UInt8(EK_USER_REDUCE_ONLY) != 0
        word = flagged ? "being liquidated or bankrupt" : strange ? "flagged in a way this program does not know" : onlyReduce ? "reduce-only" : "normal"
        gate(.user, !flagged && !strange && (!onlyReduce || decision.reduce_only != 0), Measure(word), Measure("normal"))
    }

    private func nodeGates(_ now: Now) {
        clusterGate(final: false)
        // Of the very read the decision rests on, and of the endpoint's smoothed past.
        let limit = Measure(rules.maxLatency_ms, .ms)
        let ms = UInt64(max(reading.latency_us, endpoints.all[reading.endpoint].latency_us)) / 1000
        gate(.latency, ms <= rules.maxLatency_ms, Measure(ms, .ms), limit)
        let p95 = endpoints.all[reading.endpoint].p95_us(now.mono_ms)
        let late = UInt64(p95 ?? 0) / 1000
        gate(.latencyP95, late <= rules.maxLatency_ms, p95 == nil ? Measure("too few answers") : Measure(late, .ms), limit)
        let told = slots.aheadSlot > book.pointee.slot && now.mono_ms - min(slots.aheadAt_ms, now.mono_ms) <= lagMemory_ms ? slots.aheadSlot - book.pointee.slot : 0
        let lag = max(told, endpoints.lag(reading.endpoint, now.mono_ms))
        gate(.slotLag, lag <= rules.maxSlotLag, Measure(lag, .slots), Measure(rules.maxSlotLag, .slots))
        let still = still_ms(now)
        let moves = still <= frozenAfter_ms
        gate(.chainMoves, moves, moves && !slots.moved ? Measure("not known yet") : Measure(still / 1000, .seconds), Measure(frozenAfter_ms / 1000, .seconds))
        clockGate(now)
        gate(.secondOpinion, true, Measure("not asked"), Measure("agreed"))
        blockhashGate()
    }

    /// Of the venue account; the venue has a floor of its own, set by the owner, which it holds against orders that add risk.
    private func equityGate(_ correcting: Bool) {
        let user = book.pointee.user
        let own = user.equity_floor_e6.addingReportingOverflow(user.equity_floor_buffer_e6)
        let floor = max(rules.equityFloor_e6, user.equity_floor_e6 == 0 ? 0 : Int64(clamping: own.overflow ? UInt64.max : own.partialValue))
        let equity = report.view.a.equity_e6
        gate(.equityFloor, floor == 0 || equity >= floor || decision.reduce_only != 0 || !correcting, Measure(equity, .usd_e6),
             floor == 0 ? Measure("off") : Measure(floor, .usd_e6))
    }

    private func accountGates(_ now: Now, _ correcting: Bool) {
        if rules.mode == .live {
            let have = book.pointee.payer_lamports
            let need = rules.gasReserve_lamports &+ rules.maxPriorityFee_lamports &+ signatureFee_lamports
            gate(.gasReserve, have >= need, Measure(have, .sol_e9), Measure(need, .sol_e9))
        }
        let trades = tradesToday(now)
        gate(.tradesToday, trades < hedgeRules.maxTradesPerDay || closing, Measure(trades, .none), Measure(hedgeRules.maxTradesPerDay, .aDay))

        // All markets together, with this correction.
        var notional: Int64 = 0
        if correcting { _ = ek_mul_div_floor_i64(report.view.a.oracle_price_e6, Int64(clamping: decision.size_base_e9), 1_000_000_000, &notional) }
        let sum = Int64(clamping: Int128(notionalToday_e6(now)) + Int128(notional))
        gate(.notionalToday, rules.maxNotionalDay_e6 == 0 || sum <= rules.maxNotionalDay_e6 || closing,
            Measure(sum, .usd_e6),
             rules.maxNotionalDay_e6 == 0 ? Measure("off") : Measure(rules.maxNotionalDay_e6, .usd_e6))

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

    /// What all markets have corrected since midnight UTC, in the mode that runs.
    func notionalToday_e6(_ now: Now) -> Int64 {
        let day = now.unix_s - now.unix_s % 86_400
        var sum: Int128 = 0
        for i in 0..<UInt32(record.pointee.n_markets) {
            guard let m = ek_record_market(record, i)?.pointee else { break }
            if rules.mode == .paper {
                if m.paper.day_start_unix_s == day { sum += Int128(m.paper.notional_today_e6) }
            } else if m.day_start_unix_s == day {
                sum += Int128(m.notional_today_e6)
            }
        }
        return Int64(clamping: sum)
    }
}

/// user_order_id values this agent uses; other orders on the account are somebody else's and are never touched.
let ownOrderIds: ClosedRange<UInt8> = 200...254
