// The rows of `check` about what the signer may sign: what is left of a day's loss, and limits that fit this
// account.
import Daemon
import Decide
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Text

extension Checker {
    func signerLimitRows(_ m: Machine) {
        lossRow(m)
        fittingRow(m)
    }

    private func lossRow(_ m: Machine) {
        // The policy of a signer of one's own is its own affair.
        if (sys_config_signer_socket(config)?.pointee ?? 0) != 0 { return }
        do throws(LedgerTrouble) {
            let l = try SignerLedger(config, change: false)
            let g = l.ledger.pointee
            if g.limit_from == UInt8(EK_LIMIT_UNSET) { return row(.ok, "signer loss", firstLimit(m)) }
            let limit_e6 = Int64(clamping: g.limit_e6), used_e6 = Int64(clamping: l.loss_e6)
            row(used_e6 * 10 > limit_e6 * 9 ? .warn : .ok, "signer loss",
                "\(usd: used_e6) signed in 24 hours, at worst", limit: "\(usd: limit_e6)",
                remedy: """
                    nearly used up: orders that add to the position wait; `evenkeel signer show` tells more, \
                    `evenkeel signer limit USD` raises it with the agent stopped
                    """)
        } catch {
            let there = sys_path_there(sys_config_state(config)) != 0
            row(.ok, "signer loss", there ? error.words : firstLimit(m))
        }
    }

    /// What the first request will settle.
    private func firstLimit(_ m: Machine) -> Text {
        let given_e6 = Int64(clamping: config.pointee.max_loss_day_e6)
        if given_e6 > 0 { return "nothing signed yet; the limit is \(usd: given_e6) a day, as configured" }
        guard m.report.view.valued else { return "nothing signed yet; auto is 1 % of the equity a day" }
        let auto_e6 = max(10_000_000, m.report.view.a.equity_e6 / 100)
        return "nothing signed yet; auto will be \(usd: auto_e6) a day, 1 % of the equity, at least $10"
    }

    /// Nothing is wrong with wide limits until the agent is; then they are what it may use.
    private func fittingRow(_ m: Machine) {
        guard m.report.view.valued else { return }
        let spot_e9 = m.report.view.a.spot_base_e9
        let hedge_e9 = Int64(clamping: spot_e9.magnitude)
        var notional_e6: Int64 = 0
        guard hedge_e9 > 0,
              ek_mul_div_ceil_i64(hedge_e9, m.report.view.a.oracle_price_e6, 1_000_000_000,
                  &notional_e6) == EK_OK
        else { return }
        let most_e9 = Int64(clamping: m.shownHedge.rules.maxTrade_e9)
        let day_e6 = Int64(clamping: config.pointee.signer_notional_day_e6)
        var t: Text = "the hedge is \(base: hedge_e9) \(m.shownHedge.rules.asset), \(usd: notional_e6)"
        // Ten times over in a day is a book that is moved all the time.
        let enough_e6 = notional_e6.multipliedReportingOverflow(by: 10)
        let ten_e6 = enough_e6.overflow ? Int64.max : enough_e6.partialValue
        if most_e9 > hedge_e9 { t.put("; max_trade_size = \(base: hedge_e9) would do") }
        if day_e6 > ten_e6 { t.put("; [signer] max_notional_per_day = \(ten_e6 / 1_000_000 + 1) would do") }
        row(.ok, "signer limits", t)
    }
}
