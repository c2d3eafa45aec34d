// Reading JSON-RPC answers: from bytes on the wire to one fact, or to words that say what was wrong with
// them.
import EvenkeelCore
import Text

package enum Answers {
    /// What is wrong on the wire or in the HTTP status, or nil.
    package static func wireTrouble(_ a: Answer) -> Trouble? {
        switch a.wire {
        case .ok: break
        case .timeout:
            return Trouble("RPC connection timeout", of: a,
                           remedy: "it is slow or cannot be reached; use a nearer one or raise timeout_ms")
        case .connect:
            return Trouble("RPC connection refused", of: a,
                           remedy: "nothing listens there; look at host and port of the URL")
        case .unreachable:
            return Trouble("RPC host cannot be reached", of: a,
                           remedy: "look at this machine's network and firewall")
        case .name:
            return Trouble("RPC host name not found", of: a,
                           remedy: "look at the host in the URL and at this machine's DNS")
        case .proxy:
            return Trouble("RPC proxy does not answer or refuses", of: a,
                           remedy: "https_proxy or all_proxy names it; correct or unset it for the agent")
        case .tls:
            return Trouble("RPC TLS handshake or certificate refused", of: a,
                           remedy: "look at this machine's clock and ca-certificates")
        case .broken: return Trouble("RPC connection closed before the answer was whole", of: a)
        case .tooLarge: return Trouble("RPC answer larger than 1 MiB", of: a)
        }
        if a.status == 200 { return nil }
        var t: Text = "RPC answered HTTP \(a.status)"
        if a.status == 429 { t.put(" (rate limit)") }
        let said = ProviderWords.ofBody(a.body)
        if !said.isEmpty { t.put(", \(said)") }
        return Trouble(t, of: a, remedy: remedy(status: a.status))
    }

    /// A JSON-RPC error object in words: "RPC error -32016: Minimum context slot has not been reached".
    private static func rpcError(_ e: ek_json, _ a: Answer) -> Trouble {
        var t = Text("RPC error")
        var code: Int64 = 0
        var v = ek_json()
        if ek_json_member(e, "code", &v) == EK_OK && ek_json_i64(v, &code) == EK_OK {
            t.put(" \(code)")
        }
        if ek_json_member(e, "message", &v) == EK_OK {
            t.put(": \(ProviderWords.of(v))")
        }
        return Trouble(t, of: a, code: code, remedy: remedy(code: code))
    }

    /// Outside words, cut to a length and to printable ASCII: they end up in logs and terminals.
    package static func printable(_ v: ek_json, limit: Int) -> Text {
        var out = Text()
        var n = 0
        guard let raw = ek_json_raw(v, &n), n >= 2, ek_json_kind(v) == 0x22 else { return out }
        for i in 1..<(n - 1) {
            if out.count >= limit { break }
            let b = raw[i]
            out.put(byte: b >= 0x20 && b < 0x7F ? b : 0x3F)
        }
        return out
    }

    /// The `result` of an answer whose id is the one that was asked with.
    package static func result(_ a: Answer) throws(Trouble) -> ek_json {
        if let t = wireTrouble(a) {
            // Some nodes explain a non-200 status with a JSON-RPC error; the status alone is enough to act
            // on.
            throw t
        }
        var root = ek_json()
        guard let p = a.body.baseAddress, a.body.count > 0 else {
            throw Trouble("RPC answer is empty", of: a)
        }
        guard ek_json_root(p, a.body.count, &root) == EK_OK else {
            throw Trouble("RPC answer is not valid JSON", of: a)
        }
        var v = ek_json()
        guard ek_json_kind(root) == 0x7B else {
            throw Trouble("RPC answer is not a JSON object", of: a)
        }
        if ek_json_member(root, "error", &v) == EK_OK && ek_json_kind(v) == 0x7B { throw rpcError(v, a) }
        var id: UInt64 = 0
        guard ek_json_member(root, "id", &v) == EK_OK, ek_json_u64(v, &id) == EK_OK, id == UInt64(a.id)
        else {
            throw Trouble("RPC answer belongs to another request", of: a)
        }
        guard ek_json_member(root, "result", &v) == EK_OK else {
            throw Trouble("RPC answer has no result", of: a)
        }
        return v
    }

    package static func contextSlot(_ result: ek_json, _ a: Answer) throws(Trouble) -> UInt64 {
        var v = ek_json()
        var slot: UInt64 = 0
        guard ek_json_path(result, "context.slot", &v) == EK_OK, ek_json_u64(v, &slot) == EK_OK else {
            throw Trouble("RPC answer has no context slot", of: a)
        }
        return slot
    }

    package struct Blockhash {
        package var hash: ek_key
        package var lastValidHeight: UInt64
        package var slot: UInt64

        package init(hash: ek_key, lastValidHeight: UInt64, slot: UInt64) {
            self.hash = hash
            self.lastValidHeight = lastValidHeight
            self.slot = slot
        }
    }

    package static func blockhash(_ a: Answer) throws(Trouble) -> Blockhash {
        let r = try result(a)
        var v = ek_json()
        var out = Blockhash(hash: ek_key(), lastValidHeight: 0, slot: try contextSlot(r, a))
        guard ek_json_path(r, "value.blockhash", &v) == EK_OK, ek_json_key(v, &out.hash) == EK_OK,
              ek_json_path(r, "value.lastValidBlockHeight", &v) == EK_OK,
              ek_json_u64(v, &out.lastValidHeight) == EK_OK, out.lastValidHeight > 0
        else { throw Trouble("the answer has no blockhash or height", of: a) }
        return out
    }

    /// The asked percentile of the recent priority fees, in micro-lamports a compute unit. An empty list is
    /// 0.
    package static func feePercentile(_ a: Answer, percentile: Int) throws(Trouble) -> UInt64 {
        let r = try result(a)
        guard ek_json_kind(r) == 0x5B else { throw Trouble("the answer is no list", of: a) }
        var fees: [UInt64] = []
        fees.reserveCapacity(160)
        var it = ek_json_over(r)
        var item = ek_json()
        while fees.count < 1024 && ek_json_next(&it, nil, &item) != 0 {
            var v = ek_json()
            var fee: UInt64 = 0
            guard ek_json_member(item, "prioritizationFee", &v) == EK_OK, ek_json_u64(v, &fee) == EK_OK else {
                throw Trouble("the answer has an entry without a fee", of: a)
            }
            fees.append(fee)
        }
        if fees.isEmpty { return 0 }
        fees.sort()
        return fees[min(fees.count - 1, fees.count * percentile / 100)]
    }

    package enum Landing {
        case unknown
        case processed
        /// In a block; how firm that is was not said.
        case unsaid
        case landed(slot: UInt64)
        case failed(slot: UInt64, error: ChainError)
    }

    /// One signature's fate and the slot of the bank that said so.
    package static func status(_ a: Answer) throws(Trouble) -> (landing: Landing, slot: UInt64) {
        let r = try result(a)
        let slot = try contextSlot(r, a)
        var entry = ek_json()
        guard ek_json_path(r, "value.0", &entry) == EK_OK else {
            throw Trouble("the answer has no entry", of: a)
        }
        if ek_json_kind(entry) == 0x6E { return (.unknown, slot) }
        var v = ek_json()
        var at: UInt64 = 0
        guard ek_json_member(entry, "slot", &v) == EK_OK, ek_json_u64(v, &at) == EK_OK
        else { throw Trouble("the answer has an entry without a slot", of: a) }
        // Some providers leave the word out, or have one of their own. No count of confirmations means:
        // rooted.
        let said = ek_json_member(entry, "confirmationStatus", &v) == EK_OK
        if said && ek_json_text_is(v, "processed") != 0 { return (.processed, slot) }
        if !said || (ek_json_text_is(v, "confirmed") == 0 && ek_json_text_is(v, "finalized") == 0) {
            guard ek_json_member(entry, "confirmations", &v) == EK_OK, ek_json_kind(v) == 0x6E else {
                return (.unsaid, slot)
            }
        }
        guard ek_json_member(entry, "err", &v) == EK_OK else {
            throw Trouble("the answer has an entry without err", of: a)
        }
        if ek_json_kind(v) == 0x6E { return (.landed(slot: at), slot) }
        return (.failed(slot: at, error: ChainError(v)), slot)
    }

    package static func epoch(_ a: Answer) throws(Trouble) -> (slot: UInt64, height: UInt64) {
        let r = try result(a)
        var v = ek_json()
        var slot: UInt64 = 0
        var height: UInt64 = 0
        guard ek_json_member(r, "absoluteSlot", &v) == EK_OK, ek_json_u64(v, &slot) == EK_OK,
              ek_json_member(r, "blockHeight", &v) == EK_OK, ek_json_u64(v, &height) == EK_OK
        else { throw Trouble("the answer has no slot or block height", of: a) }
        return (slot, height)
    }

    /// What a node says of itself.
    package enum Health: Equatable {
        case well
        case behind(slots: UInt64)
    }

    /// getHealth. A node that lags says by how much; the same code without a number is a provider's rate
    /// limit, or a node that does not know, and gives no fact.
    package static func health(_ a: Answer) throws(Trouble) -> Health {
        if a.wire == .ok, let slots = slotsBehind(a) { return .behind(slots: slots) }
        let r = try result(a)
        guard ek_json_text_is(r, "ok") != 0 else { throw Trouble("the answer is not ok", of: a) }
        return .well
    }

    private static func slotsBehind(_ a: Answer) -> UInt64? {
        var root = ek_json()
        var v = ek_json()
        var code: Int64 = 0
        var id: UInt64 = 0
        var slots: UInt64 = 0
        guard let p = a.body.baseAddress, ek_json_root(p, a.body.count, &root) == EK_OK,
              ek_json_member(root, "id", &v) == EK_OK, ek_json_u64(v, &id) == EK_OK, id == UInt64(a.id),
              ek_json_path(root, "error.code", &v) == EK_OK, ek_json_i64(v, &code) == EK_OK,
              code == nodeIsBehind,
              ek_json_path(root, "error.data.numSlotsBehind", &v) == EK_OK, ek_json_u64(v, &slots) == EK_OK
        else { return nil }
        return slots
    }

    package struct Simulated {
        package var error: ChainError?
        package var units: UInt64
        package var slot: UInt64
        package var value: ek_json

        package init(error: ChainError?, units: UInt64, slot: UInt64, value: ek_json) {
            self.error = error
            self.units = units
            self.slot = slot
            self.value = value
        }
    }

    package static func simulated(_ a: Answer) throws(Trouble) -> Simulated {
        let r = try result(a)
        let slot = try contextSlot(r, a)
        var value = ek_json()
        var v = ek_json()
        guard ek_json_member(r, "value", &value) == EK_OK, ek_json_member(value, "err", &v) == EK_OK else {
            throw Trouble("the answer has no verdict", of: a)
        }
        if ek_json_kind(v) != 0x6E {
            return Simulated(error: ChainError(v), units: 0, slot: slot, value: value)
        }
        var units: UInt64 = 0
        guard ek_json_member(value, "unitsConsumed", &v) == EK_OK, ek_json_u64(v, &units) == EK_OK else {
            throw Trouble("the answer has no compute units", of: a)
        }
        return Simulated(error: nil, units: units, slot: slot, value: value)
    }
}
