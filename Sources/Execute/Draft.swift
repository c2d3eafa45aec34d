// An order while it is being built: what it is meant to do, what it needs for that, and its message. What is
// signed is journalled first; a draft that is given up leaves nothing behind.
import Decide
import EvenkeelCore
import Model
import Rpc
import Text

package let blockhashLife_blocks: UInt64 = 150
package let mostComputeUnits: UInt32 = 1_400_000
private let messageCap = 1232

package struct Draft {
    package enum Kind {
        /// Filled whole at once or not at all; at once what is to be had inside the worst price; a
        /// price-bounded auction order; the cancel of an order of ours by its id; open profit into the
        /// deposit.
        case take, takePart, place, cancel(UInt32), settle

        package var core: UInt8 {
            switch self {
            case .take: return UInt8(EK_KIND_TAKE)
            case .takePart: return UInt8(EK_KIND_TAKE_PART)
            case .place: return UInt8(EK_KIND_PLACE)
            case .cancel: return UInt8(EK_KIND_CANCEL)
            case .settle: return UInt8(EK_KIND_SETTLE)
            }
        }
    }

    /// Which of the hedged markets it is for.
    package let market: Int
    package var kind: Kind
    package var look = SecondLook()
    package var began_ms: UInt64 = 0
    /// It closes the position for `flatten`; not sent once that is stopped.
    package let closing: Bool
    package var blockhash: Answers.Blockhash? = nil
    /// Price of a compute unit that others pay, in millionths of a lamport.
    package var feePrice_micro: UInt64? = nil
    /// Block height that another answer (of another endpoint, where there is one) told beside the blockhash.
    package var height: Height? = nil
    package typealias Height = (slot: UInt64, height: UInt64)
    /// Endpoints (as bits) that must have told their cluster since `began_ms`.
    package var clusters: UInt32 = 0
    package var computeLimit = mostComputeUnits
    /// Taken from this agent's range when the order is first shaped; nil: not yet, or it needs none.
    package var userOrderId: UInt8? = nil
    package private(set) var params = ek_order_params()
    package private(set) var intent = ek_intent()
    package private(set) var message: [UInt8] = []

    package init(market: Int, kind: Kind, closing: Bool) {
        self.market = market
        self.closing = closing
        self.kind = kind
    }

    package var cancels: UInt32? {
        if case .cancel(let id) = kind { return id }
        return nil
    }

    /// It uses an order id, and can move the position.
    package var isOrder: Bool { ek_kind_orders(kind.core) != 0 }
    package var settles: Bool { kind.core == UInt8(EK_KIND_SETTLE) }
    /// It fills in its own transaction or never.
    package var isTake: Bool { ek_kind_takes(kind.core) != 0 }
    package var isWhole: Bool { kind.core == UInt8(EK_KIND_TAKE) }

    // MARK: the order

    /// Parameters, and what the account must look like afterwards. `endsFrom_s`: chain time that a resting
    /// order's life is counted from.
    package mutating func shape(_ book: Book, _ hedge: Hedge, _ rules: Rules, venue: OpaquePointer?)
        throws(Refusal)
    {
        var i = ek_intent()
        i.kind = kind.core
        i.perp_index = hedge.perpIndex
        i.chain_unix_s = book.pointee.clock.unix_timestamp
        guard let m = ek_book_perp(book, hedge.perpIndex) else {
            throw Refusal("the market is not in the book")
        }
        if !isOrder {
            params = ek_order_params()
            i.target_order_id = cancels ?? 0
            i.quote_spot_index = m.pointee.quote_spot_index
            i.quote_index_e10 =
                ek_book_spot(book, i.quote_spot_index)?.pointee.cumulative_deposit_interest_e10.lo ?? 0
            intent = i
            return
        }
        let d = hedge.decision
        let oracle = hedge.view.a.oracle_price_e6
        var worst: UInt64 = 0
        // Of the looks' prices the safer one bounds the order; an oracle auction goes by its fill's.
        let relative = !isTake && ek_venue_can_take(venue) == 0
        let selling = d.direction == UInt8(EK_SELL)
        let safer = relative ? oracle : selling ? max(oracle, look.highest_e6) : min(oracle, look.lowest_e6)
        guard
            ek_worst_price(safer, rules.maxSlippage_ppm, d.direction, m.pointee.tick_price_e6, &worst)
                == EK_OK
        else {
            throw Refusal("no price on the market's tick lies inside max_slippage_pct")
        }
        var p = ek_order_perp(hedge.perpIndex, UInt8(EK_ORDER_MARKET), d.direction, d.size_base_e9)
        p.reduce_only = d.reduce_only
        p.user_order_id = userOrderId ?? 0
        p.price_e6 = worst
        if isTake && !isWhole {
            // A limit, so that the rest is gone with the transaction: of a market order it would rest.
            p.order_type = UInt8(EK_ORDER_LIMIT)
            p.bit_flags = UInt8(EK_BIT_IOC)
        } else if !isTake {
            p.has_max_ts = 1
            p.max_ts = max(book.pointee.clock.unix_timestamp, look.agreedTime_s) + rules.fillTimeout_s
            if ek_venue_can_take(venue) == 0 {
                try auction(&p, bound_e6: Int64(clamping: worst) - oracle, oracle)
            }
        }
        var fault = ek_fault()
        if ek_order_check(book, &p, rules.maxSlippage_ppm, &fault) != EK_OK {
            throw Refusal("the order does not pass its own check: \(c: ek_fault_text(&fault))")
        }
        params = p
        i.direction = d.direction
        i.reduce_only = d.reduce_only
        i.order_type = p.order_type
        i.user_order_id = p.user_order_id
        i.size_base_e9 = d.size_base_e9
        i.worst_price_e6 = Int64(clamping: worst)
        i.max_ts = p.max_ts
        i.oracle_price_e6 = oracle
        intent = i
    }

    /// Oracle auction: prices are signed offsets from the oracle at fill time, from the oracle itself to the
    /// bound.
    private func auction(_ p: inout ek_order_params, bound_e6: Int64, _ oracle: Int64) throws(Refusal) {
        guard bound_e6.magnitude <= UInt64(oracle) / 50 else {
            throw Refusal("max_slippage_pct over 2 is too wide for an oracle auction")
        }
        p.order_type = UInt8(EK_ORDER_ORACLE)
        p.price_e6 = 0
        p.has_auction_start = 1
        p.auction_start_e6 = 0
        p.has_auction_end = 1
        p.auction_end_e6 = bound_e6
        p.has_oracle_offset = 1
        p.oracle_offset_e6 = bound_e6
        p.has_auction_duration = 1
        p.auction_duration = 20
    }

    /// The message with the draft's compute limit and this price for a unit: the budget, the updates of what
    /// is borrowed, the order.
    package mutating func compile(_ book: Book, signer: ek_key, feePrice_micro: UInt64) throws(Refusal) {
        let updated = isTake ? borrowedMarkets(book) : []
        var (err, len) = (EK_OK, 0)
        var out = [UInt8](repeating: 0, count: messageCap)
        withUnsafeTemporaryAllocation(of: ek_ix.self, capacity: updated.count + 1) { ixs in
            guard let first = ixs.baseAddress else { return }
            for (i, market) in updated.enumerated() where err == EK_OK {
                err = ek_ix_update_interest(book, market, first + i)
            }
            if err == EK_OK { err = orderInstruction(book, signer, first + updated.count) }
            if err != EK_OK { return }
            err = compile(first, updated.count + 1, signer, feePrice_micro, into: &out, &len)
        }
        if err != EK_OK { throw Refusal("the order could not be built: \(c: ek_err_text(err))") }
        out.removeLast(messageCap - len)
        message = out
    }

    private func orderInstruction(
        _ book: Book, _ signer: ek_key, _ out: UnsafeMutablePointer<ek_ix>
    ) -> ek_err {
        var (key, params) = (signer, self.params)
        switch kind {
        case .take: return ek_ix_place_and_take(book, &key, &params, 1, UInt32(EK_TAKE_ALL), out)
        case .takePart: return ek_ix_place_and_take(book, &key, &params, 1, UInt32(EK_TAKE_SOME), out)
        case .place: return ek_ix_place(book, &key, &params, out)
        case .cancel(let id):
            return ek_ix_cancel_own(book, &key, intent.perp_index, ownId(of: id, in: book), out)
        case .settle: return ek_ix_settle(book, &key, intent.perp_index, out)
        }
    }

    /// With the compute budget's two instructions before the venue's.
    private func compile(
        _ ixs: UnsafeMutablePointer<ek_ix>, _ n: Int, _ signer: ek_key, _ price_micro: UInt64,
        into out: inout [UInt8], _ len: inout Int
    ) -> ek_err {
        var (payer, hash) = (signer, blockhash?.hash ?? ek_key())
        var budget = [UInt8](repeating: 0, count: 16)
        return budget.withUnsafeMutableBufferPointer { b in
            guard let limit = b.baseAddress else { return EK_E_FULL }
            ek_cb_set_limit(computeLimit, limit)
            ek_cb_set_price(price_micro, limit + 5)
            var list = [(limit, UInt16(5)), (limit + 5, UInt16(9))].map {
                ek_instruction(
                    program: EK_COMPUTE_BUDGET_PROGRAM, metas: nil, n_metas: 0, data: $0.0, data_len: $0.1)
            }
            for i in 0..<n { list.append(ek_ix_view(ixs + i)) }
            return out.withUnsafeMutableBufferPointer {
                ek_message_compile(
                    0, &payer, &hash, &list, UInt32(list.count), $0.baseAddress, messageCap, &len)
            }
        }
    }

    /// The accounts the transaction writes: theirs is the fee market that counts.
    package func writtenAccounts(_ book: Book, _ hedge: Hedge) -> [ek_key] {
        var written = [book.pointee.user_address]
        if isTake {
            written.append(book.pointee.user_stats_address)
        }
        if isTake || settles, let m = ek_book_perp(book, hedge.perpIndex) {
            written.append(m.pointee.address)
        }
        return written
    }

    // MARK: preparation

    package var isComplete: Bool { blockhash != nil && feePrice_micro != nil && height != nil }

    /// The last valid height decides when an order may be given up, so it must not rest on one node's word: a
    /// blockhash lives 150 blocks, and what another answer says the height is now leaves room for little
    /// else.
    package mutating func checkHeights() throws(Refusal) {
        guard var b = blockhash, let h = height?.height else {
            throw Refusal("the block height is not known")
        }
        guard b.lastValidHeight >= h + blockhashLife_blocks - 50,
            b.lastValidHeight <= h + 2 * blockhashLife_blocks
        else {
            throw Refusal("the blockhash's last valid height does not fit the block height of the cluster")
        }
        // No blockhash is valid for longer than 150 blocks from now on: a node that names an earlier end
        // would have the order given up too soon.
        b.lastValidHeight = max(b.lastValidHeight, h + blockhashLife_blocks)
        blockhash = b
    }

    /// What a unit is paid: what others pay; after failures half as much again for each, from a floor where
    /// nobody pays anything; never more than the cap allows for this limit.
    package func price_micro(_ rules: Rules, failuresInRow: UInt32) -> UInt64 {
        let most = rules.maxPriorityFee_lamports.multipliedReportingOverflow(by: 1_000_000)
        let cap = (most.overflow ? UInt64.max : most.partialValue) / UInt64(max(1, computeLimit))
        let usual = min(feePrice_micro ?? 0, cap)
        let raised = min(UInt64(failuresInRow), 4)
        if raised == 0 { return usual }
        let base = max(usual, 1_000)
        let more = (base / 2).multipliedReportingOverflow(by: raised)
        let sum = base.addingReportingOverflow(more.overflow ? UInt64.max : more.partialValue)
        return min(sum.overflow ? cap : sum.partialValue, cap)
    }

    /// A fifth more than the simulation used.
    package mutating func limitCompute(used: UInt64) {
        let units = min(used, UInt64(mostComputeUnits))
        computeLimit =
            units == 0 ? mostComputeUnits : UInt32(min(units + units / 5 + 1, UInt64(mostComputeUnits)))
    }

    // MARK: signature

    /// What the signer is told that the message does.
    package func claim(_ book: Book, equity_e6: Int64) -> ek_policy_claim {
        var c = ek_policy_claim()
        c.equity_e6 = UInt64(clamping: equity_e6)
        c.kind = kind.core
        c.market = UInt8(market)
        c.market_index = intent.perp_index
        if let id = cancels {
            c.user_order_id = ownId(of: id, in: book)
        } else if isOrder {
            c.direction = intent.direction
            c.reduce_only = intent.reduce_only
            c.user_order_id = intent.user_order_id
            c.size_base_e9 = intent.size_base_e9
            c.worst_price_e6 = intent.worst_price_e6
            c.max_ts = intent.max_ts
        }
        if let m = ek_book_perp(book, intent.perp_index) {
            c.oracle_source = m.pointee.oracle_source
            withUnsafeMutableBytes(of: &c.oracle) { to in
                withUnsafeBytes(of: m.pointee.oracle) { to.copyMemory(from: $0) }
            }
        }
        return c
    }

    /// The id that the agent gave the order which is cancelled; 0: it is not in the book any more, and the
    /// signer refuses.
    private func ownId(of id: UInt32, in book: Book) -> UInt8 {
        var own: UInt8 = 0
        eachOpenOrder(book) { if $0.order_id == id { own = $0.user_order_id } }
        return own
    }

    /// The oracle account that the order's price was read from; what is no order has none.
    package func oracleBytes(_ book: Book) -> UnsafeBufferPointer<UInt8> {
        var len = 0
        if !isOrder { return UnsafeBufferPointer(start: nil, count: 0) }
        let raw = ek_book_perp_oracle_raw(book, intent.perp_index, &len)
        return UnsafeBufferPointer(start: raw, count: len)
    }

    /// What the ticket must remember. The signature and the transaction stand in it already.
    package func fill(
        _ t: UnsafeMutablePointer<ek_ticket>, _ book: Book, _ hedge: Hedge, price_micro: UInt64,
        transactionBytes: Int, _ now: Now
    ) {
        let position = ek_user_perp(ek_book_user(book), hedge.perpIndex)
        let v = hedge.view
        let d = settles ? ek_decision() : hedge.decision
        t.pointee.state = UInt8(EK_TICKET_JOURNALLED)
        t.pointee.kind = kind.core
        t.pointee.market = UInt8(hedge.recordIndex ?? 0)
        t.pointee.action = d.action
        t.pointee.direction = d.direction
        t.pointee.reduce_only = d.reduce_only
        t.pointee.drift_known = v.driftKnown ? 1 : 0
        t.pointee.user_order_id = params.user_order_id
        t.pointee.outcome = UInt8(EK_OUT_NONE)
        t.pointee.perp_index = hedge.perpIndex
        t.pointee.attempts = 0
        t.pointee.next_order_id_before = book.pointee.user.next_order_id
        t.pointee.target_order_id = cancels ?? 0
        t.pointee.tolerance_ppm = hedge.rules.tolerance_ppm
        t.pointee.size_base_e9 = d.size_base_e9
        t.pointee.worst_price_e6 = intent.worst_price_e6
        t.pointee.oracle_price_e6 = v.a.oracle_price_e6
        t.pointee.position_before_base_e9 = position?.pointee.base_e9 ?? 0
        t.pointee.quote_before_e6 = position?.pointee.quote_e6 ?? 0
        t.pointee.quote_entry_before_e6 =
            (settles ? position?.pointee.settled_pnl_e6 : position?.pointee.quote_entry_e6) ?? 0
        t.pointee.spot_before_base_e9 = v.a.spot_base_e9
        t.pointee.net_before_base_e9 = v.net_e9
        t.pointee.drift_before_ppm = v.drift_ppm
        // Nobody has borne out the slot of a book that no second look was taken at.
        t.pointee.book_slot = isOrder ? book.pointee.slot : min(book.pointee.slot, height?.slot ?? 0)
        t.pointee.max_ts = params.has_max_ts != 0 ? params.max_ts : 0
        t.pointee.last_valid_block_height = blockhash?.lastValidHeight ?? 0
        t.pointee.journalled_unix_s = now.unix_s
        t.pointee.blockhash = blockhash?.hash ?? ek_key()
        t.pointee.fee_lamports =
            signatureFee_lamports + (UInt64(computeLimit) * price_micro + 999_999) / 1_000_000
        t.pointee.tx_len = UInt16(transactionBytes)
    }
}

