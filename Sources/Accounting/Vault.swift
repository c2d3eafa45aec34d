// The vault: what the book's money is and what became of it (the arithmetic is ek_vault.h). Every whole book
// of all markets is taken in; samples of it go to the history (ek_ring.h) once a minute and once a quarter of
// an hour, a correction at once. The standing itself is in the record and goes to disk with it.
import Decide
import EvenkeelCore
import Model
import Text

/// What a book is taken in from.
package struct VaultInput {
    let journal: Journal
    let hedges: [Hedge]
    let book: Book
    let rules: Rules
    let account: Account
    let now: Now

    package init(
        _ journal: Journal, _ hedges: [Hedge], _ book: Book, _ rules: Rules, _ account: Account, _ now: Now
    ) {
        (self.journal, self.hedges, self.book) = (journal, hedges, book)
        (self.rules, self.account, self.now) = (rules, account, now)
    }

    var paper: Bool { rules.mode == .paper }
    var nMarkets: UInt32 { UInt32(journal.record.pointee.n_markets) }

    /// The hedge of the record's market, when it can be valued now.
    func hedge(of market: UInt32) -> Hedge? { hedges.first { $0.recordIndex == market && $0.view.valued } }
}

/// What is needed beside the record: when the last samples were kept, and earlier standings to compare with.
package struct Vault {
    private var minute: Int64 = -1
    private var quarter: Int64 = -1
    /// Midnight (UTC) of the day that `today` began with.
    private var day: Int64 = -1
    private var hour: Int64 = -1
    private var today = ek_vault_split()
    private var week = ek_vault_split()
    /// Network fees that were counted when the last book was taken; nil: none was.
    private var lamports: UInt64? = nil
    /// The fees counted are those of the agent's own corrections; nil: no book was taken yet.
    private var feesOwn: Bool? = nil

    package init() {}

    /// Takes in the book of the views that were just made. A market that cannot be valued leaves the vault
    /// where it was.
    package mutating func take(_ x: VaultInput, _ history: any HistoryKeeper) {
        for h in x.hedges where h.recordIndex != nil && !h.view.valued { return }
        guard takeBook(x) else { return }
        sample(x, history)
    }

    private mutating func takeBook(_ x: VaultInput) -> Bool {
        var book = ek_vault_book()
        var equity: Int128 = 0
        var have = false
        withUnsafeTemporaryAllocation(of: ek_vault_leg.self, capacity: Int(EK_RECORD_MARKETS)) { legs in
            withUnsafeTemporaryAllocation(of: ek_vault_market.self, capacity: Int(EK_RECORD_MARKETS)) {
                parts in
                guard let leg = legs.baseAddress, let part = parts.baseAddress else { return }
                for (i, m) in x.journal.markets.enumerated() {
                    part[i] = m.pointee.vault
                    leg[i] = m.pointee.vault.leg  // a market that is no longer hedged stands still
                    guard let h = x.hedge(of: UInt32(i)) else { continue }
                    if !have { equity += Int128(h.view.a.equity_e6) }
                    have = true
                    leg[i] = vaultLeg(of: h.view, m, x, &equity)
                    if part[i].leg.spot_price_e6 == 0 { part[i].leg = leg[i] }  // new: nothing moved yet
                }
                guard have else { return }
                book.equity_e6 = Int64(clamping: equity)
                readMarks(&book, x)
                book.interest_e6 = ek_interest_take(&x.journal.record.pointee.vault, x.book, x.now.unix_s)
                ek_vault_take(
                    &x.journal.record.pointee.vault, part, x.nMarkets,
                    UInt8(x.paper ? EK_MODE_PAPER : EK_MODE_LIVE), x.now.unix_s, &book, leg)
                for (i, m) in x.journal.markets.enumerated() { m.pointee.vault = part[i] }
            }
        }
        return have
    }

    /// One market's legs; what lies outside the venue, and the paper ledger, come on top of the equity.
    private func vaultLeg(of v: View, _ m: MarketRecord, _ x: VaultInput, _ equity: inout Int128)
        -> ek_vault_leg
    {
        var leg = ek_vault_leg()
        leg.spot_base_e9 = v.a.spot_base_e9
        leg.outside_base_e9 =
            v.a.spot_base_e9.subtractingReportingOverflow(v.a.venue_spot_base_e9).partialValue
        leg.perp_base_e9 = v.perp_e9
        leg.perp_price_e6 = v.a.oracle_price_e6
        leg.spot_price_e6 = v.a.spot_price_e6 > 0 ? v.a.spot_price_e6 : v.a.oracle_price_e6
        equity += Int128(leg.outside_base_e9) * Int128(leg.spot_price_e6) / 1_000_000_000
        if x.paper {
            let p = m.pointee.paper
            equity +=
                Int128(p.base_e9) * Int128(v.a.oracle_price_e6) / 1_000_000_000 + Int128(p.quote_e6)
                - Int128(p.fees_e6)
        }
        return leg
    }

    private mutating func readMarks(_ b: inout ek_vault_book, _ x: VaultInput) {
        let user = x.book.pointee.user
        let stats = x.book.pointee.stats
        let record = x.journal.record
        var unsettled: Int64 = 0
        for h in x.hedges where h.view.valued {
            unsettled = ek_clamp_i64(h.view.a.maintenance.unsettled_funding_e6); break
        }
        b.funding_mark_e6 = user.cumulative_perp_funding_e6.addingReportingOverflow(unsettled).partialValue
        b.deposits_mark_e6 = Int64(clamping: Int128(user.total_deposits_e6) - Int128(user.total_withdraws_e6))
        let fees = feesPaid(alone: stats.sub_accounts <= 1, Int64(clamping: stats.total_fee_paid_e6), x)
        // A network fee is in the book only where the payer's balance is one of the legs.
        let paid = lamports.map { record.pointee.fee_lamports_total &- $0 } ?? 0
        lamports = record.pointee.fee_lamports_total
        var network = record.pointee.vault.book.network_mark_e6
        if same(x.account.signer, x.account.authority) && x.hedges.contains(where: { $0.rules.useWalletSpot })
        {
            network = Int64(
                clamping: Int128(network) + Int128(paid) * Int128(solPrice_e6(x.book)) / 1_000_000_000)
        }
        b.network_mark_e6 = network
        b.fees_mark_e6 = fees.addingReportingOverflow(network).partialValue
    }

    /// UserStats counts for all sub-accounts: with several of them the fees of this agent's own corrections
    /// count, which the account itself proves. When an authority gets its second sub-account, or is left with
    /// one, only the level changes, nothing was paid.
    private mutating func feesPaid(alone: Bool, _ all: Int64, _ x: VaultInput) -> Int64 {
        let record = x.journal.record
        var own: Int64 = 0
        var paper: Int64 = 0
        for m in x.journal.markets {
            own = own.addingReportingOverflow(m.pointee.fees_own_e6).partialValue
            if x.paper { paper = paper.addingReportingOverflow(m.pointee.paper.fees_e6).partialValue }
        }
        let level = (alone ? all : own).addingReportingOverflow(paper).partialValue
        let last = record.pointee.vault.book
        // The first book of a process tells by the level which of the two the last one counted.
        let lastLevel = last.fees_mark_e6.subtractingReportingOverflow(last.network_mark_e6).partialValue
        let wasOwn = feesOwn ?? (lastLevel == own.addingReportingOverflow(paper).partialValue)
        if record.pointee.vault.known != 0 && wasOwn == alone {
            record.pointee.vault.book.fees_mark_e6 =
                level.addingReportingOverflow(last.network_mark_e6).partialValue
        }
        feesOwn = !alone
        return level
    }

    // MARK: samples

    /// With n markets every n minutes n samples: a day in the ring, however many they are.
    private mutating func sample(_ x: VaultInput, _ history: any HistoryKeeper) {
        let n = max(1, Int64(x.hedges.count))
        let minute = x.now.unix_s / (60 * n)
        if minute != self.minute {
            self.minute = minute
            keepSamples(Int32(EK_RING_MINUTES), x, history)
        }
        let quarter = x.now.unix_s / (900 * n)
        if quarter != self.quarter {
            self.quarter = quarter
            keepSamples(Int32(EK_RING_QUARTERS), x, history)
        }
    }

    private func keepSamples(_ ring: Int32, _ x: VaultInput, _ history: any HistoryKeeper) {
        var last: UInt32? = nil
        for i in 0..<x.nMarkets where x.hedge(of: i) != nil { last = i }
        for i in 0..<x.nMarkets {
            guard let h = x.hedge(of: i), let m = x.journal.market(i) else { continue }
            var s = Vault.sample(of: h, m.pointee, x)
            s.market = UInt8(i)
            if i == last { s.flags |= UInt8(EK_SAMPLE_LAST_OF_GROUP) }
            history.keep(ring, &s)
        }
    }

    private static func sample(of h: Hedge, _ m: ek_market_record, _ x: VaultInput) -> ek_sample {
        let v = h.view
        let kept = x.journal.record.pointee.vault
        var s = ek_sample()
        s.slot = v.a.slot
        s.unix_s = x.now.unix_s
        s.mode = kept.mode
        s.status = h.status.rawValue
        s.flags =
            UInt8(v.driftKnown ? 0 : EK_SAMPLE_NO_DRIFT) | UInt8(h.gates.allOpen ? 0 : EK_SAMPLE_GATE_CLOSED)
        s.health_bp = UInt16(clamping: v.a.health_bp)
        s.leverage_e2 = v.a.leverage_infinite != 0 ? UInt16.max : UInt16(clamping: v.a.leverage_e4 / 100)
        s.drift_ppm = Int32(clamping: v.drift_ppm)
        s.funding_hourly_ppb = Int32(clamping: v.a.funding_hourly_ppb)
        s.equity_e6 = kept.book.equity_e6
        s.collateral_e6 = v.a.total_collateral_e6
        s.flows_e6 = kept.flows_e6
        s.funding_e6 = kept.funding_e6
        s.fees_e6 = kept.fees_e6
        s.network_e6 = kept.network_e6
        s.interest_e6 = kept.interest_e6
        s.yield_e6 = kept.yield_e6
        s.spot_base_e9 = v.a.spot_base_e9
        s.perp_base_e9 = v.perp_e9
        s.spot_price_e6 = m.vault.leg.spot_price_e6
        s.perp_price_e6 = m.vault.leg.perp_price_e6
        s.basis_e6 = m.vault.basis_e6
        s.delta_e6 = m.vault.delta_e6
        s.slippage_e6 = m.vault.slippage_e6
        return s
    }

    /// After a correction: the account as it is now, the correction itself, and everything to the file.
    package mutating func takeCorrection(
        of m: MarketRecord, _ k: KeptCorrection, _ x: VaultInput,
        _ history: any HistoryKeeper
    ) {
        take(x, history)
        var c = ek_ring_correction()
        c.slot = m.pointee.last.slot
        c.unix_s = m.pointee.last.unix_s
        if let to = ek_ring_correction_market(&c), let from = ek_market_record_name(m) {
            for i in 0..<15 { to[i] = from[i] }
        }
        c.action = m.pointee.last.action
        c.outcome = m.pointee.last.outcome
        c.mode = m.pointee.last.mode
        c.size_base_e9 = m.pointee.last.size_base_e9
        c.price_e6 = m.pointee.last.price_e6
        c.oracle_price_e6 = k.oraclePrice_e6
        c.fee_e6 = m.pointee.last.fee_e6
        c.fee_lamports = m.pointee.last.fee_lamports
        c.landing = k.landing_slots
        c.drift_before_ppm = m.pointee.last.drift_before_ppm
        c.drift_after_ppm = m.pointee.last.drift_after_ppm
        c.spot_base_e9 = k.after.known ? k.after.a.spot_base_e9 : 0
        c.perp_base_e9 = k.after.known ? k.after.perp_e9 : 0
        if let s = k.signature, let to = ek_ring_correction_signature(&c) { for i in 0..<64 { to[i] = s[i] } }
        history.keep(&c)
        keepSamples(Int32(EK_RING_MINUTES), x, history)
        history.flushHistory()
    }

    // MARK: standings

    /// Earlier standings are looked up once an hour; where the history does not reach, the comparison is with
    /// its start.
    package mutating func periods(_ journal: Journal, _ now: Now, _ history: any HistoryKeeper)
        -> VaultPeriods
    {
        let kept = journal.record.pointee.vault
        let hour = now.unix_s / 3_600
        if hour != self.hour {
            self.hour = hour
            let midnight = now.unix_s - now.unix_s % 86_400
            if midnight != day {
                day = midnight
                today =
                    kept.start_unix_s < midnight
                    ? history.vaultStanding(at: midnight) ?? ek_vault_split() : ek_vault_split()
            }
            let weekAgo = now.unix_s - 7 * 86_400
            week =
                kept.start_unix_s < weekAgo
                ? history.vaultStanding(at: weekAgo) ?? ek_vault_split() : ek_vault_split()
        }
        var p = VaultPeriods()
        withUnsafeTemporaryAllocation(of: ek_vault_market.self, capacity: Int(EK_RECORD_MARKETS)) { parts in
            guard let part = parts.baseAddress else { return }
            for (i, m) in journal.markets.enumerated() { part[i] = m.pointee.vault }
            ek_vault_now(
                &journal.record.pointee.vault, part, UInt32(journal.record.pointee.n_markets), &p.start)
        }
        _ = ek_vault_between(&today, &p.start, &p.today)
        _ = ek_vault_between(&week, &p.start, &p.week)
        return p
    }
}

/// What the history keeps of a correction beside what stands in the record.
package struct KeptCorrection {
    package var oraclePrice_e6: Int64
    /// Slots from the first send to the block, plus one; 0: not known (paper, never landed, sent by an
    /// earlier process).
    package var landing_slots: UInt32
    package var after: View
    package var signature: [UInt8]?

    package init(oraclePrice_e6: Int64, landing_slots: UInt32, after: View, signature: [UInt8]?) {
        (self.oraclePrice_e6, self.landing_slots) = (oraclePrice_e6, landing_slots)
        (self.after, self.signature) = (after, signature)
    }
}
