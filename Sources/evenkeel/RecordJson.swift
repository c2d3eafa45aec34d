// The state file's record as JSON.
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Rpc
import Text

/// Every field that a person or a test asks about.
func recordJson(_ r: UnsafeMutablePointer<ek_record>) -> Text {
    var j = Json(capacity: 2048)
    j.open()
    j.int("version", r.pointee.format)
    j.exact("generation", r.pointee.generation)
    j.string("venue", textOf(ek_record_venue(r)))
    j.string("authority", key: r.pointee.authority)
    j.int("sub_account", r.pointee.sub_account)
    j.string("mode", r.pointee.mode == UInt8(EK_MODE_LIVE) ? "live" : "paper")
    j.bool("paper_by_command", r.pointee.mode == UInt8(EK_MODE_HELD))
    j.bool("paused", r.pointee.paused != 0)
    j.bool("breaker_open", r.pointee.breaker_open != 0)
    j.int("failures_in_row", r.pointee.failures_in_row)
    j.exact("max_slot_seen", r.pointee.max_slot_seen)
    j.exact("fee_lamports_total", r.pointee.fee_lamports_total)
    j.exact("ticks_total", r.pointee.ticks_total)
    j.exact("corrections_total", r.pointee.corrections_total)
    j.int("start_unix_s", r.pointee.start_unix_s)
    j.int("next_user_order_id", r.pointee.next_user_order_id)
    j.bool("clustered", r.pointee.clustered != 0)
    j.int("kept_bytes", r.pointee.kept_len)
    j.int("slot_us", r.pointee.slot_us)
    putProof(&j, r.pointee.proof)
    putRates(&j, r)
    putVault(&j, r)
    putMarkets(&j, r)
    putTicket(&j, r)
    j.close()
    return j.text
}

/// The read that proved the end of the last ticket.
private func putProof(_ j: inout Json, _ p: ek_proof) {
    if p.slot == 0 {
        j.null("proof")
        return
    }
    j.open("proof")
    j.exact("slot", p.slot)
    j.int("next_order_id", p.next_order_id)
    j.close()
}

private func putRates(_ j: inout Json, _ r: UnsafeMutablePointer<ek_record>) {
    j.openList("lst_rates")
    for i in 0..<UInt32(r.pointee.n_lst_rates) {
        guard let l = ek_record_lst_rate(r, i) else { break }
        j.open()
        j.string("pool", key: l.pointee.pool)
        j.exact("lamports", l.pointee.lamports)
        j.exact("supply", l.pointee.supply)
        j.exact("epoch", l.pointee.epoch)
        j.close()
    }
    j.closeList()
}

private func putMarkets(_ j: inout Json, _ r: UnsafeMutablePointer<ek_record>) {
    j.openList("markets")
    for i in 0..<UInt32(r.pointee.n_markets) {
        guard let m = ek_record_market(r, i) else { break }
        j.open()
        j.string("name", textOf(ek_market_record_name(m)))
        j.int("perp_index", m.pointee.perp_index)
        j.int("last_success_unix_s", m.pointee.last_success.unix_s)
        j.exact("last_success_slot", m.pointee.last_success.slot)
        j.int("day_start_unix_s", m.pointee.day_start_unix_s)
        j.int("trades_today", m.pointee.trades_today)
        j.exact("notional_today_e6", m.pointee.notional_today_e6)
        j.exact("corrections_total", m.pointee.corrections_total)
        j.open("paper")
        j.exact("base_e9", m.pointee.paper.base_e9)
        j.exact("quote_e6", m.pointee.paper.quote_e6)
        j.int("last_success_unix_s", m.pointee.paper.last_success.unix_s)
        j.int("day_start_unix_s", m.pointee.paper.day_start_unix_s)
        j.int("trades_today", m.pointee.paper.trades_today)
        j.exact("notional_today_e6", m.pointee.paper.notional_today_e6)
        j.exact("corrections_total", m.pointee.paper.corrections_total)
        j.close()
        j.exact("fees_own_e6", m.pointee.fees_own_e6)
        j.exact("basis_e6", m.pointee.vault.basis_e6)
        j.exact("delta_e6", m.pointee.vault.delta_e6)
        j.exact("slippage_e6", m.pointee.vault.slippage_e6)
        putLast(&j, m)
        j.close()
    }
    j.closeList()
}

