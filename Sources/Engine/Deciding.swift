// The one book that was read is judged for every market, then at most one correction is begun. What is wrong
// with the account holds up all of them; a market's own trouble holds up nobody but itself. The next market
// has its turn in a tick of its own, at once after this one, on a book that knows what this one did.
import Accounting
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

extension Machine {
    func decide(_ now: Now) {
        report.clearCorrection()
        if rules.mode == .paper || venueAlive { venueKnown() }
        var judged = false
        for h in hedges where judge(h, now) { judged = true }
        for (i, h) in hedges.enumerated() where h.missing.isEmpty && h.status == .observeOnly && !h.view.known
        {
            note(.warning, named(i, h.reason))
        }
        let first = hedges.busiest(schedule.turn)
        focus(on: first)
        guard let v = hedges.firstIndex(where: { $0.view.valued }) else {
            finish(account: .observeOnly, hedges[first].standing, now)
            return
        }
        checkSkew(now)
        health.observe(hedges[first].view.valued ? hedges[first].view : hedges[v].view, rules, note)
        takeRows(now)
        if !hedges.contains(where: { $0.judged && $0.recordIndex == nil }) {
            vault.take(vaultInput(now), effects)
        }
        if judged {
            for h in hedges where h.judged { evaluateGates(h, now) }
            if let why = standsLong(now) {
                for h in hedges where h.judged { h.stand(.observeOnly, why) }
                finish(account: .observeOnly, why, now)
                return
            }
            if cancelStaleOrder(now) { return }
        }
        settleVerdict(now)
    }

    func vaultInput(_ now: Now) -> VaultInput { VaultInput(journal, hedges, book, rules, account, now) }

    // MARK: one market

    /// The market's view of the book just read; in paper mode the ledger's position counts on top.
    func assess(_ h: Hedge) throws(Refusal) -> View {
        try h.assess(book, ledger_e9: paperLedger_e9(h), lean: rules.lean)
    }

    /// What the paper ledger holds of the market, in paper mode.
    func paperLedger_e9(_ h: Hedge) -> Int64 {
        rules.mode == .paper ? h.record(in: record)?.pointee.paper.base_e9 ?? 0 : 0
    }

    /// The same, and where it cannot be valued, what is held.
    func viewNow(_ h: Hedge) -> View {
        if !h.found { return View() }
        do throws(Refusal) { return try assess(h) } catch {
            return h.positions(book, ledger_e9: paperLedger_e9(h))
        }
    }

    /// Sets the market's view, decision and status; true when there is a decision.
    private func judge(_ h: Hedge, _ now: Now) -> Bool {
        h.clear()
        if !h.missing.isEmpty {
            h.stand(.observeOnly, h.missing)
            return false
        }
        h.view.a.slot = book.pointee.slot
        h.status = .observeOnly
        do throws(Refusal) {
            h.view = try assess(h)
            let m: UnsafePointer<ek_perp_market>
            do throws(Refusal) { m = try h.market(in: book) } catch {
                if reader.search.endpoint == readEndpoint { lookElsewhere(h, now) }
                throw error
            }
            try judgeMarket(h, m, now)
            return true
        } catch {
            h.stand(h.status, error.text)
            return false
        }
    }

    private func judgeMarket(_ h: Hedge, _ m: UnsafePointer<ek_perp_market>, _ now: Now) throws(Refusal) {
        var core = h.coreRules(m, slot_ms: rules.slot_ms)
        var smallest: UInt64 = 0
        h.status = .blocked
        if ek_hedge_rules_check(&core, &smallest) != EK_OK {
            throw Refusal(
                """
                max_trade_size is under the market's smallest order (\(base: smallest)): no correction can \
                ever be \
                made
                """)
        }
        h.status = .error
        let moment = ek_moment(unix_s: now.unix_s, slot: book.pointee.slot)
        setRight(h, &core, now)
        let success = h.record(in: record).map { lastSuccess($0) } ?? noMoment
        let last = h.cooldownSince(success, &core, moment)
        let d = try h.decide(
            h.view, m, closing: closing, at: moment, last: h.forced ? noMoment : last, slot_ms: rules.slot_ms)
        h.decision = d
        if !closing, let less = h.deleverage(h.view, book, rules) {
            sayDeleverage(h, less)
            h.decision = less
            h.deleverages = true
        }
        h.judged = true
        h.cooldownLeft_s = ek_cooldown_left(&core, moment, last)
        let a = h.view.a
        h.risk_e6 = ek_risk_e6(a.spot_base_e9, h.view.net_e9, h.rules.tolerance_ppm, a.oracle_price_e6)
        switch Int(h.decision.verdict) {
        case Int(EK_VERDICT_BALANCED): h.status = .balanced
        case Int(EK_VERDICT_DUST): h.status = .dust
        case Int(EK_VERDICT_COOLDOWN): h.status = .cooldown
        default:
            h.status = .pending
            h.waiting = true
        }
    }

