// The judge. It sees what was signed, what went out on the wire, what landed and what filled, and the chain's own accounts; it keeps
// its own books and never looks into the agent. Numbers of the invariants are those of docs/architecture.md:
//   I1 one live correction          I2 no correction inside the cooldown, none larger than the drift that was read, none twice
//   I3 no order while a gate must be closed         I4 never past max leverage, never onto the spot's side
//   I5 without faults the drift comes back in time  I6 the state loads, its generation never goes back
//   I7 nothing is signed but an order of this market, this account and these bounds
import Agent
import Chain
import EvenkeelCore
import Kit

struct Violation {
    var invariant: StaticString
    var words: Text
}

/// A message that the agent signed.
struct Signed {
    var signature: [UInt8]
    var tx: SeenTransaction
    var served: Served
    var at_ms: Int64
    var posted = false
    var landed = false
    var failed = false
    var orderId: UInt32 = 0
    var filled: UInt64 = 0
}

final class Judge {
    let setup: Setup
    let node: ChainNode
    let delegate: Key
    private(set) var violation: Violation? = nil

    /// What our orders filled in all, signed.
    private(set) var own_e9: Int64 = 0
    private(set) var corrections: UInt64 = 0
    private var orders: [Signed] = []
    /// Orders that others placed, and since which slot they are there to be seen.
    var others: [(id: UInt32, slot: UInt64)] = []
    private var fillsSeen = 0
    /// The book that the agent was shown last, and the newest slot it was shown since it started.
    private var book = Served()
    private var shownSlot: UInt64 = 0
    private var shown_ms: Int64 = 0
    /// The newest slot that an answer with a false account told since the start.
    private var toldSlot: UInt64 = 0
    /// What the state file told the start, then the newest book that was no leap.
    private var knownSlot: UInt64 = 0
    private var clusterKnown = false
    /// The node whose book leapt and that has not told its cluster since, and when it was shown: a sound agent waits three minutes for it.
    private var doubted: (endpoint: Int, at_ms: Int64)? = nil
    private var bookIsOld = false
    /// An honest second opinion on that book came in.
    private var opinionSlot: UInt64 = 0
    private var basis: UInt64 = 0

    /// What is kept of each hedged market; `m` is the one that is judged.
    struct Kept {
        var successSlot: UInt64 = 0
        var success_ms: Int64 = -1
        var steppedSince = false
        /// A fill brought the drift inside; a cooldown only when the account read afterwards says so too.
        var filledInside: (slot: UInt64, at_ms: Int64)? = nil
        var day: Int64 = -1
        var tradesToday: UInt32 = 0
        var excused_ms: Int64 = 0
        /// The drift there was to correct when the time began to count; nil: not read yet.
        var owed_e9: UInt64? = nil
    }
    var kept: [Kept]
    var m = 0
    var successSlot: UInt64 { get { kept[m].successSlot } set { kept[m].successSlot = newValue } }
    var success_ms: Int64 { get { kept[m].success_ms } set { kept[m].success_ms = newValue } }
    private var steppedSince: Bool { get { kept[m].steppedSince } set { kept[m].steppedSince = newValue } }
    private var day: Int64 { get { kept[m].day } set { kept[m].day = newValue } }
    private var tradesToday: UInt32 { get { kept[m].tradesToday } set { kept[m].tradesToday = newValue } }
    var excused_ms: Int64 { get { kept[m].excused_ms } set { kept[m].excused_ms = newValue } }
    var owed_e9: UInt64? { get { kept[m].owed_e9 } set { kept[m].owed_e9 = newValue } }
    var rules: HedgeRules { setup.rules.hedges[m] }
    /// When somebody else last placed an order while the end of a resting one of ours was not read yet.
    var clouded_ms: Int64 = -1
    var everStepped = false
    var booted_ms: Int64 = 0

    private var acknowledged: UInt64 = 0
    var lastTick_ms: Int64 = 0
    private var now_ms: Int64 = 0

