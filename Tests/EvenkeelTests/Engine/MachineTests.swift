import Decide
import EvenkeelCore
import Foundation
import Localnet
import Model
import Rpc
import Testing
import Text

@Suite struct MachineTests {
    @Test func aDriftedBookIsHedgedOnceAndThenBalanced() {
        let b = Bench()
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        #expect(b.perp_e9 == -9_990_000_000 || b.perp_e9 == -10_000_000_000)
        #expect(b.machine.report.after.drift_ppm.magnitude < 10_000)
        let after = b.perp_e9
        b.run(180_000)
        #expect(b.status == "balanced")
        #expect(b.perp_e9 == after)
    }

    @Test func theTicketIsDurableBeforeAnythingIsSent() {
        let b = Bench()
        b.runTick()
        let firstSend = b.effects.firstIndex {
            if case .post(_, "sendTransaction") = $0 { return true } else { return false }
        }
        let journal = b.effects.firstIndex(of: .persist(ticket: UInt8(EK_TICKET_JOURNALLED)))
        #expect(journal != nil && firstSend != nil)
        if let j = journal, let s = firstSend { #expect(j < s) }
        #expect(b.effects.filter { $0 == .sign }.count == 1,
                "one signature, of the journalled bytes; the simulation carries none")
    }

    /// Warning under 50 %, critical under 20 %, each left 5 points above where it was entered;
    /// said once a change.
    @Test func healthLevelsHaveHysteresis() {
        // the quote balance that makes a short of 10 over 10 SOL so healthy
        func near(_ percent: Double) -> String {
            let price = 76.34075
            // a borrow counts whole in the requirement
            let owed = 10 * price * 0.9 * (1 - percent / 100) - 10 * price * 0.03
            return "{\"op\":\"set_user\",\"perp\":-10,\"usdt\":\(-owed)}"
        }
        var rules = Bench.rules()
        rules.hedges[0].tolerance_ppm = 200_000
        let b = Bench(Bench.options(perp: -10_000_000_000), rules: rules)
        b.chain("{\"op\":\"set_user\",\"sol\":10}")
        var seen: [String] = []
        for percent in [60.0, 52, 49, 52, 54, 56, 49, 25, 21, 19, 22, 24, 26, 52, 56] {
            b.chain(near(percent))
            b.run(61_000)
            let bp = Double(b.machine.report.view.a.health_bp) / 100
            #expect(abs(bp - percent) < 0.9, "\(percent): \(bp)")
            seen.append(String(describing: b.machine.health.word))
        }
        #expect(seen == ["ok", "ok", "warning", "warning", "warning", "ok", "warning", "warning", "warning",
                         "critical", "critical", "critical", "warning", "warning", "ok"], "\(seen)")
        #expect(b.logs.filter { $0.contains("health") }.count == 6,
                "\(b.logs.filter { $0.contains("health") })")
    }

    @Test func aDiskThatRefusesStopsBeforeAnythingIsSent() {
        let b = Bench()
        b.persistErrno = 28
        b.runTick()
        #expect(b.status == "error")
        #expect(b.sent.isEmpty)
        b.persistErrno = 0
        b.run(120_000)
        #expect(b.status == "observe_only",
                "a machine whose journal failed does not trade again in this process")
        #expect(b.sent.isEmpty)
        #expect(b.perp_e9 == -9_000_000_000)
    }

    @Test func aSignerThatRefusesSendsNothing() {
        let b = Bench()
        b.signs = false
        b.runTick()
        #expect(b.status == "error")
        #expect(b.sent.isEmpty && b.ticket == UInt8(EK_TICKET_NONE))
    }

    @Test func theSameBytesAreSentAgainUntilFound() {
        let b = Bench()
        b.chain("{\"op\":\"fault\",\"kind\":\"drop_send\",\"n\":3}")
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        #expect(b.sent.count == 4)
        #expect(Set(b.sent).count == 1)
    }

    @Test func everySendDroppedEndsInAProvenExpiryAndNoCooldown() {
        let b = Bench()
        b.chain("{\"op\":\"fault\",\"kind\":\"drop_send\",\"n\":1000}")
        b.runTick()
        #expect(b.status == "error")
        #expect(b.reason.contains("expired"))
        #expect(Set(b.sent).count == 1, "nothing new is signed while the first bytes may land")
        #expect(b.mono_ms > 140 * 250, "a blockhash lives 150 blocks")
        #expect(b.perp_e9 == -9_000_000_000)
        b.chain("{\"op\":\"clear_faults\"}")
        b.run(120_000)
        #expect(b.status == "balanced", "a failure starts no cooldown: the next tick hedges")
    }

    /// While a ticket is open no tick asks an endpoint of another cluster whether it is back; the watch must.
    @Test func anEndpointThatWasForeignForAWhileIsAskedAgainWhileATicketIsOpen() {
        let b = Bench()
        b.wire = { method, _ in method == "sendTransaction" ? .lost : nil }
        b.machine.step(.timer, b.now)
        for _ in 0..<200 where b.machine.stage != .watching { b.run(50) }
        b.run(3_000)
        #expect(b.ticket != UInt8(EK_TICKET_NONE))
        b.rewrite = { method, _, body in
            let devnet = #""result":"EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG""#
            if method == "getGenesisHash" { return body.replacing(#/"result":"[^"]*"/#, with: devnet) }
            return method == "getEpochInfo"
                ? body.replacing("\"absoluteSlot\":", with: "\"absoluteSlot\":9") : body
        }
        b.run(20_000)
        #expect(b.logs.contains { $0.contains("is a node of another cluster") })
        b.rewrite = { $2 }
        for _ in 0..<8000 where b.machine.stage != .idle { b.run(50) }
        #expect(b.status == "error" && b.reason.contains("proven expired"), "\(b.status) \(b.reason)")
    }

    @Test func anAnswerLostAfterExecutionIsNotAFailure() {
        let b = Bench()
        b.wire = { method, _ in method == "sendTransaction" ? .swallowed : nil }
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        #expect(Set(b.sent).count == 1)
        let once = b.perp_e9
        b.run(180_000)
        #expect(b.perp_e9 == once)
    }

    @Test func aRestartWithAnOpenTicketResolvesItFirst() {
        let b = Bench()
        let hides = ["getSignatureStatuses", "getEpochInfo", "getMultipleAccounts"]
        b.wire = { method, _ in !b.sent.isEmpty && hides.contains(method) ? .lost : nil }
        b.runTick(5_000)
        #expect(b.ticket != UInt8(EK_TICKET_NONE))
        let landed = b.perp_e9
        #expect(landed < -9_000_000_000, "it landed, the agent does not know yet")
        b.wire = { _, _ in nil }
        b.effects = []
        b.start(Bench.rules())
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        #expect(!b.effects.contains(.sign))
        #expect(b.perp_e9 == landed)
        #expect(b.ticket == UInt8(EK_TICKET_NONE))
    }

    @Test func cooldownHoldsAfterASuccess() {
        let b = Bench()
        b.runTick()
        #expect(b.status == "executed_live")
        b.chain("{\"op\":\"set_user\",\"sol\":8}")
        b.run(65_000)
        #expect(b.status == "cooldown")
        #expect(b.logs.contains {
            $0.hasPrefix("[REBALANCER] Cooldown active (") && $0.hasSuffix("s remaining)")
        })
    }

    /// The success was stamped by a clock five minutes ahead, which was then set right.
    /// Its cooldown ends with its slots and does not come back when the clock reaches the stamp.
    @Test func aCooldownThatEndedStaysEndedWhenTheClockStepsBack() {
        var r = Bench.rules()
        r.hedges[0].cooldown_s = 90
        let b = Bench(rules: r)
        b.unix_s += 300
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        b.unix_s -= 300
        b.run(310_000)
        #expect(b.status == "balanced", "\(b.reason)")
        b.chain("{\"op\":\"set_user\",\"sol\":8}")
        b.run(65_000)
        #expect(b.logs.last { $0.contains("Cooldown active") } == nil)
        #expect(b.status == "executed_live" || b.status == "balanced", "\(b.reason)")
        #expect(b.perp_e9 == -9_000_000_000, "the smaller book is hedged anew")
    }

    @Test func paperNeverSignsOrSends() {
        var r = Bench.rules()
        r.mode = .paper
        let b = Bench(rules: r)
        b.runTick()
        #expect(b.status == "executed_paper")
        b.run(65_000)
        #expect(b.status == "balanced", "the ledger's fill counts in the next tick")
        #expect(!b.effects.contains(.sign) && b.sent.isEmpty)
        #expect(b.perp_e9 == -9_000_000_000)
    }

    @Test func ticksStandOnAFixedGrid() {
        var o = Bench.options(perp: -10_000_000_000)
        o.solE9 = 9_000_000_000
        let b = Bench(o)
        var starts: [UInt64] = []
        var slow = 0
        b.wire = { method, _ in
            if method == "getMultipleAccounts" { slow += 1 }
            return nil
        }
        for _ in 0..<6 {
            b.run(60_000)
            starts.append(b.machine.tickStarted_ms)
        }
        for (i, s) in starts.enumerated() { #expect((s - 1_000) % 60_000 < 100, "tick \(i) started at \(s)") }
        // A process that slept through three ticks makes up for none of them.
        let before = b.machine.ticks
        b.mono_ms += 200_000
        b.run(1_000)
        #expect(b.machine.ticks == before + 1)
    }

    @Test func twoEndpointsThatDisagreeAtOneSlotStopTrading() {
        let b = Bench(endpoints: 2)
        // The second endpoint tells of another wallet balance at the very same slot.
        b.rewrite = { method, endpoint, body in
            method == "getMultipleAccounts" && endpoint == 1 ? MachineTests.richer(body, by: 3) : body
        }
        b.runTick()
        #expect(b.status == "observe_only", "\(b.reason)")
        #expect(b.reason.contains("disagree"))
        #expect(b.sent.isEmpty)
    }

    /// Whichever of two endpoints is dead: no order on the word of the other alone,
    /// and after ten minutes it is believed, looked at twice.
    @Test(arguments: [0, 1]) func aDeadEndpointHoldsTheBookForTenMinutesAtMost(_ dead: Int) {
        let b = Bench(endpoints: 2)
        b.wire = { _, endpoint in endpoint == dead ? .lost : nil }
        b.runTick()
        #expect(b.status == "blocked" && b.reason.contains("second opinion missing: endpoint \(dead + 1)"),
                "\(b.status) \(b.reason)")
        b.run(530_000)
        #expect(b.status == "blocked" && b.sent.isEmpty && !b.effects.contains(.sign),
                "\(b.status) \(b.reason)")
        b.run(150_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
        #expect(b.logs.contains { $0.contains("is counted out as a witness") })
    }

    /// Two failures hours apart are not ten minutes of silence.
    @Test func aWitnessThatFailsNowAndThenIsNotCountedOut() {
        let b = Bench(Bench.options(perp: -10_000_000_000), endpoints: 2)
        b.wire = { method, endpoint in endpoint == 1 && method == "getMultipleAccounts" ? .lost : nil }
        b.run(10_000)
        for perp in ["-9", "-10", "-9"] {
            b.chain("{\"op\":\"set_user\",\"perp\":\(perp)}")
            b.run(perp == "-9" ? 70_000 : 3_600_000)
        }
        #expect(b.status == "blocked" && b.sent.isEmpty, "\(b.status) \(b.reason)")
    }

    /// The witness contradicted, then fell silent: that is no reason to believe the other one.
    @Test func aWitnessThatContradictedIsNeverCountedOut() {
        let b = Bench(endpoints: 2)
        let lie = { (method: String, endpoint: Int, body: String) in
            method == "getMultipleAccounts" && endpoint == 0 ? MachineTests.richer(body, by: 3) : body
        }
        b.rewrite = lie
        b.runTick()
        b.wire = { _, endpoint in endpoint == 1 ? .lost : nil }
        b.run(1_500_000)
        #expect(b.sent.isEmpty && b.status == "blocked", "\(b.status) \(b.reason)")
        b.wire = { _, _ in nil }
        b.rewrite = { $2 }
        b.run(61_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// The first endpoint doubles the deposit and names a slot a few ahead of
    /// what the honest one has reached.
    @Test(arguments: [1, 2, 4, 8, 12], [0, 1])
    func aLiarAheadOfTheOthersMovesNothing(_ ahead: Int, _ liar: Int) {
        let b = Bench(Bench.options(perp: -10_000_000_000), endpoints: 2)
        b.lie = (liar, UInt64(ahead), 2)
        b.run(200_000)
        #expect(b.sent.isEmpty && !b.effects.contains(.sign), "\(b.status) \(b.reason)")
        b.lie = nil
        b.chain("{\"op\":\"set_user\",\"perp\":-9}")
        b.run(130_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// An honest node that is always two slots behind is asked again until it has got there.
    @Test func aWitnessTwoSlotsBehindIsWaitedFor() {
        let b = Bench(Bench.options(perp: -10_000_000_000), endpoints: 2)
        b.behind = (1, 2)
        b.run(10_000)
        b.chain("{\"op\":\"set_user\",\"perp\":-9}")
        b.run(65_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
        let asked = b.effects.filter { $0 == .post(endpoint: 1, method: "getMultipleAccounts") }.count
        #expect(asked > 1, "\(asked)")
    }

    /// One read whose wallet is from before a deposit at the venue and whose User is from after it:
    /// the second look does not show it again.
    @Test func oneTornReadMovesNothing() {
        var o = Bench.options(perp: -10_000_000_000)
        o.solE9 = 9_000_000_000
        let b = Bench(o)
        b.runTick()
        #expect(b.status == "balanced", "\(b.status) \(b.reason)")
        var left = 1
        b.rewrite = { method, _, body in
            guard method == "getMultipleAccounts", left > 0 else { return body }
            left -= 1
            return body.replacingOccurrences(of: "\"lamports\":1000000000,", with: "\"lamports\":6000000000,")
        }
        b.run(120_000)
        #expect(left == 0 && b.sent.isEmpty && b.status == "balanced", "\(b.status) \(b.reason)")
    }

    /// What was built on a book that was wrong from the first to the last look starts no cooldown.
    @Test func aCorrectionThatTheAccountDoesNotConfirmStartsNoCooldown() {
        let b = Bench()
        var landed = false
        b.rewrite = { method, _, body in
            if method == "sendTransaction" { landed = true }
            return (method == "getMultipleAccounts" || method == "simulateTransaction") && !landed
                ? MachineTests.richer(body, by: 4) : body
        }
        b.runTick()
        #expect(b.status == "executed_live", "\(b.status) \(b.reason)")
        #expect(b.perp_e9 < -12_900_000_000)
        let m = ek_record_market(b.record, 0)!.pointee
        #expect(m.trades_today == 1 && m.last_success.slot == 0)
        b.run(65_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// An answer in which what holds one SOL holds `n`.
    private static func richer(_ body: String, by n: Int) -> String {
        body.replacingOccurrences(of: "\"lamports\":1000000000,", with: "\"lamports\":\(n)000000000,")
    }

    private static func unconfirmed(_ body: String) -> String {
        body.replacing(#/"confirmations":null/#, with: "\"confirmations\":3")
    }

    /// Ways for a node to have no status: without history, without the method,
    /// without the word that says how firm it is.
    static let blind: [(String, @Sendable (String, String) -> String)] = [
        ("no history", { request, body in
            request.contains("searchTransactionHistory\":true")
                ? refusal(body, -32011, "Transaction history is not available from this node") : body
        }),
        ("no method", { _, body in refusal(body, -32601, "Method not found") }),
        ("no word", { _, body in
            unconfirmed(body.replacing(#/"confirmationStatus":"[a-z]*",?/#, with: ""))
        }),
        ("another word", { _, body in
            let word = #""confirmationStatus":"optimistic""#
            return unconfirmed(body.replacing(#/"confirmationStatus":"[a-z]*"/#, with: word))
        }),
    ]

    static func refusal(_ body: String, _ code: Int, _ words: String) -> String {
        let id = body.matches(of: #/"id":(\d+)/#).last.map { String($0.1) } ?? "0"
        return "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":\(code),\"message\":\"\(words)\"},\"id\":\(id)}"
    }

    @Test(arguments: blind.indices, [1, 2])
    func aNodeWithoutStatusesHoldsNoTicketOpen(_ way: Int, _ endpoints: Int) {
        // An order that lands, and one that never does: both end, and the account says how.
        for drops in [false, true] {
            let b = Bench(endpoints: endpoints)
            if drops { b.chain("{\"op\":\"fault\",\"kind\":\"drop_send\",\"n\":1000}") }
            b.rewriteStatus = { endpoint, request, body in
                endpoint == endpoints - 1 ? MachineTests.blind[way].1(request, body) : body
            }
            b.runTick()
            #expect(b.ticket == UInt8(EK_TICKET_NONE), "\(MachineTests.blind[way].0): \(b.reason)")
            #expect(b.status == (drops ? "error" : "executed_live"),
                    "\(MachineTests.blind[way].0): \(b.status) \(b.reason)")
            #expect(drops == b.reason.contains("expired"))
            #expect(b.perp_e9 == (drops ? -9_000_000_000 : -10_000_000_000))
        }
    }

    /// Nor does one that does not offer getEpochInfo: its height is told by getLatestBlockhash.
    @Test func aNodeWithoutGetEpochInfoTellsItsHeightByABlockhash() {
        let b = Bench()
        b.chain("{\"op\":\"fault\",\"kind\":\"drop_send\",\"n\":1000}")
        b.rewrite = { method, _, body in
            method == "getEpochInfo" && !b.sent.isEmpty
                ? MachineTests.refusal(body, -32601, "Method not found") : body
        }
        b.runTick()
        #expect(b.status == "error" && b.reason.contains("expired"), "\(b.status) \(b.reason)")
        #expect(b.logs.contains { $0.contains("endpoint 1: getEpochInfo: RPC error -32601") })
    }

    /// A ticket that cannot end is said aloud, with the fact that is missing.
    @Test func aTicketWhoseEndIsOverdueSaysWhatIsMissing() {
        let b = Bench()
        b.chain("{\"op\":\"fault\",\"kind\":\"drop_send\",\"n\":1000}")
        let heights = ["getEpochInfo", "getLatestBlockhash"]
        b.rewrite = { method, _, body in
            heights.contains(method) && !b.sent.isEmpty
                ? MachineTests.refusal(body, -32601, "Method not found") : body
        }
        b.machine.step(.timer, b.now)
        b.run(250_000)
        #expect(b.machine.ticketOverdue(b.now) == nil)
        b.run(60_000)
        #expect(b.status == "pending" && b.reason.contains("has not shown a block height past"),
                "\(b.status) \(b.reason)")
        #expect(b.logs.filter { $0.contains("the end of an order is not known after") }.count == 1)
        b.rewrite = { $2 }
        b.run(10_000)
        #expect(b.logs.contains { $0.contains("proven expired") }, "\(b.status) \(b.reason)")
    }

    /// One of two is far past the height and the slot, and has never heard of the order, which is on its way.
    /// That is not enough.
    @Test func expiredByOneOfTwoEndpointsIsNotEnough() {
        let b = Bench(endpoints: 2)
        b.chain("{\"op\":\"fault\",\"kind\":\"delay_send\",\"slots\":110,\"n\":1000}")
        b.runUntilSent()
        b.lie = (0, 200, 1)
        b.rewrite = { method, endpoint, body in
            guard method == "getEpochInfo" && endpoint == 0 else { return body }
            return body
                .replacing(#/"blockHeight":(\d+)/#) { "\"blockHeight\":\((UInt64($0.1) ?? 0) + 1_000)" }
                .replacing(#/"absoluteSlot":(\d+)/#) { "\"absoluteSlot\":\((UInt64($0.1) ?? 0) + 200)" }
        }
        b.run(22_000)
        #expect(!b.sent.isEmpty && b.ticket != UInt8(EK_TICKET_NONE) && b.perp_e9 == -9_000_000_000,
                "\(b.status) \(b.reason)")
        b.lie = nil
        b.rewrite = { $2 }
        b.run(120_000)
        #expect(b.perp_e9 == -10_000_000_000 && b.ticket == UInt8(EK_TICKET_NONE), "\(b.status) \(b.reason)")
        #expect(b.effects.filter { $0 == .sign }.count == 1)
    }

    /// A market's interest is forged and the balance is not: twice the deposit by another field.
    /// The same with a clock that is a year ahead.
    @Test(arguments: [0, 1], [2, 3]) func aFieldForgedElsewhereMovesNothing(_ liar: Int, _ endpoints: Int) {
        let b = Bench(Bench.options(perp: -10_000_000_000), endpoints: endpoints)
        b.forge = (liar, { d in
            if d.count == 808 && d[700] == 1 { Bench.alter(&d, 328) { $0 * 2 } }
        })
        b.run(200_000)
        #expect(b.sent.isEmpty && !b.effects.contains(.sign), "\(b.status) \(b.reason)")
        b.forge = (liar, { d in
            if d.count == 40 { Bench.alter(&d, 32) { $0 + 31_536_000 } }
        })
        b.chain("{\"op\":\"set_user\",\"perp\":-9}")
        b.run(65_000)
        #expect(endpoints == 3 || b.sent.isEmpty, "\(b.status) \(b.reason)")
        b.forge = nil
        b.run(130_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// The first keeps its slot ahead of the others, which answer that they are not there:
    /// they are not absent, and it is not believed for that.
    @Test(arguments: [2, 3]) func witnessesThatOnlyLagAreNeverCountedOut(_ endpoints: Int) {
        let b = Bench(Bench.options(perp: -10_000_000_000), endpoints: endpoints)
        b.lie = (0, 24, 2)
        b.run(1_500_000)
        #expect(b.sent.isEmpty && !b.effects.contains(.sign), "\(b.status) \(b.reason)")
        #expect(!b.logs.contains { $0.contains("counted out") })
        b.lie = nil
        b.chain("{\"op\":\"set_user\",\"perp\":-9}")
        b.run(130_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// A witness that stands still says so for ever; after ten minutes it is counted out like a dead one.
    @Test func aWitnessThatStandsStillIsCountedOut() {
        let b = Bench(Bench.options(perp: -10_000_000_000), endpoints: 2)
        b.run(10_000)
        b.frozen = (1, b.node.replica())
        b.chain("{\"op\":\"set_user\",\"perp\":-9}")
        b.run(500_000)
        #expect(b.sent.isEmpty && b.status == "blocked", "\(b.status) \(b.reason)")
        b.run(250_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// A deposit between the two looks is no contradiction: when the witness dies after it,
    /// the other is believed in time.
    @Test func aDepositBetweenTheLooksIsNoContradiction() {
        let b = Bench(endpoints: 2)
        var moved = false
        b.wire = { method, endpoint in
            if method == "getMultipleAccounts" && endpoint == 1 && !moved {
                moved = true
                b.node.advance(slots: 1)
                b.chain("{\"op\":\"set_user\",\"sol\":9.5}")
            } else if moved && endpoint == 1 {
                return .status(503, retryAfter_s: 0)
            }
            return nil
        }
        b.run(800_000)
        #expect(moved && b.perp_e9 <= -10_480_000_000, "\(b.perp_e9) \(b.status) \(b.reason)")
    }

    /// One endpoint says "landed" and shows a User whose next order id has moved, while the order is still on
    /// its way: the other one's account is asked before that is the end, and there is one order.
    @Test(arguments: [0, 1], [2, 3]) func oneNodesEndOfAnOrderIsNotTheEnd(_ liar: Int, _ endpoints: Int) {
        let b = Bench(endpoints: endpoints)
        b.chain("{\"op\":\"fault\",\"kind\":\"delay_send\",\"slots\":110,\"n\":1000}")
        b.runUntilSent()
        b.rewriteStatus = { endpoint, _, body in
            guard endpoint == liar, let n = body.firstMatch(of: #/"slot":(\d+)/#)?.1 else { return body }
            return body.replacing("[null]", with: """
                [{"confirmationStatus":"confirmed","confirmations":5,"err":null,"slot":\(n),\
                "status":{"Ok":null}}]
                """)
        }
        b.forge = (liar, { d in
            if d.count == 4496 { Bench.alter(&d, 4456) { $0 + 1 } }
        })
        b.run(20_000)
        #expect(b.ticket != UInt8(EK_TICKET_NONE) && b.perp_e9 == -9_000_000_000, "\(b.status) \(b.reason)")
        b.forge = nil
        b.rewriteStatus = { $2 }
        b.run(60_000)
        #expect(b.perp_e9 == -10_000_000_000 && b.ticket == UInt8(EK_TICKET_NONE), "\(b.status) \(b.reason)")
        #expect(b.effects.filter { $0 == .sign }.count == 1)
    }

    /// One node simulates wrongly; the others are asked before it counts as a failure.
    @Test func oneNodesSimulationIsNoFailure() {
        let b = Bench(endpoints: 3)
        b.rewrite = { method, endpoint, body in
            method == "simulateTransaction" && endpoint == 0 && body.contains("\"err\":null")
                ? body.replacing(#""err":null"#, with: #""err":{"InstructionError":[2,{"Custom":6003}]}"#)
                : body
        }
        b.runTick()
        #expect(b.status == "executed_live" && b.record.pointee.failures_in_row == 0,
                "\(b.status) \(b.reason)")
    }

    /// Nothing leaves while the kill file is there, not even bytes that were sent before;
    /// afterwards the same bytes go out again.
    @Test func theKillFileHoldsReSendsBack() {
        let b = Bench()
        b.chain("{\"op\":\"fault\",\"kind\":\"drop_send\",\"n\":1000}")
        b.machine.step(.timer, b.now)
        for _ in 0..<400 where b.sent.count < 2 { b.run(50) }
        #expect(b.sent.count == 2 && b.ticket != UInt8(EK_TICKET_NONE))
        b.kill = true
        b.run(20_000)
        #expect(b.sent.count == 2 && b.ticket != UInt8(EK_TICKET_NONE))
        b.kill = false
        b.chain("{\"op\":\"clear_faults\"}")
        b.run(10_000)
        #expect(b.sent.count >= 3 && Set(b.sent).count == 1 && b.perp_e9 == -10_000_000_000,
                "\(b.sent.count) \(b.status) \(b.reason)")
    }

    /// The signer's windows are no failures: blocked until they end, the breaker stays closed,
    /// the signer is asked once.
    @Test func aLimitOfTheSignerBlocksUntilItsWindowEnds() {
        let b = Bench()
        b.refusal = .limit(Text("max_orders_per_hour is used up"), until_s: b.unix_s + 900)
        b.run(850_000)
        #expect(b.status == "blocked" && b.reason.contains("max_orders_per_hour"), "\(b.status) \(b.reason)")
        #expect(b.record.pointee.breaker_open == 0 && b.record.pointee.failures_in_row == 0)
        #expect(b.effects.filter { $0 == .sign }.count == 1)
        b.refusal = nil
        b.run(130_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// What added to the position was refused for the day's loss; what reduces it is signed meanwhile.
    @Test func aLimitOfTheSignerHoldsNoReduction() {
        let b = Bench()
        b.refusal = .limit(Text("max_loss_usd_per_day is used up"), until_s: b.unix_s + 90_000)
        b.run(60_000)
        #expect(b.status == "blocked" && b.reason.contains("max_loss_usd_per_day"), "\(b.status) \(b.reason)")
        b.refusal = nil
        b.run(120_000)
        #expect(b.status == "blocked" && b.perp_e9 == -9_000_000_000, "\(b.status) \(b.reason)")
        b.chain("{\"op\":\"set_user\",\"perp\":-12}")
        b.run(120_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    @Test func theSignerSaysWhenALimitPasses() {
        guard case .limit(_, let hour)? = SignRefusal(limit: UInt32(EK_REFUSE_HOURLY), wait_s: 3_599,
            unix_s: 7_201),
              case .limit(_, let day)? = SignRefusal(limit: UInt32(EK_REFUSE_LOSS), wait_s: -1,
                  unix_s: 86_399) else { return #expect(Bool(false)) }
        #expect(hour == 10_800 && day == 89_999)        // a person must act: asked again after an hour
        #expect(SignRefusal(limit: UInt32(EK_REFUSE_PRICE), wait_s: 0, unix_s: 1) == nil)
    }

    @Test func retryAfterIsObeyed() {
        let b = Bench()
        b.wire = { _, _ in .status(429, retryAfter_s: 30) }
        b.runTick()
        #expect(b.status == "error")
        let asked = b.effects.filter { if case .post = $0 { return true } else { return false } }.count
        #expect(asked == 1, "one request, then the pause it was told to keep")
        b.wire = { _, _ in nil }
        b.run(90_000)
        #expect(b.status == "executed_live" || b.status == "balanced")
    }

    @Test func aVerdictThatTheAccountDoesNotShowIsNotBelieved() {
        // The node says "landed" while the transaction is still on its way for 40 slots: one order, not two.
        let b = Bench()
        b.chain("{\"op\":\"fault\",\"kind\":\"delay_send\",\"slots\":40,\"n\":100}")
        b.rewrite = { method, _, body in
            guard method == "getSignatureStatuses", body.contains("[null]"),
                  let slot = body.range(of: "\"slot\":")
            else { return body }
            let n = body[slot.upperBound...].prefix { $0.isNumber }
            return body.replacingOccurrences(of: "[null]", with: """
                [{"confirmationStatus":"finalized","confirmations":null,"err":null,"slot":\(n),\
                "status":{"Ok":null}}]
                """)
        }
        b.runTick()
        #expect(b.status == "executed_live", "\(b.reason)")
        #expect(Set(b.sent).count == 1)
        #expect(b.effects.filter { $0 == .sign }.count == 1)
    }

    /// The node that showed the resting order stands on a fork that missed its fill.
    /// Its word that the order ended empty is not enough.
    @Test func anOrderThatEndedEmptyOnAForkIsAskedOfAnotherNode() {
        var o = Bench.options()
        o.velocity = false
        o.keeperLatencySlots = 100_000
        var r = Bench.rules()
        r.fillTimeout_s = 12
        let b = Bench(o, rules: r, endpoints: 2)
        b.machine.step(.timer, b.now)
        for _ in 0..<200 where b.ticket != UInt8(EK_TICKET_RESTING) { b.run(50) }
        #expect(b.ticket == UInt8(EK_TICKET_RESTING))
        var id: UInt32 = 0
        b.node.eachLiveOrder { id = $0.id }
        b.fork = (0, b.node.replica(), b.node.slot)
        b.chain("{\"op\":\"fill\",\"order_id\":\(id),\"price\":76.0}")
        #expect(b.perp_e9 == -10_000_000_000)
        b.run(40_000)
        #expect(b.status == "pending" && b.ticket != UInt8(EK_TICKET_NONE),
                "two nodes differ: \(b.status) \(b.reason)")
        b.fork = nil
        for _ in 0..<1200 where b.machine.stage != .idle { b.run(50) }
        #expect(b.status == "executed_live", "\(b.status) \(b.reason)")
        #expect(ek_record_market(b.record, 0)!.pointee.last_success.slot != 0, "the cooldown has begun")
    }

    /// A book that was refused at first and is believed ten minutes later, at the same slot,
    /// is of a node that stands still.
    @Test func aNodeThatStoodStillBeforeItWasBelievedIsNotTradedOn() {
        let b = Bench()
        b.machine.step(.command(.pause), b.now)
        b.runTick()
        b.machine.step(.command(.resume), b.now)
        b.node.advance(slots: 9_000)
        b.unix_s += 3_600
        b.record.pointee.vault.known = 0
        b.frozen = (0, b.node.replica())
        b.wire = { method, _ in method == "getGenesisHash" ? .lost : nil }
        b.start(Bench.rules())
        b.run(30_000)
        #expect(b.status == "error" && b.reason.contains("far ahead"), "\(b.status) \(b.reason)")
        b.wire = { _, _ in nil }
        b.run(60_000)
        #expect(b.sent.isEmpty && b.status == "blocked" && b.reason.contains("slot"),
                "\(b.status) \(b.reason)")
        b.frozen = nil
        b.run(65_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.status) \(b.reason)")
    }

    /// The preferred node shows a slot an hour ahead and falls silent before it has told its cluster;
    /// the other one stands an hour behind. Which of them is right is not known: nothing is sent until it is.
    @Test func aBookFarBehindWhatAnotherNodeShowedIsNotTradedOn() {
        let b = Bench(endpoints: 2)
        b.machine.step(.command(.pause), b.now)
        b.runTick()
        b.machine.step(.command(.resume), b.now)
        b.frozen = (1, b.node.replica())
        b.node.advance(slots: 9_000)
        b.unix_s += 3_600
        var books = 0
        b.wire = { method, endpoint in
            if endpoint == 1 { return nil }
            if method == "getMultipleAccounts" { books += 1 }
            return method == "getMultipleAccounts" && books == 1 ? nil : .lost
        }
        // no time of the last book: else the gate chain_moves is closed before anything is asked
        b.record.pointee.vault.known = 0
        b.start(Bench.rules(), 2)
        b.run(50_000)
        #expect(b.sent.isEmpty && !b.effects.contains(.sign), "\(b.logs)")
        // Only one of the two has shown it, so nothing of it is in the state file; the other's is judged.
        #expect(b.status == "blocked" && b.reason.contains("behind by 9000 slots"), "\(b.status) \(b.reason)")
        b.wire = { _, _ in nil }
        b.frozen = nil
        b.run(125_000)
        #expect(b.perp_e9 == -10_000_000_000, "\(b.reason)")
    }

    /// While the agent was away its resting order filled, somebody else's order took over the dead entry and
    /// traded most of it back. The account alone cannot tell that the order succeeded; the limits count it as
    /// if it had. The account is not inside, so no cooldown begins.
    @Test func aRestingOrderWhoseEntryWasUsedAgainCountsAsFilledForTheLimits() {
        var o = Bench.options()
        o.velocity = false
        o.keeperLatencySlots = 100_000
        var r = Bench.rules()
        r.fillTimeout_s = 12
        let b = Bench(o, rules: r)
        b.machine.step(.timer, b.now)
        for _ in 0..<200 where b.ticket != UInt8(EK_TICKET_RESTING) { b.run(50) }
        var id: UInt32 = 0
        b.node.eachLiveOrder { id = $0.id }
        b.chain("{\"op\":\"fill\",\"order_id\":\(id),\"price\":76.0}")
        let other = b.node.foreignOrder(buy: true, base: 800_000_000, price: 80_000_000, maxTs: 0, userId: 3)
        #expect(other != nil)
        b.chain("{\"op\":\"fill\",\"order_id\":\(other!),\"price\":77.0}")
        #expect(b.perp_e9 == -9_200_000_000)
        b.node.advance(slots: 100)
        b.unix_s += 40
        b.start(r)
        b.run(20_000)
        #expect(b.ticket == UInt8(EK_TICKET_NONE))
        let m = ek_record_market(b.record, 0)!.pointee
        #expect(m.trades_today == 1 && m.last_success.slot == 0)
    }

    @Test func pauseHoldsAndResumeGoesOn() {
        let b = Bench()
        b.machine.step(.command(.pause), b.now)
        b.runTick()
        #expect(b.status == "paused" && b.sent.isEmpty)
        b.machine.step(.command(.resume), b.now)
        b.runTick()
        #expect(b.status == "executed_live")
    }

    @Test func theBreakerOpensAfterFailuresInARowAndSaysHowToCloseIt() {
        var r = Bench.rules()
        r.maxFailures = 2
        let b = Bench(rules: r)
        b.signs = false
        b.run(130_000)
        #expect(b.status == "observe_only")
        #expect(b.reason.contains("breaker"))
        b.signs = true
        b.run(120_000)
        #expect(b.sent.isEmpty, "only resume closes it")
        b.machine.step(.command(.resume), b.now)
        b.runTick()
        #expect(b.status == "executed_live")
    }
}
