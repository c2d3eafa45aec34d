import Decide
import EvenkeelCore
import Foundation
import Localnet
import Model
import Rpc
import Testing
import Text

/// No closed gate ever yields an order: each is forced closed alone,
/// over a drift that would be corrected at once.
@Suite struct GateTests {
    /// One way of closing one gate. `act` runs before the tick,
    /// on a bench that has the rules and has done the chain's operations.
    struct Closed: @unchecked Sendable {
        var gate: GateName
        var rules: @Sendable (inout Rules) -> Void = { _ in }
        var chain: [String] = []
        var endpoints = 1
        var act: @Sendable (Bench) -> Void = { _ in }
        /// Gates that the same thing closes as well.
        var also: Set<GateName> = []
    }

    /// Addresses do not depend on what a bench is given: those of the first one are everybody's.
    struct Addresses: @unchecked Sendable {
        var perp = Text()
        var spot = Text()
        var oracle = Text()
    }
    static let at: Addresses = {
        let b = Bench()
        b.runTick()
        var a = Addresses()
        if let m = ek_book_perp(b.machine.book, 0) {
            a.perp.put(key: m.pointee.address)
            a.oracle.put(key: m.pointee.oracle)
        }
        if let m = ek_book_spot(b.machine.book, 1) { a.spot.put(key: m.pointee.address) }
        return a
    }()

    /// Writes bytes into an account of the chain.
    static func poke(_ key: Text, _ offset: Int, _ bytes: [UInt8]) -> String {
        let hex = bytes.map { String(format: "%02x", $0) }.joined()
        return #"{"op":"poke","pubkey":"\#(words(key))","offset":\#(offset),"hex":"\#(hex)"}"#
    }
    static func words(_ t: Text) -> String { String(decoding: t.bytes, as: UTF8.self) }
    static func bytes<T>(_ v: T) -> [UInt8] { withUnsafeBytes(of: v) { Array($0) } }

