// When what is due, on the monotonic clock.
import Decide
import Execute
import Model
import Text

/// A tick for the next market comes so soon after the end of a correction.
let soon_ms: UInt64 = 1_000

/// Ticks stand on a fixed grid from the start: a late one does not shift the next, and a missed one is not
/// made up for.
struct Schedule {
    private var firstTick_ms: UInt64 = 0
    var nextTick_ms: UInt64 = 0
    var phaseTimer_ms = UInt64.max
    /// When the signer wants to be shown prices again (OraclePrices.swift).
    var pricesDue_ms: UInt64 = 0
    /// Ticks so far, and when the last one began.
    var ticks: UInt64 = 0
    var tickStarted_ms: UInt64 = 0
    /// This tick came between two of the grid, for the markets that wait; the next one shall; the grid's
    /// interval.
    private var soonTick = false
    private var soonDue = false
    private var grid: UInt64 = 0
    /// `rebalance` came while a tick was under way: another one follows it.
    var forceLater = false

    var turn: Turn { Turn(soonTick: soonTick, grid: grid) }

    mutating func start(_ now: Now) {
        firstTick_ms = now.mono_ms
        nextTick_ms = now.mono_ms
    }

    /// A tick is due: the next one is.
    mutating func advance(_ interval_ms: UInt64, _ now: Now) {
        let passed = interval(interval_ms, now)
        nextTick_ms = firstTick_ms + (passed + 1) * max(1, interval_ms)
        soonTick = soonDue && passed == grid
        soonDue = false
        grid = passed
    }

    /// A correction is over: its interval of the grid.
    mutating func correctionEnded(_ interval_ms: UInt64, _ now: Now) -> UInt64 {
        grid = interval(interval_ms, now)
        return grid
    }

    /// The next tick comes at once, for those who wait.
    mutating func tickSoon(_ now: Now) {
        soonDue = true
        nextTick_ms = min(nextTick_ms, now.mono_ms + soon_ms)
    }

    private func interval(_ interval_ms: UInt64, _ now: Now) -> UInt64 {
        (now.mono_ms - firstTick_ms) / max(1, interval_ms)
    }
}

/// What holds for the tick that is under way.
struct Tick {
    /// How often it started over.
    var retries = 0
    /// The market whose take found no fill when it landed, and what is tried instead.
    var less: Less? = nil
    /// The market whose correction was begun.
    var tried: Int? = nil
    /// What settling the profit before the correction took of the network.
    var settled_lamports: UInt64 = 0

    struct Less {
        let market: Int
        let kind: Draft.Kind
    }
}

/// What holds for the process.
struct Standing {
    /// What the venue's program answered to a simulated order of size zero.
    var venue = VenueProof.unknown
    /// Why the venue is not what this version knows; nil: it is.
    var venueChange: Text? = nil
    /// The ticket in the state file was found at the start and is not resolved yet.
    var inheritedTicket = false
    /// A limit of the signer is used up, and until when.
    var signerHold: SignerHold? = nil
    /// The priority fee that the last simulated order would have paid; 0 before one was.
    var usualFee_lamports: UInt64 = 0
    var skewSaid = false
    /// How long a slot is by the record on disk.
    var keptSlot_us: UInt32 = 0
    /// That a reduction passes although the prices of the collateral are old.
    var oldCollateralSaid = false
    /// What became of the last second look, and how often each ending came.
    var opinion: SecondOpinion? = nil
    var opinions = [UInt64](repeating: 0, count: SecondOpinion.allCases.count)
    /// Every hedged perp is being closed, in the ticks after this one (Flattening.swift); not kept over a
    /// restart, the pause is.
    var flattenAfter_tick: UInt64? = nil
}
