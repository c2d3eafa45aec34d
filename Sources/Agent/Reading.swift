// Reading the book: one getMultipleAccounts whose answer must be whole, of the right accounts, and no older than anything seen
// before. The list of accounts is found from the chain: State tells how many markets there are, their names tell which is ours, the
// markets tell their oracles, the User tells which other markets its positions touch.
import EvenkeelCore
import Model
import Rpc
import Text

let readAttempts = 3
/// A node reads the Clock account in the very slot it answers for; a pool's proxy may be a little off.
private let clockSlack_slots: UInt64 = 32
/// A tick waits this long for an endpoint to end its rest; longer, and the tick ends in an error.
private let longestRest_ms: UInt64 = 10_000

extension Machine {
    func read(_ why: Purpose, minSlot slot: UInt64, _ now: Now) {
        reading.purpose = why
        reading.minSlot = max(slot, slots.newest)
        if why == .tick { phase = .reading }
        let last = reading.endpoint
        // The preferred endpoint first; after a failure the next one.
        reading.endpoint = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag, after: reading.attempts > 0 || tickRetries > 0 ? readEndpoint : -1)
        // What an order did is asked of the node that found it: another one may stand on a fork without it. That it is over, or had no
        // effect, is asked of another one, too.
        if reading.attempts == 0 && (why == .settle && watch.overBy != nil || why == .proof && watch.noEffectBy != nil) {
            reading.endpoint = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag, after: last)
        } else if why == .settle && reading.attempts == 0 && watch.landedBy >= 0 {
            let e = endpoints.all[watch.landedBy]
            if !e.foreign && e.restUntil_ms <= now.mono_ms { reading.endpoint = watch.landedBy }
        }
        let rest_ms = endpoints.all[reading.endpoint].restUntil_ms
        if rest_ms > now.mono_ms {
            everybodyRests(rest_ms, now)
            return
        }
        if bookKnown && !search.found {
            readMarkets(now)
        } else {
            postBook(now)
        }
    }

    /// The list of accounts only grows; when it is full of markets the account has left, it is made anew, once a tick.
    func rebuildPlan(_ now: Now) {
        guard search.planBuilt_tick != ticks else {
            readFailed(Trouble("the account touches more markets than the agent can read at once"), now)
            return
        }
        search.planBuilt_tick = ticks
        var a = authority
        var s = signer
        _ = ek_plan_init(plan, venue, &a, subAccount, &s)
        planHedges()
        requests.plan(plan)
        postBook(now)
    }

    /// The accounts that the hedged markets need.
    func planHedges() {
        for i in 0..<hedges.count where hedges[i].missing.isEmpty {
            let h = hedges[i]
            if let t = planLegs(h) {
                hedges[i].missing = t
                note(.error, named(i, t))
                continue
            }
            _ = ek_plan_add_perp(plan, h.perpIndex)
            if h.spotIndex != 0xFFFF { _ = ek_plan_add_spot(plan, h.spotIndex) }
        }
    }

    /// How many markets the venue has.
    var listed: Int { Int(book.pointee.state.n_perp_markets) + Int(book.pointee.state.n_spot_markets) }

    /// Every endpoint failed or asked for a pause: wait for the first one, or give the tick up when that is long.
    func everybodyRests(_ until_ms: UInt64, _ now: Now) {
        if reading.purpose != .tick || until_ms - now.mono_ms <= longestRest_ms {
            schedule.phaseTimer_ms = until_ms
            return
        }
        let t: Text = """
            every RPC endpoint asked to be left alone, the first for another \
            \((until_ms - now.mono_ms + 999) / 1000) s
            """
        reading.attempts = readAttempts
        readFailed(Trouble(t), now)
    }

    func postBook(_ now: Now) {
        reading.hedged = false
        dropOutstanding(.book)
        if !askBook(reading.endpoint) {
            readFailed(Trouble("too many requests under way"), now)
            return
        }
        if endpoints.all.count > 1 {
            // Slow is four times its usual, and a quarter of a second at least: then somebody else is asked as well.
            let usual_ms = UInt64(endpoints.all[reading.endpoint].latency_us) / 1000
            schedule.phaseTimer_ms = now.mono_ms + max(250, min(4 * usual_ms, rules.maxLatency_ms))
        }
    }

    func askBook(_ e: Int) -> Bool {
        reading.minSlot = max(reading.minSlot, slots.newest)         // also for the second read of a start: never older than what was just seen
        let m = reading.minSlot
        return post(.book, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.book(id: id, minSlot: m) { host.post(endpoint: e, id: id, body: $0) }
        } != 0
    }

    /// The phase timer of a read: the answer is slow (ask a second endpoint as well, once), or the pause after a failure is over.
    func readAgain(_ now: Now) {
        if outstanding.contains(where: { $0.ask == .markets }) { return }
        if outstanding.contains(where: { $0.ask == .book }) {
            let other = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag, after: reading.endpoint)
            if !reading.hedged && other != reading.endpoint && endpoints.all[other].restUntil_ms <= now.mono_ms { reading.hedged = askBook(other) }
            return
        }
        read(reading.purpose, minSlot: reading.minSlot, now)
    }

    func bookAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard phase == .reading || phase == .settling else { return }
        let trouble = loadBook(a, endpoint, now)
        if let t = trouble {
            if search.planFull {
                search.planFull = false
                rebuildPlan(now)
                return
            }
            if a.wire == .ok && a.status == 200 { endpoints.all[endpoint].failed(now.mono_ms, status: 0, retryAfter_s: 0) }
            if outstanding.contains(where: { $0.ask == .book }) { return }        // the other endpoint may still answer
            readFailed(t, now)
            return
        }
        dropOutstanding(.book)
        schedule.phaseTimer_ms = UInt64.max
        if !rules.lean { keep(a.body) }
        reading.endpoint = endpoint
        reading.at_ms = now.mono_ms
        reading.latency_us = a.latency_us
        if search.found && hedges.contains(where: { !$0.found }) && (listed != search.listed || ticks >= search.again_tick) {
            // The venue lists more markets than when one of ours was looked for in vain, or that was a while ago: one node's word, once.
            search.found = false
            search.unread = 0
            search.cursor = 0
            for i in 0..<hedges.count where !hedges[i].found { hedges[i].missing = Text() }
        }
        if !search.found {
            readMarkets(now)
            return
        }
        var changed: Int32 = 0
        let err = ek_plan_complete(plan, book, &changed)
        if err != EK_OK {
            rebuildPlan(now)
            return
        }
        if changed != 0 {
            // The list grew (first reads, or a position in a market that was not listed): the book is not whole yet.
            requests.plan(plan)
            postBook(now)
            return
        }
        reading.attempts = 0
        switch reading.purpose {
        case .tick:
            if rules.mode == .live && !venueAlive { probe(now) } else { decide(now) }
        case .settle: settleBookRead(now)
        case .proof: proofBookRead(now)
        case .resend: resendBookRead(now)
        }
    }

    /// Fills `book`; nil when it is whole and not older than anything seen.
    func loadBook(_ a: Answer, _ endpoint: Int, _ now: Now) -> Trouble? {
        if let t = Answers.wireTrouble(a) { return t }
        book.pointee.have = 0                        // an answer that is no book leaves the last one's bytes
        var fault = ek_fault()
        let err = ek_book_load(book, plan, a.body.baseAddress, a.body.count, work, workCap, &fault)
        bookKnown = err == EK_OK
        if err != EK_OK {
            let text: Text = "\(c: ek_fault_text(&fault))"
            if err == EK_E_RPC {
                // The core has the node's own words; the code decides whether it is only behind.
                do throws(Trouble) { _ = try Answers.result(a) } catch { return error }
            }
            // A book of a newer slot that cannot be read (a layout this program does not know) still tells that older ones are old.
            if book.pointee.have & (1 << UInt32(EK_ROLE_CLOCK)) != 0 && clockTrouble(book) == nil && leap(book.pointee.slot, at: endpoint, now) == nil {
                slots.newest = max(slots.newest, book.pointee.slot)
            }
            if err == EK_E_FULL && search.found && search.planBuilt_tick != ticks { search.planFull = true }
            reading.lastError = err
            accountMissing = err == EK_E_MISSING && fault.role == UInt8(EK_ROLE_USER)
            if accountMissing { return Trouble(missingAccount(keyKnown: rules.mode == .live).words) }
            return Trouble(text)
        }
        guard book.pointee.has_answer_id != 0 && book.pointee.answer_id == UInt64(a.id) else {
            bookKnown = false
            return Trouble("RPC answer belongs to another request")
        }
        let slot = book.pointee.slot
        let unfit = clockTrouble(book)
        if unfit == nil { endpoints.all[endpoint].showed(slot, now.mono_ms) }
        if let t = unfit ?? leap(slot, at: endpoint, now) {
            bookKnown = false
            return t
        }
        endpoints.saw(slot, at: endpoint, now.mono_ms, confirmed: true)
        if slot < reading.minSlot {
            bookKnown = false
            return Trouble("the node answered with slot \(slot), older than slot \(reading.minSlot) already seen")
        }
        if slot > slots.newest {
            slots.moved = slots.moved || slots.newest != 0
            slots.newest = slot
            slots.newestAt_ms = now.mono_ms
        }
        accountMissing = false
        reading.lastError = EK_OK
        return nil
    }

    /// The slot of the answer and the Clock account inside it are two facts that must agree, and chain time must be a time.
    func clockTrouble(_ b: UnsafeMutablePointer<ek_book>) -> Trouble? {
        let slot = b.pointee.slot
        let clock = b.pointee.clock.slot
        let apart = slot > clock ? slot - clock : clock - slot
        if apart > clockSlack_slots {
            let t: Text = "the answer claims slot \(slot), the chain's clock in it says \(clock)"
            return Trouble(t)
        }
        let time = b.pointee.clock.unix_timestamp
        return time > 0 && time < 1 << 40 ? nil : Trouble("the chain's clock in the answer is no time")
    }

    func readFailed(_ t: Trouble, _ now: Now) {
        reading.attempts += 1
        if reading.purpose == .proof && reading.attempts > 10 {
            // Nobody serves the slot that was named as the end: the evidence is thrown away and gathered anew.
            note(.warning, "the account could not be read at the slot that proves the expiry; watching on")
            restartWatch(now)
            return
        }
        if reading.purpose == .resend && reading.attempts >= readAttempts {
            watch.readTrouble = t.text
            backToWatching(now)
            return
        }
        // A ticket's fate must be read whatever it takes; a tick may try again later.
        if reading.purpose != .tick {
            watch.readTrouble = t.text
            sayOverdue(now)
            if reading.attempts == readAttempts { noteRead(.warning, t) }
            schedule.phaseTimer_ms = now.mono_ms + min(UInt64(250) << UInt64(min(reading.attempts, 5)), 4_000)
            return
        }
        if reading.attempts < readAttempts {
            schedule.phaseTimer_ms = now.mono_ms + UInt64(150) << UInt64(reading.attempts)
            noteRead(.debug, t)
            return
        }
        let why: Text = "Reading the book failed: \(t.words)"
        let layoutUnknown = reading.lastError == EK_E_UNSUPPORTED || reading.lastError == EK_E_DISCRIMINATOR || reading.lastError == EK_E_SHORT
            || reading.lastError == EK_E_LENGTH
        report.view.known = false
        report.after.known = false
        for i in 0..<hedges.count { hedges[i].unread(layoutUnknown ? .observeOnly : .error, why) }
        report.action = UInt8(EK_ACTION_NONE)
        report.size_e9 = 0
        report.hasSignature = false
        report.gates.removeAll(keepingCapacity: true)
        noteRead(layoutUnknown ? .warning : .error, t)
        reading.lastError = EK_OK
        finish(layoutUnknown ? .observeOnly : .error, why, now, account: true)
    }

    func noteRead(_ level: Level, _ t: Trouble) {
        let line: Text = "Reading the book failed at endpoint \(reading.endpoint + 1): \(t.text)"
        note(level, line)
    }

    // MARK: finding the markets by name, once
}
