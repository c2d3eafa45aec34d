// What the running agent is told over its control socket, and what it says to that. An answer says what
// happened, not "ok": the one to `rebalance` waits for the tick it asked for.
import Accounting
import Decide
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Text

/// Somebody waits for the end of a tick.
struct Waiting {
    var client: UInt32
    var tick: UInt64
    /// Asked in the middle of a tick: the one that counts is the next.
    var next: Bool
    /// Waits until everything is closed, or until that does not go on.
    var flat = false
    /// What was already done, said before how the tick ended.
    var first = Text(capacity: 0)
}

extension Driver {
    /// Serves every line that is there; at most one for each place at the socket a turn.
    func serveControl(_ m: Machine) {
        guard let c = control else { return }
        for _ in 0..<Int(SYS_CONTROL_CLIENTS) {
            var client: UInt32 = 0
            var word = Text()
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_CONTROL_LINE)) { line in
                guard let base = line.baseAddress else { return }
                client = sys_control_next(c, base)
                if client != 0 { word.put(c: base) }
            }
            if client == 0 { return }
            if let said = obey(word, client, m) { answer(client, said) }
        }
    }

    func answer(_ client: UInt32, _ words: Text) {
        guard let c = control else { return }
        words.bytes.withUnsafeBufferPointer { sys_control_answer(c, client, $0.baseAddress, $0.count) }
    }

    /// nil: the answer comes later.
    private func obey(_ word: Text, _ client: UInt32, _ m: Machine) -> Text? {
        if word == "status json" { return "\(statusJson.message(m, now_s: now().unix_s))\n" }
        if word == "status" { return statusText(m, now_s: now().unix_s) }
        if word == "accounts" {
            let read = accountsJson(m)
            return read.isEmpty ? "nothing has been read yet\n" : read
        }
        if word == "pause" { return "\(m.carryOut(.pause, now()).words)\n" }
        if word == "resume plan" { return "\(reopening(m) ?? Text("nothing is opened at once"))\n" }
        if word == "resume" { return "\(m.carryOut(.resume, now()).words)\n" }
        if word == "rebalance" { return rebalance(client, m) }
        if word == "flatten" { return flattenWords(m) }
        if word == "flatten yes" { return flatten(client, m) }
        if word == "mode paper" || word == "mode live" { return switchMode(word == "mode paper", client, m) }
        if word == "reload" { return reload(m) }
        return "unknown command\n"
    }

    private var full: Bool { waiting.count >= Int(SYS_CONTROL_CLIENTS) }

    private func rebalance(_ client: UInt32, _ m: Machine) -> Text? {
        let open = m.ticketOpen
        if !open && full { return "too many are waiting for a tick already\n" }
        if !open { waiting.append(Waiting(client: client, tick: m.ticks, next: m.stage != .idle)) }
        m.step(.command(.rebalance), now())
        return open ? "an order is open; when it has ended, a tick follows that skips the cooldown\n" : nil
    }

    private func flatten(_ client: UInt32, _ m: Machine) -> Text? {
        if m.halted { return "not begun: the state file cannot be written\n" }
        if full { return "too many are waiting for a tick already\n" }
        waiting.append(Waiting(client: client, tick: m.ticks, next: m.stage != .idle, flat: true))
        m.step(.command(.flatten), now())
        return nil
    }

    /// Answered when the first tick in the new mode has ended: that says whether it can trade.
    private func switchMode(_ paper: Bool, _ client: UInt32, _ m: Machine) -> Text? {
        let said = m.carryOut(paper ? .paper : .live, now())
        if !said.done || m.modeDue || m.ticketOpen || m.stage == .idle || full { return "\(said.words)\n" }
        waiting.append(Waiting(client: client, tick: m.ticks - 1, next: false, first: said.words))
        return nil
    }

    /// A tick has ended: those that asked for it hear how; for those that asked in its middle the next one
    /// counts.
    func tickEnded(_ m: Machine) {
        var i = 0
        while i < waiting.count {
            if waiting[i].next {
                waiting[i].next = false
                waiting[i].tick = m.ticks
                i += 1
            } else if m.ticks <= waiting[i].tick || (waiting[i].flat && closedPart(m)) {
                i += 1
            } else {
                let w = waiting.remove(at: i)
                answer(w.client, w.flat ? flatOutcome(m) : outcome(m, after: w.first))
            }
        }
    }

    /// A part is closed; the next one, or the proof that it was the last, follows.
    private func closedPart(_ m: Machine) -> Bool {
        let s = m.report.status
        return m.flattening && (s == .executedLive || s == .executedPaper || s == .partial)
    }

    /// What a flatten would do, for somebody who is asked whether they mean it.
    private func flattenWords(_ m: Machine) -> Text {
        var open = Text()
        for h in m.hedges where h.view.known && h.view.perp_e9 != 0 {
            let between: StaticString = open.isEmpty ? "" : ", "
            open.put("\(between)\(h.rules.perpName) \(base: h.view.perp_e9, sign: true)")
        }
        if open.isEmpty { open = "nothing: no hedged perp is open" }
        return "would close \(open) reduce-only, and stay paused until resume; the spot is left as it is\n"
    }

    private func flatOutcome(_ m: Machine) -> Text {
        let r = m.report
        let flat = r.status == .paused && m.record.pointee.paused != 0
        if !m.flattening { return flat ? "flat: \(r.reason)\n" : "cancelled before it was flat\n" }
        return """
            not flat yet: \(r.status.word): \(r.reason); \
            tried again every tick until it is flat, or until `pause` or `resume`

            """
    }

    private func outcome(_ m: Machine, after first: Text) -> Text {
        let r = m.report
        var t = first
        if !t.isEmpty { t.put("; ") }
        t.put("\(r.status.word): \(r.reason)")
        if r.action != UInt8(EK_ACTION_NONE) && r.size_e9 > 0 {
            t.put("; \(c: ek_action_name(r.action)) \(base: r.size_e9, shown: 6)")
            if r.price_e6 > 0 { t.put(" @ $\(fixed: r.price_e6, decimals: 6, shown: 2)") }
        }
        t.put("\n")
        return t
    }
}
