// Colours for the status on a terminal.
import Model
import Rpc
import Text

/// The status word by its urgency, the names of the lines dimmed, closed gates in red.
func coloured(_ plain: Text) -> Text {
    var t = Text(capacity: plain.count + 256)
    var line = 0
    var at = 0
    let b = plain.bytes
    while at < b.count {
        var end = at
        while end < b.count && b[end] != 0x0A { end += 1 }
        var word = at
        while word < end && b[word] == 0x20 { word += 1 }
        var stop = word
        while stop < end && b[stop] != 0x20 { stop += 1 }
        var first = Text(capacity: 32)
        for i in word..<stop { first.put(byte: b[i]) }
        t.put(raw: b, at, word)
        if line == 0 {
            t.put(urgency(first))
        } else if word - at < 8 {         // what is indented further goes on from the line above
            t.put("\u{1b}[2m")
        }
        t.put(first)
        t.put("\u{1b}[0m")
        let loud = first == "gates" && contains(b, stop, end, " closed:")
        if loud { t.put("\u{1b}[31m") }
        t.put(raw: b, stop, end)
        if loud { t.put("\u{1b}[0m") }
        t.put("\n")
        at = end + 1
        line += 1
    }
    return t
}

private func urgency(_ status: Text) -> StaticString {
    if status == "error" || status == "observe_only" { return "\u{1b}[1;31m" }
    if status == "balanced" || status == "executed_live" || status == "executed_paper" || status == "dust" {
        return "\u{1b}[1;32m"
    }
    return "\u{1b}[1;33m"
}

private func contains(_ b: [UInt8], _ from: Int, _ to: Int, _ what: StaticString) -> Bool {
    let n = what.utf8CodeUnitCount
    if to - from < n { return false }
    for i in from...(to - n) {
        var same = true
        for k in 0..<n where b[i + k] != what.utf8Start[k] { same = false }
        if same { return true }
    }
    return false
}

extension Text {
    mutating func put(raw b: [UInt8], _ from: Int, _ to: Int) {
        for i in from..<to { put(byte: b[i]) }
    }
}
