// How long a slot lasts, by what nodes show.
import Testing

@testable import Rpc

struct SlotPaceTests {
    /// `minutes` of one book a minute, of a node whose slots take so long.
    private static func watch(_ e: Endpoint, slot_ms: UInt64, minutes: UInt64, from_ms: UInt64 = 1_000) {
        for m in 0...minutes {
            e.showed(1_000_000 + m * 60_000 / slot_ms, chain_s: Int64(60 * m), from_ms + m * 60_000)
        }
    }

    @Test func theMiddleNodeCounts() {
        let all = Endpoints(count: 3)
        #expect(all.slot_us(301_000) == nil)
        SlotPaceTests.watch(all.all[0], slot_ms: 50, minutes: 5)
        SlotPaceTests.watch(all.all[1], slot_ms: 250, minutes: 5)
        SlotPaceTests.watch(all.all[2], slot_ms: 250, minutes: 5)
        #expect(all.slot_us(301_000) == 250_000)
        all.all[1].foreign = true
        #expect(all.slot_us(301_000) == 250_000, "of two the longer one: limits of time are then fewer slots")
    }

    /// A pause of the chain, a jump of its slots, a machine that slept: one wrong sample moves nothing.
    @Test func oneWrongSampleMovesNothing() {
        var p = SlotPace()
        func saw(_ slot: UInt64, _ ms: UInt64) { p.saw(slot, chain_s: Int64(ms / 1_000), ms) }
        var (slot, ms): (UInt64, UInt64) = (500, 0)
        for k in 0..<6 {
            saw(slot, ms)
            ms += 60_000
            slot += k == 3 ? 2_000 : 240
        }
        #expect(p.measured_us(ms) == 250_000)
        saw(slot, ms)  // no slot in a minute
        saw(slot, ms + 60_000)
        #expect(p.measured_us(ms) == 250_000)
        saw(slot + 100_000, ms + 61_000_000)  // away for hours
        saw(slot + 100_240, ms + 61_060_000)
        #expect(p.measured_us(ms + 61_060_000) == 250_000)
    }

    /// The machine's clock stood for four of ten minutes, and no other sample is there to outvote it: the
    /// chain's own clock tells.
    @Test func aMachineThatSleptMeasuresNothing() {
        var p = SlotPace()
        p.saw(1_000, chain_s: 0, 1_000)
        p.saw(3_400, chain_s: 600, 361_000)
        #expect(p.measured_us(361_000) == nil)
        p.saw(3_400 + 2_400, chain_s: 1_200, 961_000)
        #expect(p.measured_us(961_000) == 250_000)
        p.saw(5_800 + 240, chain_s: 1_200 - 86_400, 1_021_000)  // nonsense is no measure
        p.saw(6_040 + 240, chain_s: Int64.max, 1_081_000)
        p.saw(6_280 + 240, chain_s: Int64.min, 1_141_000)
        #expect(p.measured_us(1_141_000) == 250_000)
    }

    @Test func tooShortATimeSaysNothing() {
        var p = SlotPace()
        for k: UInt64 in 0..<50 { p.saw(100 + k * 4, chain_s: Int64(k), k * 1_000) }
        #expect(p.measured_us(60_000) == nil)
        p.saw(100 + 240, chain_s: 60, 60_000)
        #expect(p.measured_us(60_000) == 250_000)
    }

    /// The chain's slots took 500 ms, now they take 250: a node that was not asked since says nothing of now.
    @Test func whatOnceWasCountsNoMore() {
        let all = Endpoints(count: 2)
        SlotPaceTests.watch(all.all[0], slot_ms: 500, minutes: 5)
        SlotPaceTests.watch(all.all[1], slot_ms: 500, minutes: 5)
        SlotPaceTests.watch(all.all[1], slot_ms: 250, minutes: 40, from_ms: 400_000)
        #expect(all.slot_us(400_000 + 20 * 60_000) == 500_000)
        #expect(all.slot_us(400_000 + 40 * 60_000) == 250_000)
        #expect(all.slot_us(400_000 + 90 * 60_000) == nil)
    }
}
