// `pause`, `resume`, `rebalance`, `reload`: one line to the running agent.
import EvenkeelSys
import Model
import Rpc
import Text

func controlCommand(_ word: Text) -> Int32 {
    var a = CommonOptions()
    if let code = a.take("c:config= yes h:help", 3, help: """
        evenkeel pause|resume|rebalance|reload [-c FILE] [--yes]

          pause      no trades until resume; an open order is still followed to its end; stays over restarts
          resume     ends a pause and closes an open breaker; where that opens a hedge anew (after flatten) it
                     says size, side and cost and asks first, unless --yes is given
          rebalance  runs a tick now, without the cooldown; every other gate holds; prints how the tick ended
          reload     reads the config again, as SIGHUP does; prints the result

        """) { return code }
    guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
    var answer: Text? = nil
    if word == "pause" { answer = ask(box.config, "pause") }
    if word == "resume" && !a.flag, let code = confirmReopening(box.config) { return code }
    if word == "resume" { answer = ask(box.config, "resume") }
    if word == "reload" { answer = ask(box.config, "reload") }
    if word == "rebalance" { answer = ask(box.config, "rebalance", wait_ms: orderWait_ms) }
    return tell(box.config, answer)
}

/// nil: nothing is opened anew, or it was confirmed; else the exit code.
private func confirmReopening(_ config: UnsafeMutablePointer<sys_config>) -> Int32? {
    guard let plan = ask(config, "resume plan"), plan.starts("would ") else { return nil }
    Terminal.print("resume \(plan)", 2)
    return confirmed()
}
