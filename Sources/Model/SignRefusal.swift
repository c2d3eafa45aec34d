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
    /// A limit of the signer passes by itself after `wait_s`; below zero it does not: a person must act, and
    /// the signer is asked again after an hour. nil: the reason is none of a limit.
    package init?(limit reason: UInt32, wait_s: Int32, unix_s: Int64) {
        let never: StaticString
        switch reason {
        case UInt32(EK_REFUSE_HOURLY), UInt32(EK_REFUSE_PUBLISHED), UInt32(EK_REFUSE_EXPIRY): never = ""
        case UInt32(EK_REFUSE_DAILY):
            never = "; this order alone is more than it: raise it, or lower max_trade_size"
        case UInt32(EK_REFUSE_LOSS):
            never = "; this order alone is more than it: `evenkeel signer limit USD` raises it"
        case UInt32(EK_REFUSE_MOVE):
            never = "; when the price is right: `evenkeel signer price USD`, with the agent stopped"
        default: return nil
        }
        var t = Text()
        t.put(c: ek_policy_reason(reason))
        if wait_s < 0 { t.put(never) }
        self = .limit(t, until_s: unix_s + (wait_s < 0 ? askedAgainAfter_s : max(1, Int64(wait_s))))
    }
}

/// When a signer that a person must help is worth another question.
private let askedAgainAfter_s: Int64 = 3_600

/// What the signer's loss limit is and how much of it is used.
package struct SignerLoss: Equatable {
    package var used_e6: UInt64
    package var limit_e6: UInt64
    /// EK_LIMIT_*.
    package var from: UInt8

    package init(used_e6: UInt64, limit_e6: UInt64, from: UInt8) {
        self.used_e6 = used_e6
        self.limit_e6 = limit_e6
        self.from = from
    }
}

/// A limit of the signer that is used up: the words of its refusal, and its end on both clocks, whichever
/// comes first (the wall clock may step).
package struct SignerHold {
    package var words: Text
    package var until_s: Int64
    package var until_ms: UInt64
    /// What was refused only reduced: then the others are held up, too.
    package var reducing: Bool

    package init(words: Text, until_s: Int64, until_ms: UInt64, reducing: Bool) {
        self.words = words
        self.reducing = reducing
        self.until_s = until_s
        self.until_ms = until_ms
    }

    package func over(_ now: Now) -> Bool { now.unix_s >= until_s || now.mono_ms >= until_ms }
    package func left_s(_ now: Now) -> Int64 {
        min(until_s - now.unix_s, Int64(clamping: (until_ms - min(now.mono_ms, until_ms) + 999) / 1000))
    }
}
