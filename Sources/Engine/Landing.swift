// Did it land? Signatures, block heights and the account, each for what it proves (Execute/Tracking.swift has
// the rules); when enough endpoints say that it can have no effect any more, the account is read and has the
// last word.
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

extension Machine {
    // MARK: signatures

    func askStatus(_ now: Now) {
        if requests.has(.status) { return }
        var e = tracking.statusCandidate()
        if endpoints.all[e].foreign || endpoints.all[e].restUntil_ms > now.mono_ms {
            e = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag)
        }
        if endpoints.all[e].restUntil_ms > now.mono_ms { return }
        tracking.statusEndpoint = e + 1
        guard let s = ek_ticket_signature(ticket) else { return }
        let history = !tracking.witnesses[e].noHistory
        _ = post(.status, e) { r, id in
            r.status(id: id, signature: s, history: history) { effects.post(endpoint: e, id: id, body: $0) }
        }
    }

    /// Evidence counts also while the account is looked at: with equal periods it might come at no other
    /// time.
    private var gathering: Bool {
        stage == .watching || (stage == .settling && reader.reading.purpose == .resend)
    }

    func statusAnswered(_ a: Answer, _ e: Int, _ now: Now) {
        guard gathering else { return }
        let answer: (landing: Answers.Landing, slot: UInt64)
        do throws(Trouble) { answer = try Answers.status(a) } catch {
            noStatus(error, e, now)
            return
        }
        tracking.witnesses[e].statusErrors = 0
        endpoints.saw(answer.slot, at: e, now.mono_ms, confirmed: false)
        if case .unknown = answer.landing {} else { tracking.lookFirst = false }
        takeStatus(answer.landing, answer.slot, e, now)
        if stage == .watching {
            if min(tracking.statusDue_ms, tracking.sendDue_ms) <= now.mono_ms {
                schedule.phaseTimer_ms = now.mono_ms
            }
            armWatch()
        }
    }

    private func takeStatus(_ landing: Answers.Landing, _ slot: UInt64, _ e: Int, _ now: Now) {
        let pastExpiry = tracking.witnesses[e].pastAtSlot.map { slot >= $0 } ?? false
        switch landing {
        case .landed(let at):
            // A node that says "landed" and shows nothing of it proves neither; past the expiry it counts as
            // one that shows nothing.
            if tracking.witnesses[e].contradicted && pastExpiry {
                unlanded(e, now)
            } else {
                tracking.landedBy = e
                landed(min(at, slot), now)
            }
        case .failed(_, let error):
            tracking.error = error
            tracking.witnesses[e].saidFailed = true
            if pastExpiry || tracking.witnesses.filter({ $0.saidFailed }).count >= 2 { unlanded(e, now) }
        case .processed: break
        case .unsaid:
            // In a block, but how firm that is was not said: the account tells.
            if !tracking.witnesses[e].statusSaid {
                tracking.witnesses[e].statusSaid = true
                note(
                    .warning,
                    """
                    endpoint \(e + 1): getSignatureStatuses: the status does not say how firmly \
                    it stands; the account is looked at
                    """)
            }
            if pastExpiry {
                unlanded(e, now)
            } else {
                tracking.sendDue_ms = min(tracking.sendDue_ms, now.mono_ms + 500)
            }
        case .unknown:
            if tracking.lookFirst {
                // Looked for and not there: from now on the same bytes are sent again until found or expired.
                tracking.lookFirst = false
                tracking.sendDue_ms = now.mono_ms
            }
            if pastExpiry { unlanded(e, now) }
        }
    }

    /// A node that gave no status: first it is asked without the history, which many nodes do not keep; then
    /// it counts as one that knows none.
    private func noStatus(_ why: Trouble, _ e: Int, _ now: Now) {
        var w = tracking.witnesses[e]
        let first = !w.statusSaid
        // nobody answered: the endpoint's own trouble
        let unreached = why.code == 0 && endpoints.all[e].failuresInRow > 0
        w.statusSaid = w.statusSaid || !unreached
        var t: Text = "endpoint \(e + 1): getSignatureStatuses: \(why.text)"
        if !w.noHistory && !unreached {
            w.noHistory = true
            t.put("; asking without the transaction history")
            tracking.statusDue_ms = min(tracking.statusDue_ms, now.mono_ms + 200)
        } else {
            w.statusErrors = min(w.statusErrors + 1, 200)
        }
        tracking.witnesses[e] = w
        if w.statusBlind && w.pastAtSlot != nil && !w.unknownAfter { unlanded(e, now) }
        note(first && !unreached ? .warning : .debug, t)
        armWatch()
    }

    // MARK: block heights

    func askEpoch(_ e: Int) {
        if requests.has(.epoch, at: e) || requests.has(.hashHeight, at: e)
            || endpoints.all[e].restUntil_ms > clock.mono_ms
        {
            return
        }
        // A node that does not offer the one method tells its height by the other, too.
        if tracking.witnesses[e].heightByHash {
            _ = askHashHeight(e, finalized: true)
        } else {
            _ = post(.epoch, e) { r, id in
                r.epoch(id: id, finalized: true) { effects.post(endpoint: e, id: id, body: $0) }
            }
        }
    }

    func askHashHeight(_ e: Int, finalized: Bool) -> Bool {
        post(.hashHeight, e) { r, id in
            r.blockhash(id: id, finalized: finalized) { effects.post(endpoint: e, id: id, body: $0) }
        }
    }

    func epochAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard gathering else { return }
        do throws(Trouble) {
            let e = try Answers.epoch(a)
            heightTold(e.slot, e.height, endpoint, now)
        } catch {
            noHeight("getEpochInfo", error, endpoint, now)
        }
    }

    /// The same by getLatestBlockhash: the last height at which the newest blockhash is valid is 150 blocks
    /// past the bank's own.
    func hashHeightAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        let preparing = stage == .preparing
        guard gathering || preparing else { return }
        do throws(Trouble) {
            let b = try Answers.blockhash(a)
            guard b.lastValidHeight > blockhashLife_blocks else {
                throw Trouble("the last valid block height is no height")
            }
            let height = b.lastValidHeight - blockhashLife_blocks
            if preparing {
                preparedByHash((b.slot, height), now)
            } else {
                heightTold(b.slot, height, endpoint, now)
            }
        } catch {
            if preparing {
                noHeight(error, endpoint, now)
            } else {
                noHeight("getLatestBlockhash", error, endpoint, now)
            }
        }
    }

    /// A bank of this endpoint: its slot and block height.
    private func heightTold(_ slot: UInt64, _ height: UInt64, _ e: Int, _ now: Now) {
        do throws(Trouble) { try checkLeap(slot, at: e, now) } catch {
            note(.debug, error.text)
            armWatch()
            return
        }
        tracking.witnesses[e].heightErrors = 0
        // Blocks are never faster than slots: a height that is past before as many slots have gone by is not
        // believed.
        let slots = ticket.pointee.book_slot + blockhashLife_blocks
        let past = height > ticket.pointee.last_valid_block_height && slot >= slots
        if past && tracking.witnesses[e].pastAtSlot == nil {
            tracking.witnesses[e].pastAtSlot = slot
            if tracking.pastAt_ms == nil { tracking.pastAt_ms = now.mono_ms }
            tracking.statusDue_ms = now.mono_ms
            if tracking.witnesses[e].statusBlind { unlanded(e, now) }
        }
        armWatch()
    }

    private func noHeight(_ method: StaticString, _ why: Trouble, _ e: Int, _ now: Now) {
        var w = tracking.witnesses[e]
        let unreached = why.code == 0 && endpoints.all[e].failuresInRow > 0
        if !unreached {
            w.heightErrors = min(w.heightErrors + 1, 200)
            w.heightByHash.toggle()
        }
        note(w.heightSaid || unreached ? .debug : .warning, "endpoint \(e + 1): \(method): \(why.text)")
        w.heightSaid = w.heightSaid || !unreached
        tracking.witnesses[e] = w
        armWatch()
    }

    // MARK: the last word

    /// This endpoint's word that the order has no effect and can have none any more.
    private func unlanded(_ e: Int, _ now: Now) {
        tracking.witnesses[e].unknownAfter = true
        if tracking.proofAt_ms == nil { tracking.proofAt_ms = now.mono_ms }
        // Enough endpoints agree? Then the User has the last word.
        if let slot = tracking.expiryProof(endpoints, now) { readAccount(.proof, minSlot: slot, now) }
    }

    /// The User of a slot past the expiry. Its next_order_id tells whether the order ever existed.
    func proofBookRead(_ now: Now) {
        let t = ticket.pointee
        let out = outcome(of: ticket, in: book)
        if ek_kind_orders(t.kind) == 0 {
            // It uses no order id: its proof is whether the order it was to cancel is still live, or whether
            // anything was settled. Its effect is attested like the end of any order.
            if let o = out, o.outcome != UInt8(EK_OUT_RESTING), o.outcome != UInt8(EK_OUT_PARTIAL_RESTING),
                o.outcome != UInt8(EK_OUT_NOT_PLACED)
            {
                over(o, now)
            } else {
                ticketEnded(UInt8(tracking.error != nil ? EK_OUT_FAILED : EK_OUT_EXPIRED), nil, now)
            }
            return
        }
        let moved = book.pointee.user.next_order_id != t.next_order_id_before
        guard let o = out, moved, o.found != 0 || o.filled_base_e9 != 0 else {
            noEffect(moved: moved, now)
            return
        }
        // The order is there although nobody knew the signature: the account is the truth.
        note(
            .warning,
            """
            the order is on the account although its signature was not found; what the account says counts
            """)
        landedByAccount(now)
    }

    private func noEffect(moved: Bool, _ now: Now) {
        let new = !tracking.witnesses[readEndpoint].noEffect
        // No effect is proven at a slot past the expiry alone, as the one of this book.
        let slot = wordSlot(unknown: book.pointee.slot, now)
        guard tracking.noEffect(by: readEndpoint, at: slot, endpoints) else {
            // Other endpoints' accounts; where they rest, this one is read again meanwhile.
            schedule.phaseTimer_ms = now.mono_ms + (new ? 0 : settleEvery_ms)
            return
        }
        let failed = tracking.error != nil
        // Other orders moved the account, and no node could say of this one's signature that it is unknown.
        if moved && !failed { tracking.unsure = tracking.nobodyKnows }
        ticketEnded(
            UInt8(failed ? EK_OUT_FAILED : tracking.contradicted ? EK_OUT_NOT_PLACED : EK_OUT_EXPIRED), nil,
            now)
    }

    private func landed(_ slot: UInt64, _ now: Now) {
        ticket.pointee.landed_slot = slot
        ticket.pointee.state = UInt8(EK_TICKET_LANDED)
        readAccount(.settle, minSlot: slot, now)
    }

    /// "Landed", but a User of that slot or a later one has used no order id: two facts that disagree. The
    /// ticket stays open and is watched until the account shows the order or the block height proves that it
    /// never will.
    func contradiction(by e: Int?, _ now: Now) {
        if !tracking.contradicted {
            note(
                .warning,
                "the node says the transaction landed, the account shows nothing of it; waiting for proof")
        }
        tracking.contradicted = true
        if let k = e { tracking.witnesses[k].contradicted = true }
        tracking.landedBy = nil
        tracking.statusDue_ms = now.mono_ms + 2_000
        tracking.epochDue_ms = min(tracking.epochDue_ms, now.mono_ms + 2_000)
        enter(.watching(tracking))
        armWatch()
    }
}
