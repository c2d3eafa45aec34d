// Before anything is built the book is looked at a second time, and only what both looks show is acted on.
//
// Two endpoints or more: another one must show a slot no older than the book's. One that lags is asked again
// until it has got there, one that does not answer gives its place to the next, all within `lookWait_ms`.
// Without such a witness no order is built: the gate `second_opinion` is closed, with the reason.
//
// One endpoint: it must show the same again at least two slots later. A torn read, or one replica's slip,
// does not come twice.
//
// A witness that has shown nothing usable for ten minutes, and did not contradict before, is counted out:
// then the other one is looked at twice, as if it were the only one. Two that differ about the account at
// one slot cannot both be right, and then nothing is traded. On different slots the account may simply have
// moved in between: the tick starts over from a fresh book, at the next endpoint.
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

/// So long a second look is waited for, and for as many slots: an honest node may always be a dozen behind.
private let lookWait_ms: UInt64 = 6_000
private let lookWait_slots: UInt64 = 18
private let longestWait_ms: UInt64 = 10_000
/// A witness that is not there yet is asked again after this; the first repeated look of a single endpoint
/// comes after two slots.
private let askAgain_ms: UInt64 = 300
private let twoSlots_ms: UInt64 = 600
private let ownLook_slots: UInt64 = 2
/// No chain is faster.
private let fastestSlot_ms: UInt64 = 50
/// A book may wait this long for blockhash, simulation and second look before the order is built on a fresh
/// one.
let bookLife_ms: UInt64 = 15_000

extension Machine {
    func takeSecondLook(_ begun: Draft, _ now: Now) {
        var d = begun
        let wait_ms = min(max(lookWait_ms, lookWait_slots * rules.slot_ms), longestWait_ms)
        d.look.ends_ms = now.mono_ms + wait_ms
        d.look.witness = readEndpoint
        d.look.own = true
        d.look.ownFrom_ms = now.mono_ms + twoSlots_ms
        for e in 0..<endpoints.all.count where isOther(e) {
            if !countedOut(e, now) {
                d.look.own = false
            } else if rules.secondOpinion == .auto {
                sayCountedOut(e)
            }
        }
        enter(.checking(d))
        requests.drop(.opinion)
        askHealth(readEndpoint)
        lookDue(now)
    }

    /// With a correction due in every tick no two looks are further apart.
    private var lookPause_ms: UInt64 { max(180_000, 3 * rules.interval_ms) }

    private func countedOut(_ e: Int, _ now: Now) -> Bool {
        switch rules.secondOpinion {
        case .always: return false
        case .never: return true
        case .auto:
            return witnesses[e].countedOut(
                now.mono_ms, pause_ms: lookPause_ms, after_ms: rules.secondOpinionWait_ms)
        }
    }

    /// Of another host than the book's: two URLs of one host are one witness.
    private func isOther(_ e: Int) -> Bool { endpoints.all[e].site != endpoints.all[readEndpoint].site }

    func bit(_ e: Int) -> UInt32 { 1 << UInt32(endpoints.all[e].site) }

    /// The second look is over.
    private func opinionEnded(_ o: SecondOpinion) {
        standing.opinion = o
        standing.opinions[Int(o.rawValue)] += 1
    }

    /// Another endpoint whose word counts beside this one's; this one itself where there is none.
    func otherWitness(_ e: Int, _ now: Now) -> Int {
        let n = endpoints.all.count
        for k in 1..<max(1, n) {
            let other = (e + k) % n
            let at = endpoints.all[other]
            if at.site == endpoints.all[e].site || at.foreign || countedOut(other, now) { continue }
            if at.restUntil_ms <= now.mono_ms { return other }
        }
        return e
    }

    /// The slot that a look at this endpoint must have reached.
    private func lookSlot(_ e: Int) -> UInt64 { book.pointee.slot + (e == readEndpoint ? ownLook_slots : 0) }

