// Who counts as a witness, how many of them are needed, and whose slots are believed.
import Model
import Rpc
import Testing

@Suite struct WitnessTests {
    private let minute: UInt64 = 60_000

    @Test func tenSilentMinutesCountOutAndOneBookBringsBack() {
        var w = Witness()
        for k in 0...9 as ClosedRange<UInt64> { w.failed(1 + k * minute, pause_ms: 3 * minute) }
        #expect(!w.countedOut(10 * minute, pause_ms: 3 * minute))
        w.failed(1 + 10 * minute, pause_ms: 3 * minute)
        #expect(w.countedOut(1 + 10 * minute, pause_ms: 3 * minute))
        w.showed()
        #expect(!w.countedOut(1 + 10 * minute, pause_ms: 3 * minute))
    }

    /// Looks are taken only when a correction is due: silence that was not heard is none.
    @Test func twoFailuresFarApartAreNoSilence() {
        var w = Witness()
        w.failed(1, pause_ms: 3 * minute)
        w.failed(1 + 11 * minute, pause_ms: 3 * minute)
        #expect(!w.countedOut(1 + 11 * minute, pause_ms: 3 * minute))
    }

    /// With ten minutes between two ticks: one look in vain and a long sleep are no ten minutes of silence.
    @Test func oneLookInVainIsNoSilence() {
        var w = Witness()
        w.failed(1, pause_ms: 30 * minute)
        #expect(!w.countedOut(12 * minute, pause_ms: 30 * minute))
        w.failed(12 * minute, pause_ms: 30 * minute)
        w.failed(1 + 12 * minute, pause_ms: 30 * minute)  // in the same tick
        #expect(!w.countedOut(13 * minute, pause_ms: 30 * minute), "two bad looks may be bad luck")
        w.failed(22 * minute, pause_ms: 30 * minute)
        #expect(w.countedOut(23 * minute, pause_ms: 30 * minute))
    }

    /// An order that is followed for minutes takes no looks: who was counted out before is not back by that.
    @Test func anOrderInBetweenBringsNobodyBack() {
        var w = Witness()
        for k in 0...10 as ClosedRange<UInt64> { w.failed(1 + k * minute, pause_ms: 3 * minute) }
        #expect(w.countedOut(16 * minute, pause_ms: 3 * minute))
        w.failed(16 * minute, pause_ms: 3 * minute)
        #expect(w.countedOut(17 * minute, pause_ms: 3 * minute))
        #expect(!w.countedOut(40 * minute, pause_ms: 3 * minute))
    }

    @Test func aMajorityHoldsAnHonestOne() {
        let needed = [1: 1, 2: 2, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4]
        for (n, q) in needed { #expect(Endpoints(count: n).quorum == q) }
    }

    /// Where enough of them stand by now, one of them honest, however far ahead a single one claims to be.
    @Test func theReachOfManyGoesOnWithTime() {
        var e = Endpoints(count: 3)
        #expect(e.attestedReach(now_ms: 1, slot_ms: 250) == 0)
        e.saw(1_000_000, at: 0, 1, confirmed: true)
        #expect(e.attestedReach(now_ms: 60_001, slot_ms: 250) == 0, "one alone is nobody's reach")
        e.saw(500, at: 1, 1, confirmed: true)
        #expect(e.attestedReach(now_ms: 1, slot_ms: 250) == 500)
        #expect(e.attestedReach(now_ms: 60_001, slot_ms: 250) == 740)
        #expect(e.attestedSlot == 500)
    }

    @Test func whatOneEndpointClaimsIsNoFloorForTheOthers() {
        var e = Endpoints(count: 3)
        e.saw(1_000_000, at: 0, 1, confirmed: true)
        #expect(e.attestedSlot == 0)
        e.saw(500, at: 1, 2, confirmed: true)
        e.saw(505, at: 2, 3, confirmed: true)
        #expect(e.attestedSlot == 505)
        // It stops lying: nobody looks late because of what it said before.
        e.saw(510, at: 0, 4, confirmed: true)
        #expect(e.attestedSlot == 505 && e.bestSlot == 510)
        e.saw(508, at: 1, 5, confirmed: true)
        #expect(e.lag(1, 5) == 2)
        var one = Endpoints(count: 1)
        one.saw(77, at: 0, 1, confirmed: true)
        #expect(one.attestedSlot == 77)
    }
}
