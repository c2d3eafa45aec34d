// Before anything is built the book is looked at a second time, and only what both looks show is acted on.
//   two endpoints or more   another endpoint must show a slot no older than the book's. One that lags is asked again until it has got there,
//                           one that does not answer gives its place to the next, all within `lookWait_ms`. Without such a witness no order
//                           is built: the gate `second_opinion` is closed, with the reason.
//   one endpoint            it must show the same again at least two slots later: a torn read, or one replica's slip, does not come twice.
// A witness that has shown nothing usable for ten minutes, and did not contradict before, is counted out: then the other one is looked at
// twice, as if it were the only one. Two that differ about the account at one slot cannot both be right, and then nothing is traded. On
// different slots the account may simply have moved in between: the tick starts over from a fresh book, at the next endpoint.
import EvenkeelCore
import Model
import Rpc
import Text

/// So long a second look is waited for.
private let lookWait_ms: UInt64 = 6_000
/// A witness that is not there yet is asked again after this; the first repeated look of a single endpoint comes after two slots.
private let askAgain_ms: UInt64 = 300
private let twoSlots_ms: UInt64 = 600
private let ownLook_slots: UInt64 = 2
/// More chain time than this does not pass between two looks.
private let longestLook_s: Int64 = 30
/// No chain is faster.
private let fastestSlot_ms: UInt64 = 50
/// A witness that showed nothing usable for so long is counted out.
private let countedOutAfter_ms: UInt64 = 600_000
/// A book may wait this long for blockhash, simulation and second look before the order is built on a fresh one.
let bookLife_ms: UInt64 = 15_000

/// What the other endpoints came to as witnesses.
struct Witness {
    /// Since when every look at it was in vain; nil: the last one was not.
    var silentSince_ms: UInt64? = nil
    var failedAt_ms: UInt64 = 0
    /// It contradicted at the last look that was usable, at one slot or twice in a row: then its silence is not taken for absence. Once at a
    /// later slot may be a deposit between the looks.
    var contradicted = false
    var differed = 0
    /// The newest slot it showed; whether it is asked next where it stands, for it said only that it is not there yet.
    var seenSlot: UInt64 = 0
    var askWhere = false
    var countedOutSaid = false

    /// Looks come only when a correction is due. Two failures with more than `pause_ms` in between say nothing about that time.
    mutating func failed(_ now_ms: UInt64, pause_ms: UInt64) {
        if silentSince_ms == nil || now_ms - failedAt_ms > longest(pause_ms) { silentSince_ms = now_ms }
        failedAt_ms = now_ms
    }

    mutating func showed() {
        silentSince_ms = nil
        countedOutSaid = false
    }

    mutating func differs(sameSlot: Bool) {
        differed += 1
        contradicted = contradicted || sameSlot || differed > 1
    }

    mutating func agrees() {
        contradicted = false
        differed = 0
    }

    func countedOut(_ now_ms: UInt64, pause_ms: UInt64) -> Bool {
        guard let since = silentSince_ms, !contradicted, now_ms - failedAt_ms <= longest(pause_ms) else {
            return false
        }
        return now_ms - since >= countedOutAfter_ms
    }

    /// While an order is followed no look is taken: that brings one that was counted out not back in.
    private func longest(_ pause_ms: UInt64) -> UInt64 {
        guard let since = silentSince_ms, failedAt_ms - since >= countedOutAfter_ms else { return pause_ms }
        return max(pause_ms, countedOutAfter_ms)
    }
}

/// The second look that is under way.
struct SecondLook {
    var ends_ms: UInt64 = 0
    /// The book's own endpoint is looked at again: there is no other, or all others are counted out. Not before `ownFrom_ms`.
    var own = false
    var ownFrom_ms: UInt64 = 0
    /// The endpoint that was asked last.
    var witness = -1
    /// The slot of the look that agreed.
    var agreedSlot: UInt64 = 0
    /// The other endpoints (as bits) that agreed, and those that did not.
    var agreedBy: UInt32 = 0
    var deniedBy: UInt32 = 0
    /// Oracle prices of the looks that agreed.
    var lowest_e6 = Int64.max
    var highest_e6: Int64 = 0
    /// Chain time of that look, for the end of an order's life; never much past the book's own.
    var agreedTime_s: Int64 = 0
    /// Why the last witness was of no use.
    var trouble = Text()
}

