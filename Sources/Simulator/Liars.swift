// Nodes that lie consistently: all that one of them says comes from a forged world, alone or in a plot of
// several, up to f of n with n >= 2f + 1 (of two, one). For that bound a node that cannot be heard counts
// as a liar too; so before anybody lies the others are heard undisturbed for a while, and while somebody
// lies they stay within earshot.
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

struct Liar {
    enum Kind: UInt8, CaseIterable {
        case deposit, wallet, position, price, exchange     // a balance, a price or a flag that is not so
        case hidden                                     // shows nothing of what happens, says it is too late
        case claimed                                        // shows as done what was only sent
        case heights, slots
        case ratchet                                    // further ahead with every book that it is asked for
    }
    var kind = Kind.slots
    var forgery = Forgery()
    var statuses = NodeManners.Statuses.truth
    var heightBy: Int64 = 0
    /// What is sent through it goes nowhere.
    var drops = false
    /// The last transaction that was sent to it, and the slot it claims for it.
    var sent: [UInt8] = []
    var sentSlot: UInt64 = 0
}

struct Liars {
    /// By endpoint.
    var cast: [Liar?] = []
    /// Until then everybody is honest, and heard.
    var from_ms: Int64 = 0
}

extension Simulation {
    /// Faults that silence a node or make it tell something else. None of them while somebody lies: they
    /// would count as one more liar.
    static let silencing: [FaultClass] = [.behind, .frozen, .pool, .lie, .fork, .genesis, .height, .tornread,
                                          .dead]
    /// Of a hundred requests to an honest node so many get through at least.
    static let mostNoise_permille: UInt64 = 150

    var liarsAbout: Bool { schedule.state[Int(FaultClass.liar.rawValue)].on && !schedule.liars.cast.isEmpty }

    func isLiar(_ e: Int) -> Bool { liarsAbout && schedule.liars.cast[e] != nil }

    /// Whether this endpoint lies now.
    func lies(_ e: Int) -> Bool { isLiar(e) && t >= schedule.liars.from_ms }

    func beginLiars() -> Int64 {
        let n = endpoints.count
        guard n > 1 else { return 60_000 }                    // nobody there to say otherwise
        for c in Simulation.silencing where schedule.state[Int(c.rawValue)].on { endFault(c) }
        let heard_ms = max(15 * 60_000, 3 * Int64(clamping: scenario.rules.interval_ms)) + 5 * 60_000
        schedule.liars = Liars(cast: [Liar?](repeating: nil, count: n), from_ms: t + heard_ms)
        let several = evidenceRandom.range(1, Int64(max(1, (n - 1) / 2)))
        let plot = evidenceRandom.below(3) != 0
        var lie = drawLie()
        for _ in 0..<several {
            var e = evidenceRandom.below(n)
            while schedule.liars.cast[e] != nil { e = (e + 1) % n }
            schedule.liars.cast[e] = lie
            trace.add(t, "liar", Int64(e), Int64(lie.kind.rawValue), lie.forgery.slotBy)
            if !plot { lie = drawLie() }
        }
        return heard_ms + evidenceRandom.range(60_000, 40 * 60_000)
    }

    private func drawLie() -> Liar {
        var l = Liar()
        l.kind = evidenceRandom.pick(Liar.Kind.allCases)
        if l.kind == .ratchet && !scenario.has(.ratchet) { l.kind = .slots }
        l.forgery.slotBy = evidenceRandom.range(-12, 12)
        l.drops = evidenceRandom.below(2) == 0
        let some = scenario.chain.solE9 / 1000 * evidenceRandom.range(15, 900)
        let signed = evidenceRandom.below(2) == 0 ? some : -some
        switch l.kind {
        case .deposit: l.forgery.spotBy_e9 = signed
        case .wallet: l.forgery.walletBy = abs(some)
        case .position: l.forgery.perpBy_e9 = signed / 10_000_000 * 10_000_000
        case .price: l.forgery.pricePpm = evidenceRandom.pick([-9_000, -4_000, 4_000, 9_000])
        case .exchange: l.forgery.exchange = evidenceRandom.pick([0, 8])
        case .hidden:
            l.statuses = evidenceRandom.below(2) == 0 ? .hidden : .failed
            l.heightBy = evidenceRandom.range(0, 400)
        case .heights: l.heightBy = evidenceRandom.range(-140, 400)
        case .ratchet: l.forgery.slotBy = 0
        case .claimed, .slots: break
        }
        return l
    }

    func endLiars() { schedule.liars = Liars() }

    /// The world that a lying endpoint answers from, and what it says beside the accounts.
    func forgedWorld(_ e: Int, _ isBook: Bool, _ m: inout NodeManners) -> Replica {
        guard var l = schedule.liars.cast[e] else { return node.replica() }
        if l.kind == .hidden && l.forgery.userOf == nil {
            l.forgery.userOf = node.replica()
            schedule.liars.cast[e] = l
        }
        if l.kind == .ratchet && isBook {
            l.forgery.slotBy += 1_400
            schedule.liars.cast[e] = l
        }
        counted.add(.liar)
        m.statuses = l.statuses
        m.heightBy = l.heightBy
        var base = lagged(e)?.replica
        if !l.sent.isEmpty, let f = node.foreseen(l.sent, on: base), node.landing(f.signature) == nil {
            base = f.replica
            m.statuses = .claimed(f.signature, slot: l.sentSlot)
        }
        return node.forged(base, l.forgery)
    }

    /// A send came to a liar. False: it goes no further.
    func liarTakes(_ k: Int) -> Bool {
        let e = requests[k].endpoint
        guard lies(e), var l = schedule.liars.cast[e] else { return true }
        if l.kind == .claimed && l.sent != requests[k].body {
            l.sent = requests[k].body
            l.sentSlot = UInt64(max(1, Int64(clamping: node.slot) + min(0, l.forgery.slotBy)))
            schedule.liars.cast[e] = l
        }
        return !l.drops
    }

    // MARK: honest nodes that lag

    /// What a node a few slots behind shows; nil: the newest block.
    func lagged(_ e: Int) -> NodeView? {
        let lag = endpoints[e].lag_slots
        guard lag > 0, !recent.isEmpty else { return nil }
        var i = recent.count - 1
        while i > 0 && recent[i].replica.slot + lag > node.slot { i -= 1 }
        // Between two stops nothing happened but slots.
        let passed = Int64(clamping: node.slot - lag) - Int64(clamping: recent[i].replica.slot)
        if passed <= 0 { return recent[i] }
        var f = Forgery()
        f.slotBy = passed
        return NodeView(replica: node.forged(recent[i].replica, f), own_e9: recent[i].own_e9)
    }

    /// The end of a slot, kept for those that lag.
    func keepSlot() {
        if recent.count > 16 { recent.removeFirst(recent.count - 16) }
        recent.append(currentView())
    }
}
