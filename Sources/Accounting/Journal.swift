// The record and whether it can still be written. What is not in the record is never sent.
import EvenkeelCore
import Model
import Text

package struct Journal {
    package let record: UnsafeMutablePointer<ek_record>
    /// A halted agent never builds an order again in this process: its state file could not be written, or
    /// belongs to other markets.
    package private(set) var halted = false
    /// Why, where it is not that the file cannot be written.
    package private(set) var haltedBecause = Text()

    package init(_ record: UnsafeMutablePointer<ek_record>) { self.record = record }

    package var ticket: UnsafeMutablePointer<ek_ticket> { ek_record_ticket(record) }
    package var ticketOpen: Bool { ticket.pointee.state != UInt8(EK_TICKET_NONE) }
    package var paused: Bool { record.pointee.paused != 0 }
    package var breakerOpen: Bool { record.pointee.breaker_open != 0 }
    package var failuresInRow: UInt32 { record.pointee.failures_in_row }

    package mutating func halt(_ why: Text = Text()) {
        halted = true
        if haltedBecause.isEmpty { haltedBecause = why }
    }

    /// One more failure in a row; at `most` the breaker opens. The caller saves.
    package func addFailure(most: UInt32) {
        record.pointee.failures_in_row += 1
        if record.pointee.failures_in_row >= most { record.pointee.breaker_open = 1 }
    }

    package func clearFailures() {
        record.pointee.breaker_open = 0
        record.pointee.failures_in_row = 0
    }

    package func market(_ i: UInt32) -> MarketRecord? {
        i < record.pointee.n_markets ? ek_record_market(record, i) : nil
    }

    /// Every market that the record knows, hedged today or not.
    package var markets: [MarketRecord] {
        var all: [MarketRecord] = []
        for i in 0..<UInt32(record.pointee.n_markets) {
            if let m = ek_record_market(record, i) { all.append(m) }
        }
        return all
    }
}
