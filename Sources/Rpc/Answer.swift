// The end of one request, as the wire gave it.
import EvenkeelCore
import Text

/// How a request ended on the wire. `connect` (refused), `unreachable`, `name` (of the host not found),
/// `proxy` and `tls` prove that it was not delivered.
package enum Wire: UInt8 {
    case ok, timeout, connect, unreachable, name, proxy, tls, broken, tooLarge
}

/// The end of one request. Every accepted `post` yields exactly one.
package struct Answer {
    package var id: UInt32
    package var endpoint: Int
    package var wire: Wire
    package var status: Int
    package var body: UnsafeBufferPointer<UInt8>
    package var latency_us: UInt32
    package var retryAfter_s: Int64
    /// What was asked and whom, for messages: "getGenesisHash", "endpoint 1, https://rpc.example/…".
    package var method: StaticString = ""
    package var place = Text()
    package init(id: UInt32, endpoint: Int, wire: Wire, status: Int, body: UnsafeBufferPointer<UInt8>,
                latency_us: UInt32, retryAfter_s: Int64) {
        self.id = id
        self.endpoint = endpoint
        self.wire = wire
        self.status = status
        self.body = body
        self.latency_us = latency_us
        self.retryAfter_s = retryAfter_s
    }
}
