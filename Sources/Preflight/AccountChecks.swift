// The checks of the account as the machine's tick found it: its valuation, the clock, the signer's rights,
// the gates, and whether the tick came to an end.
import Accounting
import Daemon
import Decide
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Text

extension Checker {
    func bookRows(_ m: Machine, haveKey: Bool) {
        guard m.bookKnown else {
            if m.accountMissing {
                let missing = m.missingAccount(keyKnown: haveKey)
                row(.fail, "account", missing.fact, remedy: missing.remedy)
                return
            }
            var why = m.report.reason
            if why.isEmpty { why = lastError }
            row(.fail, "account", why.isEmpty ? "no answer in time" : why,
                remedy: """
                    compare [account] authority and sub_account with the venue's own page; an unknown layout \
                    needs a newer evenkeel
                    """)
            return
        }
        let (who, venue) = (m.account, m.account.venue)
        let t: Text = """
            sub-account \(who.subAccount) of \(key: who.authority), \(ek_venue_user_len(venue)) bytes, \
            layout \(c: ek_venue_layout(venue))
            """
        if m.book.pointee.user.unverified == 0 {
            row(.ok, "account", t)
        } else {
            row(.fail, "account", m.report.reason, remedy: "update evenkeel")
        }
        valuationRow(m)
        venueRow(m)
        clockRow(m)
        if haveKey { signerRow(m, m.book.pointee.user) }
    }

    private func valuationRow(_ m: Machine) {
        guard m.report.view.valued else {
            row(.fail, "valuation", m.report.reason,
                remedy: "the agent only observes an account that it cannot value")
            return
        }
        let a = m.report.view.a
        let t: Text = """
            health \(fixed: a.health_bp, decimals: 2, shown: 1) %, \
            leverage \(fixed: a.leverage_e4, decimals: 4, shown: 2)x, \
            free collateral \(usd: a.free_collateral_e6)
            """
        row(a.health_bp < m.rules.minHealth_bp ? .warn : .ok, "valuation", t,
            remedy: """
                health is under min_health_pct: only reducing corrections would be made; add collateral or \
                reduce the position
                """)
    }

    private func venueRow(_ m: Machine) {
        if let why = m.venueChange {
            row(.fail, "venue alive", why, remedy: "no order is possible; the agent keeps watching")
        } else if m.venueAlive {
            row(.ok, "venue alive", "an order of size zero was simulated and refused by name")
        } else {
            row(.warn, "venue alive", "could not be asked whether it takes orders",
                remedy: "fund the key, see that the nodes simulate; the agent asks before its first order")
        }
    }

    private func clockRow(_ m: Machine) {
        let skew = now().unix_s.subtractingReportingOverflow(m.book.pointee.clock.unix_timestamp).partialValue
        let side: StaticString = skew < 0 ? "s behind the chain's" : "s ahead of the chain's"
        row(skew.magnitude > 30 ? .warn : .ok, "clock", "\(skew.magnitude) \(side)", limit: "30 s",
            remedy: """
                correct the time service (timedatectl); until then the cooldown counts slots and logs show a \
                wrong time
                """)
    }

    private func signerRow(_ m: Machine, _ user: ek_user) {
        if same(m.account.signer, user.authority) {
            row(.warn, "signer", "\(key: m.account.signer) is the authority itself",
                remedy: "this key can withdraw everything: use a delegate's key (`evenkeel key new`)")
        } else if ek_user_has_delegate(ek_book_user(m.book)) != 0 && same(m.account.signer, user.delegate) {
            row(.ok, "signer", """
                \(key: m.account.signer) is the delegate: at this venue such a key may trade, settle, swap \
                inside the account and move perp positions between its sub-accounts, not withdraw; this \
                agent's signer signs orders and cancels only
                """)
        } else {
            row(.fail, "signer", "\(key: m.account.signer) is neither authority nor delegate",
                remedy: "make it the account's delegate on the venue's own page, with the owner's wallet")
        }
    }

    // MARK: gates

    func gateRows(_ m: Machine) {
        guard m.bookKnown else { return }
        for i in 0..<m.hedges.count {
            marketRow(m, i)
            for g in m.hedges[i].gates where i == m.report.market || !accountWide(g.gate) {
                var name: Text = "gate \(g.name)"
                if m.hedges.count > 1 && !accountWide(g.gate) { name.put(" \(m.hedges[i].rules.asset)") }
                row(g.ok ? .ok : .fail, name, g.value, limit: g.limit, remedy: g.ok ? Text() : remedy(g, m))
            }
        }
        let r = m.record.pointee
        if r.mode == UInt8(EK_MODE_HELD) && config.pointee.mode == UInt8(SYS_MODE_LIVE) {
            row(.warn, "mode", "on paper by command", remedy: "run `evenkeel mode live` for real orders")
        }
        if r.paused != 0 { row(.fail, "pause", "on", remedy: "run `evenkeel resume` to trade again") }
        if r.breaker_open != 0 {
            row(.fail, "breaker", "open after \(r.failures_in_row) failures in a row",
                remedy: "find the reason in the log, then run `evenkeel resume`")
        }
    }

    /// The same reading for every market.
    private func accountWide(_ g: GateName) -> Bool {
        switch g {
        case .health, .exchange, .user, .latency, .slotLag, .chainMoves, .gasReserve, .killSwitch: return true
        default: return false
        }
    }

    private func marketRow(_ m: Machine, _ i: Int) {
        let h = m.hedges[i]
        guard h.view.known else {
            row(.fail, "market \(h.rules.perpName)",
                h.reason.isEmpty ? "not found or not readable" : h.reason,
                remedy: "compare the section's name with the venue's list of markets")
            return
        }
        row(.ok, "market \(h.rules.perpName)", """
            found, spot \(base: h.view.a.spot_base_e9, sign: true), \
            perp \(base: h.view.perp_e9, sign: true), drift \(drift: h.view)
            """)
    }

    private func remedy(_ g: Gate, _ m: Machine) -> Text {
        let missing = g.allowed.number - g.measured.number
        guard g.gate == .gasReserve, missing > 0 else { return g.reason }
        return "send at least \(base: missing + 99_999) SOL to \(key: m.account.signer)"
    }

    func finishRows(_ m: Machine) {
        guard m.bookKnown else { return }
        if !wouldSign && (m.report.status == .error || m.report.status == .observeOnly) && failed == 0 {
            row(.fail, "tick", m.report.reason, remedy: "see the reason")
        }
        if !ended {
            row(.fail, "tick", "did not end in time", remedy: "the endpoints are too slow: see their rows")
        }
        if wouldSend {
            row(.fail, "check", "a send was asked for and refused", remedy: "this is a bug: please report it")
        }
    }
}
