// A JSON value of a request, read through the core's reader. Nothing is copied until it is asked for.
import EvenkeelCore
import Text

struct Value {
    let v: ek_json
    static let absent = Value(v: ek_json(at: nil, end: nil))

    /// nil: not JSON. The bytes must outlive the value.
    @inline(never) static func root(_ b: UnsafeBufferPointer<UInt8>) -> Value? {
        var r = ek_json()
        return ek_json_root(b.baseAddress, b.count, &r) == EK_OK ? Value(v: r) : nil
    }

    var kind: UInt8 { UInt8(truncatingIfNeeded: ek_json_kind(v)) }
    var exists: Bool { kind != 0 }
    var isObject: Bool { kind == 0x7B }
    var isList: Bool { kind == 0x5B }
    var isText: Bool { kind == 0x22 }
    var isNumber: Bool { kind == 0x23 }
    var isNull: Bool { kind == 0x6E || kind == 0 }

    subscript(_ key: StaticString) -> Value {
        var out = ek_json()
        let ok = key.withUTF8Buffer { p in
            p.withMemoryRebound(to: CChar.self) { ek_json_member(v, $0.baseAddress, &out) }
        }
        return ok == EK_OK ? Value(v: out) : .absent
    }
    subscript(_ i: Int) -> Value {
        var out = ek_json()
        return ek_json_item(v, i, &out) == EK_OK ? Value(v: out) : .absent
    }
    var count: Int {
        var n = 0
        return ek_json_count(v, &n) == EK_OK ? n : 0
    }
    /// Every item of a list.
    @inline(never) func each(_ body: (Value) -> Void) {
        var it = ek_json_over(v), item = ek_json()
        while ek_json_next(&it, nil, &item) != 0 { body(Value(v: item)) }
    }

    var u64: UInt64? {
        var n: UInt64 = 0
        return ek_json_u64(v, &n) == EK_OK ? n : nil
    }
    var i64: Int64? {
        var n: Int64 = 0
        return ek_json_i64(v, &n) == EK_OK ? n : nil
    }
    var bool: Bool? {
        switch kind {
        case 0x74: return true
        case 0x66: return false
        case 0x23: return i64.map { $0 != 0 }
        default: return nil
        }
    }
    var text: Text? {
        guard isText else { return nil }
        var n = 0
        let len = ek_json_raw(v, &n) == nil ? 0 : n
        var out = Text(capacity: len + 1)
        out.bytes = [UInt8](repeating: 0, count: len + 1)
        let ok = out.bytes.withUnsafeMutableBufferPointer { p in
            p.withMemoryRebound(to: CChar.self) { ek_json_text(v, $0.baseAddress, $0.count, &n) }
        }
        guard ok == EK_OK else { return nil }
        out.bytes.removeLast(out.bytes.count - n)
        return out
    }
    @inline(never) func equals(_ s: StaticString) -> Bool {
        s.withUTF8Buffer { p in p.withMemoryRebound(to: CChar.self) { ek_json_text_is(v, $0.baseAddress) } } != 0
    }
    var key: Key? {
        var k = ek_key()
        return ek_json_key(v, &k) == EK_OK ? Key(k) : nil
    }
    /// The value as it stands in the text.
    @inline(never) func putRaw(_ t: inout Text) {
        var n = 0
        if let p = ek_json_raw(v, &n) { t.put(raw: p, count: n) } else { t.put("null") }
    }

    /// A number counted in 10^-decimals: "12.5" at 6 is 12500000; further digits are dropped; exponents are
    /// read.
    @inline(never) func decimal(_ decimals: Int) -> Int64? {
        guard isNumber else { return nil }
        var n = 0
        guard let p = ek_json_raw(v, &n) else { return nil }
        return Decimal.parse(UnsafeBufferPointer(start: p, count: n), decimals)
    }
}

package enum Decimal {
    package static func parse(_ p: UnsafeBufferPointer<UInt8>, _ decimals: Int) -> Int64? {
        var i = 0, negative = false, value: Int128 = 0, point = 0, seenPoint = false, digits = 0, exponent = 0
        if i < p.count, p[i] == 0x2D || p[i] == 0x2B {
            negative = p[i] == 0x2D
            i += 1
        }
        while i < p.count {
            let c = p[i]
            if c >= 0x30 && c <= 0x39 {
                digits += 1
                if digits > 30 { return nil }
                value = value * 10 + Int128(c - 0x30)
                if seenPoint { point += 1 }
            } else if c == 0x2E && !seenPoint {
                seenPoint = true
            } else if c == 0x65 || c == 0x45 {
                i += 1
                var minus = false
                if i < p.count, p[i] == 0x2D || p[i] == 0x2B { minus = p[i] == 0x2D; i += 1 }
                guard i < p.count else { return nil }
                while i < p.count {
                    guard p[i] >= 0x30 && p[i] <= 0x39, exponent < 100 else { return nil }
                    exponent = exponent * 10 + Int(p[i] - 0x30)
                    i += 1
                }
                if minus { exponent = -exponent }
                break
            } else {
                return nil
            }
            i += 1
        }
        guard digits > 0 else { return nil }
        var shift = decimals + exponent - point
        while shift > 0 {
            if value > Int128(Int64.max) { return nil }
            value *= 10
            shift -= 1
        }
        while shift < 0 && value != 0 {
            value /= 10
            shift += 1
        }
        return value > Int128(Int64.max) ? nil : Int64(negative ? -value : value)
    }
}
