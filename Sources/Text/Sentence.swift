// Sentences: `let t: Text = "endpoint \(n) is \(ahead) slots ahead"`. The literals are StaticString and every
// value goes through a `put` of Text, so nothing here needs String and all of it is Embedded Swift.
//
// A sentence that is put into a text is built beside it first: one small allocation. What runs thousands of
// times a second (accounts, statuses) says `put` with one value at a time instead.
import EvenkeelCore

extension Text: ExpressibleByStringInterpolation {
    @inline(__always) package init(stringLiteral s: StaticString) { self.init(literal: s.utf8Start) }
    @inline(__always) package init(stringInterpolation s: Sentence) { self = s.text }

    package typealias StringInterpolation = Sentence
}

/// A text while its literals and values are put together.
package struct Sentence: StringInterpolationProtocol {
    package var text: Text

    @inline(never) package init(literalCapacity: Int, interpolationCount: Int) {
        text = Text(capacity: literalCapacity + 12 * interpolationCount)
    }

    @inline(__always) package mutating func appendLiteral(_ s: StaticString) { text.put(s) }

    // MARK: words

    @inline(__always) package mutating func appendInterpolation(_ s: StaticString) { text.put(s) }
    @_disfavoredOverload @inline(__always)
    package mutating func appendInterpolation(_ t: Text) { text.put(t) }
    /// A NUL-terminated C string; a nil pointer says nothing.
    @inline(__always) package mutating func appendInterpolation(c p: UnsafePointer<CChar>?) { text.put(c: p) }
    /// With quotes, and escaped as JSON wants it.
    @inline(__always) package mutating func appendInterpolation(quoted t: Text) { text.put(jsonString: t) }
    /// base58 of a 32-byte key.
    @inline(__always) package mutating func appendInterpolation(key k: ek_key) { text.put(key: k) }
    /// base58 of a 64-byte signature.
    @inline(__always)
    package mutating func appendInterpolation(signature p: UnsafePointer<UInt8>) { text.put(signature: p) }

    // MARK: numbers

    @inline(__always) package mutating func appendInterpolation<T: FixedWidthInteger>(_ v: T) { text.put(v) }
    /// Two lower-case digits.
    @inline(__always) package mutating func appendInterpolation(hex b: UInt8) { text.put(hex: b) }

    /// `v` counted in 10^-decimals, cut (not rounded) to `shown` decimals.
    @inline(__always)
    package mutating func appendInterpolation<T: FixedWidthInteger>(fixed v: T, decimals: Int, shown: Int,
                                                                   sign: Bool = false) {
        text.put(fixed: Int64(clamping: v), decimals: decimals, shown: shown, sign: sign)
    }
    /// Micro-dollars: "$1.50", "-$0.37".
    @inline(__always)
    package mutating func appendInterpolation<T: FixedWidthInteger>(usd v: T, shown: Int = 2) {
        text.put(usd: Int64(clamping: v), shown: shown)
    }
    /// Base units of 1e-9 (SOL, BTC), without the unit's name.
    @inline(__always)
    package mutating func appendInterpolation<T: FixedWidthInteger>(base v: T, shown: Int = 4,
                                                                   sign: Bool = false) {
        text.put(fixed: Int64(clamping: v), decimals: 9, shown: shown, sign: sign)
    }
    /// Millionths as per cent, without the sign for it: 5,000 is "0.50".
    @inline(__always)
    package mutating func appendInterpolation<T: FixedWidthInteger>(percent_ppm v: T, shown: Int = 2,
                                                                   sign: Bool = false) {
        text.put(fixed: Int64(clamping: v), decimals: 4, shown: shown, sign: sign)
    }
    /// A length of time in the largest unit that still tells it apart: "90 s", "12 min", "36 h", "3 days".
    @inline(__always) package mutating func appendInterpolation<T: FixedWidthInteger>(seconds v: T) {
        text.put(seconds: Int64(clamping: v))
    }
}