private func signatureText(_ p: UnsafePointer<UInt8>?) -> Text { p.map { "\(signature: $0)" } ?? "" }

private func putLast(_ j: inout Json, _ m: UnsafeMutablePointer<ek_market_record>) {
    if m.pointee.last.outcome == UInt8(EK_OUT_NONE) {
        j.null("last")
        return
    }
    j.open("last")
    j.string("action", textOf(ek_action_name(m.pointee.last.action)))
    j.string("outcome", textOf(ek_outcome_name(m.pointee.last.outcome)))
    j.string("mode", m.pointee.last.mode == UInt8(EK_MODE_LIVE) ? "live" : "paper")
    j.exact("size_base_e9", m.pointee.last.size_base_e9)
    j.exact("price_e6", m.pointee.last.price_e6)
    j.exact("fee_e6", m.pointee.last.fee_e6)
    j.exact("fee_lamports", m.pointee.last.fee_lamports)
    j.exact("slot", m.pointee.last.slot)
    j.int("unix_s", m.pointee.last.unix_s)
    j.exact("drift_before_ppm", m.pointee.last.drift_before_ppm)
    j.exact("drift_after_ppm", m.pointee.last.drift_after_ppm)
    j.string("signature", signatureText(ek_last_signature(&m.pointee.last)))
    j.close()
}

/// The equity and its split when the record was written.
func vaultSplit(_ r: UnsafeMutablePointer<ek_record>) -> ek_vault_split {
    var out = ek_vault_split()
    withUnsafeTemporaryAllocation(of: ek_vault_market.self, capacity: Int(EK_RECORD_MARKETS)) { parts in
        guard let part = parts.baseAddress else { return }
        for i in 0..<UInt32(r.pointee.n_markets) {
            if let m = ek_record_market(r, i) { part[Int(i)] = m.pointee.vault }
        }
        ek_vault_now(&r.pointee.vault, part, UInt32(r.pointee.n_markets), &out)
    }
    return out
}

private func putVault(_ j: inout Json, _ r: UnsafeMutablePointer<ek_record>) {
    if r.pointee.vault.known == 0 {
        j.null("vault")
        return
    }
    let s = vaultSplit(r)
    j.open("vault")
    j.string("mode", r.pointee.vault.mode == UInt8(EK_MODE_LIVE) ? "live" : "paper")
    j.int("since_unix_s", r.pointee.vault.start_unix_s)
    j.int("unix_s", s.unix_s)
    j.exact("equity_e6", s.equity_e6)
    putSplit(&j, s)
    j.close()
}

private func putTicket(_ j: inout Json, _ r: UnsafeMutablePointer<ek_record>) {
    guard let t = ek_record_ticket(r), t.pointee.state != UInt8(EK_TICKET_NONE) else {
        j.null("ticket")
        return
    }
    j.open("ticket")
    j.string("state", textOf(ek_ticket_state_name(t.pointee.state)))
    j.string("kind", textOf(ek_kind_name(t.pointee.kind)))
    j.string("action", textOf(ek_action_name(t.pointee.action)))
    j.exact("size_base_e9", t.pointee.size_base_e9)
    j.bool("reduce_only", t.pointee.reduce_only != 0)
    j.exact("worst_price_e6", t.pointee.worst_price_e6)
    j.exact("last_valid_block_height", t.pointee.last_valid_block_height)
    j.int("max_ts", t.pointee.max_ts)
    j.string("signature", signatureText(ek_ticket_signature(t)))
    j.close()
}
