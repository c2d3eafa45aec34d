// What a supervisor (systemd) is told: READY after the first tick that read the book, a sign of life only for
// ticks that ended, and words. Without $NOTIFY_SOCKET nothing happens here.
import EvenkeelSys
import Text

struct Supervisor {
    private let fd: Int32
    private(set) var ready = false
    /// The longest time between the ends of two ticks that is still good: the next one may begin an interval
    /// later and meet slow endpoints.
    private var patience_us: UInt64 = 0
    private let watchdog_us: UInt64
    private var toldWatchdog_us: UInt64 = 0

    /// `quiet`: a run that no supervisor looks after (`--once`, `demo`).
    init(quiet: Bool) {
        fd = quiet ? -1 : sys_notify_open()
        watchdog_us = quiet ? 0 : sys_notify_watchdog_us()
    }

    /// Words when the socket that was named does not work.
    var trouble: Text? {
        if fd >= -1 { return nil }
        let why = sys_errno_text(-fd)
        return "$NOTIFY_SOCKET cannot be used (\(c: why)): the supervisor will not hear of this agent"
    }

    private func send(_ t: Text) {
        if fd < 0 { return }
        _ = t.bytes.withUnsafeBufferPointer { sys_notify_send(fd, $0.baseAddress, $0.count) }
    }

    private func status(_ t: inout Text, _ words: Text) {
        t.put("STATUS=")
        for b in words.bytes { t.put(byte: max(0x20, b)) }
        t.put("\n")
    }

    /// Ten timeouts: reading, opinion, blockhash, fee, simulation and a few attempts more, all slow.
    mutating func plan(interval_ms: UInt64, timeout_ms: UInt64) {
        patience_us = (2 * interval_ms + 10 * timeout_ms) * 1000
        var t = Text()
        // A watchdog shorter than a healthy agent's own rhythm would kill it for nothing.
        if watchdog_us > 0 && watchdog_us < patience_us && toldWatchdog_us != patience_us {
            toldWatchdog_us = patience_us
            t.put("WATCHDOG_USEC=\(patience_us)\n")
        }
        if !ready { extend(&t) }
        send(t)
    }

    private func extend(_ t: inout Text) {
        t.put("EXTEND_TIMEOUT_USEC=")
        t.put(patience_us)
        t.put("\n")
    }

    /// A tick has ended. `whole`: it read the book.
    mutating func tick(whole: Bool, _ words: Text) {
        if fd < 0 { return }
        var t = Text()
        if whole && !ready {
            ready = true
            t.put("READY=1\n")
        }
        if !ready { extend(&t) }       // starting takes as long as the chain cannot be read
        if watchdog_us > 0 { t.put("WATCHDOG=1\n") }
        status(&t, words)
        send(t)
    }

    func reloading() {
        if !ready { return }
        send("RELOADING=1\nMONOTONIC_USEC=\(max(0, sys_mono_us()))\n")
    }

    func reloaded(_ words: Text) {
        if !ready { return }
        var t = Text("READY=1\n")
        status(&t, words)
        send(t)
    }

    func stopping(_ words: Text) {
        var t = Text("STOPPING=1\n")
        status(&t, words)
        send(t)
    }
}
