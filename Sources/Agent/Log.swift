// One line an event, to stderr: logfmt (default), JSON, or plain. Under systemd each line carries its journald priority.
import EvenkeelCore
import EvenkeelSys
import Kit

public enum LogFormat: UInt8 {
    case logfmt, json, plain
}

public struct Logger {
    public var format = LogFormat.logfmt
    public var level = Level.info
    /// Where lines go; -1: nowhere.
    public var fd: Int32 = 2
    private var journald = false
    private var line = Text(capacity: 512)

    public init() { journald = sys_env("JOURNAL_STREAM") != nil }

    private func word(_ l: Level) -> StaticString {
        switch l {
        case .error: return "err"
        case .warning: return "warn"
        case .info: return "info"
        case .debug: return "debug"
        }
    }

    private func priority(_ l: Level) -> StaticString {
        switch l {
        case .error: return "<3>"
        case .warning: return "<4>"
        case .info: return "<6>"
        case .debug: return "<7>"
        }
    }

    public mutating func write(_ l: Level, _ human: Text, tick: UInt64, time_s: Int64) {
        if l.rawValue > level.rawValue || fd < 0 { return }
        line.clear()
        if journald { line.put(priority(l)) }
        switch format {
        case .logfmt:
            line.put("time=")
            line.put(iso8601: time_s)
            line.put(" level=")
            line.put(word(l))
            line.put(" tick=")
            line.put(tick)
            line.put(" msg=")
            line.put(jsonString: human)
        case .json:
            line.put("{\"time\":\"")
            line.put(iso8601: time_s)
            line.put("\",\"level\":\"")
            line.put(word(l))
            line.put("\",\"tick\":")
            line.put(tick)
            line.put(",\"msg\":")
            line.put(jsonString: human)
            line.put("}")
        case .plain:
            line.put(iso8601: time_s)
            line.put(" ")
            line.put(word(l))
            line.put(" ")
            line.put(human)
        }
        line.put("\n")
        _ = line.bytes.withUnsafeBufferPointer { sys_write_log(fd, $0.baseAddress, $0.count) }
    }
}
