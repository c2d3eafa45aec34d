// The queue of alerts: a POST to the operator's webhook for what a person should know, and a ping after every
// good tick for a service that notices when they stop. Both ride in the daemon's own loop on transfers of
// their own: nothing here can delay a tick.
//
// What cannot be delivered is tried again, 2 s doubling to 5 min, in order. The queue is bounded: when it is
// full, the oldest of the lowest level goes, and the next message says how many went. It outlives the process
// (AlertFile.swift).
import EvenkeelCore
import EvenkeelSys
import Model
import Text

/// What the config says of alerts. A reload may change all but whether there are receivers.
package struct AlertSettings {
    var hooked: Bool
    var pinged: Bool
    var smallest: Level
    var blocked_ms: UInt64
    var rpcLost_ms: UInt64
    /// 0: never again.
    var repeat_ms: UInt64
}

extension AlertSettings {
    /// `on`: this run tells anybody anything at all.
    package init(_ c: UnsafePointer<sys_config>, on: Bool) {
        hooked = on && (sys_config_webhook(c)?.pointee ?? 0) != 0
        pinged = on && (sys_config_ping(c)?.pointee ?? 0) != 0
        smallest = c.pointee.alert_level == 2 ? .error : c.pointee.alert_level == 1 ? .warning : .info
        blocked_ms = UInt64(c.pointee.blocked_minutes) * 60_000
        rpcLost_ms = UInt64(c.pointee.rpc_lost_s) * 1_000
        repeat_ms = UInt64(c.pointee.repeat_hours) * 3_600_000
    }
}

struct AlertQueue {
    static let room = 32
    private static let firstRetry_ms: UInt64 = 2_000
    private static let lastRetry_ms: UInt64 = 300_000
    private static let pingEvery_ms: UInt64 = 10_000

    private(set) var settings: AlertSettings
    var hooked: Bool { settings.hooked }
    var pinged: Bool { settings.pinged }
    var queue: [Alert] = []
    /// Something changed that must outlive the process.
    var dirty = false
    /// The last correction of each market of the record that was told of.
    var told = [ek_moment](repeating: ek_moment(unix_s: 0, slot: 0), count: Int(EK_RECORD_MARKETS))
    /// What was last told of the mode, the failures in a row and the time of the last book.
    var live = false
    var failuresSeen: UInt32 = 0
    var bookAt_ms: UInt64 = 0
    /// The first of the queue is on its way.
    private(set) var sending = false
    var dropped: UInt32 = 0
    private var attempts: UInt64 = 0
    private var due_ms: UInt64 = 0
    /// By AlertKind, those that last.
    var conditions = [Condition](repeating: Condition(), count: Int(AlertKind.venue.rawValue) + 1)
    private var pinging = false
    private var pingedAt_ms: UInt64 = 0
    var pingWanted = false
    private(set) var pingFailures: UInt32 = 0

    var begun = false
    /// A process before this one left its file.
    var restored = false

    init(_ s: AlertSettings) {
        settings = s
        if s.hooked { queue.reserveCapacity(AlertQueue.room + 1) }
    }

    mutating func reconfigure(_ s: AlertSettings) {
        let (hooked, pinged) = (settings.hooked, settings.pinged)
        settings = s
        (settings.hooked, settings.pinged) = (hooked, pinged)
    }

    mutating func push(_ kind: AlertKind, _ state: AlertState, _ level: Level, _ text: Text, _ tick: UInt64,
                       _ now: Now, at unix_s: Int64? = nil) {
        if level.rawValue > settings.smallest.rawValue { return }
        if queue.count >= AlertQueue.room {
            var victim = sending ? 1 : 0
            for i in victim..<queue.count where queue[i].level.rawValue > queue[victim].level.rawValue {
                victim = i
            }
            queue.remove(at: victim)
            dropped += 1
        }
        dirty = true
        queue.append(Alert(kind: kind, state: state, level: level, text: text, time_s: unix_s ?? now.unix_s,
                           tick: tick))
    }

    /// The message to send now, if one is due; `delivered` follows.
    mutating func next(_ real_ms: UInt64) -> Alert? {
        guard hooked, !sending, var first = queue.first, real_ms >= due_ms else { return nil }
        if dropped > 0 { first.text.put(" (\(dropped) earlier alerts were dropped)") }
        sending = true
        return first
    }

    mutating func delivered(_ how: Delivery, retryAfter_s: Int64, _ real_ms: UInt64) {
        sending = false
        switch how {
        case .done, .refused:
            if !queue.isEmpty { queue.removeFirst() }
            dirty = true
            if how == .done { dropped = 0 }
            attempts = 0
            due_ms = real_ms
        case .later:
            let wait = min(AlertQueue.firstRetry_ms << min(attempts, 8), AlertQueue.lastRetry_ms)
            attempts += 1
            due_ms = real_ms + max(wait, UInt64(max(0, min(retryAfter_s, 3600))) * 1000)
        }
    }

    /// The process ends: what is queued is due at once, whatever failed before.
    mutating func hurry() { due_ms = 0 }

    /// Whether to ping now.
    mutating func ping(_ real_ms: UInt64) -> Bool {
        let due = pingedAt_ms == 0 || real_ms - pingedAt_ms >= AlertQueue.pingEvery_ms
        guard pingWanted, !pinging, due else { return false }
        pingWanted = false
        pinging = true
        pingedAt_ms = max(1, real_ms)
        return true
    }

    mutating func pingEnded(well: Bool) {
        pinging = false
        pingFailures = well ? 0 : pingFailures &+ 1
    }

    /// When there is something to do next, on the real monotonic clock.
    var wake_ms: UInt64 {
        var t = UInt64.max
        if hooked && !sending && !queue.isEmpty { t = due_ms }
        if pingWanted && !pinging { t = min(t, pingedAt_ms + AlertQueue.pingEvery_ms) }
        return t
    }
}