    private func sayDeleverage(_ h: Hedge, _ d: ek_decision) {
        let (a, size) = (h.view.a, d.size_base_e9)
        note(
            .error,
            """
            DELEVERAGE: health is \(fixed: a.health_bp, decimals: 2, shown: 1) %, under \
            deleverage_below_health_pct (\(fixed: rules.deleverage_bp, decimals: 2, shown: 1) %): closing \
            \(base: size, shown: 6) of \(base: a.perp_base_e9, shown: 6, sign: true) \(h.rules.perpName); \
            sell as much \(h.rules.asset) of spot to stay neutral, or deposit collateral
            """)
    }

    /// The clock was ahead at the last success and is set right: the stamp goes back to where the attested
    /// slots say that it was, in the record, so that no later run reaches it a second time.
    private func setRight(_ h: Hedge, _ core: inout ek_hedge_rules, _ now: Now) {
        guard let m = h.record(in: record) else { return }
        let last = lastSuccess(m)
        if last.unix_s <= now.unix_s || reader.slots.newest == 0 { return }
        let left_s = ek_cooldown_left(
            &core, ek_moment(unix_s: now.unix_s, slot: reader.slots.newest), last)
        let stamp = ek_moment(unix_s: now.unix_s - (Int64(core.cooldown_s) - left_s), slot: last.slot)
        if rules.mode == .paper {
            m.pointee.paper.last_success = stamp
        } else {
            m.pointee.last_success = stamp
        }
        if !halted { _ = save(now) }
    }

    private func lastSuccess(_ m: MarketRecord) -> ek_moment {
        rules.mode == .paper ? m.pointee.paper.last_success : m.pointee.last_success
    }

    // MARK: the verdict

    private func settleVerdict(_ now: Now) {
        if closing && flatReached(now) { return }
        guard hedges.contains(where: { $0.judged && $0.status != .balanced }) else {
            if settlesStanding(now) { return }
            finishStanding(of: report.market ?? 0, now)
            return
        }
        if heldForAccount(now) { return }
        var blockedFirst: Int? = nil
        while let i = hedges.nextInTurn(schedule.turn) {
            hedges[i].waiting = false
            focus(on: i)
            sayCorrection(i)
            if hedges[i].gates.allOpen {
                correct(i, now)
                return
            }
            if settlesFirst(i, now) { return }
            hedges[i].stand(.blocked, noteBlocked(i))
            if hedges[i].decision.reduce_only != 0
                && hedges[i].gates.contains(where: { $0.gate == .freeCollateral && !$0.ok })
            {
                health.reductionRefused(hedges[i].view, note)
            }
            if blockedFirst == nil { blockedFirst = i }
        }
        let i = blockedFirst ?? report.market ?? 0
        focus(on: i)
        if hedges[i].status == .cooldown {
            note(.info, named(i, hedges[i].standing))
            report.cooldownLeft_s = hedges[i].decision.cooldown_left_s
        }
        finishStanding(of: i, now)
    }

