// What the agent tells its signer between orders, and what it hears of the loss limit (docs/signer.md).
import Engine
import EvenkeelCore
import Model
import Text

/// More often says nothing new: the signer's memory is kept in slots of seconds.
private let shownEvery_ms: UInt64 = 30_000

extension Driver {
    /// The prices of a book that was just read, so that the signer's memory of them has no gap.
    func showPrices(_ m: Machine, _ now: Now) {
        guard m.rules.mode == .live, now.mono_ms >= pricesDue_ms else { return }
        pricesDue_ms = now.mono_ms + shownEvery_ms
        showPrices(m, from: m.book)
    }

    /// Between two ticks, too.
    package func showPrices(_ m: Machine, from book: Book) {
        guard let s = signing else { return }
        m.eachOraclePrice(in: book) { s.show(&$0, $1) }
    }

    /// The limit in the log whenever it is another one: at the start, and when `auto` is settled by the first
    /// request.
    func sayLossLimit() {
        guard let loss = signing?.loss else { return }
        let last = lossSaid
        lossSaid = loss
        machine?.signerLoss = loss
        if let l = last, l.limit_e6 == loss.limit_e6 && l.from == loss.from { return }
        let limit_e6 = Int64(clamping: loss.limit_e6)
        var t: Text = "the signer signs what loses at worst \(usd: limit_e6) in any 24 hours"
        switch Int(loss.from) {
        case Int(EK_LIMIT_AUTO):
            t.put("""
                : 1 % of the equity when it was first asked, at least $10, and never another by itself; \
                [signer] max_loss_usd_per_day or `evenkeel signer limit USD` change it
                """)
        case Int(EK_LIMIT_OPERATOR): t.put(" (set by `evenkeel signer limit`)")
        default: t.put(" ([signer] max_loss_usd_per_day)")
        }
        log(loss.from == UInt8(EK_LIMIT_AUTO) && last == nil ? .warning : .info, t)
    }
}
