// The vault: what the book's money is and what became of it (the arithmetic is ek_vault.h). Every whole book of all markets is taken in;
// samples of it go to the history (ek_ring.h) once a minute and once a quarter of an hour, a correction at once. The standing itself
// is in the record and goes to disk with it.
import EvenkeelCore
import Model
import Rpc
import Text

/// What is needed beside the record: when the last samples were kept, and earlier standings to compare with.
struct VaultKeeping {
    var minute: Int64 = -1
    var quarter: Int64 = -1
    /// Midnight (UTC) of the day that `today` began with.
    var day: Int64 = -1
    var hour: Int64 = -1
    var today = ek_vault_split()
    var week = ek_vault_split()
    /// Network fees that were counted when the last book was taken.
    var lamports: UInt64 = 0
    var lamportsKnown = false
    /// The fees counted are those of the agent's own corrections; nil: no book was taken yet.
    var feesOwn: Bool? = nil
}

extension Machine {
    private var nMarkets: UInt32 { UInt32(record.pointee.n_markets) }

    /// The index in `hedges` of the record's market, when it can be valued now.
    private func hedge(of market: UInt32) -> Int? {
        hedges.firstIndex { $0.marketSlot == Int(market) && $0.view.valued }
    }

    /// Takes in the book of the views that were just made. A market that cannot be valued leaves the vault where it was.
    func takeVault(_ now: Now) {
        for h in hedges where h.marketSlot >= 0 && !h.view.valued { return }
        var book = ek_vault_book()
        var equity: Int128 = 0
        var have = false
        withUnsafeTemporaryAllocation(of: ek_vault_leg.self, capacity: Int(EK_RECORD_MARKETS)) { legs in
            withUnsafeTemporaryAllocation(of: ek_vault_market.self, capacity: Int(EK_RECORD_MARKETS)) { parts in
                guard let leg = legs.baseAddress, let part = parts.baseAddress else { return }
                for i in 0..<nMarkets {
                    guard let m = ek_record_market(record, i) else { return }
                    part[Int(i)] = m.pointee.vault
                    leg[Int(i)] = m.pointee.vault.leg           // a market that is no longer hedged stands still
                    guard let k = hedge(of: i) else { continue }
                    let v = hedges[k].view
                    if !have { equity += Int128(v.a.equity_e6) }
                    have = true
                    leg[Int(i)] = take(v, m, &equity)
                    if part[Int(i)].leg.spot_price_e6 == 0 { part[Int(i)].leg = leg[Int(i)] }      // new: nothing moved yet
                }
                guard have else { return }
                book.equity_e6 = Int64(clamping: equity)
                readMarks(&book)
                ek_vault_take(&record.pointee.vault, part, nMarkets, UInt8(rules.mode == .paper ? EK_MODE_PAPER : EK_MODE_LIVE), now.unix_s, &book, leg)
                for i in 0..<nMarkets { ek_record_market(record, i)?.pointee.vault = part[Int(i)] }
            }
        }
        if have { sample(now) }
    }

    /// One market's legs; what lies outside the venue, and the paper ledger, come on top of the equity.
    private func take(_ v: View, _ m: UnsafeMutablePointer<ek_market_record>, _ equity: inout Int128) -> ek_vault_leg {
        var leg = ek_vault_leg()
        leg.spot_base_e9 = v.a.spot_base_e9
        leg.outside_base_e9 = v.a.spot_base_e9.subtractingReportingOverflow(v.a.venue_spot_base_e9).partialValue
        leg.perp_base_e9 = v.perp_e9
        leg.perp_price_e6 = v.a.oracle_price_e6
        leg.spot_price_e6 = v.a.spot_price_e6 > 0 ? v.a.spot_price_e6 : v.a.oracle_price_e6
        equity += Int128(leg.outside_base_e9) * Int128(leg.spot_price_e6) / 1_000_000_000
        if rules.mode == .paper {
            let p = m.pointee.paper
            equity += Int128(p.base_e9) * Int128(v.a.oracle_price_e6) / 1_000_000_000 + Int128(p.quote_e6) - Int128(p.fees_e6)
        }
        return leg
    }

