// `flatten`: closes every hedged perp.
import EvenkeelSys
import Model
import Rpc
import Text

func flattenCommand() -> Int32 {
    var a = CommonOptions()
    if let code = a.take("c:config= yes h:help", 3, help: """
        evenkeel flatten -c FILE [--yes]

        Closes every hedged perp, reduce-only, through the gates, \
        in parts where max_trade_size asks for it. The spot
        stays. The agent is paused from then on, also after a restart, until resume. \
        Asks first, unless --yes is given.
        `evenkeel pause` stops it.

        """) { return code }
    guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
    if !a.flag {
        guard let plan = ask(box.config, "flatten") else { return tell(box.config, nil) }
        Terminal.print(plan, 2)
        if let code = confirmed() { return code }
    }
    return tell(box.config, ask(box.config, "flatten yes", wait_ms: 600_000))
}
