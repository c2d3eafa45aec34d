// check: is everything there that live trading needs?
import EvenkeelCore
import EvenkeelSys
import Model
import Preflight
import Rpc
import Text

func checkCommand() -> Int32 {
    var a = CommonOptions()
    if let code = a.take("c:config= json h:help", 3, help: """
        evenkeel check -c FILE [--json]

        Every condition for live trading with its measured value and, \
        where it fails, what to do; then what the agent
        would do right now. Reads the chain and simulates. \
        It signs, sends and writes nothing, and may run beside the
        agent. Exit 3: the agent would refuse to trade live.

        """) { return code }
    guard let box = loadConfig(a.config, SYS_LOAD_AS_IS) else { return 2 }
    return runCheck(box.config, json: a.flag, colour: Terminal.colours(1))
}
