// What the simulator needs of the chain beyond the wire: time in jumps, replicas that stand still, the truth to judge by, and the
// switches of its faults. The wire itself stays the same `handle` that the loopback port serves.
import EvenkeelCore
import Text

/// Everything a node could have said at one instant. Accounts are shared until they change: taking one costs little.
package struct Replica {
    let world: World
    package var slot: UInt64 { world.slot }
}

/// The book and the venue as they are, read with the chain's own layout and not with the agent's.
package struct Truth {
    package var slot: UInt64 = 0, unix_s: Int64 = 0
    package var perp_e9: Int64 = 0, spot_e9: Int64 = 0, quote_e6: Int64 = 0, perpQuote_e6: Int64 = 0
    package var wallet: UInt64 = 0, payer: UInt64 = 0
    package var exchange: UInt8 = 0, market: UInt8 = 0, marketPaused: UInt8 = 0, userStatus: UInt8 = 0
    package var reduceOnlyMarket = false
    package var price_e6: Int64 = 0, twap5_e6: Int64 = 0, conf_e6: Int64 = 0
    package var oracleAge: UInt64 = 0
    package var step_e9: UInt64 = 0, minOrder_e9: UInt64 = 0
    package var nextOrderId: UInt32 = 0
    package var delegateHolds = false
    package var openOrders: UInt8 = 0
    /// The perp markets after the first, as many as the node was told to look at.
    package var others: [MarketTruth] = []
    package init() {}

    /// The same book with another market's position, spot and prices in place of the first one's. The wallet is the first one's.
    package func of(_ m: Int) -> Truth {
        guard m > 0 && m <= others.count else { return self }
        var t = self
        let o = others[m - 1]
        t.perp_e9 = o.perp_e9; t.perpQuote_e6 = o.perpQuote_e6; t.spot_e9 = o.spot_e9; t.wallet = 0
        t.market = o.market; t.marketPaused = o.marketPaused; t.reduceOnlyMarket = o.reduceOnlyMarket
        t.price_e6 = o.price_e6; t.twap5_e6 = o.twap5_e6; t.conf_e6 = o.conf_e6; t.oracleAge = o.oracleAge
        t.step_e9 = o.step_e9; t.minOrder_e9 = o.minOrder_e9
        return t
    }
}

/// What is of one market in a Truth; the spot is the authority's token of the market's stand-in mint.
package struct MarketTruth {
    package var perp_e9: Int64 = 0, perpQuote_e6: Int64 = 0, spot_e9: Int64 = 0
    package var market: UInt8 = 0, marketPaused: UInt8 = 0, reduceOnlyMarket = false
    package var price_e6: Int64 = 0, twap5_e6: Int64 = 0, conf_e6: Int64 = 0
    package var oracleAge: UInt64 = 0
    package var step_e9: UInt64 = 0, minOrder_e9: UInt64 = 0
}

package struct LiveOrder {
    package var id: UInt32
    package var userId: UInt8, isBuy: Bool, reduceOnly: Bool
    package var base: UInt64, filled: UInt64
    package var maxTs: Int64
    package var market: UInt16
}

/// A transaction as the chain reads it.
package struct SeenTransaction {
    package enum Kind: UInt8 { case other, place, take, cancel }
    package var kind = Kind.other
    package var sound = false             // parses, one signer, only compute budget and one venue instruction
    package var signer = Key(), user = Key(), blockhash = Key()
    package var market: UInt16 = 0, marketType: UInt8 = 0, orderType: UInt8 = 0, userId: UInt8 = 0
    package var isBuy = false, reduceOnly = false
    package var base: UInt64 = 0, price: UInt64 = 0, maxTs: Int64 = 0
    package var offset: Int64?, auctionStart: Int64?, auctionEnd: Int64?
    package var takeAll = false
    package var cancels: UInt32 = 0
    package var fee: UInt64 = 0
    package var unitPrice: UInt64 = 0
}

package struct FillSeen {
    package var orderId: UInt32, base: Int64, quote: Int64
}

extension ChainNode {
    // MARK: time