    private func readMarks(_ b: inout ek_vault_book) {
        let user = self.book.pointee.user
        let stats = self.book.pointee.stats
        var unsettled: Int64 = 0
        for h in hedges where h.view.valued { unsettled = ek_clamp_i64(h.view.a.maintenance.unsettled_funding_e6); break }
        b.funding_mark_e6 = user.cumulative_perp_funding_e6.addingReportingOverflow(unsettled).partialValue
        b.deposits_mark_e6 = Int64(clamping: Int128(user.total_deposits_e6) - Int128(user.total_withdraws_e6))
        let fees = feesPaid(alone: stats.sub_accounts <= 1, Int64(clamping: stats.total_fee_paid_e6))
        // A network fee is in the book only where the payer's balance is one of the legs.
        let paid = vault.lamportsKnown ? record.pointee.fee_lamports_total &- vault.lamports : 0
        vault.lamports = record.pointee.fee_lamports_total
        vault.lamportsKnown = true
        var network = record.pointee.vault.book.network_mark_e6
        if same(signer, authority) && hedges.contains(where: { $0.rules.useWalletSpot }) {
            network = Int64(clamping: Int128(network) + Int128(paid) * Int128(sol_e6) / 1_000_000_000)
        }
        b.network_mark_e6 = network
        b.fees_mark_e6 = fees.addingReportingOverflow(network).partialValue
    }

    /// UserStats counts for all sub-accounts: with several of them the fees of this agent's own corrections count, which the account itself
    /// proves. When an authority gets its second sub-account, or is left with one, only the level changes, nothing was paid.
    private func feesPaid(alone: Bool, _ all: Int64) -> Int64 {
        var own: Int64 = 0
        var paper: Int64 = 0
        for i in 0..<nMarkets {
            guard let m = ek_record_market(record, i) else { continue }
            own = own.addingReportingOverflow(m.pointee.fees_own_e6).partialValue
            if rules.mode == .paper { paper = paper.addingReportingOverflow(m.pointee.paper.fees_e6).partialValue }
        }
        let level = (alone ? all : own).addingReportingOverflow(paper).partialValue
        let last = record.pointee.vault.book
        // The first book of a process tells by the level which of the two the last one counted.
        let wasOwn = vault.feesOwn ?? (last.fees_mark_e6.subtractingReportingOverflow(last.network_mark_e6).partialValue == own.addingReportingOverflow(paper).partialValue)
        if record.pointee.vault.known != 0 && wasOwn == alone {
            record.pointee.vault.book.fees_mark_e6 = level.addingReportingOverflow(last.network_mark_e6).partialValue
        }
        vault.feesOwn = !alone
        return level
    }

    /// After a correction: the account as it is now, the correction itself, and everything to the file.
    func syncVault(_ now: Now, corrected m: UnsafeMutablePointer<ek_market_record>) {
        if rules.mode == .paper {
            hedges[current].view = report.after
        } else if bookKnown && !foreignTicket {
            let i = current
            for k in 0..<hedges.count where hedges[k].perpFound {
                current = k
                var v = View()
                if assess(&v) == nil { hedges[k].view = v }
            }
            current = i
        }
        takeVault(now)
        var c = ek_ring_correction()
        c.slot = m.pointee.last.slot
        c.unix_s = m.pointee.last.unix_s
        if let to = ek_ring_correction_market(&c), let from = ek_market_record_name(m) { for k in 0..<15 { to[k] = from[k] } }
        c.action = m.pointee.last.action
        c.outcome = m.pointee.last.outcome
        c.mode = m.pointee.last.mode
        c.size_base_e9 = m.pointee.last.size_base_e9
        c.price_e6 = m.pointee.last.price_e6
        c.oracle_price_e6 = hedges[current].view.a.oracle_price_e6
        c.fee_e6 = m.pointee.last.fee_e6
        c.fee_lamports = m.pointee.last.fee_lamports
        c.landing = landing
        c.drift_before_ppm = m.pointee.last.drift_before_ppm
        c.drift_after_ppm = m.pointee.last.drift_after_ppm
        c.spot_base_e9 = report.after.known ? report.after.a.spot_base_e9 : 0
        c.perp_base_e9 = report.after.known ? report.after.perp_e9 : 0
        if report.hasSignature, let to = ek_ring_correction_signature(&c) { for k in 0..<64 { to[k] = report.signature[k] } }
        host.keep(&c)
        keepSamples(Int32(EK_RING_MINUTES), now)
        host.flushHistory()
    }

    /// Slots from the first send to the block, plus one; 0: not known (paper, never landed, sent by an earlier process).
    private var landing: UInt32 {
        let t = ticket.pointee
        if rules.mode == .paper || t.sent_slot == 0 || t.landed_slot < t.sent_slot { return 0 }
        return UInt32(clamping: t.landed_slot - t.sent_slot + 1)
    }