extension Machine {
    func takeSecondLook(_ now: Now) {
        phase = .checking
        look = SecondLook()
        look.ends_ms = now.mono_ms + lookWait_ms
        look.witness = reading.endpoint
        look.own = true
        look.ownFrom_ms = now.mono_ms + twoSlots_ms
        for e in 0..<endpoints.all.count where e != reading.endpoint {
            if !witnesses[e].countedOut(now.mono_ms, pause_ms: lookPause_ms) { look.own = false } else { sayCountedOut(e) }
        }
        dropOutstanding(.opinion)
        lookDue(now)
    }

    /// With a correction due in every tick no two looks are further apart.
    private var lookPause_ms: UInt64 { max(180_000, 3 * rules.interval_ms) }

    /// Another endpoint whose word counts beside this one's; this one itself where there is none.
    func otherWitness(_ e: Int, _ now: Now) -> Int {
        let n = endpoints.all.count
        for k in 1..<max(1, n) {
            let other = (e + k) % n
            let out = witnesses[other].countedOut(now.mono_ms, pause_ms: lookPause_ms)
            if !endpoints.all[other].foreign && !out && endpoints.all[other].restUntil_ms <= now.mono_ms { return other }
        }
        return e
    }

    /// The slot that a look at this endpoint must have reached.
    private func lookSlot(_ e: Int) -> UInt64 { book.pointee.slot + (e == reading.endpoint ? ownLook_slots : 0) }

    /// The phase timer of a second look: time to ask (again), or it is over.
    func lookDue(_ now: Now) {
        if now.mono_ms >= look.ends_ms {
            secondLookMissing(now)
            return
        }
        schedule.phaseTimer_ms = min(now.mono_ms + askAgain_ms, look.ends_ms)
        guard let e = nextWitness(now) else { return }
        look.witness = e
        let m = witnesses[e].askWhere ? 0 : lookSlot(e)
        let id = post(.opinion, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.book(id: id, minSlot: m) { host.post(endpoint: e, id: id, body: $0) }
        }
        if id != 0 && !look.own { schedule.phaseTimer_ms = min(now.mono_ms + max(askAgain_ms, rules.maxLatency_ms), look.ends_ms) }
    }

    /// The one after the last that is neither resting nor being asked. One that is counted out is asked as well: it may be back.
    private func nextWitness(_ now: Now) -> Int? {
        let n = endpoints.all.count
        for k in 1...n {
            let e = (look.witness + k) % n
            if e == reading.endpoint && (!look.own || now.mono_ms < look.ownFrom_ms) { continue }
            if (look.agreedBy | look.deniedBy) & (1 << UInt32(e)) != 0 { continue }
            if outstanding.contains(where: { $0.ask == .opinion && $0.endpoint == e }) { continue }
            if endpoints.all[e].foreign {
                useless(e, "is a node of another cluster", now)
            } else if endpoints.all[e].restUntil_ms > now.mono_ms {
                useless(e, look.trouble.isEmpty ? Text("does not answer") : nil, now)
            } else {
                return e
            }
        }
        return nil
    }

    /// The look at this endpoint was in vain. nil: its reason stands already.
    private func useless(_ e: Int, _ why: Text?, _ now: Now) {
        witnesses[e].failed(now.mono_ms, pause_ms: lookPause_ms)
        if let w = why { look.trouble = "endpoint \(e + 1): \(w)" }
    }

    /// It has not reached the slot. That is no silence as long as it moves: it speaks against the slot of the book. Where it stands is asked by a
    /// look without a least slot; one that stands still there is of no use.
    private func notThere(_ e: Int, at slot: UInt64?, _ now: Now) {
        look.trouble = "endpoint \(e + 1): has not reached slot \(lookSlot(e))"
        if let s = slot, s > witnesses[e].seenSlot {
            witnesses[e].seenSlot = s
            look.own = look.own && e == reading.endpoint         // it is back, and waited for
            witnesses[e].showed()
        } else if slot != nil || witnesses[e].askWhere {
            useless(e, nil, now)
        }
        witnesses[e].askWhere = slot == nil && !witnesses[e].askWhere
    }

