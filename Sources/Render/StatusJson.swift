// The STATUS message of docs/interface.md: numbers for people as JSON numbers, exact integers as strings
// with their unit in the name.
import Accounting
import Decide
import Engine
import EvenkeelCore
import Model
import Text

/// Makes STATUS messages in memory that is kept from one to the next: it is allocated again only when it
/// grew, or when somebody still holds the last one.
package struct StatusJson {
    private var kept = Text(capacity: 8192)

    package init() {}

    /// `now_s`: when it is shown, for whether it is stale; nil: at once.
    package mutating func message(_ m: Machine, newline: Bool = false, now_s: Int64? = nil) -> Text {
        kept.clear()
        var w = StatusWriter(m: m, j: Json(into: kept), now_s: now_s)
        kept = Text()               // the writer alone has the memory now
        w.message()
        if newline { w.j.text.put("\n") }
        kept = w.j.text
        return kept
    }
}

/// One message while it is written.
struct StatusWriter {
    let m: Machine
    var j: Json
    let now_s: Int64?

    fileprivate mutating func message() {
        let v = m.report.view
        j.open()
        j.string("type", "STATUS")
        j.open("data")
        j.string("status", m.report.status.word)
        putCorrection()
        putDrift(v)
        if m.report.after.known {
            j.open("after")
            putDrift(m.report.after)
            j.exact("perp_base_e9", m.report.after.perp_e9)
            j.exact("spot_base_e9", m.report.after.a.spot_base_e9)
            j.close()
        } else {
            j.null("after")
        }
        putPositions(v)
        j.string("mode", m.rules.mode == .live ? "live" : "paper")
        j.string("mode_allowed", m.rules.allowed == .live ? "live" : "paper")
        let (venue, time_s) = (m.account.venue, m.report.time_s)
        j.string("venue") { $0.put(c: ek_venue_name(venue)) }
        j.string("market", m.shownMarket)
        j.string("reason", m.report.reason)
        j.int("slot", v.a.slot)
        j.string("time") { $0.put(iso8601: time_s) }
        j.int("tick", m.ticks)
        if let t = now_s { j.bool("stale", isStale(m, now_s: t)) }
        putExact(v)
        if let i = m.report.market { putLegs(i, v) }
        putMarkets()
        putStress(&j, stress(m, m.shownHedge, anew: now_s != nil))
        putGates()
        j.int("cooldown_left_seconds", m.report.cooldownLeft_s)
        j.number("correction_price", m.report.price_e6, decimals: 6)
        putMoney()
        putSigner()
        putRuntime()
        putTicket()
        putTotals()
        j.close()
        j.close()
    }

    /// What the signer may still sign; null while it has no limit.
    private mutating func putSigner() {
        guard let l = m.signerLoss else {
            j.null("signed_loss_e6")
            j.null("signed_loss_limit_e6")
            return
        }
        j.exact("signed_loss_e6", Int64(clamping: l.used_e6))
        j.exact("signed_loss_limit_e6", Int64(clamping: l.limit_e6))
    }

    private mutating func putCorrection() {
        let r = m.report
        j.string("action_taken") { $0.put(c: ek_action_name(r.action)) }
        j.number("correction_size", Int64(clamping: r.size_e9), decimals: 9)
        guard r.hasSignature else {
            j.null("tx_signature")
            return
        }
        j.string("tx_signature") { t in
            r.signature.withUnsafeBufferPointer { if let p = $0.baseAddress { t.put(signature: p) } }
        }
    }

    mutating func putDrift(_ v: View) {
        if v.known && v.driftKnown {
            j.number("drift_pct", v.drift_ppm, decimals: 4)
        } else {
            j.null("drift_pct")
        }
        if v.known { j.number("net_delta", v.net_e9, decimals: 9) } else { j.null("net_delta") }
    }

    /// Every perp position of the account, hedged or not; the reported market's first.
    private mutating func putPositions(_ v: View) {
        j.openList("positions")
        putPosition(m.shownMarket, v)
        if m.report.market == nil {
            j.closeList()
            return
        }
        for i in 0..<m.hedges.count where i != m.report.market {
            putPosition(m.hedges[i].rules.perpName, m.hedges[i].view)
        }
        if v.known && m.bookKnown { putUnhedged() }
        j.closeList()
    }

