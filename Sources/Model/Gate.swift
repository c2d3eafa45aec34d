// What a gate has measured and what is allowed, as numbers with a unit. Words are made of them only when
// somebody looks: for a status, a log line, the reason of a blocked correction.
import EvenkeelCore
import Text

/// How a number is said. `word` has no number.
package enum Unit: UInt8 {
    case word, none, aDay, ms, seconds, slots, times_e4, limitTimes_e4, percent_bp, percent_ppm, usd_e6,
        sol_e9, base_e9, bps_ppm, pauseBits, slotsOfReduction
}

package struct Measure {
    package var unit: Unit
    package var number: Int64
    package var word: StaticString

    package init(_ word: StaticString) {
        unit = .word
        number = 0
        self.word = word
    }

    package init<T: FixedWidthInteger>(_ number: T, _ unit: Unit) {
        self.unit = unit
        self.number = Int64(clamping: number)
        word = ""
    }

    package func put(_ t: inout Text) {
        switch unit {
        case .word: t.put(word)
        case .none: t.put(number)
        case .aDay: number(&t, " a day")
        case .ms: number(&t, " ms")
        case .seconds: number(&t, " s")
        case .slots: number(&t, " slots")
        case .slotsOfReduction: number(&t, " slots, only a reduction passes")
        case .pauseBits: t.put("status "); t.put(number)
        case .times_e4: fixed(&t, 4, 2, "x")
        case .limitTimes_e4: fixed(&t, 4, 1, "x")
        case .percent_bp: fixed(&t, 2, 1, " %")
        case .percent_ppm: fixed(&t, 4, 2, " %")
        case .usd_e6: t.put(usd: number)
        case .sol_e9: fixed(&t, 9, 4, " SOL")
        case .base_e9: fixed(&t, 9, 2, "")
        case .bps_ppm: fixed(&t, 2, 1, " bps")
        }
    }

    private func number(_ t: inout Text, _ unit: StaticString) {
        t.put(number)
        t.put(unit)
    }

    private func fixed(_ t: inout Text, _ decimals: Int, _ shown: Int, _ unit: StaticString) {
        t.put(fixed: number, decimals: decimals, shown: shown)
        t.put(unit)
    }
}

