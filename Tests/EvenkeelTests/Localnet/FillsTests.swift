// What a taker gets, and the arithmetic of sizes and prices behind it.
import Testing
@testable import Localnet

@Suite struct FillsTests {
    @Test func sizesAndPricesGoToTheirSteps() {
        #expect(floored(15_500_000, to: 10_000_000) == 10_000_000)
        #expect(onTick(76_000_123, 1000, buy: false) == 76_001_000)
        #expect(onTick(76_000_123, 1000, buy: true) == 76_000_000)
        #expect(onTick(-500, 1000, buy: true) == -1000 && onTick(-500, 1000, buy: false) == 0)
        #expect(ceilDiv(-7, 2) == -3 && floorDiv(-7, 2) == -4 && ceilDiv(7, 2) == 4 && floorDiv(7, 2) == 3)
        #expect(mulDiv(.max, .max, 1) == .max && mulDiv(.min, .max, 1) == .min)
    }

    @Test func quoteNeverFillsPastTheLimit() {
        var r = Xoshiro256(seed: 3, stream: 77)
        for _ in 0..<2000 {
            let q = Quote(midE9: 50_000_000_000 + Int64(r.below(100_000_000_000)),
                          spreadPpm: Int64(r.below(3000)), impactPpm: Int64(r.below(100)),
                          liquidity: Int64(r.below(200_000_000_000)), atOnce: true)
            let buy = r.below(2) == 0
            let limit = q.midE9 / 1000 + Int64(r.below(2_000_000)) - 1_000_000
            let want = r.below(300_000_000_000)
            let depth = Depth(taken: Int64(r.below(100_000_000_000)) - 50_000_000_000)
            let f = q.fill(buy: buy, want: want, limit: limit, step: 10_000_000, depth: depth)
            #expect(f.base <= want && f.base % 10_000_000 == 0)
            if f.base > 0 { #expect(buy ? f.priceE9 <= limit * 1000 : f.priceE9 >= limit * 1000) }
        }
    }
}
