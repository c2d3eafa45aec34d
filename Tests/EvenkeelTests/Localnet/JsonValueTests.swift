// Numbers of requests and options, read as exact decimals.
import Testing
@testable import Localnet

private func decimal(_ s: String, _ d: Int) -> Int64? {
    bytes(s).withUnsafeBufferPointer { Decimal.parse($0, d) }
}

@Suite struct JsonValueTests {
    @Test func decimals() {
        #expect(decimal("12.5", 6) == 12_500_000)
        #expect(decimal("-0.005", 9) == -5_000_000)
        #expect(decimal("1e-05", 9) == 10_000)
        #expect(decimal("1.5E3", 0) == 1500)
        #expect(decimal("0.0000000019", 9) == 1)
        #expect(decimal("9223372036.854775807", 9) == Int64.max)
        for bad in ["", "-", ".", "1e", "1x", "9223372036.854775808", "1e99", "--1"] {
            #expect(decimal(bad, 9) == nil, "\(bad)")
        }
    }
}
