// Orders of this agent's on the account that its record does not know.
import EvenkeelCore
import Model

/// user_order_id values this agent uses; other orders on the account are somebody else's and are never
/// touched.
package let ownOrderIds: ClosedRange<UInt8> = 200...254

/// Older than this, an order of this agent without a ticket is a leftover (its own orders live fill_timeout
/// at most).
private let staleOrder_ms: UInt64 = 600_000

/// Calls `each` with every open order of the account, whoever placed it.
package func eachOpenOrder(_ book: Book, _ each: (ek_order) -> Void) {
    for i in 0..<UInt32(EK_MAX_ORDERS) {
        guard let o = ek_user_order_at(ek_book_user(book), i)?.pointee else { break }
        if o.status == UInt8(EK_ORDER_OPEN) { each(o) }
    }
}

/// An order that carries an id of ours and is open.
package struct OwnOrder {
    package let id: UInt32
    /// Which hedged market it is of; nil: one that was not found yet.
    package let market: Int?
    package let stale: Bool
}

/// Live, of a hedged market (of any while one of ours is not found), with an id of this agent's range, and
/// not past its time: whichever market it is of, the account has one correction at a time.
package func ownOrders(_ book: Book, _ hedges: [Hedge], slot_ms: UInt64) -> [OwnOrder] {
    var found: [OwnOrder] = []
    let chain_s = book.pointee.clock.unix_timestamp
    let anyMissing = hedges.contains { !$0.perpFound }
    eachOpenOrder(book) { o in
        let market = hedges.firstIndex { $0.perpFound && $0.perpIndex == o.market_index }
        guard o.market_type == UInt8(EK_PERP), market != nil || anyMissing,
            ownOrderIds.contains(o.user_order_id), o.max_ts == 0 || o.max_ts >= chain_s
        else { return }
        let slot = book.pointee.slot
        found.append(
            OwnOrder(
                id: o.order_id, market: market,
                stale: slot > o.slot && (slot - o.slot) * slot_ms > staleOrder_ms)
        )
    }
    return found
}
