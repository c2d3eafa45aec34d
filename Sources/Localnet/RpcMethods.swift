// The read methods.
import EvenkeelCore
import Text

/// Height of a block: below its slot on a real cluster, because leaders skip slots.
let heightOffset: UInt64 = 21_000_000

extension ChainNode {
    /// What a read sees: this instant, or the one the node is frozen at.
    var view: View? { flapNow ? saved : frozen }
    var contextSlot: UInt64 { view?.slot ?? world.slot }
    func height(_ slot: UInt64) -> UInt64 {
        slot > heightOffset + world.skipped ? slot - heightOffset - world.skipped : slot
    }

    func account(_ k: Key) -> Account? {
        if let v = view, let i = v.ledger.index(of: k) { return v.ledger.items[i] }
        guard let i = world.ledger.index(of: k) else { return nil }
        return world.ledger.items[i]
    }

    func context(_ out: inout Text) {
        out.put("{\"context\":{\"apiVersion\":\"2.3.7\",\"slot\":")
        out.put(contextSlot)
        out.put("},\"value\":")
    }

    /// The config object at `i`, its minContextSlot honoured.
    func config(_ p: Params, _ i: Int) throws(RpcError) -> Value {
        let c = p[i]
        guard c.isObject else { return .absent }
        if let m = c["minContextSlot"].u64, m > contextSlot, !(flapNow && (flap?.ignoreMin ?? false)) {
            throw RpcError(-32016, "Minimum context slot has not been reached",
                           data: "{\"contextSlot\":\(contextSlot)}")
        }
        return c
    }

    func behind() throws(RpcError) {
        guard healthBehind > 0 else { return }
        throw RpcError(-32005, "Node is behind by \(healthBehind) slots",
                       data: "{\"numSlotsBehind\":\(healthBehind)}")
    }

    /// Writes the result of one method, or throws.
    func call(_ method: Text, _ p: Params, _ fault: Fault?, _ out: inout Text) throws(RpcError) {
        if var f = flap, !flapNow, f.methods.contains(where: { $0.bytes == method.bytes }) {
            f.count += 1
            flap = f
            if f.count % f.every == 0 {
                flapNow = true
                defer { flapNow = false }
                try dispatch(method, p, fault, &out)
                return
            }
        }
        try dispatch(method, p, fault, &out)
    }

    private func dispatch(_ method: Text, _ p: Params, _ fault: Fault?, _ out: inout Text) throws(RpcError) {
        if manners.refuses(method) { throw RpcError(-32601, "Method not found") }
        switch true {
        case method == "getMultipleAccounts": try multipleAccounts(p, &out)
        case method == "getAccountInfo":
            let k = try p.key(), c = try config(p, 1)
            context(&out)
            try put(account: k, c, base58: true, &out)
            out.put("}")
        case method == "getSlot":
            _ = try config(p, 0)
            out.put(contextSlot)
        case method == "getBlockHeight":
            _ = try config(p, 0)
            out.put(told(height: height(contextSlot) + heightAhead))
        case method == "getLatestBlockhash":
            _ = try config(p, 0)
            let h = newestHash()
            context(&out)
            put(hash: h, &out)
            out.put("}")
        case method == "sendTransaction": try send(p, fault, &out)
        case method == "simulateTransaction": try simulate(p, &out)
        case method == "getSignatureStatuses": try signatureStatuses(p, &out)
        case method == "getTransaction": try transaction(p, &out)
        case method == "getBalance":
            let k = try p.key()
            _ = try config(p, 1)
            context(&out)
            out.put("\(account(k)?.lamports ?? 0)}")
        case method == "getHealth":
            try behind()
            out.put("\"ok\"")
        case method == "getVersion": out.put("{\"feature-set\":3640012085,\"solana-core\":\"2.3.7\"}")
        case method == "getGenesisHash":
            out.put("\"\(options.genesis)\"")
        case method == "getBlockTime": out.put(world.unixTs)
        case method == "getEpochInfo": epochInfo(p, &out)
        case method == "isBlockhashValid":
            let valid = p[0].key.map { hashIsRecent($0) } ?? false
            context(&out)
            out.put(valid ? "true}" : "false}")
        case method == "getMinimumBalanceForRentExemption":
            guard let n = p[0].u64, n < 1 << 40 else {
                throw RpcError(-32602, "Invalid params: invalid type: expected usize.")
            }
            out.put((128 + n) * 6960)
        case method == "getFeeForMessage": try feeForMessage(p, &out)
        case method == "getRecentPrioritizationFees":
            feeList.put(options.priorityFee, upTo: world.slot, &out)
        default: throw RpcError(-32601, "Method not found")
        }
    }

    private func multipleAccounts(_ p: Params, _ out: inout Text) throws(RpcError) {
        let keys = try p.items(0, atMost: 100), c = try config(p, 1)
        context(&out)
        out.put("[")
        accountsRead = true
        let plain = faults.isEmpty && c["encoding"].equals("base64") && !c["dataSlice"].exists
        var bad: RpcError?, first = true
        keys.each { v in
            guard bad == nil else { return }
            if !first { out.put(",") }
            first = false
            do throws(RpcError) {
                let k = try Params.key(v)
                if plain { putPlain(k, &out) } else { try put(account: k, c, base58: false, &out) }
            } catch { bad = error }
        }
        if let e = bad { throw e }
        out.put("]}")
    }

