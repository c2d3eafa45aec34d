// Could it act if it had to? Asked between corrections, so that a person hears of it before a drift does.
import Decide
import EvenkeelCore
import Model
import Rpc
import Text

/// A chain that stands still closes a gate at first; so long, and it is only observed.
private let observeAfter_ms: UInt64 = 60_000

extension Machine {
    /// The nodes answer and show no new slot: what is read is the past, however well it is read.
    package func chainStands(_ now: Now) -> Bool {
        bookKnown && still_ms(now) > frozenAfter_ms
            && !endpoints.anyMoved(within_ms: frozenAfter_ms, now.mono_ms)
    }

    /// For minutes, as while the cluster is being upgraded: the book is old, and nothing is decided on it. A
    /// correction afterwards needs new books of all witnesses, like any.
    func standsLong(_ now: Now) -> Text? {
        guard chainStands(now), still_ms(now) >= observeAfter_ms else { return nil }
        return """
            the chain has shown no new slot for \(still_ms(now) / 1000) s: what is read is old; nothing is \
            decided on it until it moves again
            """
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
