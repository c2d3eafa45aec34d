// The 95th percentile of a node's last answers, beside one that sorts them.
import Rpc
import Testing

@Suite struct LatencyTests {
    @Test func underTwentyAnswersThereIsNone() {
        let e = Endpoint()
        for i in 1...19 { e.answered(1_000, UInt64(i)) }
        #expect(e.p95_us(19) == nil)
        e.answered(1_000, 20)
        #expect(e.p95_us(20) == 1_000)
    }

    @Test func itIsTheOneThatATwentiethLiesAbove() {
        var seed: UInt64 = 1
        for answers in 20...60 {
            let e = Endpoint()
            var all_us: [UInt32] = []
            for i in 1...answers {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                all_us.append(UInt32(seed >> 40) % 40)  // some are alike
                e.answered(all_us[i - 1], UInt64(i))
            }
            let last = all_us.suffix(32).sorted(by: >)
            #expect(e.p95_us(UInt64(answers)) == last[last.count / 20])
        }
    }

    @Test func anAnswerCountsForFiveMinutes() {
        let e = Endpoint()
        for _ in 1...5 { e.answered(9_000, 1) }
        for _ in 1...20 { e.answered(1_000, 200_000) }
        #expect(e.p95_us(300_001) == 9_000)
        #expect(e.p95_us(300_002) == 1_000)
        #expect(e.p95_us(500_001) == nil)
    }
}
