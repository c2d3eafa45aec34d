// The signer of a world: the very judgement that the signer process makes (ek_policy.h), over everything the simulated agent asks to have signed.
// The agent must never ask for what its own signer refuses, so a refusal is a violation.
import Agent
import Chain
import EvenkeelCore
import Kit

final class WorldSigner {
    private let policy: UnsafeMutablePointer<ek_policy>
    private let ledger: UnsafeMutablePointer<ek_policy_ledger>
    private(set) var ready = false

    init(_ setup: Setup, authority: ek_key, own: ek_key) {
        policy = .allocate(capacity: 1)
        policy.initialize(to: ek_policy())
        ledger = .allocate(capacity: 1)
        ledger.initialize(to: ek_policy_ledger())
        // The counts of the hour and the day are the user's choice, not a matter of right and wrong: out of the way.
        var limits = signerLimits(setup.rules, venue: setup.velocity ? Text("velocity") : Text("drift"), authority: authority, subAccount: 0,
                                  notionalDay_e6: 1_000_000_000_000_000_000, ordersHour: 100_000)
        var key = own
        ready = ek_policy_init(policy, &limits, &key) == EK_OK
    }

    deinit {
        policy.deallocate()
        ledger.deallocate()
    }

    /// nil: would be signed; else why not.
    func refuses(_ message: UnsafeBufferPointer<UInt8>, _ claim: UnsafePointer<ek_policy_claim>, _ oracle: UnsafeBufferPointer<UInt8>,
                 unix_s: Int64) -> Text? {
        if !ready { return Text("the signer cannot use the limits of this world") }
        let reason = ek_policy_decide(policy, ledger, unix_s, message.baseAddress, message.count, claim, oracle.baseAddress, oracle.count)
        if reason == UInt32(EK_REFUSE_NOTHING) { return nil }
        var t = Text("the signer refuses what the agent asked for (")
        t.put(reason)
        t.put("): ")
        t.put(c: ek_policy_reason(reason))
        return t
    }
}
