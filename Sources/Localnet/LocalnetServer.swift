// The chain behind a loopback port, its slots driven by the wall clock.
import EvenkeelCore
import EvenkeelSys
import Text

/// A chain with its server. Time moves with the wall clock times `speedPermille` / 1000, in whole slots;
/// tickMs 0 stops it.
package final class LocalnetServer {
    package let node: ChainNode
    private var server: OpaquePointer?
    private var answer = Text(capacity: 65_536)
    private var tickMs: Int64
    private var speedPermille: Int64
    private var startUs: Int64 = 0
    private var done: Int64 = 0

    package init(_ options: ChainOptions, tickMs: Int64? = nil, speedPermille: Int64 = 1000) {
        node = ChainNode(options)
        self.tickMs = tickMs ?? options.slotMs
        self.speedPermille = speedPermille
    }

    deinit { close() }

    /// Listens on 127.0.0.1 (0: any free port). nil and the port, or the reason why not.
    package func open(port: Int32) -> Text? {
        var error = [CChar](repeating: 0, count: 200)
        server = sys_httpd_open(port, { context, post, path, body, len, answer in
            guard let context, let path, let body, let answer else { return }
            let server = Unmanaged<LocalnetServer>.fromOpaque(context).takeUnretainedValue()
            server.serve(post != 0, path, body, len, answer)
        }, Unmanaged.passUnretained(self).toOpaque(), &error, error.count)
        guard server != nil else {
            return error.withUnsafeBufferPointer { "\(c: $0.baseAddress)" }
        }
        restart()
        return nil
    }

    package var port: Int32 { server.map { sys_httpd_port($0) } ?? 0 }

    /// Serves until the descriptor becomes readable (or for ever).
    package func run(stopFd: Int32) {
        if let s = server { _ = sys_httpd_run(s, stopFd) }
    }

    package func close() {
        if let s = server { sys_httpd_close(s) }
        server = nil
    }

    /// The line a caller waits for.
    package func greeting(_ out: inout Text) {
        let authority = node.authorityKey.ek, delegate = node.delegateKey.ek, user = node.userAddress.ek
        out.put("{\"listening\":\"http://127.0.0.1:\(port)\",\"authority\":\"\(key: authority)\",")
        out.put("\"delegate\":\"\(key: delegate)\",\"user\":\"\(key: user)\"}\n")
    }

    private func restart() {
        startUs = sys_mono_us()
        done = 0
        node.wallMs = sys_unix_ms()
        guard let s = server else { return }
        // Often enough for one slot a call, at most a thousand calls a second; several slots a call beyond
        // that.
        let slotUs = tickMs * 1_000_000 / max(1, speedPermille)
        sys_httpd_every(s, { context in
            guard let context else { return }
            Unmanaged<LocalnetServer>.fromOpaque(context).takeUnretainedValue().tick()
        }, UInt64(tickMs == 0 ? 100_000 : min(max(slotUs, 1000), 100_000)))
    }

    private func tick() {
        node.wallMs = sys_unix_ms()
        if tickMs != node.tickMs ?? tickMs {
            tickMs = node.tickMs ?? tickMs
            restart()
        }
        guard tickMs > 0 else { return }
        let due = (sys_mono_us() - startUs) / 1000 * speedPermille / 1000 / tickMs - done
        // A machine that slept does not replay hours at once: it catches up by at most 2000 slots a call.
        let n = min(max(due, 0), 2000)
        done += due
        node.advance(slots: Int(n))
    }

    private func serve(_ post: Bool, _ path: UnsafePointer<CChar>, _ body: UnsafePointer<UInt8>, _ len: Int,
                       _ a: UnsafeMutablePointer<sys_httpd_answer>) {
        node.wallMs = sys_unix_ms()
        var p = Text()
        p.put(c: path)
        let bytes = UnsafeBufferPointer(start: body, count: len)
        if !post {
            let health = p == "/health"
            answer.clear()
            let refused: StaticString = "Used HTTP Method is not allowed. POST or OPTIONS is required\n"
            answer.put(health ? (node.isBehind ? "behind" : "ok") : refused)
            a.pointee.status = health ? 200 : 405
            a.pointee.plain = 1
        } else if p == "/ctl" {
            a.pointee.status = node.control(bytes, &answer) ? 200 : 400
        } else {
            let w = node.handle(bytes, &answer)
            a.pointee.status = w.status
            a.pointee.delay_ms = w.delayMs
            a.pointee.close = w.close ? 1 : 0
            a.pointee.plain = w.plain ? 1 : 0
        }
        _ = sys_httpd_body(a, answer.bytes, answer.bytes.count)
    }
}
