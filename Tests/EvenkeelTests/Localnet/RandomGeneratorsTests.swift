// The sequences behind a seed are recorded: a seed of last year must still be the same run.
import Testing
@testable import Localnet

@Suite struct RandomGeneratorTests {
    @Test func splitMix64IsThePublishedSequence() {
        var g = SplitMix64(state: 0)
        let first = [g.next(), g.next(), g.next()]
        #expect(first == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F])
    }

    @Test func aStreamOfTheChainIsWhatItWas() {
        var g = Xoshiro256(seed: 7, stream: 1)
        let first = [g.next(), g.next(), g.next()]
        #expect(first == [12_256_436_215_331_416_602, 3_069_010_869_801_300_846, 9_168_922_837_870_098_042])
    }

    @Test func drawsStayInTheirRange() {
        var g = Xoshiro256(seed: 1, stream: 1)
        for n: UInt64 in [1, 2, 7, 1000] {
            for _ in 0..<500 {
                let v = g.below(n)
                #expect(v < n)
            }
        }
        let never = g.oneIn(0)
        #expect(!never)
        var sum: Int64 = 0
        for _ in 0..<10_000 {
            let v = g.normal(sd: 1_000)
            #expect(abs(v) < 3_465)          // four uniforms reach no further
            sum += v
        }
        #expect(abs(sum / 10_000) < 40)
    }
}
