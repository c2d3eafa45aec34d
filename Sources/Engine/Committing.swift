// Signature, journal, send: what was asked once more before, and what the ticket remembers.
import Accounting
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

extension Machine {
    func commit(_ now: Now) {
        if now.mono_ms - reader.reading.at_ms > bookLife_ms {
            tryTickAgain("the book grew old while the order was prepared", now)
            return
        }
        if heldBack(now) { return }
        let price_micro = draft.price_micro(rules, failuresInRow: journal.failuresInRow)
        do throws(Refusal) {
            try draft.compile(book, signer: account.signer, feePrice_micro: price_micro)
        } catch {
            executionFailed(error.text, now)
            return
        }
        let (t, d, h) = (ticket, draft, hedges[draft.market])
        do throws(SignRefusal) {
            let bytes = try sign(d, into: t)
            d.fill(t, book, h, price_micro: price_micro, transactionBytes: bytes, now)
        } catch {
            ek_ticket_clear(t)
            notSigned(error, now)
            return
        }
        if heldBack(now) { return }
        if !save(now) {
            ek_ticket_clear(t)
            abandonOrder()
            finish(
                .error, "the order was not sent: its ticket could not be written to the state file",
                about: d.market, now)
            return
        }
        var mark = ek_fee_mark()
        ek_fee_mark_of(ek_book_user(book), h.perpIndex, &mark)
        var known = Tracking(
            market: d.market, inherited: false, feeMark: mark, endpoints: endpoints.all.count, now)
        known.flagged = userFlagged
        if d.settles { h.pauseSettling(now) }
        follow(known, now)
    }

    /// Signs the order into the ticket; the length of the transaction there.
    private func sign(_ d: Draft, into t: UnsafeMutablePointer<ek_ticket>) throws(SignRefusal) -> Int {
        let unfit = SignRefusal.refused("the signature does not fit the message", breaker: false)
        guard let signature = ek_ticket_signature(t) else { throw unfit }
        var claim = d.claim(book, equity_e6: hedges[d.market].view.a.equity_e6)
        let oracle = d.oracleBytes(book)
        var refusal: SignRefusal? = nil
        var len = 0
        var fits = false
        var key = account.signer
        d.message.withUnsafeBufferPointer { m in
            do throws(SignRefusal) {
                try effects.sign(m, claim: &claim, oracle: oracle, into: signature)
            } catch {
                refusal = error
                return
            }
            fits =
                ek_ed25519_verify(signature, m.baseAddress, m.count, &key) == EK_OK
                && ek_tx_assemble(
                    signature, 1, m.baseAddress, m.count, ek_ticket_tx(t), Int(EK_TICKET_TX_MAX), &len)
                    == EK_OK
        }
        if let r = refusal { throw r }
        if !fits { throw unfit }
        return len
    }

    private func notSigned(_ why: SignRefusal, _ now: Now) {
        let i = draft.market
        switch why {
        case .counterDisk:
            journal.halt()
            let t: Text =
                "the signer's state file cannot be written; live trading stops until the agent is restarted"
            note(.error, t)
            executionFailed(t, now)
        case .limit(let words, let until_s):
            let left_ms = UInt64(clamping: max(0, until_s - now.unix_s)).multipliedReportingOverflow(
                by: 1_000
            ).partialValue
            standing.signerHold = SignerHold(
                words: words, until_s: until_s, until_ms: now.mono_ms + left_ms,
                reducing: hedges[i].decision.reduce_only != 0)
            evaluateSendGates(hedges[i], now)
            abandonOrder()
            blocked(i, now)
        case .refused(let words, let breaker):
            if breaker { record.pointee.breaker_open = 1 }  // saved with the failure that is counted now
            executionFailed(words, now)
        }
    }

    /// What may have closed since the decision is asked before the order is signed, and at the last moment
    /// before anything leaves.
    private func heldBack(_ now: Now) -> Bool {
        let h = hedges[draft.market]
        evaluateSendGates(h, now)
        let open = !draft.isOrder || h.gates.allOpen
        let asked = draft.closing == closing
        if open && asked && !halted && !heldByPause && !modeDue && !effects.killSwitchOn { return false }
        ek_ticket_clear(ticket)
        withdraw(now)
        return true
    }

    /// Something closed between the decision and the send.
    private func withdraw(_ now: Now) {
        let (i, asked) = (draft.market, draft.closing == closing)
        abandonOrder()
        if heldByPause {
            finish(.paused, "Paused: nothing is traded until resume", about: i, now)
        } else if modeDue {
            finish(.paused, "Going to paper: the order was not sent", about: i, now)
        } else if halted {
            finish(.observeOnly, "the state file cannot be written; nothing is traded", about: i, now)
        } else if !asked {
            finish(.blocked, "flatten began or was stopped: the order was not sent", about: i, now)
        } else {
            if effects.killSwitchOn { evaluateGates(hedges[i], now) }
            blocked(i, now)
        }
    }
}
