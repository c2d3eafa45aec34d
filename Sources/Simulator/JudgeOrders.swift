// The judge on I2, I3, I4 and I7: a signature is a decision, so every signed message is judged against what
// honest nodes have shown: it must be right by one of these books.
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

extension Judge {
    func signed(_ message: [UInt8], _ signature: [UInt8], _ t: Int64, machine_ms: Int64) {
        let tx = node.read(message: message)
        judgeShape(tx)
        if let why = forbidden { return accuse("I3", why) }
        let (books, none) = grounds(machine_ms)
        // The same cancel on the same blockhash is the same transaction: it lands once, however often it is
        // made.
        if !tx.isOrder && orders.contains(where: { $0.signature == signature }) { return }
        judgeLoss(tx, books, t)
        if orders.count >= 12 { orders.removeFirst(4) }
        var o = Signed(signature: signature, tx: tx, seen: books.first ?? Seen(), at_ms: t)
        if tx.kind == .settle { judgeSettling(tx, t) }
        if tx.isOrder {
            m = min(Int(tx.market), kept.count - 1)
            if books.isEmpty { accuse("I3", none) }
            var first: Violation? = nil
            for b in books {
                guard let v = fault(tx, by: b, t) else {
                    o.seen = b
                    first = nil
                    break
                }
                if first == nil { first = v }
            }
            if let v = first { accuse(v.invariant, v.words) }
            o.forced = kept[m].forced
            kept[m].forced = false
        }
        orders.append(o)
    }

    /// What is right or wrong whatever the book says.
    private func judgeShape(_ x: SeenTransaction) {
        if !x.sound { return accuse("I7", "a message was signed that is not one venue order of one signer") }
        if x.signer != delegate || x.user != Key(node.userAddress.ek) {
            return accuse("I7", "an order for another account was signed")
        }
        if x.fee > 5_000 + scenario.rules.maxPriorityFee_lamports {
            return accuse("I7", "the fee is over its cap: \(x.fee)")
        }
        if x.kind == .cancel {
            if !Judge.agentsOwn(x.userId) { accuse("I7", "somebody else's order would be cancelled") }
            return
        }
        if x.kind == .settle && Int(x.market) < scenario.markets { return }
        if Int(x.market) >= scenario.markets || x.marketType != 1 {
            return accuse("I7", "an order for another market was signed")
        }
        m = Int(x.market)
        if !Judge.agentsOwn(x.userId) {
            return accuse("I7", "an order without the agent's own id was signed: \(x.userId)")
        }
        if x.base == 0 || x.base > rules.maxTrade_e9 {
            return accuse("I7", "an order larger than max_trade_size: \(base: x.base, shown: 9)")
        }
        if x.kind == .take && !x.takeAll && !(x.takePart && scenario.rules.partialFills) {
            return accuse("I7", "a take that is not all or nothing, and whose rest might stay open")
        }
        judgeTime(x)
    }

    /// Settling profit is bounded: once an hour and once after each start. It moves nothing of the book's, so
    /// no book has to call for it.
    private func judgeSettling(_ x: SeenTransaction, _ t: Int64) {
        settled.removeAll { t - $0.at_ms >= 3_600_000 }
        let before = settled.filter { $0.market == x.market && $0.start == starts }
        if !before.isEmpty { accuse("I7", "profit of one market is settled for the second time in an hour") }
        settled.append((market: x.market, at_ms: t, start: starts))
    }

    /// A resting order must end, and not later than the operator lets it rest: by the chain's own time, to
    /// which two looks may differ by five seconds.
    private func judgeTime(_ x: SeenTransaction) {
        guard x.kind == .place else { return }
        if x.maxTs == 0 { return accuse("I7", "a resting order without an end") }
        let rests = x.maxTs - node.unix_s
        if rests > scenario.rules.fillTimeout_s + 5 {
            accuse("I7", "an order rests for \(rests) s, fill_timeout is \(scenario.rules.fillTimeout_s)")
        }
    }

    /// What is wrong with the order by this book; nil: nothing.
    private func fault(_ x: SeenTransaction, by seen: Seen, _ t: Int64) -> Violation? {
        let b = seen.truth.of(m)
        return priceFault(x, b) ?? gateFault(x, b, t) ?? (wish.closing ? closingFault(x, b) : sizeFault(x, b))
            ?? riskFault(x, b, seen) ?? (wish.closing ? nil : cooldownFault(b, t) ?? dayFault(x, b))
    }

