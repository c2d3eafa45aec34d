// How far the price may move, what a gap does, what would bring the warning level back: of the book as it
// stands. It is for people, and costs as much as a whole tick: no tick computes it.
import EvenkeelCore
import Model

/// The stress of one market as last computed.
package final class Stress {
    fileprivate let last = UnsafeMutablePointer<ek_stress>.allocate(capacity: 1)
    fileprivate var known = false
    fileprivate var at_s = Int64.min
    fileprivate var perp_e9: Int64 = 0
    fileprivate var health_bp: UInt32 = 0

    fileprivate var shown: UnsafePointer<ek_stress>? { known ? UnsafePointer(last) : nil }

    init() {}
    deinit { last.deallocate() }
}

extension Hedge {
    /// Computed. nil: the account cannot be valued, or its numbers are out of the range that can be counted.
    /// Valid until it is computed again.
    package func stressNow(_ book: Book, _ rules: Rules) -> UnsafePointer<ek_stress>? {
        var fault = ek_fault()
        let warning_bp = max(rules.warnHealth_bp, rules.minHealth_bp)
        stress.known = perpFound
            && ek_stress_calc(book, perpIndex, spotIndex, warning_bp, stress.last, &fault) == EK_OK
        return stress.shown
    }

    /// For what is shown with every tick: the same for a minute, while the position is the same and health
    /// has not moved by a percentage point. What changes the numbers more slowly (interest, a price that
    /// walks) may be so old; they say of which slot they are.
    package func stressOfTheMinute(_ book: Book, _ rules: Rules, now_s: Int64) -> UnsafePointer<ek_stress>? {
        let perp_e9 = ek_user_perp(ek_book_user(book), perpIndex)?.pointee.base_e9 ?? 0
        let moved_bp = Int64(view.a.health_bp) - Int64(stress.health_bp)
        let old = !(0..<60).contains(now_s &- stress.at_s)
        if !old && perp_e9 == stress.perp_e9 && moved_bp.magnitude < 100 { return stress.shown }
        (stress.at_s, stress.perp_e9, stress.health_bp) = (now_s, perp_e9, view.a.health_bp)
        return stressNow(book, rules)
    }
}