    /// The phase timer of a second look: time to ask (again), or it is over.
    func lookDue(_ now: Now) {
        let ends_ms = draft.look.ends_ms
        if now.mono_ms >= ends_ms {
            secondLookMissing(now)
            return
        }
        schedule.phaseTimer_ms = min(now.mono_ms + askAgain_ms, ends_ms)
        guard let e = nextWitness(now) else { return }
        draft.look.witness = e
        let m = witnesses[e].askWhere ? 0 : lookSlot(e)
        let posted = post(.opinion, e) { r, id in
            r.book(id: id, minSlot: m) { effects.post(endpoint: e, id: id, body: $0) }
        }
        if posted && !draft.look.own {
            schedule.phaseTimer_ms = min(now.mono_ms + max(askAgain_ms, rules.maxLatency_ms), ends_ms)
        }
    }

    /// The one after the last that is neither resting nor being asked. One that is counted out is asked as
    /// well: it may be back.
    private func nextWitness(_ now: Now) -> Int? {
        let n = endpoints.all.count
        let look = draft.look
        for k in 1...n {
            let e = (look.witness + k) % n
            if e == readEndpoint && (!look.own || now.mono_ms < look.ownFrom_ms) { continue }
            if e != readEndpoint && (!isOther(e) || rules.secondOpinion == .never) { continue }
            if (look.agreedBy | look.deniedBy) & bit(e) != 0 { continue }
            if requests.has(.opinion, at: e) { continue }
            if endpoints.all[e].foreign {
                useless(e, "is a node of another cluster", now)
            } else if endpoints.all[e].restUntil_ms > now.mono_ms {
                useless(e, draft.look.trouble.isEmpty ? "does not answer" : nil, now)
            } else {
                return e
            }
        }
        return nil
    }

    /// The look at this endpoint was in vain. nil: its reason stands already.
    private func useless(_ e: Int, _ why: Text?, _ now: Now) {
        witnesses[e].failed(now.mono_ms, pause_ms: lookPause_ms, after_ms: rules.secondOpinionWait_ms)
        if let w = why { draft.look.trouble = "endpoint \(e + 1): \(w)" }
    }

    /// It has not reached the slot. That is no silence as long as it moves: it speaks against the slot of the
    /// book. Where it stands is asked by a look without a least slot; one that stands still there is of no
    /// use.
    private func notThere(_ e: Int, at slot: UInt64?, _ now: Now) {
        draft.look.trouble = "endpoint \(e + 1): has not reached slot \(lookSlot(e))"
        if let s = slot, s > witnesses[e].seenSlot {
            witnesses[e].seenSlot = s
            draft.look.own = draft.look.own && e == readEndpoint  // it is back, and waited for
            witnesses[e].showed()
        } else if slot != nil || witnesses[e].askWhere {
            useless(e, nil, now)
        }
        witnesses[e].askWhere = slot == nil && !witnesses[e].askWhere
    }

    func opinionAnswered(_ a: Answer, _ e: Int, _ now: Now) {
        // Of two that were asked one is enough to go on; what the other says before the order is signed still
        // counts against it.
        guard let d = phase.draft, d.isOrder, d.look.own || e != readEndpoint else { return }
        let late = stage != .checking
        guard usable(a, e, now) else {
            if !late { schedule.phaseTimer_ms = min(now.mono_ms + askAgain_ms, d.look.ends_ms) }
            return
        }
        let other = books.other
        let slot = other.pointee.slot
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
        let h = hedges[d.market]
        let agreement = Agreement(book, other, h, rules, ledger_e9: paperLedger_e9(h), closing: closing, now)
        do throws(Refusal) { h.decision.size_base_e9 = try agreement.size_e9() } catch {
            contradicted(by: e, sameSlot: agreement.sameSlot, now)
            return
        }
        witnesses[e].agrees()
        witnesses[readEndpoint].agrees()
        draft.look.agreedSlot = max(d.look.agreedSlot, slot)
        draft.look.agreedTime_s = min(
            other.pointee.clock.unix_timestamp, book.pointee.clock.unix_timestamp + longestLook_s)
        let price_e6 = agreement.otherOracle_e6
        draft.look.lowest_e6 = min(d.look.lowest_e6, price_e6)
        draft.look.highest_e6 = max(d.look.highest_e6, price_e6)
        if late { return }
        if e != readEndpoint {
            draft.look.agreedBy |= bit(e)
            if draft.look.agreedBy.nonzeroBitCount < looksNeeded(now) {
                lookDue(now)
                return
            }
        }
        let alone = rules.secondOpinion == .auto && endpoints.usable > 1
        opinionEnded(e != readEndpoint ? .agreed : alone ? .countedOut : .twoLooks)
        secondOpinionGate(d.market, ok: true, e == readEndpoint ? "two looks" : "agreed")
        schedule.phaseTimer_ms = UInt64.max
        agreed(now)
    }

