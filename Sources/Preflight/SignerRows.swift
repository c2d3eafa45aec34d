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

    /// Wide limits are what an agent that is taken over may use; nothing else is wrong with them. Narrow ones
    /// leave the hedge open.
    private func fittingRow(_ m: Machine) {
        guard m.report.view.valued else { return }
        let a = m.report.view.a, rules = m.shownHedge.rules
        let hedge_e9 = Int64(clamping: a.spot_base_e9.magnitude)
        var notional_e6: Int64 = 0, opening_e6: Int64 = 0
        // At its worst, with the highest fee of both venues.
        let worst_ppm = Int64(m.rules.maxSlippage_ppm) + 2_000
        guard hedge_e9 > 0,
              ek_mul_div_ceil_i64(hedge_e9, a.oracle_price_e6, 1_000_000_000, &notional_e6) == EK_OK,
              ek_mul_div_ceil_i64(notional_e6, worst_ppm, 1_000_000, &opening_e6) == EK_OK,
              notional_e6 < Int64.max / 10
        else { return }
        let most_e9 = Int64(clamping: rules.maxTrade_e9)
        let least_e9 = hedge_e9 / Int64(rules.maxTradesPerDay) + 1
        let day_e6 = Int64(clamping: config.pointee.signer_notional_day_e6)
        let given_e6 = Int64(clamping: config.pointee.max_loss_day_e6)
        let auto_e6 = max(10_000_000, a.equity_e6 / 100), loss_e6 = max(auto_e6, opening_e6)
        var t: Text = "the hedge is \(base: hedge_e9) \(rules.asset), \(usd: notional_e6)", small = Text()
        if most_e9 > hedge_e9 {
            t.put("; max_trade_size = \(base: hedge_e9) would do: all of it in one order")
        }
        if most_e9 < least_e9 {
            small.put(" max_trade_size = \(base: least_e9): all of it in max_trades_per_day orders;")
        }
        if day_e6 > notional_e6 * 10 {
            let ten = whole(notional_e6 * 10)
            t.put("; [signer] max_notional_per_day = \(ten) would do: ten times the hedge")
        }
        if day_e6 < notional_e6 * 2 {
            let twice = whole(notional_e6 * 2)
            small.put(" [signer] max_notional_per_day = \(twice): opened and closed once;")
        }
        if given_e6 / 2 > loss_e6 {
            t.put("; [signer] max_loss_usd_per_day = \(whole(loss_e6)) would do: 1 % of the equity")
        }
        if (given_e6 > 0 ? given_e6 : auto_e6) < opening_e6 {
            small.put(" [signer] max_loss_usd_per_day = \(whole(opening_e6)): all of it opened at worst;")
        }
        row(small.isEmpty ? .ok : .warn, "signer limits", t, remedy: "too small for that, at least\(small)")
    }

    /// Dollars, rounded up.
    private func whole(_ v_e6: Int64) -> Int64 { v_e6 / 1_000_000 + 1 }
}
