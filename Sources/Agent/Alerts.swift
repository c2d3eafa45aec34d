// Alerts: a POST to the operator's webhook for what a person should know, and a ping after every good tick for a service that
// notices when they stop. Both ride in the driver's own loop on transfers of their own: nothing here can delay a tick.
//
// A condition (a gate closed, health low, no RPC) is said once when it has held long enough, again every repeat_hours, and once when it is over.
// What cannot be delivered is tried again, 2 s doubling to 5 min, in order. The queue is bounded: when it is full, the oldest of the lowest level
// goes, and the next message says how many went. It outlives the process (AlertKeep.swift).
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

package enum AlertKind: UInt8 {
    case started, stopped, correction, failure, blocked, health, breaker, rpc, state, mode, refused, ticket

    var word: StaticString {
        switch self {
        case .started: return "started"
        case .stopped: return "stopped"
        case .correction: return "correction"
        case .failure: return "failure"
        case .blocked: return "blocked"
        case .health: return "health"
        case .breaker: return "breaker"
        case .rpc: return "rpc"
        case .state: return "state"
        case .mode: return "mode"
        case .refused: return "refused"
        case .ticket: return "ticket"
        }
    }
}

enum AlertState: UInt8 {
    case once, firing, reminder, resolved

    var word: StaticString {
        switch self {
        case .once: return "once"
        case .firing: return "firing"
        case .reminder: return "reminder"
        case .resolved: return "resolved"
        }
    }
}

struct Alert {
    var kind: AlertKind
    var state: AlertState
    var level: Level
    var text: Text
    var time_s: Int64
    var tick: UInt64
}

struct Condition {
    var holds = false
    var since_ms: UInt64 = 0
    var said = false
    var saidAt_ms: UInt64 = 0
    var level = Level.warning
}

/// How a delivery ended.
enum Delivery {
    case done, later, refused
}

struct Alerts {
    static let room = 32
    private static let firstRetry_ms: UInt64 = 2_000
    private static let lastRetry_ms: UInt64 = 300_000
    private static let pingEvery_ms: UInt64 = 10_000

    let hooked: Bool
    let pinged: Bool
    var queue: [Alert] = []
    /// Something changed that must outlive the process.
    var dirty = false
    /// The last correction of each market of the record that was told of.
    var told = [ek_moment](repeating: ek_moment(unix_s: 0, slot: 0), count: Int(EK_RECORD_MARKETS))
    private var live = false
    /// The first of the queue is on its way.
    private(set) var sending = false
    var dropped: UInt32 = 0
    private var attempts: UInt64 = 0
    private var due_ms: UInt64 = 0
    /// By AlertKind, those that last.
    var conditions = [Condition](repeating: Condition(), count: Int(AlertKind.ticket.rawValue) + 1)
    private var pinging = false
    private var pingedAt_ms: UInt64 = 0
    private var pingWanted = false
    private(set) var pingFailures: UInt32 = 0

    private var smallest = Level.info
    private var blocked_ms: UInt64 = 0
    private var rpcLost_ms: UInt64 = 0
    private var repeat_ms: UInt64 = 0

    private var failuresSeen: UInt32 = 0
    private var bookAt_ms: UInt64 = 0
    private var begun = false
    /// A process before this one left its file.
    var restored = false

    init(_ c: ConfigPointer, on: Bool) {
        hooked = on && (sys_config_webhook(c)?.pointee ?? 0) != 0
        pinged = on && (sys_config_ping(c)?.pointee ?? 0) != 0
        if hooked { queue.reserveCapacity(Alerts.room + 1) }
        reconfigure(c)
    }

    mutating func reconfigure(_ c: ConfigPointer) {
        smallest = c.pointee.alert_level == 2 ? .error : c.pointee.alert_level == 1 ? .warning : .info
        blocked_ms = UInt64(c.pointee.blocked_minutes) * 60_000
        rpcLost_ms = UInt64(c.pointee.rpc_lost_s) * 1_000
        repeat_ms = UInt64(c.pointee.repeat_hours) * 3_600_000
    }

    // MARK: what is worth a message

    mutating func started(_ m: Machine, _ now: Now) {
        guard hooked else { return }
        begun = true
        bookAt_ms = now.mono_ms
        failuresSeen = m.record.pointee.failures_in_row
        live = m.rules.mode == .live
        tellMissed(m, now)
        var t = Text("started")
        if m.ticketOpen { t.put("; an order of the run before is open and is resolved first") }
        if m.heldOnPaper { t.put("; on paper by command") }
        if m.record.pointee.paused != 0 { t.put("; paused") }
        push(.started, .once, .info, t, m.ticks, now)
    }

