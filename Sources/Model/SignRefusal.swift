// Why the signer did not sign, as values and not as sentences.
import EvenkeelCore
import Text

/// Why there is no signature.
package enum SignRefusal: Error {
    /// The signer counts before it signs, and its counters cannot be written: nothing may be signed any more
    /// in this process.
    case counterDisk
    /// A limit of a window of time is used up; it passes by itself at `until_s` of the wall clock.
    case limit(Text, until_s: Int64)
    /// Anything else. `breaker`: the signer refuses everything until a person looks at it.
    case refused(Text, breaker: Bool)
}

extension SignRefusal {
    /// The signer's windows are whole hours and days of the wall clock. nil: the reason is not one of a
    /// window.
    package init?(limit reason: UInt32, unix_s: Int64) {
        let length_s: Int64
        switch reason {
        case UInt32(EK_REFUSE_HOURLY): length_s = 3_600
        case UInt32(EK_REFUSE_DAILY): length_s = 86_400
        default: return nil
        }
        var t = Text()
        t.put(c: ek_policy_reason(reason))
        self = .limit(t, until_s: unix_s - unix_s % length_s + length_s)
    }
}

/// A limit of the signer that is used up: the words of its refusal, and its end on both clocks, whichever
/// comes first (the wall clock may step).
package struct SignerHold {
    package var words: Text
    package var until_s: Int64
    package var until_ms: UInt64

    package init(words: Text, until_s: Int64, until_ms: UInt64) {
        self.words = words
        self.until_s = until_s
        self.until_ms = until_ms
    }

    package func over(_ now: Now) -> Bool { now.unix_s >= until_s || now.mono_ms >= until_ms }
    package func left_s(_ now: Now) -> Int64 {
        min(until_s - now.unix_s, Int64(clamping: (until_ms - min(now.mono_ms, until_ms) + 999) / 1000))
    }
}
