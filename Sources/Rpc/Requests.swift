// The JSON-RPC bodies the agent sends. One reused buffer; the account read of every tick is built once and
// only its two numbers (id and minContextSlot) are rewritten in place, padded with blanks, which JSON allows
// before a number.
import EvenkeelCore
import Text

/// What an outstanding request is for. The answer's handler is chosen by this, never by what the answer looks
/// like.
package enum Ask: UInt8 {
    case none, stale, markets, names, book, opinion, prices, blockhash, fees, height, genesis, probe,
        simulate, send, status, epoch, hashHeight, health
}

extension Ask {
    /// The JSON-RPC method, as messages name it.
    package var method: StaticString {
        switch self {
        case .none, .stale: return ""
        case .markets, .names, .book, .opinion, .prices: return "getMultipleAccounts"
        case .blockhash, .hashHeight: return "getLatestBlockhash"
        case .fees: return "getRecentPrioritizationFees"
        case .height, .epoch: return "getEpochInfo"
        case .genesis: return "getGenesisHash"
        case .probe, .simulate: return "simulateTransaction"
        case .send: return "sendTransaction"
        case .status: return "getSignatureStatuses"
        case .health: return "getHealth"
        }
    }
}

package struct Requests {
    package init() {}

    private var text = Text(capacity: 8192)
    private var accounts = Text(capacity: 8192)
    private var idAt = 0
    private var slotAt = 0

    private mutating func open(_ method: StaticString, id: UInt32) {
        text.clear()
        text.put("{\"jsonrpc\":\"2.0\",\"id\":")
        text.put(id)
        text.put(",\"method\":\"")
        text.put(method)
        text.put("\",\"params\":")
    }

    private mutating func close() { text.put("}") }

    private mutating func put(list keys: [ek_key]) {
        text.put("[")
        for i in 0..<keys.count {
            text.put(i > 0 ? ",\"" : "\"")
            text.put(key: keys[i])
            text.put("\"")
        }
        text.put("]")
    }

    private static let digits = 20

    /// Lays the account read down once for a plan.
    package mutating func plan(_ plan: UnsafePointer<ek_plan>) {
        accounts.clear()
        accounts.put("{\"jsonrpc\":\"2.0\",\"id\":")
        idAt = accounts.count
        for _ in 0..<Requests.digits { accounts.put(" ") }
        accounts.put(",\"method\":\"getMultipleAccounts\",\"params\":[[")
        for i in 0..<Int(plan.pointee.n) {
            guard let item = ek_plan_item_at(plan, UInt32(i)) else { break }
            if i > 0 { accounts.put(",") }
            accounts.put("\"")
            accounts.put(key: item.pointee.key)
            accounts.put("\"")
        }
        accounts.put("],{\"encoding\":\"base64\",\"commitment\":\"confirmed\",\"minContextSlot\":")
        slotAt = accounts.count
        for _ in 0..<Requests.digits { accounts.put(" ") }
        accounts.put("}]}")
    }

    private mutating func write(_ value: UInt64, at: Int) {
        var v = value
        var i = at + Requests.digits - 1
        repeat {
            accounts.bytes[i] = 0x30 + UInt8(v % 10)
            v /= 10
            i -= 1
        } while v != 0 && i >= at
        while i >= at {
            accounts.bytes[i] = 0x20
            i -= 1
        }
    }

    package mutating func book<R>(id: UInt32, minSlot: UInt64,
                                  _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        write(UInt64(id), at: idAt)
        write(minSlot, at: slotAt)
        return accounts.bytes.withUnsafeBufferPointer(body)
    }

    /// getMultipleAccounts of any keys (market discovery).
    package mutating func markets<R>(id: UInt32, keys: [ek_key], minSlot: UInt64,
                                     _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("getMultipleAccounts", id: id)
        text.put("[")
        put(list: keys)
        text.put(",{\"encoding\":\"base64\",\"commitment\":\"confirmed\",\"minContextSlot\":")
        text.put(minSlot)
        text.put("}]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    /// Whether the node keeps up with the chain, by its own word.
    package mutating func health<R>(id: UInt32, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("getHealth", id: id)
        text.put("[]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    package mutating func genesis<R>(id: UInt32, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("getGenesisHash", id: id)
        text.put("[]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    package mutating func blockhash<R>(id: UInt32, minSlot: UInt64,
                                       _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("getLatestBlockhash", id: id)
        text.put("[{\"commitment\":\"confirmed\",\"minContextSlot\":")
        text.put(minSlot)
        text.put("}]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    /// Tells slot and height of a finalized bank where getEpochInfo is not offered.
    package mutating func blockhash<R>(id: UInt32, finalized: Bool,
                                       _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("getLatestBlockhash", id: id)
        text.put(finalized ? "[{\"commitment\":\"finalized\"}]" : "[{\"commitment\":\"confirmed\"}]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    package mutating func fees<R>(id: UInt32, writable: [ek_key],
                                  _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("getRecentPrioritizationFees", id: id)
        text.put("[")
        put(list: writable)
        text.put("]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    private mutating func base64(_ raw: UnsafeBufferPointer<UInt8>) {
        guard let p = raw.baseAddress else { return }
        let at = text.count
        let n = ek_base64_encoded_len(raw.count)
        for _ in 0...n { text.put(byte: 0) }            // one more for the terminating NUL
        text.bytes.withUnsafeMutableBufferPointer { b in
            guard let base = b.baseAddress else { return }
            base.advanced(by: at).withMemoryRebound(to: CChar.self, capacity: n + 1) {
                _ = ek_base64_encode(p, raw.count, $0)
            }
        }
        text.bytes.removeLast(text.count - at - n)
    }

    /// The transaction carries no signature yet: a node cannot land what it was only asked to simulate.
    package mutating func simulate<R>(id: UInt32, transaction: UnsafeBufferPointer<UInt8>, shown: [ek_key],
                                      minSlot: UInt64,
                                      _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("simulateTransaction", id: id)
        text.put("[\"")
        base64(transaction)
        text.put("\",{\"encoding\":\"base64\",\"commitment\":\"confirmed\",\"sigVerify\":false,")
        text.put("\"replaceRecentBlockhash\":true,\"minContextSlot\":")
        text.put(minSlot)
        text.put(",\"accounts\":{\"encoding\":\"base64\",\"addresses\":")
        put(list: shown)
        text.put("}}]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    package mutating func send<R>(id: UInt32, transaction: UnsafeBufferPointer<UInt8>,
                                  _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("sendTransaction", id: id)
        text.put("[\"")
        base64(transaction)
        text.put("\",{\"encoding\":\"base64\",\"skipPreflight\":true,\"maxRetries\":0}]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    /// `history`: also beyond the few minutes of which every node knows; many nodes keep none and refuse such
    /// a question.
    package mutating func status<R>(id: UInt32, signature: UnsafePointer<UInt8>, history: Bool,
                                    _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("getSignatureStatuses", id: id)
        text.put("[[\"")
        text.put(signature: signature)
        text.put(history ? "\"],{\"searchTransactionHistory\":true}]" : "\"]]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }

    /// Slot and block height of one bank in one answer. Expiry is proven with a finalized one: of that depth
    /// there are no forks.
    package mutating func epoch<R>(id: UInt32, finalized: Bool,
                                   _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        open("getEpochInfo", id: id)
        text.put(finalized ? "[{\"commitment\":\"finalized\"}]" : "[{\"commitment\":\"confirmed\"}]")
        close()
        return text.bytes.withUnsafeBufferPointer(body)
    }
}
