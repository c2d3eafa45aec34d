// What a chain is made of. Amounts in their smallest unit; a caller that wants "10 SOL" writes 10_000_000_000.
import Kit

public struct ChainOptions {
    public var velocity = true
    public var seed: UInt64 = 1
    public var authority = Key()             // zero: the key of seed 7
    public var delegate = Key()              // zero: none
    public var subAccount: UInt16 = 0
    public var quoteE6: Int64 = 1_000_000_000          // USDT / USDC deposit
    public var solE9: Int64 = 10_000_000_000           // venue's SOL deposit; negative: a borrow
    public var perpE9: Int64 = 0
    public var entryPriceE6: Int64 = 0                 // 0: the oracle price
    public var walletLamports: UInt64 = 1_000_000_000
    public var slot: UInt64 = 438_024_300
    public var slotMs: Int64 = 400
    public var startUnix: Int64 = 1_786_205_390
    public var confirmSlots: UInt64 = 1
    public var landDelay: UInt64 = 0
    public var priorityFee: UInt64 = 0                 // what getRecentPrioritizationFees answers
    /// Price path. volatilityPpmHour: standard deviation of an hour's return; real SOL about 9000.
    public var priceE6: Int64 = 76_340_750
    public var volatilityPpmHour: Int64 = 9000
    public var prices: [PricePoint] = []               // from a CSV: replaces the walk while it lasts
    /// Disturbances of the book's spot: one a `disturbMeanSeconds` on average, 1 to 10 % of the spot; 0 is off.
    public var disturbMeanSeconds: Int64 = 0
    /// The quote a taker meets: half spread, impact per whole SOL, depth that refills in about a minute.
    public var spreadPpm: Int64 = 600
    public var impactPpmPerBase: Int64 = 20
    public var liquidityE9: Int64 = 150_000_000_000
    public var takeFailPermille: UInt64 = 0            // slots in which the vAMM fills nothing at once
    public var keeperLatencySlots: UInt64 = 3
    public var partialPermille: UInt64 = 0             // keeper fills that leave a rest
    /// Mean yearly funding that longs pay to shorts, in ppm of notional.
    public var fundingPpmYear: Int64 = 80_000
    public var forgetful = false                       // the program knows none of the instructions any more
    public var genesis = Known.genesis                 // what getGenesisHash answers
    public var hashSalt: UInt64 = 0                    // not 0: blockhashes that no other run of the seed has
    public var solWeights: (UInt32, UInt32, UInt32, UInt32) = (8000, 9000, 12000, 11000)

    /// Prices, averages and funding stand still, whatever time does: accounts set by a test stay as they are.
    public var hold = false

    public init() {}
}

/// A price that holds at an instant; between two points the path is a straight line.
public struct PricePoint {
    public var tsMs: Int64
    public var priceE9: Int64
    public init(tsMs: Int64, priceE9: Int64) { self.tsMs = tsMs; self.priceE9 = priceE9 }
}
