import Decide
import EvenkeelCore
import Foundation
import Localnet
import Model
import Render
import Rpc
import Testing
import Text

/// A fill that the chain saw.
struct ChainFill: Equatable { var market: Int, base_e9: Int64, slot: Int }

extension Bench {
    var fills: [ChainFill] {
        var out = Text()
        _ = Array("{\"op\":\"summary\"}".utf8).withUnsafeBufferPointer { node.control($0, &out) }
        let all = try! JSONSerialization.jsonObject(with: Data(out.bytes)) as! [String: Any]
        let summary = all["result"] as? [String: Any] ?? all
        return (summary["fills"] as! [[String: Any]]).map {
            ChainFill(market: $0["market"] as! Int, base_e9: ($0["base_e9"] as! NSNumber).int64Value,
                      slot: $0["slot"] as! Int)
        }
    }

    var json: [String: Any] {
        var json = StatusJson()
        let all = try! JSONSerialization.jsonObject(with: Data(json.message(machine).bytes)) as! [String: Any]
        return all["data"] as! [String: Any]
    }

    func market(_ i: Int) -> [String: Any] { (json["markets"] as! [[String: Any]])[i] }
    func status(_ i: Int) -> String { market(i)["status"] as! String }

    static func hedge(_ name: String, fixed_e9: Int64 = 0) -> HedgeRules {
        var h = HedgeRules()
        h.perpName = Text()
        for b in name.utf8 { h.perpName.put(byte: b) }
        h.spotName = h.asset
        h.minTrade_e9 = 1
        if name != "SOL-PERP" {
            h.useVenueSpot = false
            h.useWalletSpot = false
            var leg = Leg(.fixed)
            leg.amount_e9 = fixed_e9
            h.legs = [leg]
        }
        return h
    }

    /// SOL 8 of 10 hedged (152 USD open), 0.01 BTC (642 USD) and 0.1 ETH (189 USD) elsewhere,
    /// not hedged at all.
    static func three() -> Rules {
        var r = rules()
        r.hedges = [hedge("SOL-PERP"), hedge("BTC-PERP", fixed_e9: 10_000_000),
                    hedge("ETH-PERP", fixed_e9: 100_000_000)]
        return r
    }
}

private let none = UInt8(EK_TICKET_NONE)

