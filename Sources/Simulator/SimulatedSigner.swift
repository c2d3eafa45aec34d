// The simulated signer decides with the very policy of the signer process (ek_policy.h) on everything the
// agent asks it to sign. The agent must never ask for what its own signer refuses, so a refusal is a
// violation; but for the limits that pass by themselves, which the agent learns of by asking. What is signed
// is summed up a second time by the judge (JudgeLoss.swift).
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
        bounds.lossDay_e6 = scenario.lossLimit_e6
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
        let reason = ek_policy_decide(policy, ledger, &clock, message.baseAddress, message.count, claim,
                                      oracle.baseAddress, oracle.count, &wait_s)
        if reason == UInt32(EK_REFUSE_NOTHING) { return .signed }
        if let limit = SignRefusal(limit: reason, wait_s: Int32(clamping: wait_s), unix_s: moment.unix_s) {
            return .limited(limit)
        }
        let words: Text = "\(c: ek_policy_reason(reason))"
        return .refused("the signer refuses what the agent asked for (\(reason)): \(words)")
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
}
