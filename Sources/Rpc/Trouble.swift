// Why an answer gives no fact, and what a person can do about it.
import EvenkeelCore
import Text

/// Why an answer gives no fact. `code` is the JSON-RPC error code when there was one.
package struct Trouble: Error {
    /// What was wrong, by itself.
    package var text: Text
    package var code: Int64
    /// What was asked, and whom: "getGenesisHash at endpoint 1, https://rpc.example/…". Empty: it is
    /// about no single answer.
    package var origin = Text()
    /// What to do; empty where nothing can be said.
    package var remedy: StaticString = ""

    package init(_ text: Text, code: Int64 = 0) {
        self.text = text
        self.code = code
    }
    package init(_ s: StaticString) { self.init(Text(s)) }

    /// Of one answer.
    init(_ text: Text, of a: Answer, code: Int64 = 0, remedy: StaticString = "") {
        self.init(text, code: code)
        self.remedy = remedy
        if a.method.utf8CodeUnitCount == 0 { return }
        origin = a.place.isEmpty ? Text(a.method) : "\(a.method) at \(a.place)"
    }
    init(_ s: StaticString, of a: Answer) { self.init(Text(s), of: a) }

    /// For people: what was wrong, where, and what to do.
    package var words: Text {
        var t = text
        if !origin.isEmpty { t.put(" (\(origin))") }
        if remedy.utf8CodeUnitCount > 0 { t.put(": \(remedy)") }
        return t
    }
}

package let minimumContextSlotNotReached: Int64 = -32016
/// The node says that it is behind, or a provider that its rate limit is used up.
package let nodeIsBehind: Int64 = -32005

/// What to do about a JSON-RPC error.
func remedy(code: Int64) -> StaticString {
    switch code {
    case -32601: return "this node or its plan does not offer the method, use another endpoint for it"
    case nodeIsBehind, -32429:
        return "the limit of requests is used up, or the node is not ready; use another endpoint"
    case -32011: return "this node keeps no history; it is asked for only to find an order sooner"
    case minimumContextSlotNotReached: return "the node is behind the others and is asked again"
    case -32602: return "the node refuses how it was asked; it may be of an old version"
    case -32403, -32401, -32001:
        return "look whether the key in the URL is right and its plan allows the method"
    default: return ""
    }
}

/// What to do about an HTTP status that is not 200.
func remedy(status: Int) -> StaticString {
    switch status {
    case 400: return "the node does not understand the request; it may be of an old version or no Solana node"
    case 401, 403: return "look whether the key in the URL is right and its plan allows the method"
    case 402: return "the provider wants to be paid"
    case 404, 405: return "look whether the path of the URL is right"
    case 429: return "use a larger plan or one more endpoint"
    case 300..<400: return "redirects are not followed; write the final URL into the config"
    case 500..<600: return "the provider's fault; if it stays, use another endpoint"
    default: return ""
    }
}
