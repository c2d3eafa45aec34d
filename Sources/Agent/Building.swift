// The order in the venue's form: parameters, what the account must look like afterwards, and the compiled message.
import EvenkeelCore
import Model
import Rpc
import Text

/// Older than this, an order of this agent without a ticket is a leftover (its own orders live fill_timeout at most).
let staleOrder_slots: UInt64 = 1_500

extension Machine {
    /// Fills `order.params` and `order.intent`; words when it cannot be built.
    func shape(_ kind: UInt8) -> Text? {
        if kind == UInt8(EK_KIND_CANCEL) { return shapeCancel() }
        guard let m = ek_book_perp(book, perpIndex) else { return "the market is not in the book" }
        let oracle = report.view.a.oracle_price_e6
        var worst: UInt64 = 0
        guard ek_worst_price(oracle, rules.maxSlippage_ppm, decision.direction, m.pointee.tick_price_e6, &worst) == EK_OK else {
            return "no price on the market's tick lies inside max_slippage_pct"
        }
        var p = ek_order_perp(perpIndex, UInt8(EK_ORDER_MARKET), decision.direction, decision.size_base_e9)
        p.reduce_only = decision.reduce_only
        p.user_order_id = order.params.user_order_id
        p.price_e6 = worst
        if kind == UInt8(EK_KIND_PLACE) {
            p.has_max_ts = 1
            p.max_ts = max(book.pointee.clock.unix_timestamp, look.agreedTime_s) + rules.fillTimeout_s
            if ek_venue_can_take(venue) == 0 {
                // Oracle auction: prices are signed offsets from the oracle at fill time, from the oracle itself to the bound.
                p.order_type = UInt8(EK_ORDER_ORACLE)
                p.price_e6 = 0
                let bound = Int64(clamping: worst) - oracle
                guard bound.magnitude <= UInt64(oracle) / 50 else { return "max_slippage_pct over 2 is too wide for an oracle auction" }
                p.has_auction_start = 1
                p.auction_start_e6 = 0
                p.has_auction_end = 1
                p.auction_end_e6 = bound
                p.has_oracle_offset = 1
                p.oracle_offset_e6 = bound
                p.has_auction_duration = 1
                p.auction_duration = 20
            }
        }
        var fault = ek_fault()
        if ek_order_check(book, &p, rules.maxSlippage_ppm, &fault) != EK_OK {
            let t: Text = "the order does not pass its own check: \(c: ek_fault_text(&fault))"
            return t
        }
        order.kind = kind
        order.params = p
        var i = ek_intent()
        i.kind = kind
        i.direction = decision.direction
        i.reduce_only = decision.reduce_only
        i.order_type = p.order_type
        i.user_order_id = p.user_order_id
        i.perp_index = perpIndex
        i.size_base_e9 = decision.size_base_e9
        i.worst_price_e6 = Int64(clamping: worst)
        i.max_ts = p.max_ts
        i.chain_unix_s = book.pointee.clock.unix_timestamp
        i.oracle_price_e6 = oracle
        order.intent = i
        return nil
    }

    private func shapeCancel() -> Text? {
        order.kind = UInt8(EK_KIND_CANCEL)
        order.params = ek_order_params()
        var i = ek_intent()
        i.kind = order.kind
        i.perp_index = perpIndex
        i.target_order_id = cancelling ?? 0
        i.chain_unix_s = book.pointee.clock.unix_timestamp
        order.intent = i
        return nil
    }

    /// An order of this agent that outlived the state file that knew it, older than any order this agent leaves open: it is cancelled, and
    /// the cancel proven, before anything new is decided. A fresh one may be another agent's at work; then its gate stays closed.
    func cancelStaleOrder(_ now: Now) -> Bool {
        guard rules.mode == .live, !halted, !heldByPause, record.pointee.breaker_open == 0, ticket.pointee.state == UInt8(EK_TICKET_NONE)
        else { return false }
        for i in 0..<UInt32(EK_MAX_ORDERS) {
            guard let o = ek_user_order_at(ek_book_user(book), i) else { break }
            if isOwnLive(o.pointee), hedges.contains(where: { $0.perpFound && $0.perpIndex == o.pointee.market_index }), book.pointee.slot > o.pointee.slot, book.pointee.slot - o.pointee.slot > staleOrder_slots {
                cancelling = o.pointee.order_id
                for k in 0..<hedges.count where hedges[k].perpFound && hedges[k].perpIndex == o.pointee.market_index { focus(on: k) }
                let t: Text = """
                    order \(o.pointee.order_id) of this agent is still open but unknown to its state file; \
                    cancelling it first
                    """
                note(.warning, t)
                hedges[current].decision = ek_decision()
                prepare(now)
                return true
            }
        }
        return false
    }

    /// Live, of a hedged market (of any while one of ours is not found), with an id of this agent's range, and not past its time: whichever market it is of, the account has one
    /// correction at a time.
    func isOwnLive(_ o: ek_order) -> Bool {
        o.status == UInt8(EK_ORDER_OPEN) && o.market_type == UInt8(EK_PERP)
            && hedges.contains(where: { !$0.perpFound || $0.perpIndex == o.market_index })
            && ownOrderIds.contains(o.user_order_id) && (o.max_ts == 0 || o.max_ts >= book.pointee.clock.unix_timestamp)
    }

    /// Compiles the message for the order with a compute limit and the capped fee price.
    func compile(limit: UInt32, feePrice_micro: UInt64) -> Text? {
        var key = signer
        var payer = signer
        var hash = order.blockhash.hash
        var params = order.params
        var err = EK_OK
        var len = 0
        let cap = order.message.count
        withUnsafeTemporaryAllocation(of: ek_ix.self, capacity: 1) { ix in
            guard let venueIx = ix.baseAddress else { return }
            if order.kind == UInt8(EK_KIND_TAKE) {
                err = ek_ix_place_and_take(book, &key, &params, 1, UInt32(EK_TAKE_ALL), venueIx)
            } else if order.kind == UInt8(EK_KIND_CANCEL) {
                err = ek_ix_cancel_own(book, &key, perpIndex, cancelledUserId, venueIx)
            } else {
                err = ek_ix_place(book, &key, &params, venueIx)
            }
            if err != EK_OK { return }
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { budget in
                guard let b = budget.baseAddress else { return }
                ek_cb_set_limit(limit, b)
                ek_cb_set_price(feePrice_micro, b + 5)
                let setLimit = ek_instruction(program: EK_COMPUTE_BUDGET_PROGRAM, metas: nil, n_metas: 0, data: b, data_len: 5)
                let setPrice = ek_instruction(program: EK_COMPUTE_BUDGET_PROGRAM, metas: nil, n_metas: 0, data: b + 5, data_len: 9)
                withUnsafeTemporaryAllocation(of: ek_instruction.self, capacity: 3) { list in
                    list[0] = setLimit
                    list[1] = setPrice
                    list[2] = ek_ix_view(venueIx)
                    order.message.withUnsafeMutableBufferPointer { out in
                        err = ek_message_compile(0, &payer, &hash, list.baseAddress, 3, out.baseAddress, cap, &len)
                    }
                }
            }
        }
        order.messageLen = len
        if err == EK_OK { return nil }
        return "the order could not be built: \(c: ek_err_text(err))"
    }
}
