// What one node says, and what it cannot do by that.
import Engine
import EvenkeelCore
import Foundation
import Localnet
import Model
import Rpc
import Testing
import Text

@Suite struct EvidenceTests {
    static let balanced: Int64 = -10_000_000_000

    static func rules(_ change: (inout Rules) -> Void) -> Rules {
        var r = Bench.rules()
        change(&r)
        return r
    }

    /// A state file of an earlier version holds a liar's slot: the chain is believed again after a minute.
    @Test(arguments: [1, 2]) func aPoisonedStateFileHeals(_ endpoints: Int) {
        let b = Bench(endpoints: endpoints)
        b.record.pointee.max_slot_seen = 900_000_000_000
        b.start(Bench.rules(), endpoints)
        b.run(30_000)
        #expect(b.status == "error" && b.sent.isEmpty, "\(b.status) \(b.reason)")
        b.run(200_000)
        #expect(b.perp_e9 == EvidenceTests.balanced, "\(b.status) \(b.reason)")
        #expect(b.record.pointee.max_slot_seen < 900_000_000_000)
        #expect(b.logs.contains { $0.contains("is believed from now on") })
    }

    /// A slot of the state file that the nodes reach a little later is no poison: it is waited for.
    @Test func aSlotThatIsReachedSoonIsWaitedFor() {
        let b = Bench()
        b.record.pointee.max_slot_seen = b.node.slot + 40
        b.start(Bench.rules())
        b.run(120_000)
        #expect(b.perp_e9 == EvidenceTests.balanced, "\(b.status) \(b.reason)")
        #expect(!b.logs.contains { $0.contains("is believed from now on") })
    }

    /// Two URLs of one host are one witness: it is looked at twice, and the other URL adds nothing.
    @Test func twoUrlsOfOneHostAreOneWitness() {
        let names: [Text] = ["https://rpc.example/a", "https://rpc.example/b"]
        let b = Bench(rules: EvidenceTests.rules { $0.endpointNames = names }, endpoints: 2)
        b.runTick()
        #expect(b.machine.secondOpinion == .twoLooks, "\(b.status) \(b.reason)")
        #expect(b.perp_e9 == EvidenceTests.balanced)
        let other = Bench(
            rules: EvidenceTests.rules {
                $0.endpointNames = ["https://rpc.example/a", "https://other.example/b"]
            },
            endpoints: 2)
        other.runTick()
        #expect(other.machine.secondOpinion == .agreed && other.perp_e9 == EvidenceTests.balanced)
    }

    /// The node says how far it is behind: no order on its book, with one endpoint as with two.
    @Test(arguments: [1, 2]) func aNodeThatSaysItIsBehindGetsNoOrder(_ endpoints: Int) {
        let b = Bench(endpoints: endpoints)
        b.rewrite = { method, endpoint, body in
            guard method == "getHealth", endpoint == 0 else { return body }
            let id = body.matches(of: #/"id":(\d+)/#).last.map { String($0.1) } ?? "0"
            return """
                {"jsonrpc":"2.0","error":{"code":-32005,"message":"Node is behind by 200 slots",\
                "data":{"numSlotsBehind":200}},"id":\(id)}
                """
        }
        b.runTick()
        #expect(b.status == "blocked" && b.reason.contains("behind by 200 slots"), "\(b.status) \(b.reason)")
        #expect(b.sent.isEmpty && !b.effects.contains(.sign))
        b.rewrite = { $2 }
        b.run(130_000)
        #expect(b.perp_e9 == EvidenceTests.balanced, "\(b.status) \(b.reason)")
    }

    /// Paper looks twice, too: a fill on a liar's word would show a result that live could not have.
    @Test(arguments: [0, 1]) func aLiarMovesNothingOnPaper(_ liar: Int) {
        let b = Bench(
            Bench.options(perp: EvidenceTests.balanced), rules: EvidenceTests.rules { $0.mode = .paper },
            endpoints: 2)
        b.lie = (liar, 4, 2)
        b.run(200_000)
        #expect(
            b.machine.hedges[0].record(in: b.record)?.pointee.paper.base_e9 == 0, "\(b.status) \(b.reason)")
    }

