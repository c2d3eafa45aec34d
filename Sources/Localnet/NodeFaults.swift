// Faults that a test asks for: of the wire (what the transport does with an answer), of sending, and of
// single accounts.
import Text

package struct WireAnswer {
    package var status: Int32 = 200
    package var delayMs: Int32 = 0
    package var close = false           // drop the connection without an answer
    package var plain = false           // text/plain instead of application/json
}

struct Fault {
    enum Kind {
        case httpStatus, malformed, truncate, close, slow, rpcError, empty
        case dropSend, delaySend, execHttpError, execClose
        case wrongOwner, wrongDiscriminator, shortData, nullAccount

        var isWire: Bool {
            switch self {
            case .httpStatus, .malformed, .truncate, .close, .slow, .rpcError, .empty: return true
            default: return false
            }
        }
        var isSend: Bool {
            switch self {
            case .dropSend, .delaySend, .execHttpError, .execClose: return true
            default: return false
            }
        }
        var name: StaticString {
            switch self {
            case .httpStatus: return "http_status"
            case .malformed: return "malformed"
            case .truncate: return "truncate"
            case .close: return "close"
            case .slow: return "slow"
            case .rpcError: return "rpc_error"
            case .empty: return "empty"
            case .dropSend: return "drop_send"
            case .delaySend: return "delay_send"
            case .execHttpError: return "exec_http_error"
            case .execClose: return "exec_close"
            case .wrongOwner: return "wrong_owner"
            case .wrongDiscriminator: return "wrong_discriminator"
            case .shortData: return "short_data"
            case .nullAccount: return "null_account"
            }
        }
        static let all: [Kind] = [
            .httpStatus, .malformed, .truncate, .close, .slow, .rpcError, .empty, .dropSend, .delaySend,
            .execHttpError, .execClose, .wrongOwner, .wrongDiscriminator, .shortData, .nullAccount,
        ]
    }
    var kind: Kind
    var n: Int64 = 1
    var methods: [Text] = []
    var pubkey = Key()
    var status: Int64 = 429
    var ms: Int64 = 1000
    var code: Int64 = -32603
    var message: Text = "Internal error"
    var slots: UInt64 = 5
}

extension ChainNode {
    /// Uses up one of the faults that fit.
    func takeFault(_ method: Text, where fits: (Fault.Kind) -> Bool) -> Fault? {
        for i in faults.indices where faults[i].n > 0 && fits(faults[i].kind) {
            if !faults[i].methods.isEmpty && !faults[i].methods.contains(where: { $0.bytes == method.bytes }) {
                continue
            }
            faults[i].n -= 1
            return faults[i]
        }
        return nil
    }

    func takeAccountFault(_ k: Key) -> Fault.Kind? {
        for i in faults.indices where faults[i].n > 0 && faults[i].pubkey == k && !faults[i].kind.isWire
            && !faults[i].kind.isSend {
            faults[i].n -= 1
            return faults[i].kind
        }
        return nil
    }
}
