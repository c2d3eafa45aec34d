// What an order will need of a node, asked before one is needed: every method, at every endpoint, also on a
// balanced book. A method that is refused is named with its endpoint.
import Daemon
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// The questions to one endpoint, in their order, and the bodies that ask them.
struct Questions {
    static let slot = 0, genesis = 1, version = 2, program = 3, blockhash = 4, epoch = 5, simulate = 6
    static let fees = 7, health = 8, statuses = 9, history = 10, count = 11

    let venue: OpaquePointer?
    let payer: ek_key

    /// The JSON of a question, for as long as `post` runs.
    func body(_ step: Int, _ post: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        var r = Requests()
        let id = UInt32(step + 1)
        switch step {
        case Questions.genesis: return r.genesis(id: id, post)
        case Questions.blockhash: return r.blockhash(id: id, minSlot: 0, post)
        case Questions.epoch: return r.epoch(id: id, finalized: true, post)
        case Questions.simulate: return simulation(id, post)
        case Questions.fees: return r.fees(id: id, writable: [payer], post)
        case Questions.health: return r.health(id: id, post)
        case Questions.statuses, Questions.history:
            let nobody = [UInt8](repeating: 0, count: 64)
            return nobody.withUnsafeBufferPointer { p in
                guard let base = p.baseAddress else { return false }
                return r.status(id: id, signature: base, history: step == Questions.history, post)
            }
        default:
            var t: Text = "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":"
            plain(step, &t)
            return t.bytes.withUnsafeBufferPointer(post)
        }
    }

    private func plain(_ step: Int, _ t: inout Text) {
        if step == Questions.version {
            t.put("\"getVersion\",\"params\":[]}")
        } else if step == Questions.program {
            t.put("\"getAccountInfo\",\"params\":[\"\(key: ek_venue_program(venue).pointee)\",")
            t.put("{\"encoding\":\"base64\",\"commitment\":\"confirmed\",")
            t.put("\"dataSlice\":{\"offset\":0,\"length\":0}}]}")
        } else {
            t.put("\"getSlot\",\"params\":[{\"commitment\":\"confirmed\"}]}")
        }
    }

    /// A transaction that does nothing (it names a compute limit), unsigned and without a blockhash: whether
    /// the node simulates at all is what counts, not what comes of it.
    private func simulation(_ id: UInt32, _ post: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        var program = ek_key()
        let name: StaticString = "ComputeBudget111111111111111111111111111111"
        let known = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount) {
            ek_key_from_base58($0, name.utf8CodeUnitCount, &program) == EK_OK
        }
        let data: [UInt8] = [2, 0x40, 0x0D, 0x03, 0]        // SetComputeUnitLimit(200000)
        var message = [UInt8](repeating: 0, count: 256)
        var len = 0
        var from = payer
        var noBlockhash = ek_key()
        let built = known && data.withUnsafeBufferPointer { d in
            var ix = ek_instruction(program: program, metas: nil, n_metas: 0, data: d.baseAddress,
                                    data_len: UInt16(d.count))
            return message.withUnsafeMutableBufferPointer {
                ek_message_compile(0, &from, &noBlockhash, &ix, 1, $0.baseAddress, $0.count, &len) == EK_OK
            }
        }
        guard built else { return false }
        let bytes = [1] + [UInt8](repeating: 0, count: 64) + message[0..<len]
        return bytes.withUnsafeBufferPointer {
            var r = Requests()
            return r.simulate(id: id, transaction: $0, shown: [payer], minSlot: 0, post)
        }
    }

    // MARK: what it means that one is refused

    /// nil: nothing depends on that question.
    static func refusal(_ step: Int, _ t: Trouble) -> RefusedMethod? {
        switch step {
        case genesis: return needed("getGenesisHash", t)
        case blockhash: return needed("getLatestBlockhash", t)
        case epoch: return needed("getEpochInfo", t)
        case simulate: return needed("simulateTransaction", t)
        case fees:
            return poorer("getRecentPrioritizationFees", t,
                          "orders go without a priority fee and may land late when the chain is busy")
        case health:
            return poorer("getHealth", t, "that this node lags is then seen by comparison only")
        case statuses:
            return poorer("getSignatureStatuses", t,
                          "an order's end is then seen on the account alone, and later")
        case history:
            return poorer("getSignatureStatuses", t, """
                with searchTransactionHistory: this node keeps no history; the end of an old order is then \
                seen on the account alone
                """)
        default: return nil
        }
    }

    private static func needed(_ method: StaticString, _ t: Trouble) -> RefusedMethod {
        RefusedMethod(method: method, needed: true, why: t.text, remedy: t.remedy)
    }

    private static func poorer(_ method: StaticString, _ t: Trouble, _ loss: StaticString) -> RefusedMethod {
        RefusedMethod(method: method, needed: false, why: t.text, remedy: loss)
    }
}

extension Checker {
    /// A row for each refused method; it fails where no endpoint is left through which an order can go.
    func methodRows() {
        var answering = 0
        var serving = 0
        var all = true
        for a in endpoints where a.trouble == nil {
            answering += 1
            if a.servesOrders { serving += 1 }
            if !a.refused.isEmpty { all = false }
        }
        if answering == 0 { return }
        for e in 0..<endpoints.count where endpoints[e].trouble == nil {
            for q in endpoints[e].refused { refusedRow(q, e, serving) }
        }
        if all || serving > 0 {
            row(.ok, "RPC methods",
                "\(serving) of \(endpoints.count) endpoints answer all that an order needs")
        }
    }

    private func refusedRow(_ q: RefusedMethod, _ e: Int, _ serving: Int) {
        let url: Text = "RPC #\(e + 1), \(c: sys_config_url_shown(config, UInt32(e)))"
        var remedy = Text(q.remedy)
        if q.needed && serving > 0 {
            if !remedy.isEmpty { remedy.put("; ") }
            remedy.put("""
                orders go through the other endpoints, and this one is no second opinion for what it does \
                not answer
                """)
        }
        row(q.needed && serving == 0 ? .fail : .warn, Text(q.method), "\(url): \(q.why)", remedy: remedy)
    }
}
