// Transactions over the wire: sending, simulating, asking what became of them.
import EvenkeelCore
import Text

extension ChainNode {
    private func raw(_ v: Value, _ c: Value, kind: StaticString) throws(RpcError) -> [UInt8] {
        guard let text = v.text else {
            throw RpcError(-32602, "Invalid params: invalid type: expected a string.")
        }
        let enc = c["encoding"]
        var out = [UInt8](repeating: 0, count: 2048), n = 0
        if enc.equals("base64") {
            if text.bytes.count > 1644 {
                throw tooLarge(kind, text.bytes.count, max: "1644", encoding: "base64")
            }
            guard ek_base64_decode(text.bytes, text.bytes.count, &out, out.count, &n) == EK_OK else {
                throw RpcError(-32602, "invalid base64 encoding: InvalidByte")
            }
        } else if enc.equals("base58") || !enc.exists {
            if text.bytes.count > 1683 {
                throw tooLarge(kind, text.bytes.count, max: "1683", encoding: "base58")
            }
            guard let d = longBase58(text.bytes) else {
                throw RpcError(-32602, "invalid base58 encoding: InvalidCharacter")
            }
            return d
        } else {
            throw RpcError(-32602,
                           "unsupported encoding: \(enc.text ?? ""). Supported encodings: base58, base64")
        }
        out.removeLast(out.count - n)
        return out
    }

    private func tooLarge(_ kind: StaticString, _ n: Int, max: StaticString,
                          encoding: StaticString) -> RpcError {
        RpcError(-32602, "\(encoding) encoded \(kind) too large: \(n) bytes (max: encoded/raw \(max)/1232)")
    }

    /// Base58 of a whole transaction: too long for the core's general decoder, so digit by digit.
    private func longBase58(_ text: [UInt8]) -> [UInt8]? {
        let alphabet: StaticString = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
        var out: [UInt8] = [], zeros = 0, leading = true
        for c in text {
            var d = -1
            for i in 0..<58 where alphabet.utf8Start[i] == c { d = i }
            if d < 0 { return nil }
            if leading && d == 0 { zeros += 1 } else { leading = false }
            for i in out.indices {
                d += Int(out[i]) * 58
                out[i] = UInt8(d & 255)
                d >>= 8
            }
            while d > 0 { out.append(UInt8(d & 255)); d >>= 8 }
        }
        return [UInt8](repeating: 0, count: zeros) + out.reversed()
    }

    private func parse(_ b: [UInt8], kind: StaticString) throws(RpcError) -> Transaction {
        if b.count > 1232 { throw tooLarge(kind, (b.count + 2) / 3 * 4, max: "1644", encoding: "base64") }
        let (t, bad) = Reader.transaction(b)
        if bad == .sanitize {
            throw RpcError(-32602,
                           "invalid transaction: Transaction failed to sanitize accounts offsets correctly")
        }
        if let f = bad { throw RpcError(-32602, "failed to deserialize \(kind): \(f.text)") }
        return t
    }

    func send(_ p: Params, _ fault: Fault?, _ out: inout Text) throws(RpcError) {
        let c = try config(p, 1)
        let kind: StaticString = "solana_transaction::versioned::VersionedTransaction"
        let t = try parse(try raw(p[0], c, kind: kind), kind: kind)
        let skip = c["skipPreflight"].bool ?? false
        let n = record(t, skipPreflight: skip, fault: fault?.kind)
        if !skip {
            if !t.signaturesHold {
                note(n) { $0.fate = .preflight; $0.error = .refused(.signatureFailure) }
                throw RpcError(-32003, "Transaction signature verification failure")
            }
            if healthBehind > 0 {
                note(n) { $0.fate = .preflight; $0.reason = "node behind" }
                try behind()
            }
            try preflight(t, record: n)
        }
        if fault?.kind == .dropSend {
            note(n) { $0.fate = .dropped; $0.reason = "fault" }
        } else {
            let delay = fault?.kind == .delaySend ? fault?.slots ?? 0 : options.landDelay
            if delay > 0 {
                if pending.count < 1024 {
                    pending.append(Pending(dueSlot: world.slot + delay, transaction: t, record: n))
                }
            } else {
                land(t, record: n)
            }
        }
        out.put("\"\(base58: t.firstSignature)\"")
    }

