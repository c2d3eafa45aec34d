// One hedged market: its rules, where it is on the venue and in the record, and what the last book said of it. A machine has one for
// each [hedge] section; `current` is the one whose correction is being built or whose ticket is open, and what the machine says of
// "the market", its position or its decision is about that one.
import EvenkeelCore
import Kit

public struct Hedge {
    public internal(set) var rules: HedgeRules
    /// Found from the chain by name, once.
    var perpIndex: UInt16 = 0
    var perpFound = false
    /// The venue's spot market of the asset; 0xFFFF: none, or not found yet.
    var spotIndex: UInt16 = 0xFFFF
    /// Index into record.markets; -1: the record does not know it (yet).
    public internal(set) var marketSlot = -1
    var decision = ek_decision()
    /// The book of the decision, for what is said of it after the order has changed the account.
    public internal(set) var view = View()

    init(_ rules: HedgeRules) { self.rules = rules }
}

extension Machine {
    /// Rules of the current market.
    public var hedgeRules: HedgeRules { hedges[current].rules }
    var perpIndex: UInt16 { hedges[current].perpIndex }
    var spotIndex: UInt16 { hedges[current].spotIndex }
    public var marketSlot: Int { hedges[current].marketSlot }
    var decision: ek_decision { hedges[current].decision }
    /// The current market's place in the record.
    var market: UnsafeMutablePointer<ek_market_record>? { marketRecord(current) }

    func marketRecord(_ i: Int) -> UnsafeMutablePointer<ek_market_record>? {
        hedges[i].marketSlot < 0 ? nil : ek_record_market(record, UInt32(hedges[i].marketSlot))
    }
}
