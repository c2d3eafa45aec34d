// Trouble of the venue and of the book: what others do while the agent looks away.
import Chain
import EvenkeelCore
import Kit

extension World {
    func beginVenue(_ c: FaultClass, _ length: Int64) -> Int64 {
        counted.add(c)
        var long = length
        switch c {
        case .paused:
            switch sky.below(4) {
            case 0: node.setExchange(255)
            case 1: node.setExchange(8)
            case 2: node.setMarket(status: 1, paused: 4)
            default: node.setMarket(status: node.reduceOnlyStatus + 1, paused: 0)
            }
        case .reduceonly: node.setMarket(status: node.reduceOnlyStatus, paused: 0)
        case .stale: node.setOracles(fresh: sky.below(3) == 0, lag: UInt64(sky.pick([3, 20, 24, 26, 40, 200])))
        case .jump:
            // Leaps go up and down about the price the world began with: a book is not to be ruined by luck alone.
        let by: Int64 = sky.pick([12_000, 40_000, 120_000])
        let price = node.oraclePriceE6, first = setup.chain.priceE6
        let down = price > first / 10 * 13 || (price > first / 10 * 7 && sky.below(2) == 0)
        node.leap(ppm: down ? -by : by)
            if sky.below(3) == 0 { node.widen(confidencePpm: sky.pick([500, 15_000, 60_000])) }
        case .dry, .partial, .unfilled: market()
        case .upgrade:
            switch sky.below(4) {
            case 0: node.setMarket(status: 77, paused: 0)
            case 1: node.setForgetful(true)
            default: node.lengthen(by: sky.pick([8, 16, 100]))
            }
            long = sky.wait(mean: 30 * 60_000)
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
        case .dry, .partial, .unfilled: market()
        case .upgrade:
            node.lengthen(by: 0)
            node.setForgetful(false)
            node.setMarket(status: 1, paused: 0)
        default: break
        }
    }

    private func on(_ c: FaultClass) -> Bool { weather.state[Int(c.rawValue)].on }

    /// The venue's depth as the spells leave it.
    private func market() {
        node.setMarketModel(liquidityE9: on(.dry) ? sky.pick([0, 30_000_000, 200_000_000]) : 150_000_000_000,
                            takeFailPermille: on(.unfilled) || on(.partial) ? 950 : setup.chain.takeFailPermille,
                            partialPermille: on(.partial) ? 800 : 0,
                            keeperLatency: on(.unfilled) ? 100_000 : 3)
    }

    // MARK: the book

    func beginBook(_ c: FaultClass, _ length: Int64) -> Int64 {
        counted.add(c)
        switch c {
        case .foreign:
            foreignOrder()
            return sky.range(1, 20) * 60_000
        case .leftover:
            leftover()
            return sky.range(20, 60) * 60_000
        case .liquidation: node.setUserStatus(UInt8(sky.pick([1, 2, 4])))
        case .delegate: node.setDelegate(revoked: true)
        case .gas: node.setPayer(lamports: UInt64(sky.pick([1_000_000, 15_000_000, 20_100_000])))
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
        let size = UInt64(sky.range(1, 30)) * step
        let buy = sky.below(2) == 0
        let away: Int64 = sky.pick([-30_000, -5_000, 3_000, 10_000])        // ppm through the price; negative rests
        let price = UInt64(max(1, truth.price_e6 + truth.price_e6 / 1_000_000 * Int64(buy ? away : -away))) / 1000 * 1000
        if let id = node.foreignOrder(buy: buy, base: size, price: price, maxTs: node.unix_s + sky.range(30, 1800), userId: UInt8(sky.range(0, 9))) {
            judge.foreign(id, t)
            trace.add(t, "foreign order", Int64(id), buy ? Int64(size) : -Int64(size), away)
        }
    }

    /// An order of the agent's own id range that its state file does not know, resting far away without an end: a state file was lost
    /// once. It must be cancelled, and the cancel proven, before anything new is sent.
    private func leftover() {
        let truth = node.truth()
        let buy = sky.below(2) == 0
        let far = truth.price_e6 / 1000 * (buy ? 800 : 1_250)
        if let id = node.foreignOrder(buy: buy, base: UInt64(sky.range(1, 10)) * max(1, truth.step_e9), price: UInt64(far) / 1000 * 1000, maxTs: 0,
                                      userId: UInt8(sky.range(200, 254))) {
            judge.foreign(id, t)
            trace.add(t, "leftover order", Int64(id), buy ? 1 : -1)
        }
    }

    /// A deposit or a withdrawal, in the venue or in the wallet.
    func bookDue() {
        queue.push(t + sky.wait(mean: setup.depositMean_ms), .book, 0)
        let truth = node.truth()
        let first = setup.chain.solE9
        let size = first / 1000 * sky.range(4, 90)
        counted.add(.deposit)
        if setup.markets > 1 && sky.below(2) == 0 {
            let m = 1 + Int(sky.below(UInt64(setup.markets - 1)))
            let now = Int64(clamping: setup.tokens[m - 1])
            node.setToken(m, UInt64(sky.range(now / 4, now * 2)))
        } else if sky.below(6) == 0 {
            let wallet = Int64(clamping: truth.wallet)
            let next = wallet > 2_500_000_000 || (wallet > 900_000_000 && sky.below(2) == 0) ? wallet - 700_000_000 : wallet + 700_000_000
            node.setWallet(UInt64(next))
        } else {
            let down = truth.spot_e9 > first * 2 || (truth.spot_e9 > first / 2 && sky.below(2) == 0)
            node.deposit(down ? -size : size)
        }
        judge.disturbed(t)
        trace.add(t, "book", node.truth().spot_e9, Int64(clamping: node.truth().wallet), truth.perp_e9)
    }
}