    /// Runs the transaction before it is sent on, as a node does unless it is told not to.
    private func preflight(_ t: Transaction, record n: Int) throws(RpcError) {
        var failed: TxError?, logs: [Text] = [], units: UInt64 = 0
        if !hashIsRecent(t.blockhash) {
            failed = .refused(.blockhashNotFound)
        } else if landedIndex(t.firstSignature) != nil {
            failed = .refused(.alreadyProcessed)
        } else {
            let o = run(t)
            failed = o.error
            logs = o.logs
            units = o.units
        }
        guard let e = failed else { return }
        note(n) { $0.fate = .preflight; $0.error = e; $0.logs = logs; $0.units = units }
        var d: Text = "{\"accounts\":null,\"err\":\(e.json),\"innerInstructions\":null,"
        d.put("\"loadedAccountsDataSize\":0,\"logs\":")
        put(logs: logs, &d)
        d.put(",\"replacementBlockhash\":null,\"returnData\":null,\"unitsConsumed\":\(units)}")
        throw RpcError(-32002, "Transaction simulation failed: \(e.words)", data: d)
    }

    func simulate(_ p: Params, _ out: inout Text) throws(RpcError) {
        let c = try config(p, 1)
        let verify = c["sigVerify"].bool ?? false, replace = c["replaceRecentBlockhash"].bool ?? false
        if verify && replace { throw RpcError(-32602, "sigVerify may not be used with replaceRecentBlockhash") }
        let kind: StaticString = "solana_transaction::versioned::VersionedTransaction"
        let t = try parse(try raw(p[0], c, kind: kind), kind: kind)
        if verify && !t.signaturesHold { throw RpcError(-32003, "Transaction signature verification failure") }
        try checkCount(asked: c["accounts"], keys: t.keys.count)
        var o = Outcome(world: world)
        if !replace && !hashIsRecent(t.blockhash) {
            o.error = .refused(.blockhashNotFound)
        } else if !replace && landedIndex(t.firstSignature) != nil {
            o.error = .refused(.alreadyProcessed)
        } else {
            o = run(t)
        }
        context(&out)
        out.put("{\"accounts\":")
        try putAccounts(asked: c["accounts"], after: o, &out)
        out.put(",\"err\":\(o.error?.json ?? "null"),\"innerInstructions\":null,\"logs\":")
        put(logs: o.logs, &out)
        out.put(",\"loadedAccountsDataSize\":0,\"replacementBlockhash\":")
        if replace { put(hash: hashes.newest(upTo: .max), &out) } else { out.put("null") }
        out.put(",\"returnData\":null,\"unitsConsumed\":\(o.units)}}")
    }

    /// A node gives back no more accounts than the transaction names.
    private func checkCount(asked: Value, keys: Int) throws(RpcError) {
        guard asked.isObject, asked["addresses"].count > keys else { return }
        throw RpcError(-32602, "Too many accounts provided; max \(keys)")
    }

    /// The transaction that a request for sendTransaction carries.
    func transaction(of send: [UInt8]) -> Transaction? {
        send.withUnsafeBufferPointer { b in
            guard let root = Value.root(b) else { return nil }
            let p = root["params"], kind: StaticString = "solana_transaction::versioned::VersionedTransaction"
            do throws(RpcError) { return try parse(try raw(p[0], p[1], kind: kind), kind: kind) } catch {
                return nil
            }
        }
    }

