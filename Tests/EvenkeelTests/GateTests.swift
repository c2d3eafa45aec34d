import Agent
import Chain
import EvenkeelCore
import Foundation
import Kit
import Testing

/// No closed gate ever yields an order: each is forced closed alone, over a drift that would be corrected at once.
@Suite struct GateTests {
    struct Closed: @unchecked Sendable {
        var gate: GateName
        var rules: @Sendable (inout Rules) -> Void = { _ in }
        var chain: [String] = []
    }

    static let all: [Closed] = [
        Closed(gate: .leverage, rules: { $0.hedges[0].maxLeverage_e4 = 1_000 }),
        Closed(gate: .health, rules: { $0.minHealth_bp = 10_000 }),
        Closed(gate: .freeCollateral, chain: [#"{"op":"set_user","usdt":-540}"#]),
        Closed(gate: .equityFloor, rules: { $0.equityFloor_e6 = 1_000_000_000_000_000 }),
        Closed(gate: .equityFloor, chain: [#"{"op":"set_user","equity_floor":1000000}"#]),
        Closed(gate: .oracleAge, chain: [#"{"op":"oracle_lag","slots":100}"#]),
        Closed(gate: .oracleConfidence, chain: [#"{"op":"set_price","price":76.34,"conf":5}"#]),
        Closed(gate: .exchange, chain: [#"{"op":"market","exchange_status":8}"#]),
        Closed(gate: .exchange, chain: [#"{"op":"market","exchange_status":114}"#]),
        Closed(gate: .market, chain: [#"{"op":"market","perp_status":2}"#]),
        Closed(gate: .market, chain: [#"{"op":"market","perp_paused":4}"#]),
        Closed(gate: .market, chain: [#"{"op":"market","perp_paused":128}"#]),
        Closed(gate: .user, chain: [#"{"op":"set_user","status":4}"#]),
        Closed(gate: .user, chain: [#"{"op":"set_user","status":1}"#]),
        Closed(gate: .user, chain: [#"{"op":"set_user","status":64}"#]),
        Closed(gate: .cluster, rules: { $0.genesis = ek_key() }),
        Closed(gate: .latency, rules: { $0.maxLatency_ms = 0 }),
        Closed(gate: .gasReserve, rules: { $0.gasReserve_lamports = 1_000_000_000_000_000 }),
        Closed(gate: .tradesToday, rules: { $0.hedges[0].maxTradesPerDay = 0 }),
        Closed(gate: .notionalToday, rules: { $0.maxNotionalDay_e6 = 1_000_000 }),
        Closed(gate: .cost, rules: { $0.maxCost_ppm = 1 }),
    ]

    @Test(arguments: all.indices) func aClosedGateYieldsNoOrder(_ i: Int) {
        let c = GateTests.all[i]
        var rules = Bench.rules()
        c.rules(&rules)
        let b = Bench(Bench.options(), rules: rules)
        for op in c.chain { b.chain(op) }
        b.runTick()
        b.run(180_000)
        let gate = b.machine.report.gates.first { $0.gate == c.gate }
        #expect(gate?.ok == false, "\(c.gate) \(b.status): \(b.reason)")
        #expect(["blocked", "observe_only"].contains(b.status), "\(c.gate) \(b.status): \(b.reason)")
        #expect(b.sent.isEmpty && !b.effects.contains(.sign) && b.perp_e9 == -9_000_000_000)
    }

    @Test func theBreakerAndTheKillSwitchHoldToo() {
        let broken = Bench()
        broken.record.pointee.breaker_open = 1
        broken.runTick()
        #expect(broken.status == "observe_only" && broken.sent.isEmpty)
        #expect(broken.machine.report.gates.contains { $0.gate == .breaker && !$0.ok })
        let killed = Bench()
        killed.kill = true
        killed.runTick()
        #expect(killed.status == "blocked" && killed.sent.isEmpty)
    }

    @Test func everyGateIsShownAtEveryDecision() {
        let b = Bench()
        b.runTick()
        b.run(60_000)
        var shown = Set(b.machine.report.gates.map { $0.gate })
        shown.insert(.openInterest)                 // only where the market has a cap
        #expect(shown == Set(GateName.allCases), "\(Set(GateName.allCases).subtracting(shown))")
    }

    /// The vault's parts add up to the equity after every tick, and a correction is kept.
    @Test func theVaultAddsUp() {
        let b = Bench()
        b.runTick()
        b.chain(#"{"op":"set_price","price":77.5}"#)
        b.run(300_000)
        let v = b.record.pointee.vault
        #expect(v.known == 1 && v.book.equity_e6 > 0)
        #expect(b.samples.count >= 5 && b.corrections == 1 && b.flushes >= 1)
        for s in b.samples {
            let rest = s.equity_e6 - s.flows_e6 - s.funding_e6 - s.fees_e6 - s.basis_e6 - s.delta_e6
            #expect(abs(rest) < 10_000, "other is a matter of cents: \(rest)")
        }
        #expect(v.fees_e6 < 0)
    }
}
