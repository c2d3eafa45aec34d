// What an open ticket waits for, in words; and that its end is overdue.
import EvenkeelCore
import Model
import Rpc
import Text

/// A ticket's end is overdue so long after it must have one, and that is said again after so long.
private let overdue_ms: UInt64 = 180_000
private let overdueEvery_ms: UInt64 = 600_000
/// 150 blocks, at the slowest they come.
private let longestLife_ms: UInt64 = 90_000

extension Tracking {
    /// The end of the ticket has been overdue for this long, with the fact that is missing; nil: it is not.
    /// `readSlot`: the least slot that the account is asked for.
    package func overdue(_ t: ek_ticket, _ rules: Rules, _ endpoints: Endpoints, readSlot: UInt64, _ now: Now)
        -> Text?
    {
        let life_ms = started_ms + longestLife_ms
        let due_ms =
            t.state == UInt8(EK_TICKET_RESTING)
            ? restedOutAt_ms ?? life_ms + UInt64(clamping: max(0, rules.fillTimeout_s)) * 1_000
            : pastAt_ms ?? life_ms
        guard now.mono_ms >= due_ms + overdue_ms else { return nil }
        return """
            the end of an order is not known after \((now.mono_ms - started_ms) / 1000) s: \
            \(missing(t, endpoints, readSlot))
            """
    }

    /// Once every ten minutes.
    package mutating func mayRepeatOverdue(_ now: Now) -> Bool {
        if let said = overdueSaid_ms, now.mono_ms - said < overdueEvery_ms { return false }
        overdueSaid_ms = now.mono_ms
        return true
    }

    /// The fact without which the ticket does not end.
    private func missing(_ t: ek_ticket, _ endpoints: Endpoints, _ readSlot: UInt64) -> Text {
        var w = Text()
        if t.state == UInt8(EK_TICKET_RESTING) || t.state == UInt8(EK_TICKET_LANDED) {
            w.put("the account was not read at slot \(max(readSlot, t.landed_slot))")
        } else if let e = firstNotPast(endpoints) {
            w.put("endpoint \(e + 1) has not shown a block height past \(t.last_valid_block_height)")
        } else {
            w.put("the account was not read at the slot that proves the end")
        }
        if !readTrouble.isEmpty { w.put(" (\(readTrouble))") }
        return w
    }

    private func firstNotPast(_ endpoints: Endpoints) -> Int? {
        witnesses.indices.first { !endpoints.all[$0].foreign && witnesses[$0].pastAtSlot == nil }
    }
}

/// What is waited for.
package func pendingText(_ t: ek_ticket) -> Text {
    switch Int(t.state) {
    case Int(EK_TICKET_RESTING):
        return "Order \(t.target_order_id) is on the venue until chain time \(t.max_ts)"
    case Int(EK_TICKET_LANDED): return "The transaction landed; its effect on the account is being read"
    default:
        return """
            The transaction was sent and is neither found nor expired (last valid block height \
            \(t.last_valid_block_height))
            """
    }
}