    mutating func stopped(_ why: Text, _ m: Machine, _ now: Now) {
        guard begun else { return }
        push(.stopped, .once, .warning, why, m.ticks, now)
    }

    /// After every report of the machine. `read`: the tick read the book; `ended`: it is over, no order is open.
    mutating func observe(_ m: Machine, read answered: Bool, ended: Bool, _ now: Now) {
        let stands = m.chainStands(now)
        let read = answered && !stands
        if read { bookAt_ms = now.mono_ms }
        if pinged && read { pingWanted = true }
        guard hooked else { return }
        let r = m.report
        if live != (m.rules.mode == .live) {
            live = !live
            push(.mode, .once, .warning, Text(live ? "live by command: real orders from now on" : "on paper by command: nothing is sent until live is said"), m.ticks, now)
        }
        if ended {
            corrections(m, now)
            failuresSeen = m.record.pointee.failures_in_row
            markTold(m)
        }

        if !read {
            var t = Text("the book could not be read for ")
            t.put((now.mono_ms - min(bookAt_ms, now.mono_ms)) / 1000)
            t.put(" s: ")
            if answered { t.put("the nodes show no new slot") } else { t.put(r.reason) }
            // The clock of this one runs from the last good read, not from the first bad tick.
            condition(.rpc, now.mono_ms - min(bookAt_ms, now.mono_ms) >= rpcLost_ms, 0, .error, t, Text(), m, now)
        } else {
            condition(.rpc, false, 0, .error, Text(), Text("the book is read again"), m, now)
        }
        if ended && read {
            // With several markets: as long as any of them is held up, whichever the tick's story was about.
            var idle = r.status == .observeOnly && m.record.pointee.breaker_open == 0 && !m.halted
            var why = r.reason
            for i in 0..<m.hedges.count where !idle && (m.hedges[i].status == .blocked || (m.hedges[i].status == .observeOnly && m.record.pointee.breaker_open == 0 && !m.halted)) {
                idle = true
                why = m.named(i, m.standing(i))
            }
            if !idle, let t = m.incapacity() {
                idle = true
                why = t
            }
            var t = Text("not trading: ")
            t.put(why)
            condition(.blocked, idle, blocked_ms, .warning, t, Text("trading is possible again"), m, now)
        }
        if read {
            let h = m.healthLevel
            var t = Text(h == 2 ? "health is critical: " : "health is low: ")
            var well = Text("health is well again: ")
            t.put(fixed: Int64(r.view.a.health_bp), decimals: 2, shown: 1)
            t.put(" %")
            well.put(fixed: Int64(r.view.a.health_bp), decimals: 2, shown: 1)
            well.put(" %")
            if r.view.a.liq_price_e6 > 0 {
                t.put(", liquidation at $")
                t.put(fixed: r.view.a.liq_price_e6, decimals: 6, shown: 2)
            }
            condition(.health, h > 0, 0, h == 2 ? .error : .warning, t, well, m, now)
        }
        let overdue = m.ticketOverdue(now)
        condition(.ticket, overdue != nil, 0, .error, overdue ?? Text(), Text("the order's end is known"), m, now)
        var b = Text("stopped trading after ")
        b.put(m.record.pointee.failures_in_row)
        b.put(" failures in a row; look at the log, then say resume")
        condition(.breaker, m.record.pointee.breaker_open != 0, 0, .error, b, Text("resumed after failures"), m, now)
        condition(.state, m.halted, 0, .error, Text("the state file cannot be written; nothing is traded until a restart with a writable one"),
                  Text("the state file is written again"), m, now)
    }

    private mutating func corrections(_ m: Machine, _ now: Now) {
        let r = m.report
        if r.status == .executedLive || r.status == .executedPaper || r.status == .partial {
            var t = Text()
            t.put(c: ek_action_name(r.action))
            t.put(" ")
            t.put(fixed: Int64(clamping: r.size_e9), decimals: 9, shown: 6)
            t.put(" ")
            t.put(m.hedgeRules.perpName)
            if r.price_e6 > 0 {
                t.put(" @ $")
                t.put(fixed: r.price_e6, decimals: 6, shown: 2)
            }
            if r.status == .executedPaper { t.put(" on paper") }
            if r.status == .partial { t.put(", partly filled") }
            if r.view.driftKnown && r.after.driftKnown {
                t.put("; drift ")
                t.put(fixed: r.view.drift_ppm, decimals: 4, shown: 2, sign: true)
                t.put(" % -> ")
                t.put(fixed: r.after.drift_ppm, decimals: 4, shown: 2, sign: true)
                t.put(" %")
            }
            push(.correction, .once, .info, t, m.ticks, now)
        } else if m.record.pointee.failures_in_row > failuresSeen || r.status == .unfilled {
            var t = Text("correction failed: ")
            t.put(r.reason)
            if m.record.pointee.failures_in_row > 0 {
                t.put(" (")
                t.put(m.record.pointee.failures_in_row)
                t.put(" in a row)")
            }
            push(.failure, .once, .warning, t, m.ticks, now)
        }
    }

