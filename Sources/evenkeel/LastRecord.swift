// `status` where no agent is running.
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Rpc
import Text

/// `status` without a running agent: the record, and that it is one.
func lastRecord(_ config: UnsafeMutablePointer<sys_config>, json: Bool) {
    let record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(),
                                                  alignment: 16).bindMemory(to: ek_record.self, capacity: 1)
    defer { UnsafeMutableRawPointer(record).deallocate() }
    var state = sys_state()
    state.fd = -1
    guard openRecord(sys_config_state(config), &state, record) else {
        Terminal.print("evenkeel: no agent answers on \(c: sys_config_control(config))\n", 2)
        return
    }
    defer { sys_state_close(&state) }
    if json {
        Terminal.print("{\"type\":\"RECORD\",\"running\":false,\"data\":\(recordJson(record))}\n")
        return
    }
    let r = record.pointee
    var t: Text = """
         no agent is running; the last record of \(c: sys_config_state(config)):
         \(r.corrections_total) correction\(r.corrections_total == 1 ? "" : "s"), \
        \(r.fee_lamports_total) lamports of network fees, \
        \(r.ticks_total) tick\(r.ticks_total == 1 ? "" : "s")

        """
    if r.vault.known != 0 {
        let s = vaultSplit(record)
        t.put(" equity \(usd: s.equity_e6), \(usd: s.equity_e6 &- s.flows_e6) since the start\n")
    }
    if r.mode == UInt8(EK_MODE_HELD) { t.put(" on paper by command\n") }
    if r.paused != 0 { t.put(" paused\n") }
    if r.breaker_open != 0 { t.put(" breaker open: only observing until `evenkeel resume`\n") }
    if let k = ek_record_ticket(record), k.pointee.state != UInt8(EK_TICKET_NONE) {
        let action = ek_action_name(k.pointee.action)
        let size = k.pointee.size_base_e9
        t.put(" an order is open: \(c: action) \(base: size); the next start settles it first\n")
    }
    for i in 0..<UInt32(r.n_markets) {
        guard let m = ek_record_market(record, i), m.pointee.last.outcome != UInt8(EK_OUT_NONE) else {
            continue
        }
        t.put(" \(c: ek_market_record_name(m)) last \(correction: m.pointee.last)\n")
    }
    Terminal.print(t)
}
