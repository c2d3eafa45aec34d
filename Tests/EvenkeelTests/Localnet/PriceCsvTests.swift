// A price path from a CSV file.
import Testing
@testable import Localnet

@Suite struct PriceCsvTests {
    @Test func pricesFromCsv() {
        let rows = "time,open,high,low,close\r\n1775020500,80.5,1,1,81\r\n1775021400,81,1,1,90.25\r\n"
            + "1775020000,1,1,1,1\nx\n"
        let p = bytes(rows).withUnsafeBufferPointer { PriceCsv.read($0) }
        #expect(p.map(\.tsMs) == [1_775_020_500_000, 1_775_021_400_000, 1_775_022_300_000])
        #expect(p.map(\.priceE9) == [80_500_000_000, 81_000_000_000, 90_250_000_000])
        #expect(bytes("").withUnsafeBufferPointer { PriceCsv.read($0) }.isEmpty)
    }
}
