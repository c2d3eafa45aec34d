// The embedded chain as a library: what the simulator relies on. Behaviour over the wire is in
// Tests/e2e/test_localnet*.py.
import Testing
@testable import Localnet

@Suite struct ChainNodeTests {
    @Test func timeMovesOnlyByAdvance() {
        let n = ChainNode(ChainOptions())
        let a = ask(n, #"{"jsonrpc":"2.0","id":1,"method":"getSlot"}"#)
        #expect(a == #"{"jsonrpc":"2.0","result":438024300,"id":1}"#)
        #expect(ask(n, #"{"jsonrpc":"2.0","id":1,"method":"getSlot"}"#) == a)
        n.advance(slots: 7)
        let later = ask(n, #"{"jsonrpc":"2.0","id":"x","method":"getSlot"}"#)
        #expect(later == #"{"jsonrpc":"2.0","result":438024307,"id":"x"}"#)
        #expect(n.unixTs == 1_786_205_390 + 1)      // 7 slots of 250 ms
    }

    @Test(arguments: [true, false]) func sameSeedSameBytes(velocity: Bool) {
        func story(_ seed: UInt64) -> [String] {
            var o = ChainOptions()
            o.velocity = velocity
            o.seed = seed
            o.disturbMeanSeconds = 60
            let n = ChainNode(o)
            var out: [String] = []
            for k in 1...20 {
                n.advance(slots: 10 * k)
                out.append(control(n, #"{"op":"dump"}"#))
            }
            return out
        }
        let a = story(9)
        #expect(a == story(9))
        #expect(a.last != story(10).last)
    }

    @Test func askingDoesNotChangeThePath() {
        func price(_ asks: Int) -> Int64 {
            let n = ChainNode(ChainOptions())
            for _ in 0..<50 {
                for _ in 0..<asks { _ = ask(n, #"{"jsonrpc":"2.0","id":1,"method":"getLatestBlockhash"}"#) }
                n.advance(slots: 3)
            }
            return n.oraclePriceE6
        }
        #expect(price(0) == price(4))
        #expect(price(0) != ChainOptions().priceE6)
    }

    @Test func jumpMovesLikeSteps() {
        var o = ChainOptions()
        o.volatilityPpmHour = 0
        let a = ChainNode(o), b = ChainNode(o)
        a.advance(slots: 20_000)
        b.jump(slots: 20_000)
        #expect(a.slot == b.slot && a.unixTs == b.unixTs && a.oraclePriceE6 == b.oraclePriceE6)
        #expect(ask(a, #"{"jsonrpc":"2.0","id":1,"method":"getLatestBlockhash"}"#)
            == ask(b, #"{"jsonrpc":"2.0","id":1,"method":"getLatestBlockhash"}"#))
    }

    @Test func jumpsSpreadAsFarAsSteps() {
        // Standard deviation of the hour's return, from 400 hours in jumps of a minute: 0.9 % asked for.
        let n = ChainNode(ChainOptions())
        var sum = 0.0, last = Double(n.oraclePriceE6)
        for _ in 0..<400 {
            for _ in 0..<60 { n.jump(slots: 240) }
            let now = Double(n.oraclePriceE6)
            sum += (now / last - 1) * (now / last - 1)
            last = now
        }
        let sd = (sum / 400).squareRoot()
        #expect(sd > 0.0078 && sd < 0.0102)
    }

    @Test func depositsReadBackExactly() {
        for sol: Int64 in [10_000_000_000, 9_500_000_000, 1_234_567_890, 1, 37_000_000_123] {
            var o = ChainOptions()
            o.solE9 = sol
            let n = ChainNode(o)
            #expect(abs(n.spotBaseE9 - sol) <= 1)
        }
        #expect(ChainNode(ChainOptions()).spotBaseE9 == 10_000_000_000)
        var o = ChainOptions()
        o.solE9 = -2_000_000_000
        #expect(abs(ChainNode(o).spotBaseE9 + 2_000_000_000) <= 2)
    }

    /// What the owner brings and takes is counted by the venue, else the vault would call it profit or loss.
    @Test(arguments: [true, false]) func depositsAreCounted(velocity: Bool) {
        var o = ChainOptions()
        o.velocity = velocity
        let n = ChainNode(o)
        let at = n.layout.user.totals
        func counts() -> (UInt64, UInt64) {
            let user = n.world.ledger.items[n.at.user].data
            return (user.u64(at), user.u64(at + 8))
        }
        let (brought, taken) = counts()
        n.deposit(1_000_000_000)
        #expect(counts() == (brought + UInt64(n.oraclePriceE6), taken))
        n.deposit(-500_000_000)
        #expect(counts() == (brought + UInt64(n.oraclePriceE6), taken + UInt64(n.oraclePriceE6) / 2))
    }

    @Test func ledgerOfAFailedTransactionIsUntouched() {
        let n = ChainNode(ChainOptions())
        let before = control(n, #"{"op":"dump"}"#)
        let params = #"["AA==",{"encoding":"base64"}]"#
        let a = ask(n, #"{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":\#(params)}"#)
        #expect(a.contains("-32602"))
        #expect(control(n, #"{"op":"dump"}"#) == before)
    }
}
