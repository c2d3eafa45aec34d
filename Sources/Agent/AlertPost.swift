// An alert in the form its receiver takes, and the driver's side of sending it.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

private let hookTimeout_ms: UInt32 = 10_000
let hookEndpoint = Int32(SYS_HTTP_ENDPOINTS)
let pingEndpoint = Int32(SYS_HTTP_ENDPOINTS) + 1

/// Whose agent speaks.
struct AlertOrigin {
    var venue: OpaquePointer?
    var authority: ek_key
    var subAccount: UInt16
    var live: Bool
    /// What the clock says while it is sent.
    var now_s: Int64
}

/// Sets up the webhook's target: what sys_http_hook says. Each literal goes to C as its bytes; chosen first and handed over then they would
/// be Strings, whose way to C is 4 KB of Unicode.
func openHook(_ http: OpaquePointer?, _ config: ConfigPointer) -> Int32 {
    let url = sys_config_webhook(config)
    if sys_config_alert_format(config) == Int32(SYS_ALERT_NTFY) { return sys_http_hook(http, 0, url, "text/plain; charset=utf-8") }
    return sys_http_hook(http, 0, url, "application/json")
}

extension Driver {
    private func origin(_ m: Machine) -> AlertOrigin {
        AlertOrigin(venue: m.venue, authority: m.authority, subAccount: m.subAccount, live: m.rules.mode == .live, now_s: now().unix_s)
    }

    /// Sets up the targets; words when one is refused.
    func openAlerts() {
        if alerts.hooked {
            if openHook(http, config) != 0 {
                log(.error, Text("alerts: the webhook was refused by the HTTP client; no alert will be sent"))
            }
        }
        if alerts.pinged && sys_http_hook(http, 1, sys_config_ping(config), "text/plain") != 0 {
            log(.error, Text("alerts: ping_url was refused by the HTTP client; no ping will be sent"))
        }
    }

    /// Before the process shuts itself in. Without a webhook, or where nothing is kept, there is no file.
    func openAlertFile() {
        forgetRefused(config)
        guard alerts.hooked && persistent else { return }
        var trouble = Text()
        alertFile = AlertFile(config, words: &trouble)
        if let f = alertFile { alerts.restore(f, now()) } else { log(.warning, trouble) }
    }

    func sendAlerts(_ m: Machine) {
        keepAlerts()
        let t = UInt64(max(0, sys_mono_ms()))
        if let a = alerts.next(t) {
            let body = alertBody(a, origin(m), config)
            let sent = body.bytes.withUnsafeBufferPointer { sys_http_post(http, hookEndpoint, 0, $0.baseAddress, $0.count, hookTimeout_ms) == 0 }
            if !sent { alerts.delivered(.later, retryAfter_s: 0, t) }
        }
        if alerts.ping(t) && sys_http_post(http, pingEndpoint, 0, nil, 0, hookTimeout_ms) != 0 { alerts.pingEnded(well: false) }
    }

    /// The end of a transfer of ours; `r.endpoint` is past the endpoints of the chain.
    func alertAnswered(_ r: sys_http_result) {
        let well = r.kind == SYS_HTTP_OK && r.status >= 200 && r.status < 300
        if r.endpoint == pingEndpoint {
            alerts.pingEnded(well: well)
            if !well && alerts.pingFailures == 3 { complainOf(sys_config_ping_shown(config), r, "three pings in a row failed") }
            return
        }
        var how = Delivery.done
        if !well {
            // What the receiver will refuse again is not tried again: 4xx but for "too slow" and "too many", and redirects.
            let final = r.kind == SYS_HTTP_OK && r.status >= 300 && r.status < 500 && r.status != 408 && r.status != 425 && r.status != 429
            how = final ? .refused : .later
            complainOf(sys_config_webhook_shown(config), r, final ? "the alert was refused and is dropped" : "the alert is sent again later")
        }
        alerts.delivered(how, retryAfter_s: r.retry_after_s, UInt64(max(0, sys_mono_ms())))
    }

    private func complainOf(_ shown: UnsafePointer<CChar>?, _ r: sys_http_result, _ what: StaticString) {
        var t = Text("alerts: ")
        t.put(c: shown)
        t.put(": ")
        if r.kind == SYS_HTTP_OK {
            t.put("HTTP ")
            t.put(r.status)
        } else {
            t.put(c: r.error)
        }
        t.put("; ")
        t.put(what)
        log(.warning, t)
    }

