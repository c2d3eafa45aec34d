// What a fault does while it lasts: each class's beginning and end, and what a node that lags shows.
import Localnet
import Model
import Rpc
import Text

extension Simulation {
    /// Begins a fault and says how long it lasts.
    func beginFault(_ c: FaultClass) -> Int64 {
        let i = Int(c.rawValue)
        schedule.state[i].on = true
        schedule.state[i].target = faultRandom.below(3) == 0 ? -1 : faultRandom.below(endpoints.count)
        schedule.state[i].level = UInt64(faultRandom.pick([30, 200, 500, 950]))
        var length = faultRandom.wait(mean: 10 * 60_000)
        switch c {
        case .loss, .delay, .duplicate, .reorder, .truncate, .garbage, .limit, .server, .halfopen, .drop,
            .execerror: break
        case .late: schedule.state[i].level = UInt64(faultRandom.pick([300, 900]))
        case .congestion:
            schedule.state[i].level = UInt64(faultRandom.pick([600, 900, 980]))
            node.setPriorityFee(UInt64(faultRandom.pick([1_000, 1_000_000, 500_000_000])))
        case .behind, .frozen, .pool:
            counted.add(c)
            let e = schedule.state[i].target < 0 ? 0 : schedule.state[i].target
            schedule.state[i].target = e
            endpoints[e].view = currentView()
            endpoints[e].next = nil
            schedule.refresh_ms = faultRandom.pick([800, 4_000, 20_000, 120_000])
            endpoints[e].refresh_ms = t + schedule.refresh_ms
            if c == .frozen { length = faultRandom.wait(mean: 5 * 60_000) }
        case .lie: schedule.oldBook = node.replica()
        case .fork:
            // One node is believed where there is only one: then a fork ends as soon as forks do.
            schedule.state[i].target = faultRandom.below(endpoints.count)
            schedule.fork = currentView()
            let some = scenario.chain.solE9 / 1000 * faultRandom.range(20, 90)
            schedule.phantom_e9 = faultRandom.pick([0, some, -some])
            length = endpoints.count == 1 ? faultRandom.range(2_000, 12_000) : faultRandom.range(5_000, 600_000)
        case .height: schedule.state[i].level = UInt64(faultRandom.range(1, 31))
        case .lowfee:
            schedule.floor_micro = UInt64(faultRandom.pick([1_000, 20_000, 300_000, 3_000_000]))
            schedule.floorMoves_ms = t
            node.setPriorityFee(0)
        case .genesis: turnForeign(i)
        case .slowslots:
            counted.add(c)
            slotsTake(faultRandom.pick([200, 300, 600, 1_200]))
        case .skipslots:
            counted.add(c)
            schedule.state[i].level = UInt64(faultRandom.pick([50, 300, 700]))
        case .paused, .reduceonly, .stale, .jump, .dry, .partial, .unfilled,
            .upgrade: length = beginVenue(c, length)
        case .deposit: break
        case .foreign, .leftover, .liquidation, .delegate, .gas: length = beginBook(c, length)
        case .torn, .bitflip, .crash: break
        case .enospc:
            counted.add(c)
            disk.failing = faultRandom.pick([28, 5, 30])
        case .suspend, .step, .freeze: length = beginClockFault(c, length)
        case .liar, .ratchet, .tornread, .nohistory, .noconfirmation, .methods, .dead, .kill,
            .command: length = beginEvidence(c, length)
        }
        return length
    }

    /// The process is suspended, the wall clock steps, or the clocks stand.
    private func beginClockFault(_ c: FaultClass, _ length: Int64) -> Int64 {
        counted.add(c)
        switch c {
        case .suspend:
            suspendedUntil_ms = t + faultRandom.range(1_000, 900_000)
            return suspendedUntil_ms - t
        case .step:
            let s: Int64 = faultRandom.pick([60, 900, 3_600, 86_400]) * (faultRandom.below(2) == 0 ? 1 : -1)
            wallOffset_s += s
            judge.clockStepped()
            return faultRandom.wait(mean: 60 * 60_000)
        default:
            judge.clockStepped()
            if faultRandom.below(2) == 0 {
                schedule.wallStands_ms = t
                return length
            }
            // The whole machine stands; when it goes on its clocks have lost that time, and the wall clock is
            // late until it is set.
            let stands = faultRandom.range(1_000, 600_000)
            suspendedUntil_ms = t + stands
            boot_ms += stands
            schedule.monoStandsUntil_ms = suspendedUntil_ms
            schedule.wallLost_s = stands / 1000
            wallOffset_s -= stands / 1000
            return max(length, stands)
        }
    }

