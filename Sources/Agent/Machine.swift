// The agent as a state machine: `step(event, now)` and calls on `Host`. No clock, no I/O, no randomness inside, so the driver and
// the simulator run the very same code, and any run can be repeated from its events.
//
// A tick goes one way:   reading -> deciding -> checking -> preparing -> simulating -> (journal, send) watching -> settling -> idle
//   reading     one getMultipleAccounts, everything of one slot                                        Reading.swift
//   deciding    assessment, decision, gates; paper books its fill here                                 Deciding.swift, Gates.swift
//   probing     once a process: does the venue take instructions at all                                  Probing.swift
//   checking    a second look: another endpoint, or the only one again, must see the same book            SecondLook.swift
//   preparing   blockhash and priority fee                                                             Preparing.swift
//   simulating  the exact order without a signature; its effect compared with what is meant            Preparing.swift
//   watching    the journalled bytes are sent again and again until found or proven expired            Watching.swift
//   settling    landed is not filled: the User is read until the order is filled or gone               Settling.swift
// An open ticket found at start enters at `watching`; nothing else is built before it has ended.
import EvenkeelCore
import Model
import Rpc
import Text

package enum Phase: UInt8 {
    case idle, reading, probing, checking, preparing, simulating, watching, settling
}

/// Why the book is being read.
enum Purpose: UInt8 {
    case tick, settle, proof, resend
}

struct Outstanding {
    var id: UInt32 = 0
    var ask = Ask.none
    var endpoint = 0
}

