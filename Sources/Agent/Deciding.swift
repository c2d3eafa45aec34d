// One market in the book: what it holds, what is said of it, and the begin of its correction, on paper at once or in an order.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    /// Sets the book's numbers; words when the account cannot be valued.
    func assess(_ view: inout View, of b: UnsafeMutablePointer<ek_book>? = nil) -> Text? {
        let h = hedges[current]
        var legs = h.rules.coreLegs(perp: h.perpIndex, spot: h.spotIndex, mint: h.mint)
        legs.skip_liquidation = rules.lean ? 1 : 0
        var fault = ek_fault()
        let err = ek_assess(b ?? book, &legs, &view.a, &fault)
        view.perp_e9 = view.a.perp_base_e9
        if rules.mode == .paper, let m = market {
            let (sum, over) = view.perp_e9.addingReportingOverflow(m.pointee.paper.base_e9)
            if over { return "the paper position is out of range" }
            view.perp_e9 = sum
        }
        var known: Int32 = 0
        let driftErr = ek_drift_to(view.a.spot_base_e9, view.perp_e9, hedgeRules.ratio_ppm, hedgeRules.target_e9, &view.net_e9, &view.drift_ppm, &known)
        view.driftKnown = known != 0
        view.known = driftErr == EK_OK && err == EK_OK
        view.valued = view.known
        if err != EK_OK || driftErr != EK_OK {
            let t: Text = """
                this account cannot be valued, so it is only observed: \(c: ek_fault_text(&fault))
                """
            return t
        }
        return nil
    }

    func coreRules(_ m: UnsafePointer<ek_perp_market>) -> ek_hedge_rules {
        var h = ek_hedge_rules()
        let r = hedgeRules
        h.tolerance_ppm = r.tolerance_ppm
        h.cooldown_s = r.cooldown_s
        h.min_trade_base_e9 = r.minTrade_e9
        h.max_trade_base_e9 = r.maxTrade_e9
        h.step_base_e9 = m.pointee.step_base_e9
        h.market_min_base_e9 = m.pointee.min_order_base_e9
        return h
    }

    /// The success whose cooldown the current market may be in, {0, 0}: none. A cooldown that was once seen over stays over: a clock
    /// that was ahead at the success and is set right later reaches the stamp a second time, and that must not begin it anew.
    func cooldownSince(_ rules: inout ek_hedge_rules, _ moment: ek_moment) -> ek_moment {
        let never = ek_moment(unix_s: 0, slot: 0)
        guard let m = market else { return never }
        let last = self.rules.mode == .paper ? m.pointee.paper.last_success : m.pointee.last_success
        let cooled = hedges[current].cooled
        if last.unix_s == cooled.unix_s && last.slot == cooled.slot { return never }
        if ek_cooldown_left(&rules, moment, last) > 0 { return last }
        hedges[current].cooled = last
        return never
    }

    /// Words when the key may not act for the account.
    func signerTrouble() -> Text? {
        let user = book.pointee.user
        if same(signer, user.authority) || (ek_user_has_delegate(ek_book_user(book)) != 0 && same(signer, user.delegate)) { return nil }
        let t: Text = """
            the key \(key: signer) is neither the authority nor the delegate of the account; authorise \
            it as delegate, then restart
            """
        return t
    }

    package func putDrift(_ t: inout Text, _ v: View) {
        if v.driftKnown {
            t.put("\(fixed: v.drift_ppm, decimals: 4, shown: 2, sign: true) %")
        } else {
            t.put("without a spot leg")
        }
    }

    func sayCorrection() {
        let selling = decision.direction == UInt8(EK_SELL)
        if closing {
            let f: Text = """
                Flatten - closing \
                \(fixed: Int64(clamping: decision.size_base_e9), decimals: 9, shown: 6) of \
                \(fixed: report.view.perp_e9, decimals: 9, shown: 6, sign: true) \(hedgeRules.perpName)
                """
            note(.info, f)
            return
        }
        let what: StaticString = selling ? "expanding short" : "reducing short"
        note(.info, """
            Net delta \(base: report.view.net_e9, shown: 6, sign: true) \(hedgeRules.asset) - \(what) by \
            \(base: decision.size_base_e9, shown: 6)
            """)
    }

    /// Begins the current market's correction; its gates are open.
    func correct(_ now: Now) {
        tried = true
        if rules.mode == .paper {
            bookPaper(now)
        } else {
            takeSecondLook(now)
        }
    }

    func executing(_ now: Now) {
        let t: Text = """
            LIVE MODE: Executing \(c: ek_action_name(decision.action)) for \
            \(fixed: Int64(clamping: decision.size_base_e9), decimals: 9, shown: 6) \(hedgeRules.asset)
            """
        note(.info, t)
    }

    func noteBlocked() -> Text {
        let why = closedReason
        let t: Text = "Rebalance blocked by validation: \(why)"
        note(.warning, named(current, t))
        return why
    }

    func blocked(_ now: Now) { finish(.blocked, noteBlocked(), now) }

    /// A paper fill: at the oracle price, worse by the whole allowed slippage, with the venue's taker fee; then the ledger is saved.
    private func bookPaper(_ now: Now) {
        guard let m = market else { return }
        let selling = decision.direction == UInt8(EK_SELL)
        let oracle = report.view.a.oracle_price_e6
        var slip: Int64 = 0
        var quote: Int64 = 0
        var fee: UInt64 = 0
        let size = Int64(clamping: decision.size_base_e9)
        guard ek_mul_div_ceil_i64(oracle, Int64(rules.maxSlippage_ppm), 1_000_000, &slip) == EK_OK,
              ek_mul_div_floor_i64(size, selling ? oracle - slip : oracle + slip, 1_000_000_000, &quote) == EK_OK,
              ek_taker_fee(book, perpIndex, UInt64(max(0, quote)), &fee) == EK_OK
        else {
            finish(.error, "the paper fill could not be computed: numbers out of range", now)
            return
        }
        let price = selling ? oracle - slip : oracle + slip
        let moved = m.pointee.paper.base_e9.addingReportingOverflow(selling ? -size : size)
        let money = m.pointee.paper.quote_e6.addingReportingOverflow(selling ? quote : -quote)
        let fees = m.pointee.paper.fees_e6.addingReportingOverflow(Int64(clamping: fee))
        if moved.overflow || money.overflow || fees.overflow {
            finish(.error, "the paper ledger is out of range", now)
            return
        }
        let before = m.pointee
        m.pointee.paper.active = 1
        m.pointee.paper.base_e9 = moved.partialValue
        m.pointee.paper.quote_e6 = money.partialValue
        m.pointee.paper.fees_e6 = fees.partialValue
        m.pointee.paper.corrections_total += 1
        let day = dayStart(now)
        if m.pointee.paper.day_start_unix_s < day {
            m.pointee.paper.day_start_unix_s = day
            m.pointee.paper.trades_today = 0
            m.pointee.paper.notional_today_e6 = 0
        }
        m.pointee.paper.trades_today += 1
        m.pointee.paper.notional_today_e6 = Int64(clamping: Int128(m.pointee.paper.notional_today_e6) + Int128(max(0, quote)))
        var after = report.view
        after.perp_e9 += selling ? -size : size
        var known: Int32 = 0
        _ = ek_drift_after(after.a.spot_base_e9, after.net_e9, decision.direction, decision.size_base_e9, &after.net_e9, &after.drift_ppm, &known)
        after.driftKnown = known != 0
        if ek_within_tolerance(after.drift_ppm, known, hedgeRules.tolerance_ppm) != 0 {
            m.pointee.paper.last_success = ek_moment(unix_s: now.unix_s, slot: book.pointee.slot)
        }
        setLast(m, action: decision.action, outcome: UInt8(EK_OUT_PAPER), filled: decision.size_base_e9, price: price, fee_e6: Int64(clamping: fee), now)
        m.pointee.last.drift_after_ppm = after.drift_ppm
        if !save(now) {
            m.pointee = before
            finish(.error, "the paper fill could not be saved", now)
            return
        }
        report.after = after
        report.action = decision.action
        report.size_e9 = decision.size_base_e9
        report.price_e6 = price
        syncVault(now, corrected: m)
        executed(price, paper: true, now)
        finish(.executedPaper, "Filled on paper", now)
    }

    func setLast(_ m: UnsafeMutablePointer<ek_market_record>, action: UInt8, outcome: UInt8, filled: UInt64, price: Int64, fee_e6: Int64, _ now: Now) {
        m.pointee.last = ek_last_correction()
        m.pointee.last.action = action
        m.pointee.last.outcome = outcome
        m.pointee.last.mode = UInt8(rules.mode == .paper ? EK_MODE_PAPER : EK_MODE_LIVE)
        m.pointee.last.size_base_e9 = filled
        m.pointee.last.price_e6 = price
        m.pointee.last.fee_e6 = fee_e6
        m.pointee.last.slot = book.pointee.slot
        m.pointee.last.unix_s = now.unix_s
        m.pointee.last.drift_before_ppm = report.view.drift_ppm
    }

    func executed(_ price: Int64, paper: Bool, _ now: Now) {
        var t = Text(paper ? "Rebalance executed on paper: " : "Rebalance executed: ")
        t.put("""
            \(c: ek_action_name(report.action)) \
            \(fixed: Int64(clamping: report.size_e9), decimals: 9, shown: 6) \(shownMarket) @ \
            $\(fixed: price, decimals: 6, shown: 2)
            """)
        note(.info, t)
    }

    /// Says once when the local clock and the chain's are far apart: the cooldown then leans on slots.
    func checkSkew(_ now: Now) {
        let skew = now.unix_s.subtractingReportingOverflow(book.pointee.clock.unix_timestamp).partialValue
        if skew.magnitude > 120 && !skewWarned {
            skewWarned = true
            var t: Text = "the local clock is \(skew.magnitude)"
            t.put(skew > 0 ? " s ahead of the chain's" : " s behind the chain's")
            t.put("; order expiry uses chain time, the cooldown the later of both; check the time service")
            note(.warning, t)
        }
        if skew.magnitude <= 120 { skewWarned = false }
    }
}