    private mutating func condition(_ kind: AlertKind, _ holds: Bool, _ after_ms: UInt64, _ level: Level, _ text: @autoclosure () -> Text,
                                    _ over: @autoclosure () -> Text, _ m: Machine, _ now: Now) {
        var c = conditions[Int(kind.rawValue)]
        defer { conditions[Int(kind.rawValue)] = c }
        if !holds {
            if c.said {
                push(kind, .resolved, c.level, over(), m.ticks, now)
                dirty = true
            }
            c = Condition()
            return
        }
        if !c.holds {
            c.holds = true
            c.since_ms = now.mono_ms
        }
        guard now.mono_ms - c.since_ms >= after_ms else { return }
        if !c.said {
            push(kind, .firing, level, text(), m.ticks, now)
        } else if level.rawValue < c.level.rawValue {            // worse than what was said
            push(kind, .firing, level, text(), m.ticks, now)
        } else if repeat_ms > 0 && now.mono_ms - c.saidAt_ms >= repeat_ms {
            push(kind, .reminder, level, text(), m.ticks, now)
        } else {
            if level.rawValue > c.level.rawValue { c.level = level }    // better, but not over: said when it is over or worse again
            return
        }
        dirty = true
        c.said = true
        c.saidAt_ms = now.mono_ms
        c.level = level
    }

    // MARK: the queue

    mutating func push(_ kind: AlertKind, _ state: AlertState, _ level: Level, _ text: Text, _ tick: UInt64, _ now: Now, at unix_s: Int64? = nil) {
        if level.rawValue > smallest.rawValue { return }
        if queue.count >= Alerts.room {
            var victim = sending ? 1 : 0
            for i in victim..<queue.count where queue[i].level.rawValue > queue[victim].level.rawValue { victim = i }
            queue.remove(at: victim)
            dropped += 1
        }
        dirty = true
        queue.append(Alert(kind: kind, state: state, level: level, text: text, time_s: unix_s ?? now.unix_s, tick: tick))
    }

    /// The message to send now, if one is due; `sent` or `notSent` follows.
    mutating func next(_ real_ms: UInt64) -> Alert? {
        guard hooked, !sending, var first = queue.first, real_ms >= due_ms else { return nil }
        if dropped > 0 {
            first.text.put(" (")
            first.text.put(dropped)
            first.text.put(" earlier alerts were dropped)")
        }
        sending = true
        return first
    }

    mutating func delivered(_ how: Delivery, retryAfter_s: Int64, _ real_ms: UInt64) {
        sending = false
        switch how {
        case .done, .refused:
            if !queue.isEmpty { queue.removeFirst() }
            dirty = true
            if how == .done { dropped = 0 }
            attempts = 0
            due_ms = real_ms
        case .later:
            let wait = min(Alerts.firstRetry_ms << min(attempts, 8), Alerts.lastRetry_ms)
            attempts += 1
            due_ms = real_ms + max(wait, UInt64(max(0, min(retryAfter_s, 3600))) * 1000)
        }
    }

    /// The process ends: what is queued is due at once, whatever failed before.
    mutating func hurry() { due_ms = 0 }

    /// Whether to ping now.
    mutating func ping(_ real_ms: UInt64) -> Bool {
        guard pingWanted, !pinging, pingedAt_ms == 0 || real_ms - pingedAt_ms >= Alerts.pingEvery_ms else { return false }
        pingWanted = false
        pinging = true
        pingedAt_ms = max(1, real_ms)
        return true
    }

    mutating func pingEnded(well: Bool) {
        pinging = false
        pingFailures = well ? 0 : pingFailures &+ 1
    }

    /// When there is something to do next, on the real monotonic clock.
    var wake_ms: UInt64 {
        var t = UInt64.max
        if hooked && !sending && !queue.isEmpty { t = due_ms }
        if pingWanted && !pinging { t = min(t, pingedAt_ms + Alerts.pingEvery_ms) }
        return t
    }
}
