// Before anything is built, another endpoint is asked for the same book, where there is one. One node can lag, lie or be forked;
// two that disagree about the same account at the same slot cannot both be right, and then nothing is traded. On different slots the
// account simply moved in between: the tick starts over from a fresh book.
import EvenkeelCore
import Text

private let opinionWait_ms: UInt64 = 2_000
/// A book may wait this long for blockhash, simulation and second opinion before the order is built on a fresh one.
let bookLife_ms: UInt64 = 15_000

extension Machine {
    func askOpinion(_ now: Now) {
        let other = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag, after: readEndpoint)
        guard endpoints.all.count > 1, other != readEndpoint, endpoints.all[other].restUntil_ms <= now.mono_ms else {
            proceed(now)
            return
        }
        phase = .checking
        let m = book.pointee.slot
        let id = post(.opinion, other) { (r: inout Requests, id: UInt32) -> Bool in
            r.book(id: id, minSlot: m) { host.post(endpoint: other, id: id, body: $0) }
        }
        if id == 0 {
            proceed(now)
            return
        }
        phaseTimer_ms = now.mono_ms + max(opinionWait_ms, rules.maxLatency_ms)
    }

    /// Nobody else answered in time: one healthy endpoint is enough, two that disagree are not. An opinion that comes before the order
    /// is signed still counts.
    func checkingDue(_ now: Now) {
        note(.debug, Text("no second opinion in time; going on with one endpoint"))
        proceed(now)
    }

    func opinionAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        let late = (phase == .preparing || phase == .simulating) && cancelling == 0
        guard phase == .checking || late else { return }
        if !late { phaseTimer_ms = UInt64.max }
        var fault = ek_fault()
        let read = Answers.wireTrouble(a) == nil
            && ek_book_load(otherBook, plan, a.body.baseAddress, a.body.count, work, workCap, &fault) == EK_OK
            && otherBook.pointee.has_answer_id != 0 && otherBook.pointee.answer_id == UInt64(a.id)
            && clockTrouble(otherBook) == nil
        // Far ahead, whether it is believed yet or not: the book may be that old. A foreign node's word counts for nothing once it is known as one.
        let ahead = otherBook.pointee.slot > book.pointee.slot ? otherBook.pointee.slot - book.pointee.slot : 0
        if read && ahead > rules.maxSlotLag && !endpoints.all[endpoint].foreign {
            _ = leap(otherBook.pointee.slot, at: endpoint, vouch: false, now)       // asks for its cluster where that is needed
            var t = Text("endpoint ")
            t.put(endpoint + 1)
            t.put(" is ")
            t.put(ahead)
            t.put(" slots ahead of the book")
            aheadSlot = otherBook.pointee.slot
            aheadAt_ms = now.mono_ms
            tryTickAgain(Trouble(t), now)
            return
        }
        guard read, leap(otherBook.pointee.slot, at: endpoint, vouch: false, now) == nil, otherBook.pointee.slot >= book.pointee.slot
        else {
            if !late { proceed(now) }
            return
        }
        endpoints.saw(otherBook.pointee.slot, at: endpoint, now.mono_ms, confirmed: true)
        let sameSlot = otherBook.pointee.slot == book.pointee.slot
        if agree(sameSlot: sameSlot) {
            if !late { proceed(now) }
        } else if sameSlot {
            var t = Text("endpoints ")
            t.put(readEndpoint + 1)
            t.put(" and ")
            t.put(endpoint + 1)
            t.put(" disagree about the account at slot ")
            t.put(book.pointee.slot)
            t.put("; nothing is traded until they agree")
            note(.error, t)
            abandonOrder()
            finish(.observeOnly, t, now)
        } else {
            tryTickAgain(Trouble("the account moved between two reads"), now)
        }
    }

    private func proceed(_ now: Now) {
        if let t = bookMayBeOld(now) {
            tryTickAgain(t, now)
            return
        }
        executing(now)
        prepare(now)
    }

    /// Every position of `a` is in `b`: all of them carry the margin, not only the hedged one.
    private func samePositions(_ a: UnsafePointer<ek_user>?, _ b: UnsafePointer<ek_user>?) -> Bool {
        var i: UInt32 = 0
        while let p = ek_user_perp_at(a, i) {
            if p.pointee.base_e9 != (ek_user_perp(b, p.pointee.market_index)?.pointee.base_e9 ?? 0) { return false }
            i += 1
        }
        i = 0
        while let s = ek_user_spot_at(a, i) {
            let t = ek_user_spot(b, s.pointee.market_index)
            if s.pointee.scaled_balance_e9 != (t?.pointee.scaled_balance_e9 ?? 0)
                || (s.pointee.scaled_balance_e9 != 0 && s.pointee.balance_type != t?.pointee.balance_type) { return false }
            i += 1
        }
        return true
    }

    /// What the decision rests on, in both books. At one slot to the unit; else prices may have moved within the divergence limit.
    private func agree(sameSlot: Bool) -> Bool {
        let a = ek_book_user(book)
        let b = ek_book_user(otherBook)
        guard book.pointee.user.next_order_id == otherBook.pointee.user.next_order_id,
              book.pointee.user.status == otherBook.pointee.user.status,
              !hedgeRules.useWalletSpot || book.pointee.authority_lamports == otherBook.pointee.authority_lamports,
              samePositions(a, b) && samePositions(b, a)
        else { return false }
        for leg in hedges[current].rules.legs where leg.kind != .fixed {
            var key = hedges[current].key(of: leg)
            if leg.kind == .token {
                guard ek_book_token_of(book, &key)?.pointee.amount == ek_book_token_of(otherBook, &key)?.pointee.amount else { return false }
            } else {
                guard ek_book_watch_of(book, &key)?.pointee.lamports == ek_book_watch_of(otherBook, &key)?.pointee.lamports else { return false }
            }
        }
        var x: UnsafePointer<ek_oracle>? = nil
        var y: UnsafePointer<ek_oracle>? = nil
        guard ek_book_perp_oracle(book, perpIndex, &x) == EK_OK, ek_book_perp_oracle(otherBook, perpIndex, &y) == EK_OK,
              let u = x?.pointee.price_e6, let v = y?.pointee.price_e6, u > 0, v > 0 else { return false }
        if sameSlot { return u == v }
        var gap_ppm: UInt64 = 0
        return ek_mul_div_floor_u64((u - v).magnitude, 1_000_000, UInt64(u), &gap_ppm) == EK_OK && gap_ppm <= rules.maxOracleDivergence_ppm
    }
}