    private mutating func putPosition(_ market: Text, _ v: View) {
        guard v.valued && v.perp_e9 != 0 else { return }
        j.open()
        j.string("market", market)
        j.string("side", v.perp_e9 < 0 ? "SHORT" : "LONG")
        j.number("size", v.perp_e9, decimals: 9)
        j.number("entry_price", v.a.entry_price_e6, decimals: 6)
        j.number("mark_price", v.a.mark_price_e6, decimals: 6)
        j.number("oracle_price", v.a.oracle_price_e6, decimals: 6)
        j.number("pnl", v.a.unrealised_pnl_e6, decimals: 6)
        if v.a.liq_price_e6 > 0 {
            j.number("liq_price", v.a.liq_price_e6, decimals: 6)
        } else {
            j.null("liq_price")
        }
        if let far = v.liqDistance_ppm {
            j.number("liq_distance_pct", far, decimals: 4)
        } else {
            j.null("liq_distance_pct")
        }
        j.close()
    }

    /// Positions that nobody hedges here: they share the margin.
    private mutating func putUnhedged() {
        for k in 0..<UInt32(m.book.pointee.user.n_perps) {
            guard let p = ek_user_perp_at(ek_book_user(m.book), k), p.pointee.base_e9 != 0,
                  let market = ek_book_perp(m.book, p.pointee.market_index),
                  !m.hedges.contains(where: { $0.perpFound && $0.perpIndex == p.pointee.market_index })
            else { continue }
            var legs = ek_hedge_legs()
            legs.perp_index = p.pointee.market_index
            legs.spot_index = 0xFFFF
            var fault = ek_fault()
            var v = View()
            guard ek_assess(m.book, &legs, &v.a, &fault) == EK_OK else { continue }
            v.valued = true
            v.perp_e9 = v.a.perp_base_e9
            putPosition("\(c: ek_perp_market_name(market))", v)
        }
    }

    private mutating func putExact(_ v: View) {
        guard v.known else { return }
        j.exact("spot_base_e9", v.a.spot_base_e9)
        j.exact("perp_base_e9", v.perp_e9)
        j.exact("net_delta_base_e9", v.net_e9)
        if v.driftKnown { j.exact("drift_ppm", v.drift_ppm) } else { j.null("drift_ppm") }
        guard v.valued else { return }
        j.exact("venue_spot_base_e9", v.a.venue_spot_base_e9)
        j.exact("wallet_spot_base_e9", v.a.wallet_base_e9)
        j.exact("total_collateral_e6", v.a.total_collateral_e6)
        j.exact("initial_margin_e6", v.a.initial_requirement_e6)
        j.exact("maintenance_margin_e6", v.a.maintenance_requirement_e6)
        j.exact("free_collateral_e6", v.a.free_collateral_e6)
        j.exact("oracle_price_e6", v.a.oracle_price_e6)
        j.number("health_pct", Int64(v.a.health_bp), decimals: 2)
        if v.a.leverage_infinite != 0 {
            j.null("leverage")
        } else {
            j.number("leverage", Int64(v.a.leverage_e4), decimals: 4)
        }
        j.number("funding_rate_annual_pct", v.a.funding_annual_ppm, decimals: 4)
    }

    private mutating func putGates() {
        j.openList("gates")
        for g in m.gates {
            j.open()
            j.string("name", g.name)
            j.bool("ok", g.ok)
            j.string("value", plain: g.measured.put)
            j.string("limit", plain: g.allowed.put)
            j.close()
        }
        j.closeList()
    }

    private mutating func putTicket() {
        guard m.ticketOpen else {
            j.null("ticket")
            return
        }
        j.open("ticket")
        let state = m.ticket.pointee.state
        j.string("state") { $0.put(c: ek_ticket_state_name(state)) }
        j.int("sends", m.ticket.pointee.attempts)
        j.exact("last_valid_block_height", m.ticket.pointee.last_valid_block_height)
        j.close()
    }

    private mutating func putTotals() {
        j.open("totals")
        j.int("corrections", m.record.pointee.corrections_total)
        j.exact("fee_lamports", m.record.pointee.fee_lamports_total)
        j.int("failures_in_row", m.record.pointee.failures_in_row)
        j.bool("breaker_open", m.record.pointee.breaker_open != 0)
        j.bool("paused", m.record.pointee.paused != 0)
        j.bool("flattening", m.flattening)
        j.close()
    }
}
