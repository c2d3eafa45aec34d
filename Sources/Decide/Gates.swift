// The gates: every reason not to act, all evaluated at every decision, each with what was measured and what
// is allowed. An order is built only when every one of them is open; the send path asks some of them again
// before it journals.
import EvenkeelCore
import Model
import Text

/// The venue's unit of staleness, whatever a slot lasts.
private let staleUnit_ms: UInt64 = 400
private let maxBlockhashAge_slots: UInt64 = 50
/// What the venue pauses while its program is upgraded: withdrawals, liquidation, funding, settling, all at
/// once.
private let upgradeBits = UInt8(
    EK_EXCHANGE_WITHDRAW_PAUSED | EK_EXCHANGE_LIQ_PAUSED
        | EK_EXCHANGE_FUNDING_PAUSED | EK_EXCHANGE_SETTLE_PAUSED)
/// Flags of accounts and markets that are understood; one that is not closes the gate.
private let knownUserBits: UInt8 = 0x1F
private let knownPauseBits: UInt8 = 0x7F

/// What is known of the node that the book was read from.
package struct NodeFacts {
    package var foreign = false
    package var genesisKnown = false
    /// Of the read itself and of the endpoint's smoothed past, the larger.
    package var latency_us: UInt32 = 0
    /// The 95th percentile of its answers; nil: too few.
    package var p95_us: UInt32? = nil
    package var lag_slots: UInt64 = 0
    /// For how long the chain has shown no new slot, and whether this process has seen it move at all.
    package var still_ms: UInt64 = 0
    package var chainMoved = false
    package init() {}
}

/// What the gates go by beside the book, the rules and the market.
package struct GateFacts {
    package var node = NodeFacts()
    /// Every hedged perp is being closed.
    package var closing = false
    package var killed = false
    package var breakerOpen = false
    package var failuresInRow: UInt32 = 0
    package var signerHold: SignerHold? = nil
    package var tradesToday: UInt32 = 0
    package var notionalToday_e6: Int64 = 0
    /// The id of an order that carries an id of this agent and is not in its record.
    package var strangeOrder: UInt32? = nil
    /// Of the order that is being built; nil: it has none yet.
    package var blockhashAge_slots: UInt64? = nil
    package init() {}
}

/// A node whose slot has not moved for this long is frozen, whatever it says of its health.
package let frozenAfter_ms: UInt64 = 20_000

