// One line an event, to stderr. The same line over and over is said three times, then counted: a fault that
// lasts for days must neither fill the disk nor push out what came before it.
import EvenkeelSys
import Model
import Render
import Text

/// A line that was said lately.
private struct Said {
    var hash: UInt64 = 0
    var level = Level.info
    var began_s: Int64 = 0
    var times = 0
    var held = 0
    var text = Text()
}

package struct Logger {
    package var format = LogFormat.logfmt
    package var level = Level.info
    /// Where lines go; -1: nowhere.
    package var fd: Int32 = 2
    private let journald: Bool
    private var line = Text(capacity: 512)
    private var lately: [Said] = []

    /// Said whole so often, then only counted until the window has passed.
    private let burst = 3
    private let window_s: Int64 = 600
    private let remembered = 24

    package init() { journald = sys_is_journal(2) != 0 }

    /// Whether a line of this level goes anywhere at all.
    package func says(_ l: Level) -> Bool { l.rawValue <= level.rawValue && fd >= 0 }

    /// `ticket`: the beginning of the open order's signature, empty when none is open.
    package mutating func write(_ l: Level, _ human: Text, tick: UInt64, ticket: Text, time_s: Int64) {
        if !says(l) { return }
        sayHeld(time_s, tick: tick)
        if !isNews(l, human, time_s) { return }
        put(l, human, tick, ticket, time_s)
    }

    /// What stands in parentheses is detail (seconds left, an errno): it makes no new line of an old one.
    private func hash(_ t: Text) -> UInt64 {
        var h: UInt64 = 0xCBF2_9CE4_8422_2325
        var depth = 0
        for b in t.bytes {
            if b == 0x28 { depth += 1 }
            if depth == 0 { h = (h ^ UInt64(b)) &* 0x100_0000_01B3 }
            if b == 0x29 && depth > 0 { depth -= 1 }
        }
        return h
    }

    /// Complaints, and the two sentences a lasting drift repeats every tick. The life of an order is always
    /// told whole.
    private func mayBeHeld(_ l: Level, _ human: Text) -> Bool {
        if l == .debug { return false }
        return l != .info || human.starts("[REBALANCER] Cooldown active")
            || human.starts("[REBALANCER] Net delta")
    }

    private mutating func isNews(_ l: Level, _ human: Text, _ time_s: Int64) -> Bool {
        if !mayBeHeld(l, human) { return true }
        let h = hash(human)
        for i in 0..<lately.count where lately[i].hash == h && lately[i].level == l {
            lately[i].times += 1
            if lately[i].times <= burst { return true }
            lately[i].held += 1
            return false
        }
        if lately.count == remembered {
            // The oldest makes room; what was held back of it is said now.
            var oldest = 0
            for i in 1..<lately.count where lately[i].began_s < lately[oldest].began_s { oldest = i }
            let gone = lately.remove(at: oldest)
            sum(gone, time_s, tick: 0)
        }
        lately.append(Said(hash: h, level: l, began_s: time_s, times: 1, held: 0, text: human))
        return true
    }

    /// Windows that have ended: how often a line was held back in them. Called before each line and at the
    /// end of each tick.
    package mutating func sayHeld(_ time_s: Int64, tick: UInt64, all: Bool = false) {
        var i = 0
        while i < lately.count {
            let passed = time_s.subtractingReportingOverflow(lately[i].began_s).partialValue
            if !all && passed >= 0 && passed < window_s {
                i += 1
                continue
            }
            let gone = lately.remove(at: i)
            sum(gone, time_s, tick: tick)
        }
    }

    private mutating func sum(_ s: Said, _ time_s: Int64, tick: UInt64) {
        if s.held == 0 { return }
        let times: StaticString = s.held == 1 ? "time" : "times"
        let window_min = max(1, (time_s - s.began_s + 59) / 60)
        put(s.level, "\(s.text) … \(s.held) more \(times) in \(window_min) min", tick, Text(), time_s)
    }

    private mutating func put(_ l: Level, _ human: Text, _ tick: UInt64, _ ticket: Text, _ time_s: Int64) {
        line.clear()
        if journald { line.put(l.journaldPriority) }
        line.put(logLine: LogLine(level: l, human: human, tick: tick, ticket: ticket, time_s: time_s), format)
        line.put("\n")
        _ = line.bytes.withUnsafeBufferPointer { sys_write_log(fd, $0.baseAddress, $0.count) }
    }
}
