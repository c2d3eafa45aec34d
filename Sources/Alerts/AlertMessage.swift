// An alert in the form that its receiver takes.
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Text

/// Whose agent speaks.
struct AlertOrigin {
    var venue: OpaquePointer?
    var authority: ek_key
    var subAccount: UInt16
    var live: Bool
    /// What the clock says while it is sent.
    var now_s: Int64

    var mode: StaticString { live ? "live" : "paper" }
}

/// The message as its receiver wants it.
func alertBody(_ a: Alert, _ o: AlertOrigin, _ config: UnsafePointer<sys_config>) -> Text {
    let human = sentence(a, o)
    guard let receiver = receiver(config) else { return ownFormat(a, o, human) }
    // What a node said is somewhere in it.
    let safe = escaped(human, for: receiver)
    switch receiver {
    case .ntfy:
        return safe
    case .discord:         // flag 4: no previews of links
        return "{\"content\":\(quoted: safe),\"flags\":4,\"allowed_mentions\":{\"parse\":[]}}"
    case .slack:
        return "{\"text\":\(quoted: safe),\"mrkdwn\":false,\"unfurl_links\":false}"
    case .telegram:
        return "{\(chat(config))\"text\":\(quoted: safe),\"link_preview_options\":{\"is_disabled\":true}}"
    }
}

/// nil: the agent's own format.
private func receiver(_ config: UnsafePointer<sys_config>) -> AlertReceiver? {
    switch sys_config_alert_format(config) {
    case Int32(SYS_ALERT_NTFY): return .ntfy
    case Int32(SYS_ALERT_DISCORD): return .discord
    case Int32(SYS_ALERT_SLACK): return .slack
    case Int32(SYS_ALERT_TELEGRAM): return .telegram
    default: return nil
    }
}

/// Telegram's chat, taken out of the URL's query, as the first member of its message.
private func chat(_ config: UnsafePointer<sys_config>) -> Text {
    var t = Text()
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { chat in
        guard let base = chat.baseAddress,
              sys_url_query(sys_config_webhook(config), "chat_id", base, 64) > 0 else { return }
        let id: Text = "\(c: base)"
        t.put("\"chat_id\":\(quoted: id),")
    }
    return t
}

/// The format of docs/interface.md.
private func ownFormat(_ a: Alert, _ o: AlertOrigin, _ human: Text) -> Text {
    var j = Json(capacity: 512)
    j.open()
    j.string("type", "ALERT")
    j.open("data")
    j.string("event", a.kind.word)
    j.string("state", a.state.word)
    j.string("level", levelWord(a.level))
    j.string("text", human)
    j.string("time") { $0.put(iso8601: a.time_s) }
    j.int("tick", a.tick)
    j.string("mode", o.mode)
    j.string("venue") { $0.put(c: ek_venue_name(o.venue)) }
    j.string("authority", key: o.authority)
    j.int("sub_account", o.subAccount)
    j.close()
    j.close()
    return j.text
}

private func levelWord(_ l: Level) -> StaticString {
    l == .error ? "error" : l == .warning ? "warning" : "info"
}

/// "evenkeel velocity 7xKX/0 (live): OVER: health has recovered: 61.0 %"
private func sentence(_ a: Alert, _ o: AlertOrigin) -> Text {
    var start: Text = "\(key: o.authority)"
    start.bytes.removeLast(start.count - 4)
    let mark: StaticString
    switch a.state {
    case .resolved: mark = "OVER: "
    case .reminder: mark = "STILL: "
    case .once, .firing: mark = a.level == .error ? "ERROR: " : a.level == .warning ? "WARNING: " : ""
    }
    let account: Text = "\(start)/\(o.subAccount)"
    var t: Text = "evenkeel \(c: ek_venue_name(o.venue)) \(account) (\(o.mode)): \(mark)\(a.text)"
    // It waited: for a receiver, or for a restart.
    if o.now_s - a.time_s > 120 { t.put(" (of \(iso8601: a.time_s))") }
    // Receivers cut or refuse long ones (Discord: 2000 characters).
    if t.count > 1500 { t.bytes.removeLast(t.count - 1500) }
    return t
}
