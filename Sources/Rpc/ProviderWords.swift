// What a provider says in its own words: in an error object, or in the body of an HTTP error. It ends up in
// logs and terminals, so it is cut, brought to printable ASCII, and freed of what may be a key.
import EvenkeelCore
import Text

enum ProviderWords {
    private static let longest = 160
    /// A run of letters and digits of this length with a digit in it, or of twice the length, may be a key.
    private static let keyLike = 16

    /// A JSON string in words.
    static func of(_ v: ek_json) -> Text {
        var n = 0
        guard let raw = ek_json_raw(v, &n), n >= 2, ek_json_kind(v) == 0x22 else { return Text() }
        return cleaned(unescaped(UnsafeBufferPointer(start: raw + 1, count: n - 2)))
    }

    /// The sentence in the body of an HTTP error: of JSON its message, of a page its title, of text its first
    /// line. Empty where there is none.
    static func ofBody(_ body: UnsafeBufferPointer<UInt8>) -> Text {
        guard let p = body.baseAddress, body.count > 0 else { return Text() }
        var root = ek_json()
        if ek_json_root(p, body.count, &root) == EK_OK { return ofObject(root) }
        var at = 0
        while at < body.count && body[at] <= 0x20 { at += 1 }
        if at == body.count || body[at] == 0x7B || body[at] == 0x5B { return Text() }
        if body[at] == 0x3C { return title(body) }
        var line: [UInt8] = []
        while at < body.count && body[at] != 0x0A && line.count < 2 * longest {
            line.append(body[at])
            at += 1
        }
        return cleaned(line)
    }

    private static func ofObject(_ root: ek_json) -> Text {
        var v = ek_json()
        if ek_json_kind(root) == 0x22 { return of(root) }
        guard ek_json_kind(root) == 0x7B else { return Text() }
        if ek_json_member(root, "error", &v) == EK_OK {
            if ek_json_kind(v) == 0x22 { return of(v) }
            var inner = ek_json()
            if ek_json_kind(v) == 0x7B, ek_json_member(v, "message", &inner) == EK_OK { return of(inner) }
        }
        for name in ["message", "detail", "title", "msg"] as [StaticString] {
            let length = name.utf8CodeUnitCount + 1
            let found = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: length) {
                ek_json_member(root, $0, &v) == EK_OK
            }
            if found && ek_json_kind(v) == 0x22 { return of(v) }
        }
        return Text()
    }

    /// What stands between <title> and the next <.
    private static func title(_ body: UnsafeBufferPointer<UInt8>) -> Text {
        let tag: StaticString = "<title>"
        let n = tag.utf8CodeUnitCount
        var at = 0
        while at + n <= min(body.count, 4_096) {
            var k = 0
            while k < n && (body[at + k] | 0x20) == (tag.utf8Start[k] | 0x20) { k += 1 }
            if k == n { break }
            at += 1
        }
        guard at + n <= min(body.count, 4_096) else { return Text() }
        var line: [UInt8] = []
        var i = at + n
        while i < body.count && body[i] != 0x3C && line.count < 2 * longest {
            line.append(body[i])
            i += 1
        }
        return cleaned(line)
    }

    /// A JSON string's bytes without their escapes; \u and whatever is no ASCII become a question mark.
    private static func unescaped(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var i = 0
        while i < raw.count && out.count < 2 * longest {
            guard raw[i] == 0x5C, i + 1 < raw.count else {
                out.append(raw[i])
                i += 1
                continue
            }
            switch raw[i + 1] {
            case 0x22, 0x5C, 0x2F: out.append(raw[i + 1])
            case 0x75:
                out.append(0x3F)
                i += 4
            default: out.append(0x20)
            }
            i += 2
        }
        return out
    }

    private static func isWordByte(_ b: UInt8) -> Bool {
        (b >= 0x30 && b <= 0x39) || (b | 0x20 >= 0x61 && b | 0x20 <= 0x7A) || b == 0x5F || b == 0x2D
    }

    /// Printable ASCII with single blanks, at most `longest` bytes, without what may be a key.
    private static func cleaned(_ raw: [UInt8]) -> Text {
        var out = Text()
        var i = 0
        while i < raw.count {
            if out.count >= longest {
                out.put("…")
                break
            }
            var end = i
            var digits = 0
            while end < raw.count && isWordByte(raw[end]) {
                if raw[end] <= 0x39 && raw[end] >= 0x30 { digits += 1 }
                end += 1
            }
            if end - i >= keyLike && (digits > 0 || end - i >= 2 * keyLike) {
                out.put("…")
                i = end
            } else if end > i {
                for k in i..<min(end, i + longest - out.count) { out.put(byte: raw[k]) }
                i = end
            } else {
                put(raw[i], &out)
                i += 1
            }
        }
        while out.bytes.last == 0x20 { out.bytes.removeLast() }
        return out
    }

    private static func put(_ b: UInt8, _ out: inout Text) {
        let last = out.bytes.last
        if b <= 0x20 || b == 0x7F {
            if last != nil && last != 0x20 { out.put(" ") }
        } else if b < 0x7F {
            out.put(byte: b)
        } else if last != 0x3F {
            out.put("?")
        }
    }
}
