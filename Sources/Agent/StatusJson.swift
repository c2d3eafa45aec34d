// The STATUS message of docs/interface.md: numbers for people as JSON numbers, exact integers as strings with their unit in the name.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

extension Text {
    /// "2026-11-22T09:00:00Z"
    package mutating func put(iso8601 unix_s: Int64) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 24) { p in
            guard let base = p.baseAddress else { return }
            sys_iso8601(unix_s, base)
            put(c: base)
        }
    }
}

extension Machine {
    /// In memory that is kept from one status to the next: nothing is allocated unless it grew, or somebody still holds the last one.
    package func statusJson(newline: Bool = false) -> Text {
        var j = Json(into: statusLine)
        statusLine = Text()             // j alone has the memory now
        j.text.clear()
        let v = report.view
        j.open()
        j.string("type", "STATUS")
        j.open("data")
        j.string("status", report.status.word)
        putAction(&j)
        j.number("correction_size", Int64(clamping: report.size_e9), decimals: 9)
        if report.hasSignature {
            j.string("tx_signature") { t in
                report.signature.withUnsafeBufferPointer { if let p = $0.baseAddress { t.put(signature: p) } }
            }
        } else {
            j.null("tx_signature")
        }
        putDrift(&j, v)
        if report.after.known {
            j.open("after")
            putDrift(&j, report.after)
            j.exact("perp_base_e9", report.after.perp_e9)
            j.exact("spot_base_e9", report.after.a.spot_base_e9)
            j.close()
        } else {
            j.null("after")
        }
        putPositions(&j, v)
        j.string("mode", rules.mode == .live ? "live" : "paper")
        j.string("mode_allowed", rules.allowed == .live ? "live" : "paper")
        j.string("venue") { $0.put(c: ek_venue_name(venue)) }
        j.string("market", shownMarket)
        j.string("reason", report.reason)
        j.int("slot", v.a.slot)
        j.string("time") { $0.put(iso8601: report.time_s) }
        j.int("tick", ticks)
        putExact(&j, v)
        if !foreignTicket { putLegs(&j, current, v) }
        putMarkets(&j)
        putGates(&j)
        j.int("cooldown_left_seconds", report.cooldownLeft_s)
        j.number("correction_price", report.price_e6, decimals: 6)
        putMoney(&j)
        putRuntime(&j)
        putTicket(&j)
        putTotals(&j)
        j.close()
        j.close()
        if newline { j.text.put("\n") }
        statusLine = j.text
        return j.text
    }

    /// {"keys":[…],"result":…}: the last read, for `assess`, bug reports and tests. Empty before the first whole read.
    package func accountsJson() -> Text {
        var t = Text(capacity: lastReadCount + 4096)
        var root = ek_json()
        var v = ek_json()
        var n = 0
        let ok = lastRead.withUnsafeBufferPointer { p -> Bool in
            guard let base = p.baseAddress, ek_json_root(base, lastReadCount, &root) == EK_OK, ek_json_member(root, "result", &v) == EK_OK,
                  let raw = ek_json_raw(v, &n) else { return false }
            t.put("{\"keys\":[")
            for i in 0..<UInt32(plan.pointee.n) {
                guard let item = ek_plan_item_at(plan, i) else { break }
                t.put(i == 0 ? "\"" : ",\"")
                t.put(key: item.pointee.key)
                t.put("\"")
            }
            t.put("],\"result\":")
            t.put(raw: raw, count: n)
            t.put("}\n")
            return true
        }
        return ok ? t : Text()
    }

    private func putAction(_ j: inout Json) {
        j.string("action_taken") { $0.put(c: ek_action_name(report.action)) }
    }

    private func putDrift(_ j: inout Json, _ v: View) {
        if v.known && v.driftKnown { j.number("drift_pct", v.drift_ppm, decimals: 4) } else { j.null("drift_pct") }
        if v.known { j.number("net_delta", v.net_e9, decimals: 9) } else { j.null("net_delta") }
    }

    /// Every perp position of the account, hedged or not; the current market's first.
    private func putPositions(_ j: inout Json, _ v: View) {
        j.openList("positions")
        putPosition(&j, shownMarket, v)
        if foreignTicket {
            j.closeList()
            return
        }
        for i in 0..<hedges.count where i != current { putPosition(&j, hedges[i].rules.perpName, hedges[i].view) }
        if v.known && bookKnown { putUnhedged(&j) }
        j.closeList()
    }

    private func putPosition(_ j: inout Json, _ market: Text, _ v: View) {
        guard v.valued && v.perp_e9 != 0 else { return }
        j.open()
        j.string("market", market)
        j.string("side", v.perp_e9 < 0 ? "SHORT" : "LONG")
        j.number("size", v.perp_e9, decimals: 9)
        j.number("entry_price", v.a.entry_price_e6, decimals: 6)
        j.number("mark_price", v.a.mark_price_e6, decimals: 6)
        j.number("oracle_price", v.a.oracle_price_e6, decimals: 6)
        j.number("pnl", v.a.unrealised_pnl_e6, decimals: 6)
        if v.a.liq_price_e6 > 0 { j.number("liq_price", v.a.liq_price_e6, decimals: 6) } else { j.null("liq_price") }
        if let far = v.liqDistance_ppm { j.number("liq_distance_pct", far, decimals: 4) } else { j.null("liq_distance_pct") }
        j.close()
    }

