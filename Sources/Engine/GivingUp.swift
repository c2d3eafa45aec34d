// The end of a run of one tick that takes too long.
import EvenkeelCore
import Model
import Text

extension Machine {
    /// `--once` has waited as long as it may: the ticket stays open and is resolved by the next run.
    package func giveUp(_ now: Now) {
        if ticketOpen {
            pendingReport(now)
        } else {
            finish(account: .error, "the tick did not end in time", now)
        }
    }
}