@Suite struct MarketTests {
    /// Simulator seeds 80 and 2044: one answer at the start did not hold SOL-PERP,
    /// and it was never hedged again.
    @Test func aMarketThatOneAnswerDidNotHoldIsLookedForAgain() {
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: Bench.three())
        var reads = 0
        b.rewrite = { method, _, body in
            guard method == "getMultipleAccounts" else { return body }
            reads += 1
            guard reads == 2, let first = body.range(of: "\"value\":[{"),
                  let next = body.range(of: "},{", range: first.upperBound..<body.endIndex)
            else { return body }
            return body[..<first.lowerBound] + "\"value\":[null,{" + body[next.upperBound...]
        }
        b.runTick()
        let words = "no perp market named SOL-PERP that could be read; this market is not hedged"
        #expect(b.logs.contains { $0.contains(words) }, "\(b.logs)")
        b.run(200_000)
        #expect(b.fills.contains { $0.market == 0 }, "\(b.logs)")
        #expect(b.status(0) == "balanced" || b.status(0) == "cooldown", "\(b.reason)")
    }

    @Test func theLargestRiskIsCorrectedFirstAndAllWithinOneInterval() {
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: Bench.three())
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        #expect(b.fills.map(\.market) == [1], "one correction at a time")
        #expect(b.status(0) == "pending" && b.status(2) == "pending")
        b.run(50_000)
        var seen: [Int] = []
        for f in b.fills where seen.last != f.market { seen.append(f.market) }
        #expect(seen == [1, 2, 0], "BTC 642 USD, ETH 189 USD, SOL 152 USD")
        #expect(b.fills.filter { $0.market == 1 }.map(\.base_e9).reduce(0, +) == -10_000_000)
        #expect(b.fills.filter { $0.market == 2 }.map(\.base_e9).reduce(0, +) == -100_000_000)
        b.run(70_000)
        #expect(b.status == "balanced", "\(b.reason)")
        for i in 0..<3 { #expect(b.status(i) == "balanced") }
        #expect(b.record.pointee.corrections_total == 3)
        #expect((b.json["positions"] as! [[String: Any]]).count == 3)
    }

    @Test func aBlockedMarketStopsNobodyElse() {
        var r = Bench.three()
        r.hedges[1].maxLeverage_e4 = 1
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: r)
        b.run(55_000)
        #expect(b.fills.allSatisfy { $0.market != 1 } && Set(b.fills.map(\.market)) == [0, 2])
        b.run(65_000)
        #expect(b.status == "blocked")
        #expect(b.market(1)["closed_gates"] as! [String] == ["leverage"])
        #expect(b.status(0) == "balanced" && b.status(2) == "balanced")
    }

    @Test func aMarketWhoseOrderIsRefusedDoesNotStarveTheOthers() {
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: Bench.three())
        b.rewrite = { method, _, body in
            method == "simulateTransaction" && b.machine.report.market == 1
                ? body.replacingOccurrences(of: #""err":null"#,
                                            with: #""err":{"InstructionError":[2,{"Custom":6003}]}"#)
                : body
        }
        b.run(58_000)
        #expect(Set(b.fills.map(\.market)) == [0, 2], "\(b.logs)")
        #expect(b.record.pointee.failures_in_row <= 1, "each success of another market closes the row")
    }

    /// Corrections that take longer than an interval: the market with the largest risk, which needs many
    /// slices, does not keep the others waiting until it is done.
    @Test func aMarketOfManySlicesDoesNotStarveTheOthers() {
        var r = Bench.three()
        r.interval_ms = 500
        r.hedges[1].maxTrade_e9 = 1_000_000
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: r)
        b.run(60_000)
        var first: [ChainFill] = []  // of each order: it may have filled in parts
        for f in b.fills where f.slot != first.last?.slot { first.append(f) }
        let markets = first.map(\.market)
        #expect(markets.filter { $0 == 1 }.count == 10, "all of BTC in the end: \(markets)")
        #expect(Set(markets.prefix(4)) == [0, 1, 2], "\(markets)")
    }

    @Test func aMarketThatTheVenueDoesNotHaveIsNamedAndOnlyObserved() {
        var r = Bench.rules()
        r.hedges = [Bench.hedge("DOGE-PERP", fixed_e9: 1_000_000_000), Bench.hedge("SOL-PERP")]
        let b = Bench(rules: r)
        b.runTick()
        #expect(b.fills.map(\.market) == [0], "\(b.reason)")
        #expect(b.status(0) == "observe_only")
        #expect((b.market(0)["reason"] as! String).contains("no perp market named DOGE-PERP"))
        #expect(b.logs.filter { $0.contains("DOGE-PERP") }.count == 1, "said once")
    }

    @Test func whatIsWrongWithTheAccountStopsAll() {
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: Bench.three())
        let key = base58(b.machine.account.signer)
        b.chain("{\"op\":\"set_lamports\",\"pubkey\":\"\(key)\",\"lamports\":1}")
        b.run(70_000)
        #expect(b.sent.isEmpty && b.status == "blocked")
        #expect((0..<3).allSatisfy { b.market($0)["closed_gates"] as! [String] == ["gas_reserve"] })
        b.chain("{\"op\":\"set_lamports\",\"pubkey\":\"\(key)\",\"lamports\":1000000000}")
        b.record.pointee.paused = 1
        b.run(120_000)
        #expect(b.sent.isEmpty)
        #expect(b.status == "paused")
        b.record.pointee.paused = 0
        b.record.pointee.breaker_open = 1
        b.run(120_000)
        #expect(b.sent.isEmpty && b.status == "observe_only")
    }

    @Test func aPausedMarketIsBlockedAlone() {
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: Bench.three())
        b.chain("{\"op\":\"market\",\"market\":1,\"perp_paused\":4}")
        b.run(55_000)
        #expect(Set(b.fills.map(\.market)) == [0, 2])
        #expect(b.market(1)["closed_gates"] as! [String] == ["market"])
    }

    @Test func everyMarketHasItsOwnCooldown() {
        let b = Bench(Bench.options(perp: -10_000_000_000), rules: Bench.three())
        b.run(60_000)
        #expect(Set(b.fills.map(\.market)) == [1, 2])
        let before = b.fills.count
        // SOL never was corrected: its deposit is hedged at once, BTC and ETH rest.
        b.chain("{\"op\":\"disturb\",\"sol\":2}")
        b.run(120_000)
        #expect(b.fills.dropFirst(before).allSatisfy { $0.market == 0 } && b.fills.count > before,
                "\(b.reason)")
        #expect(b.market(1)["cooldown_left_seconds"] as! Int > 0)
        #expect(b.market(0)["cooldown_left_seconds"] as! Int > 0)
    }

    @Test func aTicketOfAnEarlierRunIsForItsOwnMarket() {
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: Bench.three())
        b.wire = { method, _ in
            method == "getSignatureStatuses" || method == "getEpochInfo" && b.ticket != none ? .lost : nil
        }
        b.run(3_000)
        #expect(b.ticket != none)
        b.wire = { _, _ in nil }
        b.start(Bench.three())
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        #expect(b.json["market"] as! String == "BTC-PERP")
        let rows = b.record.pointee.markets
        #expect(rows.1.corrections_total == 1 || rows.0.corrections_total == 1)
        #expect(b.fills.map(\.base_e9).reduce(0, +) == -10_000_000)
    }

    @Test func aTicketOfAMarketThatIsHedgedNoMoreIsFollowedAndNeverSentAgain() {
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: Bench.three())
        b.chain("{\"op\":\"fault\",\"kind\":\"drop_send\",\"n\":1}")
        b.wire = { method, _ in method == "getSignatureStatuses" ? .lost : nil }
        b.run(1_500)
        #expect(b.ticket != none && b.sent.count == 1)
        b.wire = { _, _ in nil }
        b.start(Bench.rules())
        b.run(3_000)
        #expect(b.json["market"] as! String == "BTC-PERP")
        b.run(120_000)
        #expect(b.ticket == none)
        #expect(b.sent.count == 2,
                "the ticket's bytes once, before the restart; the other is SOL-PERP's own order")
        #expect(b.fills.allSatisfy { $0.market == 0 })
    }

    @Test func rebalanceInTheMiddleOfATickIsKept() {
        let b = Bench(rules: Bench.three())
        b.run(60_000)
        b.chain("{\"op\":\"disturb\",\"sol\":1}")
        b.run(120_000)
        #expect(b.status(0) == "cooldown")
        let before = b.fills.count
        b.run(3_000)
        while b.machine.stage == .idle { b.run(50) }
        b.machine.step(.command(.rebalance), b.now)
        b.run(15_000)
        #expect(b.fills.count > before && b.fills.last!.market == 0,
                "the next tick passed over the cooldown: \(b.reason)")
    }

    @Test func anOwnOrderInOneMarketHoldsUpAll() {
        let b = Bench(Bench.options(perp: -10_000_000_000), rules: Bench.three())
        _ = b.node.foreignOrder(buy: true, base: 100_000_000, price: 50_000_000, maxTs: 0, userId: 210)
        b.runTick()
        #expect(b.sent.isEmpty && b.status == "blocked",
                "an order of SOL-PERP that may still fill; BTC-PERP wants a correction: \(b.reason)")
        #expect(b.market(1)["closed_gates"] as! [String] == ["own_order"])
    }

    @Test func ratioAndTargetAreAimedAt() {
        var r = Bench.rules()
        r.hedges = [Bench.hedge("SOL-PERP"), Bench.hedge("BTC-PERP", fixed_e9: 10_000_000)]
        r.hedges[0].ratio_ppm = 500_000
        r.hedges[1].target_e9 = 4_000_000
        let b = Bench(Bench.options(perp: -9_000_000_000), rules: r)
        b.run(50_000)
        #expect(b.fills.filter { $0.market == 1 }.map(\.base_e9).reduce(0, +) == -6_000_000)
        let bought = b.fills.filter { $0.market == 0 }.map(\.base_e9).reduce(0, +)
        #expect(abs(bought - 4_000_000_000) <= 10_000_000, "half of 10 SOL stays long")
        b.run(70_000)
        #expect(b.status == "balanced", "\(b.reason)")
        #expect(b.fills.filter { $0.market == 0 }.count == 1, "and stays so")
    }

    @Test func paperHedgesEveryMarketToo() {
        var r = Bench.three()
        r.mode = .paper
        let b = Bench(Bench.options(perp: -8_000_000_000), rules: r)
        b.run(10_000)
        #expect(b.sent.isEmpty && b.fills.isEmpty)
        #expect((0..<3).map { b.market($0)["corrections"] as! Int } == [1, 1, 1])
    }

    // MARK: spot legs

    private func tokenAccount(_ b: Bench, mint: ek_key, owner: ek_key, amount: UInt64, state: UInt8 = 1,
                              size: Int = 165) -> String {
        var d = [UInt8](repeating: 0, count: size)
        withUnsafeBytes(of: mint) { m in for i in 0..<32 { d[i] = m[i] } }
        withUnsafeBytes(of: owner) { o in for i in 0..<32 { d[32 + i] = o[i] } }
        withUnsafeBytes(of: amount.littleEndian) { a in for i in 0..<8 { d[64 + i] = a[i] } }
        if size > 108 { d[108] = state }
        return Data(d).base64EncodedString()
    }

    private func base58(_ k: ek_key) -> String {
        var t = Text()
        t.put(key: k)
        return String(decoding: t.bytes, as: UTF8.self)
    }

    private func ata(_ owner: ek_key, _ mint: ek_key) -> ek_key {
        var out = ek_key(), bump: UInt8 = 0
        var o = owner, m = mint, p = EK_TOKEN_PROGRAM, program = EK_ATA_PROGRAM
        withUnsafeBytes(of: &o) { a in withUnsafeBytes(of: &p) { b in withUnsafeBytes(of: &m) { c in
            let seeds = [a, b, c].map { ek_seed(bytes: $0.bindMemory(to: UInt8.self).baseAddress, len: 32) }
            _ = ek_find_pda(seeds, 3, &program, &out, &bump)
        } } }
        return out
    }

    private func withToken(_ amount: UInt64, program: ek_key = EK_TOKEN_PROGRAM, state: UInt8 = 1) -> Bench {
        var r = Bench.rules()
        var token = Leg(.token)
        token.key = EK_NATIVE_MINT
        token.hasKey = true
        var watch = Leg(.watch)
        watch.hasKey = true
        withUnsafeMutableBytes(of: &watch.key) { for i in 0..<32 { $0[i] = 9 } }
        r.hedges[0].legs = [token, watch]
        let b = Bench(Bench.options(perp: -10_000_000_000), rules: r)
        let owner = b.node.authorityKey.ek
        let address = base58(ata(owner, EK_NATIVE_MINT))
        let data = tokenAccount(b, mint: EK_NATIVE_MINT, owner: owner, amount: amount, state: state)
        b.chain("""
            {"op":"set_account","pubkey":"\(address)","owner":"\(base58(program))","data":"\(data)"}
            """)
        return b
    }

    @Test func wrappedSolAndWatchedWalletsCount() {
        let b = withToken(1_500_000_000)
        var watched = ek_key()
        withUnsafeMutableBytes(of: &watched) { for i in 0..<32 { $0[i] = 9 } }
        b.chain("{\"op\":\"set_lamports\",\"pubkey\":\"\(base58(watched))\",\"lamports\":500000000}")
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        let legs = b.json["legs"] as! [[String: Any]]
        let names = ["venue:SOL", "wallet:SOL", "token:SOL", "watch:\(base58(watched))"]
        #expect(legs.map { $0["leg"] as! String } == names)
        #expect(legs[2]["base_e9"] as! String == "1500000000" && legs[3]["base_e9"] as! String == "500000000")
        #expect(legs.allSatisfy { $0["slot"] is Int })
        #expect(["12000000000", "11999999999"].contains(b.json["spot_base_e9"] as! String))
        #expect(abs(b.fills.map(\.base_e9).reduce(0, +) + 2_000_000_000) <= 10_000_000)
    }

    @Test func anAbsentTokenAccountHoldsNothing() {
        var r = Bench.rules()
        var token = Leg(.token)
        token.key = EK_NATIVE_MINT
        token.hasKey = true
        r.hedges[0].legs = [token]
        let b = Bench(Bench.options(perp: -10_000_000_000), rules: r)
        b.runTick()
        #expect(b.status == "balanced", "\(b.reason)")
        #expect((b.json["legs"] as! [[String: Any]])[2]["base_e9"] as! String == "0")
    }

    @Test func aTokenAccountThatIsNotOneStopsTheMarketAndSaysWhich() {
        for (program, state) in [(EK_SYSTEM_PROGRAM, UInt8(1)), (EK_TOKEN_PROGRAM, 0)] {
            let b = withToken(1_500_000_000, program: program, state: state)
            b.run(70_000)
            #expect(b.status == "observe_only" && b.sent.isEmpty)
            #expect(b.reason.contains("token"), "\(b.reason)")
        }
    }

    @Test func theAuthoritysOwnWalletIsNotWatchedTwice() {
        var r = Bench.rules()
        var watch = Leg(.watch)
        watch.hasKey = true
        watch.key = Bench(rules: r).node.authorityKey.ek
        r.hedges[0].legs = [watch]
        let b = Bench(rules: r)
        b.run(70_000)
        #expect(b.status == "observe_only" && b.sent.isEmpty)
        #expect(b.reason.contains("authority's own wallet"), "\(b.reason)")
    }

    // MARK: properties over many books

    private struct RandomGenerator {
        var x: UInt64
        mutating func below(_ n: UInt64) -> UInt64 {
            x = x &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (x >> 33) % n
        }
    }

    /// Three markets, random books and limits, one or two things wrong: no order leaves while a gate must be
    /// closed, and what does leave never takes the account beyond the limit.
    @Test func noGateFailureEverYieldsAnOrderAndLeverageStaysUnderItsLimit() {
        var orders = 0, blocked = 0
        for seed in 1...150 {
            var d = RandomGenerator(x: UInt64(seed))
            var o = Bench.options(perp: -Int64(d.below(1_200)) * 10_000_000)
            o.quoteE6 = Int64(100 + d.below(2_000)) * 1_000_000
            var r = Bench.three()
            r.hedges[1].legs[0].amount_e9 = Int64(d.below(30)) * 1_000_000
            r.hedges[2].legs[0].amount_e9 = Int64(d.below(400)) * 1_000_000 - 100_000_000
            for i in 0..<3 { r.hedges[i].maxLeverage_e4 = UInt32(1_000 + d.below(30_000)) }
            let b = Bench(o, rules: r)
            var shut: Set<Int> = []                      // markets that may not be traded
            switch d.below(6) {
            case 0: b.chain("{\"op\":\"market\",\"exchange_status\":8}"); shut = [0, 1, 2]
            case 1: b.chain("{\"op\":\"market\",\"market\":1,\"perp_paused\":4}"); shut = [1]
            case 2: b.chain("{\"op\":\"market\",\"market\":2,\"perp_paused\":4}"); shut = [2]
            case 3: b.chain("{\"op\":\"oracle_lag\",\"slots\":60}"); shut = [0, 1, 2]
            case 4:
                let signer = base58(b.machine.account.signer)
                b.chain("{\"op\":\"set_lamports\",\"pubkey\":\"\(signer)\",\"lamports\":100000}")
                shut = [0, 1, 2]
            default: break
            }
            // the tick after the corrections has looked at what they made
            b.run(75_000)
            let traded = Set(b.fills.map(\.market))
            #expect(traded.isDisjoint(with: shut), "seed \(seed): traded \(traded) of what is shut: \(shut)")
            orders += traded.count
            blocked += b.logs.contains { $0.contains("blocked by validation") } ? 1 : 0
            // What only reduces may leave the account above a limit that it was above before;
            // of the others the widest limit holds.
            let hedges = b.machine.hedges
            let grown = traded.filter { i in
                b.fills.contains { $0.market == i && ($0.base_e9 < 0) == (hedges[i].view.perp_e9 < 0) }
            }
            if let widest = grown.map({ r.hedges[$0].maxLeverage_e4 }).max(), hedges[0].view.valued {
                #expect(b.machine.hedges[0].view.a.leverage_e4 <= widest / 100 * 101 + 10,
                        "seed \(seed): \(grown)")
            }
            for i in traded where hedges[i].status == .balanced || hedges[i].status == .cooldown {
                let v = b.machine.hedges[i].view
                #expect(v.net_e9.magnitude < [10_000_000, 100_000, 1_000_000][i],
                        "seed \(seed): what is left is under a step: \(v.net_e9)")
            }
        }
        #expect(orders > 100 && blocked > 30,
                "\(orders) orders, \(blocked) blocked: the property says something")
    }
}
