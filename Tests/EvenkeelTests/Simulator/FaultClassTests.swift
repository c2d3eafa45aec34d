// The names of faults on the command line.
import Testing
import Text
@testable import Simulator

@Suite struct FaultClassTests {
    @Test func everyListIsReadBackToTheSameSet() {
        let loss = FaultClass.loss.bit
        for set in [0, FaultClass.all, loss, loss | FaultClass.freeze.bit | FaultClass.torn.bit] {
            let (read, wrong) = FaultClass.parse(FaultClass.list(set))
            #expect(read == set && wrong == nil)
        }
        #expect(FaultClass.list(FaultClass.delay.bit | FaultClass.gas.bit) == "delay,gas")
    }

    @Test func namesAreDistinctAndUnknownOnesAreNamed() {
        var names: Set<[UInt8]> = []
        for c in FaultClass.allCases { names.insert(Text(c.name).bytes) }
        #expect(names.count == FaultClass.allCases.count)
        for (list, bad) in [("loss,nosuch", "nosuch"), ("", ""), ("loss,,delay", ""), ("all,loss", "all")] {
            var t = Text()
            t.put(bytes: Array(list.utf8))
            let wrong = FaultClass.parse(t).wrong
            #expect(wrong.map { String(decoding: $0.bytes, as: UTF8.self) } == bad)
        }
    }
}