    /// `no`: as with one endpoint, two looks at one node. `yes`: a dead witness is waited for, however long.
    @Test func theRuleOfTheConfigHolds() {
        let never = Bench(rules: EvidenceTests.rules { $0.secondOpinion = .never }, endpoints: 2)
        never.wire = { _, endpoint in endpoint == 1 ? .lost : nil }
        never.runTick()
        #expect(
            never.machine.secondOpinion == .twoLooks && never.perp_e9 == EvidenceTests.balanced,
            "\(never.reason)")
        let always = Bench(rules: EvidenceTests.rules { $0.secondOpinion = .always }, endpoints: 2)
        always.wire = { _, endpoint in endpoint == 1 ? .lost : nil }
        always.run(1_500_000)
        #expect(always.status == "blocked" && always.sent.isEmpty, "\(always.status) \(always.reason)")
        #expect(always.machine.opinions(.missing) > 10 && always.machine.opinions(.countedOut) == 0)
        always.wire = { _, _ in nil }
        always.run(61_000)
        #expect(always.perp_e9 == EvidenceTests.balanced, "\(always.status) \(always.reason)")
    }

    /// "Landed", at a slot that nobody will ever reach: that holds no ticket open.
    @Test(arguments: [1, 2]) func aLandingInTheFarFutureHoldsNoTicketOpen(_ endpoints: Int) {
        let b = Bench(endpoints: endpoints)
        b.rewrite = { method, endpoint, body in
            method == "getSignatureStatuses" && endpoint == 0
                ? body.replacing(#/"slot":\d+/#, with: "\"slot\":900000000000") : body
        }
        b.runTick()
        #expect(
            b.ticket == UInt8(EK_TICKET_NONE) && b.perp_e9 == EvidenceTests.balanced,
            "\(b.status) \(b.reason)")
        b.run(130_000)
        #expect(b.status == "balanced" || b.status == "cooldown", "\(b.status) \(b.reason)")
    }

    /// The block height beside the blockhash comes from another node, by whichever method it offers.
    @Test func theSecondWitnessTellsItsHeightByABlockhash() {
        let b = Bench(endpoints: 2)
        b.rewrite = { method, endpoint, body in
            method == "getEpochInfo" && endpoint == 1
                ? MachineTests.refusal(body, -32601, "Method not found") : body
        }
        b.runTick()
        #expect(b.perp_e9 == EvidenceTests.balanced, "\(b.status) \(b.reason)")
        #expect(
            !b.effects.contains(.post(endpoint: 0, method: "getEpochInfo")) || b.status == "executed_live")
    }

    /// One that claims slots far ahead, tick after tick, is no floor for the honest one, and is not written
    /// down.
    @Test func slotsThatOneNodeClaimsDoNotRatchet() {
        let b = Bench(Bench.options(perp: EvidenceTests.balanced), endpoints: 2)
        for k in 1...6 {
            b.lie = (0, UInt64(1_400 * k), 1)
            b.run(60_000)
        }
        let honest = b.node.slot
        #expect(b.record.pointee.max_slot_seen <= honest, "\(b.record.pointee.max_slot_seen) \(honest)")
        b.lie = nil
        b.start(Bench.rules(), 2)
        b.chain("{\"op\":\"set_user\",\"perp\":-9}")
        b.run(130_000)
        #expect(b.perp_e9 == EvidenceTests.balanced, "\(b.status) \(b.reason)")
    }

    /// Hides every order of a User: the first byte of each status.
    static func hideOrders(_ d: inout Data) {
        guard d.count == 4496 else { return }
        for k in 0..<32 { d[1064 + 104 * k + 86] = 0 }
    }

    /// An account on which an order of this agent rests that its state file does not know.
    static func withLeftover(_ endpoints: Int) -> Bench {
        let b = Bench(endpoints: endpoints)
        b.chain(#"{"op":"model","take_fail_permille":1000,"hold":true}"#)
        b.machine.step(.timer, b.now)
        while b.ticket != UInt8(EK_TICKET_RESTING) && b.mono_ms < 60_000 { b.run(50) }
        ek_ticket_clear(ek_record_ticket(b.record))
        b.effects = []
        b.sent = []
        b.logs = []
        b.start(Bench.rules(), endpoints)
        return b
    }

    /// One of two hides the order that rests on the account: nothing is added to it on that one's word.
    @Test(arguments: [0, 1]) func anOrderHiddenByOneNodeIsNotJoined(_ liar: Int) {
        let b = EvidenceTests.withLeftover(2)
        b.forge = (liar, EvidenceTests.hideOrders)
        b.run(15_000)
        #expect(!b.logs.contains { $0.contains("LIVE MODE") }, "\(b.logs)")
        #expect(b.sent.isEmpty && !b.effects.contains(.sign), "\(b.status) \(b.reason)")
        #expect(b.status == "blocked" || b.status == "observe_only", "\(b.status) \(b.reason)")
    }

    /// A node that shows the order's end first, truly, names a slot far ahead: the end is proven by the
    /// others, at the slots they have, and its own slot is no floor for anybody afterwards.
    @Test(arguments: [2, 3]) func aFarSlotOfTheFirstWordIsNoFloor(_ endpoints: Int) {
        let b = Bench(endpoints: endpoints)
        b.runUntilSent()
        b.lie = (0, 1_300, 1)
        b.run(130_000)
        #expect(b.status != "pending" && b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
        #expect(b.record.pointee.proof.slot <= b.node.slot, "\(b.record.pointee.proof.slot) \(b.node.slot)")
        b.lie = nil
        b.run(61_000)
        b.node.deposit(1_000_000_000)
        b.wire = { _, endpoint in endpoint == 0 && endpoints == 3 ? .lost : nil }
        b.machine.step(.command(.rebalance), b.now)
        b.run(100_000)
        #expect(b.perp_e9 == -11_000_000_000, "\(b.status) \(b.reason)")
    }

    /// An account on which an order with this agent's id rests, older than any that it leaves open.
    static func withOldOrder(_ endpoints: Int) -> Bench {
        let b = Bench(endpoints: endpoints)
        #expect(
            b.node.foreignOrder(buy: true, base: 100_000_000, price: 60_000_000, maxTs: 0, userId: 205) != nil
        )
        b.node.advance(slots: 1_600)
        b.unix_s += 640
        b.start(Bench.rules(), endpoints)
        return b
    }

    /// One of two says that the order which is cancelled is gone: the cancel is over when the other one shows
    /// it, too.
    @Test(arguments: [0, 1]) func aCancelsEndIsAttested(_ liar: Int) {
        let b = EvidenceTests.withOldOrder(2)
        b.wire = { method, _ in method == "sendTransaction" ? .lost : nil }
        while b.ticket == UInt8(EK_TICKET_NONE) && b.mono_ms < 400_000 { b.run(50) }
        #expect(ek_record_ticket(b.record).pointee.kind == UInt8(EK_KIND_CANCEL), "\(b.status) \(b.reason)")
        b.forge = (liar, EvidenceTests.hideOrders)
        b.run(100_000)
        #expect(!b.logs.contains { $0.contains("proven gone") }, "\(b.logs)")
        #expect(b.perp_e9 == -9_000_000_000 && !b.logs.contains { $0.contains("LIVE MODE") })
        b.forge = nil
        b.wire = { _, _ in nil }
        b.run(200_000)
        #expect(b.logs.contains { $0.contains("proven gone") }, "\(b.status) \(b.reason)")
    }

    /// `resume` comes while the order that closes the position is being simulated.
    @Test func anOrderBuiltForFlattenIsNotSentAfterResume() {
        let b = Bench(Bench.options(perp: EvidenceTests.balanced))
        b.runTick()
        b.machine.step(.command(.flatten), b.now)
        var resumed = false
        b.wire = { method, _ in
            guard method == "simulateTransaction", b.machine.flattening, !resumed else { return nil }
            resumed = true
            b.machine.step(.command(.resume), b.now)
            return nil
        }
        b.run(120_000)
        #expect(resumed && b.sent.isEmpty && !b.effects.contains(.sign), "\(b.status) \(b.reason)")
        #expect(b.perp_e9 == EvidenceTests.balanced && b.status == "balanced", "\(b.status) \(b.reason)")
    }

    /// At one slot the chain has one time; looks that are some slots apart may differ by more.
    @Test(arguments: [(3, true), (6, false), (20, false)]) func theClocksOfTwoLooksFit(
        _ ahead_s: UInt64, _ fits: Bool
    ) {
        let b = Bench(endpoints: 2)
        b.forge = (1, { d in if d.count == 40 { Bench.alter(&d, 32) { $0 + ahead_s } } })
        b.runTick()
        #expect(b.sent.isEmpty != fits, "\(b.status) \(b.reason)")
        b.forge = nil
        b.run(130_000)
        #expect(b.perp_e9 == EvidenceTests.balanced, "\(b.status) \(b.reason)")
    }

    /// Old prices of what the collateral is valued by: a reduction passes, and it is said once.
    @Test func aReductionPassesOldCollateralPricesWithAWarning() {
        let b = Bench(
            Bench.options(perp: -11_000_000_000), rules: EvidenceTests.rules { $0.maxOracleAge_slots = 1_000 }
        )
        b.chain(#"{"op":"oracle_lag","slots":130}"#)
        b.kill = true
        b.run(130_000)
        let gate = b.machine.gates.first { $0.gate == .collateralOracle }
        #expect(gate?.ok == true && GateTests.words(gate?.value ?? "").hasSuffix("only a reduction passes"))
        let said = b.logs.filter { $0.contains("The price that the collateral is valued by is") }
        #expect(said.count == 1, "\(said)")
        b.kill = false
        b.run(65_000)
        #expect(!b.sent.isEmpty, "\(b.status) \(b.reason)")
    }

    /// A slot that no chain gets to, with a Clock that fits and the right cluster: refused, and nothing is
    /// counted with it, also while an order is open.
    @Test(arguments: [UInt64(1) << 48, 1 << 60, UInt64.max - 500_000_000])
    func aSlotThatIsNone(_ ahead: UInt64) {
        let alone = Bench()
        alone.lie = (0, ahead, 1)
        alone.run(61_000)
        #expect(alone.status == "error" && alone.reason.contains("no slot"), "\(alone.reason)")
        let b = Bench(endpoints: 3)
        b.runUntilSent()
        b.lie = (2, ahead, 1)
        b.run(120_000)
        #expect(b.perp_e9 == -10_000_000_000 && b.status != "pending", "\(b.status) \(b.reason)")
    }

    /// Hides the order's entry and shows a position that this order alone cannot have made.
    static func unclear(_ d: inout Data) {
        hideOrders(&d)
        if d.count == 4496 { Bench.alter(&d, 424 + 8) { $0 &- 50_000_000_000 } }
    }

    /// What a part filled cannot be told by the account that one node shows: that is no end before others
    /// show it, too. By an honest one it can be told.
    @Test(arguments: [2, 3]) func anUnclearEndIsAttested(_ endpoints: Int) {
        let b = Bench(endpoints: endpoints)
        b.chain(#"{"op":"model","liquidity":4}"#)
        b.chain(#"{"op":"set_user","perp":0}"#)
        b.runUntilSent()
        #expect(
            ek_record_ticket(b.record).pointee.kind == UInt8(EK_KIND_TAKE_PART), "\(b.status) \(b.reason)")
        for e in 0..<endpoints { b.forge = (e, EvidenceTests.unclear); b.run(1_000) }
        #expect(!b.logs.contains { $0.contains("cannot be told for certain") }, "\(b.logs)")
        b.forge = nil
        b.run(100_000)
        #expect(b.ticket == UInt8(EK_TICKET_NONE) && b.corrections > 0, "\(b.status) \(b.reason)")
        #expect(!b.logs.contains { $0.contains("cannot be told for certain") }, "\(b.logs)")
    }

    /// A new process finds an open ticket, and the first node that it asks names a slot far ahead: the others
    /// are heard at the slots that they have.
    @Test func aFarSlotIsNoFloorForAFreshProcess() {
        let b = Bench(endpoints: 3)
        b.runUntilSent()
        b.lie = (0, 1_400, 1)
        b.start(Bench.rules(), 3)
        b.run(100_000)
        #expect(b.ticket == UInt8(EK_TICKET_NONE) && b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
        #expect(b.record.pointee.proof.slot <= b.node.slot, "\(b.record.pointee.proof.slot) \(b.node.slot)")
        #expect(b.record.pointee.max_slot_seen <= b.node.slot)
    }

    /// A cancel is made without a second look, of a book whose slot nobody has borne out: it is given up in
    /// time all the same.
    @Test func aFarSlotHoldsNoCancelOpen() {
        let b = EvidenceTests.withOldOrder(3)
        b.lie = (0, 1_400, 1)
        b.wire = { method, _ in method == "sendTransaction" ? .lost : nil }
        while b.ticket == UInt8(EK_TICKET_NONE) && b.mono_ms < 400_000 { b.run(50) }
        let t: ek_ticket = ek_record_ticket(b.record).pointee
        #expect(t.kind == UInt8(EK_KIND_CANCEL), "\(b.status) \(b.reason)")
        #expect(t.book_slot <= b.node.slot, "\(t.book_slot) \(b.node.slot)")
        b.lie = nil
        let before = b.logs.count
        b.run(150_000)
        let said = b.logs[before...]
        #expect(said.contains { $0.contains("the cancel did not land") }, "\(b.status) \(b.reason)")
    }

    /// Old prices that one node shows as just posted: the gate of their age is not opened by that one. The
    /// venue refuses no take for an age that only the operator does not want.
    @Test(arguments: [0, 1]) func onePostingTimeOpensNoGate(_ liar: Int) {
        let b = Bench(endpoints: 2)
        b.chain(#"{"op":"oracle_lag","slots":60}"#)
        b.forge = (liar, { d in if d.count == 48 { Bench.alter(&d, 24) { $0 + 60 } } })
        b.run(200_000)
        #expect(b.sent.isEmpty && !b.effects.contains(.sign), "\(b.status) \(b.reason)")
        b.forge = nil
        b.chain(#"{"op":"oracle_lag","slots":0}"#)
        b.run(130_000)
        #expect(b.perp_e9 == EvidenceTests.balanced, "\(b.status) \(b.reason)")
    }
}
