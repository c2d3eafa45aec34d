// A JSON writer that cannot forget a comma: it keeps one bit ("is this the first member here?") and nothing
// else.
import EvenkeelCore

package struct Json {
    package var text: Text
    private var first = true

    package init(capacity: Int = 1024) { text = Text(capacity: capacity) }

    /// Writes behind what is in the text, into its memory.
    package init(into kept: Text) { text = kept }

    @inline(never) private mutating func comma() {
        if !first { text.put(byte: 0x2C) }
        first = false
    }

    @inline(never) package mutating func open() { comma(); text.put(byte: 0x7B); first = true }
    @inline(never) package mutating func close() { text.put(byte: 0x7D); first = false }
    @inline(never) package mutating func openList() { comma(); text.put(byte: 0x5B); first = true }
    @inline(never) package mutating func closeList() { text.put(byte: 0x5D); first = false }

    @inline(__always) package mutating func key(_ k: StaticString) { key(k.utf8Start) }
    @inline(never) private mutating func key(_ k: UnsafePointer<UInt8>) {
        comma()
        text.put(byte: 0x22)
        text.put(literal: k)
        text.put("\":")
        first = true
    }
    /// A key whose value the caller writes at once.
    @inline(never) private mutating func begin(_ k: UnsafePointer<UInt8>) {
        key(k)
        first = false
    }

    @inline(__always) package mutating func open(_ k: StaticString) { key(k); open() }
    @inline(__always) package mutating func openList(_ k: StaticString) { key(k); openList() }

    @inline(__always) package mutating func null(_ k: StaticString) { raw(k.utf8Start, "null") }
    @inline(__always) package mutating func bool(_ k: StaticString, _ v: Bool) { bool(k.utf8Start, v) }
    @inline(never) private mutating func bool(_ k: UnsafePointer<UInt8>,
                                              _ v: Bool) { raw(k, v ? "true" : "false") }
    @inline(never) private mutating func raw(_ k: UnsafePointer<UInt8>, _ v: StaticString) {
        begin(k)
        text.put(v)
    }

    /// An integer of up to 64 bits.
    @inline(__always) package mutating func int<T: FixedWidthInteger>(_ k: StaticString, _ v: T) {
        if T.isSigned { signed(k.utf8Start, Int64(v)) } else { unsigned(k.utf8Start, UInt64(v)) }
    }
    @inline(never) private mutating func signed(_ k: UnsafePointer<UInt8>,
                                                _ v: Int64) { begin(k); text.put(signed: v) }
    @inline(never) private mutating func unsigned(_ k: UnsafePointer<UInt8>,
                                                  _ v: UInt64) { begin(k); text.put(unsigned: v) }

    /// A number for people, counted in 10^-decimals.
    @inline(__always) package mutating func number(_ k: StaticString, _ v: Int64, decimals: Int) {
        number(k.utf8Start, v, decimals)
    }
    @inline(never) package mutating func number(_ k: UnsafePointer<UInt8>, _ v: Int64, _ decimals: Int) {
        begin(k)
        text.put(number: v, decimals: decimals)
    }

    /// An exact integer as a string (JSON readers with doubles would round it).
    @inline(__always) package mutating func exact<T: FixedWidthInteger>(_ k: StaticString, _ v: T) {
        if T.isSigned { exactSigned(k.utf8Start, Int64(v)) } else { exactUnsigned(k.utf8Start, UInt64(v)) }
    }
    @inline(never) private mutating func exactSigned(_ k: UnsafePointer<UInt8>, _ v: Int64) {
        begin(k)
        text.put(byte: 0x22); text.put(signed: v); text.put(byte: 0x22)
    }
    @inline(never) private mutating func exactUnsigned(_ k: UnsafePointer<UInt8>, _ v: UInt64) {
        begin(k)
        text.put(byte: 0x22); text.put(unsigned: v); text.put(byte: 0x22)
    }

    @inline(__always) package mutating func string(_ k: StaticString, _ v: StaticString) {
        string(k.utf8Start, literal: v.utf8Start)
    }
    @inline(never) private mutating func string(_ k: UnsafePointer<UInt8>, literal v: UnsafePointer<UInt8>) {
        begin(k)
        text.put(jsonString: UnsafeBufferPointer(start: v, count: Text.length(v)))
    }

    @_disfavoredOverload @inline(__always)
    package mutating func string(_ k: StaticString, _ v: Text) { string(k.utf8Start, v) }
    @inline(never) private mutating func string(_ k: UnsafePointer<UInt8>,
                                                _ v: Text) { begin(k); text.put(jsonString: v) }

    /// A string that its maker writes in place; plain text only, nothing in it is escaped.
    @inline(__always) package mutating func string(_ k: StaticString, plain write: (inout Text) -> Void) {
        key(k); comma()
        text.put(byte: 0x22); write(&text); text.put(byte: 0x22)
    }

    @inline(__always) package mutating func string(_ k: StaticString, key v: ek_key) {
        withUnsafePointer(to: v) { string(k.utf8Start, key: $0) }
    }
    @inline(never) private mutating func string(_ k: UnsafePointer<UInt8>, key v: UnsafePointer<ek_key>) {
        begin(k)
        text.put(byte: 0x22); text.put(key: v.pointee); text.put(byte: 0x22)
    }

    /// After a caller wrote a whole value into `text` itself: the next member needs its comma.
    package mutating func resumeAfterRaw() { first = false }

    /// Items of a list.
    @_disfavoredOverload @inline(never)
    package mutating func item(_ v: Text) { comma(); text.put(jsonString: v) }
    /// A word of the program's own, without anything to escape.
    @inline(__always) package mutating func item(_ v: StaticString) { item(word: v.utf8Start) }
    @inline(never) private mutating func item(word v: UnsafePointer<UInt8>) {
        comma()
        text.put(byte: 0x22); text.put(literal: v); text.put(byte: 0x22)
    }
    @inline(__always) package mutating func item<T: FixedWidthInteger>(_ v: T) { comma(); text.put(v) }
    /// Already valid JSON, put in as it is.
    @inline(__always) package mutating func raw(_ k: StaticString, _ v: Text) { key(k); comma(); text.put(v) }
}
