// Do two books of one account lead to the same order? Each is assessed and decided on for itself: what is
// read of an account may be forged in any field, so it is what follows from all of them that must be the
// same.
import EvenkeelCore
import Model
import Text

/// More chain time than this does not pass between two looks; at one slot, and beside that for every slot
/// between them.
package let longestLook_s: Int64 = 30
private let clocksApart_s: UInt64 = 5
private let slowestSlot_s: UInt64 = 2

package struct Agreement {
    /// The book that the decision was made on, and the one of the second look.
    let book: Book
    let other: Book
    let hedge: Hedge
    let rules: Rules
    let ledger_e9: Int64
    let closing: Bool
    let now: Now

    package init(
        _ book: Book, _ other: Book, _ hedge: Hedge, _ rules: Rules, ledger_e9: Int64, closing: Bool,
        _ now: Now
    ) {
        self.ledger_e9 = ledger_e9
        (self.book, self.other, self.hedge) = (book, other, hedge)
        (self.rules, self.closing, self.now) = (rules, closing, now)
    }

    package var sameSlot: Bool { book.pointee.slot == other.pointee.slot }

    /// The smaller of the two sizes. Refused, with what differs: they do not lead to the same order.
    package func size_e9() throws(Refusal) -> UInt64 {
        try sameAccount()
        try sameOrders()
        try sameLegs()
        try sameOracle()
        try sameVenue()
        return try sameDecision()
    }

    private func sameAccount() throws(Refusal) {
        let (a, b) = (book.pointee.user, other.pointee.user)
        if a.next_order_id != b.next_order_id { throw Refusal("the order ids differ") }
        if a.status != b.status { throw Refusal("the account's flags differ") }
        let (x, y) = (ek_book_user(book), ek_book_user(other))
        if !positions(x, areIn: y) || !positions(y, areIn: x) {
            throw Refusal("the positions or deposits differ")
        }
    }

    /// The open orders of this agent's: one that a look does not show would be joined by another.
    private func sameOrders() throws(Refusal) {
        var (mine, others): ([UInt32], [UInt32]) = ([], [])
        eachOpenOrder(book) { if ownOrderIds.contains($0.user_order_id) { mine.append($0.order_id) } }
        eachOpenOrder(other) { if ownOrderIds.contains($0.user_order_id) { others.append($0.order_id) } }
        var same = mine.count == others.count
        for id in mine where !others.contains(id) { same = false }
        if !same { throw Refusal("an open order of this agent's is in one of them only") }
    }

    /// Every position of `a` is in `b`: all of them carry the margin, not only the hedged one.
    private func positions(_ a: UnsafePointer<ek_user>?, areIn b: UnsafePointer<ek_user>?) -> Bool {
        var i: UInt32 = 0
        while let p = ek_user_perp_at(a, i) {
            if p.pointee.base_e9 != (ek_user_perp(b, p.pointee.market_index)?.pointee.base_e9 ?? 0) {
                return false
            }
            i += 1
        }
        i = 0
        while let s = ek_user_spot_at(a, i) {
            let t = ek_user_spot(b, s.pointee.market_index)
            if s.pointee.scaled_balance_e9 != (t?.pointee.scaled_balance_e9 ?? 0)
                || (s.pointee.scaled_balance_e9 != 0 && s.pointee.balance_type != t?.pointee.balance_type)
            {
                return false
            }
            i += 1
        }
        return true
    }

    private func sameLegs() throws(Refusal) {
        if hedge.rules.useWalletSpot && book.pointee.authority_lamports != other.pointee.authority_lamports {
            throw Refusal("the wallet's balances differ")
        }
        for leg in hedge.rules.legs where leg.kind != .fixed {
            var key = hedge.key(of: leg)
            let same =
                leg.kind == .token
                ? ek_book_token_of(book, &key)?.pointee.amount
                    == ek_book_token_of(other, &key)?.pointee.amount
                : ek_book_watch_of(book, &key)?.pointee.lamports
                    == ek_book_watch_of(other, &key)?.pointee.lamports
            if !same { throw Refusal("the balances of a spot leg differ") }
        }
    }

    /// The oracle price of the other book; 0: it has none.
    package var otherOracle_e6: Int64 { oracle_e6(other) }

    private func oracle_e6(_ b: Book) -> Int64 {
        var o: UnsafePointer<ek_oracle>? = nil
        return ek_book_perp_oracle(b, hedge.perpIndex, &o) == EK_OK ? o?.pointee.price_e6 ?? 0 : 0
    }

    /// At one slot to the unit; else the price may have moved within the divergence limit.
    private func sameOracle() throws(Refusal) {
        let (u, v) = (oracle_e6(book), otherOracle_e6)
        guard u > 0, v > 0 else { throw Refusal("one of them has no oracle price") }
        var gap_ppm: UInt64 = 0
        let near =
            ek_mul_div_floor_u64((u - v).magnitude, 1_000_000, UInt64(u), &gap_ppm) == EK_OK
            && gap_ppm <= rules.maxOracleDivergence_ppm
        if sameSlot ? u != v : !near { throw Refusal("the oracle prices differ") }
    }

    /// What the venue says of itself and of the market, and chain time, which a resting order's end is
    /// counted by.
    private func sameVenue() throws(Refusal) {
        guard let m = ek_book_perp(book, hedge.perpIndex)?.pointee,
            let n = ek_book_perp(other, hedge.perpIndex)?.pointee,
            m.status == n.status, m.paused_operations == n.paused_operations,
            m.step_base_e9 == n.step_base_e9,
            m.min_order_base_e9 == n.min_order_base_e9, same(m.oracle, n.oracle),
            m.oracle_source == n.oracle_source,
            book.pointee.state.exchange_status == other.pointee.state.exchange_status
        else { throw Refusal("the venue's or the market's flags differ") }
        let apart_s = book.pointee.clock.unix_timestamp.subtractingReportingOverflow(
            other.pointee.clock.unix_timestamp)
        let (s, t) = (book.pointee.slot, other.pointee.slot)
        let between_s = min((max(s, t) - min(s, t)) * slowestSlot_s, UInt64(longestLook_s) - clocksApart_s)
        if apart_s.overflow || apart_s.partialValue.magnitude > clocksApart_s + between_s {
            throw Refusal("the chain's clocks differ")
        }
    }

    private func sameDecision() throws(Refusal) -> UInt64 {
        let m = try hedge.market(in: other)
        let view = try hedge.assess(other, ledger_e9: ledger_e9, lean: true)
        // The gate judged the one book; it may be a liar's, or the price stood still since.
        if view.priceAge_slots > rules.maxOracleAge_slots {
            throw Refusal("the oracle price of one of them is too old")
        }
        let moment = ek_moment(unix_s: now.unix_s, slot: other.pointee.slot)
        var d = try hedge.decide(
            view, m, closing: closing, at: moment, last: noMoment, slot_ms: rules.slot_ms)
        if hedge.deleverages, let less = hedge.deleverage(view, other, rules) { d = less }
        let mine = hedge.decision
        guard d.action == mine.action, d.direction == mine.direction, d.reduce_only == mine.reduce_only else {
            throw Refusal("they lead to different corrections")
        }
        if sameSlot
            && (view.a.spot_base_e9 != hedge.view.a.spot_base_e9
                || view.a.perp_base_e9 != hedge.view.a.perp_base_e9)
        {
            throw Refusal("the net deltas differ")
        }
        return min(mine.size_base_e9, d.size_base_e9)
    }
}
