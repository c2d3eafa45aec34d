// Every hedged market's oracle account as it was just read, for the signer's memory of prices.
import Decide
import EvenkeelCore
import Model

extension Machine {
    package func eachOraclePrice(_ show: (inout ek_policy_price, UnsafeBufferPointer<UInt8>) -> Void) {
        for (i, h) in hedges.enumerated() where h.recordIndex != nil {
            var len = 0
            guard let m = ek_book_perp(book, h.perpIndex),
                let raw = ek_book_perp_oracle_raw(book, h.perpIndex, &len)
            else { continue }
            var p = ek_policy_price()
            p.market = UInt8(i)
            p.market_index = h.perpIndex
            p.oracle_source = m.pointee.oracle_source
            p.equity_e6 = report.view.valued ? UInt64(clamping: report.view.a.equity_e6) : 0
            withUnsafeMutableBytes(of: &p.oracle) { to in
                withUnsafeBytes(of: m.pointee.oracle) { to.copyMemory(from: $0) }
            }
            show(&p, UnsafeBufferPointer(start: raw, count: len))
        }
    }
}
