// run, version, and how options are walked.
import Agent
import Localnet
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

/// What most commands take: a config, one flag of their own, help.
struct Asked {
    var config: UnsafePointer<CChar>? = nil
    var flag = false
    var o = sys_opts()

    /// `spec` of `n` options: "h:help", "c:config= h:help" or "c:config= FLAG h:help". nil: go on; else the exit code.
    mutating func take(_ spec: StaticString, _ n: Int32, help words: StaticString) -> Int32? {
        var found: UnsafePointer<CChar>? = nil
        var set = false
        var help = false
        let bad = options(spec, first: 2, &o) { i, value in
            if i == n - 1 { help = true } else if i == 0 { found = value } else { set = true }
            return true
        }
        config = found
        flag = set
        return bad ?? (help ? Words.help(words) : nil)
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
    var speed: Int64 = 1
    var log = Logger()
    var help = false
    var o = sys_opts()
    let bad = options("c:config= once paper json log= verbose speed= h:help", first: 2, &o) { i, value in
        switch i {
        case 0: config = value
        case 1: run.once = true
        case 2: paper = true
        case 3: run.json = true
        case 4: return logFormat(value, &log)
        case 5: log.level = .debug
        case 6: return sys_parse_i64(value, 1, 5_000, &speed) != 0
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help {
        return Words.help("""
        evenkeel run -c FILE [--once] [--paper] [--json] [--log logfmt|json|plain] [--verbose] [--speed X]

        Runs the agent until it is stopped. SIGINT and SIGTERM stop it cleanly in any phase, SIGHUP re-reads the config.
          --once     one tick, carried through to its end (an open ticket is resolved and nothing new is built)
          --paper    overrides mode = live: reads the real chain, signs and sends nothing, books fills in its own ledger
          --json     STATUS as one JSON object a line on stdout (with --once: the last line)
          --log      how the log on stderr looks; --verbose adds debug lines
          --speed    clocks that run so many times as fast (1 to 5000), for long runs against a localnet of the same --speed

        """)
    }
    guard let box = loadConfig(config, paper ? SYS_LOAD_PAPER : SYS_LOAD_AS_IS) else { return 2 }
    if speed != 1 {
        guard onLoopbackOnly(box.config) else {
            return Words.refuse(Text("--speed is for chains on this machine, and every [rpc] url must be http: clocks that are not the world's would trade real money by wrong times"))
        }
        run.speed = UInt64(speed)
    }
    return runAgent(box.config, options: run, log: log, sink: nil)
}

/// Whether every endpoint is http, which the config grants to loopback addresses only.
private func onLoopbackOnly(_ config: UnsafeMutablePointer<sys_config>) -> Bool {
    for i in 0..<UInt32(config.pointee.n_urls) {
        guard let url = sys_config_url(config, i), url[4] == 0x3A else { return false }        // "http:" or "https"
    }
    return true
}

func versionCommand() -> Int32 {
    var t = Text("evenkeel ")
    t.put(evenkeelVersion)
    t.put(" (")
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
