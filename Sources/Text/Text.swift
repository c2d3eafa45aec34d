// Text is bytes. Embedded Swift's String needs Unicode tables for `==` and `count`; everything Evenkeel
// prints is ASCII it made itself or bytes it escapes, so a growing byte buffer is smaller, faster and cannot
// surprise.
//
// Nothing here is inlined into its callers but what turns a literal into its pointer: the program says things
// in some thousand places, and a call takes a quarter of the bytes of what it would repeat there
// (docs/performance.md). A literal goes as the pointer alone, because the compiler ends every one with a NUL;
// so none may have a NUL inside.
import EvenkeelCore

package struct Text {
    package var bytes: [UInt8]

    @inline(never) package init(capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Empty, and without memory of its own until something is put in.
    @inline(never) package init() { bytes = [] }

    @inline(__always) package init(_ s: StaticString) { self.init(literal: s.utf8Start) }
    /// A sentence with values in it: `Text("slot \(n)")`.
    @_disfavoredOverload @inline(__always) package init(_ t: Text) { self = t }

    @inline(never) package init(literal p: UnsafePointer<UInt8>) {
        self.init(capacity: Text.length(p))
        put(literal: p)
    }

    static func length(_ p: UnsafePointer<UInt8>) -> Int {
        var n = 0
        while p[n] != 0 { n += 1 }
        return n
    }

    package var count: Int { bytes.count }
    package var isEmpty: Bool { bytes.isEmpty }

    /// Empties the text and keeps its memory.
    package mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    @inline(__always) package mutating func put(_ s: StaticString) { put(literal: s.utf8Start) }
    @inline(never)
    package mutating func put(literal p: UnsafePointer<UInt8>) { put(raw: p, count: Text.length(p)) }

    /// A text, or a sentence with values in it. (Disfavoured, so that a plain literal goes as its pointer and
    /// not as a copy.)
    @_disfavoredOverload @inline(never)
    package mutating func put(_ t: Text) { bytes.append(contentsOf: t.bytes) }
    @inline(never) package mutating func put(bytes b: [UInt8]) { bytes.append(contentsOf: b) }
    @inline(never) package mutating func put(byte b: UInt8) { bytes.append(b) }
    @inline(never) package mutating func put(raw p: UnsafePointer<UInt8>, count: Int) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: p, count: count))
    }

    /// A NUL-terminated C string; a nil pointer adds nothing.
    @inline(never) package mutating func put(c p: UnsafePointer<CChar>?) {
        guard let p else { return }
        put(literal: UnsafeRawPointer(p).assumingMemoryBound(to: UInt8.self))
    }

    /// Decimal digits of an integer of up to 64 bits.
    @inline(__always) package mutating func put<T: FixedWidthInteger>(_ v: T) {
        if T.isSigned { put(signed: Int64(v)) } else { put(unsigned: UInt64(v)) }
    }

    @inline(never) package mutating func put(signed v: Int64) {
        if v < 0 { bytes.append(0x2D) }
        put(unsigned: v.magnitude)
    }

    @inline(never) package mutating func put(unsigned v: UInt64) {
        var m = v
        let start = bytes.count
        repeat {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: m % 10))
            m /= 10
        } while m != 0
        var i = start, k = bytes.count - 1          // in place: reversing a slice would copy it to the heap
        while i < k {
            bytes.swapAt(i, k)
            i += 1
            k -= 1
        }
    }

    /// `v` counted in 10^-decimals, shown with `shown` decimals (truncated toward zero). 1_500_000 at 6,
    /// shown 2: "1.50".
    @inline(never) package mutating func put(fixed v: Int64, decimals: Int, shown: Int, sign: Bool = false) {
        var scale: UInt64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let m = v.magnitude
        let whole = m / scale
        var frac = m % scale
        var cut: UInt64 = 1
        for _ in 0..<max(0, decimals - shown) { cut *= 10 }
        frac /= cut
        // digits that `v` does not have are zeros behind it
        for _ in 0..<max(0, shown - decimals) { frac *= 10 }
        let zero = whole == 0 && frac == 0
        if v < 0 && !zero { bytes.append(0x2D) } else if sign { bytes.append(0x2B) }
        put(whole)
        if shown > 0 {
            bytes.append(0x2E)
            var digits: UInt64 = 1
            for _ in 1..<shown { digits *= 10 }
            while digits > 0 {
                bytes.append(0x30 + UInt8(truncatingIfNeeded: (frac / digits) % 10))
                digits /= 10
            }
        }
    }

    /// "$1.50", "-$0.37".
    @inline(never) package mutating func put(usd v: Int64, decimals: Int = 6, shown: Int = 2) {
        if v < 0 { put("-") }
        put("$")
        put(fixed: v == Int64.min ? Int64.max : abs(v), decimals: decimals, shown: shown)
    }

    /// As `put(fixed:)`, but all decimals and no trailing zeros except one: a JSON number a person reads
    /// ("0.15", "10.0").
    @inline(never) package mutating func put(number v: Int64, decimals: Int) {
        put(fixed: v, decimals: decimals, shown: decimals)
        var n = bytes.count
        while n >= 2 && bytes[n - 1] == 0x30 && bytes[n - 2] != 0x2E { n -= 1 }
        bytes.removeLast(bytes.count - n)
    }

    /// A length of time in the largest unit that still tells it apart: "90 s", "12 min", "36 h", "3 days".
    @inline(never) package mutating func put(seconds v: Int64) {
        let n = v.magnitude
        if n < 120 {
            put(signed: v)
            put(" s")
        } else if n < 7_200 {
            put(signed: v / 60)
            put(" min")
        } else if n < 172_800 {
            put(signed: v / 3_600)
            put(" h")
        } else {
            put(signed: v / 86_400)
            put(" days")
        }
    }

    /// base58 of a 32-byte key.
    @inline(never) package mutating func put(key: ek_key) {
        var k = key
        var buffer: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
        buffer = (0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &buffer) { raw in
            guard let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            let n = ek_key_to_base58(&k, base)
            for i in 0..<n { bytes.append(UInt8(bitPattern: base[i])) }
        }
    }

    /// base58 of a 64-byte signature.
    @inline(never) package mutating func put(signature: UnsafePointer<UInt8>) {
        let at = bytes.count
        for _ in 0..<89 { bytes.append(0) }
        var n = 0
        bytes.withUnsafeMutableBufferPointer { b in
            guard let base = b.baseAddress else { return }
            base.advanced(by: at).withMemoryRebound(to: CChar.self,
                                                    capacity: 89) { n = ek_sig_to_base58(signature, $0) }
        }
        bytes.removeLast(89 - n)
    }

    /// A JSON string with quotes: control bytes, quote and backslash escaped, bytes above 0x7F passed as they
    /// are.
    @inline(never) package mutating func put(jsonString s: UnsafeBufferPointer<UInt8>) {
        bytes.append(0x22)
        for b in s {
            switch b {
            case 0x22, 0x5C:
                bytes.append(0x5C)
                bytes.append(b)
            case 0x0A: put("\\n")
            case 0x0D: put("\\r")
            case 0x09: put("\\t")
            case 0..<0x20, 0x7F:
                put("\\u00")
                put(hex: b)
            default: bytes.append(b)
            }
        }
        bytes.append(0x22)
    }

    @inline(never) package mutating func put(jsonString t: Text) {
        t.bytes.withUnsafeBufferPointer { put(jsonString: $0) }
    }

    @inline(never) package mutating func put(hex b: UInt8) {
        let digits: StaticString = "0123456789abcdef"
        bytes.append(digits.utf8Start[Int(b >> 4)])
        bytes.append(digits.utf8Start[Int(b & 15)])
    }

    /// Calls `body` with a NUL-terminated copy, for C functions that want one.
    package func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        var z = bytes
        z.append(0)
        return z.withUnsafeBufferPointer { p in
            p.withMemoryRebound(to: CChar.self) { q in
                // `z` is never empty, so the base address exists.
                body(q.baseAddress!)
            }
        }
    }

    /// Calls `body` with the bytes where they are: no NUL behind them, for C functions that take a length.
    package func withChars<R>(_ body: (UnsafePointer<CChar>, Int) -> R?) -> R? {
        bytes.withUnsafeBufferPointer { p in
            guard let base = p.baseAddress else { return nil }
            return base.withMemoryRebound(to: CChar.self, capacity: p.count) { body($0, p.count) }
        }
    }

    @inline(__always) package func starts(_ s: StaticString) -> Bool { starts(literal: s.utf8Start) }
    @inline(never) package func starts(literal p: UnsafePointer<UInt8>) -> Bool {
        bytes.starts(with: UnsafeBufferPointer(start: p, count: Text.length(p)))
    }

    /// Where a literal stands first; nil: nowhere.
    @inline(never) package func find(_ s: StaticString) -> Int? {
        let n = s.utf8CodeUnitCount
        var at = 0
        while at + n <= bytes.count {
            var k = 0
            while k < n && bytes[at + k] == s.utf8Start[k] { k += 1 }
            if k == n { return at }
            at += 1
        }
        return nil
    }

    @inline(__always) package static func == (a: Text,
                                             b: StaticString) -> Bool { a.equals(literal: b.utf8Start) }
    @inline(never) package func equals(literal p: UnsafePointer<UInt8>) -> Bool {
        bytes.elementsEqual(UnsafeBufferPointer(start: p, count: Text.length(p)))
    }
}
