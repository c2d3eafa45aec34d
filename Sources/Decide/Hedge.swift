// One hedged market: its rules, where it is on the venue and in the record, and what the last book came to
// for it. A machine has one for each [hedge] section.
import EvenkeelCore
import Model
import Text

/// A class, so that its fields are changed where they are and not through a copy of the list.
package final class Hedge {
    package var rules: HedgeRules
    /// Found from the chain by name, once.
    package var perpIndex: UInt16 = 0
    package var perpFound = false
    /// The venue's spot market of the asset; 0xFFFF: none, or not found yet.
    package var spotIndex: UInt16 = 0xFFFF
    /// The mint of that spot market.
    package var mint = ek_key()
    /// The hosts (as bits) that say that these markets carry the names, and those that say they do not.
    package var namedBy: UInt32 = 0
    package var unnamedBy: UInt32 = 0
    /// Its place in the record; nil: the record does not know it (yet).
    package var recordIndex: UInt32? = nil
    /// Why it cannot be hedged at all: not on the venue, no room in the record. Empty: it can.
    package var missing = Text()

    /// The last book and what was decided on it.
    package var view = View()
    package var decision = ek_decision()
    /// It reduces the position for the account's health (Deleverage.swift).
    package var deleverages = false
    /// There is a decision for it in the last book.
    package var judged = false
    /// Its own gates with those of the account.
    package var gates: [Gate] = []
    /// What its next correction is expected to cost.
    package var cost = ek_cost()
    /// How it stands by itself; `reason` is empty where `standing` can say it from the numbers.
    package var status = Status.pending
    package var reason = Text()
    /// What its drift puts at risk beyond the tolerance; of two that want a correction the larger goes first.
    package var risk_e6: Int64 = 0
    package var cooldownLeft_s: Int64 = 0
    /// The success whose cooldown was seen over.
    package var cooled = ek_moment(unix_s: 0, slot: 0)
    /// It wants a correction and has not had its turn in this tick.
    package var waiting = false
    /// It waited while another one was corrected: it is next, however large the other's risk still is.
    package var passedOver = false
    /// The grid interval in which its last correction was tried.
    package var turn = UInt64.max
    /// When its open profit may be settled (again), and since when a large one has stood open.
    package var settleFrom_ms: UInt64 = 0
    package var profitSince_ms: UInt64? = nil
    /// Slices of one drift that were traded in that interval of the grid.
    package var slices = 0
    package var slicing = UInt64.max
    /// The cooldown is passed over once (`rebalance`).
    package var forced = false
    /// What people are shown of it; no decision reads it.
    let stress = Stress()

    package init(_ rules: HedgeRules) { self.rules = rules }

    /// Everything on the venue that its rules name.
    package var found: Bool {
        perpFound && (spotIndex != 0xFFFF || !(rules.useVenueSpot || mintFromVenue))
    }

    /// It is looked for again.
    package func forget() {
        perpFound = false
        spotIndex = 0xFFFF
        (namedBy, unnamedBy) = (0, 0)
        recordIndex = nil
        missing = Text()
    }

    /// Before a new book is judged: nothing of the last one counts.
    package func clear() {
        view = View()
        decision = ek_decision()
        deleverages = false
        gates.removeAll(keepingCapacity: true)
        risk_e6 = 0
        cooldownLeft_s = 0
        waiting = false
        judged = false
        reason = Text()
    }

    /// It stands so, by this book.
    package func stand(_ status: Status, _ why: Text) {
        self.status = status
        reason = why
        waiting = false
    }

    /// The book could not be read: nothing is known of it.
    package func unread(_ status: Status, _ why: Text) {
        view = View()
        gates.removeAll(keepingCapacity: true)
        judged = false
        risk_e6 = 0
        stand(status, why)
    }

    /// Its profit is not settled again for an hour, however this try ends.
    package func pauseSettling(_ now: Now) {
        settleFrom_ms = now.mono_ms + 3_600_000
        profitSince_ms = nil
    }

    package func maySettle(_ now: Now) -> Bool { now.mono_ms >= settleFrom_ms }

    package func record(in r: UnsafeMutablePointer<ek_record>) -> MarketRecord? {
        guard let i = recordIndex else { return nil }
        return ek_record_market(r, i)
    }
}

extension [Gate] {
    package var allOpen: Bool { !contains { !$0.ok } }

    /// It is closed and no other one is.
    package func onlyClosed(_ name: GateName) -> Bool {
        !contains { $0.ok == ($0.gate == name) }
    }

    /// Why no price can be gone by; nil: one can.
    var unsurePrice: Text? {
        for g in self where !g.ok && g.gate.isOfPrice { return g.reason }
        return nil
    }

    /// The first closed gate's sentence: of one that is a cause, before those that only follow from a wrong
    /// price or a flagged account.
    package var closedReason: Text {
        for g in self where !g.ok && !g.gate.follows { return g.reason }
        for g in self where !g.ok { return g.reason }
        return Text()
    }

    /// Replaces the gate's reading, or adds it.
    package mutating func put(_ g: Gate) {
        for i in 0..<count where self[i].gate == g.gate {
            self[i] = g
            return
        }
        append(g)
    }
}
