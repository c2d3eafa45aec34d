// One hedged market: its rules, where it is on the venue and in the record, and what the last book said of it. A machine has one for
// each [hedge] section; `current` is the one whose correction is being built or whose ticket is open, and what the machine says of
// "the market", its position or its decision is about that one.
import EvenkeelCore
import Model
import Rpc
import Text

/// A class, so that its fields are changed where they are and not through a copy of the list.
package final class Hedge {
    package internal(set) var rules: HedgeRules
    /// Found from the chain by name, once.
    package internal(set) var perpIndex: UInt16 = 0
    package internal(set) var perpFound = false
    /// The venue's spot market of the asset; 0xFFFF: none, or not found yet.
    var spotIndex: UInt16 = 0xFFFF
    /// The mint of that spot market.
    var mint = ek_key()
    /// Index into record.markets; -1: the record does not know it (yet).
    package internal(set) var marketSlot = -1
    package internal(set) var decision = ek_decision()
    /// The book of the decision, for what is said of it after the order has changed the account.
    package internal(set) var view = View()

    /// Its own gates with those of the account, as of the last decision.
    package internal(set) var gates: [Gate] = []
    /// What its next correction is expected to cost, as of the last decision.
    package internal(set) var cost = ek_cost()
    /// How it stands by itself; `reason` is empty where `Machine.standing` can say it from the numbers.
    package internal(set) var status = Status.pending
    package internal(set) var reason = Text()
    /// What its drift puts at risk beyond the tolerance; of two that want a correction the larger goes first.
    package internal(set) var risk_e6: Int64 = 0
    package internal(set) var cooldownLeft_s: Int64 = 0
    /// The success whose cooldown was seen over.
    var cooled = ek_moment(unix_s: 0, slot: 0)
    /// It wants a correction and has not had its turn in this tick.
    var waiting = false
    /// The grid interval in which its last correction was tried.
    var turn = UInt64.max
    /// The cooldown is passed over once (`rebalance`).
    var forced = false
    /// Why it cannot be hedged at all: not on the venue, no room in the record. Empty: it can.
    package internal(set) var missing = Text()

    /// There is a decision for it in the last book.
    var judged = false

    init(_ rules: HedgeRules) { self.rules = rules }

    /// Everything on the venue that its rules name.
    var found: Bool { perpFound && (spotIndex != 0xFFFF || !(rules.useVenueSpot || mintFromVenue)) }

    /// The book could not be read: nothing is known of it.
    func unread(_ status: Status, _ why: Text) {
        view = View()
        gates.removeAll(keepingCapacity: true)
        judged = false
        waiting = false
        risk_e6 = 0
        self.status = status
        reason = why
    }
}

extension Machine {
    /// The market that the report is about, in words.
    package var shownMarket: Text {
        if foreignTicket, let m = ek_record_market(record, UInt32(ticket.pointee.market)) {
            return "\(c: ek_market_record_name(m))"
        }
        return hedgeRules.perpName
    }

    /// Rules of the current market.
    package var hedgeRules: HedgeRules { hedges[current].rules }
    var perpIndex: UInt16 { hedges[current].perpIndex }
    var spotIndex: UInt16 { hedges[current].spotIndex }
    package var marketSlot: Int { hedges[current].marketSlot }
    package var decision: ek_decision { hedges[current].decision }
    /// The current market's place in the record.
    package var market: UnsafeMutablePointer<ek_market_record>? { marketRecord(current) }

    package func marketRecord(_ i: Int) -> UnsafeMutablePointer<ek_market_record>? {
        hedges[i].marketSlot < 0 ? nil : ek_record_market(record, UInt32(hedges[i].marketSlot))
    }
}