/// Every gate there is. The order is the one they are evaluated and shown in.
package enum GateName: UInt8, CaseIterable {
    case leverage, health, freeCollateral, equityFloor, oracleAge, collateralOracle, oracleDivergence,
        oracleTwins, oracleConfidence, exchange, market, user
    case cluster, latency, latencyP95, slotLag, chainMoves, clock, secondOpinion, blockhashAge, gasReserve,
        tradesToday, notionalToday, ownOrder, openInterest
    case breaker, killSwitch, signerLimit, cost

    package var word: StaticString {
        switch self {
        case .leverage: return "leverage"
        case .health: return "health"
        case .freeCollateral: return "free_collateral"
        case .equityFloor: return "equity_floor"
        case .oracleAge: return "oracle_age"
        case .collateralOracle: return "collateral_oracle"
        case .oracleDivergence: return "oracle_divergence"
        case .oracleTwins: return "oracle_twins"
        case .oracleConfidence: return "oracle_confidence"
        case .exchange: return "exchange"
        case .market: return "market"
        case .user: return "user"
        case .cluster: return "cluster"
        case .latency: return "latency"
        case .latencyP95: return "latency_p95"
        case .slotLag: return "slot_lag"
        case .chainMoves: return "chain_moves"
        case .clock: return "clock"
        case .secondOpinion: return "second_opinion"
        case .blockhashAge: return "blockhash_age"
        case .gasReserve: return "gas_reserve"
        case .tradesToday: return "trades_today"
        case .notionalToday: return "notional_today"
        case .ownOrder: return "own_order"
        case .openInterest: return "open_interest"
        case .breaker: return "breaker"
        case .killSwitch: return "kill_switch"
        case .signerLimit: return "signer_limit"
        case .cost: return "cost"
        }
    }

    /// Computed from prices, positions and flags that another gate judges: where that one is closed, too, it
    /// is the cause and this one a consequence.
    package var follows: Bool {
        switch self {
        case .leverage, .health, .freeCollateral, .equityFloor, .notionalToday, .cost: return true
        default: return false
        }
    }

    /// It says whether the price can be gone by.
    package var isOfPrice: Bool {
        switch self {
        case .oracleAge, .oracleDivergence, .oracleTwins, .oracleConfidence: return true
        default: return false
        }
    }

    /// The sentence of a closed gate: words, the value, words, the limit.
    fileprivate var sentence: (StaticString, StaticString, Pieces) {
        switch self {
        case .leverage: return ("Leverage would exceed ", "", .limit)
        case .health: return ("Health is ", ", under ", .both)
        case .freeCollateral:
            return ("Free collateral after the correction would be ", ", the venue needs at least ", .both)
        case .equityFloor: return ("The account's equity is ", ", under the floor of ", .both)
        case .oracleAge: return ("The oracle price is ", " old, more than ", .both)
        case .collateralOracle:
            return ("The price that the collateral is valued by is ", " old, more than ", .both)
        case .oracleDivergence:
            return ("The oracle price is ", " from its 5-minute average, more than ", .both)
        case .oracleTwins:
            return ("The perp's and the spot's oracle prices are ", " apart, more than ", .both)
        case .oracleConfidence:
            return ("The oracle's confidence band is ", " of the price, more than ", .both)
        case .exchange: return ("The exchange is paused (", "); needs ", .both)
        case .market: return ("The market is ", "; needs ", .both)
        case .user: return ("The account is ", "; needs ", .both)
        case .cluster: return ("The RPC node's cluster is ", "; needs ", .both)
        case .latencyP95: return ("One in twenty answers of the RPC node took ", ", more than ", .both)
        case .latency: return ("The RPC node took ", ", more than ", .both)
        case .slotLag: return ("The RPC node is behind by ", ", more than ", .both)
        case .chainMoves: return ("The chain has shown no new slot for ", ", longer than ", .both)
        case .clock: return ("The chain's clock is ahead of this machine's by ", ", more than ", .both)
        case .secondOpinion: return ("The second opinion is ", "; needs ", .both)
        case .blockhashAge: return ("The blockhash is ", " old, more than ", .both)
        case .gasReserve: return ("The fee payer holds ", ", needs ", .both)
        case .tradesToday: return ("", " corrections today, the limit is ", .both)
        case .notionalToday: return ("Corrections today would come to ", ", more than ", .both)
        case .ownOrder:
            return (
                "Order ",
                " carries an id of this agent but is not in its state file: another agent on this account, or lost state; it must end first",
                .value
            )
        case .openInterest: return ("The market's open interest would be ", ", more than its cap of ", .both)
        case .breaker: return ("The breaker is open after ", " failures in a row, the limit is ", .both)
        case .killSwitch: return ("The kill file is there; nothing is sent until it is gone", "", .none)
        case .signerLimit: return ("A limit of the signer is used up for another ", "", .value)
        case .cost: return ("The correction would cost ", ", more than ", .both)
        }
    }
}

private enum Pieces { case none, value, limit, both }

/// One reason not to act, with what was measured and what is allowed.
package struct Gate {
    package var gate: GateName
    package var ok: Bool
    package var measured: Measure
    package var allowed: Measure
    /// What a number cannot say; empty nearly always.
    package var detail: Text? = nil

    package init(gate: GateName, ok: Bool, measured: Measure, allowed: Measure, detail: Text? = nil) {
        self.gate = gate
        self.ok = ok
        self.measured = measured
        self.allowed = allowed
        self.detail = detail
    }

    package var name: StaticString { gate.word }

    package var value: Text {
        var t = Text(capacity: 16)
        measured.put(&t)
        return t
    }

    package var limit: Text {
        var t = Text(capacity: 16)
        allowed.put(&t)
        return t
    }

    /// The sentence for the log when it is closed.
    package var reason: Text {
        if let d = detail { return d }
        let (first, second, pieces) = gate.sentence
        var t = Text(first)
        if pieces == .value || pieces == .both { measured.put(&t) }
        if pieces == .limit { allowed.put(&t) }
        t.put(second)
        if pieces == .both { allowed.put(&t) }
        return t
    }
}
