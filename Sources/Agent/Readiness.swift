// Could it act if it had to? Asked between corrections, so that a person hears of it before a drift does.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    /// The nodes answer and show no new slot: what is read is the past, however well it is read.
    package func chainStands(_ now: Now) -> Bool { bookKnown && still_ms(now) > frozenAfter_ms }

    /// Why a drift would not be corrected now, for reasons that do not depend on the book. Pause, breaker and disk are said elsewhere.
    package func incapacity() -> Text? {
        if rules.mode == .live, let t = host.unsigned() ?? (bookKnown ? signerTrouble() : nil) { return t }
        if let t = clusterTrouble() { return t }
        return host.killed() ? Text("the kill file is there: nothing is sent") : nil
    }
}