    // MARK: samples

    /// With n markets every n minutes n samples: a day in the ring, however many they are.
    private func sample(_ now: Now) {
        let n = max(1, Int64(hedges.count))
        let minute = now.unix_s / (60 * n)
        if minute != vault.minute {
            vault.minute = minute
            keepSamples(Int32(EK_RING_MINUTES), now)
        }
        let quarter = now.unix_s / (900 * n)
        if quarter != vault.quarter {
            vault.quarter = quarter
            keepSamples(Int32(EK_RING_QUARTERS), now)
        }
    }

    private func keepSamples(_ ring: Int32, _ now: Now) {
        var last = -1
        for i in 0..<nMarkets where hedge(of: i) != nil { last = Int(i) }
        for i in 0..<nMarkets {
            guard let k = hedge(of: i), let m = ek_record_market(record, i) else { continue }
            let v = hedges[k].view
            var s = ek_sample()
            s.slot = v.a.slot
            s.unix_s = now.unix_s
            s.market = UInt8(i)
            s.mode = record.pointee.vault.mode
            s.status = hedges[k].status.rawValue
            s.flags = UInt8(v.driftKnown ? 0 : EK_SAMPLE_NO_DRIFT) | UInt8(hedges[k].gates.contains { !$0.ok } ? EK_SAMPLE_GATE_CLOSED : 0)
                | UInt8(Int(i) == last ? EK_SAMPLE_LAST_OF_GROUP : 0)
            s.health_bp = UInt16(clamping: v.a.health_bp)
            s.leverage_e2 = v.a.leverage_infinite != 0 ? UInt16.max : UInt16(clamping: v.a.leverage_e4 / 100)
            s.drift_ppm = Int32(clamping: v.drift_ppm)
            s.funding_hourly_ppb = Int32(clamping: v.a.funding_hourly_ppb)
            s.equity_e6 = record.pointee.vault.book.equity_e6
            s.collateral_e6 = v.a.total_collateral_e6
            s.flows_e6 = record.pointee.vault.flows_e6
            s.funding_e6 = record.pointee.vault.funding_e6
            s.fees_e6 = record.pointee.vault.fees_e6
            s.spot_base_e9 = v.a.spot_base_e9
            s.perp_base_e9 = v.perp_e9
            s.spot_price_e6 = m.pointee.vault.leg.spot_price_e6
            s.perp_price_e6 = m.pointee.vault.leg.perp_price_e6
            s.basis_e6 = m.pointee.vault.basis_e6
            s.delta_e6 = m.pointee.vault.delta_e6
            host.keep(ring, &s)
        }
    }

    // MARK: standings

    private func standing() -> ek_vault_split {
        var out = ek_vault_split()
        withUnsafeTemporaryAllocation(of: ek_vault_market.self, capacity: Int(EK_RECORD_MARKETS)) { parts in
            guard let part = parts.baseAddress else { return }
            for i in 0..<nMarkets { if let m = ek_record_market(record, i) { part[Int(i)] = m.pointee.vault } }
            ek_vault_now(&record.pointee.vault, part, nMarkets, &out)
        }
        return out
    }

    /// Earlier standings are looked up once an hour; where the history does not reach, the comparison is with its start.
    private func lookBack(_ now: Now) {
        let hour = now.unix_s / 3_600
        if hour == vault.hour { return }
        vault.hour = hour
        let midnight = now.unix_s - now.unix_s % 86_400
        if midnight != vault.day {
            vault.day = midnight
            vault.today = ek_vault_split()
            if record.pointee.vault.start_unix_s < midnight && !host.past(midnight, &vault.today) { vault.today = ek_vault_split() }
        }
        vault.week = ek_vault_split()
        if record.pointee.vault.start_unix_s < now.unix_s - 7 * 86_400 && !host.past(now.unix_s - 7 * 86_400, &vault.week) { vault.week = ek_vault_split() }
    }

    /// Since midnight UTC, for seven days, since the start.
    package func periods(_ now: Now) -> (ek_vault_split, ek_vault_split, ek_vault_split) {
        lookBack(now)
        var here = standing()
        var day = ek_vault_split()
        var week = ek_vault_split()
        _ = ek_vault_between(&vault.today, &here, &day)
        _ = ek_vault_between(&vault.week, &here, &week)
        return (day, week, here)
    }
}
