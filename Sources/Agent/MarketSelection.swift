// Several markets, one account: the one book that was read is judged for every market, then at most one correction is begun, that of the
// market with the largest risk (net delta beyond its tolerance, times the oracle price; ties in the order of the config). A market
// whose gates are closed, or that cannot be judged, holds up nobody but itself; what is wrong with the account holds up all. The
// next market has its turn in a tick of its own, at once after this one, on a book that knows what this one did.
import EvenkeelCore
import Model
import Rpc
import Text

/// A tick for the next market comes so soon after the end of a correction.
let soon_ms: UInt64 = 1_000

extension Machine {
    func decide(_ now: Now) {
        report.after.known = false
        report.action = UInt8(EK_ACTION_NONE)
        report.size_e9 = 0
        report.price_e6 = 0
        report.hasSignature = false
        report.cooldownLeft_s = 0
        report.gates = []
        var judged = false
        for i in 0..<hedges.count {
            current = i
            if judge(now) { judged = true }
        }
        sayUnvalued()
        focus(on: busiest())
        guard let v = hedges.firstIndex(where: { $0.view.valued }) else {
            hedges[current].status = .observeOnly
            finishStanding(now, account: true)
            return
        }
        checkSkew(now)
        checkHealth(hedges[current].view.valued ? hedges[current].view : hedges[v].view)
        takeVault(now)
        if judged {
            evaluateAllGates(now)
            if cancelStaleOrder(now) { return }
        }
        settleVerdict(now)
    }

    /// Everything a status shows of "the market" is of this one from here on.
    func focus(on i: Int) {
        current = i
        report.view = hedges[i].view
        report.gates = hedges[i].gates
        report.cooldownLeft_s = 0
    }

    // MARK: one market

    /// Sets the current market's view, decision and status; true when there is a decision.
    private func judge(_ now: Now) -> Bool {
        let i = current
        hedges[i].decision = ek_decision()
        hedges[i].gates.removeAll(keepingCapacity: true)
        hedges[i].risk_e6 = 0
        hedges[i].waiting = false
        hedges[i].judged = false
        hedges[i].reason = Text()
        hedges[i].view = View()
        hedges[i].cooldownLeft_s = 0
        if !hedges[i].missing.isEmpty { return stand(.observeOnly, hedges[i].missing) }
        var view = View()
        let unvalued = assess(&view)
        hedges[i].view = view
        if let words = unvalued { return stand(.observeOnly, words) }
        let r = hedges[i].rules
        guard let m = ek_book_perp(book, perpIndex),
              r.perpName.withChars({ ek_book_perp_by_name(book, $0, $1) })?.pointee.market_index == perpIndex
        else { return stand(.observeOnly, "the market no longer carries the hedged name; observing only") }
        var rules = coreRules(m)
        var smallest: UInt64 = 0
        if ek_hedge_rules_check(&rules, &smallest) != EK_OK {
            let t: Text = """
                max_trade_size is under the market's smallest order \
                (\(fixed: Int64(clamping: smallest), decimals: 9, shown: 4)): no correction can ever be \
                made
                """
            return stand(.blocked, t)
        }
        let moment = ek_moment(unix_s: now.unix_s, slot: book.pointee.slot)
        let last = cooldownSince(&rules, moment)
        var d = ek_decision()
        let decided = closing ? decideFlat(&rules, view, moment, &d)
            : ek_decide(&rules, view.net_e9, view.drift_ppm, view.driftKnown ? 1 : 0, view.perp_e9, moment,
                        hedges[i].forced ? ek_moment(unix_s: 0, slot: 0) : last, &d) == EK_OK
        if !decided {
            return stand(.error, "the decision could not be computed: numbers out of range")
        }
        hedges[i].decision = d
        hedges[i].judged = true
        hedges[i].cooldownLeft_s = ek_cooldown_left(&rules, moment, last)
        hedges[i].risk_e6 = ek_risk_e6(view.a.spot_base_e9, view.net_e9, r.tolerance_ppm, view.a.oracle_price_e6)
        switch Int(d.verdict) {
        case Int(EK_VERDICT_BALANCED): hedges[i].status = .balanced
        case Int(EK_VERDICT_DUST): hedges[i].status = .dust
        case Int(EK_VERDICT_COOLDOWN): hedges[i].status = .cooldown
        default:
            hedges[i].status = .pending
            hedges[i].waiting = true
        }
        return true
    }

    private func stand(_ status: Status, _ why: Text) -> Bool {
        hedges[current].status = status
        hedges[current].reason = why
        return false
    }

    private func sayUnvalued() {
        for i in 0..<hedges.count where hedges[i].missing.isEmpty && hedges[i].status == .observeOnly && !hedges[i].view.known {
            note(.warning, named(i, hedges[i].reason))
        }
    }

