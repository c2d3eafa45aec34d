// The last events before a violation, kept as numbers and turned into words only when somebody reads them.
import EvenkeelSys
import Model
import Rpc
import Text

struct Entry {
    var at_ms: Int64 = 0
    var what: StaticString = ""
    var a: Int64 = 0, b: Int64 = 0, c: Int64 = 0
    var words: Text? = nil
}

struct Trace {
    static let kept = 48
    private var ring = [Entry](repeating: Entry(), count: Trace.kept)
    private var n = 0
    var verbose = false

    @inline(never) mutating func add(_ at: Int64, _ what: StaticString, _ a: Int64 = 0, _ b: Int64 = 0,
                                     _ c: Int64 = 0,
                                     words: Text? = nil) {
        let e = Entry(at_ms: at, what: what, a: a, b: b, c: c, words: words)
        if verbose { Trace.write(Trace.line(e)) }
        ring[n % Trace.kept] = e
        n += 1
    }

    /// Days, hours, minutes, seconds and milliseconds of virtual time.
    static func time(_ ms: Int64) -> Text {
        func two(_ v: Int64) -> Text { v < 10 ? "0\(v)" : "\(v)" }
        let thousandths = ms % 1000
        let clock: Text = "\(two(ms / 3_600_000 % 24)):\(two(ms / 60_000 % 60)):\(two(ms / 1000 % 60))"
        return "\(ms / 86_400_000)d \(clock).\(thousandths < 100 ? "0" : "")\(two(thousandths))"
    }

    static func line(_ e: Entry) -> Text {
        if let w = e.words { return "  \(time(e.at_ms))  \(e.what) \(w)\n" }
        return "  \(time(e.at_ms))  \(e.what) \(e.a) \(e.b) \(e.c)\n"
    }

    func lastEvents() -> Text {
        var t = Text(capacity: 8192)
        for k in max(0, n - 40)..<n { t.put(Trace.line(ring[k % Trace.kept])) }
        return t
    }

    static func write(_ t: Text, _ fd: Int32 = 1) {
        _ = t.bytes.withUnsafeBufferPointer { sys_write_all(fd, $0.baseAddress, $0.count) }
    }
}
