// Times as people and programs read them.
import EvenkeelSys
import Text

extension Text {
    /// "2026-11-22T09:00:00Z"
    package mutating func put(iso8601 unix_s: Int64) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 24) { p in
            guard let base = p.baseAddress else { return }
            sys_iso8601(unix_s, base)
            put(c: base)
        }
    }
}

extension Sentence {
    /// "2026-11-22T09:00:00Z"
    package mutating func appendInterpolation(iso8601 unix_s: Int64) { text.put(iso8601: unix_s) }
}
