// What the agent's state machine is given from outside, and what it may ask for. The machine has no clock,
// socket, file or random source of its own: the real driver (Sources/Daemon), the simulator and the tests'
// bench implement `Effects`, and all run the same machine.
import Accounting
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

/// The state file could not be written.
package struct WriteFailure: Error {
    package let errno: Int32
    package init(errno: Int32) { self.errno = errno }
}

/// Each call is one effect; a crash may fall between any two of them.
package protocol Effects: HistoryKeeper {
    /// Starts a request; false when it could not be started (nothing was sent, no answer will come).
    func post(endpoint: Int, id: UInt32, body: UnsafeBufferPointer<UInt8>) -> Bool
    /// Makes the record durable (written to the older slot and synced) before it returns.
    func persist(_ record: UnsafeMutablePointer<ek_record>) throws(WriteFailure)
    /// Signs a message with the agent's key into 64 bytes, if it does what `claim` says; `oracle`: the
    /// account the price was read from.
    func sign(
        _ message: UnsafeBufferPointer<UInt8>, claim: UnsafePointer<ek_policy_claim>,
        oracle: UnsafeBufferPointer<UInt8>, into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal)
    /// Refused: nothing can be signed at all now.
    func requireSigner() throws(Refusal)
    /// Signing is wanted from now on, or not any more. Refused: it cannot be had, and nothing changed.
    func wantSigner(_ wanted: Bool) throws(Refusal)
    /// One event for the log, in the words of docs/interface.md.
    func log(_ level: Level, _ human: Text)
    /// Whether the operator's kill switch is on. Asked for every decision and again inside the send path.
    var killSwitchOn: Bool { get }
    /// A book was read for the signer's memory of prices alone.
    func showPrices(_ machine: Machine, from book: Book)
    /// A tick ended or the status changed; the machine's `report` holds it.
    func report(_ machine: Machine)
}

extension Effects {
    package func requireSigner() throws(Refusal) {}
    package func wantSigner(_ wanted: Bool) throws(Refusal) {}
    package var killSwitchOn: Bool { false }
    package func showPrices(_ machine: Machine, from book: Book) {}
    package func keep(_ ring: Int32, _ sample: UnsafeMutablePointer<ek_sample>) {}
    package func keep(_ correction: UnsafeMutablePointer<ek_ring_correction>) {}
    package func flushHistory() {}
    package func vaultStanding(at unix_s: Int64) -> ek_vault_split? { nil }
}
