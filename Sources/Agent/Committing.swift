// Signature, journal, send: what was asked once more before, and what the ticket remembers.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    func commit(_ now: Now) {
        if now.mono_ms - reading.at_ms > bookLife_ms {
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
            finish(.error, "the order was not sent: its ticket could not be written to the state file", now)
            return
        }
        order.params.user_order_id = 0
        cancelling = nil
        startWatching(now)
    }

    /// Signs the order into the ticket; the length of the transaction there.
    func sign(_ t: UnsafeMutablePointer<ek_ticket>) throws(SignRefusal) -> Int {
        let unfit = SignRefusal.refused("the signature does not fit the message", breaker: false)
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

    func notSigned(_ why: SignRefusal, _ now: Now) {
        switch why {
        case .counterDisk:
            halted = true
            let t = Text("the signer's state file cannot be written; live trading stops until the agent is restarted")
            note(.error, t)
            executionFailed(t, now)
        case .limit(let words, let until_s):
            let left_ms = UInt64(clamping: max(0, until_s - now.unix_s)).multipliedReportingOverflow(by: 1_000).partialValue
            signerHold = SignerHold(words: words, until_s: until_s, until_ms: now.mono_ms + left_ms,
                reducing: decision.reduce_only != 0)
            signerLimitGate(now)
            abandonOrder()
            blocked(now)
        case .refused(let words, let breaker):
            if breaker { record.pointee.breaker_open = 1 }        // saved with the failure that is counted now
            executionFailed(words, now)
        }
    }

    /// What may have closed since the decision is asked before the order is signed, and at the last moment before anything leaves.
    func heldBack(_ now: Now) -> Bool {
        sendGates(now)
        if (cancelling != nil || gatesOpen) && !halted && !heldByPause && !modeDue && !host.killed() { return false }
        ek_ticket_clear(ticket)
        withdrawn(now)
        return true
    }

    /// Something closed between the decision and the send.
    func withdrawn(_ now: Now) {
        order.params.user_order_id = 0
        cancelling = nil
        if heldByPause {
            finish(.paused, "Paused: nothing is traded until resume", now)
        } else if modeDue {
            finish(.paused, "Going to paper: the order was not sent", now)
        } else if halted {
            finish(.observeOnly, "the state file cannot be written; nothing is traded", now)
        } else if host.killed() {
            evaluateGates(now)
            blocked(now)
        } else {
            blocked(now)
        }
    }

    func fillTicket(_ t: UnsafeMutablePointer<ek_ticket>, price_micro: UInt64, txLen: UInt16, _ now: Now) {
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
        t.pointee.target_order_id = cancelling ?? 0
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
}
