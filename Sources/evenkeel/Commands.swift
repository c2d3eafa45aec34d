// run, status, pause/resume/rebalance, init, version.
import Agent
import Chain
import EvenkeelCore
import EvenkeelSys
import Kit

/// Walks the options of a command; `take(index, value)` returns false for a value it refuses.
func options(_ spec: StaticString, first: Int32, _ o: UnsafeMutablePointer<sys_opts>, _ take: (Int32, UnsafePointer<CChar>?) -> Bool) -> Int32? {
    spec.utf8Start.withMemoryRebound(to: CChar.self, capacity: spec.utf8CodeUnitCount + 1) { sys_opts_begin(o, $0, first) }
    while true {
        let i = sys_opts_next(o)
        if i == Int32(SYS_OPT_END) { return nil }
        if i == Int32(SYS_OPT_ERROR) {
            var t = Text()
            t.put(c: sys_opts_text(o))
            return Words.refuse(t)
        }
        if !take(i, o.pointee.value) {
            var t = Text("bad value ")
            var v = Text()
            v.put(c: o.pointee.value)
            t.put(jsonString: v)
            return Words.refuse(t)
        }
    }
}

func logFormat(_ value: UnsafePointer<CChar>?, _ log: inout Logger) -> Bool {
    var v = Text()
    v.put(c: value)
    if v == "logfmt" { log.format = .logfmt } else if v == "json" { log.format = .json } else if v == "plain" { log.format = .plain } else { return false }
    return true
}

func runCommand() -> Int32 {
    var config: UnsafePointer<CChar>? = nil
    var run = RunOptions()
    var paper = false
    var log = Logger()
    var help = false
    var o = sys_opts()
    let bad = options("c:config= once paper json log= verbose h:help", first: 2, &o) { i, value in
        switch i {
        case 0: config = value
        case 1: run.once = true
        case 2: paper = true
        case 3: run.json = true
        case 4: return logFormat(value, &log)
        case 5: log.level = .debug
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help {
        return Words.help("""
        evenkeel run -c FILE [--once] [--paper] [--json] [--log logfmt|json|plain] [--verbose]

        Runs the agent until it is stopped. SIGINT and SIGTERM stop it cleanly in any phase, SIGHUP re-reads the config.
          --once     one tick, carried through to its end (an open ticket is resolved and nothing new is built)
          --paper    overrides mode = live: reads the real chain, signs and sends nothing, books fills in its own ledger
          --json     STATUS as one JSON object a line on stdout (with --once: the last line)
          --log      how the log on stderr looks; --verbose adds debug lines

        """)
    }
    guard let box = loadConfig(config, paper ? SYS_LOAD_PAPER : SYS_LOAD_AS_IS) else { return 2 }
    return runAgent(box.config, options: run, log: log, sink: nil)
}

/// Sends one line to the running agent. nil when none answers.
private func ask(_ config: UnsafeMutablePointer<sys_config>, _ line: StaticString) -> Text? {
    guard let path = sys_config_control(config) else { return nil }
    let cap = 1 << 20
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: cap)
    defer { buffer.deallocate() }
    var n: Int64 = 0
    line.utf8Start.withMemoryRebound(to: CChar.self, capacity: line.utf8CodeUnitCount + 1) {
        n = sys_control_ask(path, $0, buffer, cap, 3_000)
    }
    if n <= 0 { return nil }
    var t = Text()
    t.put(raw: buffer, count: Int(n))
    return t
}

func statusCommand() -> Int32 {
    var config: UnsafePointer<CChar>? = nil
    var json = false
    var help = false
    var accounts: UnsafePointer<CChar>? = nil
    var o = sys_opts()
    let bad = options("c:config= json accounts= h:help", first: 2, &o) { i, value in
        switch i {
        case 0: config = value
        case 1: json = true
        case 2: accounts = value
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help {
        return Words.help("""
        evenkeel status [-c FILE] [--json] [--accounts FILE]

        What the running agent sees, asked over its control socket; when none runs, the last record of the state file.
          --accounts FILE   writes the agent's last read of the chain to FILE (never over an existing one), for `assess` and bug reports

        """)
    }
    guard let box = loadConfig(config, SYS_LOAD_BARE) else { return 2 }
    if let path = accounts { return saveAccounts(box.config, path) }
    if let answer = ask(box.config, json ? "status json" : "status") {
        Words.print(answer)
        return 0
    }
    return lastRecord(box.config, json: json)
}

private func saveAccounts(_ config: UnsafeMutablePointer<sys_config>, _ path: UnsafePointer<CChar>) -> Int32 {
    guard let read = ask(config, "accounts"), read.bytes.first == 0x7B else {
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
    var config: UnsafePointer<CChar>? = nil
    var help = false
    var o = sys_opts()
    let bad = options("c:config= h:help", first: 2, &o) { i, value in
        if i == 0 { config = value } else { help = true }
        return true
    }
    if let code = bad { return code }
    if help {
        return Words.help("""
        evenkeel pause|resume|rebalance -c FILE

          pause      nothing is traded until resume; an open ticket is still followed to its end; kept over restarts
          resume     ends a pause and closes an open breaker
          rebalance  a tick now; the cooldown is passed over once, every gate holds

        """)
    }
    guard let box = loadConfig(config, SYS_LOAD_BARE) else { return 2 }
    let answer = word == "pause" ? ask(box.config, "pause") : word == "resume" ? ask(box.config, "resume") : ask(box.config, "rebalance")
    guard let said = answer else {
        var t = Text("evenkeel: no agent answers on ")
        t.put(c: sys_config_control(box.config))
        t.put(": is it running with this config?\n")
        Words.print(t, 2)
        return 1
    }
    Words.print(said)
    return 0
}

func initCommand() -> Int32 {
    var help = false
    var o = sys_opts()
    let bad = options("h:help", first: 2, &o) { _, _ in
        help = true
        return true
    }
    if let code = bad { return code }
    if help {
        return Words.help("""
        evenkeel init [FILE]

        Writes a commented config with every key at its default (FILE: evenkeel.conf), never over an existing file.

        """)
    }
    let fallback: StaticString = "evenkeel.conf"
    let path = sys_opts_words(&o) > 0 ? sys_opts_word(&o, 0) : UnsafeRawPointer(fallback.utf8Start).assumingMemoryBound(to: CChar.self)
    let err = sys_config_write_default(path)
    var t = Text()
    t.put(c: path)
    if err != 0 {
        t.put(": ")
        t.put(c: sys_errno_text(err))
        t.put("; nothing was written\n")
        Words.print(Text("evenkeel: ") , 2)
        Words.print(t, 2)
        return 1
    }
    t.put(": written; fill in [rpc] url and [account], then try `evenkeel run --once --paper -c ")
    t.put(c: path)
    t.put("`\n")
    Words.print(t)
    return 0
}

func versionCommand() -> Int32 {
    var t = Text("evenkeel 0.1.0 (")
    #if hasFeature(Embedded)
    t.put("embedded")
    #else
    t.put("ordinary")
    #endif
    t.put(" Swift), venues:")
    for i in 0..<ek_venue_count() {
        t.put(i == 0 ? " " : ", ")
        t.put(c: ek_venue_layout(ek_venue_at(i)))
    }
    t.put("\n")
    Words.print(t)
    return 0
}
