// Text that fits its terminal: nothing wraps by itself, so what is redrawn in place stays in its place.
import EvenkeelSys
import Model
import Rpc
import Text

/// How large a terminal is, as it says; 80 by 24 where it says nothing.
struct TerminalSize: Equatable {
    var columns = 80
    var rows = 24

    init(of fd: Int32) {
        var c: Int32 = 0
        var r: Int32 = 0
        if sys_terminal_size(fd, &c, &r) != 0 {
            columns = max(20, Int(c))
            rows = max(6, Int(r))
        }
    }

    /// One column stays free: a terminal may wrap when the last one is written.
    var width: Int { columns - 1 }
}

extension Terminal {
    /// Whether the cursor can be moved there.
    static func redraws(_ fd: Int32) -> Bool {
        guard sys_isatty(fd) != 0, let term = sys_env("TERM"), term.pointee != 0 else { return false }
        return !(textOf(term) == "dumb")
    }
}

/// How many columns it takes: UTF-8 continuation bytes take none.
func columns(of t: Text) -> Int {
    var n = 0
    for b in t.bytes where b & 0xC0 != 0x80 { n += 1 }
    return n
}

/// The line in pieces that fit, broken where two blanks or more stand, else at a blank, else where it must;
/// the pieces after the first are indented.
func fitted(_ line: Text, to width: Int, indent: Int = 11) -> [Text] {
    var pieces: [Text] = []
    var rest = line.bytes[...]
    var room = width
    while true {
        let (head, end) = cut(rest, room)
        var t = Text()
        if !pieces.isEmpty { for _ in 0..<indent { t.put(" ") } }
        for b in head { t.put(byte: b) }
        pieces.append(t)
        rest = rest[end...]
        while rest.first == 0x20 { rest.removeFirst() }
        if rest.isEmpty { return pieces }
        room = max(8, width - indent)
    }
}

/// What goes into `room` columns, and where the next piece begins.
private func cut(_ b: ArraySlice<UInt8>, _ room: Int) -> (ArraySlice<UInt8>, Int) {
    var n = 0
    var wide: Int? = nil
    var narrow: Int? = nil
    var text = false
    for i in b.indices {
        if b[i] & 0xC0 != 0x80 {
            if n == room {
                let at = wide ?? narrow ?? i
                return (b[b.startIndex..<at], at)
            }
            n += 1
        }
        if b[i] != 0x20 {
            text = true
        } else if text && b[i - 1] != 0x20 {
            narrow = i
            if i + 1 < b.endIndex && b[i + 1] == 0x20 { wide = i }
        }
    }
    return (b, b.endIndex)
}

/// A whole text with its lines fitted; `rows`: cut below.
func fitted(_ text: Text, to size: TerminalSize, cutBelow: Bool) -> Text {
    var out = Text(capacity: text.count + 256)
    var lines = 0
    var from = 0
    for i in 0..<text.count where text.bytes[i] == 0x0A {
        var line = Text()
        for b in text.bytes[from..<i] { line.put(byte: b) }
        from = i + 1
        for piece in fitted(line, to: size.width) where !cutBelow || lines < size.rows - 1 {
            out.put("\(piece)\n")
            lines += 1
        }
    }
    return out
}
