// Errors of the venue's program that the agent acts on, by their numbers. What all others are called is in
// the core's tables.
import EvenkeelCore

package enum ProgramError {
    /// Anchor: the program has no such instruction (101), does not read its data (102), or does not know the
    /// accounts that it names (3000 to 3999); or a code that only newer programs have.
    package static func isForeign(_ code: UInt32) -> Bool {
        (100..<200).contains(code) || (3_000..<4_000).contains(code)
            || ek_venue_error_newer(code) != 0
    }
    package static let insufficientCollateral: UInt32 = 6003
    /// The account has no place for another order; its position is off the market's step.
    package static let ownersBusiness: [UInt32] = [6060, 6166]
    package static let userIsBeingLiquidated: UInt32 = 6117
    package static let impossibleFill: UInt32 = 6252
    /// Also where the market's pool has nothing to pay a profit from.
    package static let nothingToSettle: UInt32 = 6259
    /// A take that must fill whole cannot.
    package static let takeConditionFailed: UInt32 = 6289
}
