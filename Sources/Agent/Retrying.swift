// An order that was not sent: the tick starts over, or ends; and what counts as a failure.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    /// The node did not answer while the order was being prepared; nothing was sent. The tick starts over from a fresh book, at
    /// another endpoint where there is one, a few times; then it ends in an error that does not count towards the breaker.
    func tryTickAgain(_ t: Trouble, _ now: Now) {
        let why = t.words
        if !startOver(why, now) { endInError(why, counted: false, now) }
    }

    /// False: this tick has started over often enough.
    func startOver(_ why: Text, _ now: Now) -> Bool {
        abandonOrder()
        tickRetries += 1
        if tickRetries >= 3 { return false }
        note(.debug, why)
        phase = .reading
        reading.purpose = .tick
        schedule.phaseTimer_ms = now.mono_ms + UInt64(150) << UInt64(tickRetries)
        return true
    }

    /// The correction did not happen and nothing is open: counted towards the breaker, cooldown untouched.
    func executionFailed(_ why: Text, _ now: Now) {
        abandonOrder()
        endInError(why, counted: true, now)
    }

    func abandonOrder() {
        order.params.user_order_id = 0
        cancelling = nil
        dropOutstanding(.blockhash)
        dropOutstanding(.fees)
        dropOutstanding(.height)
        dropOutstanding(.simulate)
        dropOutstanding(.opinion)
    }

    func endInError(_ why: Text, counted: Bool, _ now: Now) {
        note(.error, "Rebalance execution failed: \(why)")
        report.action = decision.action
        report.size_e9 = 0
        if counted { countFailure(now) }
        finish(.error, why, now)
    }

    func countFailure(_ now: Now) {
        let wasOpen = record.pointee.breaker_open != 0
        addFailure()
        if !wasOpen { noteOpenBreaker() }
        _ = save(now)
    }

    /// One more in a row; at max_failures the breaker opens. The caller saves.
    func addFailure() {
        record.pointee.failures_in_row += 1
        if record.pointee.failures_in_row >= rules.maxFailures { record.pointee.breaker_open = 1 }
    }

    func noteOpenBreaker() {
        guard record.pointee.breaker_open != 0 else { return }
        let t: Text = """
            breaker opened after \(record.pointee.failures_in_row) failures in a row; observing only \
            until `evenkeel resume`
            """
        note(.error, t)
    }
}
