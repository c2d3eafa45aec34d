// What is worth a message. A condition (a gate closed, health low, no RPC) is said once when it has held long
// enough, again every repeat_hours, and once when it is over.
import Accounting
import Decide
import Engine
import EvenkeelCore
import Model
import Render
import Text

extension AlertQueue {
    mutating func started(_ m: Machine, _ now: Now) {
        guard hooked else { return }
        begun = true
        bookAt_ms = now.mono_ms
        failuresSeen = m.record.pointee.failures_in_row
        live = m.rules.mode == .live
        tellMissed(m, now)
        var t = Text("started")
        if m.ticketOpen { t.put("; an order of the previous run is open and is resolved first") }
        if m.heldOnPaper { t.put("; on paper by command") }
        if m.record.pointee.paused != 0 { t.put("; paused") }
        push(.started, .once, .info, t, m.ticks, now)
    }

    mutating func stopped(_ why: Text, _ m: Machine, _ now: Now) {
        guard begun else { return }
        push(.stopped, .once, .warning, why, m.ticks, now)
    }

    /// After every report of the machine. `read`: the tick read the book; `ended`: it is over, no order is
    /// open.
    mutating func observe(_ m: Machine, read answered: Bool, ended: Bool, _ now: Now) {
        let read = answered && !m.chainStands(now)
        if read { bookAt_ms = now.mono_ms }
        if pinged && read { pingWanted = true }
        guard hooked else { return }
        modeSwitch(m, now)
        if ended {
            corrections(m, now)
            failuresSeen = m.record.pointee.failures_in_row
            markTold(m)
        }
        let changed = m.venueChange
        condition(.venue, changed != nil, 0, .error, changed ?? Text(),
                  "the venue is again as this version knows it", m, now)
        // What follows from that is not told a second time.
        if changed == nil {
            rpcLoss(m, read: read, answered: answered, now)
            if ended && read { notTrading(m, now) }
            if read { health(m, now) }
        }
        let overdue = m.ticketOverdue(now)
        condition(.ticket, overdue != nil, 0, .error, overdue ?? Text(), "the order's end is known", m, now)
        let failures = m.record.pointee.failures_in_row
        condition(.breaker, m.record.pointee.breaker_open != 0, 0, .error,
                  "stopped trading after \(failures) failures in a row; see the log, then `evenkeel resume`",
                  "resumed after failures", m, now)
        condition(.state, m.halted, 0, .error,
                  "the state file cannot be written; no trading until a restart with a writable one",
                  "the state file is written again", m, now)
    }

    private mutating func modeSwitch(_ m: Machine, _ now: Now) {
        guard live != (m.rules.mode == .live) else { return }
        live = !live
        push(.mode, .once, .warning, live ? "live by command: real orders from now on"
                : "on paper by command: no orders are sent until `evenkeel mode live`", m.ticks, now)
    }

    /// The time of this one runs from the last good read, not from the first bad tick.
    private mutating func rpcLoss(_ m: Machine, read: Bool, answered: Bool, _ now: Now) {
        let since_ms = now.mono_ms - min(bookAt_ms, now.mono_ms)
        let why = answered ? "the nodes show no new slot" : m.report.reason
        condition(.rpc, !read && since_ms >= settings.rpcLost_ms, 0, .error,
                  "the book could not be read for \(since_ms / 1000) s: \(why)", "the book can be read again",
                  m, now)
    }

    /// With several markets: as long as any of them is held up, whichever the last report was about.
    private mutating func notTrading(_ m: Machine, _ now: Now) {
        let watches = m.record.pointee.breaker_open == 0 && !m.halted
        var why: Text? = m.report.status == .observeOnly && watches ? m.report.reason : nil
        for i in 0..<m.hedges.count where why == nil {
            let status = m.hedges[i].status
            if status == .blocked || (status == .observeOnly && watches) {
                why = m.named(i, m.hedges[i].standing)
            }
        }
        if why == nil { do throws(Refusal) { try m.requireCapacity() } catch { why = error.text } }
        condition(.blocked, why != nil, settings.blocked_ms, .warning, "not trading: \(why ?? Text())",
                  "trading is possible again", m, now)
    }

    private mutating func health(_ m: Machine, _ now: Now) {
        let (level, a) = (m.health.condition, m.report.view.a)
        condition(.health, level != .ok, 0, level == .critical ? .error : .warning, Self.lowHealth(m),
                  "health has recovered: \(fixed: a.health_bp, decimals: 2, shown: 1) %", m, now)
    }

    private static func lowHealth(_ m: Machine) -> Text {
        let a = m.report.view.a
        var t = Text(m.health.condition == .critical ? "health is critical: " : "health is low: ")
        t.put(fixed: Int64(a.health_bp), decimals: 2, shown: 1)
        t.put(" %")
        if a.liq_price_e6 > 0 {
            t.put(", liquidation at ")
            put(&t, price: a.liq_price_e6, from: a.oracle_price_e6)
        }
        if let s = stress(m, m.shownHedge, anew: true) {
            let way = wayBack(s, m.shownHedge.rules.perpName)
            if !way.isEmpty { t.put("; ") }
            t.put(way)
        }
        return t
    }

    private mutating func corrections(_ m: Machine, _ now: Now) {
        let r = m.report
        let failures = m.record.pointee.failures_in_row
        if r.status == .executedLive || r.status == .executedPaper || r.status == .partial {
            push(.correction, .once, .info, filled(r, m.shownMarket), m.ticks, now)
        } else if failures > failuresSeen || r.status == .unfilled {
            var t: Text = "correction failed: \(r.reason)"
            if failures > 0 { t.put(" (\(failures) in a row)") }
            push(.failure, .once, .warning, t, m.ticks, now)
        }
    }

    private func filled(_ r: Report, _ market: Text) -> Text {
        let price: Text = r.price_e6 > 0 ? " @ $\(fixed: r.price_e6, decimals: 6, shown: 2)" : ""
        let how: StaticString = r.status == .executedPaper ? " on paper"
            : r.status == .partial ? ", partly filled" : ""
        var drift = Text()
        if r.view.driftKnown && r.after.driftKnown {
            let (before, after) = (r.view.drift_ppm, r.after.drift_ppm)
            drift = "; drift \(percent_ppm: before, sign: true) % -> \(percent_ppm: after, sign: true) %"
        }
        return """
            \(c: ek_action_name(r.action)) \(base: r.size_e9, shown: 6) \(market)\(price)\(how)\(drift)
            """
    }

    private mutating func condition(_ kind: AlertKind, _ holds: Bool, _ after_ms: UInt64, _ level: Level,
                                    _ text: @autoclosure () -> Text, _ over: @autoclosure () -> Text,
                                    _ m: Machine, _ now: Now) {
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
        let worse = level.rawValue < c.level.rawValue
        if !c.said || worse {
            push(kind, .firing, level, text(), m.ticks, now)
        } else if settings.repeat_ms > 0 && now.mono_ms - c.saidAt_ms >= settings.repeat_ms {
            push(kind, .reminder, level, text(), m.ticks, now)
        } else {
            // Better, but not over: said when it is over or worse again.
            if level.rawValue > c.level.rawValue { c.level = level }
            return
        }
        dirty = true
        c.said = true
        c.saidAt_ms = now.mono_ms
        c.level = level
    }
}
