// The judge. It sees what was signed, what went out on the wire, what landed and what filled, and the chain's
// own accounts; it keeps its own books and never looks into the agent. Numbers of the invariants are those of
// docs/architecture.md:
//   I1 one live correction          I2 no correction inside the cooldown, none larger than the drift read, none twice
//   I3 no order while a gate must be closed         I4 never past max leverage, never onto the spot's side
//   I5 without faults the drift comes back in time  I6 the state loads, its generation never goes back
//   I7 nothing is signed but an order of this market, this account and these bounds
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
    var served: Served
    var at_ms: Int64
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
    /// Orders that others placed, and since which slot they are there to be seen.
    var others: [(id: UInt32, slot: UInt64)] = []
    var fillsSeen = 0
    /// The book that the agent was shown last, and the newest slot it was shown since it started.
    var book = Served()
    var shownSlot: UInt64 = 0
    private var shown_ms: Int64 = 0
    /// The newest slot that an answer with a false account told since the start.
    private var toldSlot: UInt64 = 0
    /// What the state file told the start, then the newest book that was no leap.
    private var knownSlot: UInt64 = 0
    private var clusterKnown = false
    /// The node whose book leapt and that has not told its cluster since, and when it was shown: a sound
    /// agent waits three minutes for it.
    private var doubted: (endpoint: Int, at_ms: Int64)? = nil
    var bookIsOld = false
    /// An honest second opinion on that book came in.
    var opinionSlot: UInt64 = 0
    private var basis: UInt64 = 0

    /// What is kept of each hedged market; `m` is the one that is judged.
    struct Kept {
        var successSlot: UInt64 = 0
        var success_ms: Int64 = -1
        var steppedSince = false
        /// A fill brought the drift inside; a cooldown only when the account read afterwards says so too.
        var filledInside: (slot: UInt64, at_ms: Int64)? = nil
        var day: Int64 = -1
        var tradesToday: UInt32 = 0
        var excused_ms: Int64 = 0
        /// The drift there was to correct when the time began to count; nil: not read yet.
        var owed_e9: UInt64? = nil
    }
    var kept: [Kept]
    var m = 0
    var successSlot: UInt64 { get { kept[m].successSlot } set { kept[m].successSlot = newValue } }
    var success_ms: Int64 { get { kept[m].success_ms } set { kept[m].success_ms = newValue } }
    var steppedSince: Bool { get { kept[m].steppedSince } set { kept[m].steppedSince = newValue } }
    var day: Int64 { get { kept[m].day } set { kept[m].day = newValue } }
    var tradesToday: UInt32 { get { kept[m].tradesToday } set { kept[m].tradesToday = newValue } }
    var excused_ms: Int64 { get { kept[m].excused_ms } set { kept[m].excused_ms = newValue } }
    var owed_e9: UInt64? { get { kept[m].owed_e9 } set { kept[m].owed_e9 = newValue } }
    var rules: HedgeRules { scenario.rules.hedges[m] }
    /// When somebody else last placed an order while the end of a resting one of ours was not read yet.
    var clouded_ms: Int64 = -1
    var everStepped = false
    var booted_ms: Int64 = 0

    private var acknowledged: UInt64 = 0
    var lastTick_ms: Int64 = 0
    var now_ms: Int64 = 0

    init(scenario: Scenario, node: ChainNode, delegate: Key) {
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
    }

    /// What a start found. A write that returned success must be there.
    func loaded(generation: UInt64) {
        if generation < acknowledged {
            accuse("I6", "the state went back to generation \(generation), acknowledged was \(acknowledged)")
        }
        acknowledged = max(acknowledged, generation)
    }

    func restarted(_ t: Int64, slot: UInt64) {
        booted_ms = t
        knownSlot = slot
        clusterKnown = false
        shownSlot = 0
        toldSlot = 0
        doubted = nil
        book = Served()
    }

    // MARK: what the agent is told

    /// A read of the book came back whole. `asked`: the number of its request, `of`: of the newest one.
    /// Answers that a sound agent refuses (a false account, an older slot) do not end the read: a hedged
    /// request may still bring the good one.
    func shown(_ s: Served, by endpoint: Int, asked: UInt64, of newest: UInt64, _ t: Int64) {
        if asked <= basis { return }
        let waited = doubted.map { t - $0.at_ms >= 180_000 } ?? false
        bookIsOld = s.truth.slot < shownSlot && !waited
        book = s
        opinionSlot = 0
        if s.lied && !s.foreign { toldSlot = max(toldSlot, s.truth.slot) }
        if bookIsOld || s.lied { return }
        // Older than what a refused answer told: a sound agent may refuse it for that, and take the answer
        // that comes after it.
        if s.truth.slot < toldSlot { return }
        // The first books after a stop may leap: they are refused until a node has told its cluster, and that
        // answer may be lost.
        if !clusterKnown && knownSlot > 0 && s.truth.slot > knownSlot + 1_500 { return }
        if s.truth.slot > max(knownSlot,
                              shownSlot) + 1_500 + (shownSlot > 0 ? UInt64(max(0, t - shown_ms)) / 100 : 0) {
            doubted = (endpoint, t)
        } else if let d = doubted, d.endpoint != endpoint && s.truth.slot >= shownSlot || waited {
            doubted = nil
        }
        knownSlot = max(knownSlot, s.truth.slot)
        // A leap is refused until its node has told its cluster; meanwhile a book of a few slots less may
        // come from another node.
        let explained = 1_400 + UInt64(max(0, t - shown_ms)) / 100
        let leapt = shownSlot > 0 && s.truth.slot > shownSlot + explained
        shownSlot = s.truth.slot - (leapt ? 32 : 0)
        shown_ms = t
        basis = newest
    }

    /// A node has told its cluster to this process. After another cluster's hash the agent may forget the
    /// slots it saw: they may be that one's.
    func clusterTold(by endpoint: Int, afterAnother: Bool) {
        clusterKnown = true
        if let d = doubted, d.endpoint == endpoint { doubted = nil }
        if afterAnother { shownSlot = 0 }
    }

    /// Another node said what it sees, and it was the truth.
    func opinion(_ s: Served) { opinionSlot = max(opinionSlot, s.truth.slot) }

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
