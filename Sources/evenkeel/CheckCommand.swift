// check: is everything there that live trading needs?
import Agent
import EvenkeelCore
import EvenkeelSys
import Kit

func checkCommand() -> Int32 {
    var config: UnsafePointer<CChar>? = nil
    var json = false
    var help = false
    var o = sys_opts()
    let bad = options("c:config= json h:help", first: 2, &o) { i, value in
        switch i {
        case 0: config = value
        case 1: json = true
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help {
        return Words.help("""
        evenkeel check -c FILE [--json]

        Every condition for live trading with its measured value and, where it fails, what to do; then what the agent would do right now.
        Reads the chain and simulates; signs, sends and writes nothing, and may run beside the agent. Exit 3: live trading would be refused.

        """)
    }
    guard let box = loadConfig(config, SYS_LOAD_AS_IS) else { return 2 }
    return runCheck(box.config, json: json, colour: Words.colours(1))
}
