// Did it land? Signatures, block heights and the account, each for what it proves (Watching.swift has the rules); when enough endpoints say
// that it can have no effect any more, the account is read and has the last word.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    func askStatus(_ now: Now) {
        if outstanding.contains(where: { $0.ask == .status }) { return }
        var e = watch.statusEndpoint % max(1, endpoints.all.count)
        // Endpoints that are needed for a proof of expiry come first, then everybody in turn.
        for k in 0..<endpoints.all.count where watch.expiredAt[k] != 0 && !watch.unknownAfter[k] && !watch.statusBlind(k) { e = k }
        if endpoints.all[e].foreign || endpoints.all[e].restUntil_ms > now.mono_ms { e = endpoints.pick(now_ms: now.mono_ms, maxLag_slots: rules.maxSlotLag) }
        if endpoints.all[e].restUntil_ms > now.mono_ms { return }
        watch.statusEndpoint = e + 1
        guard let s = ek_ticket_signature(ticket) else { return }
        let history = !watch.noHistory[e]
        _ = post(.status, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.status(id: id, signature: s, history: history) { host.post(endpoint: e, id: id, body: $0) }
        }
    }

    func askEpoch(_ e: Int) {
        if outstanding.contains(where: { $0.endpoint == e && ($0.ask == .epoch || $0.ask == .hashHeight) })
            || endpoints.all[e].restUntil_ms > clock.mono_ms { return }
        // A node that does not offer the one method tells its height by the other, too.
        if watch.heightByHash[e] {
            _ = post(.hashHeight, e) { (r: inout Requests, id: UInt32) -> Bool in
                r.finalizedBlockhash(id: id) { host.post(endpoint: e, id: id, body: $0) }
            }
            return
        }
        _ = post(.epoch, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.epoch(id: id, finalized: true) { host.post(endpoint: e, id: id, body: $0) }
        }
    }

    /// Evidence counts also while the account is looked at: with equal periods it might come at no other time.
    var gathering: Bool { phase == .watching || (phase == .settling && reading.purpose == .resend) }

    /// A node that gave no status: first it is asked without the history, which many nodes do not keep; then it counts as one that knows none.
    func noStatus(_ why: Trouble, _ e: Int, _ now: Now) {
        let first = !watch.statusSaid[e]
        let unreached = why.code == 0 && endpoints.all[e].failuresInRow > 0        // nobody answered: the endpoint's own trouble
        watch.statusSaid[e] = watch.statusSaid[e] || !unreached
        var t: Text = "endpoint \(e + 1): getSignatureStatuses: \(why.text)"
        if !watch.noHistory[e] && !unreached {
            watch.noHistory[e] = true
            t.put("; asking without the transaction history")
            watch.statusDue_ms = min(watch.statusDue_ms, now.mono_ms + 200)
        } else {
            watch.statusErrors[e] = min(watch.statusErrors[e] + 1, 200)
            if watch.statusBlind(e) && watch.expiredAt[e] != 0 && !watch.unknownAfter[e] { unlanded(e, now) }
        }
        note(first && !unreached ? .warning : .debug, t)
        armWatch()
    }

    func statusAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard gathering else { return }
        let answer: (landing: Answers.Landing, slot: UInt64)
        do throws(Trouble) { answer = try Answers.status(a) } catch {
            noStatus(error, endpoint, now)
            return
        }
        watch.statusErrors[endpoint] = 0
        endpoints.saw(answer.slot, at: endpoint, now.mono_ms, confirmed: false)
        let pastExpiry = watch.expiredAt[endpoint] != 0 && answer.slot >= watch.expiredAt[endpoint]
        if case .unknown = answer.landing {} else { watch.lookFirst = false }
        switch answer.landing {
        case .landed(let slot):
            // A node that says "landed" and shows nothing of it proves neither; past the expiry it counts as one that shows nothing.
            if !(watch.contradictedBy & (1 << UInt32(endpoint)) != 0 && pastExpiry) {
                watch.landedBy = endpoint
                landed(min(slot, answer.slot), now)
                return
            }
            unlanded(endpoint, now)
        case .failed(_, let error):
            watch.error = error
            watch.saidFailed[endpoint] = true
            var saying = 0
            for f in watch.saidFailed where f { saying += 1 }
            if pastExpiry || saying >= 2 { unlanded(endpoint, now) }
        case .processed: break
        case .unsaid:
            // In a block, but how firm that is was not said: the account tells.
            if !watch.statusSaid[endpoint] {
                watch.statusSaid[endpoint] = true
                let t: Text = """
                    endpoint \(endpoint + 1): getSignatureStatuses: the status does not say how firmly \
                    it stands; the account is looked at
                    """
                note(.warning, t)
            }
            if pastExpiry { unlanded(endpoint, now) } else { watch.sendDue_ms = min(watch.sendDue_ms, now.mono_ms + 500) }
        case .unknown:
            if watch.lookFirst {
                // Looked for and not there: from now on the same bytes are sent again until found or expired.
                watch.lookFirst = false
                watch.sendDue_ms = now.mono_ms
            }
            if pastExpiry { unlanded(endpoint, now) }
        }
        if phase == .watching {
            if watch.statusDue_ms <= now.mono_ms || watch.sendDue_ms <= now.mono_ms { schedule.phaseTimer_ms = now.mono_ms }
            armWatch()
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

    /// The same by getLatestBlockhash: the last height at which the newest blockhash is valid is 150 blocks past the bank's own.
    func hashHeightAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        guard gathering else { return }
        do throws(Trouble) {
            let b = try Answers.blockhash(a)
            guard b.lastValidHeight > blockhashLife_blocks else { throw Trouble("the last valid block height is no height") }
            heightTold(b.slot, b.lastValidHeight - blockhashLife_blocks, endpoint, now)
        } catch {
            noHeight("getLatestBlockhash", error, endpoint, now)
        }
    }

    /// A bank of this endpoint: its slot and block height.
    func heightTold(_ slot: UInt64, _ height: UInt64, _ endpoint: Int, _ now: Now) {
        if let t = leap(slot, at: endpoint, now) {
            note(.debug, t.text)
            armWatch()
            return
        }
        watch.heightErrors[endpoint] = 0
        // Blocks are never faster than slots: a height that is past before as many slots have gone by is not believed.
        let slots = ticket.pointee.book_slot + blockhashLife_blocks
        if height > ticket.pointee.last_valid_block_height && slot >= slots && watch.expiredAt[endpoint] == 0 {
            watch.expiredAt[endpoint] = slot
            if watch.pastAt_ms == 0 { watch.pastAt_ms = now.mono_ms }
            watch.statusDue_ms = now.mono_ms
            if watch.statusBlind(endpoint) { unlanded(endpoint, now) }
        }
        armWatch()
    }

    func noHeight(_ method: StaticString, _ why: Trouble, _ e: Int, _ now: Now) {
        let unreached = why.code == 0 && endpoints.all[e].failuresInRow > 0
        if !unreached {
            watch.heightErrors[e] = min(watch.heightErrors[e] + 1, 200)
            watch.heightByHash[e].toggle()
        }
        let t: Text = "endpoint \(e + 1): \(method): \(why.text)"
        note(watch.heightSaid[e] || unreached ? .debug : .warning, t)
        watch.heightSaid[e] = watch.heightSaid[e] || !unreached
        armWatch()
    }

    /// This endpoint's word that the order has no effect and can have none any more.
    func unlanded(_ endpoint: Int, _ now: Now) {
        watch.unknownAfter[endpoint] = true
        if watch.proofAt_ms == 0 { watch.proofAt_ms = now.mono_ms }
        expiryProven(now)
    }

    /// Enough endpoints agree? Then the User has the last word.
    func expiryProven(_ now: Now) {
        var agreeing = 0
        var silent = 0
        var slot: UInt64 = 0
        for e in 0..<endpoints.all.count where watch.unknownAfter[e] || watch.saidFailed[e] {
            agreeing += 1
            slot = max(slot, watch.expiredAt[e])
        }
        for e in 0..<endpoints.all.count where !endpoints.all[e].foreign && !watch.unknownAfter[e] && !watch.saidFailed[e] {
            // Dead, or alive and standing still behind the slot of the proof, or unable to tell a height.
            if endpoints.all[e].failuresInRow >= 3 || endpoints.all[e].slot < slot || watch.heightBlind(e) { silent += 1 }
        }
        let needed = endpoints.quorum
        // A second endpoint that has been dead or frozen for two minutes cannot hold the book hostage.
        let alone = agreeing + silent == endpoints.usable && now.mono_ms - watch.proofAt_ms > 120_000
        guard agreeing >= needed || (agreeing >= 1 && alone) else { return }
        phase = .settling
        reading.attempts = 0
        read(.proof, minSlot: slot, now)
    }

    /// The User of a slot past the expiry. Its next_order_id tells whether the order ever existed.
    func proofBookRead(_ now: Now) {
        var out = ek_outcome()
        let err = ek_outcome_of(ticket, ek_book_user(book), book.pointee.clock.unix_timestamp, &out)
        if ticket.pointee.kind == UInt8(EK_KIND_CANCEL) {
            // A cancel uses no order id: its proof is whether the order it was for is still live.
            let live = err != EK_OK || out.outcome == UInt8(EK_OUT_RESTING) || out.outcome == UInt8(EK_OUT_PARTIAL_RESTING)
            chainError = watch.error
            ended(live ? UInt8(chainError != nil ? EK_OUT_FAILED : EK_OUT_EXPIRED) : out.outcome, nil, now)
            return
        }
        if book.pointee.user.next_order_id == ticket.pointee.next_order_id_before || err != EK_OK
            || (out.found == 0 && out.filled_base_e9 == 0) {
            let before = watch.noEffectBy
            if before == 0 { watch.saidAt_slot = book.pointee.slot }
            watch.noEffectBy |= 1 << UInt32(reading.endpoint)
            let alone = endpoints.usable < 2 || othersSilent(reading.endpoint)
            if !alone && watch.noEffectBy.nonzeroBitCount < endpoints.quorum {
                // Other endpoints' accounts; where they rest, this one is read again meanwhile.
                schedule.phaseTimer_ms = now.mono_ms + (watch.noEffectBy != before ? 0 : settleEvery_ms)
                return
            }
            chainError = watch.error
            // Other orders moved the account, and no node could say of this one's signature that it is unknown.
            if book.pointee.user.next_order_id != ticket.pointee.next_order_id_before && chainError == nil { watch.unsure = nobodyKnows }
            let skipped = watch.contradicted && watch.error == nil
            ended(UInt8(chainError != nil ? EK_OUT_FAILED : skipped ? EK_OUT_NOT_PLACED : EK_OUT_EXPIRED), nil, now)
            return
        }
        // The order is there although nobody knew the signature: the account is the truth.
        note(.warning, "the order is on the account although its signature was not found; going on with what the account says")
        landedByAccount(now)
    }

    /// No endpoint that is past the expiry looked the signature up.
    var nobodyKnows: Bool {
        for e in 0..<endpoints.all.count where watch.unknownAfter[e] && !watch.statusBlind(e) { return false }
        return true
    }

    func landed(_ slot: UInt64, _ now: Now) {
        ticket.pointee.landed_slot = slot
        ticket.pointee.state = UInt8(EK_TICKET_LANDED)
        phase = .settling
        reading.attempts = 0
        read(.settle, minSlot: slot, now)
    }

    /// "Landed", but a User of that slot or a later one has used no order id: two facts that disagree. The ticket stays open and is
    /// watched until the account shows the order or the block height proves that it never will.
    func contradiction(_ now: Now) {
        if !watch.contradicted {
            note(.warning, "the node says the transaction landed, the account shows nothing of it; waiting for proof")
        }
        watch.contradicted = true
        watch.contradictedBy |= 1 << UInt32(reading.endpoint)
        watch.landedBy = -1
        phase = .watching
        watch.statusDue_ms = now.mono_ms + 2_000
        watch.epochDue_ms = min(watch.epochDue_ms, now.mono_ms + 2_000)
        armWatch()
    }
}