    private func agreed(_ now: Now) {
        let wanted = hedges[draft.market]
        if wanted.recordIndex == nil { takeRow(wanted) }  // both looks show its name
        if halted || wanted.recordIndex == nil {
            let (i, why) = (draft.market, halted ? haltedReason : wanted.missing)
            abandonOrder()
            finish(.observeOnly, why, about: i, now)
            return
        }
        do throws(Trouble) { try checkBookIsNew(now) } catch {
            tryTickAgain(error.words, now)
            return
        }
        if rules.mode == .paper {
            correctOnPaper(draft.market, now)
            return
        }
        let h = hedges[draft.market]
        if userFlagged {
            note(
                .warning,
                """
                the account is flagged as being liquidated but stands above maintenance; the simulation \
                tells whether the venue takes the order and clears the flag
                """)
        }
        note(
            .info,
            """
            LIVE MODE: Executing \(c: ek_action_name(h.decision.action)) for \
            \(base: h.decision.size_base_e9, shown: 6) \(h.rules.asset)
            """)
        prepare(draft, now)
    }

    /// Fills the other book with one of a slot that counts; else it is noted why this look was in vain.
    private func usable(_ a: Answer, _ e: Int, _ now: Now) -> Bool {
        do throws(Trouble) { try loadOther(a) } catch {
            if error.code == minimumContextSlotNotReached {
                notThere(e, at: nil, now)
            } else {
                useless(e, error.text, now)
            }
            return false
        }
        let slot = books.other.pointee.slot
        if slot < lookSlot(e) {
            notThere(e, at: slot, now)
            return false
        }
        if isFarAhead(slot, e, now) && !endpoints.all[e].foreign { return true }
        do throws(Trouble) { try checkLeap(slot, at: e, vouch: false, now) } catch {
            useless(e, error.text, now)
            return false
        }
        return true
    }

    /// Another endpoint's slot is further ahead than the allowed lag and the time since the book was read
    /// explain.
    private func isFarAhead(_ slot: UInt64, _ e: Int, _ now: Now) -> Bool {
        let passed_slots = (now.mono_ms - min(reader.reading.at_ms, now.mono_ms)) / fastestSlot_ms
        let own = book.pointee.slot
        return e != readEndpoint && slot > own && slot - own > rules.maxSlotLag + passed_slots
    }

    private func farAhead(_ slot: UInt64, _ e: Int, _ now: Now) {
        // asks for its cluster where needed
        do throws(Trouble) { try checkLeap(slot, at: e, vouch: false, now) } catch {}
        reader.slots.aheadSlot = slot
        reader.slots.aheadAt_ms = now.mono_ms
        looksDiffer("endpoint \(e + 1) is \(slot - book.pointee.slot) slots ahead of the book", now)
    }

