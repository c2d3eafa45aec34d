// The agent as a state machine: `step(event, now)` and calls on `Effects`. No clock, no I/O, no randomness
// inside, so the driver and the simulator run the very same code, and any run can be repeated from its
// events. Phase.swift shows the way of a tick. Only this file sets the phase.
import Accounting
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

package final class Machine {
    let effects: any Effects
    package let account: Account
    package internal(set) var rules: Rules
    package private(set) var phase = Phase.idle
    /// What the last tick came to.
    package internal(set) var report = Report()
    package internal(set) var journal: Journal
    package internal(set) var endpoints: Endpoints
    package let books = Books()
    /// One for each [hedge] section.
    package internal(set) var hedges: [Hedge]
    package internal(set) var health = HealthWatch()
    /// The time of the event being handled.
    package private(set) var clock = Now(mono_ms: 0, unix_s: 0)
    var requests = RequestLine()
    var reader: Reader
    var schedule = Schedule()
    var tick = Tick()
    var standing = Standing()
    /// What the signer says of its loss limit; only shown.
    package var signerLoss: SignerLoss? = nil
    /// What each endpoint came to as a witness.
    var witnesses: [Witness]
    var vault = Vault()

    package init(
        effects: any Effects, rules: Rules, account: Account, endpointCount: Int,
        record: UnsafeMutablePointer<ek_record>
    ) {
        self.effects = effects
        self.rules = rules
        self.account = account
        hedges = rules.hedges.map { Hedge($0) }
        endpoints = Endpoints(count: endpointCount)
        endpoints.name(rules.endpointNames)
        witnesses = [Witness](repeating: Witness(), count: endpointCount)
        journal = Journal(record)
        reader = Reader(slots: SlotMemory(record.pointee))
        books.clearPlan(account)
        requests.bodies.plan(books.plan)
        standing.inheritedTicket = journal.ticketOpen
        self.rules.slot_ms = slotLength_ms
        standing.keptSlot_us = record.pointee.slot_us
    }

    // MARK: what others read

    package var record: UnsafeMutablePointer<ek_record> { journal.record }
    package var ticket: UnsafeMutablePointer<ek_ticket> { journal.ticket }
    package var ticketOpen: Bool { journal.ticketOpen }
    package var halted: Bool { journal.halted }
    package var book: Book { books.latest }
    package var bookKnown: Bool { books.known }
    package var stage: Stage { phase.stage }
    package var ticks: UInt64 { schedule.ticks }
    package var tickStarted_ms: UInt64 { schedule.tickStarted_ms }
    package var nextTick_ms: UInt64 { schedule.nextTick_ms }
    package var readEndpoint: Int { reader.reading.endpoint }
    package var bookReadAt_ms: UInt64 { reader.reading.at_ms }
    /// The last read found no account of this authority and sub-account.
    package var accountMissing: Bool { reader.reading.accountMissing }
    /// What became of the last second look; nil: there was none.
    package var secondOpinion: SecondOpinion? { stage == .checking ? .waiting : standing.opinion }
    package func opinions(_ o: SecondOpinion) -> UInt64 { standing.opinions[Int(o.rawValue)] }
    package func witnessWord(_ e: Int) -> StaticString { witnesses[e].word }
    /// Whether a limit of the signer keeps the machine from correcting now.
    package var heldBySigner: Bool { standing.signerHold != nil }
    package var venueAlive: Bool { standing.venue == .alive }
    /// Why the venue is not what this version knows (Probing.swift); nil: it is.
    package var venueChange: Text? { standing.venueChange }

    /// The gates of the market that the report is about.
    package var gates: [Gate] { report.market.map { hedges[$0].gates } ?? [] }

    /// When `step(.timer)` wants to be called next, on the monotonic clock.
    package var wake_ms: UInt64 { min(schedule.phaseTimer_ms, schedule.nextTick_ms, pricesDue_ms) }

    /// Whether the answer to this request will be read for more than the endpoint's health.
    package func awaits(_ id: UInt32) -> Bool {
        requests.outstanding.contains { $0.id == id && $0.ask != .stale }
    }

    /// How long a slot lasts: as measured, or as the venue takes it to be, or the nominal 400 ms.
    package var slotLength_ms: UInt64 {
        // What an earlier process measured is better than a number that once was right.
        let kept_us = UInt64(record.pointee.slot_us)
        let kept = slotLengths_us.contains(kept_us) ? kept_us : nil
        if let us = slotMeasured_us ?? kept { return (us + 500) / 1_000 }
        let venue_us = bookKnown ? UInt64(book.pointee.state.slot_duration_ms) * 1_000 : 0
        return slotLengths_us.contains(venue_us) ? venue_us / 1_000 : nominalSlot_ms
    }
    package var slotMeasured_us: UInt64? { endpoints.slot_us(clock.mono_ms) }

    // MARK: the phase

    /// Every transition. There is no draft while the record holds a ticket, and nothing is watched without
    /// one.
    func enter(_ next: Phase) {
        switch next {
        case .idle, .reading, .probing: break
        case .checking(let d), .preparing(let d), .simulating(let d):
            precondition(
                !journal.ticketOpen || rules.mode == .paper, "an order is built while a ticket is open")
            precondition(!journal.halted, "an order is built without a record to journal it in")
            precondition(
                !d.isOrder || hedges[d.market].decision.action != UInt8(EK_ACTION_NONE),
                "an order is built without a decision")
        case .watching(let t), .settling(let t):
            precondition(journal.ticketOpen, "a ticket is followed that is not in the record")
            precondition(
                t.witnesses.count == endpoints.all.count, "a ticket's witnesses are not the endpoints")
        }
        phase = next
    }

    /// The order that is being built; only in a phase that has one.
    var draft: Draft {
        get {
            guard let d = phase.draft else { preconditionFailure("no order is being built") }
            return d
        }
        set { phase = phase.with(newValue) }
    }

    /// What is known of the open ticket; only in a phase that follows one.
    var tracking: Tracking {
        get {
            guard let t = phase.tracking else { preconditionFailure("no ticket is followed") }
            return t
        }
        set { phase = phase.with(newValue) }
    }

    // MARK: events

    /// The first tick is due at once.
    package func start(_ now: Now) {
        schedule.start(now)
        reader.slots.newestAt_ms = now.mono_ms
        reader.slots.shownAt_ms = now.mono_ms
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
        rules.slot_ms = slotLength_ms
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
        if pricesDue_ms <= now.mono_ms { readPrices(now) }
    }

    private func tickDue(_ now: Now) {
        schedule.advance(rules.interval_ms, now)
        if phase.tracking != nil {
            schedule.ticks += 1
            pendingReport(now)
        } else if stage == .idle {
            beginTick(now)
        }
    }

    private func beginTick(_ now: Now) {
        settleMode()
        schedule.ticks += 1
        record.pointee.ticks_total &+= 1
        if rules.genesis != nil && ticks > 1 {
            for e in 0..<endpoints.all.count where endpoints.all[e].genesis == nil { _ = askGenesis(e) }
        }
        schedule.tickStarted_ms = now.mono_ms
        reader.reading.attempts = 0
        reader.reading.missingBy = 0
        tick = Tick()
        report.market = report.market ?? 0
        for h in hedges { h.waiting = false }
        askForeignAgain()
        if ticketOpen && rules.mode == .live {
            resumeTicket(now)
            return
        }
        if ticketOpen {
            note(
                .warning,
                "a live order is open in this state file; paper mode leaves it alone, run live to resolve it")
        }
        askHealthNowAndThen()
        read(.tick, minSlot: 0, now)
    }

    private func phaseDue(_ now: Now) {
        switch phase {
        case .reading, .settling: readAgain(now)
        case .checking: lookDue(now)
        case .watching: watchDue(now)
        case .idle, .probing, .preparing, .simulating: break
        }
    }

    // MARK: requests

    /// Registers a request and posts it. False when it could not be started.
    func post(_ ask: Ask, _ endpoint: Int, _ send: (inout Requests, UInt32) -> Bool) -> Bool {
        guard !requests.isFull, endpoints.all[endpoint].take(clock.mono_ms) else { return false }
        let id = requests.newId()
        guard send(&requests.bodies, id) else { return false }
        requests.register(Outstanding(id: id, ask: ask, endpoint: endpoint))
        return true
    }

    private func answered(_ bare: Answer, _ now: Now) {
        guard let o = requests.take(bare.id) else { return }
        var a = bare
        a.method = o.ask.method
        a.place = endpoints.all[o.endpoint].place
        if a.wire == .ok && a.status == 200 {
            endpoints.all[o.endpoint].answered(a.latency_us, now.mono_ms)
        } else {
            endpoints.all[o.endpoint].failed(now.mono_ms, status: a.status, retryAfter_s: a.retryAfter_s)
        }
        switch o.ask {
        case .book: bookAnswered(a, o.endpoint, now)
        case .health: healthAnswered(a, o.endpoint, now)
        case .opinion: opinionAnswered(a, o.endpoint, now)
        case .prices: pricesAnswered(a, o.endpoint, now)
        case .markets: marketsAnswered(a, o.endpoint, now)
        case .names: namesAnswered(a, o.endpoint, now)
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

    // MARK: words and disk

    /// One line of the log, marked as the machine's own.
    func note(_ level: Level, _ words: Text) { effects.log(level, "[REBALANCER] \(words)") }

    /// Makes the record durable. False: the machine is halted from now on; nothing may be sent.
    func save(_ now: Now) -> Bool {
        if !endpoints.onFaith { record.pointee.max_slot_seen = reader.slots.newest }
        do throws(WriteFailure) {
            try effects.persist(record)
            return true
        } catch {
            journal.halt()
            note(
                .error,
                """
                the state file could not be written (errno \
                \(error.errno)); live trading stops until the agent is \
                restarted with a writable state file
                """)
            return false
        }
    }
}
