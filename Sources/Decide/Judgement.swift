// What a book says of one market: its numbers, and what follows from them.
import EvenkeelCore
import Model
import Text

extension Hedge {
    /// The book in this market's numbers. `ledger_e9`: the position of the paper ledger, which counts on top.
    package func assess(_ book: Book, ledger_e9: Int64, lean: Bool) throws(Refusal) -> View {
        var fault = ek_fault()
        var view = View()
        let valued = assess(book, lean: lean, into: &view, &fault)
        try positions(&view, ledger_e9: ledger_e9, fault)
        guard valued else { throw unvalued(fault) }
        view.valued = true
        return view
    }

    /// What is held, and the drift, also where the account cannot be valued: while its market is in
    /// settlement, say. Not known where not even that can be read.
    package func positions(_ book: Book, ledger_e9: Int64) -> View {
        var fault = ek_fault()
        var view = View()
        view.valued = assess(book, lean: true, into: &view, &fault)
        do throws(Refusal) { try positions(&view, ledger_e9: ledger_e9, fault) } catch { return View() }
        return view
    }

    private func assess(_ book: Book, lean: Bool, into view: inout View, _ fault: inout ek_fault) -> Bool {
        var legs = rules.coreLegs(perp: perpIndex, spot: spotIndex, mint: mint)
        legs.skip_liquidation = lean ? 1 : 0
        return ek_assess(book, &legs, &view.a, &fault) == EK_OK
    }

    private func positions(_ view: inout View, ledger_e9: Int64, _ fault: ek_fault) throws(Refusal) {
        let (perp_e9, over) = view.a.perp_base_e9.addingReportingOverflow(ledger_e9)
        if over { throw Refusal("the paper position is out of range") }
        view.perp_e9 = perp_e9
        var known: Int32 = 0
        let err = ek_drift_to(
            view.a.spot_base_e9, view.perp_e9, rules.ratio_ppm, rules.target_e9, &view.net_e9,
            &view.drift_ppm,
            &known)
        if err != EK_OK || view.a.positions_known == 0 { throw unvalued(fault) }
        view.driftKnown = known != 0
        view.known = true
    }

    private func unvalued(_ fault: ek_fault) -> Refusal {
        var f = fault
        return Refusal("this account cannot be valued, so it is only observed: \(c: ek_fault_text(&f))")
    }

    package func coreRules(_ m: UnsafePointer<ek_perp_market>, slot_ms: UInt64) -> ek_hedge_rules {
        var h = ek_hedge_rules()
        h.slot_ms = UInt32(clamping: slot_ms)
        h.tolerance_ppm = rules.tolerance_ppm
        h.cooldown_s = rules.cooldown_s
        h.min_trade_base_e9 = rules.minTrade_e9
        h.max_trade_base_e9 = rules.maxTrade_e9
        h.step_base_e9 = m.pointee.step_base_e9
        h.market_min_base_e9 = m.pointee.min_order_base_e9
        return h
    }

    /// The market in this book, if it still carries the name that is hedged.
    package func market(in book: Book) throws(Refusal) -> UnsafePointer<ek_perp_market> {
        guard let m = ek_book_perp(book, perpIndex),
            rules.perpName.withChars({ ek_book_perp_by_name(book, $0, $1) })?.pointee.market_index
                == perpIndex,
            spotIndex == 0xFFFF
                || rules.spotName.withChars({ ek_book_spot_by_name(book, $0, $1) })?.pointee.market_index
                    == spotIndex
        else { throw Refusal("the market no longer carries the hedged name; observing only") }
        return m
    }

    /// The decision for a view; `closing`: everything held is too much. `last`: the success whose cooldown
    /// may hold.
    package func decide(
        _ view: View, _ m: UnsafePointer<ek_perp_market>, closing: Bool, at moment: ek_moment,
        last: ek_moment, slot_ms: UInt64
    ) throws(Refusal) -> ek_decision {
        var core = coreRules(m, slot_ms: slot_ms)
        var d = ek_decision()
        let err: ek_err
        if closing {
            // Any size on the step will do, and no cooldown counts.
            core.min_trade_base_e9 = core.step_base_e9
            core.market_min_base_e9 = core.step_base_e9
            err = ek_decide(
                &core, view.perp_e9, 0, view.perp_e9 == 0 ? 1 : 0, view.perp_e9, moment, noMoment, &d)
        } else {
            err = ek_decide(
                &core, view.net_e9, view.drift_ppm, view.driftKnown ? 1 : 0, view.perp_e9, moment,
                last, &d)
        }
        if err != EK_OK { throw Refusal("the decision could not be computed: numbers out of range") }
        return d
    }

    /// The success whose cooldown the market may be in, `noMoment`: none. A cooldown that was once seen over
    /// stays over: a clock that was ahead at the success and is set right later reaches the stamp a second
    /// time, and that must not begin it anew.
    package func cooldownSince(_ last: ek_moment, _ core: inout ek_hedge_rules, _ moment: ek_moment)
        -> ek_moment
    {
        if last.unix_s == cooled.unix_s && last.slot == cooled.slot { return noMoment }
        if ek_cooldown_left(&core, moment, last) > 0 { return last }
        cooled = last
        return noMoment
    }

    /// Caps a reducing correction at what the venue's margin test leaves room for: the position less what
    /// orders on its closing side take already. The test counts their whole size, so an order beyond it would
    /// be refused.
    package func fitReduction(_ book: Book) {
        guard decision.reduce_only != 0, decision.action != UInt8(EK_ACTION_NONE),
            let m = ek_book_perp(book, perpIndex)
        else { return }
        let a = view.a
        let size = a.perp_base_e9.magnitude
        let taken = a.perp_base_e9 < 0 ? a.perp_open_bids_e9.magnitude : a.perp_open_asks_e9.magnitude
        let step = max(1, m.pointee.step_base_e9)
        let room = (size > taken ? size - taken : 0) / step * step
        // Without room there is nothing to cap: the margin gate says no by itself.
        if room > 0 && decision.size_base_e9 > room { decision.size_base_e9 = room }
    }
}

package let noMoment = ek_moment(unix_s: 0, slot: 0)
