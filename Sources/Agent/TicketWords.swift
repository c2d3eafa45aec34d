// What an open ticket waits for, in words; and the alarm when its end is overdue.
import EvenkeelCore
import Model
import Rpc
import Text

/// A ticket's end is overdue so long after it must have one.
private let overdue_ms: UInt64 = 180_000
/// 150 blocks, at the slowest they come.
private let longestLife_ms: UInt64 = 90_000
private let overdueEvery_ms: UInt64 = 600_000

extension Machine {
    /// The end of the open ticket has been overdue for this long, with the fact that is missing; nil: it is not.
    package func ticketOverdue(_ now: Now) -> Text? {
        guard ticketOpen, phase == .watching || phase == .settling, watch.started_ms != 0 else { return nil }
        let t = ticket.pointee
        let due_ms: UInt64
        if t.state == UInt8(EK_TICKET_RESTING) {
            due_ms = watch.restedOutAt_ms != 0 ? watch.restedOutAt_ms
                : watch.started_ms + longestLife_ms + UInt64(clamping: max(0, rules.fillTimeout_s)) * 1_000
        } else {
            due_ms = watch.pastAt_ms != 0 ? watch.pastAt_ms : watch.started_ms + longestLife_ms
        }
        guard now.mono_ms >= due_ms + overdue_ms else { return nil }
        var words: Text = """
            the end of an order is not known after \((now.mono_ms - watch.started_ms) / 1000)
            """
        words.put(" s: ")
        putMissing(&words)
        return words
    }

    /// The fact without which the ticket does not end.
    func putMissing(_ t: inout Text) {
        if ticket.pointee.state == UInt8(EK_TICKET_RESTING) || ticket.pointee.state == UInt8(EK_TICKET_LANDED) {
            t.put("the account was not read at slot \(max(reading.minSlot, ticket.pointee.landed_slot))")
        } else if let e = firstNotPast {
            t.put("""
                endpoint \(e + 1) has not shown a block height past \
                \(ticket.pointee.last_valid_block_height)
                """)
        } else {
            t.put("the account was not read at the slot that proves the end")
        }
        if !watch.readTrouble.isEmpty {
            t.put(" (\(watch.readTrouble))")
        }
    }

    var firstNotPast: Int? {
        for e in 0..<endpoints.all.count where !endpoints.all[e].foreign && watch.expiredAt[e] == 0 { return e }
        return nil
    }

    func sayOverdue(_ now: Now) {
        guard let t = ticketOverdue(now), watch.overdueSaid_ms == 0 || now.mono_ms - watch.overdueSaid_ms >= overdueEvery_ms else { return }
        watch.overdueSaid_ms = now.mono_ms
        note(.warning, t)
    }

    /// What is waited for, in words.
    func putPending(_ t: inout Text) {
        switch Int(ticket.pointee.state) {
        case Int(EK_TICKET_RESTING):
            t.put("""
                Order \(ticket.pointee.target_order_id) is on the venue until chain time \
                \(ticket.pointee.max_ts)
                """)
        case Int(EK_TICKET_LANDED): t.put("The transaction landed; its effect on the account is being read")
        default:
            t.put("""
                The transaction was sent and is neither found nor expired (last valid block height \
                \(ticket.pointee.last_valid_block_height))
                """)
        }
        if let words = ticketOverdue(clock) {
            t.put("; \(words)")
        }
    }
}
