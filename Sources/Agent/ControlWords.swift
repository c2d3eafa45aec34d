// What the running agent is told over its control socket, and what it says to that. An answer says what happened, not "ok": the one to
// `rebalance` waits for the tick it asked for.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
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
        if word == "status json" {
            var t = m.statusJson()
            t.put("\n")
            return t
        }
        if word == "status" { return m.statusText(now_s: now().unix_s) }
        if word == "accounts" {
            let read = m.accountsJson()
            return read.isEmpty ? Text("nothing has been read yet\n") : read
        }
        if word == "pause" || word == "resume" {
            var t = m.obey(word == "pause" ? .pause : .resume, now()).words
            t.put("\n")
            return t
        }
        if word == "rebalance" {
            let open = m.ticketOpen
            if !open && waiting.count >= Int(SYS_CONTROL_CLIENTS) { return Text("too many are waiting for a tick already\n") }
            if !open { waiting.append(Waiting(client: client, tick: m.ticks, next: m.phase != .idle)) }
            m.step(.command(.rebalance), now())
            if open { return Text("an order is open; it ends first, then a tick follows that passes over the cooldown once\n") }
            return nil
        }
        if word == "flatten" { return flattenWords(m) }
        if word == "flatten yes" {
            if m.halted { return Text("not begun: the state file cannot be written\n") }
            if waiting.count >= Int(SYS_CONTROL_CLIENTS) { return Text("too many are waiting for a tick already\n") }
            waiting.append(Waiting(client: client, tick: m.ticks, next: m.phase != .idle, flat: true))
            m.step(.command(.flatten), now())
            return nil
        }
        if word == "mode paper" || word == "mode live" { return modeWords(word == "mode paper", client, m) }
        if word == "reload" { return reload(m) }
        return Text("unknown command\n")
    }

    /// Answered when the first tick in the new mode has ended: that says whether it can trade.
    private func modeWords(_ paper: Bool, _ client: UInt32, _ m: Machine) -> Text? {
        var said = m.obey(paper ? .paper : .live, now())
        if !said.ok || m.modeDue || m.ticketOpen || m.phase == .idle || waiting.count >= Int(SYS_CONTROL_CLIENTS) {
            said.words.put("\n")
            return said.words
        }
        waiting.append(Waiting(client: client, tick: m.ticks - 1, next: false, first: said.words))
        return nil
    }

    /// A tick has ended: those that asked for it hear how; for those that asked in its middle the next one counts.
    func tickEnded(_ m: Machine) {
        var i = 0
        while i < waiting.count {
            if waiting[i].next {
                waiting[i].next = false
                waiting[i].tick = m.ticks
                i += 1
            } else if m.ticks <= waiting[i].tick {
                i += 1
            } else if waiting[i].flat && m.flattening && (m.report.status == .executedLive || m.report.status == .executedPaper || m.report.status == .partial) {
                i += 1                                              // a part is closed; the next one, or the proof that it was the last, follows
            } else {
                let w = waiting.remove(at: i)
                answer(w.client, w.flat ? flatOutcome(m) : outcome(m, after: w.first))
            }
        }
    }

    /// What a flatten would do, for somebody who is asked whether they mean it.
    private func flattenWords(_ m: Machine) -> Text {
        var t = Text("would close")
        var any = false
        for h in m.hedges where h.view.known && h.view.perp_e9 != 0 {
            t.put(any ? ", " : " ")
            any = true
            t.put(h.rules.perpName)
            t.put(" ")
            t.put(fixed: h.view.perp_e9, decimals: 9, shown: 4, sign: true)
        }
        if !any { t.put(" nothing: no hedged perp is open") }
        t.put(" reduce-only, and stay paused until resume; the spot is left as it is\n")
        return t
    }

    private func flatOutcome(_ m: Machine) -> Text {
        if !m.flattening && m.report.status == .paused && m.record.pointee.paused != 0 {
            var t = Text("flat: ")
            t.put(m.report.reason)
            t.put("\n")
            return t
        }
        if !m.flattening { return Text("called off before it was flat\n") }
        var t = Text("not flat yet: ")
        t.put(m.report.status.word)
        t.put(": ")
        t.put(m.report.reason)
        t.put("; tried again every tick until it is flat, or until pause or resume is said\n")
        return t
    }

    private func outcome(_ m: Machine, after first: Text) -> Text {
        var t = first
        if !t.isEmpty { t.put("; ") }
        t.put(m.report.status.word)
        t.put(": ")
        t.put(m.report.reason)
        if m.report.action != UInt8(EK_ACTION_NONE) && m.report.size_e9 > 0 {
            t.put("; ")
            t.put(c: ek_action_name(m.report.action))
            t.put(" ")
            t.put(fixed: Int64(clamping: m.report.size_e9), decimals: 9, shown: 6)
            if m.report.price_e6 > 0 {
                t.put(" @ $")
                t.put(fixed: m.report.price_e6, decimals: 6, shown: 2)
            }
        }
        t.put("\n")
        return t
    }

    /// SIGHUP and `reload`: rules may change while running; what the process was built on (account, endpoints, files) needs a restart.
    func reload(_ m: Machine) -> Text {
        supervisor.reloading()
        let (words, took) = reread(m)
        log(took ? .info : .error, words)
        supervisor.plan(interval_ms: m.rules.interval_ms, timeout_ms: UInt64(config.pointee.timeout_ms))
        supervisor.reloaded(words)
        var t = words
        t.put("\n")
        return t
    }

    private func reread(_ m: Machine) -> (Text, Bool) {
        let fresh = allocateConfig()
        defer { UnsafeMutableRawPointer(fresh).deallocate() }
        var refused = Text("reload refused, the old settings stay: ")
        var failed = false
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_CONFIG_TEXT)) { text in
            guard let base = text.baseAddress else { return }
            let paper: Int32 = m.rules.mode == .paper && config.pointee.mode == UInt8(SYS_MODE_PAPER) ? 1 : 0
            if sys_config_load(sys_config_file(config), paper, fresh, base) != EK_OK {
                failed = true
                refused.put(c: base)
            }
        }
        if failed { return (refused, false) }
        var trouble = Text()
        guard sameFoundation(config, fresh), let rules = Rules(fresh, trouble: &trouble) else {
            refused.put("mode, endpoints, account, venue, market, files and alert targets need a restart")
            return (refused, false)
        }
        m.reconfigure(rules)
        UnsafeMutableRawPointer(config).copyMemory(from: UnsafeRawPointer(fresh), byteCount: sys_config_size())
        alerts.reconfigure(config)
        return (Text("settings re-read; they hold from the next tick on"), true)
    }
}
