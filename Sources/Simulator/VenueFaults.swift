// Faults of the venue and of the book: what the venue and others on the account do between two reads of the
// agent.
import Localnet
import Model
import Rpc
import Text

extension Simulation {
    func beginVenue(_ c: FaultClass, _ length: Int64) -> Int64 {
        counted.add(c)
        var long = length
        switch c {
        case .paused:
            switch faultRandom.below(4) {
            case 0: node.setExchange(255)
            case 1: node.setExchange(8)
            case 2: node.setMarket(status: 1, paused: 4)
            default: node.setMarket(status: node.reduceOnlyStatus + 1, paused: 0)
            }
        case .reduceonly: node.setMarket(status: node.reduceOnlyStatus, paused: 0)
        case .stale: node.setOracles(fresh: faultRandom.below(3) == 0,
                                     lag: UInt64(faultRandom.pick([3, 20, 24, 26, 40, 200])))
        case .jump:
            // Jumps go up and down around the first price: a book must not be ruined by chance alone.
            let by: Int64 = faultRandom.pick([12_000, 40_000, 120_000])
            let price = node.oraclePriceE6, first = scenario.chain.priceE6
            let down = price > first / 10 * 13 || (price > first / 10 * 7 && faultRandom.below(2) == 0)
            node.leap(ppm: down ? -by : by)
            if faultRandom.below(3) == 0 { node.widen(confidencePpm: faultRandom.pick([500, 15_000, 60_000])) }
        case .dry, .partial, .unfilled: setDepth()
        case .upgrade:
            switch faultRandom.below(4) {
            case 0: node.setMarket(status: 77, paused: 0)
            case 1: node.setUpgrade(faultRandom.pick([.empty, .paused, .program, .layout]))
            default: node.lengthen(by: faultRandom.pick([8, 16, 100]))
            }
            long = faultRandom.wait(mean: 30 * 60_000)
        default: break
        }
        return long
    }

    func endVenue(_ c: FaultClass) {
        switch c {
        case .paused, .reduceonly:
            node.setExchange(0)
            node.setMarket(status: 1, paused: 0)
        case .stale: node.setOracles(fresh: true, lag: 0)
        case .jump: node.widen(confidencePpm: 200)
        case .dry, .partial, .unfilled: setDepth()
        case .upgrade:
            node.lengthen(by: 0)
            node.setUpgrade(.off)
            node.setMarket(status: 1, paused: 0)
        default: break
        }
    }

    private func on(_ c: FaultClass) -> Bool { schedule.state[Int(c.rawValue)].on }

    /// The depth that the faults leave the venue.
    private func setDepth() {
        node.setMarketModel(liquidityE9: on(.dry) ? faultRandom.pick([0, 30_000_000,
                                                                      200_000_000]) : 150_000_000_000,
                            takeFailPermille: on(.unfilled) || on(.partial) ? 950
                                : scenario.chain.takeFailPermille,
                            partialPermille: on(.partial) ? 800 : 0,
                            keeperLatency: on(.unfilled) ? 100_000 : 3)
    }

    // MARK: the book

    func beginBook(_ c: FaultClass, _ length: Int64) -> Int64 {
        counted.add(c)
        switch c {
        case .foreign:
            foreignOrder()
            return faultRandom.range(1, 20) * 60_000
        case .leftover:
            leftover()
            return faultRandom.range(20, 60) * 60_000
        case .liquidation: node.setUserStatus(UInt8(faultRandom.pick([1, 2, 4])))
        case .delegate: node.setDelegate(revoked: true)
        case .gas: node.setPayer(lamports: UInt64(faultRandom.pick([1_000_000, 15_000_000, 20_100_000])))
        default: break
        }
        return length
    }

    func endBook(_ c: FaultClass) {
        switch c {
        case .liquidation: node.setUserStatus(0)
        case .delegate: node.setDelegate(revoked: false)
        case .gas: node.setPayer(lamports: 2_000_000_000)
        default: break
        }
    }

    /// Somebody else on the same account rests or trades a little.
    private func foreignOrder() {
        let truth = node.truth()
        let step = max(1, truth.step_e9)
        let size = UInt64(faultRandom.range(1, 30)) * step
        let buy = faultRandom.below(2) == 0
        // ppm through the price; negative rests
        let away: Int64 = faultRandom.pick([-30_000, -5_000, 3_000, 10_000])
        let price = UInt64(max(1,
                               truth.price_e6 + truth.price_e6 / 1_000_000 * Int64(buy ? away : -away))) / 1000 * 1000
        let maxTs = node.unix_s + faultRandom.range(30, 1800)
        let userId = UInt8(faultRandom.range(0, 9))
        if let id = node.foreignOrder(buy: buy, base: size, price: price, maxTs: maxTs, userId: userId) {
            judge.othersPlaced(id, t)
            trace.add(t, "foreign order", Int64(id), buy ? Int64(size) : -Int64(size), away)
        }
    }

    /// An order of the agent's own id range that its state file does not know, resting far away without an
    /// end: a state file was lost once. It must be cancelled, and the cancel proven, before anything new is
    /// sent.
    private func leftover() {
        let truth = node.truth()
        let buy = faultRandom.below(2) == 0
        let far = truth.price_e6 / 1000 * (buy ? 800 : 1_250)
        let size = UInt64(faultRandom.range(1, 10)) * max(1, truth.step_e9)
        let userId = UInt8(faultRandom.range(200, 254))
        if let id = node.foreignOrder(buy: buy, base: size, price: UInt64(far) / 1000 * 1000, maxTs: 0,
                                      userId: userId) {
            judge.othersPlaced(id, t)
            trace.add(t, "leftover order", Int64(id), buy ? 1 : -1)
        }
    }

    /// A deposit or a withdrawal, in the venue or in the wallet.
    func bookDue() {
        queue.push(t + faultRandom.wait(mean: scenario.depositMean_ms), .book, 0)
        let truth = node.truth()
        let first = scenario.chain.solE9
        let size = first / 1000 * faultRandom.range(4, 90)
        counted.add(.deposit)
        if scenario.markets > 1 && faultRandom.below(2) == 0 {
            let m = 1 + Int(faultRandom.below(UInt64(scenario.markets - 1)))
            let now = Int64(clamping: scenario.tokens[m - 1])
            node.setToken(m, UInt64(faultRandom.range(now / 4, now * 2)))
        } else if faultRandom.below(6) == 0 {
            let wallet = Int64(clamping: truth.wallet)
            let down = wallet > 2_500_000_000 || (wallet > 900_000_000 && faultRandom.below(2) == 0)
            node.setWallet(UInt64(down ? wallet - 700_000_000 : wallet + 700_000_000))
        } else {
            let down = truth.spot_e9 > first * 2 || (truth.spot_e9 > first / 2 && faultRandom.below(2) == 0)
            node.deposit(down ? -size : size)
        }
        judge.disturbed(t)
        trace.add(t, "book", node.truth().spot_e9, Int64(clamping: node.truth().wallet), truth.perp_e9)
    }
}
