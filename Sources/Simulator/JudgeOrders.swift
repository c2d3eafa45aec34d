// The judge on I2, I3, I4 and I7: a signature is a decision, so every signed message is judged against the
// book that was shown.
import Agent
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

extension Judge {
    func signed(_ message: [UInt8], _ signature: [UInt8], _ t: Int64, _ unix_s: Int64) {
        let tx = node.read(message: message)
        // The same cancel on the same blockhash is the same transaction: it lands once, however often it is
        // made.
        if tx.kind == .cancel && orders.contains(where: { $0.signature == signature }) { return judgeShape(tx) }
        if orders.count >= 12 { orders.removeFirst(4) }
        orders.append(Signed(signature: signature, tx: tx, served: book, at_ms: t))
        judgeShape(tx)
        if tx.kind == .cancel { return }
        judgeDecision(tx, t, unix_s)
    }

    private func judgeShape(_ x: SeenTransaction) {
        let r = scenario.rules
        if !x.sound { return accuse("I7", "a message was signed that is not one venue order of one signer") }
        if x.signer != delegate || x.user != Key(node.userAddress.ek) {
            return accuse("I7", "an order for another account was signed")
        }
        if x.fee > 5_000 + r.maxPriorityFee_lamports {
            return accuse("I7", "the fee is over its cap: \(x.fee)")
        }
        if x.kind == .cancel {
            if !Judge.agentsOwn(x.userId) { accuse("I7", "somebody else's order would be cancelled") }
            return
        }
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
        if x.kind == .take && !x.takeAll { return accuse("I7", "a take that is not all or nothing") }
        if x.kind == .place && x.maxTs == 0 { return accuse("I7", "a resting order without an end") }
        let p = book.truth.of(m).price_e6
        let slack = p / 1000 * Int64(r.maxSlippage_ppm) / 1000 + 2_000
        if x.orderType == 4 {
            guard let o = x.offset, o.magnitude <= UInt64(max(0, slack)), (o > 0) == x.isBuy || o == 0 else {
                return accuse("I7", "an oracle order whose offset is beyond max_slippage")
            }
        } else {
            let price = Int64(clamping: x.price)
            if price == 0 || (x.isBuy ? price > p + slack : price < p - slack) {
                accuse("I7", "an order at \(usd: price, shown: 6), beyond max_slippage of \(usd: p, shown: 6)")
            }
        }
    }

    private func judgeDecision(_ x: SeenTransaction, _ t: Int64, _ unix_s: Int64) {
        m = min(Int(x.market), kept.count - 1)
        let b = book.truth.of(m)
        guard book.whole else { return accuse("I3", "an order without a book") }
        if book.lied { return accuse("I3", "an order on a book with a false account") }
        // The phantom deposit is of the first market's asset: what is decided of another one does not rest on
        // it.
        if m == 0 && book.forked && opinionSlot >= b.slot {
            return accuse("I3", "an order on a fork's book although another node showed a different one")
        }
        if bookIsOld {
            return accuse("I3",
                          "an order on a book older than one already read: slot \(b.slot) after \(shownSlot)")
        }
        if let gate = closedGate(b, reducing: x.reduceOnly) {
            return accuse("I3", "an order while this gate must be closed: \(gate)")
        }
        let spot = b.spot_e9 + Int64(clamping: b.wallet), net = spot + b.perp_e9
        let size = Int64(clamping: x.base)
        if net == 0 || (net > 0) == x.isBuy {
            return accuse("I2", "an order that widens the drift; net was \(base: net, shown: 9)")
        }
        if size.magnitude > net.magnitude {
            return accuse("I2", "an order of \(base: size, shown: 9) for a drift of \(base: net, shown: 9)")
        }
        if within(net, spot) {
            return accuse("I2", "an order for a drift inside the tolerance: net \(base: net, shown: 9)")
        }
        let after = b.perp_e9 + (x.isBuy ? size : -size)
        let reduces = (b.perp_e9 > 0) == (spot > 0) && after.magnitude < b.perp_e9.magnitude
        if after != 0 && spot != 0 && (after > 0) == (spot > 0) && !reduces {
            return accuse("I4", "the perp would stand on the spot's side: \(base: after, shown: 9)")
        }
        let leverage = leverage_e4(book.truth, perp: after)
        if !x.reduceOnly && after.magnitude > b.perp_e9.magnitude
            && leverage > Int64(rules.maxLeverage_e4) * 101 / 100 {
            return accuse("I4", "leverage after the order would be \(fixed: leverage, decimals: 4, shown: 4)")
        }
        judgeCooldown(b, t)
        let today = unix_s / 86_400
        if !everStepped && today == day && tradesToday >= rules.maxTradesPerDay {
            accuse("I3", "more corrections a day than allowed: \(tradesToday)")
        }
    }

    private func judgeCooldown(_ b: Truth, _ t: Int64) {
        guard success_ms >= 0 else { return }
        let slots = (UInt64(rules.cooldown_s) * 1000 + 399) / 400
        let passed = b.slot > successSlot ? b.slot - successSlot : 0
        if passed < slots {
            return accuse("I2",
                          "a correction inside the cooldown: \(passed) of \(slots) slots after the last success")
        }
        if !steppedSince && t - success_ms < Int64(rules.cooldown_s) * 1000 - 1_000 {
            accuse("I2", "a correction inside the cooldown: \(t - success_ms) ms after the last success")
        }
    }

    /// A gate that these facts close, by the chain's own truth.
    func closedGate(_ b: Truth, reducing: Bool) -> StaticString? {
        let r = scenario.rules
        if b.exchange & 8 != 0 { return "exchange paused" }
        if b.market != 1 && !(b.reduceOnlyMarket && reducing) { return "market not active" }
        if b.marketPaused & 4 != 0 { return "market's fills paused" }
        if b.userStatus & 3 != 0 { return "account being liquidated or bankrupt" }
        if b.userStatus & 4 != 0 && !reducing { return "account reduce-only" }
        if b.oracleAge > r.maxOracleAge_slots { return "oracle too old" }
        if b.price_e6 <= 0 || b.twap5_e6 <= 0 { return "no price" }
        let gap = (b.price_e6 - b.twap5_e6).magnitude
        if Int128(gap) * 1_000_000 / Int128(b.twap5_e6) > Int128(r.maxOracleDivergence_ppm) {
            return "oracle far from its average"
        }
        if Int128(b.conf_e6) * 1_000_000 / Int128(b.price_e6) > 20_000 { return "oracle too uncertain" }
        if b.payer < r.gasReserve_lamports + r.maxPriorityFee_lamports + 5_000 { return "gas reserve" }
        return nil
    }

    /// Of the whole account, with `perp` in the market that is judged.
    func leverage_e4(_ t: Truth, perp: Int64) -> Int64 {
        let base_e9 = Int128(t.spot_e9) + Int128(t.perp_e9)
        var equity = Int128(t.quote_e6) + base_e9 * Int128(t.price_e6) / 1_000_000_000 + Int128(t.perpQuote_e6)
        var notional = Int128((m == 0 ? perp : t.perp_e9).magnitude) * Int128(t.price_e6)
        for (i, o) in t.others.enumerated() {
            equity += Int128(o.perp_e9) * Int128(o.price_e6) / 1_000_000_000 + Int128(o.perpQuote_e6)
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