    func opinionAnswered(_ a: Answer, _ e: Int, _ now: Now) {
        // Of two that were asked one is enough to go on; what the other says before the order is signed still counts against it.
        let late = (phase == .preparing || phase == .simulating) && cancelling == nil
        guard phase == .checking || late, look.own || e != reading.endpoint else { return }
        if !usable(a, e, now) {
            if !late { schedule.phaseTimer_ms = min(now.mono_ms + askAgain_ms, look.ends_ms) }
            return
        }
        let slot = otherBook.pointee.slot
        // Far ahead, whether it is believed yet or not: the book may be that old.
        if isFarAhead(slot, e, now) {
            farAhead(slot, e, now)
            return
        }
        endpoints.saw(slot, at: e, now.mono_ms, confirmed: true)
        attestSlots(now)
        witnesses[e].showed()
        witnesses[e].askWhere = false
        witnesses[e].seenSlot = max(witnesses[e].seenSlot, slot)
        let sameSlot = slot == book.pointee.slot
        guard agree(sameSlot: sameSlot) else {
            contradicted(by: e, sameSlot: sameSlot, now)
            return
        }
        witnesses[e].agrees()
        witnesses[reading.endpoint].agrees()
        look.agreedSlot = max(look.agreedSlot, slot)
        look.agreedTime_s = min(otherBook.pointee.clock.unix_timestamp, book.pointee.clock.unix_timestamp + longestLook_s)
        if late { return }
        if e != reading.endpoint {
            look.agreedBy |= 1 << UInt32(e)
            if look.agreedBy.nonzeroBitCount < looksNeeded(now) {
                lookDue(now)
                return
            }
        }
        secondOpinionGate(ok: true, e == reading.endpoint ? "two looks" : "agreed")
        schedule.phaseTimer_ms = UInt64.max
        proceed(now)
    }

    /// Fills `otherBook` with a book of a slot that counts; else it is noted why this look was in vain.
    private func usable(_ a: Answer, _ e: Int, _ now: Now) -> Bool {
        do throws(Trouble) { try loadOther(a) } catch {
            if error.code == minimumContextSlotNotReached { notThere(e, at: nil, now) } else { useless(e, error.text, now) }
            return false
        }
        let slot = otherBook.pointee.slot
        if slot < lookSlot(e) {
            notThere(e, at: slot, now)
            return false
        }
        if isFarAhead(slot, e, now) && !endpoints.all[e].foreign { return true }
        guard let t = leap(slot, at: e, vouch: false, now) else { return true }
        useless(e, t.text, now)
        return false
    }

    /// Another endpoint's slot is further ahead than the allowed lag and the time since the book was read explain.
    private func isFarAhead(_ slot: UInt64, _ e: Int, _ now: Now) -> Bool {
        let passed_slots = (now.mono_ms - min(reading.at_ms, now.mono_ms)) / fastestSlot_ms
        return e != reading.endpoint && slot > book.pointee.slot && slot - book.pointee.slot > rules.maxSlotLag + passed_slots
    }

    private func farAhead(_ slot: UInt64, _ e: Int, _ now: Now) {
        _ = leap(slot, at: e, vouch: false, now)       // asks for its cluster where that is needed
        let t: Text = "endpoint \(e + 1) is \(slot - book.pointee.slot) slots ahead of the book"
        slots.aheadSlot = slot
        slots.aheadAt_ms = now.mono_ms
        looksDiffer(t, now)
    }

    private func loadOther(_ a: Answer) throws(Trouble) {
        if let t = Answers.wireTrouble(a) { throw Trouble("getMultipleAccounts: \(t.text)") }
        var fault = ek_fault()
        let err = ek_book_load(otherBook, plan, a.body.baseAddress, a.body.count, work, workCap, &fault)
        if err == EK_E_RPC {
            do throws(Trouble) { _ = try Answers.result(a) } catch {
                throw Trouble("getMultipleAccounts: \(error.text)", code: error.code)
            }
        }
        if err != EK_OK { throw Trouble("getMultipleAccounts: \(c: ek_fault_text(&fault))") }
        guard otherBook.pointee.has_answer_id != 0 && otherBook.pointee.answer_id == UInt64(a.id) else {
            throw Trouble("getMultipleAccounts: the answer belongs to another request")
        }
        if let t = clockTrouble(otherBook) { throw Trouble("getMultipleAccounts: \(t.text)") }
    }