    private func epochInfo(_ p: Params, _ out: inout Text) {
        // A finalized bank is 32 blocks behind, and of that depth there are no forks: a minority fork
        // finalizes nothing.
        let final = (p[0].isObject ? p[0]["commitment"] : .absent).equals("finalized")
        let top = final ? min(world.slot, forkedAt) : world.slot
        let s = top - (final ? min(32, top) : 0), h = height(top)
        let blocks = told(height: final ? h - min(32, h) : h + heightAhead)
        out.put("{\"absoluteSlot\":\(s),\"blockHeight\":\(blocks),\"epoch\":\(s / 432_000),")
        out.put("\"slotIndex\":\(s % 432_000),")
        out.put("\"slotsInEpoch\":432000,\"transactionCount\":\(world.tally.transactions)}")
    }

    func put(hash h: (hash: Key, slot: UInt64, height: UInt64), _ out: inout Text) {
        out.put("{\"blockhash\":\"\(h.hash)\",\"lastValidBlockHeight\":\(told(height: h.height + 150))}")
    }

    /// The common case, without a look at the config for every account: whole accounts in base64, no fault.
    private func putPlain(_ k: Key, _ out: inout Text) {
        if view == nil, let i = world.ledger.index(of: k) {
            putPlain(i, &out)
            return
        }
        guard let a = account(k), a.lamports != 0 || !a.data.isEmpty else {
            out.put("null")
            return
        }
        ChainNode.put(shown(a), &out)
    }

    /// A whole account, its data in base64.
    static func put(_ a: Account, _ out: inout Text) {
        out.put("{\"data\":[\"")
        out.put(base64: a.data, 0, a.data.count)
        out.put("\",\"base64\"]")
        put(rest: a, &out)
    }

    static func put(rest a: Account, _ out: inout Text) {
        let executable: StaticString = a.executable ? "true" : "false"
        out.put(",\"executable\":\(executable),\"lamports\":\(a.lamports),\"owner\":\"\(a.owner)\",")
        out.put("\"rentEpoch\":18446744073709551615,\"space\":\(a.data.count)}")
    }

    private func put(account k: Key, _ c: Value, base58: Bool, _ out: inout Text) throws(RpcError) {
        let fault = faults.isEmpty ? nil : takeAccountFault(k)
        guard var a = account(k).map(shown), a.lamports != 0 || !a.data.isEmpty, fault != .nullAccount else {
            out.put("null")
            return
        }
        if fault == .wrongOwner { a.owner = Known.system }
        if fault == .wrongDiscriminator { for i in 0..<min(8, a.data.count) { a.data[i] = 0 } }
        if fault == .shortData { a.data.removeLast(a.data.count - a.data.count / 2) }
        let space = a.data.count
        var from = 0, to = space
        let slice = c["dataSlice"]
        if slice.isObject {
            guard let o = slice["offset"].u64, let n = slice["length"].u64 else {
                throw RpcError(-32602, "Invalid params: missing field `offset` or `length`.")
            }
            from = Int(min(o, UInt64(space)))
            to = from + Int(min(n, UInt64(space - from)))
        }
        out.put("{\"data\":")
        let enc = c["encoding"]
        if enc.equals("base64") || enc.equals("jsonParsed") || (!enc.exists && !base58) {
            out.put("[\"")
            out.put(base64: a.data, from, to)
            out.put("\",\"base64\"]")
        } else if enc.equals("base58") || enc.equals("binary") || !enc.exists {
            if to - from > 128 {
                let limit: Text = "Encoded binary (base 58) data should be less than 128 bytes"
                throw RpcError(-32600, "\(limit), please use Base64 encoding.")
            }
            let digits: Text = "\"\(base58: Array(a.data[from..<to]))\""
            if enc.equals("binary") { out.put(digits) } else { out.put("[\(digits),\"base58\"]") }
        } else if enc.equals("base64+zstd") {
            throw RpcError(-32602, "Invalid params: base64+zstd is not served by this node")
        } else {
            let name = enc.text ?? "",
                known: StaticString = "`binary`, `base58`, `base64`, `base64+zstd`, `jsonParsed`"
            throw RpcError(-32602, "Invalid params: unknown variant `\(name)`, expected one of \(known).")
        }
        ChainNode.put(rest: a, &out)
    }
}

extension Text {
    mutating func put(base64 d: [UInt8], _ from: Int, _ to: Int) {
        let n = ek_base64_encoded_len(to - from)
        guard n > 0 else { return }
        // Encoded beside and copied in one piece: growing the text byte by byte costs ten times the encoding.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: n) { p in
            d.withUnsafeBufferPointer { q in
                guard let dst = p.baseAddress, let src = q.baseAddress else { return }
                _ = ek_base64_encode(src + from, to - from, dst)
                put(raw: UnsafeRawPointer(dst).assumingMemoryBound(to: UInt8.self), count: n)
            }
        }
    }
    mutating func put(base58 d: [UInt8]) {
        var buffer = [CChar](repeating: 0, count: 180), n = 0
        guard ek_base58_encode(d, d.count, &buffer, buffer.count, &n) == EK_OK else { return }
        for i in 0..<n { bytes.append(UInt8(bitPattern: buffer[i])) }
    }
}
