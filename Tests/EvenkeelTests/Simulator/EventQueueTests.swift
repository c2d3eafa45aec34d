// The order in which scheduled events come.
import Testing
@testable import Simulator

@Suite struct EventQueueTests {
    @Test func earlierFirstAndEqualTimesInTheOrderTheyWereScheduled() {
        var q = EventQueue(), random = RandomGenerator(seed: 3, stream: 9)
        #expect(q.isEmpty && q.next_ms == .max)
        var expected: [(at: Int64, index: Int)] = []
        for i in 0..<500 {
            let at = random.range(0, 40)
            q.push(at, .fault, i)
            expected.append((at, i))
        }
        expected.sort { $0.at != $1.at ? $0.at < $1.at : $0.index < $1.index }
        for e in expected {
            #expect(q.next_ms == e.at)
            let d = q.pop()
            #expect(d.at == e.at && d.index == e.index)
        }
        #expect(q.isEmpty)
    }
}
