// The chain's clock against this machine's: an order ends by the first, the signer judges its end by the
// second.
import EvenkeelCore
import Model

extension Machine {
    /// A chain ahead of this machine's clock by more would have orders end later than the signer lets them
    /// (ek_policy.h). A chain behind it only has them end sooner.
    func clockGate(_ now: Now) {
        guard rules.mode == .live else { return }
        let ahead_s = book.pointee.clock.unix_timestamp.subtractingReportingOverflow(now.unix_s).partialValue
        putGate(Gate(gate: .clock, ok: ahead_s <= rules.maxClockAhead_s, measured: Measure(ahead_s,
            .seconds),
                     allowed: Measure(rules.maxClockAhead_s, .seconds)))
    }
}