/// One evaluation. It reads, and returns the gates.
package struct GateEvaluation {
    let book: Book
    let rules: Rules
    let hedge: Hedge
    let facts: GateFacts
    let now: Now
    private var gates: [Gate] = []

    package init(_ book: Book, _ rules: Rules, _ hedge: Hedge, _ facts: GateFacts, _ now: Now) {
        (self.book, self.rules, self.hedge, self.facts, self.now) = (book, rules, hedge, facts, now)
        gates.reserveCapacity(GateName.allCases.count)
    }

    private var decision: ek_decision { hedge.decision }
    private var correcting: Bool { decision.action != UInt8(EK_ACTION_NONE) }

    /// All of them but the cost gate, for the book that was read and, where there is one, the correction
    /// decided.
    package mutating func all() -> [Gate] {
        leverageGate()
        marginGates()
        equityGate()
        oracleGates()
        marketGates()
        userGate()
        nodeGates()
        accountGates()
        interestGate()
        gates.append(breakerGate)
        gates.append(killGate)
        if rules.mode == .live { gates.append(signerLimitGate) }
        return gates
    }

    /// Those that may have changed since the decision: asked again right before the journal is written.
    package var atSend: [Gate] {
        var g = [clusterGate(final: true), lagGate, blockhashGate, breakerGate, killGate]
        if rules.mode == .live { g.append(signerLimitGate) }
        return g
    }

    private mutating func gate(
        _ name: GateName, _ ok: Bool, _ value: Measure, _ limit: Measure,
        detail: Text? = nil
    ) {
        gates.append(Gate(gate: name, ok: ok, measured: value, allowed: limit, detail: ok ? nil : detail))
    }

    // MARK: the agent

    private var killGate: Gate {
        Gate(
            gate: .killSwitch, ok: !facts.killed, measured: Measure(facts.killed ? "on" : "off"),
            allowed: Measure("off"))
    }

    private var breakerGate: Gate {
        Gate(
            gate: .breaker, ok: !facts.breakerOpen, measured: Measure(facts.failuresInRow, .none),
            allowed: Measure(rules.maxFailures, .none))
    }

    /// The signer counts orders an hour and dollars a day. What it refused for that it will refuse until the
    /// window ends: until then it is not asked again, and nothing of it counts as a failure.
    package var signerLimitGate: Gate {
        // An order that only reduces is refused by no limit of the signer's; what held one up (a price that
        // it does not believe yet) holds all.
        guard let h = facts.signerHold, !h.over(now), h.reducing || decision.reduce_only == 0 else {
            return Gate(
                gate: .signerLimit, ok: true, measured: Measure("not used up"),
                allowed: Measure("not used up"))
        }
        let left_s = h.left_s(now)
        return Gate(
            gate: .signerLimit, ok: false, measured: Measure(left_s, .seconds),
            allowed: Measure("not used up"),
            detail: "The signer refused: \(h.words); that ends in \(left_s) s, nothing is asked of it before")
    }

    // MARK: margin

    private mutating func leverageGate() {
        // On paper the ledger's position counts too.
        let ledger = hedge.view.perp_e9 - hedge.view.a.perp_base_e9
        let size = Int64(clamping: decision.size_base_e9)
        let delta = !correcting ? 0 : decision.direction == UInt8(EK_SELL) ? -size : size
        var after: UInt32 = 0
        var fault = ek_fault()
        let infinite = ek_leverage_after(book, hedge.perpIndex, delta &+ ledger, &after, &fault) != EK_OK
        // A correction that only reduces is never blocked by it.
        let limit = hedge.rules.maxLeverage_e4
        let ok = decision.reduce_only != 0 || delta == 0 || (!infinite && after <= limit)
        gate(
            .leverage, ok, infinite ? Measure("no equity") : Measure(after, .times_e4),
            Measure(limit, .limitTimes_e4))
    }

    private mutating func marginGates() {
        let a = hedge.view.a
        let healthy = a.health_bp >= rules.minHealth_bp || !correcting || decision.reduce_only != 0
        if healthy, let w = hedge.wouldDeleverage(book, rules) {
            gate(
                .health, false, Measure(w.after_bp, .percent_bp), Measure(w.least_bp, .percent_bp),
                detail: w.why)
        } else {
            gate(
                .health, healthy, Measure(a.health_bp, .percent_bp),
                Measure(rules.minHealth_bp, .percent_bp))
        }

        let least = Measure(0, .usd_e6)
        if !correcting {
            gate(.freeCollateral, true, Measure(a.free_collateral_e6, .usd_e6), least)
            return
        }
        var params = ek_order_perp(
            hedge.perpIndex, UInt8(EK_ORDER_MARKET), decision.direction, decision.size_base_e9)
        params.reduce_only = decision.reduce_only
        var type: Int32 = 0
        var m = ek_margin()
        var fault = ek_fault()
        if ek_margin_if_placed(book, &params, &type, &m, &fault) == EK_OK {
            let left = ek_margin_free_e6(&m)
            gate(.freeCollateral, left >= 0, Measure(left, .usd_e6), least)
        } else {
            gate(
                .freeCollateral, false, Measure("not computable"), least,
                detail: "The margin after the correction cannot be computed: \(c: ek_fault_text(&fault))")
        }
    }

    /// Of the venue account; the venue has a floor of its own, set by the owner, which it holds against
    /// orders that add risk.
    private mutating func equityGate() {
        let user = book.pointee.user
        let own = user.equity_floor_e6.addingReportingOverflow(user.equity_floor_buffer_e6)
        let venues =
            user.equity_floor_e6 == 0 ? 0 : Int64(clamping: own.overflow ? UInt64.max : own.partialValue)
        let floor = max(rules.equityFloor_e6, venues)
        let equity = hedge.view.a.equity_e6
        gate(
            .equityFloor, floor == 0 || equity >= floor || decision.reduce_only != 0 || !correcting,
            Measure(equity, .usd_e6), floor == 0 ? Measure("off") : Measure(floor, .usd_e6))
    }

    // MARK: prices

    /// |a - b| in parts per million of b; all ones when b is not a price.
    private func divergence(_ a: Int64, _ b: Int64) -> UInt64 {
        if a <= 0 || b <= 0 { return UInt64.max }
        var out: UInt64 = 0
        let gap = a > b ? UInt64(a - b) : UInt64(b - a)
        return ek_mul_div_floor_u64(gap, 1_000_000, UInt64(b), &out) == EK_OK ? out : UInt64.max
    }

    private func share(_ ppm: UInt64) -> Measure {
        ppm == UInt64.max ? Measure("no price") : Measure(ppm, .percent_ppm)
    }

    private mutating func oracleGates() {
        let a = hedge.view.a
        let spotUsed = hedge.spotIndex != 0xFFFF
        let age = hedge.view.priceAge_slots
        gate(
            .oracleAge, age <= rules.maxOracleAge_slots, Measure(age, .slots),
            Measure(rules.maxOracleAge_slots, .slots))

        // What the venue's margin still takes, which it counts in units of 400 ms and not in slots once it
        // says how long a slot is; an order that only reduces may pass.
        let units = UInt64(clamping: max(0, book.pointee.state.slots_before_stale_for_margin))
        let slot_ms = UInt64(book.pointee.state.slot_duration_ms)
        let told = units > 0 && slotLengths_us.contains(slot_ms * 1_000)
        let most = told ? max(1, min(units, 1_000_000_000) * staleUnit_ms / slot_ms) : units
        let aged = hedge.view.a.collateral_age_slots
        let reducing = decision.reduce_only != 0 || !correcting
        let young = aged <= most || most == 0
        let passes = !young && decision.reduce_only != 0
        gate(
            .collateralOracle, young || reducing, Measure(aged, passes ? .slotsOfReduction : .slots),
            Measure(most, .slots))

        let limit = Measure(rules.maxOracleDivergence_ppm, .percent_ppm)
        let gap = divergence(a.oracle_price_e6, a.oracle_twap_5min_e6)
        gate(.oracleDivergence, gap <= rules.maxOracleDivergence_ppm, share(gap), limit)
        // One asset, two oracles: they must tell one price.
        let apart = spotUsed ? divergence(a.oracle_price_e6, a.spot_price_e6) : 0
        gate(
            .oracleTwins, apart <= rules.maxOracleDivergence_ppm,
            spotUsed ? share(apart) : Measure("no spot market"), limit)

        let conf = divergence(a.oracle_price_e6 &+ Int64(clamping: a.oracle_conf_e6), a.oracle_price_e6)
        let state = book.pointee.state
        let confLimit = state.confidence_max_e6 == 0 ? 20_000 : state.confidence_max_e6
        gate(.oracleConfidence, conf <= confLimit, share(conf), Measure(confLimit, .percent_ppm))
    }

    // MARK: the venue

    private mutating func marketGates() {
        let exchange = book.pointee.state.exchange_status
        let upgrading = exchange & upgradeBits == upgradeBits
        gate(
            .exchange, exchange & UInt8(EK_EXCHANGE_FILL_PAUSED) == 0 && !upgrading,
            exchange == 0 ? Measure("open") : Measure(exchange, .pauseBits),
            Measure(upgrading ? "withdrawals and settling not paused" : "fills not paused"))

        guard let m = ek_book_perp(book, hedge.perpIndex) else { return }
        let status = m.pointee.status
        let bits = m.pointee.paused_operations
        let paused = bits & UInt8(EK_PERP_FILL_PAUSED) != 0 || bits & ~knownPauseBits != 0
        let reducing = status == UInt8(EK_MARKET_REDUCE_ONLY) && decision.reduce_only != 0
        gate(
            .market, (status == UInt8(EK_MARKET_ACTIVE) || reducing) && !paused,
            Measure(
                marketWord(status, paused: paused, ammPaused: bits & UInt8(EK_PERP_AMM_FILL_PAUSED) != 0)),
            Measure("active"))
    }

    private func marketWord(_ status: UInt8, paused: Bool, ammPaused: Bool) -> StaticString {
        switch Int(status) {
        case Int(EK_MARKET_ACTIVE):
            return paused ? "active, fills paused" : ammPaused ? "active, vAMM fills paused" : "active"
        case Int(EK_MARKET_REDUCE_ONLY): return paused ? "reduce-only, fills paused" : "reduce-only"
        case Int(EK_MARKET_SETTLEMENT): return "settlement"
        case Int(EK_MARKET_DELISTED): return "delisted"
        default: return "not open"
        }
    }

    private mutating func userGate() {
        guard ek_book_perp(book, hedge.perpIndex) != nil else { return }
        let user = book.pointee.user.status
        let position = ek_user_perp(ek_book_user(book), hedge.perpIndex)?.pointee.flags ?? 0
        // The flag of a liquidation outlives it: above maintenance the simulation tells whether the venue
        // takes the order and clears the flag.
        let liquidated = user & UInt8(EK_USER_BEING_LIQUIDATED) != 0
        let flagged =
            liquidated && hedge.view.a.liquidatable != 0 || user & UInt8(EK_USER_BANKRUPT) != 0
            || position & UInt8(EK_POSITION_BEING_LIQUIDATED | EK_POSITION_BANKRUPT) != 0
        let strange = user & ~knownUserBits != 0
        let onlyReduce = user & UInt8(EK_USER_REDUCE_ONLY) != 0
        let word: StaticString =
            flagged
            ? "being liquidated or bankrupt"
            : strange
                ? "flagged in a way this program does not know"
                : onlyReduce
                    ? "reduce-only" : liquidated ? "flagged as being liquidated, above maintenance" : "normal"
        gate(
            .user, !flagged && !strange && (!onlyReduce || decision.reduce_only != 0), Measure(word),
            Measure("normal"))
    }

    /// The simulation told that the account is not far enough above maintenance to be let go.
    package static var stillLiquidated: Gate {
        Gate(
            gate: .user, ok: false, measured: Measure("being liquidated"), allowed: Measure("normal"),
            detail: """
                The account is flagged as being liquidated, and the venue takes no order from it yet: it \
                must stand above maintenance by the venue's buffer
                """)
    }

    /// The market's cap on open interest holds for every order that is not reduce-only; the program tests it
    /// after the margin.
    private mutating func interestGate() {
        guard let m = ek_book_perp(book, hedge.perpIndex) else { return }
        let cap =
            UInt128(m.pointee.max_open_interest_e9.hi) << 64 | UInt128(m.pointee.max_open_interest_e9.lo)
        if cap == 0 { return }
        let selling = decision.direction == UInt8(EK_SELL)
        let side = selling ? m.pointee.base_short_e9 : m.pointee.base_long_e9
        let before = (Int128(side.hi) << 64 | Int128(side.lo)).magnitude
        let adding = correcting && decision.reduce_only == 0
        let after = before + UInt128(adding ? decision.size_base_e9 : 0)
        gate(
            .openInterest, after <= cap || !adding, Measure(Int64(clamping: after), .base_e9),
            Measure(Int64(clamping: cap), .base_e9))
    }

    // MARK: the node

    /// A cluster that is not known yet is given until the order is about to leave.
    private func clusterGate(final: Bool) -> Gate {
        let n = facts.node
        let named = rules.genesis != nil
        let ok = !named ? !n.foreign : n.genesisKnown ? !n.foreign : !final
        let word: StaticString =
            n.foreign
            ? "another one"
            : !named ? "not asked" : n.genesisKnown ? "the configured one" : "not known yet"
        return Gate(
            gate: .cluster, ok: ok, measured: Measure(word),
            allowed: Measure(named ? "the configured one" : "any"))
    }

    /// A hash is good for 150 blocks. One that a node hands out late has less of its life left than the watch
    /// over the order counts with.
    private var blockhashGate: Gate {
        let age = facts.blockhashAge_slots
        return Gate(
            gate: .blockhashAge, ok: (age ?? 0) <= maxBlockhashAge_slots,
            measured: age.map { Measure($0, .slots) } ?? Measure("none yet"),
            allowed: Measure(maxBlockhashAge_slots, .slots))
    }

    /// A chain ahead of this machine's clock by more would have orders end later than the signer lets them
    /// (ek_policy.h). A chain behind it only has them end sooner.
    private mutating func clockGate() {
        guard rules.mode == .live else { return }
        let ahead_s = book.pointee.clock.unix_timestamp.subtractingReportingOverflow(now.unix_s).partialValue
        gate(
            .clock, ahead_s <= rules.maxClockAhead_s, Measure(ahead_s, .seconds),
            Measure(rules.maxClockAhead_s, .seconds))
    }

    private var lagGate: Gate {
        let lag = facts.node.lag_slots
        return Gate(
            gate: .slotLag, ok: lag <= rules.maxSlotLag, measured: Measure(lag, .slots),
            allowed: Measure(rules.maxSlotLag, .slots))
    }

    private mutating func nodeGates() {
        let n = facts.node
        gates.append(clusterGate(final: false))
        let limit = Measure(rules.maxLatency_ms, .ms)
        let ms = UInt64(n.latency_us) / 1000
        gate(.latency, ms <= rules.maxLatency_ms, Measure(ms, .ms), limit)
        let late = UInt64(n.p95_us ?? 0) / 1000
        gate(
            .latencyP95, late <= rules.maxLatency_ms,
            n.p95_us == nil ? Measure("too few answers") : Measure(late, .ms), limit)
        gates.append(lagGate)
        let moves = n.still_ms <= frozenAfter_ms
        gate(
            .chainMoves, moves,
            moves && !n.chainMoved ? Measure("not known yet") : Measure(n.still_ms / 1000, .seconds),
            Measure(frozenAfter_ms / 1000, .seconds))
        clockGate()
        gate(.secondOpinion, true, Measure("not asked"), Measure("agreed"))
        gates.append(blockhashGate)
    }

    // MARK: the account

    private mutating func accountGates() {
        if rules.mode == .live {
            let have = book.pointee.payer_lamports
            let need = rules.gasReserve_lamports &+ rules.maxPriorityFee_lamports &+ signatureFee_lamports
            gate(.gasReserve, have >= need, Measure(have, .sol_e9), Measure(need, .sol_e9))
        }
        let most = hedge.rules.maxTradesPerDay
        gate(
            .tradesToday, facts.tradesToday < most || facts.closing, Measure(facts.tradesToday, .none),
            Measure(most, .aDay))

        // All markets together, with this correction.
        var notional: Int64 = 0
        if correcting {
            _ = ek_mul_div_floor_i64(
                hedge.view.a.oracle_price_e6, Int64(clamping: decision.size_base_e9),
                1_000_000_000, &notional)
        }
        let sum = Int64(clamping: Int128(facts.notionalToday_e6) + Int128(notional))
        let limit = rules.maxNotionalDay_e6
        gate(
            .notionalToday, limit == 0 || sum <= limit || facts.closing, Measure(sum, .usd_e6),
            limit == 0 ? Measure("off") : Measure(limit, .usd_e6))

        let strange = facts.strangeOrder
        gate(
            .ownOrder, strange == nil, strange.map { Measure($0, .none) } ?? Measure("none"), Measure("none"))
    }
}
