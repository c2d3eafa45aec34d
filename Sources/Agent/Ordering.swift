// From a decision to journalled bytes: blockhash and fee, the order in the venue's form, a simulation of exactly that order without a
// signature, the comparison of the simulated account with what is meant, then signature, journal, send.
//
// What a node is asked to simulate carries no signature: a node cannot land what it has only been asked to try. The bytes that are
// signed are journalled before anybody sees them, so there is never a signed order that the state file does not know.
import EvenkeelCore
import Text

let blockhashLife_blocks: UInt64 = 150
let computeLimitForSimulation: UInt32 = 1_400_000
private let placeAndTakeConditionFailed: UInt32 = 6289
private let impossibleFill: UInt32 = 6252

/// The order being built. Gone when the tick ends; what must survive is in the ticket.
package struct Order {
    var kind = UInt8(EK_KIND_NONE)
    var params = ek_order_params()
    package var intent = ek_intent()
    var blockhash = Answers.Blockhash(hash: ek_key(), lastValidHeight: 0, slot: 0)
    var haveBlockhash = false
    var haveFee = false
    /// Block height that another answer (of another endpoint, where there is one) told beside the blockhash.
    var height: UInt64 = 0
    /// Endpoints (as bits) that must have told their cluster since `began_ms`.
    var clusters: UInt32 = 0
    var began_ms: UInt64 = 0
    var feePrice_micro: UInt64 = 0
    var limit = computeLimitForSimulation
    var message = [UInt8](repeating: 0, count: 1232)
    var messageLen = 0
}

extension Machine {
    // MARK: blockhash and fee