package final class Machine {
    let host: any Host
    package internal(set) var rules: Rules
    package let venue: OpaquePointer?
    /// The key that signs and pays. In paper mode without a key: the authority, nothing is ever signed.
    package let signer: ek_key
    package let authority: ek_key
    package let subAccount: UInt16

    package internal(set) var phase = Phase.idle
    package internal(set) var report = Report()
    package internal(set) var ticks: UInt64 = 0
    package internal(set) var endpoints: Endpoints
    /// Persisted; the machine owns it, the host only writes it down.
    package let record: UnsafeMutablePointer<ek_record>
    /// The last book that was read whole; meaningful when `bookKnown`.
    package let book: UnsafeMutablePointer<ek_book>
    package internal(set) var bookKnown = false
    let otherBook: UnsafeMutablePointer<ek_book>
    package let plan: UnsafeMutablePointer<ek_plan>
    let work: UnsafeMutablePointer<UInt8>
    let workCap = 16384

    var requests = Requests()
    var outstanding: [Outstanding] = []
    var nextId: UInt32 = 1
    /// The last answer that made a whole book, as it came, for `status --accounts`.
    /// It stands at the beginning of memory that only grows.
    package internal(set) var lastRead: [UInt8] = []
    package internal(set) var lastReadCount = 0

    /// In one copy: appending a buffer to an array goes byte by byte.
    func keep(_ body: UnsafeBufferPointer<UInt8>) {
        if lastRead.count < body.count { lastRead = [UInt8](repeating: 0, count: body.count + body.count / 4) }
        lastReadCount = body.count
        lastRead.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(body)) }
    }
    /// The time of the event being handled.
    package internal(set) var clock = Now(mono_ms: 0, unix_s: 0)

    var schedule = Schedule()
    var reading = BookReading()
    var slots: SlotMemory
    var search = MarketSearchState()
    package internal(set) var tickStarted_ms: UInt64 = 0
    /// The second look of the correction that is being built, and what each endpoint came to as a witness.
    var look = SecondLook()
    var witnesses: [Witness]
    var skewWarned = false
    /// The venue answered a harmless simulated instruction in this process.
    package internal(set) var venueAlive = false
    /// 0 well, 1 warning, 2 critical.
    package internal(set) var healthLevel = 0
    /// What needs a person at once; empty: nothing. See Health.swift.
    package internal(set) var alarm = Text()
    /// The vault's sampling and its earlier standings; what must survive is in the record. See Vault.swift.
    var vault = VaultKeeping()

    // Deciding and ordering.
    /// One for each [hedge] section, and the one that is worked on.
    package internal(set) var hedges: [Hedge]
    package internal(set) var current = 0
    package internal(set) var observeReason = Text()
    /// The market whose take found no whole fill in this tick: an auction order then.
    var auctionFor: Int? = nil
    var preferAuction: Bool { auctionFor == current }
    /// A correction was begun in this tick.
    var tried = false
    /// The open ticket is of a market that is hedged no more: it is followed to its end, never sent again.
    package internal(set) var foreignTicket = false
    var tickRetries = 0
    /// The priority fee that the last simulated order would have paid; 0 before one was.
    var usualFee_lamports: UInt64 = 0
    package internal(set) var order = Order()
    /// What settling had done to the account when the ticket was made; a ticket found at start has none.
    var feeMark = ek_fee_mark()
    /// The id of the order that is being cancelled; nil: a correction is being built.
    var cancelling: UInt32? = nil

    /// A limit of the signer is used up, and until when.
    var signerHold: SignerHold? = nil
    /// Whether a limit of the signer keeps the machine from correcting now.
    package var heldBySigner: Bool { signerHold != nil }
    /// What the signer says of its loss limit; only shown.
    package var signerLoss: SignerLoss? = nil

    // Watching and settling.
    var watch = Watch()
    var chainError: ChainError? = nil
    /// Set when this process found the ticket in its state file and has not resolved it yet.
    var inherited = false
    /// A halted machine never builds an order again in this process (its state file cannot be written).
    package internal(set) var halted = false
    /// Every hedged perp is being closed (Flattening.swift); not kept over a restart, the pause is.
    package internal(set) var flattening = false
    var flattenAfter_tick: UInt64 = 0

    package init(host: any Host, rules: Rules, venue: OpaquePointer?, authority: ek_key, subAccount: UInt16, signer: ek_key,
                endpointCount: Int, record: UnsafeMutablePointer<ek_record>) {
        self.host = host
        self.rules = rules
        hedges = rules.hedges.map { Hedge($0) }
        self.venue = venue
        self.authority = authority
        self.subAccount = subAccount
        self.signer = signer
        self.endpoints = Endpoints(count: endpointCount)
        witnesses = [Witness](repeating: Witness(), count: endpointCount)
        self.record = record
        slots = SlotMemory(restoredSlot: record.pointee.max_slot_seen,
                           restoredAt_s: record.pointee.vault.known != 0 ? record.pointee.vault.unix_s : 0)
        book = UnsafeMutableRawPointer.allocate(byteCount: ek_book_size(), alignment: 16).bindMemory(to: ek_book.self, capacity: 1)
        otherBook = UnsafeMutableRawPointer.allocate(byteCount: ek_book_size(), alignment: 16).bindMemory(to: ek_book.self, capacity: 1)
        plan = UnsafeMutableRawPointer.allocate(byteCount: ek_plan_size(), alignment: 16).bindMemory(to: ek_plan.self, capacity: 1)
        work = UnsafeMutablePointer<UInt8>.allocate(capacity: workCap)
        outstanding.reserveCapacity(32)
        report.gates.reserveCapacity(24)
        var a = authority
        var s = signer
        _ = ek_plan_init(plan, venue, &a, subAccount, &s)
        requests.plan(plan)
        inherited = ticket.pointee.state != UInt8(EK_TICKET_NONE)
    }

    deinit {
        UnsafeMutableRawPointer(book).deallocate()
        UnsafeMutableRawPointer(otherBook).deallocate()
        UnsafeMutableRawPointer(plan).deallocate()
        work.deallocate()
    }

    /// How long the chain has shown no new slot. The first read of a process is compared with the last one of the process before: a run of
    /// one tick knows by it that the chain stands still.
    func still_ms(_ now: Now) -> UInt64 {
        // A node that showed this very slot long before it was believed stands still no less.
        let shown = endpoints.all[reading.endpoint].still_ms(at: slots.newest, now.mono_ms)
        let here = max(shown, now.mono_ms - min(slots.newestAt_ms, now.mono_ms))
        if slots.moved || slots.restoredSlot == 0 || slots.restoredAt_s == 0 || slots.newest != slots.restoredSlot || now.unix_s <= slots.restoredAt_s { return here }
        return max(here, UInt64(clamping: (Int128(now.unix_s) - Int128(slots.restoredAt_s)) * 1_000))
    }

    package var ticket: UnsafeMutablePointer<ek_ticket> { ek_record_ticket(record) }
    /// For what is shown and measured of the machine.
    package var nextTick_ms: UInt64 { schedule.nextTick_ms }
    package var readEndpoint: Int { reading.endpoint }
    package var bookReadAt_ms: UInt64 { reading.at_ms }

    package var ticketOpen: Bool { ticket.pointee.state != UInt8(EK_TICKET_NONE) }

    /// When `step(.timer)` wants to be called next, on the monotonic clock.
    package var wake_ms: UInt64 { min(schedule.phaseTimer_ms, schedule.nextTick_ms) }

    /// The first tick is due at once.
    package func start(_ now: Now) {
        schedule.firstTick_ms = now.mono_ms
        schedule.nextTick_ms = now.mono_ms
        slots.newestAt_ms = now.mono_ms
        clock = now
        settleMode()
        // Are they of the configured cluster, and of one? Without a configured one: Endpoints.tell.
        endpoints.expected = rules.genesis
        if endpoints.all.count > 1 || rules.genesis != nil {
            for e in 0..<endpoints.all.count { _ = askGenesis(e) }
        }
    }

    package func reconfigure(_ new: Rules) {
        let mode = rules.mode
        rules = new
        rules.mode = mode
        endpoints.expected = new.genesis
        for i in 0..<min(hedges.count, new.hedges.count) { hedges[i].rules = new.hedges[i] }
    }

    package func step(_ event: Event, _ now: Now) {
        clock = now
        switch event {
        case .answer(let a): answered(a, now)
        case .command(let c): commanded(c, now)
        case .timer: break
        }
        if schedule.phaseTimer_ms <= now.mono_ms {
            schedule.phaseTimer_ms = UInt64.max
            phaseDue(now)
        }
        if schedule.nextTick_ms <= now.mono_ms { tickDue(now) }
    }

    /// Ticks stand on a fixed grid from the start: a late one does not shift the next, and a missed one is not made up for.
    private func tickDue(_ now: Now) {
        let interval = max(1, rules.interval_ms)
        let passed = (now.mono_ms - schedule.firstTick_ms) / interval
        schedule.nextTick_ms = schedule.firstTick_ms + (passed + 1) * interval
        schedule.soonTick = schedule.soonDue && passed == schedule.gridTurn
        schedule.soonDue = false
        schedule.gridTurn = passed
        if phase == .idle {
            beginTick(now)
        } else if phase == .watching || phase == .settling {
            ticks += 1
            pendingReport(now)
        }
    }

    private func beginTick(_ now: Now) {
        settleMode()
        ticks += 1
        record.pointee.ticks_total &+= 1
        if rules.genesis != nil { for e in 0..<endpoints.all.count where endpoints.all[e].genesis == nil && ticks > 1 { _ = askGenesis(e) } }
        tickStarted_ms = now.mono_ms
        reading.attempts = 0
        tickRetries = 0
        auctionFor = nil
        tried = false
        foreignTicket = false
        for i in 0..<hedges.count { hedges[i].waiting = false }
        askForeignAgain()
        if ticketOpen && rules.mode == .live {
            startWatching(now)
        } else {
            if ticketOpen { note(.warning, "a live order is open in this state file; paper mode leaves it alone, run live to resolve it") }
            read(.tick, minSlot: 0, now)
        }
    }

    private func phaseDue(_ now: Now) {
        switch phase {
        case .reading, .settling: readAgain(now)
        case .checking: lookDue(now)
        case .watching: watchDue(now)
        case .idle, .probing, .preparing, .simulating: break
        }
    }

    private func commanded(_ c: Command, _ now: Now) {
        switch c {
        case .pause:
            endFlatten("flatten is called off; what is still open stays open")
            if record.pointee.paused != 0 { return }
            record.pointee.paused = 1
            note(.info, "paused by command; positions are watched, nothing is traded until resume")
            _ = save(now)
        case .resume:
            endFlatten("flatten is called off; hedging goes on")
            if record.pointee.paused == 0 && record.pointee.breaker_open == 0 && record.pointee.failures_in_row == 0 { return }
            record.pointee.paused = 0
            record.pointee.breaker_open = 0
            record.pointee.failures_in_row = 0
            note(.info, "resumed by command")
            _ = save(now)
            if phase == .idle { schedule.nextTick_ms = now.mono_ms }
        case .rebalance:
            if phase == .idle { forceTick(now) } else { schedule.forceLater = true }
        case .flatten:
            if halted || !beginFlatten(now) { return }
            if phase == .idle { forceTick(now) } else { schedule.forceLater = true }
        case .paper, .live:
            hold(c == .paper, now)
        }
    }

    /// A tick at once, for which no cooldown counts.
    private func forceTick(_ now: Now) {
        schedule.forceLater = false
        for i in 0..<hedges.count { hedges[i].forced = true }
        schedule.nextTick_ms = now.mono_ms
    }

    // MARK: requests

    /// Registers a request before it is posted. 0 when it could not be started.
    func post(_ ask: Ask, _ endpoint: Int, _ send: (inout Requests, UInt32) -> Bool) -> UInt32 {
        let id = nextId
        nextId = nextId == UInt32.max ? 1 : nextId + 1
        guard outstanding.count < 32, endpoints.all[endpoint].take(clock.mono_ms), send(&requests, id) else { return 0 }
        outstanding.append(Outstanding(id: id, ask: ask, endpoint: endpoint))
        return id
    }

    private func answered(_ a: Answer, _ now: Now) {
        var o = Outstanding()
        for i in 0..<outstanding.count where outstanding[i].id == a.id {
            o = outstanding[i]
            outstanding.remove(at: i)
            break
        }
        guard o.ask != .none else { return }
        if a.wire == .ok && a.status == 200 {
            endpoints.all[o.endpoint].answered(a.latency_us, now.mono_ms)
        } else {
            endpoints.all[o.endpoint].failed(now.mono_ms, status: a.status, retryAfter_s: a.retryAfter_s)
        }
        switch o.ask {
        case .book: bookAnswered(a, o.endpoint, now)
        case .opinion: opinionAnswered(a, o.endpoint, now)
        case .markets: marketsAnswered(a, o.endpoint, now)
        case .blockhash: blockhashAnswered(a, now)
        case .fees: feesAnswered(a, now)
        case .height: heightAnswered(a, o.endpoint, now)
        case .genesis: genesisAnswered(a, o.endpoint, now)
        case .probe: probeAnswered(a, now)
        case .simulate: simulateAnswered(a, now)
        case .send: sendAnswered(a, o.endpoint, now)
        case .status: statusAnswered(a, o.endpoint, now)
        case .epoch: epochAnswered(a, o.endpoint, now)
        case .hashHeight: hashHeightAnswered(a, o.endpoint, now)
        case .stale, .none: break
        }
    }

    /// Whether the answer to this request will be read for more than the endpoint's health.
    package func awaits(_ id: UInt32) -> Bool { outstanding.contains { $0.id == id && $0.ask != .stale } }

    /// Answers still under way belong to a phase that is over: they are counted for the endpoint's health, nothing else.
    func dropOutstanding(_ ask: Ask) {
        for i in 0..<outstanding.count where outstanding[i].ask == ask { outstanding[i].ask = .stale }
    }

    // MARK: words and disk

    /// One line of the log, marked as the machine's own.
    func note(_ level: Level, _ words: Text) { host.log(level, "[REBALANCER] \(words)") }

    /// Makes the record durable. False: the machine is halted from now on; nothing may be sent.
    func save(_ now: Now) -> Bool {
        if !endpoints.onFaith { record.pointee.max_slot_seen = slots.newest }
        let errno = host.persist(record)
        if errno == 0 { return true }
        halted = true
        var t: Text = "the state file could not be written (errno \(errno)"
        t.put("); live trading stops until the agent is restarted with a writable state file")
        note(.error, t)
        return false
    }

    // MARK: the end of a tick

    /// `account`: the reason is not about one market.
    func finish(_ status: Status, _ reason: Text, _ now: Now, account: Bool = false) {
        report.reason = account ? reason : named(current, reason)
        if !foreignTicket {
            hedges[current].status = status
            hedges[current].reason = reason
            hedges[current].waiting = false
        }
        ended(status, now)
    }

    /// With the current market's own standing, whose words are made where they are kept.
    func finishStanding(_ now: Now, account: Bool = false) {
        let status = hedges[current].status
        if !hedges[current].reason.isEmpty {
            finish(status, hedges[current].reason, now, account: account)
            return
        }
        report.reason.clear()
        if !account && hedges.count > 1 { putName(&report.reason, current) }
        putStanding(&report.reason, current)
        if !foreignTicket { hedges[current].waiting = false }
        ended(status, now)
    }

    private func ended(_ status: Status, _ now: Now) {
        report.status = status
        report.time_s = now.unix_s
        phase = .idle
        schedule.phaseTimer_ms = UInt64.max
        for i in 0..<hedges.count where !hedges[i].waiting { hedges[i].forced = false }
        if tried { turnOver(now) }
        if flattening { flattenOn(status, now) }
        if schedule.forceLater { forceTick(now) }
        if modeDue && !ticketOpen { schedule.nextTick_ms = now.mono_ms }
        host.report(self)
    }

    /// A correction is over, well or not. Who waited has its turn soon, on a fresh book.
    private func turnOver(_ now: Now) {
        tried = false
        let interval = max(1, rules.interval_ms)
        schedule.gridTurn = (now.mono_ms - schedule.firstTick_ms) / interval
        hedges[current].turn = schedule.gridTurn
        guard hedges.contains(where: { $0.waiting && ($0.turn != schedule.gridTurn || $0.forced) }) else { return }
        schedule.soonDue = true
        schedule.nextTick_ms = min(schedule.nextTick_ms, now.mono_ms + soon_ms)
    }

    /// A sign of life while a ticket is open: the schedule goes on, the status says what is waited for.
    func pendingReport(_ now: Now) {
        report.status = .pending
        report.action = ticket.pointee.action
        report.size_e9 = ticket.pointee.size_base_e9
        fillSignature()
        report.time_s = now.unix_s
        report.reason.clear()
        putPending(&report.reason)
        host.report(self)
    }

    func fillSignature() {
        report.hasSignature = true
        guard let s = ek_ticket_signature(ticket) else { return }
        for i in 0..<64 { report.signature[i] = s[i] }
    }
}
