// What a chain is made of. Amounts in their smallest unit; a caller that wants "10 SOL" writes
// 10_000_000_000.
import Text

package struct ChainOptions {
    package var velocity = true
    package var seed: UInt64 = 1
    package var authority = Key()             // zero: the key of seed 7
    package var delegate = Key()              // zero: none
    package var subAccount: UInt16 = 0
    package var quoteE6: Int64 = 1_000_000_000          // USDT / USDC deposit
    package var solE9: Int64 = 10_000_000_000           // venue's SOL deposit; negative: a borrow
    package var perpE9: Int64 = 0
    package var entryPriceE6: Int64 = 0                 // 0: the oracle price
    package var walletLamports: UInt64 = 1_000_000_000
    package var slot: UInt64 = 438_024_300
    package var slotMs: Int64 = 250
    package var startUnix: Int64 = 1_786_205_390
    package var confirmSlots: UInt64 = 1
    package var landDelay: UInt64 = 0
    package var priorityFee: UInt64 = 0                 // what getRecentPrioritizationFees answers
    /// Price path. volatilityPpmHour: standard deviation of an hour's return; real SOL about 9000.
    package var priceE6: Int64 = 76_340_750
    package var volatilityPpmHour: Int64 = 9000
    package var prices: [PricePoint] = []               // from a CSV: replaces the walk while it lasts
    /// Disturbances of the book's spot: one a `disturbMeanSeconds` on average, 1 to 10 % of the spot; 0 is
    /// off.
    package var disturbMeanSeconds: Int64 = 0
    /// The quote a taker meets: half spread, impact per whole SOL, depth that refills in about a minute.
    package var spreadPpm: Int64 = 600
    package var impactPpmPerBase: Int64 = 20
    package var liquidityE9: Int64 = 150_000_000_000
    package var takeFailPermille: UInt64 = 0            // slots in which the vAMM fills nothing at once
    package var keeperLatencySlots: UInt64 = 3
    package var partialPermille: UInt64 = 0             // keeper fills that leave a rest
    /// Mean yearly funding that longs pay to shorts, in ppm of notional.
    package var fundingPpmYear: Int64 = 80_000
    package var upgrade = VenueUpgrade.off
    package var genesis = Known.genesis                 // what getGenesisHash answers
    package var hashSalt: UInt64 = 0                    // not 0: blockhashes that no other run of the seed has
    package var solWeights: (UInt32, UInt32, UInt32, UInt32) = (8000, 9000, 12000, 11000)

    /// Prices, averages and funding stand still, whatever time does: accounts set by a test stay as they are.
    package var hold = false

    package init() {}
}

/// A price that holds at an instant; between two points the path is a straight line.
package struct PricePoint {
    package var tsMs: Int64
    package var priceE9: Int64
    package init(tsMs: Int64, priceE9: Int64) { self.tsMs = tsMs; self.priceE9 = priceE9 }
}