    /// What holds for the account holds for every market that is out of balance.
    private func heldForAccount(_ now: Now) -> Bool {
        if halted {
            holdAll(.observeOnly, haltedReason, now)
        } else if heldByPause {
            holdAll(.paused, "Paused: nothing is traded until resume", now)
        } else if journal.breakerOpen {
            holdAll(
                .observeOnly,
                """
                The breaker is open after \(journal.failuresInRow) failures in a row; observing only until \
                resume
                """, now)
        } else {
            do throws(Refusal) {
                try requireCluster()
                if rules.mode == .live {
                    try effects.requireSigner()
                    try requireRights()
                }
                return false
            } catch {
                holdAll(.observeOnly, error.text, now)
            }
        }
        return true
    }

    var haltedReason: Text {
        journal.haltedBecause.isEmpty
            ? "the state file cannot be written; nothing is traded" : journal.haltedBecause
    }

    private func holdAll(_ status: Status, _ why: Text, _ now: Now) {
        for h in hedges where h.judged && h.status != .balanced { h.stand(status, why) }
        finish(account: status, why, now)
    }

    /// Refused: the key may not act for the account.
    func requireRights() throws(Refusal) {
        let (user, signer) = (book.pointee.user, account.signer)
        if same(signer, user.authority) { return }
        if ek_user_has_delegate(ek_book_user(book)) != 0 && same(signer, user.delegate) { return }
        throw Refusal(
            """
            the key \(key: signer) is neither the authority nor the delegate of the account; authorise \
            it as delegate, then restart
            """)
    }

    // MARK: a correction

    private func sayCorrection(_ i: Int) {
        let (h, d) = (hedges[i], hedges[i].decision)
        if closing {
            note(
                .info,
                """
                Flatten - closing \(base: d.size_base_e9, shown: 6) of \
                \(base: h.view.perp_e9, shown: 6, sign: true) \(h.rules.perpName)
                """)
            return
        }
        let what: StaticString = d.direction == UInt8(EK_SELL) ? "expanding short" : "reducing short"
        note(
            .info,
            """
            Net delta \(base: h.view.net_e9, shown: 6, sign: true) \(h.rules.asset) - \(what) by \
            \(base: d.size_base_e9, shown: 6)
            """)
    }

    /// Begins a market's correction; its gates are open.
    private func correct(_ i: Int, _ now: Now) {
        tick.tried = i
        let take = rules.mode == .live && ek_venue_can_take(account.venue) != 0
        var kind: Draft.Kind = take ? (fitToDepth(hedges[i]) ? .takePart : .take) : .place
        if let less = tick.less, less.market == i { kind = less.kind }
        takeSecondLook(Draft(market: i, kind: kind, closing: closing), now)
    }

    /// The vAMM's own curve, as it stands in the book, has less than the whole size inside the worst price:
    /// the order is cut to what it has. A curve that is not known, or has nothing, cuts nothing: the
    /// simulation tells.
    private func fitToDepth(_ h: Hedge) -> Bool {
        guard rules.partialFills, let m = ek_book_perp(book, h.perpIndex) else { return false }
        let d = h.decision
        var worst: UInt64 = 0
        var depth = ek_depth()
        guard
            ek_worst_price(
                h.view.a.oracle_price_e6, rules.maxSlippage_ppm, d.direction, m.pointee.tick_price_e6, &worst)
                == EK_OK,
            ek_depth_within(
                book, h.perpIndex, d.direction, Int64(clamping: worst), d.size_base_e9, &depth) == EK_OK,
            depth.at_once != 0, depth.fill_base_e9 < d.size_base_e9,
            depth.fill_base_e9 >= max(m.pointee.min_order_base_e9, 1)
        else { return false }
        note(
            .info,
            """
            the venue has \(base: depth.fill_base_e9, shown: 6) of \(base: d.size_base_e9, shown: 6) \
            \(h.rules.asset) inside the worst price: taking that
            """)
        h.decision.size_base_e9 = depth.fill_base_e9
        return true
    }

