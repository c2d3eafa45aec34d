// Reading the book: one getMultipleAccounts whose answer must be whole, of the right accounts, and no older
// than anything seen before. The list of accounts is found from the chain: State tells how many markets there
// are, their names tell which is ours, the markets tell their oracles, the User tells which other markets its
// positions touch.
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

let readAttempts = 3
/// A node reads the Clock account in the very slot it answers for; a pool's proxy may be a little off.
private let clockSlack_slots: UInt64 = 32
/// A tick waits this long for an endpoint to end its rest; longer, and the tick ends in an error.
private let longestRest_ms: UInt64 = 10_000
/// An expiry whose account nobody serves is gathered anew after so many attempts.
private let proofAttempts = 10
/// Two honest nodes are no further apart.
private let wordSlack_slots: UInt64 = 16
/// One endpoint is watched so long before another one may take its place.
private let healingLife_ms: UInt64 = 300_000

extension Machine {
    func read(_ why: Purpose, minSlot slot: UInt64, _ now: Now) {
        reader.reading.purpose = why
        reader.reading.minSlot = secondWord ? tracking.saidAt_slot : max(slot, floorSlot)
        if why == .tick { enter(.reading) }
        reader.reading.endpoint = readFrom(why, now)
        let rest_ms = endpoints.all[readEndpoint].restUntil_ms
        if rest_ms > now.mono_ms {
            everybodyRests(rest_ms, now)
        } else if bookKnown && !reader.search.found {
            readMarkets(now)
        } else {
            postBook(now)
        }
    }

