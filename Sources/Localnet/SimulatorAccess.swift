// What the simulator needs of the chain beyond the wire: time in jumps, replicas that stand still, live orders
// and fills. The wire itself stays the same `handle` that the loopback port serves.
import EvenkeelCore
import Text

/// Everything a node could have said at one instant. Accounts are shared until they change: taking one costs
/// little.
package struct Replica {
    let world: World
    package var slot: UInt64 { world.slot }
}

package struct LiveOrder {
    package var id: UInt32
    package var userId: UInt8, isBuy: Bool, reduceOnly: Bool
    package var base: UInt64, filled: UInt64
    package var maxTs: Int64
    package var market: UInt16
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

    /// The book of now as a minority fork shows it: the User as it was when the fork began, with a deposit
    /// that only happened there.
    package func onFork(_ r: Replica, phantom_e9: Int64) -> Replica {
        let real = world
        world.ledger.items[at.user] = r.world.ledger.items[at.user]
        if phantom_e9 != 0 {
            setDeposit(spot: 1, amount: clamp64(Int128(tokenAmount(spot: 1)) + Int128(phantom_e9)))
        }
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

    /// Answers as a node that knows no more than `r` (nil: all), on a fork since the slot `fork`, whose
    /// blocks are `ahead` more.
    package func handle(_ body: UnsafeBufferPointer<UInt8>, _ out: inout Text, seenBy r: Replica?,
                        fork: UInt64 = .max, ahead: UInt64 = 0) -> WireAnswer {
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

    /// Whoever calls has just made this signature over this message: a landing of these very bytes need not
    /// verify it again.
    package func vouch(_ message: UnsafeBufferPointer<UInt8>, _ signature: UnsafePointer<UInt8>) {
        lastVerified.removeAll(keepingCapacity: true)
        lastVerified.append(1)
        lastVerified.append(contentsOf: UnsafeBufferPointer(start: signature, count: 64))
        lastVerified.append(contentsOf: message)
    }

    package enum Lie: UInt8 { case missing, owner, short, discriminator }
    /// The next answer is wrong about one account of the book: 0 User, 1 State, 2 perp market, 3 SOL spot
    /// market, 4 SOL oracle.
    package func lie(_ l: Lie, account: Int) {
        let places = [at.user, at.state, at.perps[0], at.spots[1], at.oracles[0]]
        let kind: Fault.Kind = l == .missing ? .nullAccount : l == .owner ? .wrongOwner : l == .short
            ? .shortData : .wrongDiscriminator
        var f = Fault(kind: kind)
        f.pubkey = world.ledger.items[places[min(account, 4)]].key
        faults.removeAll(keepingCapacity: true)
        faults.append(f)
    }
    package func stopLying() { faults.removeAll(keepingCapacity: true) }

    // MARK: more markets

    /// The mint that stands for the asset of the perp market 1, 2, ...
    package static func mint(_ market: Int) -> ek_key {
        var k = ek_key()
        withUnsafeMutableBytes(of: &k) { for i in 0..<32 { $0[i] = UInt8(60 + market) } }
        return k
    }

    /// Gives the authority an account of that mint (9 decimals); markets in order. From then on `truth` looks
    /// at it.
    package func addToken(_ amount: UInt64) {
        var mint = ChainNode.mint(tokens.count + 1), owner = authorityKey.ek, program = EK_TOKEN_PROGRAM,
            ata = EK_ATA_PROGRAM
        var key = ek_key(), bump: UInt8 = 0
        withUnsafeBytes(of: &owner) { o in withUnsafeBytes(of: &program) { p in withUnsafeBytes(of: &mint) { m in
            let seeds = [ek_seed(bytes: o.bindMemory(to: UInt8.self).baseAddress, len: 32),
                         ek_seed(bytes: p.bindMemory(to: UInt8.self).baseAddress, len: 32),
                         ek_seed(bytes: m.bindMemory(to: UInt8.self).baseAddress, len: 32)]
            _ = ek_find_pda(seeds, 3, &ata, &key, &bump)
        } } }
        var d = [UInt8](repeating: 0, count: 165)
        d.set(Key(mint), 0)
        d.set(authorityKey, 32)
        d.set(amount, 64)
        d.set(byte: 1, 108)
        tokens.append(world.ledger.put(Account(key: Key(key), lamports: Genesis.rent(165), owner: Key(program),
                                               data: d)))
        var md = [UInt8](repeating: 0, count: 82)
        md.set(byte: 9, 44)
        md.set(byte: 1, 45)
        world.ledger.put(Account(key: Key(mint), lamports: Genesis.rent(82), owner: Key(program), data: md))
    }

    package func setToken(_ market: Int, _ amount: UInt64) {
        world.ledger.set(amount, 64, in: tokens[market - 1])
    }

    package func eachLiveOrder(_ body: (LiveOrder) -> Void) {
        let d = world.ledger.data(at.user)
        guard d[layout.user.openOrders] > 0 else { return }
        for i in 0..<32 {
            guard layout.isOpen(d, i) else { continue }
            let o = layout.order(d, i)
            body(LiveOrder(id: o.id, userId: o.userId, isBuy: o.isBuy, reduceOnly: o.reduceOnly != 0,
                           base: o.base, filled: o.filled,
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
}
