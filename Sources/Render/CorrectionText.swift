// A correction in words, as it stands in the record.
import EvenkeelCore
import Text

extension Sentence {
    /// "EXPAND_SHORT 0.1500 @ $145.10, filled"; where nothing filled: "EXPAND_SHORT tried, expired: nothing
    /// filled".
    package mutating func appendInterpolation(correction l: ek_last_correction) {
        text.put(c: ek_action_name(l.action))
        if l.size_base_e9 == 0 {
            text.put(" tried, \(c: ek_outcome_name(l.outcome)): nothing filled")
            return
        }
        text.put(" \(base: l.size_base_e9)")
        if l.price_e6 > 0 { text.put(" @ $\(fixed: l.price_e6, decimals: 6, shown: 2)") }
        text.put(", \(c: ek_outcome_name(l.outcome))")
    }
}
