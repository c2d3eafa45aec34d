// The simulated signer decides with the very policy of the signer process (ek_policy.h) on everything the
// agent asks it to sign. The agent must never ask for what its own signer refuses, so a refusal is a
// violation.
import EvenkeelCore
import Execute
import Localnet
import Model
import Rpc
import Text

final class SimulatedSigner {
    private let policy: UnsafeMutablePointer<ek_policy>
    private let ledger: UnsafeMutablePointer<ek_policy_ledger>
    private(set) var ready = false

    init(_ scenario: Scenario, authority: ek_key, own: ek_key) {
        policy = .allocate(capacity: 1)
        policy.initialize(to: ek_policy())
        ledger = .allocate(capacity: 1)
        ledger.initialize(to: ek_policy_ledger())
        // The counts of the hour and the day are the user's choice, not a matter of right and wrong: out of
        // the way.
        var limits = signerLimits(scenario.rules, venue: scenario.velocity ? "velocity" : "drift",
                                  authority: authority, subAccount: 0,
                                  notionalDay_e6: 1_000_000_000_000_000_000, ordersHour: 100_000)
        var key = own
        ready = ek_policy_init(policy, &limits, &key) == EK_OK
    }

    deinit {
        policy.deallocate()
        ledger.deallocate()
    }

    /// nil: would be signed; else why not.
    func refuses(_ message: UnsafeBufferPointer<UInt8>, _ claim: UnsafePointer<ek_policy_claim>,
                 _ oracle: UnsafeBufferPointer<UInt8>,
                 unix_s: Int64) -> Text? {
        if !ready { return "the signer refuses the limits of this scenario" }
        let reason = ek_policy_decide(policy, ledger, unix_s, message.baseAddress, message.count, claim,
                                      oracle.baseAddress, oracle.count)
        if reason == UInt32(EK_REFUSE_NOTHING) { return nil }
        return "the signer refuses what the agent asked for (\(reason)): \(c: ek_policy_reason(reason))"
    }
}