    /// One jump; what happens on the way happens at its end. Never over a landing: the caller lands by itself.
    /// `skipped` of the slots had no block.
    package func jump(slots: UInt64, ms: Int64, skipped: UInt64 = 0) {
        world.skipped += min(skipped, slots)
        step(slots, ms: ms)
    }
    /// Whether single slots matter now: an order is live.
    package var busy: Bool { world.ledger.u8(layout.user.openOrders, in: at.user) > 0 || !pending.isEmpty }
    package var unix_s: Int64 { world.unixTs }

    // MARK: nodes

    package func replica() -> Replica { Replica(world: world) }

    /// The book of `now` with only the User's account as it was in `old`.
    package func staleUser(_ old: Replica) -> Replica {
        var w = world
        w.ledger.items[at.user] = old.world.ledger.items[at.user]
        return Replica(world: w)
    }

    /// The book of now as a minority fork shows it: the User as it was when the fork began, with a deposit that only happened there.
    package func onFork(_ r: Replica, phantom_e9: Int64) -> Replica {
        let real = world
        world.ledger.items[at.user] = r.world.ledger.items[at.user]
        if phantom_e9 != 0 { setDeposit(spot: 1, amount: clamp64(Int128(tokenAmount(spot: 1)) + Int128(phantom_e9))) }
        defer { world = real }
        return Replica(world: world)
    }

    /// The newest blockhash, of a fork the fork's own once it has made some blocks: no other fork takes it.
    func newestHash() -> (hash: Key, slot: UInt64, height: UInt64) {
        if forkedAt == .max { return hashes.newest(upTo: contextSlot) }
        if world.slot < forkedAt + 20 { return hashes.newest(upTo: forkedAt) }
        var h = hashes.newest(upTo: contextSlot)
        h.hash.a = ~h.hash.a
        return h
    }

    /// Answers as a node that knows no more than `r` (nil: all), on a fork since the slot `fork`, whose blocks are `ahead` more.
    package func handle(_ body: UnsafeBufferPointer<UInt8>, _ out: inout Text, seenBy r: Replica?, fork: UInt64 = .max, ahead: UInt64 = 0) -> WireAnswer {
        forkedAt = fork
        heightAhead = ahead
        defer {
            forkedAt = .max
            heightAhead = 0
        }
        guard let r else { return handle(body, &out) }
        let real = world
        world = r.world
        let w = handle(body, &out)
        world = real
        return w
    }

    /// Whoever calls has just made this signature over this message: a landing of these very bytes need not verify it again.
    package func vouch(_ message: UnsafeBufferPointer<UInt8>, _ signature: UnsafePointer<UInt8>) {
        lastVerified.removeAll(keepingCapacity: true)
        lastVerified.append(1)
        lastVerified.append(contentsOf: UnsafeBufferPointer(start: signature, count: 64))
        lastVerified.append(contentsOf: message)
    }

    package enum Lie: UInt8 { case missing, owner, short, discriminator }
    /// The next answer is wrong about one account of the book: 0 User, 1 State, 2 perp market, 3 SOL spot market, 4 SOL oracle.
    package func lie(_ l: Lie, account: Int) {
        let places = [at.user, at.state, at.perps[0], at.spots[1], at.oracles[0]]
        let kind: Fault.Kind = l == .missing ? .nullAccount : l == .owner ? .wrongOwner : l == .short ? .shortData : .wrongDiscriminator
        var f = Fault(kind: kind)
        f.pubkey = world.ledger.items[places[min(account, 4)]].key
        faults.removeAll(keepingCapacity: true)
        faults.append(f)
    }
    package func stopLying() { faults.removeAll(keepingCapacity: true) }

    // MARK: truth

