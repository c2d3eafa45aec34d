// What a seed decides before the run starts: the agent's rules, the book, the endpoints, and which of the
// allowed faults there are. Not every scenario has every fault: many narrower ones reach deeper than one
// where everything fails at once.
import Decide
import EvenkeelCore
import Localnet
import Model
import Rpc
import Text

/// What a node shows: a replica, and what our orders had filled in all when it was taken.
struct NodeView {
    var replica: Replica
    var own_e9: Int64
}

struct Endpoint {
    var base_ms: Int64 = 30
    var jitter_ms: Int64 = 20
    /// The replica this endpoint answers from (nil: the newest block), and the one that takes over at
    /// `refresh_ms`.
    var view: NodeView? = nil
    var next: NodeView? = nil
    var refresh_ms: Int64 = 0
    /// Counts the nodes that have stood behind this address: what is under way when one takes over for
    /// another is lost.
    var era = 0
    /// An honest node may always be some slots behind.
    var lag_slots: UInt64 = 0
    /// When its last answer was out of two slots; not again for a while: it would be the truth of two looks.
    var tore_ms: Int64 = -60_000
}

struct Scenario {
    let seed: UInt64
    /// Hedged markets: SOL-PERP and in some scenarios BTC-PERP and ETH-PERP, whose spot are tokens.
    var markets: Int { rules.hedges.count }
    /// What those tokens hold at the start.
    var tokens: [UInt64] = []
    var velocity = true
    var faults: UInt64
    var rules = Rules()
    var chain = ChainOptions()
    var endpoints: [Endpoint] = []
    var depositMean_ms: Int64 = 0
    var startUnix_s: Int64 = 1_786_205_390
    /// What a day may lose at worst; 0: auto, as most users have it.
    var lossLimit_e6: UInt64 = 0

    init(seed: UInt64, faults mask: UInt64) {
        self.seed = seed
        var random = RandomGenerator(seed: seed, stream: 1)
        velocity = random.below(5) != 0
        // Each allowed class is there in three of four scenarios; every eighth scenario has them all.
        faults = mask
        if random.below(8) != 0 {
            for c in FaultClass.allCases where c < .liar && random.below(4) == 0 { faults &= ~c.bit }
        }
        let n = 1 + random.below(3)
        for _ in 0..<n {
            endpoints.append(Endpoint(base_ms: random.range(8, 150), jitter_ms: random.range(2, 80)))
        }

        rules.mode = .live
        rules.allowed = .live
        rules.lean = true                                // nobody looks: what only people want is not computed
        rules.interval_ms = random.pick([60_000, 120_000, 300_000, 300_000, 600_000, 600_000])
        rules.timeout_ms = UInt64(random.pick([2_000, 5_000, 5_000, 10_000]))
        rules.hedges[0].cooldown_s = UInt32(random.pick([60, 300, 900, 1_800]))
        rules.hedges[0].tolerance_ppm = UInt32(random.pick([5_000, 10_000, 20_000]))
        rules.hedges[0].minTrade_e9 = UInt64(random.pick([5_000_000, 20_000_000]))
        rules.hedges[0].maxTrade_e9 = UInt64(random.pick([200_000_000, 1_000_000_000, 50_000_000_000]))
        rules.maxSlippage_ppm = UInt32(random.pick([2_000, 5_000, 10_000]))
        rules.fillTimeout_s = random.pick([15, 30, 60])
        rules.hedges[0].maxTradesPerDay = random.below(6) == 0 ? 12 : 5_000
        rules.maxPriorityFee_lamports = UInt64(random.pick([0, 20_000, 200_000]))
        // small corrections must go through, whatever a network fee is to them
        rules.maxCost_ppm = 100_000

        chain.velocity = velocity
        chain.seed = seed
        chain.startUnix = startUnix_s
        chain.solE9 = random.range(3, 30) * 1_000_000_000
        chain.quoteE6 = chain.solE9 / 1000 * random.range(60, 160)
        chain.perpE9 = random.below(3) == 0 ? 0
            : -chain.solE9 / 10_000_000 * random.range(95, 105) / 100 * 10_000_000
        chain.walletLamports = 2_000_000_000
        chain.volatilityPpmHour = random.pick([0, 4_000, 9_000, 15_000])
        chain.fundingPpmYear = random.range(-100_000, 200_000)
        chain.takeFailPermille = UInt64(random.pick([0, 10, 100]))
        depositMean_ms = random.range(30, 180) * 60_000
        addMarkets()
        addEvidence(mask)
        // In half of the seeds it is out of the way, in a quarter a small number.
        if seed % 2 == 0 { lossLimit_e6 = 1_000_000_000_000_000 }
        if seed % 4 == 3 { lossLimit_e6 = UInt64(chain.quoteE6) / 100 }
        // Without deposits a book that was hedged once has nothing more to do; they are part of every
        // scenario.
        if mask & FaultClass.deposit.bit == 0 { depositMean_ms = 60 * 60_000 }
    }

    /// Every fourth scenario hedges more than one market. It draws from a stream of its own: the other
    /// scenarios stay what they were.
    private mutating func addMarkets() {
        var random = RandomGenerator(seed: seed, stream: 11)
        guard random.below(4) == 0 else { return }
        let names: [StaticString] = ["BTC-PERP", "ETH-PERP"]
        let smallest: [UInt64] = [100_000, 1_000_000], largest: [Int64] = [3_000_000, 100_000_000]
        for k in 0..<1 + Int(random.below(2)) {
            var h = rules.hedges[0]
            h.perpName = Text(names[k])
            h.spotName = h.asset
            h.useVenueSpot = false
            h.useWalletSpot = false
            var leg = Leg(.token)
            leg.key = ChainNode.mint(k + 1)
            leg.hasKey = true
            h.legs = [leg]
            h.minTrade_e9 = smallest[k]
            h.cooldown_s = UInt32(random.pick([60, 300, 900]))
            h.tolerance_ppm = UInt32(random.pick([5_000, 20_000]))
            rules.hedges.append(h)
            tokens.append(UInt64(random.range(largest[k] / 4, largest[k])))
        }
    }

    /// Liars need others that can contradict them, and honest nodes are rarely at one slot. The stream is its
    /// own.
    private mutating func addEvidence(_ mask: UInt64) {
        var random = RandomGenerator(seed: seed, stream: 12)
        if mask == FaultClass.all {
            for c in FaultClass.allCases where c >= .liar && random.below(2) == 0 { faults &= ~c.bit }
        }
        if random.below(6) == 0 {
            rules.maxNotionalDay_e6 = chain.solE9 / 1_000_000_000 * chain.priceE6 * random.range(1, 4) / 2
        }
        guard has(.liar) else { return }
        let n = random.pick([2, 3, 3, 4, 5])
        while endpoints.count > n { endpoints.removeLast() }
        while endpoints.count < n {
            endpoints.append(Endpoint(base_ms: random.range(8, 150), jitter_ms: random.range(2, 80)))
        }
        for e in endpoints.indices { endpoints[e].lag_slots = UInt64(random.pick([0, 0, 1, 2, 5, 12])) }
    }

    func has(_ c: FaultClass) -> Bool { faults & c.bit != 0 }
}
