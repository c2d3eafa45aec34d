// A start that is refused: the message that tells of it. The process has nothing else to do, so it waits for
// the delivery, but not long. A supervisor may start it again every few seconds; the same words are said once
// in repeat_hours, and a file beside the state remembers them.
import EvenkeelCore
import EvenkeelSys
import Model
import Text

private let patience_ms: Int64 = 5_000
private let betweenTries_ms: UInt32 = 1_000

/// A start that was not refused: the next refusal is news again.
func forgetRefused(_ file: Text) { file.withCString { sys_refused_forget($0) } }

/// nil: told, or nobody wants to hear it; else what went wrong.
package func tellRefused(_ config: UnsafePointer<sys_config>, file: Text, _ words: Text) -> Text? {
    guard let hook = sys_config_webhook(config), hook.pointee != 0 else { return nil }
    let unix_s = sys_unix_ms() / 1000
    let again_s = Int64(config.pointee.repeat_hours == 0 ? 24 : config.pointee.repeat_hours) * 3_600
    let news = file.withCString { path in
        words.bytes.withUnsafeBufferPointer {
            sys_refused_is_news(path, $0.baseAddress, $0.count, unix_s, again_s)
        }
    }
    guard news != 0, let http = sys_http_new() else { return nil }
    defer { sys_http_free(http) }
    guard openHook(http, config) == 0 else { return nil }
    let venue: Text = "\(c: sys_config_venue_name(config))"
    let origin = AlertOrigin(venue: venue.withCString { ek_venue_by_name($0, venue.count) },
                             authority: config.pointee.authority, subAccount: config.pointee.sub_account,
                             live: config.pointee.mode == UInt8(SYS_MODE_LIVE), now_s: unix_s)
    let alert = Alert(kind: .refused, state: .once, level: .error, text: "the start was refused: \(words)",
                      time_s: unix_s, tick: 0)
    if deliver(alertBody(alert, origin, config), http) { return nil }
    return "alerts: \(c: sys_config_webhook_shown(config)): did not take the message about this refused start"
}

private func deliver(_ body: Text, _ http: OpaquePointer) -> Bool {
    let ends = sys_mono_ms() + patience_ms
    while sys_mono_ms() < ends {
        let left = UInt32(clamping: max(100, ends - sys_mono_ms()))
        let posted = body.bytes.withUnsafeBufferPointer {
            sys_http_post(http, hookEndpoint, 0, $0.baseAddress, $0.count, left) == 0
        }
        if !posted { return false }
        var r = sys_http_result()
        while sys_http_next(http, &r) == 0 { _ = sys_http_wait(http, nil, 0, 100) }
        if r.kind == SYS_HTTP_OK && r.status >= 200 && r.status < 300 { return true }
        if sys_mono_ms() + Int64(betweenTries_ms) >= ends { return false }
        sys_sleep_ms(betweenTries_ms)
    }
    return false
}
