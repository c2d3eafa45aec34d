// What the reading of books remembers.
import EvenkeelCore
import Model
import Text

/// Why the book is being read.
enum Purpose: UInt8 {
    /// A tick's; what a landed order did; that an order had no effect; whether an order's bytes may go out
    /// again.
    case tick, settle, proof, resend
}

/// The read of the book that is under way, and where and when the last one came from.
struct BookReading {
    var purpose = Purpose.tick
    var attempts = 0
    var endpoint = 0
    /// A second endpoint was asked as well.
    var hedged = false
    var at_ms: UInt64 = 0
    var latency_us: UInt32 = 0
    var minSlot: UInt64 = 0
    /// The last answer was of accounts whose layout this program does not know.
    var layoutUnknown = false
    /// It found no account of this authority and sub-account; the hosts (as bits) that said so in this tick.
    var accountMissing = false
    var missingBy: UInt32 = 0
}

/// A slot of the state file that no node reaches gives way to a node that advances for a while: it was
/// poisoned by a liar that an earlier version believed, or it is another chain's.
struct Healing {
    let endpoint: Int
    let from_slot: UInt64
    let since_ms: UInt64

    /// So long it must advance, at half of the usual speed or more.
    private static let least_ms: UInt64 = 60_000
    private static let least_slots: UInt64 = 75

    func healed(_ slot: UInt64, _ now: Now) -> Bool {
        slot >= from_slot + Healing.least_slots && now.mono_ms - since_ms >= Healing.least_ms
    }
}

/// The slots that were seen and believed.
struct SlotMemory {
    /// Attested: shown by so many endpoints that one of them is honest; of one where it is the only one. Only
    /// this one is a floor for others, and reaches the disk.
    var newest: UInt64
    var newestAt_ms: UInt64 = 0
    /// Of the last book, and since when it has been that one.
    var shown: UInt64 = 0
    var shownAt_ms: UInt64 = 0
    /// The slot of another endpoint's book that was too far ahead of ours, and when: for the gate, should
    /// that endpoint be gone now.
    var aheadSlot: UInt64 = 0
    var aheadAt_ms: UInt64 = 0
    /// No node reaches the slot of the state file: where one of them stands, since when, and what it showed
    /// first.
    var healing: Healing? = nil
    /// This process has seen the chain move.
    var moved = false
    /// The newest slot of the process before and the time of its last book: all that a first read can be
    /// compared with.
    let restoredSlot: UInt64
    let restoredAt_s: Int64

    init(_ r: ek_record) {
        newest = r.max_slot_seen
        restoredSlot = r.max_slot_seen
        restoredAt_s = r.vault.known != 0 ? r.vault.unix_s : 0
    }

    /// A book of this slot was read.
    mutating func showed(_ slot: UInt64, _ now: Now) {
        if slot == shown { return }
        moved = moved || shown != 0
        shown = slot
        shownAt_ms = now.mono_ms
    }

    /// The floor comes from the state file, and nobody has reached it in this process.
    var unreached: Bool { newest == restoredSlot && newest != 0 && !moved }

    mutating func attest(_ slot: UInt64, _ now: Now) {
        if slot <= newest { return }
        newest = slot
        newestAt_ms = now.mono_ms
    }

    /// How long the chain has shown no new slot. `shown_ms`: for how long the endpoint's books have been of
    /// the newest one. The first read of a process is compared with the last one of the process before: a run
    /// of one tick knows by it that the chain stands still.
    func still_ms(shown_ms: UInt64, _ now: Now) -> UInt64 {
        let here = max(shown_ms, now.mono_ms - min(shownAt_ms, now.mono_ms))
        if moved || restoredSlot == 0 || restoredAt_s == 0 || shown != restoredSlot
            || now.unix_s <= restoredAt_s
        {
            return here
        }
        return max(here, UInt64(clamping: (Int128(now.unix_s) - Int128(restoredAt_s)) * 1_000))
    }
}

/// The search for the hedged markets on the venue's list, and the list of accounts it leads to.
struct MarketSearch {
    var found = false
    var cursor = 0
    /// The endpoint that is asked for the list; the hosts (as bits) whose list was of no use: others first.
    var endpoint = 0
    var vainBy: UInt32 = 0
    /// How many markets the venue had when ours were looked for; of them, how many could not be read.
    var listed = 0
    var unread = 0
    /// What was unknown about the last one that could not be read.
    var unknown = Text()
    /// The tick in which a market that was not found is looked for again.
    var again_tick: UInt64 = 0
    /// The tick in which the list of accounts was last made anew; it was full since.
    var planBuilt_tick: UInt64 = 0
    var planFull = false
}

struct Reader {
    var reading = BookReading()
    var slots: SlotMemory
    var search = MarketSearch()
}
