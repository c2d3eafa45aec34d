// The faults of the evidence do what they say: liars stay within their bound and hold together, the others
// stay within earshot, and the judge accuses what it is there for.
import EvenkeelCore
import Localnet
import Model
import Testing
import Text
@testable import Engine
@testable import Simulator

@Suite struct EvidenceFaultTests {
    private let all = FaultClass.liar.bit | FaultClass.tornread.bit | FaultClass.ratchet.bit

    private func simulation(_ seed: UInt64, _ faults: UInt64) -> Simulation {
        Simulation(seed: seed, faults: faults, days: 1, verbose: false)
    }

    @Test func liarsAreFewEnoughAndTheOthersAreHeardFirst() {
        var plots = 0, kinds: Set<UInt8> = []
        for seed in 1...120 as ClosedRange<UInt64> {
            let s = simulation(seed, all), n = s.endpoints.count
            #expect(n >= 2 && n <= 5 && s.endpoints.allSatisfy { $0.lag_slots <= 12 })
            let length = s.beginLiars()
            let liars = s.schedule.liars.cast.compactMap { $0 }
            #expect(liars.count >= 1 && liars.count <= max(1, (n - 1) / 2))
            #expect(liars.allSatisfy { abs($0.forgery.slotBy) <= 12 })
            #expect(s.schedule.liars.from_ms >= 20 * 60_000 && length > s.schedule.liars.from_ms)
            s.schedule.state[Int(FaultClass.liar.rawValue)].on = true
            #expect((0..<n).allSatisfy { !s.lies($0) })
            s.t = s.schedule.liars.from_ms
            #expect((0..<n).filter { s.lies($0) }.count == liars.count)
            if liars.count == 2 && liars[0].forgery.slotBy == liars[1].forgery.slotBy { plots += 1 }
            for l in liars { kinds.insert(l.kind.rawValue) }
        }
        #expect(plots > 0 && kinds.count == Liar.Kind.allCases.count)
    }

    @Test func aRatchetIsFurtherAheadWithEveryBook() {
        let s = simulation(1, all)
        _ = s.beginLiars()
        let e = s.schedule.liars.cast.firstIndex { $0 != nil } ?? 0
        s.schedule.liars.cast[e]?.kind = .ratchet
        s.schedule.liars.cast[e]?.forgery = Forgery()
        s.endpoints[e].lag_slots = 0
        var m = NodeManners()
        let one = s.forgedWorld(e, true, &m).slot, two = s.forgedWorld(e, true, &m).slot
        let same = s.forgedWorld(e, false, &m).slot
        #expect(one == s.node.slot + 1_400 && two == one + 1_400 && same == two)
    }

    @Test func anAnswerIsTornOnceInAMinute() {
        let s = simulation(1, all)
        let i = Int(FaultClass.tornread.rawValue)
        _ = s.beginEvidence(.tornread, 1)
        s.schedule.state[i].on = true
        s.schedule.state[i].level = 1_000
        let e = s.schedule.state[i].target
        var view: Replica? = nil
        let first = s.tear(e, &view)
        let book = s.node.truth(view), now = s.node.truth()
        #expect(first && (book.spot_e9 != now.spot_e9) != (book.wallet != now.wallet))
        s.t += 59_999
        let second = s.tear(e, &view)
        s.t += 1
        let third = s.tear(e, &view)
        #expect(!second && third)
    }

    @Test func aNodeThatLagsShowsTheSlotItIsAt() {
        let s = simulation(1, all)
        s.endpoints[0].lag_slots = 5
        let first = s.node.slot
        s.keepSlot()
        s.node.deposit(1_000_000_000)
        s.node.jump(slots: 20)
        #expect(s.lagged(0)?.replica.slot == first + 15)
        #expect(s.node.truth(s.lagged(0)?.replica).spot_e9 < s.node.truth().spot_e9)
        s.keepSlot()
        s.node.jump(slots: 5)
        #expect(s.node.truth(s.lagged(0)?.replica).spot_e9 == s.node.truth().spot_e9)
    }

    @Test func waysOfNodesAreOfTheirEndpointAlone() {
        let s = simulation(1, all)
        for c in [FaultClass.nohistory, .noconfirmation, .methods, .dead] {
            s.schedule.state[Int(c.rawValue)].on = true
            s.schedule.state[Int(c.rawValue)].target = 1
        }
        s.schedule.refused = "getEpochInfo"
        let here = s.mannersOf(1, .status), there = s.mannersOf(0, .status)
        #expect(!here.keepsHistory && !here.saysConfirmation && here.refused.count == 1 && s.isDead(1))
        #expect(there.keepsHistory && there.saysConfirmation && there.refused.isEmpty && !s.isDead(0))
    }

    // MARK: the judge

    private func seen(_ s: Simulation, lied: Bool = false, at ms: Int64 = 0) -> Seen {
        var x = Seen()
        x.served = Served(whole: true, truth: s.node.truth(), replica: s.node.replica(), lied: lied)
        x.at_ms = ms
        return x
    }

    @Test func onlyAFreshHonestBookBearsAnOrderOut() {
        let s = simulation(1, 0), j = s.judge
        #expect(j.grounds(0).books.isEmpty)
        j.shown(seen(s, lied: true))
        #expect(j.grounds(0).books.isEmpty)
        j.shown(seen(s))
        #expect(j.grounds(60_000).books.count == 1 && j.grounds(60_001).books.isEmpty)
        j.own_e9 = 1                                  // a fill of its own that the book does not show
        #expect(j.grounds(0).books.isEmpty)
    }

    @Test func oneNodeThatIsAheadMakesNoOtherBookOld() {
        var seed: UInt64 = 1
        while simulation(seed, all).endpoints.count != 3 { seed += 1 }
        let s = simulation(seed, all), j = s.judge
        func show(_ e: Int, _ ahead: UInt64, asked: Int64) {
            var x = seen(s, at: asked)
            x.endpoint = e
            x.asked_ms = asked
            x.served.truth.slot += ahead
            j.shown(x)
        }
        show(0, 100, asked: 1)
        show(1, 0, asked: 2)
        #expect(j.grounds(3).books.count == 2)
        show(2, 50, asked: 3)
        show(1, 0, asked: 4)
        // Two have shown 50; the later read is old.
        #expect(j.grounds(5).books.filter { $0.endpoint == 1 }.count == 1)
    }

    @Test func nothingIsSignedAgainstTheOperatorsWishes() {
        let j = simulation(1, 0).judge
        #expect(j.forbidden == nil)
        for (say, take) in [(Command.pause, Command.resume), (.paper, .live)] {
            j.commanded(say)
            #expect(j.forbidden != nil)
            j.commanded(take)
            #expect(j.forbidden == nil)
        }
        j.commanded(.flatten)
        #expect(j.forbidden == nil && j.wish.closing)
        j.stored(generation: 9)
        j.restarted(0)
        #expect(j.forbidden != nil)                // the pause is kept over a restart, the closing is not
        j.killed = true
        j.commanded(.resume)
        #expect(j.forbidden != nil)
    }
}