    /// How many others must agree; those that are counted out cannot.
    private func looksNeeded(_ now: Now) -> Int {
        var others = 0
        for e in 0..<endpoints.all.count where e != reading.endpoint && !endpoints.all[e].foreign {
            if !witnesses[e].countedOut(now.mono_ms, pause_ms: lookPause_ms) { others += 1 }
        }
        return max(1, min(endpoints.quorum - 1, others))
    }

    /// One says otherwise, and there are enough left that may agree: the majority decides.
    private func majorityMayAgree(_ now: Now) -> Bool {
        var left = 0
        for e in 0..<endpoints.all.count where e != reading.endpoint && !endpoints.all[e].foreign {
            let out = witnesses[e].countedOut(now.mono_ms, pause_ms: lookPause_ms)
            if look.deniedBy & (1 << UInt32(e)) == 0 && !out { left += 1 }
        }
        return left >= looksNeeded(now) && endpoints.usable > 2
    }

    private func contradicted(by e: Int, sameSlot: Bool, _ now: Now) {
        if e == reading.endpoint {
            looksDiffer("two looks at the account, two slots apart, differ", now)
            return
        }
        let known = witnesses[e].contradicted && witnesses[reading.endpoint].contradicted
        witnesses[e].differs(sameSlot: sameSlot)
        witnesses[reading.endpoint].differs(sameSlot: sameSlot)
        var t: Text = """
            endpoints \(reading.endpoint + 1) and \(e + 1) disagree about the account at slot \
            \(book.pointee.slot)
            """
        if !sameSlot { t.put(" and after") }
        if !known && witnesses[e].contradicted { note(.warning, t) }             // once, until they agree again
        look.deniedBy |= 1 << UInt32(e)
        if phase == .checking && majorityMayAgree(now) {
            lookDue(now)
            return
        }
        // With three or more the next pair may agree.
        if !sameSlot || endpoints.usable > 2 && tickRetries < 2 {
            looksDiffer(t, now)
            return
        }
        t.put("; nothing is traded until they agree")
        note(.error, t)
        secondOpinionGate(ok: false, "missing", t)
        abandonOrder()
        finish(.observeOnly, t, now)
    }

    /// The tick starts over from a fresh book, at the next endpoint, a few times; then it is blocked.
    private func looksDiffer(_ t: Text, _ now: Now) {
        if startOver(t, now) { return }
        closeSecondOpinion(t, now)
    }

    private func secondLookMissing(_ now: Now) {
        for o in outstanding where o.ask == .opinion { useless(o.endpoint, look.trouble.isEmpty ? Text("did not answer in time") : nil, now) }
        abandonOrder()
        closeSecondOpinion(look.trouble, now)
    }

    private func closeSecondOpinion(_ why: Text, _ now: Now) {
        var t = Text("second opinion missing: ")
        if why.isEmpty { t.put("no answer came in time") } else { t.put(why) }
        t.put("; no order without it")
        secondOpinionGate(ok: false, "missing", t)
        blocked(now)
    }

    func secondOpinionGate(ok: Bool, _ word: StaticString, _ detail: Text? = nil) {
        putGate(Gate(gate: .secondOpinion, ok: ok, measured: Measure(word), allowed: Measure("agreed"), detail: ok ? nil : detail))
    }

    private func sayCountedOut(_ e: Int) {
        if witnesses[e].countedOutSaid { return }
        witnesses[e].countedOutSaid = true
        let t: Text = """
            endpoint \(e + 1) has shown nothing usable for ten minutes and is counted out as a witness; \
            endpoint \(reading.endpoint + 1) is believed by itself, looked at twice, until it is back
            """
        note(.warning, t)
    }

    private func proceed(_ now: Now) {
        if let t = bookMayBeOld(now) {
            tryTickAgain(t, now)
            return
        }
        executing(now)
        prepare(now)
    }

    /// Every position of `a` is in `b`: all of them carry the margin, not only the hedged one.
    private func samePositions(_ a: UnsafePointer<ek_user>?, _ b: UnsafePointer<ek_user>?) -> Bool {
        var i: UInt32 = 0
        while let p = ek_user_perp_at(a, i) {
            if p.pointee.base_e9 != (ek_user_perp(b, p.pointee.market_index)?.pointee.base_e9 ?? 0) { return false }
            i += 1
        }
        i = 0
        while let s = ek_user_spot_at(a, i) {
            let t = ek_user_spot(b, s.pointee.market_index)
            if s.pointee.scaled_balance_e9 != (t?.pointee.scaled_balance_e9 ?? 0)
                || (s.pointee.scaled_balance_e9 != 0 && s.pointee.balance_type != t?.pointee.balance_type) { return false }
            i += 1
        }
        return true
    }

