// What the end of a ticket writes into the record: counts of the day, the cooldown, fees, failures in a row.
import Decide
import EvenkeelCore
import Model
import Text

/// The end of a ticket, as it was proven.
package struct TicketEnd {
    package let ticket: ek_ticket
    package let outcome: UInt8  // EK_OUT_*
    /// What the account shows of the order; nil: nothing can be told of it.
    package let seen: ek_outcome?
    /// What filled cannot be told for certain: its entry on the account was used again. For the limits of the
    /// day and the cooldown it filled whole, which can only make the agent wait.
    package let hidden: Bool

    package init(_ ticket: ek_ticket, outcome: UInt8, seen: ek_outcome?, unsure: Bool) {
        (self.ticket, self.outcome, self.seen) = (ticket, outcome, seen)
        let partial = ek_kind_orders(ticket.kind) != 0 && ticket.kind != UInt8(EK_KIND_TAKE)
        let entryGone = partial && (seen?.found ?? 0) == 0
        let hides =
            outcome == UInt8(EK_OUT_FILLED) || outcome == UInt8(EK_OUT_PARTIAL_GONE)
            || outcome == UInt8(EK_OUT_UNFILLED_GONE)
        hidden = unsure || entryGone && hides
    }

    package var filled_e9: UInt64 { seen?.filled_base_e9 ?? 0 }
    package var price_e6: Int64 { seen?.price_e6 ?? 0 }
    package var isOrder: Bool { ek_kind_orders(ticket.kind) != 0 }
    package var settles: Bool { ticket.kind == UInt8(EK_KIND_SETTLE) }

    /// Counts it towards the limits of the day, and begins the cooldown when the correction has brought the
    /// drift inside, judged on the ticket's own book and fill, and the account that was read afterwards says
    /// the same: what was built on a false read starts none. `after`: that account's view of the market; nil:
    /// it was not read.
    package func count(in m: MarketRecord, after: View?, bookSlot: UInt64, day today: ChainDay, _ now: Now) {
        let filled = hidden ? ticket.size_base_e9 : filled_e9
        if !isOrder || (filled == 0 && !hidden) { return }
        var notional: Int64 = 0
        _ = ek_mul_div_floor_i64(ticket.oracle_price_e6, Int64(clamping: filled), 1_000_000_000, &notional)
        var day = DayCount(m.pointee, paper: false, today)
        day.add(notional_e6: notional)
        day.store(in: m, paper: false)

        guard let a = after,
            ek_within_tolerance(a.drift_ppm, a.driftKnown ? 1 : 0, ticket.tolerance_ppm) != 0
        else { return }
        var net: Int64 = 0
        var drift: Int64 = 0
        var known: Int32 = 0
        if ek_drift_after(
            ticket.spot_before_base_e9, ticket.net_before_base_e9, ticket.direction, filled, &net, &drift,
            &known) == EK_OK && ek_within_tolerance(drift, known, ticket.tolerance_ppm) != 0
        {
            m.pointee.last_success = ek_moment(unix_s: now.unix_s, slot: max(bookSlot, ticket.landed_slot))
        }
    }

    /// What the fill cost or gained against the oracle price of its decision goes to the vault. Where the
    /// money of the fill cannot be told it stays in the vault's basis.
    package func bookSlippage(in m: MarketRecord) {
        guard let o = seen, o.price_e6 != 0 else { return }
        ek_vault_filled(
            &m.pointee.vault, ticket.direction == UInt8(EK_SELL) ? 1 : 0, o.filled_base_e9, o.quote_e6,
            ticket.oracle_price_e6)
    }

    /// What the venue took for this order, by the account itself (ek_fee.h); 0: it cannot be told. A figure
    /// beyond what the venue charges is somebody else's money. `mark` nil: the ticket is an earlier
    /// process's, and only what the venue must have charged is believed.
    package func feePaid_e6(_ book: Book, mark: ek_fee_mark?) -> Int64 {
        guard var o = seen else { return 0 }
        var t = ticket
        var before = mark ?? ek_fee_mark()
        var fee: Int64 = 0
        var taken: UInt64 = 0
        guard ek_fee_paid(&t, &o, &before, ek_book_user(book), &fee) == EK_OK,
            ek_taker_fee(book, t.perp_index, o.quote_e6, &taken) == EK_OK
        else { return 0 }
        let usual = Int64(clamping: taken)
        // Each of several fills is rounded up; a keeper that clears the rest away takes the flat fee.
        let flat = Int64(clamping: min(book.pointee.state.flat_filler_fee_e6, 1_000_000))
        let most = usual.addingReportingOverflow(64 + flat)
        let least = mark == nil ? usual : -usual
        return most.overflow || fee < least || fee > most.partialValue ? 0 : fee
    }
}
