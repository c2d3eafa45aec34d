// `mode`: paper or live.
import EvenkeelSys
import Model
import Rpc
import Text

func modeCommand() -> Int32 {
    var a = CommonOptions()
    if let code = a.take("c:config= yes h:help", 3, help: """
        evenkeel mode paper|live -c FILE [--yes]

          paper   nothing is signed or sent from now on, and fills are assumed; \
        an open order is followed to its end
                  first. Stays, also over restarts, until `evenkeel mode live`
          live    real orders again, only where the config has mode = live. \
        Asks first, unless --yes is given. Prints
                  how the first tick ended

        """) { return code }
    let verb = textOf(sys_opts_word(&a.o, 0))
    guard sys_opts_words(&a.o) == 1, verb == "paper" || verb == "live" else {
        return Terminal.refuse("usage: evenkeel mode paper|live -c FILE [--yes]")
    }
    guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
    if verb == "paper" { return tell(box.config, ask(box.config, "mode paper", wait_ms: orderWait_ms)) }
    if !a.flag {
        Terminal.print("The agent will send real orders, signed with its key.\n", 2)
        if let code = confirmed() { return code }
    }
    return tell(box.config, ask(box.config, "mode live", wait_ms: orderWait_ms))
}
