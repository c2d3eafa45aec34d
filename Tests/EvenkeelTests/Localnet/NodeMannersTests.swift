// Nodes that are not what one hopes for: what they refuse, leave out and forge, and that a forged world
// holds together.
import Testing
import Text
@testable import Localnet

@Suite struct NodeMannersTests {
    private func ask(_ n: ChainNode, _ s: String, _ r: Replica? = nil, _ m: NodeManners) -> String {
        var out = Text()
        _ = bytes(s).withUnsafeBufferPointer { n.handle($0, &out, seenBy: r, manners: m) }
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private func call(_ method: String, _ params: String = "[]") -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
    }

    private let full = NodeManners()
    private let signature = String(repeating: "1", count: 64)

    private func statuses(history: Bool) -> String {
        let config = history ? #",{"searchTransactionHistory":true}"# : ""
        return call("getSignatureStatuses", #"[["\#(signature)"]\#(config)]"#)
    }

    /// As if a transaction with 64 zero bytes for a signature had landed in this slot.
    private func landed(_ n: ChainNode) {
        n.landed.append(Landed(signature: [UInt8](repeating: 0, count: 64), slot: n.slot, unixTs: n.unixTs,
                               error: nil, logs: [], units: 0, fee: 5_000, raw: [], version0: false))
    }

    @Test func withoutHistoryOnlyTheSearchIsRefused() {
        let n = ChainNode(ChainOptions())
        landed(n)
        n.advance(slots: 2)
        var m = NodeManners()
        m.keepsHistory = false
        let refused = ask(n, statuses(history: true), nil, m)
        #expect(refused.contains("-32011"))
        #expect(refused.contains("Transaction history is not available from this node"))
        #expect(ask(n, statuses(history: false), nil, m).contains("\"confirmationStatus\":\"confirmed\""))
        #expect(ask(n, statuses(history: true), nil, full).contains("\"confirmationStatus\":\"confirmed\""))
    }

    @Test func confirmationIsLeftOutAndNothingElse() {
        let n = ChainNode(ChainOptions())
        landed(n)
        n.advance(slots: 2)
        var m = NodeManners()
        m.saysConfirmation = false
        let a = ask(n, statuses(history: false), nil, m)
        #expect(!a.contains("confirmationStatus"))
        #expect(a.contains(#"{"confirmations":2,"slot":438024300,"err":null"#))
    }

    @Test func aRefusedMethodIsNotFoundAndOthersAre() {
        let n = ChainNode(ChainOptions())
        var m = NodeManners()
        m.refused = ["getEpochInfo"]
        #expect(ask(n, call("getEpochInfo"), nil, m).contains("-32601"))
        #expect(ask(n, call("getSlot"), nil, m).contains("438024300"))
        #expect(ask(n, call("getEpochInfo"), nil, full).contains("blockHeight"))
    }

    @Test func statusesAreHiddenTurnedAndClaimed() {
        let n = ChainNode(ChainOptions())
        var m = NodeManners()
        m.statuses = .claimed([UInt8](repeating: 0, count: 64), slot: n.slot)
        n.advance(slots: 1)
        #expect(ask(n, statuses(history: false), nil, m).contains("\"slot\":438024300,\"err\":null"))
        #expect(ask(n, statuses(history: false), nil, NodeManners()).contains("[null]"))
        landed(n)
        m.statuses = .failed
        let error = #""err":{"InstructionError":[2,{"Custom":6000}]}"#
        #expect(ask(n, statuses(history: false), nil, m).contains(error))
        m.statuses = .hidden
        #expect(ask(n, statuses(history: false), nil, m).contains("[null]"))
    }

    @Test func heightsMoveTogether() {
        let n = ChainNode(ChainOptions())
        var m = NodeManners()
        m.heightBy = 200
        func number(_ s: String, after key: String) -> Int {
            Int(s.components(after: key).prefix { $0.isNumber }) ?? -1
        }
        for (method, key) in [("getBlockHeight", "result\":"), ("getEpochInfo", "blockHeight\":"),
                              ("getLatestBlockhash", "lastValidBlockHeight\":")] {
            let q = call(method)
            let lie = number(ask(n, q, nil, m), after: key), truth = number(ask(n, q, nil, full), after: key)
            #expect(lie == truth + 200)
        }
    }

    @Test func aForgedWorldHoldsTogether() {
        let n = ChainNode(ChainOptions())
        let before = n.truth()
        var f = Forgery()
        f.spotBy_e9 = 2_000_000_000
        f.walletBy = 300_000_000
        f.pricePpm = 9_000
        f.slotBy = 12
        let r = n.forged(nil, f), lie = n.truth(r)
        #expect(abs(lie.spot_e9 - before.spot_e9 - 2_000_000_000) <= 1)
        #expect(lie.wallet == before.wallet + 300_000_000)
        #expect(lie.slot == before.slot + 12 && lie.oracleAge == before.oracleAge)
        #expect(abs(lie.price_e6 - before.price_e6 * 1_009 / 1_000) <= 1)
        // The Clock account and the slot of the answer agree, and the truth is untouched.
        let clock = call("getAccountInfo",
                         #"["SysvarC1ock11111111111111111111111111111111",{"encoding":"base64"}]"#)
        #expect(ask(n, clock, r, full).contains("\"slot\":438024312"))
        #expect(r.world.ledger.u64(0, in: n.at.clock) == 438_024_312)
        #expect(n.truth().spot_e9 == before.spot_e9 && n.slot == before.slot)
    }

    @Test func nothingHappensForWhoeverShowsAnOldUser() {
        let n = ChainNode(ChainOptions())
        var f = Forgery()
        f.userOf = n.replica()
        let before = n.truth()
        n.deposit(3_000_000_000)
        n.advance(slots: 5)
        let lie = n.truth(n.forged(nil, f))
        #expect(lie.spot_e9 == before.spot_e9 && lie.slot == n.slot)
    }

    @Test func aTornAnswerIsOfTwoSlots() {
        let n = ChainNode(ChainOptions())
        let old = n.replica(), before = n.truth()
        n.moveInside(500_000_000)
        let after = n.truth()
        #expect(after.wallet == before.wallet - 500_000_000)
        #expect(abs(after.spot_e9 - before.spot_e9 - 500_000_000) <= 1)
        let oldUser = n.truth(n.torn(nil, old, oldUser: true))
        let oldWallet = n.truth(n.torn(nil, old, oldUser: false))
        #expect(oldUser.spot_e9 == before.spot_e9 && oldUser.wallet == after.wallet)
        #expect(oldWallet.spot_e9 == after.spot_e9 && oldWallet.wallet == before.wallet)
    }

    @Test func noMoreAccountsAreGivenThanTheTransactionNames() {
        // One signer, no instruction: its keys are the payer and the system program.
        let zeros = [UInt8](repeating: 0, count: 64)
        let message: [UInt8] = [1, 0, 1, 2] + [UInt8](repeating: 7, count: 32) + zeros + [0]
        var t = Text()
        t.put(base64: [1] + zeros + message, 0, 65 + message.count)
        let tx = String(decoding: t.bytes, as: UTF8.self), k = "11111111111111111111111111111111"
        func simulate(_ n: Int) -> String {
            let keys = [String](repeating: "\"\(k)\"", count: n).joined(separator: ",")
            let accounts = #"{"encoding":"base64","addresses":[\#(keys)]}"#
            let config = #"{"encoding":"base64","replaceRecentBlockhash":true,"accounts":\#(accounts)}"#
            let q = call("simulateTransaction", #"["\#(tx)",\#(config)]"#)
            return ask(ChainNode(ChainOptions()), q, nil, full)
        }
        #expect(simulate(3).contains(#""code":-32602,"message":"Too many accounts provided; max 2""#))
        #expect(simulate(2).contains("\"result\""))
    }

    @Test func marginIsTheVenuesOwn() {
        let n = ChainNode(ChainOptions())
        let now = n.margin(), sold = n.margin(perpBy: -10_000_000_000)
        let far = n.margin(perpBy: -500_000_000_000)
        #expect((now?.health_bp ?? 0) == 10_000 && (sold?.health_bp ?? 0) < 10_000)
        #expect((sold?.needed_e6 ?? 0) > (now?.needed_e6 ?? 0))
        #expect((far?.initial_e6 ?? 0) < (far?.needed_e6 ?? 0) && far?.health_bp == 0)
    }
}

extension String {
    /// What stands behind the first `key`.
    fileprivate func components(after key: String) -> Substring {
        var i = startIndex
        while i < endIndex {
            if self[i...].hasPrefix(key) { return self[index(i, offsetBy: key.count)...] }
            i = index(after: i)
        }
        return ""
    }
}
