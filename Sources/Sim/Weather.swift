// When what is broken. Every class has its own spells: a wait, then a while of trouble of a drawn strength at one endpoint or all of
// them. Storms (many spells) and calms (none, everything healthy) take turns; in a calm the agent must bring the book back.
import Agent
import Chain
import EvenkeelCore
import Kit

struct Spell {
    var on = false
    var target = -1                 // endpoint, or -1 for all
    var level: UInt64 = 0           // permille
}

struct Weather {
    var state = [Spell](repeating: Spell(), count: FaultClass.allCases.count)
    var storm = false
    var calmSince: Int64 = 0
    /// Whether any spell that the network looks at is on.
    var netActive = false
    /// The book as it was a while ago, for nodes that lie.
    var oldBook: Replica? = nil
    var refresh_ms: Int64 = 400
    /// The instant a minority fork left the others, and a deposit that only it has.
    var fork: Eye? = nil
    var phantom_e9: Int64 = 0
    /// A node of another cluster, the endpoint that leads to it, and the time it stands at.
    var alien: ChainNode? = nil
    var alienAt = -1
    /// The last genesis hash that was told was the other cluster's.
    var alienTold = false
    var alienClock_ms: Int64 = 0
    var floor_micro: UInt64 = 0
    var floorMoves_ms: Int64 = 0
    var newestDelivered: UInt64 = 0
    /// The wall clock of the machine stands at this virtual time; nil: it runs.
    var wallStands_ms: Int64? = nil
    var wallLost_s: Int64 = 0
    /// Until then the monotonic clock stands as well.
    var monoStandsUntil: Int64 = 0
}

extension World {
    static let calm_ms: Int64 = 3 * 3_600_000

    func beginWeather() {
        weather.storm = setup.faults != 0
        queue.push(sky.wait(mean: setup.depositMean_ms), .book, 0)
        queue.push(900_000, .operate, 0)
        if setup.faults == 0 { return }
        for c in FaultClass.allCases where setup.has(c) { queue.push(sky.wait(mean: quiet(c)), .weather, Int(c.rawValue)) }
        queue.push(sky.range(6, 30) * 3_600_000, .phase, 0)
        refreshNet()
    }

    private func quiet(_ c: FaultClass) -> Int64 {
        switch c {
        case .upgrade, .delegate, .gas, .step, .leftover, .genesis, .freeze: return 14 * 3_600_000
        default: return 4 * 3_600_000
        }
    }

    private func refreshNet() {
        weather.netActive = weather.storm
    }

    /// Storm and calm take turns.
    func phaseDue() {
        if weather.storm {
            for c in FaultClass.allCases where weather.state[Int(c.rawValue)].on { endSpell(c) }
            weather.storm = false
            weather.calmSince = t
            heal()
            trace.add(t, "calm", 0)
            // The last calm reaches the end of the run.
            let left = end - t
            queue.push(t + (left < World.calm_ms + 6 * 3_600_000 ? left + 1 : World.calm_ms), .phase, 0)
        } else {
            judge.calmEnds(after: World.calm_ms)
            weather.storm = true
            trace.add(t, "storm", 0)
            let longest = max(1, (end - t - World.calm_ms) / 3_600_000)
            queue.push(t + min(sky.range(6, 30), longest) * 3_600_000, .phase, 0)
        }
        refreshNet()
    }

    /// Everything as a healthy cluster, venue and machine have it.
    private func heal() {
        for i in endpoints.indices {
            endpoints[i].view = nil
            endpoints[i].next = nil
        }
        slotLength = 400
        disk.failing = 0
        wallOffset_s = 0
        if weather.monoStandsUntil > t { bootAt -= weather.monoStandsUntil - t }
        weather.monoStandsUntil = 0
        suspendedUntil = min(suspendedUntil, t)
        judge.disturbed(t)
        if machine == nil && !queue.isEmpty { queue.push(t + 5_000, .restart, 0) }
    }

    /// The person who looks after the agent: lets it go on after a breaker, and starts it anew when it has halted on a disk that works.
    func operate() {
        queue.push(t + 900_000, .operate, 0)
        guard let m = machine, t >= suspendedUntil else { return }
        if !weather.storm && t - max(judge.lastTick_ms, weather.calmSince) > 3 * Int64(setup.rules.interval_ms) + 300_000 {
            judge.accuse("liveness", "the agent runs and ends no tick")
        }
        if m.halted && disk.failing == 0 {
            trace.add(t, "operator restarts", 0)
            counted.ticks += m.ticks
            machine = nil
            incarnation += 1
            boot()
        } else if record.pointee.breaker_open != 0 {
            trace.add(t, "operator resumes", 0)
            step(.command(.resume))
        }
    }

