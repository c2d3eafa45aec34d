// Errors of the venue's program that the agent acts on, by their numbers. What all others are called is in
// the core's tables.

package enum ProgramError {
    /// Anchor: the program has no such instruction.
    package static let instructionMissing: UInt32 = 101
    package static let insufficientCollateral: UInt32 = 6003
    package static let userIsBeingLiquidated: UInt32 = 6117
    package static let impossibleFill: UInt32 = 6252
    /// A take that must fill whole cannot.
    package static let takeConditionFailed: UInt32 = 6289
}
