// A line of the log in the form that its reader takes: logfmt (default), JSON, or plain.
import Model
import Text

package enum LogFormat: UInt8 {
    case logfmt, json, plain
}

extension Level {
    var logWord: StaticString {
        switch self {
        case .error: return "err"
        case .warning: return "warn"
        case .info: return "info"
        case .debug: return "debug"
        }
    }

    /// What journald takes off the front of a line.
    package var journaldPriority: StaticString {
        switch self {
        case .error: return "<3>"
        case .warning: return "<4>"
        case .info: return "<6>"
        case .debug: return "<7>"
        }
    }
}

package struct LogLine {
    var level: Level
    var human: Text
    var tick: UInt64
    /// The beginning of the open order's signature, empty when none is open.
    var ticket: Text
    var time_s: Int64

    package init(level: Level, human: Text, tick: UInt64, ticket: Text, time_s: Int64) {
        self.level = level
        self.human = human
        self.tick = tick
        self.ticket = ticket
        self.time_s = time_s
    }
}

extension Text {
    /// One value at a time: a line a tick goes into memory that is kept, and allocates nothing.
    package mutating func put(logLine l: LogLine, _ format: LogFormat) {
        switch format {
        case .logfmt: putLogfmt(l)
        case .json: putJson(l)
        case .plain:
            put(iso8601: l.time_s)
            put(" ")
            put(l.level.logWord)
            put(" ")
            put(l.human)
        }
    }

    private mutating func putLogfmt(_ l: LogLine) {
        put("time=")
        put(iso8601: l.time_s)
        put(" level=")
        put(l.level.logWord)
        put(" tick=")
        put(l.tick)
        if !l.ticket.isEmpty {
            put(" ticket=")
            put(l.ticket)
        }
        put(" msg=")
        put(jsonString: l.human)
    }

    private mutating func putJson(_ l: LogLine) {
        var j = Json(into: self)
        self = Text()                   // the writer alone has the memory now
        j.open()
        j.string("time") { $0.put(iso8601: l.time_s) }
        j.string("level", l.level.logWord)
        j.int("tick", l.tick)
        if !l.ticket.isEmpty { j.string("ticket", l.ticket) }
        j.string("msg", l.human)
        j.close()
        self = j.text
    }
}
