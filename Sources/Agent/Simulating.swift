// A simulation of exactly the order that is meant, without a signature, and the comparison of the simulated account with what it is to be.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    func simulate(kind: UInt8, _ now: Now) {
        phase = .simulating
        if order.params.user_order_id == 0 && kind != UInt8(EK_KIND_CANCEL) { order.params.user_order_id = nextOrderId() }
        if let t = shape(kind) ?? compile(limit: computeLimitForSimulation, feePrice_micro: 0) {
            executionFailed(t, now)
            return
        }
        if !postSimulation(.simulate, reading.endpoint, minSlot: book.pointee.slot) { tryTickAgain(Trouble("too many requests under way"), now) }
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
    func nextOrderId() -> UInt8 {
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
            if order.kind == UInt8(EK_KIND_TAKE), let code = e.custom, code == ProgramError.takeConditionFailed || code == ProgramError.impossibleFill {
                note(.info, "the venue cannot fill the whole size at once; placing a price-bounded auction order instead")
                simulate(kind: UInt8(EK_KIND_PLACE), now)
                return
            }
            noteRefused(e.custom)
            let t: Text = "simulation refused the order: \(e.name(venue))"
            executionFailed(t, now)
            return
        }
        if let t = compareSimulated(s) {
            executionFailed(t, now)
            return
        }
        if cancelling == nil && !gatesOpen {                      // the cost gate has read the simulated fill
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
    func compareSimulated(_ s: Answers.Simulated) -> Text? {
        var entry = ek_json()
        var v = ek_json()
        var len = 0
        guard ek_json_path(s.value, "accounts.0", &entry) == EK_OK, ek_json_path(entry, "data.0", &v) == EK_OK,
              ek_json_base64(v, work, workCap, &len) == EK_OK
        else { return "the simulation returned no account to compare" }
        var owner = ek_key()
        guard ek_json_member(entry, "owner", &v) == EK_OK, ek_json_key(v, &owner) == EK_OK, same(owner, ek_venue_program(venue).pointee) else {
            return "the simulated account is not the venue's"
        }
        var after = ek_user()
        guard ek_decode_user(venue, work, len, &after) == EK_OK else { return "the simulated account cannot be decoded" }
        var words: Text? = nil
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
            guard let base = text.baseAddress else { return }
            var intent = order.intent
            if ek_verify_simulated(ek_book_user(book), &after, &intent, base) != EK_OK {
                let t: Text = "the simulated account is not what the order means: \(c: base)"
                words = t
            }
        }
        if words == nil && cancelling == nil {
            knowFee(units: s.units)
            if order.kind == UInt8(EK_KIND_TAKE) { costOfTake(&after) } else { costGate(true, clock) }
        }
        return words
    }

    // MARK: signature, journal, send
}
