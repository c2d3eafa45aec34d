// The judge. It sees what was signed, what went out on the wire, what landed and what filled, and the chain's
// own accounts; it keeps its own books, never looks into the agent and has none of its constants: what it
// measures by is the chain, the rules that the operator set, and what docs/architecture.md promises.
// Numbers of the invariants:
//   I1 one live correction          I2 no correction inside the cooldown, none larger than the drift, none
// twice
//   I3 no order while a gate must be closed, or on what no honest node has shown
//   I4 never past max leverage, never onto the spot's side
//   I5 without faults the drift comes back in time  I6 the state loads, its generation never goes back
//   I7 nothing is signed but an order of this market, this account and these bounds; nothing that adds to a
// position when a day's signatures could lose more than the operator allows
import Decide
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

struct Violation {
    var invariant: StaticString
    var words: Text
}

/// A message that the agent signed.
struct Signed {
    var signature: [UInt8]
    var tx: SeenTransaction
    /// The book that bears it out.
    var seen: Seen
    var at_ms: Int64
    /// The operator had the cooldown passed over for it.
    var forced = false
    var posted = false
    var landed = false
    var failed = false
    var orderId: UInt32 = 0
    var filled: UInt64 = 0
}

final class Judge {
    let scenario: Scenario
    let node: ChainNode
    let delegate: Key
    private(set) var violation: Violation? = nil

    /// What our orders filled in all, signed.
    var own_e9: Int64 = 0
    var corrections: UInt64 = 0
    var orders: [Signed] = []
    /// Settlements of profit that were signed in the last hour, and by which of the processes.
    var settled: [(market: UInt16, at_ms: Int64, start: Int)] = []
    var starts = 0
    /// Orders that others placed, and since which slot they are there to be seen.
    var others: [(id: UInt32, slot: UInt64)] = []
    var fillsSeen = 0
    /// The books that reached this process lately (JudgeShown.swift).
    var shown: [Seen] = []
    /// What was shown before may have been forgotten, by the machine's own clock.
    var forgotten_ms: Int64 = 0

    /// Signed in the last 24 hours (JudgeLoss.swift).
    var signedDay: [WorstCase] = []
    var richest_e6: Int64 = 0
    var everSigned = false

    /// What is kept of each hedged market; `m` is the one that is judged.
    struct Kept {
        var successSlot: UInt64 = 0
        var success_ms: Int64 = -1
        var steppedSince = false
        /// A fill brought the drift inside; a cooldown only when the account read afterwards says so too.
        var filledInside: (slot: UInt64, at_ms: Int64)? = nil
        /// By the chain's days.
        var day: Int64 = -1
        var tradesToday: UInt32 = 0
        var notionalToday_e6: Int64 = 0
        var excused_ms: Int64 = 0
        /// The drift there was to correct when the time began to count; nil: not read yet.
        var owed_e9: UInt64? = nil
        /// `rebalance` passes over the cooldown once.
        var forced = false
    }
    /// How long slots take and took lately, by the chain.
    var slots: SlotLengths
    var kept: [Kept]
    var m = 0
    var successSlot: UInt64 { get { kept[m].successSlot } set { kept[m].successSlot = newValue } }
    var success_ms: Int64 { get { kept[m].success_ms } set { kept[m].success_ms = newValue } }
    var steppedSince: Bool { get { kept[m].steppedSince } set { kept[m].steppedSince = newValue } }
    var excused_ms: Int64 { get { kept[m].excused_ms } set { kept[m].excused_ms = newValue } }
    var owed_e9: UInt64? { get { kept[m].owed_e9 } set { kept[m].owed_e9 = newValue } }
    var rules: HedgeRules { scenario.rules.hedges[m] }
    /// When somebody else last placed an order while the end of a resting one of ours was not read yet.
    var clouded_ms: Int64 = -1
    var everStepped = false
    var booted_ms: Int64 = 0

    /// What the operator wants now, and what of it is durable.
    var wish = Wish()
    var durable = Wish()
    var killed = false
    /// This quiet time began with one of two endpoints gone.
    var deadOfTwo = false

    private var acknowledged: UInt64 = 0
    var lastTick_ms: Int64 = 0
    var now_ms: Int64 = 0

    init(scenario: Scenario, node: ChainNode, delegate: Key, slots: SlotLengths) {
        self.slots = slots
        self.scenario = scenario
        self.node = node
        self.delegate = delegate
        kept = [Kept](repeating: Kept(), count: scenario.markets)
        orders.reserveCapacity(16)
    }

    func accuse(_ invariant: StaticString, _ words: Text) {
        if violation == nil { violation = Violation(invariant: invariant, words: words) }
    }

    // MARK: I6

    func stored(generation: UInt64) {
        if generation <= acknowledged { accuse("I6", "a generation was written again: \(generation)") }
        acknowledged = generation
        durable = wish
    }

    /// What a start found. A write that returned success must be there.
    func loaded(generation: UInt64) {
        if generation < acknowledged {
            accuse("I6", "the state went back to generation \(generation), acknowledged was \(acknowledged)")
        }
        acknowledged = max(acknowledged, generation)
    }

    func restarted(_ t: Int64) {
        starts += 1
        booted_ms = t
        shown.removeAll(keepingCapacity: true)
        forgotten_ms = 0
        wish = durable.unsure ? Wish() : durable
        wish.closing = false
        durable = wish
        for i in kept.indices { kept[i].forced = false }
    }

    /// A node has told its cluster to this process. After another cluster's hash the agent may forget the
    /// slots it saw: they may be that one's.
    func clusterTold(afterAnother: Bool, machine_ms: Int64) {
        if afterAnother { forgotten_ms = machine_ms }
    }

    func othersPlaced(_ id: UInt32, _ t: Int64) {
        if others.count >= 1024 { others.removeFirst(512) }
        if let o = orders.last, o.landed, o.tx.kind == .place, lastTick_ms <= o.at_ms { clouded_ms = t }
        others.append((id, node.slot + 1))          // a book of this very slot may have been read before
    }

    func clockStepped() {
        for i in kept.indices { kept[i].steppedSince = true }
        everStepped = true
    }
}