    init(setup: Setup, node: ChainNode, delegate: Key) {
        self.setup = setup
        self.node = node
        self.delegate = delegate
        kept = [Kept](repeating: Kept(), count: setup.markets)
        orders.reserveCapacity(16)
    }

    func accuse(_ invariant: StaticString, _ words: Text) {
        if violation == nil { violation = Violation(invariant: invariant, words: words) }
    }
    func accuse(_ invariant: StaticString, _ s: StaticString) { accuse(invariant, Text(s)) }

    func accuse(_ invariant: StaticString, _ s: StaticString, _ a: Int64, _ middle: StaticString = "", _ b: Int64 = 0) {
        var t = Text(s)
        t.put(a)
        t.put(middle)
        if middle.utf8CodeUnitCount > 0 { t.put(b) }
        accuse(invariant, t)
    }

    // MARK: I6

    func stored(generation: UInt64) {
        if generation <= acknowledged { accuse("I6", "a generation was written again: ", Int64(generation)) }
        acknowledged = generation
    }

    /// What a start found. A write that returned success must be there.
    func loaded(generation: UInt64) {
        if generation < acknowledged {
            accuse("I6", "the state went back to generation ", Int64(generation), ", acknowledged was ", Int64(acknowledged))
        }
        acknowledged = max(acknowledged, generation)
    }

    func restarted(_ t: Int64, slot: UInt64) {
        booted_ms = t
        knownSlot = slot
        clusterKnown = false
        shownSlot = 0
        toldSlot = 0
        doubted = nil
        book = Served()
    }

    // MARK: what the agent is told

    /// A read of the book came back whole. `asked`: the number of its request, `of`: of the newest one. Answers that a sound agent
    /// refuses (a false account, an older slot) do not end the read: a hedged request may still bring the good one.
    func shown(_ s: Served, by endpoint: Int, asked: UInt64, of newest: UInt64, _ t: Int64) {
        if asked <= basis { return }
        let waited = doubted.map { t - $0.at_ms >= 180_000 } ?? false
        bookIsOld = s.truth.slot < shownSlot && !waited
        book = s
        opinionSlot = 0
        if s.lied && !s.alien { toldSlot = max(toldSlot, s.truth.slot) }
        if bookIsOld || s.lied { return }
        // Older than what a refused answer told: a sound agent may refuse it for that, and take the answer that comes after it.
        if s.truth.slot < toldSlot { return }
        // The first books after a stop may leap: they are refused until a node has told its cluster, and that answer may be lost.
        if !clusterKnown && knownSlot > 0 && s.truth.slot > knownSlot + 1_500 { return }
        if s.truth.slot > max(knownSlot, shownSlot) + 1_500 + (shownSlot > 0 ? UInt64(max(0, t - shown_ms)) / 100 : 0) {
            doubted = (endpoint, t)
        } else if let d = doubted, d.endpoint != endpoint && s.truth.slot >= shownSlot || waited {
            doubted = nil
        }
        knownSlot = max(knownSlot, s.truth.slot)
        // A leap is refused until its node has told its cluster; meanwhile a book of a few slots less may come from another node.
        let explained = 1_400 + UInt64(max(0, t - shown_ms)) / 100
        let leapt = shownSlot > 0 && s.truth.slot > shownSlot + explained
        shownSlot = s.truth.slot - (leapt ? 32 : 0)
        shown_ms = t
        basis = newest
    }

    /// A node has told its cluster to this process. After another cluster's hash the agent may forget the slots it saw: they may be that one's.
    func clusterTold(by endpoint: Int, afterAnother: Bool) {
        clusterKnown = true
        if let d = doubted, d.endpoint == endpoint { doubted = nil }
        if afterAnother { shownSlot = 0 }
    }

    /// Another node said what it sees, and it was the truth.
    func opinion(_ s: Served) { opinionSlot = max(opinionSlot, s.truth.slot) }

    /// What a transaction offers for a compute unit.
    func unitPrice(_ body: [UInt8]) -> UInt64 { find(body).map { orders[$0].tx.unitPrice } ?? 0 }