/// The spot markets that the account borrows from. A fill is refused while the interest of one of them is
/// old, so it is brought up to date before the order.
private func borrowedMarkets(_ book: Book) -> [UInt16] {
    var list: [UInt16] = []
    var i: UInt32 = 0
    while let p = ek_user_spot_at(ek_book_user(book), i) {
        if p.pointee.balance_type == UInt8(EK_BORROW) && p.pointee.scaled_balance_e9 != 0 {
            list.append(p.pointee.market_index)
        }
        i += 1
    }
    return list
}

/// What the venue is asked to prove that it takes our orders: simulated, never signed, never sent.
package func probeMessage(_ book: Book, market: UInt16, signer: ek_key) throws(Refusal) -> [UInt8] {
    var (key, payer, hash) = (signer, signer, ek_key())
    var len = 0
    var out = [UInt8](repeating: 0, count: messageCap)
    var ok = false
    withUnsafeTemporaryAllocation(of: ek_ix.self, capacity: 1) { ix in
        guard let p = ix.baseAddress, ek_ix_probe(book, &key, market, p) == EK_OK else { return }
        var list = ek_ix_view(p)
        out.withUnsafeMutableBufferPointer {
            ok = ek_message_compile(0, &payer, &hash, &list, 1, $0.baseAddress, messageCap, &len) == EK_OK
        }
    }
    if !ok { throw Refusal("the venue's liveness probe could not be built") }
    out.removeLast(messageCap - len)
    return out
}
