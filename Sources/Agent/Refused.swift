// A start that is refused: the message that tells of it. The process has nothing else to do, so it waits for the delivery, but not long. A supervisor
// may start it again every few seconds; the same words are said once in repeat_hours.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

private let patience_ms: Int64 = 5_000
private let betweenTries_ms: UInt32 = 1_000

private func memory(_ config: ConfigPointer) -> Text { besideState(config, ".refused") }

func forgetRefused(_ config: ConfigPointer) { memory(config).withCString { sys_refused_forget($0) } }

func tellRefused(_ config: ConfigPointer, _ words: Text, _ log: Logger) {
    guard let hook = sys_config_webhook(config), hook.pointee != 0 else { return }
    let unix_s = sys_unix_ms() / 1000
    let again_s = Int64(config.pointee.repeat_hours == 0 ? 24 : config.pointee.repeat_hours) * 3_600
    let news = memory(config).withCString { path in
        words.bytes.withUnsafeBufferPointer { sys_refused_is_news(path, $0.baseAddress, $0.count, unix_s, again_s) }
    }
    guard news != 0, let http = sys_http_new() else { return }
    defer { sys_http_free(http) }
    guard openHook(http, config) == 0 else { return }
    var venue = Text()
    venue.put(c: sys_config_venue_name(config))
    let origin = AlertOrigin(venue: venue.withCString { ek_venue_by_name($0, venue.count) }, authority: config.pointee.authority,
                             subAccount: config.pointee.sub_account, live: config.pointee.mode == UInt8(SYS_MODE_LIVE), now_s: unix_s)
    var text = Text("the start was refused: ")
    text.put(words)
    let body = alertBody(Alert(kind: .refused, state: .once, level: .error, text: text, time_s: unix_s, tick: 0), origin, config)
    let ends = sys_mono_ms() + patience_ms
    while sys_mono_ms() < ends {
        let left = UInt32(clamping: max(100, ends - sys_mono_ms()))
        guard body.bytes.withUnsafeBufferPointer({ sys_http_post(http, hookEndpoint, 0, $0.baseAddress, $0.count, left) == 0 }) else { break }
        var r = sys_http_result()
        while sys_http_next(http, &r) == 0 { _ = sys_http_wait(http, nil, 0, 100) }
        if r.kind == SYS_HTTP_OK && r.status >= 200 && r.status < 300 { return }
        if sys_mono_ms() + Int64(betweenTries_ms) < ends { sys_sleep_ms(betweenTries_ms) } else { break }
    }
    var t = Text("alerts: ")
    t.put(c: sys_config_webhook_shown(config))
    t.put(": did not take the message about this refused start")
    complain(t)
}