    // MARK: spells

    /// Trouble comes in company: a spell may bring one or two of these with it, and they end together.
    private static let companions: [FaultClass] = [.loss, .delay, .halfopen, .duplicate, .reorder, .behind, .pool, .fork, .height, .drop, .late,
                                                 .congestion, .lowfee, .unfilled]
    private static let company = 100, parting = 200

    func weatherDue(_ index: Int) {
        let i = index % 100
        guard let c = FaultClass(rawValue: UInt8(i)) else { return }
        if index >= World.parting {
            if weather.state[i].on { endSpell(c) }
            return
        }
        if index >= World.company {
            if weather.state[i].on || !weather.storm { return }
            let length = beginSpell(c)
            trace.add(t, "spell", words: spellWords(c, length))
            queue.push(t + length, .weather, i + World.parting)
            return
        }
        if weather.state[i].on {
            endSpell(c)
            queue.push(t + sky.wait(mean: quiet(c)), .weather, i)
            return
        }
        if !weather.storm {
            queue.push(t + sky.wait(mean: quiet(c)), .weather, i)
            return
        }
        let length = beginSpell(c)
        trace.add(t, "spell", words: spellWords(c, length))
        queue.push(t + length, .weather, i)
        for _ in 0..<sky.below(3) {
            let other = sky.pick(World.companions)
            if setup.has(other) { queue.push(t + sky.range(0, 20_000), .weather, Int(other.rawValue) + World.company) }
        }
    }

    private func spellWords(_ c: FaultClass, _ length: Int64) -> Text {
        var w = Text(c.name)
        w.put(" for ")
        w.put(length / 1000)
        w.put(" s, level ")
        w.put(weather.state[Int(c.rawValue)].level)
        w.put(", endpoint ")
        w.put(weather.state[Int(c.rawValue)].target)
        return w
    }

    /// Begins a spell and says how long it lasts.
    private func beginSpell(_ c: FaultClass) -> Int64 {
        let i = Int(c.rawValue)
        weather.state[i].on = true
        weather.state[i].target = sky.below(3) == 0 ? -1 : sky.below(endpoints.count)
        weather.state[i].level = UInt64(sky.pick([30, 200, 500, 950]))
        var length = sky.wait(mean: 10 * 60_000)
        switch c {
        case .loss, .delay, .duplicate, .reorder, .truncate, .garbage, .limit, .server, .halfopen, .drop, .execerror: break
        case .late: weather.state[i].level = UInt64(sky.pick([300, 900]))
        case .congestion:
            weather.state[i].level = UInt64(sky.pick([600, 900, 980]))
            node.setPriorityFee(UInt64(sky.pick([1_000, 1_000_000, 500_000_000])))
        case .behind, .frozen, .pool:
            counted.add(c)
            let e = weather.state[i].target < 0 ? 0 : weather.state[i].target
            weather.state[i].target = e
            endpoints[e].view = look()
            endpoints[e].next = nil
            weather.refresh_ms = sky.pick([800, 4_000, 20_000, 120_000])
            endpoints[e].refresh_ms = t + weather.refresh_ms
            if c == .frozen { length = sky.wait(mean: 5 * 60_000) }
        case .lie: weather.oldBook = node.replica()
        case .fork:
            // One node is believed where there is only one: then a fork ends as soon as forks do.
            weather.state[i].target = sky.below(endpoints.count)
            weather.fork = look()
            let some = setup.chain.solE9 / 1000 * sky.range(20, 90)
            weather.phantom_e9 = sky.pick([0, some, -some])
            length = endpoints.count == 1 ? sky.range(2_000, 12_000) : sky.range(5_000, 600_000)
        case .height: weather.state[i].level = UInt64(sky.range(1, 31))
        case .lowfee:
            weather.floor_micro = UInt64(sky.pick([1_000, 20_000, 300_000, 3_000_000]))
            weather.floorMoves_ms = t
            node.setPriorityFee(0)
        case .genesis: turnForeign(i)
        case .slowslots:
            counted.add(c)
            slotLength = sky.pick([200, 300, 600, 1_200])
        case .skipslots:
            counted.add(c)
            weather.state[i].level = UInt64(sky.pick([50, 300, 700]))
        case .paused, .reduceonly, .stale, .jump, .dry, .partial, .unfilled, .upgrade: length = beginVenue(c, length)
        case .deposit: break
        case .foreign, .leftover, .liquidation, .delegate, .gas: length = beginBook(c, length)
        case .torn, .bitflip, .crash: break
        case .enospc:
            counted.add(c)
            disk.failing = sky.pick([28, 5, 30])
        case .suspend:
            counted.add(c)
            suspendedUntil = t + sky.range(1_000, 900_000)
            length = suspendedUntil - t
        case .step:
            counted.add(c)
            let s: Int64 = sky.pick([60, 900, 3_600, 86_400]) * (sky.below(2) == 0 ? 1 : -1)
            wallOffset_s += s
            judge.clockStepped()
            length = sky.wait(mean: 60 * 60_000)
        case .freeze:
            counted.add(c)
            judge.clockStepped()
            if sky.below(2) == 0 {
                weather.wallStands_ms = t
            } else {
                // The whole machine stands; when it goes on its clocks have lost that time, and the wall clock is late until set right.
                let stands = sky.range(1_000, 600_000)
                suspendedUntil = t + stands
                bootAt += stands
                weather.monoStandsUntil = suspendedUntil
                weather.wallLost_s = stands / 1000
                wallOffset_s -= stands / 1000
                length = max(length, stands)
            }
        }
        return length
    }

