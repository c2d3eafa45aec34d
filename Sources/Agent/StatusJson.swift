// The STATUS message of docs/interface.md: numbers for people as JSON numbers, exact integers as strings with their unit in the name.
import EvenkeelCore
import EvenkeelSys
import Kit

extension Text {
    /// "2026-11-22T09:00:00Z"
    public mutating func put(iso8601 unix_s: Int64) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 24) { p in
            guard let base = p.baseAddress else { return }
            sys_iso8601(unix_s, base)
            put(c: base)
        }
    }
}

extension Machine {
    public func statusJson() -> Text {
        var j = Json(capacity: 2048)
        let v = report.view
        j.open()
        j.string("type", "STATUS")
        j.open("data")
        j.string("status", report.status.word)
        putAction(&j)
        j.number("correction_size", Int64(clamping: report.size_e9), decimals: 9)
        if report.hasSignature {
            var s = Text()
            report.signature.withUnsafeBufferPointer { if let p = $0.baseAddress { s.put(signature: p) } }
            j.string("tx_signature", s)
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
        var venueName = Text()
        venueName.put(c: ek_venue_name(venue))
        j.string("venue", venueName)
        j.string("market", hedgeRules.perpName)
        j.string("reason", report.reason)
        j.int("slot", v.a.slot)
        var time = Text()
        time.put(iso8601: report.time_s)
        j.string("time", time)
        j.int("tick", ticks)
        putExact(&j, v)
        putGates(&j)
        j.int("cooldown_left_seconds", report.cooldownLeft_s)
        j.number("correction_price", report.price_e6, decimals: 6)
        putTicket(&j)
        putTotals(&j)
        j.close()
        j.close()
        return j.text
    }

    /// {"keys":[…],"result":…}: the last read, for `assess`, bug reports and tests. Empty before the first whole read.
    public func accountsJson() -> Text {
        var t = Text(capacity: lastRead.count + 4096)
        var root = ek_json()
        var v = ek_json()
        var n = 0
        let ok = lastRead.withUnsafeBufferPointer { p -> Bool in
            guard let base = p.baseAddress, ek_json_root(base, p.count, &root) == EK_OK, ek_json_member(root, "result", &v) == EK_OK,
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
        var t = Text()
        t.put(c: ek_action_name(report.action))
        j.string("action_taken", t)
    }

    private func putDrift(_ j: inout Json, _ v: View) {
        if v.known && v.driftKnown { j.number("drift_pct", v.drift_ppm, decimals: 4) } else { j.null("drift_pct") }
        if v.known { j.number("net_delta", v.net_e9, decimals: 9) } else { j.null("net_delta") }
    }

    private func putPositions(_ j: inout Json, _ v: View) {
        j.openList("positions")
        if v.valued && v.perp_e9 != 0 {
            j.open()
            j.string("market", hedgeRules.perpName)
            j.string("side", v.perp_e9 < 0 ? "SHORT" : "LONG")
            j.number("size", v.perp_e9, decimals: 9)
            j.number("entry_price", v.a.entry_price_e6, decimals: 6)
            j.number("mark_price", v.a.mark_price_e6, decimals: 6)
            j.number("oracle_price", v.a.oracle_price_e6, decimals: 6)
            j.number("pnl", v.a.unrealised_pnl_e6, decimals: 6)
            if v.a.liq_price_e6 > 0 { j.number("liq_price", v.a.liq_price_e6, decimals: 6) } else { j.null("liq_price") }
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
            j.string("value", g.value)
            j.string("limit", g.limit)
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
        var state = Text()
        state.put(c: ek_ticket_state_name(ticket.pointee.state))
        j.string("state", state)
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
