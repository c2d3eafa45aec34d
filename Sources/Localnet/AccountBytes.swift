// Account bytes: little-endian loads and stores on byte arrays, and a key that compares in four words. The
// chain writes its own accounts, so every offset here is one this module chose itself; whatever comes from
// outside (transactions, control requests) is length-checked where it is read.
import EvenkeelCore
import Text

package struct Key: Equatable {
    var a: UInt64 = 0, b: UInt64 = 0, c: UInt64 = 0, d: UInt64 = 0

    package init() {}

    @inline(never) package init(_ k: ek_key) {
        var k = k
        self = withUnsafeBytes(of: &k) { Key(raw: $0) }
    }

    /// The first 32 bytes of `raw`.
    init(raw: UnsafeRawBufferPointer) {
        a = raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        b = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        c = raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        d = raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }

    /// A base58 literal of this program's own; a literal that is wrong gives the zero key, which no test
    /// survives.
    init(_ text: StaticString) {
        var k = ek_key()
        let ok = text.withUTF8Buffer { p -> ek_err in
            p.withMemoryRebound(to: CChar.self) { ek_key_from_base58($0.baseAddress, $0.count, &k) }
        }
        if ok == EK_OK { self.init(k) } else { self.init() }
    }

    package var ek: ek_key {
        var k = ek_key()
        withUnsafeMutableBytes(of: &k) { p in
            p.storeBytes(of: a, toByteOffset: 0, as: UInt64.self)
            p.storeBytes(of: b, toByteOffset: 8, as: UInt64.self)
            p.storeBytes(of: c, toByteOffset: 16, as: UInt64.self)
            p.storeBytes(of: d, toByteOffset: 24, as: UInt64.self)
        }
        return k
    }

    package var isZero: Bool { a | b | c | d == 0 }
}

extension Text {
    @inline(never) mutating func put(_ k: Key) { put(key: k.ek) }
}

extension Sentence {
    mutating func appendInterpolation(_ k: Key) { text.put(k) }
    mutating func appendInterpolation(base58 b: [UInt8]) { text.put(base58: b) }
    mutating func appendInterpolation(base64 b: [UInt8]) { text.put(base64: b, 0, b.count) }
}

extension Array where Element == UInt8 {
    func load<T: FixedWidthInteger>(_ at: Int, as: T.Type) -> T {
        precondition(at >= 0 && at + MemoryLayout<T>.size <= count)
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: T.self) }
    }
    // Out of line: there are some two hundred loads and stores, and a call is shorter than a checked one
    // written in place.
    @inline(never) func u16(_ at: Int) -> UInt16 { load(at, as: UInt16.self) }
    @inline(never) func u32(_ at: Int) -> UInt32 { load(at, as: UInt32.self) }
    @inline(never) func u64(_ at: Int) -> UInt64 { load(at, as: UInt64.self) }
    @inline(__always) func i64(_ at: Int) -> Int64 { Int64(bitPattern: u64(at)) }
    @inline(never) func i128(_ at: Int) -> Int128 {
        Int128(i64(at + 8)) << 64 | Int128(u64(at))
    }
    @inline(never) func key(_ at: Int) -> Key {
        precondition(at >= 0 && at + 32 <= count)
        return withUnsafeBytes { Key(raw: UnsafeRawBufferPointer(rebasing: $0[at..<at + 32])) }
    }

    @inline(__always) mutating func set<T: FixedWidthInteger>(_ v: T, _ at: Int) {
        switch MemoryLayout<T>.size {
        case 1: set(byte: UInt8(truncatingIfNeeded: v), at)
        case 2: store(UInt16(truncatingIfNeeded: v), at)
        case 4: store(UInt32(truncatingIfNeeded: v), at)
        default: store(UInt64(truncatingIfNeeded: v), at)
        }
    }
    private mutating func put<T: FixedWidthInteger>(_ v: T, _ at: Int) {
        precondition(at >= 0 && at + MemoryLayout<T>.size <= count)
        withUnsafeMutableBytes { $0.storeBytes(of: v, toByteOffset: at, as: T.self) }
    }
    @inline(never) mutating func set(byte v: UInt8, _ at: Int) { self[at] = v }
    @inline(never) mutating func store(_ v: UInt16, _ at: Int) { put(v, at) }
    @inline(never) mutating func store(_ v: UInt32, _ at: Int) { put(v, at) }
    @inline(never) mutating func store(_ v: UInt64, _ at: Int) { put(v, at) }
    @inline(never) mutating func set128(_ v: Int128, _ at: Int) {
        set(UInt64(truncatingIfNeeded: v), at)
        set(Int64(truncatingIfNeeded: v >> 64), at + 8)
    }
    @inline(never) mutating func set(_ k: Key, _ at: Int) {
        set(k.a, at); set(k.b, at + 8); set(k.c, at + 16); set(k.d, at + 24)
    }
    /// A name padded with blanks to 32 bytes.
    @inline(never) mutating func set(name: StaticString, _ at: Int) {
        for i in 0..<32 { self[at + i] = i < name.utf8CodeUnitCount ? name.utf8Start[i] : 0x20 }
    }
}

/// a*b/c rounded toward zero; saturates instead of trapping (the model must outlive any value a test pokes in).
@inline(never) func mulDiv(_ a: Int64, _ b: Int64, _ c: Int64) -> Int64 {
    c == 0 ? 0 : clamp64(Int128(a) * Int128(b) / Int128(c))
}

@inline(never) func clamp64(_ v: Int128) -> Int64 {
    v > Int128(Int64.max) ? Int64.max : v < Int128(Int64.min) ? Int64.min : Int64(truncatingIfNeeded: v)
}

@inline(never) func ceilDiv(_ a: Int128, _ b: Int128) -> Int128 {
    let q = a / b
    return a % b != 0 && (a > 0) == (b > 0) ? q + 1 : q
}

@inline(never) func floorDiv(_ a: Int128, _ b: Int128) -> Int128 {
    let q = a / b
    return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q
}

func floored(_ v: UInt64, to step: UInt64) -> UInt64 { step == 0 ? v : v - v % step }