    private func priceFault(_ x: SeenTransaction, _ b: Truth) -> Violation? {
        let p = b.price_e6
        let slack = p / 1000 * Int64(scenario.rules.maxSlippage_ppm) / 1000 + 2 * b.tick_e6
        if x.orderType == 4 {
            // It is counted from the oracle of the fill; the price it was made of may differ by what looks
            // may.
            let most = UInt64(max(0, slack + slack / 100))
            guard let o = x.offset, o.magnitude <= most, (o > 0) == x.isBuy || o == 0 else {
                return wrong("I7", "an oracle order whose offset is beyond max_slippage")
            }
            return nil
        }
        let price = Int64(clamping: x.price)
        if price != 0 && (x.isBuy ? price <= p + slack : price >= p - slack) { return nil }
        return wrong("I7", "an order at \(usd: price, shown: 6), beyond max_slippage of \(usd: p, shown: 6)")
    }

    private func gateFault(_ x: SeenTransaction, _ b: Truth, _ t: Int64) -> Violation? {
        let slot_ms = slots.shortest_ms(t)
        guard let gate = closedGate(b, reducing: x.reduceOnly, slot_ms: slot_ms) else { return nil }
        return Violation(invariant: "I3", words: "an order while this gate must be closed: \(gate)")
    }

    private func wrong(_ invariant: StaticString, _ words: Text) -> Violation {
        Violation(invariant: invariant, words: words)
    }

    /// While every perp is closed, an order closes and does nothing else.
    private func closingFault(_ x: SeenTransaction, _ b: Truth) -> Violation? {
        if b.perp_e9 == 0 || x.isBuy != (b.perp_e9 < 0) || x.base > b.perp_e9.magnitude {
            return wrong("I2", "flatten: an order that closes nothing; perp \(base: b.perp_e9, shown: 9)")
        }
        return x.reduceOnly ? nil : wrong("I2", "flatten: an order that is not reduce-only")
    }

    private func sizeFault(_ x: SeenTransaction, _ b: Truth) -> Violation? {
        let spot = b.spot_e9 + Int64(clamping: b.wallet), net = spot + b.perp_e9
        let size = Int64(clamping: x.base)
        if net == 0 || (net > 0) == x.isBuy {
            return wrong("I2", "an order that widens the drift; net was \(base: net, shown: 9)")
        }
        if size.magnitude > net.magnitude {
            return wrong("I2", "an order of \(base: size, shown: 9) for a drift of \(base: net, shown: 9)")
        }
        if within(net, spot) {
            return wrong("I2", "an order for a drift inside the tolerance: net \(base: net, shown: 9)")
        }
        let after = b.perp_e9 + (x.isBuy ? size : -size)
        let reduces = after.magnitude < b.perp_e9.magnitude && (after == 0 || (after > 0) == (b.perp_e9 > 0))
        if after != 0 && spot != 0 && (after > 0) == (spot > 0) && !reduces {
            return wrong("I4", "the perp would stand on the spot's side: \(base: after, shown: 9)")
        }
        if x.reduceOnly != reduces {
            let words: Text = x.reduceOnly ? "reduce-only for an order that does not only reduce"
                : "an order that only reduces is not marked reduce-only"
            return wrong("I4", words)
        }
        return nil
    }

    /// What the order would do to the account, by the venue's own rules.
    private func riskFault(_ x: SeenTransaction, _ b: Truth, _ seen: Seen) -> Violation? {
        if x.reduceOnly { return nil }
        let by = Int64(clamping: x.base) * (x.isBuy ? 1 : -1)
        let after = b.perp_e9 + by
        let leverage = leverage_e4(seen.truth, perp: after)
        if after.magnitude > b.perp_e9.magnitude && leverage > Int64(rules.maxLeverage_e4) * 101 / 100 {
            return wrong("I4", "leverage after the order would be \(fixed: leverage, decimals: 4, shown: 4)")
        }
        guard let now = node.margin(seen.served.replica),
              let then = node.margin(seen.served.replica, perpBy: by, market: m) else { return nil }
        if now.health_bp + 100 < Int64(scenario.rules.minHealth_bp) {
            return wrong("I3", "an order at a health of \(fixed: now.health_bp, decimals: 2, shown: 2) %")
        }
        if then.initial_e6 * 101 / 100 < then.needed_e6 {
            let left = Int64(clamping: then.initial_e6 - then.needed_e6)
            return wrong("I3", "free collateral after the order would be \(usd: left, shown: 2)")
        }
        return nil
    }