    package func truth(_ r: Replica? = nil) -> Truth {
        let w = r?.world ?? world
        let U = layout.user, P = layout.perp
        var t = Truth()
        t.slot = w.slot
        t.unix_s = w.unixTs
        w.ledger.items[at.user].data.withUnsafeBytes { d in
            t.perp_e9 = d.loadUnaligned(fromByteOffset: U.perps + 8, as: Int64.self)
            t.perpQuote_e6 = d.loadUnaligned(fromByteOffset: U.perps + 16, as: Int64.self)
            t.nextOrderId = d.loadUnaligned(fromByteOffset: U.nextOrderId, as: UInt32.self)
            t.userStatus = d[U.status]
            t.openOrders = d[U.openOrders]
        }
        let user = w.ledger.data(at.user)
        t.delegateHolds = user.key(U.delegate) == w.ledger.items[at.delegate].key
        for m in 0..<2 {
            let o = U.spots + U.spotStride * m, borrow = user[o + 34] == 1
            let v = clamp64(layout.tokenAmount(scaled: user.u64(o), borrow: borrow, market: w.ledger.data(at.spots[m])))
            if m == 0 { t.quote_e6 = borrow ? -v : v } else { t.spot_e9 = borrow ? -v : v }
        }
        t.wallet = w.ledger.items[at.authority].lamports
        t.payer = w.ledger.items[at.delegate].lamports
        t.exchange = w.ledger.u8(layout.state.exchangeStatus, in: at.state)
        let m = w.ledger.data(at.perps[0])
        t.market = m[P.status]
        t.reduceOnlyMarket = t.market == layout.statusReduceOnly
        t.marketPaused = m[P.paused]
        t.twap5_e6 = m.i64(P.lastOraclePrice + 32)
        t.step_e9 = m.u64(P.stepSize)
        t.minOrder_e9 = m.u64(P.minOrderSize)
        let o = OracleView(w.ledger.data(at.oracles[0]), source: m[P.oracleSource])
        t.price_e6 = o.priceE6
        t.conf_e6 = o.confE6
        t.oracleAge = w.slot > o.posted ? w.slot - o.posted : 0
        if !tokens.isEmpty { addOthers(&t, w) }
        return t
    }

    private func addOthers(_ t: inout Truth, _ w: World) {
        let U = layout.user, P = layout.perp
        let user = w.ledger.data(at.user)
        func held(_ m: UInt16) -> (Int64, Int64) {
            guard let k = layout.positionIndex(user, market: m) else { return (0, 0) }
            let o = U.perps + U.perpStride * k
            return (user.i64(o + 8), user.i64(o + 16))
        }
        (t.perp_e9, t.perpQuote_e6) = held(0)
        for (i, account) in tokens.enumerated() {
            let d = w.ledger.data(at.perps[i + 1])
            let o = OracleView(w.ledger.data(at.oracles[i + 2]), source: d[P.oracleSource])
            var x = MarketTruth()
            (x.perp_e9, x.perpQuote_e6) = held(UInt16(i + 1))
            x.spot_e9 = w.ledger.i64(64, in: account)
            x.market = d[P.status]
            x.reduceOnlyMarket = x.market == layout.statusReduceOnly
            x.marketPaused = d[P.paused]
            x.twap5_e6 = d.i64(P.lastOraclePrice + 32)
            x.step_e9 = d.u64(P.stepSize)
            x.minOrder_e9 = d.u64(P.minOrderSize)
            x.price_e6 = o.priceE6
            x.conf_e6 = o.confE6
            x.oracleAge = w.slot > o.posted ? w.slot - o.posted : 0
            t.others.append(x)
        }
    }

    // MARK: more markets

    /// The mint that stands for the asset of the perp market 1, 2, ...
    package static func mint(_ market: Int) -> ek_key {
        var k = ek_key()
        withUnsafeMutableBytes(of: &k) { for i in 0..<32 { $0[i] = UInt8(60 + market) } }
        return k
    }

    /// Gives the authority an account of that mint (9 decimals); markets in order. From then on `truth` looks at it.
    package func addToken(_ amount: UInt64) {
        var mint = ChainNode.mint(tokens.count + 1), owner = authorityKey.ek, program = EK_TOKEN_PROGRAM, ata = EK_ATA_PROGRAM
        var key = ek_key(), bump: UInt8 = 0
        withUnsafeBytes(of: &owner) { o in withUnsafeBytes(of: &program) { p in withUnsafeBytes(of: &mint) { m in
            let seeds = [ek_seed(bytes: o.bindMemory(to: UInt8.self).baseAddress, len: 32), ek_seed(bytes: p.bindMemory(to: UInt8.self).baseAddress, len: 32),
                         ek_seed(bytes: m.bindMemory(to: UInt8.self).baseAddress, len: 32)]
            _ = ek_find_pda(seeds, 3, &ata, &key, &bump)
        } } }
        var d = [UInt8](repeating: 0, count: 165)
        d.set(Key(mint), 0)
        d.set(authorityKey, 32)
        d.set(amount, 64)
        d.set(byte: 1, 108)
        tokens.append(world.ledger.put(Account(key: Key(key), lamports: Genesis.rent(165), owner: Key(program), data: d)))
        var md = [UInt8](repeating: 0, count: 82)
        md.set(byte: 9, 44)
        md.set(byte: 1, 45)
        world.ledger.put(Account(key: Key(mint), lamports: Genesis.rent(82), owner: Key(program), data: md))
    }

