// What the gates are given, and where their readings are kept.
import Accounting
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

/// What a node says of its lag holds for so long.
private let saidBehind_ms: UInt64 = 120_000

extension Machine {
    /// Evaluates all gates of a market for the book just read and, when there is one, the correction that was
    /// decided.
    func evaluateGates(_ h: Hedge, _ now: Now) {
        if rules.mode == .live { h.fitReduction(book) }
        var evaluation = GateEvaluation(book, rules, h, gateFacts(h, now), now)
        h.gates = evaluation.all()
        h.gates.put(costGate(h, now))
        sayOldCollateral(h)
    }

    /// Once, until the price is young again.
    private func sayOldCollateral(_ h: Hedge) {
        guard let g = h.gates.first(where: { $0.gate == .collateralOracle }) else { return }
        if g.measured.number <= g.allowed.number {
            standing.oldCollateralSaid = false
        } else if g.measured.unit == .slotsOfReduction && !standing.oldCollateralSaid {
            standing.oldCollateralSaid = true
            note(.warning, g.reason)
        }
    }

    /// Looked at again right before the journal is written: what may have changed since the decision.
    func evaluateSendGates(_ h: Hedge, _ now: Now) {
        for g in GateEvaluation(book, rules, h, gateFacts(h, now), now).atSend { h.gates.put(g) }
    }

    func costGate(_ h: Hedge, _ now: Now) -> Gate {
        let f = h.funding(book, venue: account.venue)
        let m = h.record(in: record)?.pointee
        let corrections =
            m.map { rules.mode == .paper ? $0.paper.corrections_total : $0.corrections_total } ?? 0
        let vault = record.pointee.vault
        let since_s = m != nil && vault.known != 0 ? vault.start_unix_s : 0
        return costs(h).expected(
            rate_e9: f.nextKnown ? f.next_e9 : f.last_e9,
            horizon_s: h.horizon_s(corrections: corrections, since_s: since_s, now))
    }

    func costs(_ h: Hedge) -> CostEstimate {
        CostEstimate(
            book, rules, h, usualFee_lamports: standing.usualFee_lamports,
            settled_lamports: tick.settled_lamports)
    }

    private func gateFacts(_ h: Hedge, _ now: Now) -> GateFacts {
        var f = GateFacts()
        f.node = nodeFacts(now)
        f.closing = closing
        f.killed = effects.killSwitchOn
        f.breakerOpen = journal.breakerOpen
        f.failuresInRow = journal.failuresInRow
        if let hold = standing.signerHold, hold.over(now) { standing.signerHold = nil }
        f.signerHold = standing.signerHold
        let paper = rules.mode == .paper
        if let m = h.record(in: record)?.pointee {
            f.tradesToday = DayCount(m, paper: paper, chainDay(now)).trades
        }
        f.notionalToday_e6 = journal.notionalToday_e6(paper: paper, chainDay(now))
        f.strangeOrder = ownOrders(book, hedges, slot_ms: rules.slot_ms).last?.id
        if let d = phase.draft, let hash = d.blockhash {
            let newest = max(reader.slots.newest, d.look.agreedSlot)
            f.blockhashAge_slots = newest > hash.slot ? newest - hash.slot : 0
        }
        return f
    }

    private func nodeFacts(_ now: Now) -> NodeFacts {
        var n = NodeFacts()
        let e = endpoints.all[readEndpoint]
        n.foreign = e.foreign
        n.genesisKnown = e.genesis != nil
        n.latency_us = max(reader.reading.latency_us, e.latency_us)
        n.p95_us = e.p95_us(now.mono_ms)
        let (s, slot) = (reader.slots, book.pointee.slot)
        let recent = now.mono_ms - min(s.aheadAt_ms, now.mono_ms) <= lagMemory_ms
        n.lag_slots = max(
            s.aheadSlot > slot && recent ? s.aheadSlot - slot : 0, endpoints.lag(readEndpoint, now.mono_ms))
        if now.mono_ms - min(e.behindAt_ms, now.mono_ms) <= saidBehind_ms {
            n.lag_slots = max(n.lag_slots, e.behind_slots)
        }
        n.still_ms = still_ms(now)
        n.chainMoved = s.moved
        return n
    }

    /// The chain's day; before the first book, the machine's.
    func chainDay(_ now: Now) -> ChainDay {
        ChainDay(bookKnown ? book.pointee.clock.unix_timestamp : now.unix_s)
    }

    func still_ms(_ now: Now) -> UInt64 {
        // A node that showed this very slot long before it was believed stands still no less.
        let shown_ms = endpoints.all[readEndpoint].still_ms(at: reader.slots.shown, now.mono_ms)
        return reader.slots.still_ms(shown_ms: shown_ms, now)
    }

    func secondOpinionGate(_ i: Int, ok: Bool, _ word: StaticString, _ detail: Text? = nil) {
        hedges[i].gates.put(
            Gate(
                gate: .secondOpinion, ok: ok, measured: Measure(word), allowed: Measure("agreed"),
                detail: ok ? nil : detail))
    }
}