    private func dayFault(_ x: SeenTransaction, _ b: Truth) -> Violation? {
        let market = m
        var sum: Int64 = 0
        for i in kept.indices {
            m = i
            turnDay()
            sum += kept[i].notionalToday_e6
        }
        m = market
        if kept[m].tradesToday >= rules.maxTradesPerDay {
            return wrong("I3", "more corrections a day than allowed: \(kept[m].tradesToday)")
        }
        let most = scenario.rules.maxNotionalDay_e6
        // Prices move between decision and fill.
        if most > 0 && sum + value_e6(x.base, b.price_e6) > most / 50 * 51 {
            return wrong("I3", "more a day than max_notional_per_day: \(usd: sum, shown: 2) before this")
        }
        return nil
    }

    private func cooldownFault(_ b: Truth, _ t: Int64) -> Violation? {
        guard success_ms >= 0, !kept[m].forced else { return nil }
        // Whatever the machine's clock does, the slots hold it: of the length that is measured, which may be
        // the longest of lately where they have just become shorter.
        let passed = b.slot > successSlot ? b.slot - successSlot : 0
        let least = UInt64(Int64(rules.cooldown_s) * 900 / slots.longest_ms(t))
        if passed < least {
            return wrong("I2", "a correction inside the cooldown: \(passed) of \(least) slots after it began")
        }
        if !steppedSince && t - success_ms < Int64(rules.cooldown_s) * 1000 - 1_000 {
            return wrong("I2", "a correction inside the cooldown: \(t - success_ms) ms after it began")
        }
        return nil
    }

    /// The 5-minute average as the venue would write it now: the seconds since count with the price, which
    /// pulls by no more than a third of the average.
    private func averageNow(_ b: Truth) -> Int128 {
        let old = Int128(b.twap5_e6), passed = min(300, max(0, Int128(b.unix_s - b.twap5At_s)))
        let price = min(max(Int128(b.price_e6), old - old / 3), old + old / 3)
        return max(1, (old * (300 - passed) + price * passed) / 300)
    }

    /// A gate that these facts close, by the chain's own truth.
    func closedGate(_ b: Truth, reducing: Bool, slot_ms: Int64) -> StaticString? {
        let r = scenario.rules
        if b.exchange & 8 != 0 { return "exchange paused" }
        if b.market != 1 && !(b.reduceOnlyMarket && reducing) { return "market not active" }
        if b.marketPaused & 4 != 0 { return "market's fills paused" }
        if b.userStatus & 2 != 0 { return "account bankrupt" }
        if b.userStatus & 4 != 0 && !reducing { return "account reduce-only" }
        // A length is measured to a sixth or so.
        if b.oracleAge > r.maxOracleAge_ms * 7 / 6 / UInt64(slot_ms) + 1 { return "oracle too old" }
        if b.price_e6 <= 0 || b.twap5_e6 <= 0 { return "no price" }
        let average = averageNow(b)
        let gap = (Int128(b.price_e6) - average).magnitude
        if gap * 1_000_000 / average.magnitude > UInt128(r.maxOracleDivergence_ppm) {
            return "oracle far from its average"
        }
        let conf_ppm = Int128(b.conf_e6) * 1_000_000 / Int128(b.price_e6)
        if b.confLimit_ppm > 0 && conf_ppm > Int128(b.confLimit_ppm) {
            return "oracle too uncertain"
        }
        // What one order may cost is the network's fee for its one signature and the operator's cap.
        if b.payer < r.gasReserve_lamports + r.maxPriorityFee_lamports + 5_000 { return "gas reserve" }
        return nil
    }

    /// Of the whole account, with `perp` in the market that is judged.
    func leverage_e4(_ t: Truth, perp: Int64) -> Int64 {
        let equity = equity_e6(t)
        var notional = Int128((m == 0 ? perp : t.perp_e9).magnitude) * Int128(t.price_e6)
        for (i, o) in t.others.enumerated() {
            notional += Int128((m == i + 1 ? perp : o.perp_e9).magnitude) * Int128(o.price_e6)
        }
        if equity <= 0 { return Int64.max }
        return Int64(clamping: notional / 100_000 / equity)
    }

    func within(_ net: Int64, _ spot: Int64) -> Bool {
        if spot == 0 { return net == 0 }
        return Int128(net.magnitude) * 1_000_000 / Int128(spot.magnitude) <= Int128(rules.tolerance_ppm)
    }
}
