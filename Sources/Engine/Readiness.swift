// Could it act if it had to? Asked between corrections, so that a person hears of it before a drift does.
import Decide
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    /// The nodes answer and show no new slot: what is read is the past, however well it is read.
    package func chainStands(_ now: Now) -> Bool {
        bookKnown && still_ms(now) > frozenAfter_ms
            && !endpoints.anyMoved(within_ms: frozenAfter_ms, now.mono_ms)
    }

    /// Refused: why a drift would not be corrected now, for reasons that do not depend on the book. Pause,
    /// breaker and disk are said elsewhere.
    package func requireCapacity() throws(Refusal) {
        if rules.mode == .live {
            try effects.requireSigner()
            if bookKnown { try requireRights() }
        }
        try requireCluster()
        if effects.killSwitchOn { throw Refusal("the kill file is there: nothing is sent") }
    }
}
