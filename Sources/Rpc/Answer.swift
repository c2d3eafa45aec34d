// The end of one request, as the wire gave it.
import EvenkeelCore

/// How a request ended on the wire. Only `connect` and `tls` prove that it was not delivered.
package enum Wire: UInt8 {
    case ok, timeout, connect, tls, broken, tooLarge
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