    /// Positions that nobody hedges here: they share the margin.
    private func putUnhedged(_ j: inout Json) {
        for k in 0..<UInt32(book.pointee.user.n_perps) {
            guard let p = ek_user_perp_at(ek_book_user(book), k), p.pointee.base_e9 != 0, let m = ek_book_perp(book, p.pointee.market_index),
                  !hedges.contains(where: { $0.perpFound && $0.perpIndex == p.pointee.market_index }) else { continue }
            var legs = ek_hedge_legs()
            legs.perp_index = p.pointee.market_index
            legs.spot_index = 0xFFFF
            var fault = ek_fault()
            var v = View()
            guard ek_assess(book, &legs, &v.a, &fault) == EK_OK else { continue }
            v.valued = true
            v.perp_e9 = v.a.perp_base_e9
            words.clear()
            words.put(c: ek_perp_market_name(m))
            putPosition(&j, words, v)
        }
    }

    private func putLegs(_ j: inout Json, _ i: Int, _ v: View) {
        j.openList("legs")
        if v.known {
            eachLeg(i, v) { name, amount, read in
                j.open()
                j.string("leg", name)
                j.exact("base_e9", amount)
                if read { j.int("slot", v.a.slot) } else { j.null("slot") }
                j.close()
            }
        }
        j.closeList()
    }

    /// Each hedged market on its own.
    private func putMarkets(_ j: inout Json) {
        j.openList("markets")
        for i in 0..<hedges.count {
            let h = hedges[i]
            let v = i == current && !foreignTicket ? (report.after.known ? report.after : report.view) : h.view
            j.open()
            j.string("market", h.rules.perpName)
            j.string("status", h.status.word)
            words.clear()
            putStanding(&words, i)
            j.string("reason", words)
            putDrift(&j, v)
            if v.known {
                j.exact("spot_base_e9", v.a.spot_base_e9)
                j.exact("perp_base_e9", v.perp_e9)
                j.exact("net_delta_base_e9", v.net_e9)
                if v.driftKnown { j.exact("drift_ppm", v.drift_ppm) } else { j.null("drift_ppm") }
                j.exact("oracle_price_e6", v.a.oracle_price_e6)
                j.exact("funding_rate_e9", v.a.funding_rate_e9)
            }
            j.exact("risk_e6", h.risk_e6)
            j.exact("target_base_e9", h.rules.target_e9)
            j.number("hedge_ratio_pct", Int64(h.rules.ratio_ppm), decimals: 4)
            j.number("drift_tolerance_pct", Int64(h.rules.tolerance_ppm), decimals: 4)
            putLegs(&j, i, v)
            j.int("cooldown_left_seconds", h.cooldownLeft_s)
            let m = marketRecord(i)
            j.int("corrections", (rules.mode == .paper ? m?.pointee.paper.corrections_total : m?.pointee.corrections_total) ?? 0)
            j.openList("closed_gates")
            for g in h.gates where !g.ok { j.item(g.name) }
            j.closeList()
            j.close()
        }
        j.closeList()
    }

    private func putExact(_ j: inout Json, _ v: View) {
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
        if v.a.leverage_infinite != 0 { j.null("leverage") } else { j.number("leverage", Int64(v.a.leverage_e4), decimals: 4) }
        j.number("funding_rate_annual_pct", v.a.funding_annual_ppm, decimals: 4)
    }

    private func putGates(_ j: inout Json) {
        j.openList("gates")
        for g in report.gates {
            j.open()
            j.string("name", g.name)
            j.bool("ok", g.ok)
            j.string("value", plain: g.measured.put)
            j.string("limit", plain: g.allowed.put)
            j.close()
        }
        j.closeList()
    }

    private func putTicket(_ j: inout Json) {
        guard ticketOpen else {
            j.null("ticket")
            return
        }
        j.open("ticket")
        j.string("state") { $0.put(c: ek_ticket_state_name(ticket.pointee.state)) }
        j.int("sends", ticket.pointee.attempts)
        j.exact("last_valid_block_height", ticket.pointee.last_valid_block_height)
        j.close()
    }

    private func putTotals(_ j: inout Json) {
        j.open("totals")
        j.int("corrections", record.pointee.corrections_total)
        j.exact("fee_lamports", record.pointee.fee_lamports_total)
        j.int("failures_in_row", record.pointee.failures_in_row)
        j.bool("breaker_open", record.pointee.breaker_open != 0)
        j.bool("paused", record.pointee.paused != 0)
        j.bool("flattening", flattening)
        j.close()
    }
}
