// What became of the second look at the book of a correction.

package enum SecondOpinion: UInt8, CaseIterable {
    /// Another endpoint, or a majority of them, showed the same.
    case agreed
    /// The only endpoint showed the same twice.
    case twoLooks
    /// It is under way.
    case waiting
    /// None could be had: no order.
    case missing
    /// The others have been silent for long; this one showed the same twice.
    case countedOut

    package var word: StaticString {
        switch self {
        case .agreed: return "agreed"
        case .twoLooks: return "two_looks"
        case .waiting: return "waiting"
        case .missing: return "missing"
        case .countedOut: return "counted_out"
        }
    }
}
