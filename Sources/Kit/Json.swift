// A JSON writer that cannot forget a comma: it keeps one bit ("is this the first member here?") and nothing else.
import EvenkeelCore

public struct Json {
    public var text: Text
    private var first = true

    public init(capacity: Int = 1024) { text = Text(capacity: capacity) }

    private mutating func comma() {
        if !first { text.put(byte: 0x2C) }
        first = false
    }

    public mutating func open() { comma(); text.put("{"); first = true }
    public mutating func close() { text.put("}"); first = false }
    public mutating func openList() { comma(); text.put("["); first = true }
    public mutating func closeList() { text.put("]"); first = false }

    public mutating func key(_ k: StaticString) {
        comma()
        text.put("\"")
        text.put(k)
        text.put("\":")
        first = true
    }

    public mutating func open(_ k: StaticString) { key(k); open() }
    public mutating func openList(_ k: StaticString) { key(k); openList() }

    public mutating func null(_ k: StaticString) { key(k); comma(); text.put("null") }
    public mutating func bool(_ k: StaticString, _ v: Bool) { key(k); comma(); text.put(v ? "true" : "false") }
    public mutating func int<T: FixedWidthInteger>(_ k: StaticString, _ v: T) { key(k); comma(); text.put(v) }

    /// A number for people, counted in 10^-decimals.
    public mutating func number(_ k: StaticString, _ v: Int64, decimals: Int) {
        key(k); comma()
        text.put(number: v, decimals: decimals)
    }

    /// An exact integer as a string (JSON readers with doubles would round it).
    public mutating func exact<T: FixedWidthInteger>(_ k: StaticString, _ v: T) {
        key(k); comma()
        text.put("\""); text.put(v); text.put("\"")
    }

    public mutating func string(_ k: StaticString, _ v: StaticString) {
        key(k); comma()
        text.put(jsonString: UnsafeBufferPointer(start: v.utf8Start, count: v.utf8CodeUnitCount))
    }

    public mutating func string(_ k: StaticString, _ v: Text) { key(k); comma(); text.put(jsonString: v) }

    /// A string that its maker writes in place; plain text only, nothing in it is escaped.
    public mutating func string(_ k: StaticString, plain write: (inout Text) -> Void) {
        key(k); comma()
        text.put("\""); write(&text); text.put("\"")
    }

    public mutating func string(_ k: StaticString, key v: ek_key) {
        key(k); comma()
        text.put("\""); text.put(key: v); text.put("\"")
    }

    /// After a caller wrote a whole value into `text` itself: the next member needs its comma.
    public mutating func resumeAfterRaw() { first = false }

    /// Items of a list.
    public mutating func item(_ v: Text) { comma(); text.put(jsonString: v) }
    public mutating func item<T: FixedWidthInteger>(_ v: T) { comma(); text.put(v) }
    /// Already valid JSON, put in as it is.
    public mutating func raw(_ k: StaticString, _ v: Text) { key(k); comma(); text.put(v) }
}
