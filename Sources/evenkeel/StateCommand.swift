// `state show` and `state verify`: the binary state for people, read without a lock and never written.
import Agent
import EvenkeelCore
import EvenkeelSys
import Kit

private func open(_ path: UnsafePointer<CChar>?, _ state: UnsafeMutablePointer<sys_state>, _ record: UnsafeMutablePointer<ek_record>) -> Bool {
    if sys_state_peek(path, state, record) == SYS_STATE_OK { return true }
    var t = Text("evenkeel: ")
    t.put(c: sys_state_text(state))
    t.put("\n")
    Words.print(t, 2)
    return false
}

func stateCommand() -> Int32 {
    let help: StaticString = """
        evenkeel state show FILE      the state as one JSON object
        evenkeel state verify FILE    looks at both slots and names a damaged one; exit 0 only when both are whole

        """
    var a = Asked()
    if let code = a.take("h:help", 1, help: help) { return code }
    let verb = textOf(sys_opts_word(&a.o, 0))
    guard sys_opts_words(&a.o) == 2, verb == "show" || verb == "verify" else {
        Words.print(help, 2)
        return 2
    }
    let record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16).bindMemory(to: ek_record.self, capacity: 1)
    defer { UnsafeMutableRawPointer(record).deallocate() }
    var state = sys_state()
    state.fd = -1
    let ok = open(sys_opts_word(&a.o, 1), &state, record)
    defer { sys_state_close(&state) }
    if verb == "verify" { return verify(&state, ok) }
    if !ok { return 1 }
    var text = recordJson(record)
    text.put("\n")
    Words.print(text)
    return 0
}

func textOf(_ p: UnsafePointer<CChar>?) -> Text {
    var t = Text()
    t.put(c: p)
    return t
}

private func verify(_ state: UnsafeMutablePointer<sys_state>, _ ok: Bool) -> Int32 {
    if !ok && state.pointee.size == 0 { return 1 }
    var whole = true
    for i in 0..<2 {
        let err = i == 0 ? state.pointee.slot_err.0 : state.pointee.slot_err.1
        var t = Text("slot ")
        t.put(i)
        t.put(err == EK_OK ? ": whole" : ": damaged, ")
        if err != EK_OK {
            whole = false
            t.put(c: ek_err_text(err))
        }
        if ok && Int(state.pointee.newest) == i { t.put(", the newest, generation "); t.put(state.pointee.generation) }
        t.put("\n")
        Words.print(t)
    }
    return whole ? 0 : 1
}

/// Every field that a person or a test asks about.
func recordJson(_ r: UnsafeMutablePointer<ek_record>) -> Text {
    var j = Json(capacity: 2048)
    j.open()
    j.int("version", EK_RECORD_VERSION)
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
    putVault(&j, r)
    j.openList("markets")
    for i in 0..<UInt32(r.pointee.n_markets) {
        guard let m = ek_record_market(r, i) else { break }
        j.open()
        j.string("name", textOf(ek_market_record_name(m)))
        j.int("perp_index", m.pointee.perp_index)
        j.int("last_success_unix_s", m.pointee.last_success.unix_s)
        j.exact("last_success_slot", m.pointee.last_success.slot)
        j.int("trades_today", m.pointee.trades_today)
        j.exact("corrections_total", m.pointee.corrections_total)
        j.open("paper")
        j.exact("base_e9", m.pointee.paper.base_e9)
        j.exact("quote_e6", m.pointee.paper.quote_e6)
        j.int("last_success_unix_s", m.pointee.paper.last_success.unix_s)
        j.exact("corrections_total", m.pointee.paper.corrections_total)
        j.close()
        j.exact("fees_own_e6", m.pointee.fees_own_e6)
        j.exact("basis_e6", m.pointee.vault.basis_e6)
        j.exact("delta_e6", m.pointee.vault.delta_e6)
        putLast(&j, m)
        j.close()
    }
    j.closeList()
    putTicket(&j, r)
    j.close()
    return j.text
}

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
    var s = Text()
    if let p = ek_last_signature(&m.pointee.last) { s.put(signature: p) }
    j.string("signature", s)
    j.close()
}

/// Where the book's money stood when the record was written, and what became of it since counting began.
private func standing(_ r: UnsafeMutablePointer<ek_record>) -> ek_vault_split {
    var out = ek_vault_split()
    withUnsafeTemporaryAllocation(of: ek_vault_market.self, capacity: Int(EK_RECORD_MARKETS)) { parts in
        guard let part = parts.baseAddress else { return }
        for i in 0..<UInt32(r.pointee.n_markets) { if let m = ek_record_market(r, i) { part[Int(i)] = m.pointee.vault } }
        ek_vault_now(&r.pointee.vault, part, UInt32(r.pointee.n_markets), &out)
    }
    return out
}

private func putVault(_ j: inout Json, _ r: UnsafeMutablePointer<ek_record>) {
    if r.pointee.vault.known == 0 {
        j.null("vault")
        return
    }
    let s = standing(r)
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
    var s = Text()
    if let p = ek_ticket_signature(t) { s.put(signature: p) }
    j.string("signature", s)
    j.close()
}

/// `status` without a running agent: the record, and that it is one.
func lastRecord(_ config: UnsafeMutablePointer<sys_config>, json: Bool) -> Int32 {
    let record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16).bindMemory(to: ek_record.self, capacity: 1)
    defer { UnsafeMutableRawPointer(record).deallocate() }
    var state = sys_state()
    state.fd = -1
    guard open(sys_config_state(config), &state, record) else { return 1 }
    defer { sys_state_close(&state) }
    if json {
        var t = Text("{\"type\":\"RECORD\",\"running\":false,\"data\":")
        t.put(recordJson(record))
        t.put("}\n")
        Words.print(t)
        return 0
    }
    var t = Text(" no agent runs; the last record of ")
    t.put(c: sys_config_state(config))
    t.put(":\n ")
    t.put(record.pointee.corrections_total)
    t.put(" corrections, ")
    t.put(record.pointee.fee_lamports_total)
    t.put(" lamports of network fees, ")
    t.put(record.pointee.ticks_total)
    t.put(" ticks\n")
    if record.pointee.vault.known != 0 {
        let s = standing(record)
        t.put(" equity ")
        t.put(usd: s.equity_e6)
        t.put(", ")
        t.put(usd: s.equity_e6 &- s.flows_e6)
        t.put(" since the start\n")
    }
    if record.pointee.mode == UInt8(EK_MODE_HELD) { t.put(" on paper by command\n") }
    if record.pointee.paused != 0 { t.put(" paused\n") }
    if record.pointee.breaker_open != 0 { t.put(" breaker open: observing only until resume\n") }
    if let k = ek_record_ticket(record), k.pointee.state != UInt8(EK_TICKET_NONE) {
        t.put(" an open ticket waits: ")
        t.put(c: ek_action_name(k.pointee.action))
        t.put(" ")
        t.put(fixed: Int64(clamping: k.pointee.size_base_e9), decimals: 9, shown: 4)
        t.put("; it is resolved first at the next start\n")
    }
    for i in 0..<UInt32(record.pointee.n_markets) {
        guard let m = ek_record_market(record, i), m.pointee.last.outcome != UInt8(EK_OUT_NONE) else { continue }
        t.put(" ")
        t.put(c: ek_market_record_name(m))
        t.put(" last ")
        t.put(last: m.pointee.last)
        t.put("\n")
    }
    Words.print(t)
    return 0
}