    package func setToken(_ market: Int, _ amount: UInt64) { world.ledger.set(amount, 64, in: tokens[market - 1]) }

    package func eachLiveOrder(_ body: (LiveOrder) -> Void) {
        let d = world.ledger.data(at.user)
        guard d[layout.user.openOrders] > 0 else { return }
        for i in 0..<32 {
            guard layout.isOpen(d, i) else { continue }
            let o = layout.order(d, i)
            body(LiveOrder(id: o.id, userId: o.userId, isBuy: o.isBuy, reduceOnly: o.reduceOnly != 0, base: o.base, filled: o.filled,
                           maxTs: o.maxTs, market: o.market))
        }
    }

    /// Fills since `seen` (a count this returned before); the list forgets its oldest half when it is full.
    package func fills(since seen: inout Int, _ body: (FillSeen) -> Void) {
        let f = world.tally.fills
        if f.count < seen { seen = max(0, seen - 4096) }
        for k in seen..<f.count { body(FillSeen(orderId: f[k].orderId, base: f[k].base, quote: f[k].quote)) }
        seen = f.count
    }

    package func isRecent(_ blockhash: Key) -> Bool { hashIsRecent(blockhash) }

    /// Whether a signature is in a block: its slot, and its error (nil none, 0 not a program's).
    package func landing(_ signature: [UInt8]) -> (slot: UInt64, failed: Bool)? {
        guard let i = landedIndex(signature) else { return nil }
        return (landed[i].slot, landed[i].error != nil)
    }

    /// Reads a message as the runtime would.
    package func read(message: [UInt8]) -> SeenTransaction {
        var s = SeenTransaction()
        let (t, bad) = Reader.message(message)
        guard bad == nil, t.required == 1, t.lookups == 0, !t.version0 else { return s }
        s.signer = t.keys[0]
        s.blockhash = t.blockhash
        let (budget, wrong) = Budget.read(t)
        s.fee = budget.fee(signatures: 1)
        s.unitPrice = budget.price
        var venue = 0
        for ix in t.instructions {
            let p = t.keys[ix.program]
            if p == Known.computeBudget { continue }
            guard p == layout.program, ix.data.count >= 8, ix.accounts.count >= 2 else { return s }
            venue += 1
            s.user = t.keys[Int(ix.accounts[1])]
            var a = Args(ix.data)
            switch ix.data.u64(0) {
            case Ix.place, Ix.take:
                let isTake = ix.data.u64(0) == Ix.take
                let p = OrderParams(&a, wide: layout.velocity)
                s.kind = isTake ? .take : .place
                s.market = p.market; s.marketType = p.marketType; s.orderType = p.type; s.userId = p.userId
                s.isBuy = p.isBuy; s.reduceOnly = p.reduceOnly; s.base = p.base; s.price = p.price; s.maxTs = p.maxTs ?? 0
                s.offset = p.offset; s.auctionStart = p.auctionStart; s.auctionEnd = p.auctionEnd
                if isTake && a.flag() { s.takeAll = a.int(UInt32.self) & 255 == 2 }
            case Ix.cancel:
                s.kind = .cancel
                guard a.flag() else { return s }               // "the last one" is nobody's order in particular
                s.cancels = a.int(UInt32.self)
            default: return s
            }
            if a.broken { return s }
        }
        s.sound = venue == 1 && wrong == nil
        return s
    }

    // MARK: switches

