// What the other endpoints came to as witnesses of a book.
import EvenkeelCore
import Text

/// So many looks in vain at least, and so far apart: where ticks are rare two of them may be bad luck.
private let looksToCountOut = 3
private let looksApart_ms: UInt64 = 20_000

package struct Witness {
    /// Since when every look at it was in vain; nil: the last one was not.
    private var silentSince_ms: UInt64? = nil
    private var failedAt_ms: UInt64 = 0
    /// How many of them there were, so far apart that they are not of one tick.
    private var inVain = 0
    private var inVainAt_ms: UInt64 = 0
    /// It contradicted at the last look that was usable, at one slot or twice in a row: then its silence is
    /// not taken for absence. Once at a later slot may be a deposit between the looks.
    package private(set) var contradicted = false
    private var differed = 0
    /// The newest slot it showed; whether it is asked next where it stands, for it said only that it is not
    /// there yet.
    package var seenSlot: UInt64 = 0
    package var askWhere = false
    package var countedOutSaid = false
    package init() {}

    /// Looks come only when a correction is due. Two failures with more than `pause_ms` in between say
    /// nothing about that time.
    package mutating func failed(_ now_ms: UInt64, pause_ms: UInt64, after_ms: UInt64 = 600_000) {
        if silentSince_ms == nil || now_ms - failedAt_ms > longest(pause_ms, after_ms) {
            silentSince_ms = now_ms
            inVain = 0
        }
        failedAt_ms = now_ms
        if inVain == 0 || now_ms - inVainAt_ms >= looksApart_ms {
            inVain += 1
            inVainAt_ms = now_ms
        }
    }

    package mutating func showed() {
        silentSince_ms = nil
        countedOutSaid = false
    }

    package mutating func differs(sameSlot: Bool) {
        differed += 1
        contradicted = contradicted || sameSlot || differed > 1
        agreed = false
    }

    package mutating func agrees() {
        contradicted = false
        differed = 0
        agreed = true
    }

    /// It was looked at and said the same, last.
    package private(set) var agreed = false

    /// What it came to, in one word.
    package var word: StaticString {
        if contradicted { return "contradicted" }
        if silentSince_ms != nil { return countedOutSaid ? "counted_out" : "silent" }
        return agreed ? "agreed" : "not_asked"
    }

    /// `after_ms`: a witness that showed nothing usable for so long is counted out. The time between two
    /// looks that were in vain counts, the time since the last one does not: nobody looked.
    package func countedOut(_ now_ms: UInt64, pause_ms: UInt64, after_ms: UInt64 = 600_000) -> Bool {
        guard let since = silentSince_ms, !contradicted,
            now_ms - failedAt_ms <= longest(pause_ms, after_ms)
        else { return false }
        return failedAt_ms - since >= after_ms && inVain >= looksToCountOut
    }

    /// While an order is followed no look is taken: that brings one that was counted out not back in.
    private func longest(_ pause_ms: UInt64, _ after_ms: UInt64) -> UInt64 {
        guard let since = silentSince_ms, failedAt_ms - since >= after_ms else { return pause_ms }
        return max(pause_ms, after_ms)
    }
}

/// The second look that is under way.
package struct SecondLook {
    package var ends_ms: UInt64 = 0
    /// The book's own endpoint is looked at again: there is no other, or all others are counted out. Not
    /// before `ownFrom_ms`.
    package var own = false
    package var ownFrom_ms: UInt64 = 0
    /// The endpoint that was asked last.
    package var witness = 0
    /// The slot of the look that agreed.
    package var agreedSlot: UInt64 = 0
    /// The other endpoints (as bits) that agreed, and those that did not.
    package var agreedBy: UInt32 = 0
    package var deniedBy: UInt32 = 0
    /// Oracle prices of the looks that agreed.
    package var lowest_e6 = Int64.max
    package var highest_e6: Int64 = 0
    /// Chain time of that look, for the end of an order's life; never much past the book's own.
    package var agreedTime_s: Int64 = 0
    /// Why the last witness was of no use.
    package var trouble = Text()
    package init() {}
}
