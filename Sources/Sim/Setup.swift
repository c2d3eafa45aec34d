// What a seed decides before it starts: the agent's rules, the book, the endpoints, and which of the allowed faults this world knows.
// Not every world has every fault: a swarm of narrower worlds reaches deeper than one where everything fails at once.
import Agent
import Chain
import EvenkeelCore
import Kit

/// A replica, and what our orders had filled in all when it was taken.
struct Eye {
    var replica: Replica
    var own_e9: Int64
}

struct Endpoint {
    var base_ms: Int64 = 30
    var jitter_ms: Int64 = 20
    /// The replica this endpoint answers from (nil: the newest block), and the one that takes over at `refresh_ms`.
    var view: Eye? = nil
    var next: Eye? = nil
    var refresh_ms: Int64 = 0
    /// Counts the nodes that have stood behind this address: what is under way when one takes over for another is lost.
    var era = 0
}

struct Setup {
    let seed: UInt64
    /// Hedged markets: SOL-PERP and in some worlds BTC-PERP and ETH-PERP, whose spot are tokens.
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

    init(seed: UInt64, faults mask: UInt64) {
        self.seed = seed
        var d = Dice(seed: seed, stream: 1)
        velocity = d.below(5) != 0
        // Each allowed class is there in three of four worlds; every eighth world has them all.
        faults = mask
        if d.below(8) != 0 {
            for c in FaultClass.allCases where d.below(4) == 0 { faults &= ~c.bit }
        }
        let n = 1 + d.below(3)
        for _ in 0..<n { endpoints.append(Endpoint(base_ms: d.range(8, 150), jitter_ms: d.range(2, 80))) }

        rules.mode = .live
        rules.lean = true                                // nobody looks: what only people want is not computed
        rules.interval_ms = d.pick([60_000, 120_000, 300_000, 300_000, 600_000, 600_000])
        rules.timeout_ms = UInt64(d.pick([2_000, 5_000, 5_000, 10_000]))
        rules.hedges[0].cooldown_s = UInt32(d.pick([60, 300, 900, 1_800]))
        rules.hedges[0].tolerance_ppm = UInt32(d.pick([5_000, 10_000, 20_000]))
        rules.hedges[0].minTrade_e9 = UInt64(d.pick([5_000_000, 20_000_000]))
        rules.hedges[0].maxTrade_e9 = UInt64(d.pick([200_000_000, 1_000_000_000, 50_000_000_000]))
        rules.maxSlippage_ppm = UInt32(d.pick([2_000, 5_000, 10_000]))
        rules.fillTimeout_s = d.pick([15, 30, 60])
        rules.hedges[0].maxTradesPerDay = d.below(6) == 0 ? 12 : 5_000
        rules.maxPriorityFee_lamports = UInt64(d.pick([0, 20_000, 200_000]))
        rules.maxCost_ppm = 100_000                      // small corrections must go through, whatever a network fee is to them

        chain.velocity = velocity
        chain.seed = seed
        chain.startUnix = startUnix_s
        chain.solE9 = d.range(3, 30) * 1_000_000_000
        chain.quoteE6 = chain.solE9 / 1000 * d.range(60, 160)
        chain.perpE9 = d.below(3) == 0 ? 0 : -chain.solE9 / 10_000_000 * d.range(95, 105) / 100 * 10_000_000
        chain.walletLamports = 2_000_000_000
        chain.volatilityPpmHour = d.pick([0, 4_000, 9_000, 15_000])
        chain.fundingPpmYear = d.range(-100_000, 200_000)
        chain.takeFailPermille = UInt64(d.pick([0, 10, 100]))
        depositMean_ms = d.range(30, 180) * 60_000
        addMarkets()
        // Without deposits a book that was hedged once has nothing more to do; they are part of every world.
        if mask & FaultClass.deposit.bit == 0 { depositMean_ms = 60 * 60_000 }
    }

    /// Every fourth world hedges more than one market. Its dice are its own: the other worlds stay what they were.
    private mutating func addMarkets() {
        var d = Dice(seed: seed, stream: 11)
        guard d.below(4) == 0 else { return }
        let names: [StaticString] = ["BTC-PERP", "ETH-PERP"]
        let smallest: [UInt64] = [100_000, 1_000_000], largest: [Int64] = [3_000_000, 100_000_000]
        for k in 0..<1 + Int(d.below(2)) {
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
            h.cooldown_s = UInt32(d.pick([60, 300, 900]))
            h.tolerance_ppm = UInt32(d.pick([5_000, 20_000]))
            rules.hedges.append(h)
            tokens.append(UInt64(d.range(largest[k] / 4, largest[k])))
        }
    }

    func has(_ c: FaultClass) -> Bool { faults & c.bit != 0 }
}
