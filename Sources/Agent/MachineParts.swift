// What the machine remembers, by subject. Values only; who changes them stands beside each.
import EvenkeelCore
import Model

/// When what is due, on the monotonic clock (Machine.swift).
struct Schedule {
    var firstTick_ms: UInt64 = 0
    var nextTick_ms: UInt64 = 0
    var phaseTimer_ms = UInt64.max
    /// This tick came between two of the grid, for the markets that wait; the next one shall; the grid's interval.
    var soonTick = false
    var soonDue = false
    var gridTurn: UInt64 = 0
    /// `rebalance` came while a tick was under way: another one follows it.
    var forceLater = false
}

/// The read of the book that is under way, and where and when the last one came from (Reading.swift).
struct BookReading {
    var purpose = Purpose.tick
    var attempts = 0
    var endpoint = 0
    /// A second endpoint was asked as well.
    var hedged = false
    var at_ms: UInt64 = 0
    var latency_us: UInt32 = 0
    var minSlot: UInt64 = 0
    var lastError = EK_OK
}

/// The slots that were seen and believed (Reading.swift, Cluster.swift).
struct SlotMemory {
    /// Attested: of one endpoint where it is the only one.
    var newest: UInt64
    var newestAt_ms: UInt64 = 0
    /// Of the last book, and since when it has been that one.
    var shown: UInt64 = 0
    var shownAt_ms: UInt64 = 0
    /// The slot of another endpoint's book that was too far ahead of ours, and when: for the gate, should that endpoint be gone now.
    var aheadSlot: UInt64 = 0
    var aheadAt_ms: UInt64 = 0
    /// This process has seen the chain move.
    var moved = false
    /// The newest slot of the process before and the time of its last book: all that a first read can be compared with.
    let restoredSlot: UInt64
    let restoredAt_s: Int64

    init(restoredSlot: UInt64, restoredAt_s: Int64) {
        newest = restoredSlot
        self.restoredSlot = restoredSlot
        self.restoredAt_s = restoredAt_s
    }
}

/// The search for the hedged markets on the venue's list, and the list of accounts it leads to (MarketSearch.swift).
struct MarketSearchState {
    var found = false
    var cursor = 0
    /// How many markets the venue had when ours were looked for; of them, how many could not be read.
    var listed = 0
    var unread = 0
    /// The tick in which a market that was not found is looked for again.
    var again_tick: UInt64 = 0
    /// The tick in which the list of accounts was last made anew; it was full since.
    var planBuilt_tick: UInt64 = 0
    var planFull = false
}
