// `pause`, `resume`, `rebalance`, `reload`: one line to the running agent.
import EvenkeelSys
import Model
import Rpc
import Text

func controlCommand(_ word: Text) -> Int32 {
    var a = CommonOptions()
    if let code = a.take("c:config= h:help", 2, help: """
        evenkeel pause|resume|rebalance|reload -c FILE

          pause      no trades until resume; an open order is still followed to its end; stays over restarts
          resume     ends a pause and closes an open breaker
          rebalance  runs a tick now, without the cooldown; every other gate holds; prints how the tick ended
          reload     reads the config again, as SIGHUP does; prints the result

        """) { return code }
    guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
    var answer: Text? = nil
    if word == "pause" { answer = ask(box.config, "pause") }
    if word == "resume" { answer = ask(box.config, "resume") }
    if word == "reload" { answer = ask(box.config, "reload") }
    if word == "rebalance" { answer = ask(box.config, "rebalance", wait_ms: orderWait_ms) }
    return tell(box.config, answer)
}
