// The venue and the chain change under the machine: its program, an account's layout, the length of slots, a
// chain that stands still.
import EvenkeelCore
import Foundation
import Localnet
import Model
import Testing

@testable import Engine

struct VenueChangeTests {
    private static func simulations(_ b: Bench) -> Int {
        b.effects.filter { $0 == .post(endpoint: 0, method: "simulateTransaction") }.count
    }

    /// The order itself with a size of zero, once a process; then it is known.
    @Test func theProbeIsAskedOnce() {
        let b = Bench(Bench.options(perp: -10_000_000_000))
        b.runTick()
        b.run(125_000)
        #expect(b.status == "balanced" && VenueChangeTests.simulations(b) == 1 && b.sent.isEmpty)
        #expect(!b.effects.contains(.sign) && b.machine.venueAlive && b.machine.venueChange == nil)
    }

    /// In the middle of a run: the order's own simulation finds it, nothing counts as a failure, and the
    /// venue is asked in every tick until it is back.
    @Test func anUpgradeInMidRunIsObserved() {
        var rules = Bench.rules()
        rules.hedges[0].cooldown_s = 0
        let b = Bench(rules: rules)
        b.runTick()
        #expect(b.status == "executed_live")
        b.node.setUpgrade(.program)
        b.node.deposit(1_000_000_000)
        for _ in 0..<4 {
            b.run(61_000)
            #expect(b.status == "observe_only" && b.reason.contains("upgraded"), "\(b.status) \(b.reason)")
        }
        #expect(b.machine.venueChange != nil && b.record.pointee.failures_in_row == 0)
        let sent = b.sent.count
        b.node.setUpgrade(.off)
        b.run(65_000)
        #expect(b.perp_e9 == -11_000_000_000 && b.machine.venueChange == nil && b.sent.count > sent)
        #expect(b.logs.filter { $0.contains("update evenkeel") }.count == 1, "said once")
    }

    /// Of two nodes one says that the program is gone: the other one is asked.
    @Test func oneNodesWordDoesNotCloseTheVenue() {
        let b = Bench(endpoints: 2)
        b.rewrite = { method, endpoint, body in
            guard method == "simulateTransaction", endpoint == 0 else { return body }
            return body.replacing(#/"err":(null|\{[^\[]*\[[^\]]*\]\})/#) { _ in
                "\"err\":{\"InstructionError\":[0,{\"Custom\":101}]}"
            }
        }
        b.runTick()
        b.run(61_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// Codes that only newer programs have, a code of nobody's, and no refusal at all prove no known program.
    @Test(arguments: [6404, 6382, 7777, 102, 3003, 0]) func otherAnswersToTheProbeAreNoLife(code: Int) {
        let b = Bench()
        b.rewrite = { method, _, body in
            guard method == "simulateTransaction" else { return body }
            let error = code == 0 ? "null" : "{\"InstructionError\":[0,{\"Custom\":\(code)}]}"
            return body.replacing(#/"err":(null|\{[^\[]*\[[^\]]*\]\})/#) { _ in "\"err\":\(error)" }
        }
        b.runTick()
        b.run(61_000)
        #expect(b.status == "observe_only" && b.sent.isEmpty && !b.machine.venueAlive,
                "\(b.status) \(b.reason)")
        #expect(b.reason.contains("update evenkeel") && b.record.pointee.failures_in_row == 0)
    }

    /// An order in flight while the account takes the announced layout: its end is not told from that.
    @Test func anOrderInFlightOutlivesTheLayout() {
        let b = Bench()
        b.wire = { method, _ in method == "sendTransaction" ? .swallowed : nil }
        b.rewriteStatus = { _, _, _ in #"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"# }
        b.machine.step(.timer, b.now)
        for _ in 0..<400 where b.ticket == UInt8(EK_TICKET_NONE) { b.run(50) }
        b.node.setUpgrade(.layout)
        b.run(200_000)
        #expect(b.ticket != UInt8(EK_TICKET_NONE) && b.status == "pending", "\(b.status) \(b.reason)")
        b.node.setUpgrade(.off)
        b.run(30_000)
        #expect(b.status == "executed_live" && b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    @Test(arguments: [100, 250, 400, 500] as [UInt64]) func slotsAreMeasured(slot_ms: UInt64) {
        let b = Bench(Bench.options(perp: -10_000_000_000))
        b.slot_ms = slot_ms
        #expect(b.machine.slotLength_ms == 400, "nominal before it is measured")
        b.run(200_000)
        let measured_ms = b.machine.slotLength_ms
        #expect(measured_ms >= slot_ms * 19 / 20 && measured_ms <= slot_ms * 21 / 20,
                "\(b.machine.slotLength_ms)")
        #expect(b.machine.rules.maxOracleAge_slots == 10_000 / b.machine.slotLength_ms)
        #expect(b.machine.rules.maxSlotLag == 8_000 / b.machine.slotLength_ms)
        // The chain changes its pace: half of the last samples, and it is known.
        b.slot_ms = 150
        b.run(300_000)
        #expect(b.machine.slotLength_ms >= 143 && b.machine.slotLength_ms <= 158,
                "\(b.machine.slotLength_ms)")
    }

    /// A new process goes on with what the one before has measured: else a cooldown that goes by slots would
    /// be shorter after every restart of a chain that is faster than the nominal one.
    @Test func theMeasureOutlivesTheProcess() {
        let b = Bench(Bench.options(perp: -10_000_000_000))
        b.slot_ms = 150
        b.run(200_000)
        b.start(Bench.rules())
        #expect(b.machine.slotMeasured_us == nil)
        #expect(b.machine.slotLength_ms >= 143 && b.machine.slotLength_ms <= 158,
                "\(b.machine.slotLength_ms)")
        #expect(b.machine.rules.maxSlotLag == 8_000 / b.machine.slotLength_ms)
    }

