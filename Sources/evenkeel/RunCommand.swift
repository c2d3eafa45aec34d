// `run`: the agent.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Rpc
import Text

private func logFormat(_ value: UnsafePointer<CChar>?, _ log: inout Logger) -> Bool {
    let name = textOf(value)
    if name == "logfmt" {
        log.format = .logfmt
    } else if name == "json" {
        log.format = .json
    } else if name == "plain" {
        log.format = .plain
    } else {
        return false
    }
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
    let bad = options("c:config= once paper json log= verbose speed= h:help", &o) { i, value in
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
        return Terminal.help("""
        evenkeel run -c FILE [--once] [--paper] [--json] [--log logfmt|json|plain] [--verbose] [--speed X]

        Runs the agent until it is stopped. SIGINT and SIGTERM stop it cleanly in any phase, \
        SIGHUP re-reads the config.
          --once     one tick, followed to its end (an open ticket is resolved, and then nothing new is built)
          --paper    overrides mode = live: reads the real chain, signs and sends nothing, \
        books fills in its own ledger
          --json     STATUS as one JSON object a line on stdout (with --once: the last line)
          --log      how the log on stderr looks; --verbose adds debug lines
          --speed    runs the clocks X times as fast (1 to 5000), \
        for long runs against a localnet of the same --speed

        """)
    }
    guard let box = loadConfig(config, paper ? SYS_LOAD_PAPER : SYS_LOAD_AS_IS, named: true) else { return 2 }
    if speed != 1 {
        guard onLoopbackOnly(box.config) else {
            return Terminal.refuse("""
                --speed is only for a chain on this machine: every [rpc] url must be http. \
                With clocks that run faster than the world's, real money would be traded at wrong times
                """)
        }
        run.speed = UInt64(speed)
    }
    return runAgent(box.config, options: run, log: log, sink: nil)
}

/// Whether every endpoint is http, which the config grants to loopback addresses only.
private func onLoopbackOnly(_ config: UnsafeMutablePointer<sys_config>) -> Bool {
    for i in 0..<UInt32(config.pointee.n_urls) {
        // "http:" or "https"
        guard let url = sys_config_url(config, i), url[4] == 0x3A else { return false }
    }
    return true
}
