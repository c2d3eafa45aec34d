// Delivery: the webhook and the ping as transfers of the daemon's HTTP client, and the file beside the state.
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Text

private let hookTimeout_ms: UInt32 = 10_000
/// The client's numbers of the two targets: behind the endpoints of the chain.
package let hookEndpoint = Int32(SYS_HTTP_ENDPOINTS)
private let pingEndpoint = Int32(SYS_HTTP_ENDPOINTS) + 1

/// Sets up the webhook's target: what sys_http_hook says. Each literal goes to C as its bytes; chosen first
/// and handed over then they would be Strings, whose way to C is 4 KB of Unicode.
func openHook(_ http: OpaquePointer?, _ config: UnsafePointer<sys_config>) -> Int32 {
    let url = sys_config_webhook(config)
    if sys_config_alert_format(config) == Int32(SYS_ALERT_NTFY) {
        return sys_http_hook(http, 0, url, "text/plain; charset=utf-8")
    }
    return sys_http_hook(http, 0, url, "application/json")
}

private func real_ms() -> UInt64 { UInt64(max(0, sys_mono_ms())) }

package struct AlertDelivery {
    package typealias Log = (Level, Text) -> Void

    private let http: OpaquePointer
    private let config: UnsafePointer<sys_config>
    private var alerts: AlertQueue
    /// nil: the queue is kept in memory alone.
    private var file: AlertFile? = nil

    /// `on`: this run tells anybody anything at all.
    package init(_ config: UnsafePointer<sys_config>, http: OpaquePointer, on: Bool) {
        self.config = config
        self.http = http
        alerts = AlertQueue(AlertSettings(config, on: on))
    }

    package mutating func reconfigure() { alerts.reconfigure(AlertSettings(config, on: true)) }

    /// Before the process shuts itself in. Without a webhook, or where nothing is kept, there is no file.
    package mutating func openFile(_ path: Text, refused: Text, kept: Bool, _ now: Now, _ log: Log) {
        forgetRefused(refused)
        guard alerts.hooked && kept else { return }
        file = AlertFile(path)
        if let f = file {
            alerts.restore(f, now)
        } else {
            log(.warning, "\(path): cannot be opened; alerts that wait are forgotten at a restart")
        }
    }

    /// Sets up the targets; says so when one is refused.
    package func openTargets(_ log: Log) {
        if alerts.hooked && openHook(http, config) != 0 {
            log(.error, "alerts: the webhook was refused by the HTTP client; no alert will be sent")
        }
        if alerts.pinged && sys_http_hook(http, 1, sys_config_ping(config), "text/plain") != 0 {
            log(.error, "alerts: ping_url was refused by the HTTP client; no ping will be sent")
        }
    }

    package mutating func started(_ m: Machine, _ now: Now) { alerts.started(m, now) }

    /// After every report of the machine. `read`: the tick read the book; `ended`: it is over, no order is
    /// open.
    package mutating func observe(_ m: Machine, read: Bool, ended: Bool, _ now: Now) {
        alerts.observe(m, read: read, ended: ended, now)
    }

    package mutating func send(_ m: Machine, now_s: Int64, _ log: Log) {
        keep(log)
        let t = real_ms()
        if let a = alerts.next(t) {
            let origin = AlertOrigin(venue: m.account.venue, authority: m.account.authority,
                                     subAccount: m.account.subAccount, live: m.rules.mode == .live,
                                     now_s: now_s)
            let sent = alertBody(a, origin, config).bytes.withUnsafeBufferPointer {
                sys_http_post(http, hookEndpoint, 0, $0.baseAddress, $0.count, hookTimeout_ms) == 0
            }
            if !sent { alerts.delivered(.later, retryAfter_s: 0, t) }
        }
        if alerts.ping(t) && sys_http_post(http, pingEndpoint, 0, nil, 0, hookTimeout_ms) != 0 {
            alerts.pingEnded(well: false)
        }
    }

    /// The end of a transfer of ours: its endpoint is `hookEndpoint` or past it.
    package mutating func answered(_ r: sys_http_result, _ log: Log) {
        let well = r.kind == SYS_HTTP_OK && r.status >= 200 && r.status < 300
        if r.endpoint == pingEndpoint {
            alerts.pingEnded(well: well)
            if !well && alerts.pingFailures == 3 {
                complain(sys_config_ping_shown(config), r, "three pings in a row failed", log)
            }
            return
        }
        var how = Delivery.done
        if !well {
            // What the receiver will refuse again is not tried again: 4xx but for "too slow" and "too many",
            // and redirects.
            let passing = r.status == 408 || r.status == 425 || r.status == 429
            let final = r.kind == SYS_HTTP_OK && r.status >= 300 && r.status < 500 && !passing
            how = final ? .refused : .later
            complain(sys_config_webhook_shown(config), r,
                     final ? "the alert was refused and is dropped" : "the alert is sent again later", log)
        }
        alerts.delivered(how, retryAfter_s: r.retry_after_s, real_ms())
    }

    private func complain(_ shown: UnsafePointer<CChar>?, _ r: sys_http_result, _ what: StaticString,
                          _ log: Log) {
        let how: Text = r.kind == SYS_HTTP_OK ? "HTTP \(r.status)" : "\(c: r.error)"
        log(.warning, "alerts: \(c: shown): \(how); \(what)")
    }

    /// What waits is on disk before it is on its way.
    private mutating func keep(_ log: Log) {
        if let f = file, let t = alerts.keep(f) { log(.warning, t) }
    }

    /// The process ends: says so, and gives what is queued up to `most_ms` to leave, as long as it leaves at
    /// all.
    package mutating func stop(_ why: Text, _ m: Machine, _ now: Now, most_ms: UInt64, _ log: Log) {
        alerts.stopped(why, m, now)
        let end = real_ms() + most_ms
        defer { keep(log) }
        alerts.hurry()
        while alerts.hooked && !alerts.queue.isEmpty {
            let t = real_ms()
            // The second: it was just refused, and would wait.
            if t >= end || (!alerts.sending && alerts.wake_ms > t) { return }
            send(m, now_s: now.unix_s, log)
            _ = sys_http_wait(http, nil, 0, Int32(min(end - t, 100)))
            var r = sys_http_result()
            while sys_http_next(http, &r) != 0 {
                if r.endpoint >= hookEndpoint { answered(r, log) }
            }
        }
    }

    /// When there is something to do next, on the real monotonic clock.
    package var wake_ms: UInt64 { alerts.wake_ms }
}
