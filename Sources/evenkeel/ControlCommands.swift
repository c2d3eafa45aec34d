// status, pause, resume, rebalance, flatten, reload: the commands that talk to the running agent.
import Agent
import EvenkeelCore
import EvenkeelSys
import Kit

/// How long the agent may take to answer; a rebalance is answered when its tick has ended, which may take a whole order's life.
private let soon_ms: Int32 = 3_000
private let order_ms: Int32 = 240_000

/// Sends one line to the running agent. nil when none answers.
func ask(_ config: UnsafeMutablePointer<sys_config>, _ line: StaticString, wait_ms: Int32 = 3_000) -> Text? {
    guard let path = sys_config_control(config), path.pointee != 0 else { return nil }
    let cap = 1 << 20
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: cap)
    defer { buffer.deallocate() }
    var n: Int64 = 0
    line.utf8Start.withMemoryRebound(to: CChar.self, capacity: line.utf8CodeUnitCount + 1) {
        n = sys_control_ask(path, $0, buffer, cap, wait_ms)
    }
    if n <= 0 { return nil }
    var t = Text()
    t.put(raw: buffer, count: Int(n))
    return t
}

func statusCommand() -> Int32 {
    var config: UnsafePointer<CChar>? = nil
    var json = false
    var watch = false
    var help = false
    var accounts: UnsafePointer<CChar>? = nil
    var o = sys_opts()
    let bad = options("c:config= json accounts= w:watch h:help", first: 2, &o) { i, value in
        switch i {
        case 0: config = value
        case 1: json = true
        case 2: accounts = value
        case 3: watch = true
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help {
        return Words.help("""
        evenkeel status [-c FILE] [--json] [--watch] [--accounts FILE]

        What the running agent sees, asked over its control socket; when none runs, the last record of the state file.
          --json            the status message
          --watch           again every 2 s until interrupted; on a terminal in place
          --accounts FILE   writes the agent's last read of the chain to FILE (never over an existing one), for `assess` and bug reports
        In colour on a terminal, unless NO_COLOR is set.

        """)
    }
    guard let box = loadConfig(config, SYS_LOAD_BARE) else { return 2 }
    if let path = accounts { return saveAccounts(box.config, path) }
    if !watch { return showStatus(box.config, json: json, inPlace: false) }
    let inPlace = !json && sys_isatty(1) != 0
    while true {
        let code = showStatus(box.config, json: json, inPlace: inPlace)
        if !inPlace && code != 0 { return code }
        if !inPlace && !json { Words.print("\n") }
        sys_sleep_ms(2_000)
    }
}

private func showStatus(_ config: UnsafeMutablePointer<sys_config>, json: Bool, inPlace: Bool) -> Int32 {
    let answer = ask(config, json ? "status json" : "status", wait_ms: soon_ms)
    if inPlace { Words.print("\u{1b}[H\u{1b}[2J") }
    guard let a = answer else { return lastRecord(config, json: json) }
    Words.print(!json && Words.colours(1) ? coloured(a) : a)
    return 0
}

/// The status word by its urgency, the names of the lines quiet, what is closed loud.
private func coloured(_ plain: Text) -> Text {
    var t = Text(capacity: plain.count + 256)
    var line = 0
    var at = 0
    let b = plain.bytes
    while at < b.count {
        var end = at
        while end < b.count && b[end] != 0x0A { end += 1 }
        var word = at
        while word < end && b[word] == 0x20 { word += 1 }
        var stop = word
        while stop < end && b[stop] != 0x20 { stop += 1 }
        var first = Text(capacity: 32)
        for i in word..<stop { first.put(byte: b[i]) }
        t.put(raw: b, at, word)
        if line == 0 {
            t.put(urgency(first))
        } else {
            t.put("\u{1b}[2m")
        }
        t.put(first)
        t.put("\u{1b}[0m")
        let loud = first == "gates" && contains(b, stop, end, " closed:")
        if loud { t.put("\u{1b}[31m") }
        t.put(raw: b, stop, end)
        if loud { t.put("\u{1b}[0m") }
        t.put("\n")
        at = end + 1
        line += 1
    }
    return t
}

private func urgency(_ status: Text) -> StaticString {
    if status == "error" || status == "observe_only" { return "\u{1b}[1;31m" }
    if status == "balanced" || status == "executed_live" || status == "executed_paper" || status == "dust" { return "\u{1b}[1;32m" }
    return "\u{1b}[1;33m"
}

private func contains(_ b: [UInt8], _ from: Int, _ to: Int, _ what: StaticString) -> Bool {
    let n = what.utf8CodeUnitCount
    if to - from < n { return false }
    for i in from...(to - n) {
        var same = true
        for k in 0..<n where b[i + k] != what.utf8Start[k] { same = false }
        if same { return true }
    }
    return false
}

extension Text {
    mutating func put(raw b: [UInt8], _ from: Int, _ to: Int) {
        for i in from..<to { put(byte: b[i]) }
    }
}

private func saveAccounts(_ config: UnsafeMutablePointer<sys_config>, _ path: UnsafePointer<CChar>) -> Int32 {
    guard let read = ask(config, "accounts", wait_ms: soon_ms), read.bytes.first == 0x7B else {
        Words.print("evenkeel: no running agent has a whole read to give\n", 2)
        return 1
    }
    let err = read.bytes.withUnsafeBufferPointer { sys_write_private(path, $0.baseAddress, $0.count) }
    if err == 0 { return 0 }
    var t = Text("evenkeel: ")
    t.put(c: path)
    t.put(": ")
    t.put(c: sys_errno_text(err))
    t.put("\n")
    Words.print(t, 2)
    return 1
}

func controlCommand(_ word: Text) -> Int32 {
    var a = Asked()
    if let code = a.take("c:config= h:help", 2, help: """
        evenkeel pause|resume|rebalance|reload -c FILE

          pause      nothing is traded until resume; an open order is still followed to its end; kept over restarts
          resume     ends a pause and closes an open breaker
          rebalance  a tick now; the cooldown is passed over once, every gate holds; says how the tick ended
          reload     reads the config again, as SIGHUP does; says what came of it

        """) { return code }
    guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
    var answer: Text? = nil
    if word == "pause" { answer = ask(box.config, "pause") }
    if word == "resume" { answer = ask(box.config, "resume") }
    if word == "reload" { answer = ask(box.config, "reload") }
    if word == "rebalance" { answer = ask(box.config, "rebalance", wait_ms: order_ms) }
    return tell(box.config, answer)
}

func tell(_ config: UnsafeMutablePointer<sys_config>, _ answer: Text?) -> Int32 {
    guard let said = answer else {
        var t = Text("evenkeel: no agent answers on ")
        t.put(c: sys_config_control(config))
        t.put(": is it running with this config?\n")
        Words.print(t, 2)
        return 1
    }
    Words.print(said)
    // What was asked for did not happen: scripts and supervisors look at the code.
    let refused = said.starts("reload refused") || said.starts("not ") || said.starts("called off")
    return refused ? 1 : 0
}

/// Whether the person at the terminal means it. Elsewhere `--yes` must say so: the exit code.
private func meant() -> Int32? {
    if sys_isatty(0) == 0 {
        Words.print("evenkeel: say it again with --yes\n", 2)
        return 2
    }
    Words.print("Type yes to do it: ", 2)
    var word = Text()
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { line in
        guard let base = line.baseAddress, sys_read_line(0, base, 16, 60_000) >= 0 else { return }
        word.put(c: base)
    }
    if word == "yes" { return nil }
    Words.print("nothing was done\n", 2)
    return 1
}

func flattenCommand() -> Int32 {
    var a = Asked()
    if let code = a.take("c:config= yes h:help", 3, help: """
        evenkeel flatten -c FILE [--yes]

        Closes every hedged perp, reduce-only, through the gates, in parts where max_trade_size asks for it. The agent is paused from then on, also after
        a restart, until resume; the spot stays. Asks first; --yes does not. pause calls it off.

        """) { return code }
    guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
    if !a.flag {
        guard let would = ask(box.config, "flatten") else { return tell(box.config, nil) }
        Words.print(would, 2)
        if let code = meant() { return code }
    }
    return tell(box.config, ask(box.config, "flatten yes", wait_ms: 600_000))
}

func modeCommand() -> Int32 {
    var a = Asked()
    if let code = a.take("c:config= yes h:help", 3, help: """
        evenkeel mode paper|live -c FILE [--yes]

          paper   from now on nothing is signed or sent and fills are assumed; an open order is followed to its end first. Lasts until live is said,
                  restarts included
          live    real orders again; only where the config says mode = live. Asks first; --yes does not. Says how the first look ended

        """) { return code }
    var verb = Text()
    verb.put(c: sys_opts_word(&a.o, 0))
    guard sys_opts_words(&a.o) == 1, verb == "paper" || verb == "live" else { return Words.refuse(Text("usage: evenkeel mode paper|live -c FILE [--yes]")) }
    guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
    if verb == "paper" { return tell(box.config, ask(box.config, "mode paper", wait_ms: order_ms)) }
    if !a.flag {
        Words.print("would send real orders from now on, signed with the agent's key\n", 2)
        if let code = meant() { return code }
    }
    return tell(box.config, ask(box.config, "mode live", wait_ms: order_ms))
}