    func foreign(_ id: UInt32, _ t: Int64) {
        if others.count >= 1024 { others.removeFirst(512) }
        if let o = orders.last, o.landed, o.tx.kind == .place, lastTick_ms <= o.at_ms { clouded_ms = t }
        others.append((id, node.slot + 1))          // a book of this very slot may have been read before
    }

    func clockStepped() {
        for i in kept.indices { kept[i].steppedSince = true }
        everStepped = true
    }

    // MARK: I2, I3, I4, I7: a signature is a decision

    func signed(_ message: [UInt8], _ signature: [UInt8], _ t: Int64, _ unix_s: Int64) {
        let tx = node.read(message: message)
        // The same cancel on the same blockhash is the same transaction: it lands once, however often it is made.
        if tx.kind == .cancel && orders.contains(where: { $0.signature == signature }) { return judgeShape(tx) }
        if orders.count >= 12 { orders.removeFirst(4) }
        orders.append(Signed(signature: signature, tx: tx, served: book, at_ms: t))
        judgeShape(tx)
        if tx.kind == .cancel { return }
        judgeDecision(tx, t, unix_s)
    }

    private func judgeShape(_ x: SeenTransaction) {
        let r = setup.rules
        if !x.sound { return accuse("I7", "a message was signed that is not one venue order of one signer") }
        if x.signer != delegate || x.user != Key(node.userAddress.ek) { return accuse("I7", "an order for another account was signed") }
        if x.fee > 5_000 + r.maxPriorityFee_lamports { return accuse("I7", "the fee is over its cap: ", Int64(clamping: x.fee)) }
        if x.kind == .cancel {
            node.eachLiveOrder { o in
                if o.id == x.cancels && (o.userId < 200 || o.userId > 254) { self.accuse("I7", "somebody else's order would be cancelled") }
            }
            return
        }
        if Int(x.market) >= setup.markets || x.marketType != 1 { return accuse("I7", "an order for another market was signed") }
        m = Int(x.market)
        if x.userId < 200 || x.userId > 254 { return accuse("I7", "an order without the agent's own id was signed: ", Int64(x.userId)) }
        if x.base == 0 || x.base > rules.maxTrade_e9 { return accuse("I7", "an order larger than max_trade_size: ", Int64(clamping: x.base)) }
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
                accuse("I7", "an order at price ", price, " beyond max_slippage of ", p)
            }
        }
    }

    private func judgeDecision(_ x: SeenTransaction, _ t: Int64, _ unix_s: Int64) {
        m = min(Int(x.market), kept.count - 1)
        let b = book.truth.of(m)
        guard book.whole else { return accuse("I3", "an order without a book") }
        if book.lied { return accuse("I3", "an order on a book with a false account") }
        // The phantom deposit is of the first market's asset: what is decided of another one does not rest on it.
        if m == 0 && book.forked && opinionSlot >= b.slot { return accuse("I3", "an order on a fork's book although another node saw another one") }
        if bookIsOld { return accuse("I3", "an order on a book older than one already read: slot ", Int64(b.slot), " after ", Int64(shownSlot)) }
        if let gate = closedGate(b, reducing: x.reduceOnly) {
            var w = Text("an order while this gate must be closed: ")
            w.put(gate)
            return accuse("I3", w)
        }
        let spot = b.spot_e9 + Int64(clamping: b.wallet), net = spot + b.perp_e9
        let size = Int64(clamping: x.base)
        if net == 0 || (net > 0) == x.isBuy { return accuse("I2", "an order that widens the drift; net was ", net) }
        if size.magnitude > net.magnitude { return accuse("I2", "an order of ", size, " for a drift of ", net) }
        if within(net, spot) { return accuse("I2", "an order for a drift inside the tolerance: net ", net) }
        let after = b.perp_e9 + (x.isBuy ? size : -size)
        if after != 0 && spot != 0 && (after > 0) == (spot > 0) && !((b.perp_e9 > 0) == (spot > 0) && after.magnitude < b.perp_e9.magnitude) {
            return accuse("I4", "the perp would stand on the spot's side: ", after)
        }
        if !x.reduceOnly && after.magnitude > b.perp_e9.magnitude, leverage_e4(book.truth, perp: after) > Int64(rules.maxLeverage_e4) * 101 / 100 {
            return accuse("I4", "leverage after the order would be (1e4) ", leverage_e4(book.truth, perp: after))
        }
        judgeCooldown(b, t)
        let today = unix_s / 86_400
        if !everStepped && today == day && tradesToday >= rules.maxTradesPerDay {
            accuse("I3", "more corrections a day than allowed: ", Int64(tradesToday))
        }
    }

    private func judgeCooldown(_ b: Truth, _ t: Int64) {
        guard success_ms >= 0 else { return }
        let slots = (UInt64(rules.cooldown_s) * 1000 + 399) / 400
        let passed = b.slot > successSlot ? b.slot - successSlot : 0
        if passed < slots { return accuse("I2", "a correction inside the cooldown: slots since the last success ", Int64(passed), " of ", Int64(slots)) }
        if !steppedSince && t - success_ms < Int64(rules.cooldown_s) * 1000 - 1_000 {
            accuse("I2", "a correction inside the cooldown: ms since the last success ", t - success_ms)
        }
    }

    /// A gate that these facts close, by the chain's own truth.
    func closedGate(_ b: Truth, reducing: Bool) -> StaticString? {
        let r = setup.rules
        if b.exchange & 8 != 0 { return "exchange paused" }
        if b.market != 1 && !(b.reduceOnlyMarket && reducing) { return "market not active" }
        if b.marketPaused & 4 != 0 { return "market's fills paused" }
        if b.userStatus & 3 != 0 { return "account being liquidated or bankrupt" }
        if b.userStatus & 4 != 0 && !reducing { return "account reduce-only" }
        if b.oracleAge > r.maxOracleAge_slots { return "oracle too old" }
        if b.price_e6 <= 0 || b.twap5_e6 <= 0 { return "no price" }
        let gap = (b.price_e6 - b.twap5_e6).magnitude
        if Int128(gap) * 1_000_000 / Int128(b.twap5_e6) > Int128(r.maxOracleDivergence_ppm) { return "oracle far from its average" }
        if Int128(b.conf_e6) * 1_000_000 / Int128(b.price_e6) > 20_000 { return "oracle too uncertain" }
        if b.payer < r.gasReserve_lamports + r.maxPriorityFee_lamports + 5_000 { return "gas reserve" }
        return nil
    }

    /// Of the whole account, with `perp` in the market that is judged.
    func leverage_e4(_ t: Truth, perp: Int64) -> Int64 {
        var equity = Int128(t.quote_e6) + (Int128(t.spot_e9) + Int128(t.perp_e9)) * Int128(t.price_e6) / 1_000_000_000 + Int128(t.perpQuote_e6)
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

    // MARK: I1: what goes out, what lands, what fills

    private func find(_ body: [UInt8]) -> Int? {
        // ..."params":["BASE64...: the signature follows one byte of count.
        var i = 30
        while i < body.count - 100 && !(body[i] == 0x5B && body[i + 1] == 0x22) { i += 1 }
        guard i < body.count - 100 else { return nil }
        var raw = [UInt8](repeating: 0, count: 66), n = 0
        let ok = body.withUnsafeBufferPointer { p -> ek_err in
            guard let base = p.baseAddress else { return EK_E_SHORT }
            return base.advanced(by: i + 2).withMemoryRebound(to: CChar.self, capacity: 88) { ek_base64_decode($0, 88, &raw, 66, &n) }
        }
        guard ok == EK_OK else { return nil }
        var k = orders.count - 1
        while k >= 0 {
            var same = true
            for j in 0..<64 where orders[k].signature[j] != raw[j + 1] { same = false; break }
            if same { return k }
            k -= 1
        }
        return nil
    }

    func posted(_ body: [UInt8], _ t: Int64) {
        guard let k = find(body) else { return accuse("I7", "bytes were sent that the agent's key did not sign") }
        if orders[k].posted { return }
        orders[k].posted = true
        for i in orders.indices where i != k && orders[i].posted && !orders[i].landed && node.isRecent(orders[i].tx.blockhash) {
            return accuse("I1", "a second correction was sent while the first could still land; ms between them ", t - orders[i].at_ms)
        }
        if orders[k].tx.kind != .cancel, let id = ownLiveOrder(seenBy: min(orders[k].served.truth.slot, orders[k].served.knows)) { accuse("I1", "a correction was sent while an order of the last one is live: order ", Int64(id)) }
    }

    /// An order of the agent's range that is live and that a book of `slot` showed (its own of this process count always).
    private func ownLiveOrder(seenBy slot: UInt64) -> UInt32? {
        var found: UInt32? = nil
        node.eachLiveOrder { o in
            let unseen = self.others.contains { $0.id == o.id && $0.slot > slot }
            if Int(o.market) < self.setup.markets && o.userId >= 200 && o.userId <= 254 && !(o.maxTs != 0 && o.maxTs < self.node.unix_s) && !unseen { found = o.id }
        }
        return found
    }

    /// A copy reached a leader. Only the first that gets into a block changes anything.
    func landed(_ body: [UInt8], before: Truth, _ t: Int64) {
        now_ms = t
        guard let k = find(body), !orders[k].landed, let l = node.landing(orders[k].signature) else { return }
        orders[k].landed = true
        orders[k].failed = l.failed
        if l.failed { return }
        if orders[k].tx.kind == .cancel { return }
        orders[k].orderId = before.nextOrderId
        if orders[k].served.own_e9 != own_e9 {
            accuse("I2", "a correction landed on a book that an earlier one had moved since: by ", own_e9 - orders[k].served.own_e9)
        }
        var live = 0
        node.eachLiveOrder { o in
            let strange = self.others.contains { $0.id == o.id }
            if Int(o.market) < self.setup.markets && o.userId >= 200 && o.userId <= 254 && !(o.maxTs != 0 && o.maxTs < self.node.unix_s) && !strange { live += 1 }
        }
        if live > 1 { accuse("I1", "live orders of the agent at once: ", Int64(live)) }
        slotPassed(t)
    }

    func slotPassed(_ t: Int64) {
        now_ms = t
        node.fills(since: &fillsSeen) { f in
            if !self.others.contains(where: { $0.id == f.orderId }) { self.filled(f) }
        }
    }

    private func filled(_ f: FillSeen) {
        guard let k = orders.lastIndex(where: { $0.landed && !$0.failed && $0.orderId == f.orderId }) else {
            return accuse("I7", "an order filled that nobody placed: ", Int64(f.orderId))
        }
        own_e9 += f.base
        m = min(Int(orders[k].tx.market), kept.count - 1)
        if orders[k].filled == 0 {
            corrections += 1
            let today = (setup.startUnix_s + now_ms / 1000) / 86_400
            if today != day { tradesToday = 0 }
            day = today
            tradesToday += 1
        }
        orders[k].filled += UInt64(f.base.magnitude)
        if orders[k].filled > orders[k].tx.base { return accuse("I2", "more filled than was ordered: ", Int64(orders[k].filled)) }
        let b = orders[k].served.truth.of(m)
        let spot = b.spot_e9 + Int64(clamping: b.wallet)
        let moved = Int64(orders[k].filled)
        if within(spot + b.perp_e9 + (f.base > 0 ? moved : -moved), spot) { kept[m].filledInside = (node.slot, now_ms) }
    }

    /// The agent wrote down that no order is open any more. The cooldown holds for what the book it read last and the chain itself both show
    /// inside: with only one of them a sound agent may or may not begin it.
    func ticketEnded() {
        let truth = node.truth()
        for i in kept.indices {
            guard let f = kept[i].filledInside else { continue }
            kept[i].filledInside = nil
            m = i
            func inside(_ b: Truth) -> Bool {
                let spot = b.spot_e9 + Int64(clamping: b.wallet)
                return within(spot + b.perp_e9, spot)
            }
            guard book.whole, inside(book.truth.of(i)), inside(truth.of(i)) else { continue }
            successSlot = f.slot
            success_ms = f.at_ms
            steppedSince = false
        }
    }
}