    package func setDelegate(revoked: Bool) {
        world.ledger.set(revoked ? Key() : delegate, layout.user.delegate, in: at.user)
    }
    package func setPayer(lamports: UInt64) { world.ledger.items[at.delegate].lamports = lamports }
    package func setUserStatus(_ v: UInt8) { world.ledger.set(byte: v, layout.user.status, in: at.user) }
    package func setExchange(_ v: UInt8) { world.ledger.set(byte: v, layout.state.exchangeStatus, in: at.state) }
    package func setMarket(status: UInt8, paused: UInt8) {
        world.ledger.set(byte: status, layout.perp.status, in: at.perps[0])
        world.ledger.set(byte: paused, layout.perp.paused, in: at.perps[0])
    }
    package var reduceOnlyStatus: UInt8 { layout.statusReduceOnly }
    package func setOracles(fresh: Bool, lag: UInt64) {
        freshOracles = fresh
        oracleLag = lag
        if fresh { postOracles(age: lag) }
    }
    /// The price leaps; averages follow as they do.
    package func leap(ppm: Int64) {
        tracks[0].priceE9 = max(1_000_000, tracks[0].priceE9 + mulDiv(tracks[0].priceE9, ppm, 1_000_000))
        if freshOracles { postOracles(age: oracleLag) }
        writeAverages()
    }
    package func widen(confidencePpm: Int64) { tracks[0].confE8 = mulDiv(tracks[0].priceE9 / 10, confidencePpm, 1_000_000) }
    package func setMarketModel(liquidityE9: Int64, takeFailPermille: UInt64, partialPermille: UInt64, keeperLatency: UInt64) {
        options.liquidityE9 = liquidityE9
        options.takeFailPermille = takeFailPermille
        options.partialPermille = partialPermille
        options.keeperLatencySlots = keeperLatency
    }
    /// An upgrade that no longer knows the instructions of this layout: every call answers Anchor's 101.
    package func setForgetful(_ v: Bool) { options.forgetful = v }
    package func setPriorityFee(_ v: UInt64) { options.priorityFee = v }

    /// Grows or shrinks the accounts of State, User and market as an upgrade would (only ever longer than the layout).
    package func lengthen(by n: Int) {
        for i in [at.user, at.state, at.perps[0]] {
            let size = i == at.user ? layout.user.size : i == at.state ? layout.state.size : layout.perp.size
            world.ledger.items[i].data.removeLast(world.ledger.data(i).count - size)
            world.ledger.items[i].data.append(contentsOf: [UInt8](repeating: 0xA5, count: n))
        }
    }

    /// A deposit or withdrawal of SOL by the owner.
    package func deposit(_ base_e9: Int64) {
        change(spotBy: base_e9)
        noteUser()
    }
    package func setWallet(_ lamports: UInt64) { world.ledger.items[at.authority].lamports = lamports }

    /// Somebody else's order on the same account: a limit order that keepers may fill. Its id, or nil when there is no room.
    package func foreignOrder(buy: Bool, base: UInt64, price: UInt64, maxTs: Int64, userId: UInt8) -> UInt32? {
        var x = keeperExec()
        guard let i = x.freeOrder(), let k = layout.positionIndex(x.user, market: 0) ?? layout.freePosition(x.user) else { return nil }
        var o = Order()
        o.slot = world.slot
        o.price = price
        o.base = base
        o.id = x.user.u32(layout.user.nextOrderId)
        o.status = Order.Status.open
        o.type = Order.Kind.limit
        o.marketType = 1
        o.userId = userId
        o.direction = buy ? 0 : 1
        o.maxTs = maxTs
        var p = layout.position(x.user, k)
        p.market = 0
        p.openOrders = p.openOrders &+ 1
        if buy { p.bids += Int64(base) } else { p.asks -= Int64(base) }
        layout.put(p, k, into: &x.world.ledger.items[at.user].data)
        layout.put(o, i, into: &x.world.ledger.items[at.user].data)
        layout.count(&x.world.ledger.items[at.user].data, orders: 1, auctions: 0)
        x.world.ledger.set(o.id &+ 1, layout.user.nextOrderId, in: at.user)
        world = x.world
        noteUser()
        return o.id
    }
}
