// The end of a transfer as the machine is told of it.
import EvenkeelSys
import Model
import Rpc

extension Answer {
    /// The body lives as long as the transfer's.
    package init(_ r: sys_http_result) {
        let wire: Wire
        switch r.kind {
        case SYS_HTTP_OK: wire = .ok
        case SYS_HTTP_TIMEOUT: wire = .timeout
        case SYS_HTTP_CONNECT: wire = .connect
        case SYS_HTTP_UNREACHABLE: wire = .unreachable
        case SYS_HTTP_NAME: wire = .name
        case SYS_HTTP_PROXY: wire = .proxy
        case SYS_HTTP_TLS: wire = .tls
        case SYS_HTTP_TOO_LARGE: wire = .tooLarge
        default: wire = .broken
        }
        self.init(id: r.id, endpoint: Int(r.endpoint), wire: wire, status: Int(r.status),
                  body: UnsafeBufferPointer(start: r.body, count: r.body_len),
                  latency_us: r.latency_us, retryAfter_s: r.retry_after_s)
    }
}