    func loadOther(_ a: Answer) throws(Trouble) {
        do throws(Trouble) {
            if let t = Answers.wireTrouble(a) { throw t }
            let (other, work) = (books.other, books.work)
            var fault = ek_fault()
            let err = ek_book_load(
                other, books.plan, a.body.baseAddress, a.body.count, work.baseAddress, work.count, &fault)
            if err == EK_E_RPC { _ = try Answers.result(a) }
            if err != EK_OK { throw Trouble("\(c: ek_fault_text(&fault))") }
            guard other.pointee.has_answer_id != 0 && other.pointee.answer_id == UInt64(a.id) else {
                throw Trouble("the answer belongs to another request")
            }
            if other.pointee.user.unverified != 0 { throw Trouble("the account has an unverified layout") }
            try checkClock(of: other)
        } catch {
            throw Trouble("getMultipleAccounts: \(error.text)", code: error.code)
        }
    }

    /// Other hosts of our cluster whose word counts, without those in `except` (bits).
    func others(_ now: Now, except: UInt32 = 0) -> Int {
        endpoints.sites { isOther($0) && except & bit($0) == 0 && !countedOut($0, now) }
    }

    /// How many others must agree; those that are counted out cannot.
    private func looksNeeded(_ now: Now) -> Int { max(1, min(endpoints.quorum - 1, others(now))) }

    /// One says otherwise, and there are enough left that may agree: the majority decides.
    private func majorityMayAgree(_ now: Now) -> Bool {
        endpoints.usable > 2 && others(now, except: draft.look.deniedBy) >= looksNeeded(now)
    }

    private func contradicted(by e: Int, sameSlot: Bool, _ now: Now) {
        if e == readEndpoint {
            looksDiffer("two looks at the account, two slots apart, differ", now)
            return
        }
        let known = witnesses[e].contradicted && witnesses[readEndpoint].contradicted
        witnesses[e].differs(sameSlot: sameSlot)
        witnesses[readEndpoint].differs(sameSlot: sameSlot)
        let after: StaticString = sameSlot ? "" : " and after"
        let t: Text = """
            endpoints \(readEndpoint + 1) and \(e + 1) disagree about the account at slot \
            \(book.pointee.slot)\(after)
            """
        if !known && witnesses[e].contradicted { note(.warning, t) }  // once, until they agree again
        draft.look.deniedBy |= bit(e)
        if stage == .checking && majorityMayAgree(now) {
            lookDue(now)
            return
        }
        // With three or more the next pair may agree.
        if !sameSlot || endpoints.usable > 2 && tick.retries < 2 {
            looksDiffer(t, now)
            return
        }
        let i = draft.market
        let words: Text = "\(t); nothing is traded until they agree"
        note(.error, words)
        opinionEnded(.missing)
        secondOpinionGate(i, ok: false, "missing", words)
        abandonOrder()
        finish(.observeOnly, words, about: i, now)
    }

    /// The tick starts over from a fresh book, at the next endpoint, a few times; then it is blocked.
    func looksDiffer(_ t: Text, _ now: Now) {
        let i = draft.market
        if !startOver(t, now) { closeSecondOpinion(i, t, now) }
    }

    private func secondLookMissing(_ now: Now) {
        for o in requests.outstanding where o.ask == .opinion {
            useless(o.endpoint, draft.look.trouble.isEmpty ? "did not answer in time" : nil, now)
        }
        let (i, why) = (draft.market, draft.look.trouble)
        abandonOrder()
        closeSecondOpinion(i, why.isEmpty ? "no answer came in time" : why, now)
    }

    private func closeSecondOpinion(_ i: Int, _ why: Text, _ now: Now) {
        opinionEnded(.missing)
        secondOpinionGate(i, ok: false, "missing", "second opinion missing: \(why); no order without it")
        blocked(i, now)
    }

    private func sayCountedOut(_ e: Int) {
        if witnesses[e].countedOutSaid { return }
        witnesses[e].countedOutSaid = true
        note(
            .warning,
            """
            endpoint \(e + 1) has shown nothing usable for ten minutes and is counted out as a witness; \
            endpoint \(readEndpoint + 1) is believed by itself, looked at twice, until it is back
            """)
    }
}