    /// The venue's limit of an oracle's age is in units of 400 ms, once State says how long it takes a slot
    /// to be.
    @Test(arguments: [(0, "120 slots"), (400, "120 slots"), (250, "192 slots"), (200, "240 slots")])
    func staleIsCountedInTheVenuesUnits(slot_ms: Int, limit: String) {
        let b = Bench(Bench.options(perp: -10_000_000_000))
        let bytes = String(format: "%02x%02x", slot_ms & 255, slot_ms >> 8)
        let state = "2etx5NvPNxeMZ7EfHE6GjJfW2imRYEUANehNS1WB4CVW"
        b.chain("{\"op\":\"poke\",\"pubkey\":\"\(state)\",\"offset\":1506,\"hex\":\"\(bytes)\"}")
        b.runTick()
        let gate = b.machine.gates.first { $0.gate == .collateralOracle }
        #expect(gate.map { String(decoding: $0.limit.bytes, as: UTF8.self) } == limit)
        // Before a slot was measured, the venue's word is better than the nominal length.
        #expect(b.machine.slotLength_ms == (slot_ms == 0 ? 400 : UInt64(slot_ms)))
    }

    /// A slot key in the config wins over the time.
    @Test func aLimitInSlotsWins() {
        var rules = Bench.rules()
        rules.maxOracleAge_slots = 7
        rules.slot_ms = 100
        #expect(rules.maxOracleAge_slots == 7 && rules.maxSlotLag == 80)
    }

    /// `confirmed` stands still for minutes while the cluster is upgraded: only observed, and afterwards
    /// nothing goes out before new books of both witnesses.
    @Test func aChainThatStandsForMinutesIsObserved() {
        let b = Bench(Bench.options(perp: -10_000_000_000), endpoints: 2)
        b.runTick()
        b.run(61_000)
        #expect(b.status == "balanced")
        let still = b.node.replica()
        b.frozen = (0, still)
        var both = true
        b.wire = { _, endpoint in both && endpoint == 1 ? .lost : nil }
        b.node.deposit(1_000_000_000)
        b.run(240_000)
        #expect(b.status == "observe_only" && b.reason.contains("no new slot"), "\(b.status) \(b.reason)")
        #expect(b.sent.isEmpty)
        b.frozen = nil
        both = false
        b.run(70_000)
        #expect(b.perp_e9 == -11_000_000_000, "\(b.status) \(b.reason)")
        #expect(b.machine.secondOpinion == .agreed)
    }
}