    /// An order of this agent that outlived the state file that knew it, older than any order this agent
    /// leaves open: it is cancelled, and the cancel proven, before anything new is decided. A fresh one may
    /// be another agent's at work; then its gate stays closed.
    private func cancelStaleOrder(_ now: Now) -> Bool {
        guard rules.mode == .live, !halted, !heldByPause, !journal.breakerOpen, !ticketOpen,
            let o = ownOrders(book, hedges, slot_ms: rules.slot_ms).first(where: {
                $0.stale && $0.market != nil
            }), let i = o.market
        else { return false }
        focus(on: i)
        note(
            .warning,
            "order \(o.id) of this agent is still open but unknown to its state file; cancelling it first")
        hedges[i].decision = ek_decision()
        if hedges[i].recordIndex == nil { takeRow(hedges[i]) }
        if halted || hedges[i].recordIndex == nil { return false }
        prepare(Draft(market: i, kind: .cancel(o.id), closing: closing), now)
        return true
    }

    func noteBlocked(_ i: Int) -> Text {
        let why = hedges[i].gates.closedReason
        noteBlocked(i, why)
        return why
    }

    func noteBlocked(_ i: Int, _ why: Text) {
        note(.warning, named(i, "Rebalance blocked by validation: \(why)"))
    }

    func blocked(_ i: Int, _ now: Now) { finish(.blocked, noteBlocked(i), about: i, now) }

    func correctOnPaper(_ i: Int, _ now: Now) {
        let h = hedges[i]
        guard let m = h.record(in: record) else { return }
        let before = m.pointee
        let fill: PaperFill
        do throws(Refusal) {
            fill = try PaperFill(h, book, rules)
            try fill.book(
                in: m, tolerance_ppm: h.rules.tolerance_ppm, slot: book.pointee.slot, day: chainDay(now), now)
        } catch {
            finish(.error, error.text, about: i, now)
            return
        }
        let d = h.decision
        var c = Correction(
            action: d.action, outcome: UInt8(EK_OUT_PAPER), paper: true, filled_e9: d.size_base_e9,
            price_e6: fill.price_e6, fee_e6: fill.fee_e6, slot: book.pointee.slot,
            driftBefore_ppm: h.view.drift_ppm)
        c.driftAfter_ppm = fill.after.drift_ppm
        c.store(in: m, signature: nil, now)
        if !save(now) {
            m.pointee = before
            finish(.error, "the paper fill could not be saved", about: i, now)
            return
        }
        report.after = fill.after
        report.action = d.action
        report.size_e9 = d.size_base_e9
        report.price_e6 = fill.price_e6
        h.view = fill.after
        keepCorrection(of: m, landing_slots: 0, now)
        sayExecuted(price_e6: fill.price_e6, paper: true)
        finish(.executedPaper, "Filled on paper", about: i, now)
    }

    /// The vault and the history take in a correction that is over.
    func keepCorrection(of m: MarketRecord, landing_slots: UInt32, _ now: Now) {
        let oracle_e6 = hedges[report.market ?? 0].view.a.oracle_price_e6
        let kept = KeptCorrection(
            oraclePrice_e6: oracle_e6, landing_slots: landing_slots, after: report.after,
            signature: report.hasSignature ? report.signature : nil)
        vault.takeCorrection(of: m, kept, vaultInput(now), effects)
    }

    func sayExecuted(price_e6: Int64, paper: Bool) {
        let begin: StaticString = paper ? "Rebalance executed on paper: " : "Rebalance executed: "
        note(
            .info,
            """
            \(begin)\(c: ek_action_name(report.action)) \(base: report.size_e9, shown: 6) \(shownMarket) @ \
            $\(fixed: price_e6, decimals: 6, shown: 2)
            """)
    }

    /// Says once when the local clock and the chain's are far apart: the cooldown then leans on slots.
    private func checkSkew(_ now: Now) {
        let skew_s = now.unix_s.subtractingReportingOverflow(book.pointee.clock.unix_timestamp).partialValue
        let far = skew_s.magnitude > 120
        if far && !standing.skewSaid {
            let side: StaticString = skew_s > 0 ? "ahead of" : "behind"
            note(
                .warning,
                """
                the local clock is \(skew_s.magnitude) s \(side) the chain's; order expiry uses chain time, \
                the cooldown \
                the later of both; check the time service
                """)
        }
        standing.skewSaid = far
    }
}
