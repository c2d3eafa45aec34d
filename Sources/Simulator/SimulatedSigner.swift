// The simulated signer decides with the very policy of the signer process (ek_policy.h) on everything the
// agent asks it to sign. The agent must never ask for what its own signer refuses, so a refusal is a
// violation; but for the limits that pass by themselves, which the agent learns of by asking. What is signed
// is also summed up here a second time, order by order, to see that no day's worst case is above the limit.
import EvenkeelCore
import Execute
import Localnet
import Model
import Rpc
import Text

final class SimulatedSigner {
    private let policy: UnsafeMutablePointer<ek_policy>
    private let ledger: UnsafeMutablePointer<ek_ledger>
    private(set) var ready = false
    private var days: [Signed] = []

    init(_ scenario: Scenario, authority: ek_key, own: ek_key) {
        policy = .allocate(capacity: 1)
        policy.initialize(to: ek_policy())
        ledger = .allocate(capacity: 1)
        ledger.initialize(to: ek_ledger())
        // The counts of the hour and the day are the user's choice, not a matter of right and wrong: out of
        // the way.
        var bounds = SignerBounds()
        bounds.notionalDay_e6 = 1_000_000_000_000_000_000
        bounds.ordersHour = 100_000
        // Half of the seeds have the limit of every user, 1 % of the equity; in the others it is out of the
        // way.
        if scenario.seed % 2 == 0 { bounds.lossDay_e6 = 1_000_000_000_000_000 }
        var limits = signerLimits(scenario.rules, venue: scenario.velocity ? "velocity" : "drift",
                                  authority: authority, subAccount: 0, bounds: bounds)
        var key = own
        ready = ek_policy_init(policy, &limits, &key) == EK_OK
    }

    deinit {
        policy.deallocate()
        ledger.deallocate()
    }

    /// What the signer says; a limit that passes by itself is one, anything else is a violation.
    enum Verdict {
        case signed
        case limited(SignRefusal)
        case refused(Text)
    }

    func asked(_ message: UnsafeBufferPointer<UInt8>, _ claim: UnsafePointer<ek_policy_claim>,
               _ oracle: UnsafeBufferPointer<UInt8>, _ moment: Moment) -> Verdict {
        if !ready { return .refused("the signer refuses the limits of this scenario") }
        var clock = moment.clock
        var wait_s: Int64 = 0
        let before = ek_rolling_sum(&ledger.pointee.loss)
        let reason = ek_policy_decide(policy, ledger, &clock, message.baseAddress, message.count, claim,
                                      oracle.baseAddress, oracle.count, &wait_s)
        if reason == UInt32(EK_REFUSE_NOTHING) {
            return count(claim.pointee, before, moment)
        }
        if let limit = SignRefusal(limit: reason, wait_s: Int32(clamping: wait_s), unix_s: moment.unix_s) {
            return .limited(limit)
        }
        let words: Text = "\(c: ek_policy_reason(reason))"
        return .refused("the signer refuses what the agent asked for (\(reason)): \(words)")
    }

    /// What was signed in the last 24 hours, each with the growth of the ledger's own sum. Orders that only
    /// reduce count and are never refused, so they may lift the sum above the limit; nothing else may.
    private func count(_ claim: ek_policy_claim, _ before: UInt64, _ moment: Moment) -> Verdict {
        let after = ek_rolling_sum(&ledger.pointee.loss)
        let grown = after > before ? after - before : 0
        days.removeAll { $0.boot_s + 86_400 <= moment.boot_s }
        days.append(Signed(boot_s: moment.boot_s, loss_e6: grown))
        var sum: UInt64 = 0
        for d in days { sum = sum.addingReportingOverflow(d.loss_e6).partialValue }
        if claim.reduce_only == 0 && sum > ledger.pointee.limit_e6 {
            let limit = ledger.pointee.limit_e6
            return .refused("a day's signatures are worth \(sum) e-6 USD at worst, the limit is \(limit)")
        }
        return .signed
    }

    func shown(_ price: inout ek_policy_price, _ oracle: UnsafeBufferPointer<UInt8>, _ moment: Moment) {
        var clock = moment.clock
        var wait_s: Int64 = 0
        _ = ek_policy_show(policy, ledger, &clock, &price, oracle.baseAddress, oracle.count, &wait_s)
    }

    /// The signer's clocks: the wall clock of the machine, and one that only runs.
    struct Moment {
        var unix_s: Int64
        var boot_s: Int64

        var clock: ek_ledger_clock {
            var c = ek_ledger_clock()
            c.unix_s = unix_s
            c.boot_s = boot_s
            return c
        }
    }

    private struct Signed {
        var boot_s: Int64
        var loss_e6: UInt64
    }
}