    func prepare(_ now: Now) {
        phase = .preparing
        order.haveBlockhash = false
        order.haveFee = false
        order.height = 0
        order.began_ms = now.mono_ms
        order.feePrice_micro = 0
        dropOutstanding(.blockhash)
        dropOutstanding(.fees)
        dropOutstanding(.height)
        let e = readEndpoint
        let m = book.pointee.slot
        let second = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag, after: e)
        order.clusters = 1 << UInt32(e) | 1 << UInt32(second)
        let c = askHeight(second) && askGenesis(e) && askGenesis(second)
        let a = post(.blockhash, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.blockhash(id: id, minSlot: m) { host.post(endpoint: e, id: id, body: $0) }
        }
        // The accounts the transaction writes: theirs is the fee market that counts.
        var written = [book.pointee.user_address]
        if ek_venue_can_take(venue) != 0 && !preferAuction && cancelling == 0 {
            written.append(book.pointee.user_stats_address)
            if let m = ek_book_perp(book, perpIndex) { written.append(m.pointee.address) }
        }
        let b = post(.fees, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.fees(id: id, writable: written) { host.post(endpoint: e, id: id, body: $0) }
        }
        if a == 0 || b == 0 || !c { tryTickAgain(Trouble("too many requests under way"), now) }
    }

    func blockhashAnswered(_ a: Answer, _ now: Now) {
        guard phase == .preparing else { return }
        do throws(Trouble) {
            order.blockhash = try Answers.blockhash(a)
            order.haveBlockhash = true
        } catch {
            tryTickAgain(error, now)
            return
        }
        prepared(now)
    }

    func feesAnswered(_ a: Answer, _ now: Now) {
        guard phase == .preparing else { return }
        order.haveFee = true
        do throws(Trouble) {
            order.feePrice_micro = try Answers.feePercentile(a, percentile: rules.feePercentile)
        } catch {
            // A node that cannot say what is usual: the order goes without a priority fee rather than not at all.
            var t = Text("priority fees unknown, none is offered: ")
            t.put(error.text)
            note(.warning, t)
        }
        prepared(now)
    }

    func heightAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard phase == .preparing else { return }
        do throws(Trouble) {
            order.height = try Answers.epoch(a).height
        } catch {
            endpoints.all[endpoint].failed(now.mono_ms, status: 0, retryAfter_s: 0)
            let e = readEndpoint
            // The second witness is no help: the first one's own height then, which at least is another answer.
            if endpoint == e || !askHeight(e) { tryTickAgain(error, now) }
            return
        }
        prepared(now)
    }

    private func askHeight(_ e: Int) -> Bool {
        post(.height, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.epoch(id: id, finalized: false) { host.post(endpoint: e, id: id, body: $0) }
        } != 0
    }

    /// The last valid height decides when an order may be given up, so it must not rest on one node's word: a blockhash lives 150
    /// blocks, and what another answer says the height is now leaves room for little else.
    func prepared(_ now: Now) {
        guard order.haveBlockhash && order.haveFee && order.height > 0 else { return }
        for e in 0..<endpoints.all.count where order.clusters & (1 << UInt32(e)) != 0 {
            if endpoints.all[e].genesisAt_ms < order.began_ms || endpoints.all[e].genesis == nil { return }
            if endpoints.all[e].foreign {
                tryTickAgain(Trouble("the endpoint is a node of another cluster"), now)
                return
            }
        }
        if !endpoints.clusterKnown {
            tryTickAgain(Trouble("not every endpoint has told its cluster yet"), now)
            return
        }
        let valid = order.blockhash.lastValidHeight
        guard valid >= order.height + blockhashLife_blocks - 50, valid <= order.height + 2 * blockhashLife_blocks else {
            tryTickAgain(Trouble("the blockhash's last valid height does not fit the block height of the cluster"), now)
            return
        }
        // No blockhash is valid for longer than 150 blocks from now on: a node that names an earlier end would have the order given up too soon.
        order.blockhash.lastValidHeight = max(valid, order.height + blockhashLife_blocks)
        if cancelling != 0 {
            simulate(kind: UInt8(EK_KIND_CANCEL), now)
            return
        }
        let take = ek_venue_can_take(venue) != 0 && !preferAuction
        simulate(kind: UInt8(take ? EK_KIND_TAKE : EK_KIND_PLACE), now)
    }

    // MARK: simulation

    private func simulate(kind: UInt8, _ now: Now) {
        phase = .simulating
        if order.params.user_order_id == 0 && kind != UInt8(EK_KIND_CANCEL) { order.params.user_order_id = nextOrderId() }
        if let t = shape(kind) ?? compile(limit: computeLimitForSimulation, feePrice_micro: 0) {
            executionFailed(t, now)
            return
        }
        if !postSimulation(.simulate, readEndpoint, minSlot: book.pointee.slot) { tryTickAgain(Trouble("too many requests under way"), now) }
    }

    /// Asks for a simulation of `order.message` with an empty signature in front.
    func postSimulation(_ ask: Ask, _ e: Int, minSlot m: UInt64) -> Bool {
        let user = book.pointee.user_address
        let n = order.messageLen
        var bytes = [UInt8](repeating: 0, count: 65 + n)
        bytes[0] = 1
        for i in 0..<n { bytes[65 + i] = order.message[i] }
        return post(ask, e) { (r: inout Requests, id: UInt32) -> Bool in
            bytes.withUnsafeBufferPointer { tx in
                r.simulate(id: id, transaction: tx, user: user, minSlot: m) { host.post(endpoint: e, id: id, body: $0) }
            }
        } != 0
    }

    /// Counts on through this agent's own range, so that no two tickets in a row share an id.
    private func nextOrderId() -> UInt8 {
        var id = ek_record_take_user_order_id(record)
        if !ownOrderIds.contains(id) {
            id = ownOrderIds.lowerBound
            record.pointee.next_user_order_id = id + 1
        }
        return id
    }

    func simulateAnswered(_ a: Answer, _ now: Now) {
        guard phase == .simulating else { return }
        let s: Answers.Simulated
        do throws(Trouble) { s = try Answers.simulated(a) } catch {
            tryTickAgain(error, now)
            return
        }
        if let e = s.error {
            if order.kind == UInt8(EK_KIND_TAKE), let code = e.custom, code == placeAndTakeConditionFailed || code == impossibleFill {
                note(.info, Text("the venue cannot fill the whole size at once; placing a price-bounded auction order instead"))
                simulate(kind: UInt8(EK_KIND_PLACE), now)
                return
            }
            noteRefused(e.custom)
            var t = Text("simulation refused the order: ")
            t.put(e.name(venue))
            executionFailed(t, now)
            return
        }
        if let t = compareSimulated(s) {
            executionFailed(t, now)
            return
        }
        if cancelling == 0 && !gatesOpen {                      // the cost gate has read the simulated fill
            order.params.user_order_id = 0
            blocked(now)
            return
        }
        let used = min(s.units, UInt64(computeLimitForSimulation))
        let units = used == 0 ? UInt64(computeLimitForSimulation) : used + used / 5 + 1
        order.limit = UInt32(min(units, UInt64(computeLimitForSimulation)))
        commit(now)
    }

    /// Words when the simulated account is not exactly what the order is meant to make of it.
    private func compareSimulated(_ s: Answers.Simulated) -> Text? {
        var entry = ek_json()
        var v = ek_json()
        var len = 0
        guard ek_json_path(s.value, "accounts.0", &entry) == EK_OK, ek_json_path(entry, "data.0", &v) == EK_OK,
              ek_json_base64(v, work, workCap, &len) == EK_OK
        else { return Text("the simulation returned no account to compare") }
        var owner = ek_key()
        guard ek_json_member(entry, "owner", &v) == EK_OK, ek_json_key(v, &owner) == EK_OK, same(owner, ek_venue_program(venue).pointee) else {
            return Text("the simulated account is not the venue's")
        }
        var after = ek_user()
        guard ek_decode_user(venue, work, len, &after) == EK_OK else { return Text("the simulated account cannot be decoded") }
        var words: Text? = nil
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
            guard let base = text.baseAddress else { return }
            var intent = order.intent
            if ek_verify_simulated(ek_book_user(book), &after, &intent, base) != EK_OK {
                var t = Text("the simulated account is not what the order means: ")
                t.put(c: base)
                words = t
            }
        }
        if words == nil && cancelling == 0 {
            knowFee(units: s.units)
            if order.kind == UInt8(EK_KIND_TAKE) { costOfTake(&after) } else { costGate(true, clock) }
        }
        return words
    }

    // MARK: signature, journal, send

    private func commit(_ now: Now) {
        if now.mono_ms - bookReadAt_ms > bookLife_ms {
            tryTickAgain(Trouble("the book grew old while the order was prepared"), now)
            return
        }
        if heldBack(now) { return }
        // What the cap allows for this limit: price x limit / 1e6 lamports.
        let most = rules.maxPriorityFee_lamports.multipliedReportingOverflow(by: 1_000_000)
        let cap = (most.overflow ? UInt64.max : most.partialValue) / UInt64(max(1, order.limit))
        var price = min(order.feePrice_micro, cap)
        // A retry offers half as much again for every failure before it, from a floor where nobody pays anything, within the cap.
        let raised = min(UInt64(record.pointee.failures_in_row), 4)
        if raised > 0 {
            let more = (max(price, 1_000) / 2).multipliedReportingOverflow(by: raised)
            let sum = max(price, 1_000).addingReportingOverflow(more.overflow ? UInt64.max : more.partialValue)
            price = min(sum.overflow ? cap : sum.partialValue, cap)
        }
        if let t = compile(limit: order.limit, feePrice_micro: price) {
            executionFailed(t, now)
            return
        }
        let t = ticket
        let len: Int
        do throws(SignRefusal) { len = try sign(t) } catch {
            ek_ticket_clear(t)
            notSigned(error, now)
            return
        }
        fillTicket(t, price_micro: price, txLen: UInt16(len), now)
        if heldBack(now) { return }
        if !save(now) {
            ek_ticket_clear(t)
            finish(.error, Text("the order was not sent: its ticket could not be written to the state file"), now)
            return
        }
        order.params.user_order_id = 0
        cancelling = 0
        startWatching(now)
    }

    /// Signs the order into the ticket; the length of the transaction there.
    private func sign(_ t: UnsafeMutablePointer<ek_ticket>) throws(SignRefusal) -> Int {
        let unfit = SignRefusal.refused(Text("the signature does not fit the message"), breaker: false)
        let n = order.messageLen
        guard let signature = ek_ticket_signature(t) else { throw unfit }
        // The message is read where it stands: its buffer lives as long as the order.
        var refusal: SignRefusal? = nil
        var len = 0
        var fits = false
        var key = signer
        order.message.withUnsafeBufferPointer { m in
            do throws(SignRefusal) { try ask(UnsafeBufferPointer(rebasing: m[0..<n]), into: signature) } catch {
                refusal = error
                return
            }
            fits = ek_ed25519_verify(signature, m.baseAddress, n, &key) == EK_OK
                && ek_tx_assemble(signature, 1, m.baseAddress, n, ek_ticket_tx(t), Int(EK_TICKET_TX_MAX), &len) == EK_OK
        }
        if let r = refusal { throw r }
        if !fits { throw unfit }
        return len
    }

    private func notSigned(_ why: SignRefusal, _ now: Now) {
        switch why {
        case .counterDisk:
            halted = true
            let t = Text("the signer's state file cannot be written; live trading stops until the agent is restarted")
            note(.error, t)
            executionFailed(t, now)
        case .limit(let words, let until_s):
            let left_ms = UInt64(clamping: max(0, until_s - now.unix_s)).multipliedReportingOverflow(by: 1_000).partialValue
            signerHold = SignerHold(words: words, until_s: until_s, until_ms: now.mono_ms + left_ms)
            signerLimitGate(now)
            abandonOrder()
            blocked(now)
        case .refused(let words, let breaker):
            if breaker { record.pointee.breaker_open = 1 }        // saved with the failure that is counted now
            executionFailed(words, now)
        }
    }

    /// What may have closed since the decision is asked before the order is signed, and at the last moment before anything leaves.
    private func heldBack(_ now: Now) -> Bool {
        sendGates(now)
        if (cancelling != 0 || gatesOpen) && !halted && !heldByPause && !modeDue && !host.killed() { return false }
        ek_ticket_clear(ticket)
        withdrawn(now)
        return true
    }

    /// Something closed between the decision and the send.
    private func withdrawn(_ now: Now) {
        order.params.user_order_id = 0
        cancelling = 0
        if heldByPause {
            finish(.paused, Text("Paused: nothing is traded until resume"), now)
        } else if modeDue {
            finish(.paused, Text("Going to paper: the order was not sent"), now)
        } else if halted {
            finish(.observeOnly, Text("the state file cannot be written; nothing is traded"), now)
        } else if host.killed() {
            evaluateGates(now)
            blocked(now)
        } else {
            blocked(now)
        }
    }

    private func fillTicket(_ t: UnsafeMutablePointer<ek_ticket>, price_micro: UInt64, txLen: UInt16, _ now: Now) {
        let position = ek_user_perp(ek_book_user(book), perpIndex)
        t.pointee.state = UInt8(EK_TICKET_JOURNALLED)
        t.pointee.kind = order.kind
        t.pointee.market = UInt8(max(0, marketSlot))
        t.pointee.action = decision.action
        t.pointee.direction = decision.direction
        t.pointee.reduce_only = decision.reduce_only
        t.pointee.drift_known = report.view.driftKnown ? 1 : 0
        t.pointee.user_order_id = order.params.user_order_id
        t.pointee.outcome = UInt8(EK_OUT_NONE)
        t.pointee.perp_index = perpIndex
        t.pointee.attempts = 0
        t.pointee.next_order_id_before = book.pointee.user.next_order_id
        t.pointee.target_order_id = cancelling
        t.pointee.tolerance_ppm = hedgeRules.tolerance_ppm
        t.pointee.size_base_e9 = decision.size_base_e9
        t.pointee.worst_price_e6 = order.intent.worst_price_e6
        t.pointee.oracle_price_e6 = report.view.a.oracle_price_e6
        t.pointee.position_before_base_e9 = position?.pointee.base_e9 ?? 0
        t.pointee.quote_before_e6 = position?.pointee.quote_e6 ?? 0
        t.pointee.quote_entry_before_e6 = position?.pointee.quote_entry_e6 ?? 0
        t.pointee.spot_before_base_e9 = report.view.a.spot_base_e9
        t.pointee.net_before_base_e9 = report.view.net_e9
        t.pointee.drift_before_ppm = report.view.drift_ppm
        t.pointee.book_slot = book.pointee.slot
        t.pointee.max_ts = order.params.has_max_ts != 0 ? order.params.max_ts : 0
        t.pointee.last_valid_block_height = order.blockhash.lastValidHeight
        t.pointee.journalled_unix_s = now.unix_s
        t.pointee.blockhash = order.blockhash.hash
        t.pointee.fee_lamports = signatureFee_lamports + (UInt64(order.limit) * price_micro + 999_999) / 1_000_000
        t.pointee.tx_len = txLen
        ek_fee_mark_of(ek_book_user(book), perpIndex, &feeMark)
    }

    /// The node did not answer while the order was being prepared; nothing was sent. The tick starts over from a fresh book, at
    /// another endpoint where there is one, a few times; then it ends in an error that does not count towards the breaker.
    func tryTickAgain(_ t: Trouble, _ now: Now) {
        if !startOver(t.text, now) { endInError(t.text, counted: false, now) }
    }

    /// False: this tick has started over often enough.
    func startOver(_ why: Text, _ now: Now) -> Bool {
        abandonOrder()
        tickRetries += 1
        if tickRetries >= 3 { return false }
        note(.debug, why)
        phase = .reading
        purpose = .tick
        phaseTimer_ms = now.mono_ms + UInt64(150) << UInt64(tickRetries)
        return true
    }

    /// The correction did not happen and nothing is open: counted towards the breaker, cooldown untouched.
    func executionFailed(_ why: Text, _ now: Now) {
        abandonOrder()
        endInError(why, counted: true, now)
    }

    func abandonOrder() {
        order.params.user_order_id = 0
        cancelling = 0
        dropOutstanding(.blockhash)
        dropOutstanding(.fees)
        dropOutstanding(.height)
        dropOutstanding(.simulate)
        dropOutstanding(.opinion)
    }

    private func endInError(_ why: Text, counted: Bool, _ now: Now) {
        var t = Text("Rebalance execution failed: ")
        t.put(why)
        note(.error, t)
        report.action = decision.action
        report.size_e9 = 0
        if counted { countFailure(now) }
        finish(.error, why, now)
    }

    func countFailure(_ now: Now) {
        let wasOpen = record.pointee.breaker_open != 0
        addFailure()
        if !wasOpen { noteOpenBreaker() }
        _ = save(now)
    }

    /// One more in a row; at max_failures the breaker opens. The caller saves.
    func addFailure() {
        record.pointee.failures_in_row += 1
        if record.pointee.failures_in_row >= rules.maxFailures { record.pointee.breaker_open = 1 }
    }

    func noteOpenBreaker() {
        guard record.pointee.breaker_open != 0 else { return }
        var t = Text("breaker opened after ")
        t.put(record.pointee.failures_in_row)
        t.put(" failures in a row; observing only until `evenkeel resume`")
        note(.error, t)
    }
}
