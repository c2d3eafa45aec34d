// An order that was not sent: the tick starts over, or ends; and what counts as a failure.
import Accounting
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

private let mostRetries = 3

extension Machine {
    /// The node did not answer while the order was being prepared; nothing was sent. The tick starts over
    /// from a fresh book, at another endpoint where there is one, a few times; then it ends in an error that
    /// does not count towards the breaker.
    func tryTickAgain(_ why: Text, _ now: Now) {
        let i = phase.draft?.market
        if !startOver(why, now) { endInError(why, about: i, counted: false, now) }
    }

    /// False: this tick has started over often enough.
    func startOver(_ why: Text, _ now: Now) -> Bool {
        abandonOrder()
        tick.retries += 1
        if tick.retries >= mostRetries { return false }
        note(.debug, why)
        enter(.reading)
        reader.reading.purpose = .tick
        schedule.phaseTimer_ms = now.mono_ms + UInt64(150) << UInt64(tick.retries)
        return true
    }

    /// The correction did not happen and nothing is open: counted towards the breaker, cooldown untouched.
    func executionFailed(_ why: Text, about market: Int? = nil, _ now: Now) {
        let i = market ?? phase.draft?.market
        abandonOrder()
        endInError(why, about: i, counted: true, now)
    }

    /// Answers to an order that is given up count for nothing any more.
    func abandonOrder() {
        for ask in [Ask.blockhash, .fees, .height, .simulate, .opinion] { requests.drop(ask) }
    }

    private func endInError(_ why: Text, about market: Int?, counted: Bool, _ now: Now) {
        let i = market ?? report.market ?? 0
        note(.error, "Rebalance execution failed: \(why)")
        report.action = hedges[i].decision.action
        report.size_e9 = 0
        if counted { countFailure(now) }
        finish(.error, why, about: i, now)
    }

    private func countFailure(_ now: Now) {
        let wasOpen = journal.breakerOpen
        journal.addFailure(most: rules.maxFailures)
        if !wasOpen { sayOpenBreaker() }
        _ = save(now)
    }

    func sayOpenBreaker() {
        guard journal.breakerOpen else { return }
        note(
            .error,
            """
            breaker opened after \(journal.failuresInRow) failures in a row; observing only until `evenkeel \
            resume`
            """)
    }
}
