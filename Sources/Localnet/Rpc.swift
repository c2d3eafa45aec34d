// One HTTP body in, one answer out: single requests and batches, in an Agave node's shapes, codes and words.
import EvenkeelCore
import Text

struct RpcError: Error {
    var code: Int64
    var message: Text
    var data: Text?
    init(_ code: Int64, _ message: Text, data: Text? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }
}

extension ChainNode {
    /// Answers one POST body. `out` is emptied first and keeps its memory.
    package func handle(_ body: UnsafeBufferPointer<UInt8>, _ out: inout Text) -> WireAnswer {
        out.clear()
        var wire = WireAnswer()
        if answerRemembered(body, &out) { return wire }
        accountsRead = false
        guard let root = Value.root(body) else {
            out.put("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"Parse error\"},\"id\":null}")
            return wire
        }
        let batch = root.isList
        if batch && root.count == 0 {
            invalid(&out)
            return wire
        }
        var fault: Fault?
        if !faults.isEmpty {
            if batch {
                root.each { r in if fault == nil { fault = takeFault(r["method"].text ?? "", where: { $0.isWire }) } }
            } else {
                fault = takeFault(root["method"].text ?? "", where: { $0.isWire })
            }
        }
        if let f = fault {
            if f.kind == .slow {
                wire.delayMs = Int32(clamping: f.ms)
                fault = nil
            } else if endsRequest(f, &wire, &out) {
                return wire
            }
        }
        var after: Fault?
        if batch {
            out.put("[")
            var first = true
            root.each { r in
                if !first { out.put(",") }
                first = false
                answer(r, fault, &out, &after)
            }
            out.put("]")
        } else {
            answer(root, fault, &out, &after)
        }
        if let f = after {
            if f.kind == .execClose {
                wire.close = true
            } else {
                out.clear()
                out.put("Internal Server Error")
                wire.status = f.status == 429 ? 500 : Int32(clamping: f.status)
                wire.plain = true
            }
            return wire
        }
        switch fault?.kind {
        case .malformed:
            out.clear()
            out.put("<html><body>upstream error</body></html>")
        case .truncate: out.bytes.removeLast(out.bytes.count - max(1, out.bytes.count / 2))
        case .empty: out.clear()
        default: break
        }
        if accountsRead && !batch { remember(body, root) }
        return wire
    }

    /// A fault that takes the place of the whole answer.
    private func endsRequest(_ f: Fault, _ wire: inout WireAnswer, _ out: inout Text) -> Bool {
        switch f.kind {
        case .httpStatus:
            wire.status = Int32(clamping: f.status)
            if f.status == 429 {
                out.put("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":429,")
                out.put("\"message\":\"Too many requests for a specific RPC call\"},\"id\":null}")
            } else {
                wire.plain = true
                out.put("Service Unavailable")
            }
        case .close: wire.close = true
        default: return false
        }
        return true
    }

    private func invalid(_ out: inout Text) {
        out.put("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"Invalid request\"},\"id\":null}")
    }

    private func answer(_ r: Value, _ fault: Fault?, _ out: inout Text, _ after: inout Fault?) {
        guard r.isObject, let method = r["method"].text else {
            invalid(&out)
            return
        }
        let start = out.bytes.count
        out.put("{\"jsonrpc\":\"2.0\",")
        let mark = out.bytes.count
        out.put("\"result\":")
        do throws(RpcError) {
            if let f = fault, f.kind == .rpcError { throw RpcError(f.code, f.message) }
            counts.add(method)
            var sending: Fault?
            if method == "sendTransaction" {
                sending = takeFault(method, where: { $0.isSend })
                if let s = sending, s.kind == .execClose || s.kind == .execHttpError { after = s }
            }
            let p = r["params"]
            try call(method, Params(list: p.isList ? p : .absent, single: p.isObject ? p : .absent), sending,
                     &out)
        } catch {
            out.bytes.removeLast(out.bytes.count - mark)
            out.put("\"error\":{\"code\":\(error.code),\"message\":\(quoted: error.message)")
            if let d = error.data { out.put(",\"data\":\(d)") }
            out.put("}")
        }
        precondition(out.bytes.count > start)
        out.put(",\"id\":")
        r["id"].putRaw(&out)
        out.put("}")
    }
}

/// Parameters: a list, or one object that stands for a list of one.
struct Params {
    let list: Value, single: Value
    var count: Int { single.exists ? 1 : list.count }
    subscript(_ i: Int) -> Value { single.exists ? (i == 0 ? single : .absent) : list[i] }

    func key(_ i: Int = 0) throws(RpcError) -> Key {
        let v = self[i]
        guard v.exists else {
            throw RpcError(-32602, "`params` should have at least \(i + 1) argument(s)")
        }
        return try Params.key(v)
    }
    static func key(_ v: Value) throws(RpcError) -> Key {
        guard v.isText else { throw RpcError(-32602, "Invalid params: invalid type: expected a string.") }
        guard let k = v.key else { throw RpcError(-32602, "Invalid param: Invalid") }
        return k
    }
    func items(_ i: Int, atMost: Int) throws(RpcError) -> Value {
        guard self[i].isList else {
            throw RpcError(-32602, "Invalid params: invalid type: expected a sequence.")
        }
        if self[i].count > atMost { throw RpcError(-32602, "Too many inputs provided; max \(atMost)") }
        return self[i]
    }
}