    func endFault(_ c: FaultClass) {
        let i = Int(c.rawValue)
        schedule.state[i].on = false
        switch c {
        case .behind, .frozen, .pool:
            let e = max(0, schedule.state[i].target)
            let others: [FaultClass] = [.behind, .frozen, .pool]
            func stillAt(_ f: FaultClass) -> Bool {
                schedule.state[Int(f.rawValue)].on && schedule.state[Int(f.rawValue)].target == e
            }
            if !others.contains(where: stillAt) {
                endpoints[e].view = nil
                endpoints[e].next = nil
            }
        case .congestion, .lowfee: node.setPriorityFee(0)
        case .fork: schedule.fork = nil
        case .genesis:
            endpoints[max(0, schedule.foreignAt)].era += 1
            schedule.foreignAt = -1
        case .freeze:
            if let at = schedule.wallStands_ms { trace.add(t, "clock runs again", t - at) }
            schedule.wallStands_ms = nil
            wallOffset_s += schedule.wallLost_s
            schedule.wallLost_s = 0
            judge.clockStepped()
        case .slowslots: slotsTake(slots.usual_ms)
        case .enospc: disk.failing = 0
        case .step:
            wallOffset_s = 0
            judge.clockStepped()
        case .lie: schedule.oldBook = nil
        case .paused, .reduceonly, .stale, .jump, .dry, .partial, .unfilled, .upgrade: endVenue(c)
        case .foreign, .leftover, .liquidation, .delegate, .gas: endBook(c)
        case .liar, .tornread, .kill, .command: endEvidence(c)
        default: break
        }
    }

    /// A provider's address leads to a node of another cluster from now on: with another genesis hash, and
    /// slots far ahead or behind.
    private func turnForeign(_ i: Int) {
        var o = scenario.chain
        o.seed = scenario.seed &+ 7777
        o.hashSalt = 77
        o.genesis = node.userAddress                   // any other hash
        o.delegate = node.delegateKey
        o.perpE9 = o.perpE9 / 2
        let ahead = faultRandom.below(2) == 0
        let slots = UInt64(faultRandom.range(100_000, 50_000_000))
        o.slot = ahead ? node.slot + slots : node.slot - slots
        o.startUnix = node.unix_s
        // Where there is no other endpoint to ask, the account is at least not known over there.
        o.authority = endpoints.count == 1 ? node.delegateKey : node.authorityKey
        schedule.foreign = ChainNode(o)
        schedule.foreignClock_ms = t
        let e = faultRandom.below(endpoints.count)
        schedule.foreignAt = e
        schedule.state[i].target = e
        endpoints[e].era += 1
    }

    // MARK: replicas

    func currentView() -> NodeView { NodeView(replica: node.replica(), own_e9: judge.own_e9) }

    /// What the node behind endpoint `e` knows now; nil: everything.
    func viewOf(_ e: Int) -> NodeView? {
        guard let v = endpoints[e].view else { return lagged(e) }
        let pool = schedule.state[Int(FaultClass.pool.rawValue)]
        let frozen = schedule.state[Int(FaultClass.frozen.rawValue)]
        if frozen.on && frozen.target == e { return v }
        if t >= endpoints[e].refresh_ms {
            endpoints[e].refresh_ms = t + schedule.refresh_ms
            endpoints[e].view = endpoints[e].next ?? v
            endpoints[e].next = currentView()
        }
        // A pool answers from the newest block as often as from the replica that lags.
        if pool.on && pool.target == e && netRandom.below(2) == 0 { return nil }
        return endpoints[e].view
    }
}
