// A correction of the record in words.
import EvenkeelCore
import Render
import Testing
import Text

@Suite struct CorrectionTextTests {
    private func words(_ change: (inout ek_last_correction) -> Void) -> String {
        var l = ek_last_correction()
        l.action = UInt8(EK_ACTION_EXPAND_SHORT)
        change(&l)
        let t: Text = "last: \(correction: l)"
        return String(decoding: t.bytes, as: UTF8.self)
    }

    @Test func whatFilledHasSizeAndPrice() {
        let filled = words {
            $0.outcome = UInt8(EK_OUT_FILLED)
            $0.size_base_e9 = 150_000_000
            $0.price_e6 = 145_100_000
        }
        #expect(filled == "last: EXPAND_SHORT 0.1500 @ $145.10, filled")
    }

    @Test func whatDidNotFillSaysSo() {
        let expired = words { $0.outcome = UInt8(EK_OUT_EXPIRED) }
        #expect(expired == "last: EXPAND_SHORT tried, expired: nothing filled")
    }
}