    /// What the decision rests on, in both books. At one slot to the unit; else prices may have moved within the divergence limit.
    private func agree(sameSlot: Bool) -> Bool {
        let a = ek_book_user(book)
        let b = ek_book_user(otherBook)
        guard book.pointee.user.next_order_id == otherBook.pointee.user.next_order_id,
              book.pointee.user.status == otherBook.pointee.user.status,
              !hedgeRules.useWalletSpot || book.pointee.authority_lamports == otherBook.pointee.authority_lamports,
              samePositions(a, b) && samePositions(b, a)
        else { return false }
        for leg in hedges[current].rules.legs where leg.kind != .fixed {
            var key = hedges[current].key(of: leg)
            if leg.kind == .token {
                guard ek_book_token_of(book, &key)?.pointee.amount == ek_book_token_of(otherBook, &key)?.pointee.amount else { return false }
            } else {
                guard ek_book_watch_of(book, &key)?.pointee.lamports == ek_book_watch_of(otherBook, &key)?.pointee.lamports else { return false }
            }
        }
        var x: UnsafePointer<ek_oracle>? = nil
        var y: UnsafePointer<ek_oracle>? = nil
        guard ek_book_perp_oracle(book, perpIndex, &x) == EK_OK, ek_book_perp_oracle(otherBook, perpIndex, &y) == EK_OK,
              let u = x?.pointee.price_e6, let v = y?.pointee.price_e6, u > 0, v > 0 else { return false }
        var gap_ppm: UInt64 = 0
        let near = ek_mul_div_floor_u64((u - v).magnitude, 1_000_000, UInt64(u), &gap_ppm) == EK_OK && gap_ppm <= rules.maxOracleDivergence_ppm
        guard (sameSlot ? u == v : near) && sameVenue() && sameDecision(sameSlot: sameSlot) else {
            return false
        }
        look.lowest_e6 = min(look.lowest_e6, v)
        look.highest_e6 = max(look.highest_e6, v)
        return true
    }

    /// What the venue says of itself and of the market, and chain time, which a resting order's end is counted by.
    private func sameVenue() -> Bool {
        guard let m = ek_book_perp(book, perpIndex)?.pointee, let n = ek_book_perp(otherBook, perpIndex)?.pointee else { return false }
        let apart_s = book.pointee.clock.unix_timestamp.subtractingReportingOverflow(otherBook.pointee.clock.unix_timestamp)
        return m.status == n.status && m.paused_operations == n.paused_operations && m.step_base_e9 == n.step_base_e9
            && m.min_order_base_e9 == n.min_order_base_e9 && same(m.oracle, n.oracle) && m.oracle_source == n.oracle_source
            && book.pointee.state.exchange_status == otherBook.pointee.state.exchange_status
            && !apart_s.overflow && apart_s.partialValue.magnitude <= UInt64(longestLook_s)
    }

    /// The other book is assessed and decided on for itself: what is read of an account may be forged in any field, so it is what follows from
    /// all of them that must be the same. Of two sizes the smaller one is taken; at one slot there is only one.
    private func sameDecision(sameSlot: Bool) -> Bool {
        var view = View()
        guard assess(&view, of: otherBook) == nil, let m = ek_book_perp(otherBook, perpIndex) else { return false }
        var rules = coreRules(m)
        let moment = ek_moment(unix_s: clock.unix_s, slot: otherBook.pointee.slot)
        var d = ek_decision()
        let decided = closing ? decideFlat(&rules, view, moment, &d)
            : ek_decide(&rules, view.net_e9, view.drift_ppm, view.driftKnown ? 1 : 0, view.perp_e9, moment,
                        ek_moment(unix_s: 0, slot: 0), &d) == EK_OK
        let mine = hedges[current]
        guard decided, d.action == decision.action, d.direction == decision.direction, d.reduce_only == decision.reduce_only else { return false }
        if sameSlot && (view.a.spot_base_e9 != mine.view.a.spot_base_e9 || view.a.perp_base_e9 != mine.view.a.perp_base_e9) { return false }
        hedges[current].decision.size_base_e9 = min(decision.size_base_e9, d.size_base_e9)
        return true
    }
}
