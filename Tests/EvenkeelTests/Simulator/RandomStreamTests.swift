// The simulator's streams: recorded, apart from each other, and spread as they say.
import Testing
@testable import Simulator

@Suite struct RandomStreamTests {
    @Test func aStreamIsWhatItWas() {
        var g = RandomGenerator(seed: 7, stream: 3)
        let first = [g.next(), g.next(), g.next()]
        #expect(first == [7_139_591_884_563_212_494, 2_355_672_112_107_386_712, 7_780_648_315_959_051_153])
    }

    @Test func rangesHoldBothTheirEnds() {
        var g = RandomGenerator(seed: 1, stream: 1)
        var seen: Set<Int64> = []
        for _ in 0..<300 { seen.insert(g.range(-2, 2)) }
        #expect(seen == [-2, -1, 0, 1, 2])
        let five = g.range(5, 5), nine = g.pick([9])
        #expect(five == 5 && nine == 9)
    }

    @Test func waitsHaveTheirMeanAndTheirLimits() {
        var g = RandomGenerator(seed: 2, stream: 1)
        var sum: Int64 = 0
        for _ in 0..<20_000 {
            let w = g.wait(mean: 10_000)
            #expect(w >= 1 && w <= 80_000)
            sum += w
        }
        #expect(abs(sum / 20_000 - 10_000) < 500)
    }
}