    /// What waits is on disk before it is on its way.
    func keepAlerts() {
        if let f = alertFile, let t = alerts.keep(f) { log(.warning, t) }
    }

    /// Gives what is queued up to `most_ms` to leave, as long as it leaves at all; for the end of the process.
    func flushAlerts(_ m: Machine, _ most_ms: UInt64) {
        let end = UInt64(max(0, sys_mono_ms())) + most_ms
        defer { keepAlerts() }
        alerts.hurry()
        while alerts.hooked && !alerts.queue.isEmpty {
            let t = UInt64(max(0, sys_mono_ms()))
            if t >= end || (!alerts.sending && alerts.wake_ms > t) { return }        // the second: it was just refused, and would wait
            sendAlerts(m)
            _ = sys_http_wait(http, nil, 0, Int32(min(end - t, 100)))
            var r = sys_http_result()
            while sys_http_next(http, &r) != 0 {
                if r.endpoint >= hookEndpoint { alertAnswered(r) }
            }
        }
    }
}

/// The message as its receiver wants it.
func alertBody(_ a: Alert, _ o: AlertOrigin, _ config: ConfigPointer) -> Text {
    let human = sentence(a, o)
    var t = Text(capacity: 512)
    switch sys_config_alert_format(config) {
    case Int32(SYS_ALERT_NTFY):
        return human
    case Int32(SYS_ALERT_DISCORD):
        t.put("{\"content\":")
        t.put(jsonString: human)
        t.put(",\"allowed_mentions\":{\"parse\":[]}}")
    case Int32(SYS_ALERT_SLACK):
        t.put("{\"text\":")
        t.put(jsonString: human)
        t.put("}")
    case Int32(SYS_ALERT_TELEGRAM):
        t.put("{")
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { chat in
            guard let base = chat.baseAddress, sys_url_query(sys_config_webhook(config), "chat_id", base, 64) > 0 else { return }
            var id = Text()
            id.put(c: base)
            t.put("\"chat_id\":")
            t.put(jsonString: id)
            t.put(",")
        }
        t.put("\"text\":")
        t.put(jsonString: human)
        t.put(",\"link_preview_options\":{\"is_disabled\":true}}")
    default:
        t.put("{\"type\":\"ALERT\",\"data\":{\"event\":\"")
        t.put(a.kind.word)
        t.put("\",\"state\":\"")
        t.put(a.state.word)
        t.put("\",\"level\":\"")
        t.put(levelWord(a.level))
        t.put("\",\"text\":")
        t.put(jsonString: human)
        t.put(",\"time\":\"")
        t.put(iso8601: a.time_s)
        t.put("\",\"tick\":")
        t.put(a.tick)
        t.put(",\"mode\":\"")
        t.put(o.live ? "live" : "paper")
        t.put("\",\"venue\":\"")
        t.put(c: ek_venue_name(o.venue))
        t.put("\",\"authority\":\"")
        t.put(key: o.authority)
        t.put("\",\"sub_account\":")
        t.put(o.subAccount)
        t.put("}}")
    }
    return t
}

private func levelWord(_ l: Level) -> StaticString { l == .error ? "error" : l == .warning ? "warning" : "info" }

/// "evenkeel velocity 7xKX/0 (live): OVER: health is well again: 61.0 %"
private func sentence(_ a: Alert, _ o: AlertOrigin) -> Text {
    var t = Text("evenkeel ")
    t.put(c: ek_venue_name(o.venue))
    t.put(" ")
    var address = Text()
    address.put(key: o.authority)
    for i in 0..<min(4, address.count) { t.put(byte: address.bytes[i]) }
    t.put("/")
    t.put(o.subAccount)
    t.put(o.live ? " (live): " : " (paper): ")
    switch a.state {
    case .resolved: t.put("OVER: ")
    case .reminder: t.put("STILL: ")
    case .once, .firing: t.put(a.level == .error ? "ERROR: " : a.level == .warning ? "WARNING: " : "")
    }
    t.put(a.text)
    if o.now_s - a.time_s > 120 {       // it waited: for a receiver, or for a restart
        t.put(" (of ")
        t.put(iso8601: a.time_s)
        t.put(")")
    }
    // Receivers cut or refuse long ones (Discord: 2000 characters).
    if t.count > 1500 { t.bytes.removeLast(t.count - 1500) }
    return t
}
