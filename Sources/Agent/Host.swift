// What the agent's state machine is given from outside, and what it may ask for. The machine has no clock, socket, file or
// random source of its own: the real driver (Driver.swift) and the simulator implement `Host`, and both run the same machine.
import EvenkeelCore
import Text

/// The two clocks of an event. `mono_ms` only ever grows; `unix_s` is wall time and may step.
package struct Now {
    package var mono_ms: UInt64
    package var unix_s: Int64
    package init(mono_ms: UInt64, unix_s: Int64) {
        self.mono_ms = mono_ms
        self.unix_s = unix_s
    }
}

/// How a request ended on the wire. Only `connect` and `tls` prove that it was not delivered.
package enum Wire: UInt8 {
    case ok, timeout, connect, tls, broken, tooLarge
}

/// The end of one request. Every accepted `post` yields exactly one.
package struct Answer {
    package var id: UInt32
    package var endpoint: Int
    package var wire: Wire
    package var status: Int
    package var body: UnsafeBufferPointer<UInt8>
    package var latency_us: UInt32
    package var retryAfter_s: Int64
    package init(id: UInt32, endpoint: Int, wire: Wire, status: Int, body: UnsafeBufferPointer<UInt8>,
                latency_us: UInt32, retryAfter_s: Int64) {
        self.id = id
        self.endpoint = endpoint
        self.wire = wire
        self.status = status
        self.body = body
        self.latency_us = latency_us
        self.retryAfter_s = retryAfter_s
    }
}

package enum Command: UInt8 {
    case pause, resume, rebalance, flatten, paper, live
}

package enum Event {
    /// `wake_ms` was reached.
    case timer
    case answer(Answer)
    case command(Command)
}

package enum Level: UInt8 {
    case error, warning, info, debug
}

/// Why there is no signature.
package enum SignRefusal: Error {
    /// The signer counts before it signs, and its counters cannot be written: nothing may be signed any more in this process.
    case counterDisk
    /// A limit of a window of time is used up; it passes by itself at `until_s` of the wall clock.
    case limit(Text, until_s: Int64)
    /// Anything else. `breaker`: the signer refuses everything until a person looks at it.
    case refused(Text, breaker: Bool)
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