    /// The preferred endpoint first; after a failure the next one.
    private func readFrom(_ why: Purpose, _ now: Now) -> Int {
        let again = reader.reading.attempts > 0
        func next(after e: Int) -> Int {
            endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag, after: e)
        }
        // What an order did is asked of the node that found it: another one may stand on a fork without it.
        // That it is over, or had no effect, is asked of another one, too.
        if !again, let t = phase.tracking {
            if secondWord { return next(after: readEndpoint) }
            if why == .settle, let e = t.landedBy, !endpoints.all[e].foreign,
                endpoints.all[e].restUntil_ms <= now.mono_ms
            {
                return e
            }
        }
        return next(after: again || tick.retries > 0 ? readEndpoint : -1)
    }

    /// What nobody may read anything older than: an attested slot, and the slot of the last proof.
    var floorSlot: UInt64 { max(reader.slots.newest, record.pointee.proof.slot) }

    /// A node said that it has not reached the floor, or showed an older slot. Without an open ticket, and
    /// while nobody has reached it in this process, it is asked where it stands.
    private func floorNotReached(_ e: Int, _ slot: UInt64, _ now: Now) {
        guard reader.slots.unreached, !ticketOpen, reader.reading.purpose == .tick else { return }
        if let h = reader.slots.healing, h.endpoint == e || now.mono_ms - h.since_ms < healingLife_ms {
            return
        }
        reader.slots.healing = Healing(
            endpoint: e, from_slot: slot == 0 ? UInt64.max : slot, since_ms: now.mono_ms)
    }

    /// True: the floor of the state file gives way, this book is read.
    private func heals(_ slot: UInt64, _ e: Int, _ now: Now) -> Bool {
        guard let h = reader.slots.healing, h.endpoint == e else {
            floorNotReached(e, slot, now)
            return false
        }
        if h.from_slot > slot {
            reader.slots.healing = Healing(endpoint: e, from_slot: slot, since_ms: now.mono_ms)
        }
        guard h.from_slot <= slot, h.healed(slot, now), endpoints.attestedSlot > 0 else { return false }
        note(
            .warning,
            """
            no node reaches slot \(floorSlot) of the state file; endpoint \(e + 1) has advanced for a \
            minute, slot \
            \(slot) is believed from now on
            """)
        record.pointee.proof.slot = 0
        reader.slots.newest = min(slot, endpoints.attestedSlot)
        reader.slots.healing = nil
        reader.reading.minSlot = reader.slots.newest
        return true
    }

    /// Another endpoint's word on an end is being read.
    private var secondWord: Bool {
        guard let t = phase.tracking else { return false }
        let why = reader.reading.purpose
        return why == .settle && t.overBy != nil || why == .proof && (t.noEffectSaid || t.overBy != nil)
    }

    /// The slot that a word on an end counts at, and at which another one's is read: the book's, but no
    /// further than where enough of them stand by now. Else one that names a slot far ahead would keep the
    /// others from being heard. `unknown`: as long as too few have shown any slot.
    func wordSlot(unknown: UInt64, _ now: Now) -> UInt64 {
        let reach = endpoints.attestedReach(now_ms: now.mono_ms, slot_ms: slotLength_ms)
        return min(book.pointee.slot, reach > 0 ? reach + wordSlack_slots : unknown)
    }

    func attestSlots(_ now: Now) {
        reader.slots.attest(endpoints.attestedSlot, now)
        if let us = slotMeasured_us { record.pointee.slot_us = UInt32(clamping: us) }
        rules.slot_ms = slotLength_ms
    }

    /// The list of accounts only grows; when it is full of markets the account has left, it is made anew,
    /// once a tick.
    private func rebuildPlan(_ now: Now) {
        guard reader.search.planBuilt_tick != ticks else {
            readFailed(Trouble("the account touches more markets than the agent can read at once"), now)
            return
        }
        reader.search.planBuilt_tick = ticks
        books.clearPlan(account)
        planHedges()
        requests.bodies.plan(books.plan)
        postBook(now)
    }

    /// The accounts that the hedged markets need.
    func planHedges() {
        for (i, h) in hedges.enumerated() where h.missing.isEmpty {
            do throws(Refusal) { try h.planLegs(books.plan, authority: account.authority) } catch {
                h.missing = error.text
                note(.error, named(i, error.text))
                continue
            }
            _ = ek_plan_add_perp(books.plan, h.perpIndex)
            if h.spotIndex != 0xFFFF { _ = ek_plan_add_spot(books.plan, h.spotIndex) }
        }
    }

    /// Every endpoint failed or asked for a pause: wait for the first one, or give the tick up when that is
    /// long.
    private func everybodyRests(_ until_ms: UInt64, _ now: Now) {
        let left_ms = until_ms - now.mono_ms
        if reader.reading.purpose != .tick || left_ms <= longestRest_ms {
            schedule.phaseTimer_ms = until_ms
            return
        }
        reader.reading.attempts = readAttempts
        readFailed(
            Trouble(
                "every RPC endpoint asked to be left alone, the first for another \((left_ms + 999) / 1000) s"
            ), now)
    }

    func postBook(_ now: Now) {
        reader.reading.hedged = false
        requests.drop(.book)
        if !askBook(readEndpoint) {
            readFailed(Trouble("too many requests under way"), now)
            return
        }
        if endpoints.all.count > 1 {
            // Slow is four times its usual, and a quarter of a second at least: then somebody else is asked
            // as well.
            let usual_ms = UInt64(endpoints.all[readEndpoint].latency_us) / 1000
            schedule.phaseTimer_ms = now.mono_ms + max(250, min(4 * usual_ms, rules.maxLatency_ms))
        }
    }

    private func askBook(_ e: Int) -> Bool {
        // Also for the second read of a start: never older than what was just seen.
        if !secondWord { reader.reading.minSlot = max(reader.reading.minSlot, floorSlot) }
        // Nobody reaches the floor of the state file: where do they stand?
        let m = reader.slots.healing == nil ? reader.reading.minSlot : 0
        return post(.book, e) { r, id in
            r.book(id: id, minSlot: m) { effects.post(endpoint: e, id: id, body: $0) }
        }
    }

    /// The phase timer of a read: the answer is slow (ask a second endpoint as well, once), or the pause
    /// after a failure is over.
    func readAgain(_ now: Now) {
        if requests.has(.markets) { return }
        guard requests.has(.book) else {
            read(reader.reading.purpose, minSlot: reader.reading.minSlot, now)
            return
        }
        let other = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag, after: readEndpoint)
        if !reader.reading.hedged && other != readEndpoint && endpoints.all[other].restUntil_ms <= now.mono_ms
        {
            reader.reading.hedged = askBook(other)
        }
    }

    func bookAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard stage == .reading || stage == .settling else { return }
        do throws(Trouble) { try loadBook(a, endpoint, now) } catch {
            bookTrouble(error, a, endpoint, now)
            return
        }
        requests.drop(.book)
        schedule.phaseTimer_ms = UInt64.max
        if !rules.lean { books.keep(a.body) }
        reader.reading.endpoint = endpoint
        reader.reading.at_ms = now.mono_ms
        bookShown(now)
        witnesses[endpoint].showed()  // whoever shows books is not silent
        reader.reading.latency_us = a.latency_us
        lookForMarketsAgain()
        if !reader.search.found {
            readMarkets(now)
            return
        }
        var changed: Int32 = 0
        if ek_plan_complete(books.plan, book, &changed) != EK_OK {
            rebuildPlan(now)
        } else if changed != 0 {
            // The list grew (first reads, or a position in a market that was not listed): the book is not
            // whole yet.
            requests.bodies.plan(books.plan)
            postBook(now)
        } else {
            bookRead(now)
        }
    }

    private func bookTrouble(_ t: Trouble, _ a: Answer, _ endpoint: Int, _ now: Now) {
        if reader.search.planFull {
            reader.search.planFull = false
            rebuildPlan(now)
            return
        }
        if a.wire == .ok && a.status == 200 {
            endpoints.all[endpoint].failed(now.mono_ms, status: 0, retryAfter_s: 0)
        }
        if requests.has(.book) { return }  // the other endpoint may still answer
        readFailed(t, now)
    }

    /// One node's book names a market otherwise than enough hosts did: the next one is asked.
    private func misnamed(_ now: Now) -> Bool {
        if others(now) == 0 || reader.reading.attempts + 1 >= readAttempts { return false }
        for h in hedges where h.recordIndex != nil {
            do throws(Refusal) { _ = try h.market(in: book) } catch {
                readFailed(Trouble(error.text), now)
                return true
            }
        }
        return false
    }

    private func bookRead(_ now: Now) {
        let unverified = book.pointee.user.unverified != 0
        if unverified && reader.reading.purpose != .tick {
            readFailed(
                Trouble("the account has an unverified layout, which proves nothing; update evenkeel"), now)
            return
        }
        if reader.reading.purpose == .tick && misnamed(now) { return }
        // Without its spot market the account after an order looks like another one.
        if let i = phase.tracking?.market, !hedges[i].found, reader.search.unread > 0 {
            readFailed(Trouble("the market of the open order could not be read: \(hedges[i].missing)"), now)
            return
        }
        reader.reading.attempts = 0
        switch reader.reading.purpose {
        case .tick:
            if unverified {
                observeUnverified(now)
            } else if rules.mode == .live && !venueAlive {
                probe(now)
            } else {
                decide(now)
            }
        case .settle: settleBookRead(now)
        case .proof: proofBookRead(now)
        case .resend: resendBookRead(now)
        }
    }

    /// Fills the latest book: whole, and not older than anything seen.
    private func loadBook(_ a: Answer, _ endpoint: Int, _ now: Now) throws(Trouble) {
        if let t = Answers.wireTrouble(a) { throw t }
        book.pointee.have = 0  // an answer that is no book leaves the last one's bytes
        books.known = false
        var fault = ek_fault()
        let err = ek_book_load(
            book, books.plan, a.body.baseAddress, a.body.count, books.work.baseAddress, books.work.count,
            &fault)
        if err != EK_OK { throw unreadable(err, fault, a, endpoint, now) }
        guard book.pointee.has_answer_id != 0 && book.pointee.answer_id == UInt64(a.id) else {
            throw Trouble("RPC answer belongs to another request")
        }
        let slot = book.pointee.slot
        try checkClock(of: book)
        endpoints.all[endpoint].showed(slot, chain_s: book.pointee.clock.unix_timestamp, now.mono_ms)
        try checkLeap(slot, at: endpoint, now)
        endpoints.saw(slot, at: endpoint, now.mono_ms, confirmed: true)
        if slot < reader.reading.minSlot && !heals(slot, endpoint, now) {
            throw Trouble(
                "the node answered with slot \(slot), older than slot \(reader.reading.minSlot) already seen")
        }
        books.known = true
        reader.reading.accountMissing = false
        reader.slots.healing = nil
        reader.slots.showed(slot, now)
        attestSlots(now)
        reader.reading.layoutUnknown = false
    }

    private func unreadable(
        _ err: ek_err, _ fault: ek_fault, _ a: Answer, _ endpoint: Int, _ now: Now
    ) -> Trouble {
        if err == EK_E_RPC {
            // The core has the node's own words; the code decides whether it is only behind.
            do throws(Trouble) { _ = try Answers.result(a) } catch {
                if error.code == minimumContextSlotNotReached { floorNotReached(endpoint, 0, now) }
                return error
            }
        }
        // A book of a newer slot that cannot be read (a layout this program does not know) still tells that
        // older ones are old.
        if book.pointee.have & (1 << UInt32(EK_ROLE_CLOCK)) != 0 {
            do throws(Trouble) {
                try checkClock(of: book)
                try checkLeap(book.pointee.slot, at: endpoint, now)
                endpoints.saw(book.pointee.slot, at: endpoint, now.mono_ms, confirmed: true)
                attestSlots(now)
            } catch {}
        }
        if err == EK_E_FULL && reader.search.found && reader.search.planBuilt_tick != ticks {
            reader.search.planFull = true
        }
        reader.reading.layoutUnknown =
            err == EK_E_UNSUPPORTED || err == EK_E_DISCRIMINATOR || err == EK_E_SHORT
            || err == EK_E_LENGTH
        reader.reading.accountMissing = err == EK_E_MISSING && fault.role == UInt8(EK_ROLE_USER)
        if accountMissing {
            reader.reading.missingBy |= bit(endpoint)
            let words = missingAccount(keyKnown: rules.mode == .live).words
            let sure = reader.reading.missingBy.nonzeroBitCount >= hostsNeeded(now)
            return Trouble(sure ? words : "endpoint \(endpoint + 1) alone says so far: \(words)")
        }
        var why = fault
        return Trouble("\(c: ek_fault_text(&why))")
    }

    /// The slot of the answer and the Clock account inside it are two facts that must agree, and chain time
    /// must be a time.
    func checkClock(of b: Book) throws(Trouble) {
        let (slot, clock) = (b.pointee.slot, b.pointee.clock.slot)
        // No chain gets there in a million years; what is counted on from here cannot overflow.
        if max(slot, clock) >= 1 << 48 { throw Trouble("the answer claims slot \(slot), which is no slot") }
        if (slot > clock ? slot - clock : clock - slot) > clockSlack_slots {
            throw Trouble("the answer claims slot \(slot), the chain's clock in it says \(clock)")
        }
        let time = b.pointee.clock.unix_timestamp
        if time <= 0 || time >= 1 << 40 { throw Trouble("the chain's clock in the answer is no time") }
    }

    func readFailed(_ t: Trouble, _ now: Now) {
        reader.reading.attempts += 1
        if reader.reading.purpose != .tick {
            ticketReadFailed(t, now)
            return
        }
        if reader.reading.attempts < readAttempts {
            schedule.phaseTimer_ms = now.mono_ms + UInt64(150) << UInt64(reader.reading.attempts)
            noteRead(.debug, t)
            return
        }
        let unknown = reader.reading.layoutUnknown
        let why: Text = "Reading the book failed: \(t.words)"
        report.view.known = false
        report.clearCorrection()
        for h in hedges { h.unread(unknown ? .observeOnly : .error, why) }
        if !unknown { noteRead(.error, t) }
        reader.reading.layoutUnknown = false
        if unknown { observeChange(why, now) } else { finish(account: .error, why, now) }
    }

    /// A ticket's fate must be read whatever it takes; a tick may try again later.
    private func ticketReadFailed(_ t: Trouble, _ now: Now) {
        let attempts = reader.reading.attempts
        if reader.reading.purpose == .proof && attempts > proofAttempts {
            // Nobody serves the slot that was named as the end: the evidence is thrown away and gathered
            // anew.
            note(.warning, "the account could not be read at the slot that proves the expiry; watching on")
            restartWatch(now)
            return
        }
        tracking.readTrouble = t.text
        if reader.reading.purpose == .settle && attempts > proofAttempts && tracking.landedBy != nil {
            // Nobody has an account of the slot at which one node says that it landed: it proves nothing.
            contradiction(by: tracking.landedBy, now)
            return
        }
        if reader.reading.purpose == .resend && attempts >= readAttempts {
            backToWatching(now)
            return
        }
        sayOverdue(now)
        if attempts == readAttempts { noteRead(.warning, t) }
        schedule.phaseTimer_ms = now.mono_ms + min(UInt64(250) << UInt64(min(attempts, 5)), 4_000)
    }

    private func noteRead(_ level: Level, _ t: Trouble) {
        note(level, "Reading the book failed at endpoint \(readEndpoint + 1): \(t.text)")
    }
}