    static let all: [Closed] = [
        Closed(gate: .leverage, rules: { $0.hedges[0].maxLeverage_e4 = 1_000 }),
        Closed(gate: .health, rules: { $0.minHealth_bp = 10_000 }),
        Closed(gate: .freeCollateral, chain: [#"{"op":"set_user","usdt":-540}"#], also: [.leverage, .health]),
        Closed(gate: .equityFloor, rules: { $0.equityFloor_e6 = 1_000_000_000_000_000 }),
        Closed(gate: .equityFloor, chain: [#"{"op":"set_user","equity_floor":1000000}"#]),
        Closed(gate: .oracleAge, chain: [#"{"op":"oracle_lag","slots":100}"#]),
        Closed(gate: .collateralOracle, rules: { $0.maxOracleAge_slots = 1_000 },
               chain: [#"{"op":"oracle_lag","slots":130}"#]),
        Closed(gate: .oracleDivergence, rules: { $0.maxOracleDivergence_ppm = 100 },
               chain: [#"{"op":"set_price","price":76.6}"#]),
        // The spot market is given an oracle of its own that says five percent more.
        Closed(gate: .oracleTwins, act: { b in
            var old = Text()
            let params = #"["\#(words(at.oracle))",{"encoding":"base64"}]"#
            b.rpc(#"{"jsonrpc":"2.0","id":1,"method":"getAccountInfo","params":\#(params)}"#, &old)
            let strings = words(old).split(separator: "\"").map { String($0) }
            let encoded = strings.first { $0.count > 40 && Data(base64Encoded: $0) != nil }
            var data = Data(base64Encoded: encoded ?? "") ?? Data()
            guard data.count == 48 else { return }
            let price = data.subdata(in: 8..<16).withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
            data.replaceSubrange(8..<16, with: bytes(price + price / 20))
            var twin = ek_key()
            withUnsafeMutableBytes(of: &twin) { for i in 0..<32 { $0[i] = 7 } }
            var name = Text()
            name.put(key: twin)
            let changed = data.base64EncodedString()
            b.chain(#"{"op":"set_account","pubkey":"\#(words(name))","data":"\#(changed)"}"#)
            b.chain(poke(at.spot, 40, bytes(twin)))
        }),
        Closed(gate: .oracleConfidence, chain: [#"{"op":"set_price","price":76.34,"conf":5}"#]),
        Closed(gate: .exchange, chain: [#"{"op":"market","exchange_status":8}"#]),
        Closed(gate: .exchange, chain: [#"{"op":"market","exchange_status":114}"#]),
        Closed(gate: .market, chain: [#"{"op":"market","perp_status":2}"#]),
        Closed(gate: .market, chain: [#"{"op":"market","perp_paused":4}"#]),
        Closed(gate: .market, chain: [#"{"op":"market","perp_paused":128}"#]),
        Closed(gate: .user, chain: [#"{"op":"set_user","status":4}"#]),
        Closed(gate: .user, chain: [#"{"op":"set_user","status":2}"#], also: [.health]),
        Closed(gate: .user, chain: [#"{"op":"set_user","status":64}"#]),
        Closed(gate: .cluster, rules: { $0.genesis = ek_key() }),
        Closed(gate: .latency, rules: { $0.maxLatency_ms = 0 }),
        // One answer in ten takes three seconds: the smoothed latency stays under the two that are allowed.
        Closed(gate: .latencyP95, rules: { $0.interval_ms = 10_000 },
               chain: [#"{"op":"set_user","perp":-10}"#], act: { b in
            var n = 0
            b.latency = { _, _ in n += 1; return n % 10 == 0 ? 3_000_000 : 1_000 }
            while n < 31 { b.run(10_000) }
            b.chain(#"{"op":"set_user","perp":-9}"#)
        }),
        // The first endpoint stands still; the second one's book is sixty slots ahead, and then it is gone.
        Closed(gate: .slotLag, endpoints: 2, act: { b in
            var stood = ""
            var (asked, named) = (false, false)
            b.wire = { method, endpoint in
                guard method == "getMultipleAccounts" && endpoint == 1 else { return nil }
                if asked { return .lost }
                if !named {  // whether it names the market as the first one does
                    named = true
                    return nil
                }
                asked = true
                b.node.advance(slots: 60)
                return nil
            }
            b.rewrite = { method, endpoint, body in
                guard method == "getMultipleAccounts" && endpoint == 0 else { return body }
                if !asked { stood = body }
                return asked ? renumbered(stood, like: body) : body
            }
        }),
        // The chain stands still while a hand holds the order back;
        // a process of one tick knows it by the record of the one before.
        Closed(gate: .chainMoves, act: { b in
            b.kill = true
            b.runTick()
            b.kill = false
            b.chain(#"{"op":"freeze"}"#)
            b.run(50_000)
        }),
        Closed(gate: .chainMoves, act: { b in
            b.kill = true
            b.runTick()
            b.kill = false
            b.chain(#"{"op":"freeze"}"#)
            b.record.pointee.max_slot_seen = b.machine.book.pointee.slot
            b.unix_s += 21
            b.start(Bench.rules())
        }),
        // The second endpoint does not answer; with one alone nothing is built.
        Closed(gate: .secondOpinion, endpoints: 2, act: { b in
            b.wire = { method, endpoint in method == "getMultipleAccounts" && endpoint == 1 ? .lost : nil }
        }),
        // This machine's clock is behind: the signer would let no order end by the chain's.
        Closed(gate: .clock, act: { b in
            b.unix_s -= 200
            b.runTick()
        }),
        // The signer's hour is used up; it is not asked again before that hour is over.
        Closed(gate: .signerLimit, act: { b in
            b.refusal = .limit(Text("max_orders_per_hour is used up"), until_s: b.unix_s + 3_000)
            b.runTick()
        }),
        Closed(gate: .blockhashAge, act: { b in
            b.rewrite = { method, _, body in
                guard method == "getLatestBlockhash", let from = body.range(of: #""slot":"#) else {
                    return body
                }
                let number = body[from.upperBound...].prefix { $0.isNumber }
                let older = String((UInt64(number) ?? 0) - 51)
                return body.replacingCharacters(in: from.upperBound..<number.endIndex, with: older)
            }
        }),
        Closed(gate: .gasReserve, rules: { $0.gasReserve_lamports = 1_000_000_000_000_000 }),
        Closed(gate: .tradesToday, rules: { $0.hedges[0].maxTradesPerDay = 0 }),
        Closed(gate: .notionalToday, rules: { $0.maxNotionalDay_e6 = 1_000_000 }),
        // An order rests, and the state file that knows of it is lost.
        Closed(gate: .ownOrder, chain: [#"{"op":"model","take_fail_permille":1000,"hold":true}"#], act: { b in
            b.machine.step(.timer, b.now)
            while b.ticket != UInt8(EK_TICKET_RESTING) && b.mono_ms < 60_000 { b.run(50) }
            ek_ticket_clear(ek_record_ticket(b.record))
            b.start(Bench.rules())
        }),
        Closed(gate: .openInterest, act: { b in
            b.chain(poke(at.perp, 152, bytes(UInt64(1_000_000_000)) + bytes(UInt64(0))))
        }),
        Closed(gate: .breaker, act: { $0.record.pointee.breaker_open = 1 }),
        Closed(gate: .killSwitch, act: { $0.kill = true }),
        Closed(gate: .cost, rules: { $0.maxCost_ppm = 1 }),
    ]

    static func renumbered(_ old: String, like new: String) -> String {
        func id(_ s: String) -> Range<String.Index>? {
            guard let r = s.range(of: "\"id\":", options: .backwards) else { return nil }
            return r.upperBound..<s[r.upperBound...].prefix { $0.isNumber }.endIndex
        }
        guard let o = id(old), let n = id(new) else { return new }
        return old.replacingCharacters(in: o, with: new[n])
    }

    @Test func withEveryGateOpenTheOrderGoesOut() {
        let b = Bench()
        b.runTick()
        #expect(b.status == "executed_live" && b.sent.count == 1 && b.perp_e9 < -9_900_000_000,
                "\(b.status): \(b.reason)")
    }

    @Test(arguments: all.indices) func aClosedGateYieldsNoOrder(_ i: Int) {
        let c = GateTests.all[i]
        var rules = Bench.rules()
        c.rules(&rules)
        let b = Bench(Bench.options(), rules: rules, endpoints: c.endpoints)
        for op in c.chain { b.chain(op) }
        c.act(b)
        let sent = b.sent.count
        let signed = b.effects.filter { $0 == .sign }.count
        let perp = b.perp_e9
        let ticks = b.machine.ticks
        let end = b.mono_ms + 400_000
        while (b.machine.ticks == ticks || b.machine.stage != .idle) && b.mono_ms < end { b.run(50) }
        let gates = b.machine.gates
        let closed = Set(gates.filter { !$0.ok }.map { $0.gate })
        #expect(closed == c.also.union([c.gate]), "\(c.gate) \(b.status): \(b.reason)")
        #expect(["blocked", "observe_only"].contains(b.status), "\(c.gate) \(b.status): \(b.reason)")
        b.run(180_000)
        // what was wrong with the node may be over by then
        let slow: Set<GateName> = [.slotLag, .latencyP95, .chainMoves]
        if slow.contains(c.gate) { return }
        #expect(b.sent.count == sent && b.effects.filter { $0 == .sign }.count == signed, "\(c.gate)")
        #expect(b.perp_e9 == perp || c.gate == .ownOrder, "\(c.gate)")
    }

    /// A gate that is added without a test that forces it closed fails here.
    @Test func everyGateIsForcedClosedByATest() {
        let forced = Set(GateTests.all.map { $0.gate })
        #expect(forced == Set(GateName.allCases), "\(Set(GateName.allCases).subtracting(forced))")
    }

    @Test func everyGateIsShownAtEveryDecision() {
        let b = Bench()
        b.runTick()
        b.run(60_000)
        var shown = Set(b.machine.gates.map { $0.gate })
        shown.insert(.openInterest)                 // only where the market has a cap
        #expect(shown == Set(GateName.allCases), "\(Set(GateName.allCases).subtracting(shown))")
    }

    /// A process that has seen one slot only cannot say whether the chain moves, and does not pretend to.
    @Test func whetherTheChainMovesIsNotKnownAtOnce() {
        let b = Bench()
        b.kill = true
        b.runTick()
        func said() -> String {
            b.machine.gates.first { $0.gate == .chainMoves }.map { GateTests.words($0.value) } ?? ""
        }
        #expect(said() == "not known yet")
        b.run(60_000)
        #expect(said() == "0 s")
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
            let earned = s.funding_e6 + s.interest_e6 + s.yield_e6 + s.delta_e6
            let paid = s.fees_e6 + s.network_e6 + s.slippage_e6 + s.basis_e6
            let rest = s.equity_e6 - s.flows_e6 - earned - paid
            #expect(abs(rest) < 10_000, "other is a matter of cents: \(rest)")
        }
        #expect(v.fees_e6 < 0)
        guard let m = ek_record_market(b.record, 0), let last = b.samples.last else { return }
        // What the fill cost against the oracle it was decided at, and nothing of it is left in basis.
        #expect(m.pointee.vault.slippage_e6 < 0 && m.pointee.vault.slippage_due_e6 == 0)
        #expect(last.slippage_e6 == m.pointee.vault.slippage_e6)
        #expect(abs(m.pointee.vault.basis_e6) < 100, "\(m.pointee.vault.basis_e6)")
    }
}