    private func endSpell(_ c: FaultClass) {
        let i = Int(c.rawValue)
        weather.state[i].on = false
        switch c {
        case .behind, .frozen, .pool:
            let e = max(0, weather.state[i].target)
            let others: [FaultClass] = [.behind, .frozen, .pool]
            if !others.contains(where: { weather.state[Int($0.rawValue)].on && weather.state[Int($0.rawValue)].target == e }) {
                endpoints[e].view = nil
                endpoints[e].next = nil
            }
        case .congestion, .lowfee: node.setPriorityFee(0)
        case .fork: weather.fork = nil
        case .genesis:
            endpoints[max(0, weather.alienAt)].era += 1
            weather.alienAt = -1
        case .freeze:
            if let at = weather.wallStands_ms { trace.add(t, "clock goes on", t - at) }
            weather.wallStands_ms = nil
            wallOffset_s += weather.wallLost_s
            weather.wallLost_s = 0
            judge.clockStepped()
        case .slowslots: slotLength = 400
        case .enospc: disk.failing = 0
        case .step:
            wallOffset_s = 0
            judge.clockStepped()
        case .lie: weather.oldBook = nil
        case .paused, .reduceonly, .stale, .jump, .dry, .partial, .unfilled, .upgrade: endVenue(c)
        case .foreign, .leftover, .liquidation, .delegate, .gas: endBook(c)
        default: break
        }
    }

    /// A provider's address leads to a node of another cluster from now on: with another genesis hash, and slots far ahead or behind.
    private func turnForeign(_ i: Int) {
        var o = setup.chain
        o.seed = setup.seed &+ 7777
        o.hashSalt = 77
        o.genesis = node.userAddress                   // any other hash
        o.delegate = node.delegateKey
        o.perpE9 = o.perpE9 / 2
        o.slot = sky.below(2) == 0 ? node.slot + UInt64(sky.range(100_000, 50_000_000)) : node.slot - UInt64(sky.range(100_000, 50_000_000))
        o.startUnix = node.unix_s
        // Where there is no other endpoint to ask, the account is at least not known over there.
        o.authority = endpoints.count == 1 ? node.delegateKey : node.authorityKey
        weather.alien = ChainNode(o)
        weather.alienClock_ms = t
        let e = sky.below(endpoints.count)
        weather.alienAt = e
        weather.state[i].target = e
        endpoints[e].era += 1
    }

    // MARK: replicas

    private func look() -> Eye { Eye(replica: node.replica(), own_e9: judge.own_e9) }

    /// What the node behind endpoint `e` knows now; nil: everything.
    func eyeOf(_ e: Int) -> Eye? {
        guard let v = endpoints[e].view else { return nil }
        let pool = weather.state[Int(FaultClass.pool.rawValue)]
        if weather.state[Int(FaultClass.frozen.rawValue)].on && weather.state[Int(FaultClass.frozen.rawValue)].target == e { return v }
        if t >= endpoints[e].refresh_ms {
            endpoints[e].refresh_ms = t + weather.refresh_ms
            endpoints[e].view = endpoints[e].next ?? v
            endpoints[e].next = look()
        }
        // A pool answers from the newest block as often as from the replica that lags.
        if pool.on && pool.target == e && net.below(2) == 0 { return nil }
        return endpoints[e].view
    }
}