    /// The accounts as the simulation leaves them, where they are asked for and it ran.
    private func putAccounts(asked: Value, after o: Outcome, _ out: inout Text) throws(RpcError) {
        var ran = true
        if case .refused = o.error { ran = false }
        guard asked.isObject && ran else {
            out.put("null")
            return
        }
        out.put("[")
        var bad: RpcError?, first = true
        asked["addresses"].each { v in
            if !first { out.put(",") }
            first = false
            guard let k = v.key else { bad = RpcError(-32602, "Invalid param: Invalid"); return }
            guard let i = o.world.ledger.index(of: k) else { out.put("null"); return }
            ChainNode.put(o.world.ledger.items[i], &out)
        }
        if let e = bad { throw e }
        out.put("]")
    }

    func put(logs: [Text], _ out: inout Text) {
        out.put("[")
        for (i, l) in logs.enumerated() {
            if i > 0 { out.put(",") }
            out.put(jsonString: l)
        }
        out.put("]")
    }

    private func status(_ e: TxError?) -> Text {
        guard let e else { return "\"err\":null,\"status\":{\"Ok\":null}" }
        return "\"err\":\(e.json),\"status\":{\"Err\":\(e.json)}"
    }

    func signatureStatuses(_ p: Params, _ out: inout Text) throws(RpcError) {
        let list = try p.items(0, atMost: 256)
        if !manners.keepsHistory && p[1]["searchTransactionHistory"].bool ?? false {
            throw RpcError(-32011, "Transaction history is not available from this node")
        }
        context(&out)
        out.put("[")
        var first = true
        list.each { v in
            if !first { out.put(",") }
            first = false
            var sig = [UInt8](repeating: 0, count: 64)
            guard ek_json_sig(v.v, &sig) == EK_OK, let l = admitted(sig) else {
                out.put("null")
                return
            }
            let age = contextSlot - l.slot
            let final = age >= 32, confirmed = final || age >= options.confirmSlots
            let level: StaticString = final ? "finalized" : confirmed ? "confirmed" : "processed"
            let confirmations: Text = final ? "null" : "\(age)"
            out.put("{")
            if manners.saysConfirmation { out.put("\"confirmationStatus\":\"\(level)\",") }
            out.put("\"confirmations\":\(confirmations),")
            out.put("\"slot\":\(l.slot),\(status(l.error))}")
        }
        out.put("]}")
    }

    func transaction(_ p: Params, _ out: inout Text) throws(RpcError) {
        var sig = [UInt8](repeating: 0, count: 64)
        guard ek_json_sig(p[0].v, &sig) == EK_OK, let i = landedIndex(sig) else {
            out.put("null")
            return
        }
        let l = landed[i]
        let version: StaticString = l.version0 ? "0" : "\"legacy\""
        out.put("{\"slot\":\(l.slot),\"blockTime\":\(l.unixTs),\"version\":\(version),\"meta\":{\(status(l.error)),")
        out.put("\"fee\":\(l.fee),\"computeUnitsConsumed\":\(l.units),\"logMessages\":")
        put(logs: l.logs, &out)
        out.put(",\"innerInstructions\":[],\"preBalances\":[],\"postBalances\":[]},")
        out.put("\"transaction\":[\"\(base64: l.raw)\",\"base64\"]}")
    }

    func feeForMessage(_ p: Params, _ out: inout Text) throws(RpcError) {
        guard let text = p[0].text else {
            throw RpcError(-32602, "Invalid params: invalid type: expected a string.")
        }
        var b = [UInt8](repeating: 0, count: 2048), n = 0
        guard ek_base64_decode(text.bytes, text.bytes.count, &b, b.count, &n) == EK_OK else {
            throw RpcError(-32602, "Invalid params: invalid base64 encoding")
        }
        b.removeLast(b.count - n)
        let (t, bad) = Reader.message(b)
        if bad != nil {
            throw RpcError(-32602, "failed to deserialize solana_message::versions::VersionedMessage")
        }
        context(&out)
        if hashIsRecent(t.blockhash) {
            out.put(Budget.read(t).0.fee(signatures: t.required))
        } else {
            out.put("null")
        }
        out.put("}")
    }
}