    private func evaluateAllGates(_ now: Now) {
        let i = current
        for k in 0..<hedges.count where hedges[k].judged {
            focus(on: k)
            evaluateGates(now)
            hedges[k].gates = report.gates
        }
        focus(on: i)
    }

    // MARK: which one

    /// The market whose story is the tick's: of those that are not balanced the one with the largest risk, corrections first.
    private func busiest() -> Int {
        var best = 0
        var rank = -1
        for i in 0..<hedges.count {
            let h = hedges[i]
            let r = h.waiting && !hadItsTurn(i) ? 3 : h.waiting || h.status == .cooldown ? 2 : h.status != .balanced ? 1 : 0
            if r > rank || (r == rank && h.risk_e6 > hedges[best].risk_e6) {
                best = i
                rank = r
            }
        }
        return best
    }

    /// In a tick that comes for the others, a market that was just corrected (or could not be) waits for the next one on the grid.
    private func hadItsTurn(_ i: Int) -> Bool { schedule.soonTick && hedges[i].turn == schedule.gridTurn && !hedges[i].forced }

    private func nextInTurn() -> Int? {
        var best: Int? = nil
        for i in 0..<hedges.count where hedges[i].waiting && !hadItsTurn(i) {
            if let b = best, hedges[b].risk_e6 >= hedges[i].risk_e6 { continue }
            best = i
        }
        return best
    }

    // MARK: the verdict

    private func settleVerdict(_ now: Now) {
        if closing && flatReached(now) { return }
        guard hedges.contains(where: { $0.judged && $0.status != .balanced }) else {
            finishStanding(now)
            return
        }
        if halted {
            holdAll(.observeOnly, observeReason.isEmpty ? Text("the state file cannot be written; nothing is traded") : observeReason, now)
            return
        }
        if heldByPause {
            holdAll(.paused, "Paused: nothing is traded until resume", now)
            return
        }
        if record.pointee.breaker_open != 0 {
            let t: Text = """
                The breaker is open after \(record.pointee.failures_in_row) failures in a row; \
                observing only until resume
                """
            holdAll(.observeOnly, t, now)
            return
        }
        if let t = clusterTrouble() {
            holdAll(.observeOnly, t, now)
            return
        }
        if rules.mode == .live, let t = host.unsigned() ?? signerTrouble() {
            holdAll(.observeOnly, t, now)
            return
        }
        var blockedFirst: Int? = nil
        while let i = nextInTurn() {
            hedges[i].waiting = false
            focus(on: i)
            sayCorrection()
            if gatesOpen {
                correct(now)
                return
            }
            let why = noteBlocked()
            noteRefusedReduction()
            hedges[i].status = .blocked
            hedges[i].reason = why
            if blockedFirst == nil { blockedFirst = i }
        }
        focus(on: blockedFirst ?? current)
        if hedges[current].status == .cooldown {
            note(.info, named(current, standing(current)))
        }
        if hedges[current].status == .cooldown { report.cooldownLeft_s = decision.cooldown_left_s }
        finishStanding(now)
    }

    /// What holds for the account holds for every market that is out of balance.
    private func holdAll(_ status: Status, _ why: Text, _ now: Now) {
        for i in 0..<hedges.count where hedges[i].judged && hedges[i].status != .balanced {
            hedges[i].status = status
            hedges[i].reason = why
            hedges[i].waiting = false
        }
        finish(status, why, now, account: true)
    }

    // MARK: words

    /// Why the market stands as it does.
    package func standing(_ i: Int) -> Text {
        if !hedges[i].reason.isEmpty { return hedges[i].reason }
        var t = Text(capacity: 96)
        putStanding(&t, i)
        return t
    }

    func putStanding(_ t: inout Text, _ i: Int) {
        let h = hedges[i]
        if !h.reason.isEmpty {
            t.put(h.reason)
            return
        }
        switch h.status {
        case .balanced:
            t.put("Drift ")
            putDrift(&t, h.view)
            t.put(" is inside the tolerance")
        case .dust:
            t.put("""
                The correction of \
                \(fixed: Int64(clamping: h.decision.size_base_e9), decimals: 9, shown: 6) is under the \
                smallest order
                """)
        case .cooldown:
            t.put("Cooldown active (\(h.decision.cooldown_left_s)s remaining)")
        case .pending:
            t.put(h.judged ? "Waits for its turn: one correction at a time" : "Not judged yet")
        default: break
        }
    }

    /// With several markets a sentence begins with the one it is about.
    package func named(_ i: Int, _ words: Text) -> Text {
        if hedges.count == 1 { return words }
        var t = Text()
        putName(&t, i)
        t.put(words)
        return t
    }

    func putName(_ t: inout Text, _ i: Int) {
        t.put("\(hedges[i].rules.perpName): ")
    }
}
