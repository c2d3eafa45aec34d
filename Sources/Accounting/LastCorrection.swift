// The last correction of a market, as the record keeps it for status, page and history.
import EvenkeelCore
import Model
import Text

package struct Correction {
    package var action: UInt8
    package var outcome: UInt8
    package var paper: Bool
    package var filled_e9: UInt64
    package var price_e6: Int64
    package var fee_e6: Int64
    package var fee_lamports: UInt64 = 0
    package var slot: UInt64
    package var driftBefore_ppm: Int64
    package var driftAfter_ppm: Int64 = 0

    package init(
        action: UInt8, outcome: UInt8, paper: Bool, filled_e9: UInt64, price_e6: Int64, fee_e6: Int64,
        slot: UInt64, driftBefore_ppm: Int64
    ) {
        (self.action, self.outcome, self.paper, self.filled_e9) = (action, outcome, paper, filled_e9)
        (self.price_e6, self.fee_e6, self.slot, self.driftBefore_ppm) = (
            price_e6, fee_e6, slot, driftBefore_ppm
        )
    }

    /// `signature`: of the transaction; nil on paper.
    package func store(in m: MarketRecord, signature: [UInt8]?, _ now: Now) {
        m.pointee.last = ek_last_correction()
        m.pointee.last.action = action
        m.pointee.last.outcome = outcome
        m.pointee.last.mode = UInt8(paper ? EK_MODE_PAPER : EK_MODE_LIVE)
        m.pointee.last.size_base_e9 = filled_e9
        m.pointee.last.price_e6 = price_e6
        m.pointee.last.fee_e6 = fee_e6
        m.pointee.last.fee_lamports = fee_lamports
        m.pointee.last.slot = slot
        m.pointee.last.unix_s = now.unix_s
        m.pointee.last.drift_before_ppm = driftBefore_ppm
        m.pointee.last.drift_after_ppm = driftAfter_ppm
        guard let s = signature, let to = ek_last_signature(&m.pointee.last) else { return }
        for i in 0..<64 { to[i] = s[i] }
    }
}
