// What the agent's state machine is given from outside, and what it may ask for. The machine has no clock, socket, file or
// random source of its own: the real driver (Driver.swift) and the simulator implement `Host`, and both run the same machine.
import EvenkeelCore
import Model
import Rpc
import Text

package enum Event {
    /// `wake_ms` was reached.
    case timer
    case answer(Answer)
    case command(Command)
}

/// The effects. Each call is one effect; a crash may fall between any two of them.
package protocol Host: AnyObject {
    /// Starts a request; false when it could not be started (nothing was sent, no answer will come).
    func post(endpoint: Int, id: UInt32, body: UnsafeBufferPointer<UInt8>) -> Bool
    /// Makes the record durable (written to the older slot and synced) before it returns. 0, or an errno.
    func persist(_ record: UnsafeMutablePointer<ek_record>) -> Int32
    /// Signs a message with the agent's key into 64 bytes, if it does what `claim` says; `oracle`: the account the price was read from.
    func sign(_ message: UnsafeBufferPointer<UInt8>, claim: UnsafePointer<ek_policy_claim>, oracle: UnsafeBufferPointer<UInt8>,
              into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal)
    /// Why nothing can be signed at all now; nil: a signer is there.
    func unsigned() -> Text?
    /// One event for the log. `human` is the text of docs/interface.md; facts are key=value pairs already formatted.
    func log(_ level: Level, _ human: Text)
    /// Whether the operator's kill switch is on. Asked for every decision and again inside the send path.
    func killed() -> Bool
    /// History: keeps a sample in a ring (EK_RING_*), a correction; both are only shown, never read for a decision.
    func keep(_ ring: Int32, _ sample: UnsafeMutablePointer<ek_sample>)
    func keep(_ correction: UnsafeMutablePointer<ek_ring_correction>)
    /// Brings to the history's file what is only in memory.
    func flushHistory()
    /// Where the vault stood at that time or soon after, by the history. False: not known.
    func past(_ unix_s: Int64, _ out: UnsafeMutablePointer<ek_vault_split>) -> Bool
    /// Signing is wanted from now on, or not any more. Words: it cannot be had, and nothing changed.
    func arm(_ live: Bool) -> Text?
    /// A tick ended or the status changed; the machine's `status` holds it.
    func report(_ machine: Machine)
}

extension Host {
    package func unsigned() -> Text? { nil }
    package func killed() -> Bool { false }
    package func arm(_ live: Bool) -> Text? { nil }
    package func keep(_ ring: Int32, _ sample: UnsafeMutablePointer<ek_sample>) {}
    package func keep(_ correction: UnsafeMutablePointer<ek_ring_correction>) {}
    package func flushHistory() {}
    package func past(_ unix_s: Int64, _ out: UnsafeMutablePointer<ek_vault_split>) -> Bool { false }
}
