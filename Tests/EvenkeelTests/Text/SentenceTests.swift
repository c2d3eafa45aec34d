// Sentences by interpolation: every form, its limits, and that it writes what `put` writes.
import EvenkeelCore
import Localnet
import Testing
import Text

private func string(_ t: Text) -> String { String(decoding: t.bytes, as: UTF8.self) }

@Suite struct SentenceTests {
    @Test func aSentenceReadsAsOne() {
        let n = 2, ahead: UInt64 = 12
        let t: Text = "endpoint \(n) is \(ahead) slots ahead"
        #expect(string(t) == "endpoint 2 is 12 slots ahead")
        #expect(string("no values") == "no values")
        #expect(string("") == "")
        #expect(string("\(n)\(ahead)") == "212")
    }

    @Test func wordsAreTextsLiteralsAndCStrings() {
        let name = Text("SOL-PERP"), word: StaticString = "short", nothing: UnsafePointer<CChar>? = nil
        #expect(string("\(name) is \(word)") == "SOL-PERP is short")
        #expect("x y".withCString { string("<\(c: $0)>") } == "<x y>")
        #expect(string("<\(c: nothing)>") == "<>")
        #expect(string("\(n(true)) \(n(false))") == "long short")
        #expect(string("\(quoted: "a\"b\\c\n\u{1}")") == #""a\"b\\c\n\u0001""#)
        func n(_ up: Bool) -> StaticString { up ? "long" : "short" }
    }

    @Test func integersToTheirLimits() {
        #expect(string("\(Int64.min) \(Int64.max)") == "-9223372036854775808 9223372036854775807")
        #expect(string("\(UInt64.max) \(Int8.min) \(UInt8.max) \(0)") == "18446744073709551615 -128 255 0")
        #expect(string("\(hex: 0x0F)\(hex: 0xA0)") == "0fa0")
    }

    @Test func fixedPointIsCutAndKeepsItsSign() {
        #expect(string("\(fixed: 1_500_000, decimals: 6, shown: 2)") == "1.50")
        #expect(string("\(fixed: -1_999_999, decimals: 6, shown: 2)") == "-1.99")
        #expect(string("\(fixed: 1_999_999, decimals: 6, shown: 0)") == "1")
        #expect(string("\(fixed: -1, decimals: 6, shown: 2)") == "0.00")         // no minus before nothing
        #expect(string("\(fixed: 5, decimals: 0, shown: 2)") == "5.00")
        #expect(string("\(fixed: 7, decimals: 2, shown: 1, sign: true)") == "+0.0")
        #expect(string("\(fixed: Int64.min, decimals: 9, shown: 9)") == "-9223372036.854775808")
        // clamped, never wrapped
        #expect(string("\(fixed: UInt64.max, decimals: 9, shown: 3)") == "9223372036.854")
    }

    @Test func moneyAndAmounts() {
        #expect(string("\(usd: 1_500_000) \(usd: -370_000) \(usd: 0)") == "$1.50 -$0.37 $0.00")
        #expect(string("\(usd: 1_234_567, shown: 6) \(usd: 1_999_999, shown: 0)") == "$1.234567 $1")
        #expect(string("\(usd: Int64.min)") == "-$9223372036854.77")
        #expect(string("\(base: 1_230_000_000) SOL") == "1.2300 SOL")
        #expect(string("\(base: -1_234_567_890, shown: 6)") == "-1.234567")
        #expect(string("\(base: UInt64(10_000_000), shown: 2, sign: true)") == "+0.01")
        let two: Text = "\(percent_ppm: 5_000) % \(percent_ppm: -123_456, shown: 1, sign: true) %"
        #expect(string(two) == "0.50 % -12.3 %")
        #expect(string("\(percent_ppm: UInt32(1_000_000), shown: 0) %") == "100 %")
    }

    @Test func timesInTheLargestUnitThatStillTells() {
        #expect(string("\(seconds: 0), \(seconds: 119), \(seconds: -90)") == "0 s, 119 s, -90 s")
        #expect(string("\(seconds: 120), \(seconds: 7_199)") == "2 min, 119 min")
        #expect(string("\(seconds: 7_200), \(seconds: 172_799)") == "2 h, 47 h")
        #expect(string("\(seconds: 172_800), \(seconds: UInt64.max)") == "2 days, 106751991167300 days")
    }

    @Test func keysAndSignaturesAreBase58() {
        let key = Genesis.seedKey(8).ek
        let ones = [UInt8](repeating: 0, count: 64)
        #expect(string("\(key: EK_SYSTEM_PROGRAM)") == String(repeating: "1", count: 32))
        #expect(string("\(key: key)").count > 40)
        let zero = ones.withUnsafeBufferPointer { string("\(signature: $0.baseAddress!)") }
        #expect(zero == String(repeating: "1", count: 64))
    }

    @Test func aSentenceIsAppendedAndKeepsWhatStoodThere() {
        var t = Text(capacity: 256)
        t.put("a ")
        t.put("b \(1)")
        t.put(" c")
        t.put(Text(" d"))
        #expect(string(t) == "a b 1 c d")
        let memory = t.bytes.withUnsafeBufferPointer { $0.baseAddress }
        t.clear()
        t.put("slot \(438_024_300), \(usd: 76_340_750)")
        #expect(string(t) == "slot 438024300, $76.34")
        // its own memory, not a new one
        #expect(t.bytes.withUnsafeBufferPointer { $0.baseAddress } == memory)
    }

    /// Against arithmetic on decimal digits, for many random values.
    @Test func fixedPointAgreesWithDigits() {
        var random = SplitMix64(state: 20_261_130)
        for _ in 0..<20_000 {
            let v = Int64(bitPattern: random.next()) >> Int64(random.next() % 64)
            let decimals = Int(random.next() % 13), shown = Int(random.next() % 13),
                sign = random.next() % 2 == 0
            var digits = String(v.magnitude)
            while digits.count <= decimals { digits = "0" + digits }
            let whole = digits.dropLast(decimals)
            var fraction = String(digits.suffix(decimals).prefix(shown))
            while fraction.count < shown { fraction += "0" }
            let zero = whole == "0" && fraction.allSatisfy { $0 == "0" }
            let prefix = v < 0 && !zero ? "-" : sign ? "+" : ""
            let expected = prefix + whole + (shown > 0 ? "." + fraction : "")
            #expect(string("\(fixed: v, decimals: decimals, shown: shown, sign: sign)") == expected)
        }
    }
}
