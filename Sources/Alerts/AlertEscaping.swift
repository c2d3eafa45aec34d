// What a node answers ends up in an alert, and a node must not write the operator's messages: no mention, no
// link, no markdown, no command that is sent by a tap. Each receiver reads other signs.
import Text

/// A receiver with signs of its own.
enum AlertReceiver: CaseIterable { case slack, discord, telegram, ntfy }

/// A space of no width (U+200B): it shows nothing, and ends a link, a mention or a command before it begins.
private let gap: [UInt8] = [0xE2, 0x80, 0x8B]
/// Receivers cut or refuse long ones (Discord: 2000 characters).
private let longest = 1_900

/// The text as that receiver shows it, and as nothing else.
func escaped(_ text: Text, for receiver: AlertReceiver) -> Text {
    var t = Text(capacity: text.count + text.count / 4)
    let bytes = text.bytes
    var i = 0
    while i < bytes.count && t.count < longest {
        let b = bytes[i]
        if let n = hidden(bytes, i) {           // before all else: it could part what is looked for below
            i += n
            continue
        }
        if b < 0x20 || b == 0x7F {
            t.put(" ")                          // a line of its own could look like the agent's
        } else {
            mark(b, bytes, i, receiver, &t)
        }
        i += 1
    }
    // Never half a character at the cut.
    while i < bytes.count, i > 0, bytes[i] & 0xC0 == 0x80, let last = t.bytes.last, last >= 0x80 {
        t.bytes.removeLast()
        if last & 0xC0 == 0xC0 { break }
    }
    return t
}

/// One visible byte, with what its receiver needs before or behind it.
private func mark(_ b: UInt8, _ bytes: [UInt8], _ i: Int, _ receiver: AlertReceiver, _ t: inout Text) {
    let next = i + 1 < bytes.count ? bytes[i + 1] : 0x20
    switch receiver {
    case .slack:
        switch b {
        case UInt8(ascii: "&"): return t.put("&amp;")
        case UInt8(ascii: "<"): return t.put("&lt;")
        case UInt8(ascii: ">"): return t.put("&gt;")
        default: break
        }
    case .discord:
        if isMarkdown(b) { t.put("\\") }
    case .telegram:
        let before = i > 0 ? bytes[i - 1] : 0x20
        t.put(byte: b)
        let command = b == UInt8(ascii: "/") && !isWord(before)
        if command || b == UInt8(ascii: "#") || b == UInt8(ascii: "$") && isLetter(next) { t.put(bytes: gap) }
        if startsLink(b, next) { t.put(bytes: gap) }
        return
    case .ntfy: break
    }
    t.put(byte: b)
    if startsLink(b, next) { t.put(bytes: gap) }
}

/// "https:|//", "evil.|com", "@|channel", "somebody@|there".
private func startsLink(_ b: UInt8, _ next: UInt8) -> Bool {
    switch b {
    case UInt8(ascii: "@"): return true
    case UInt8(ascii: ":"): return next == UInt8(ascii: "/") || isLetter(next)
    case UInt8(ascii: "."): return isLetter(next) || next >= 0x80
    default: return false
    }
}

private func isLetter(_ b: UInt8) -> Bool {
    let small = b | 0x20
    return small >= UInt8(ascii: "a") && small <= UInt8(ascii: "z")
}
private func isWord(_ b: UInt8) -> Bool {
    isLetter(b) || (b >= UInt8(ascii: "0") && b <= UInt8(ascii: "9")) || b == UInt8(ascii: "/")
}

private func isMarkdown(_ b: UInt8) -> Bool {
    let signs: StaticString = "\\*_~`|<>[]()#-@"
    for k in 0..<signs.utf8CodeUnitCount where signs.utf8Start[k] == b { return true }
    return false
}

/// Signs that show nothing and turn the direction of what follows (U+200B to U+200F, U+202A to U+202E, U+2060
/// to U+2069, U+FEFF): their length in bytes, nil: none.
private func hidden(_ b: [UInt8], _ i: Int) -> Int? {
    guard i + 2 < b.count else { return nil }
    let (x, y, z) = (b[i], b[i + 1], b[i + 2])
    if x == 0xEF && y == 0xBB && z == 0xBF { return 3 }
    guard x == 0xE2 else { return nil }
    if y == 0x80 && ((z >= 0x8B && z <= 0x8F) || (z >= 0xAA && z <= 0xAE)) { return 3 }
    if y == 0x81 && z >= 0xA0 && z <= 0xA9 { return 3 }
    return nil
}
