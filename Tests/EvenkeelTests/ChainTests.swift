// The embedded chain as a library: what the simulator relies on. Behaviour over the wire is in Tests/e2e/test_localnet*.py.
import EvenkeelCore
import Kit
import Testing
@testable import Chain

private func ask(_ n: ChainNode, _ s: String) -> String {
    var out = Text()
    let body = Array(s.utf8)
    _ = body.withUnsafeBufferPointer { n.handle($0, &out) }
    return String(decoding: out.bytes, as: UTF8.self)
}

private func control(_ n: ChainNode, _ s: String) -> String {
    var out = Text()
    let body = Array(s.utf8)
    _ = body.withUnsafeBufferPointer { n.control($0, &out) }
    return String(decoding: out.bytes, as: UTF8.self)
}

private func text(_ s: String) -> [UInt8] { Array(s.utf8) }

private func decimal(_ s: String, _ d: Int) -> Int64? {
    text(s).withUnsafeBufferPointer { Decimal.parse($0, d) }
}

@Suite struct ChainTests {
    @Test func timeMovesOnlyByAdvance() {
        let n = ChainNode(ChainOptions())
        let a = ask(n, #"{"jsonrpc":"2.0","id":1,"method":"getSlot"}"#)
        #expect(a == #"{"jsonrpc":"2.0","result":438024300,"id":1}"#)
        #expect(ask(n, #"{"jsonrpc":"2.0","id":1,"method":"getSlot"}"#) == a)
        n.advance(slots: 7)
        #expect(ask(n, #"{"jsonrpc":"2.0","id":"x","method":"getSlot"}"#) == #"{"jsonrpc":"2.0","result":438024307,"id":"x"}"#)
        #expect(n.unixTs == 1_786_205_390 + 2)      // 7 slots of 400 ms
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
            for _ in 0..<60 { n.jump(slots: 150) }
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
        func counts() -> (UInt64, UInt64) { (n.world.ledger.items[n.at.user].data.u64(at), n.world.ledger.items[n.at.user].data.u64(at + 8)) }
        let (brought, taken) = counts()
        n.deposit(1_000_000_000)
        #expect(counts() == (brought + UInt64(n.oraclePriceE6), taken))
        n.deposit(-500_000_000)
        #expect(counts() == (brought + UInt64(n.oraclePriceE6), taken + UInt64(n.oraclePriceE6) / 2))
    }

    @Test func decimals() {
        #expect(decimal("12.5", 6) == 12_500_000)
        #expect(decimal("-0.005", 9) == -5_000_000)
        #expect(decimal("1e-05", 9) == 10_000)
        #expect(decimal("1.5E3", 0) == 1500)
        #expect(decimal("0.0000000019", 9) == 1)
        #expect(decimal("9223372036.854775807", 9) == Int64.max)
        for bad in ["", "-", ".", "1e", "1x", "9223372036.854775808", "1e99", "--1"] { #expect(decimal(bad, 9) == nil, "\(bad)") }
    }

    @Test func pricesFromCsv() {
        let rows = "time,open,high,low,close\r\n1775020500,80.5,1,1,81\r\n1775021400,81,1,1,90.25\r\n1775020000,1,1,1,1\nx\n"
        let p = text(rows).withUnsafeBufferPointer { PriceCsv.read($0) }
        #expect(p.map(\.tsMs) == [1_775_020_500_000, 1_775_021_400_000, 1_775_022_300_000])
        #expect(p.map(\.priceE9) == [80_500_000_000, 81_000_000_000, 90_250_000_000])
        #expect(text("").withUnsafeBufferPointer { PriceCsv.read($0) }.isEmpty)
    }

    @Test func readerRefusesEveryTruncation() {
        // One signature, a legacy message of three keys and one instruction.
        var m: [UInt8] = [1, 0, 1, 3]
        for k: UInt8 in 1...3 { m += [UInt8](repeating: k, count: 32) }
        m += [UInt8](repeating: 9, count: 32)
        m += [1, 2, 2, 0, 1, 3, 7, 7, 7]
        let whole = [1] + [UInt8](repeating: 5, count: 64) + m
        let (t, fault) = Reader.transaction(whole)
        #expect(fault == nil && t.keys.count == 3 && t.instructions.count == 1 && t.instructions[0].data == [7, 7, 7])
        #expect(t.isSigner(0) && t.isWritable(0) && t.isWritable(1) && !t.isWritable(2) && !t.isSigner(1))
        for n in 0..<whole.count { #expect(Reader.transaction(Array(whole[..<n])).1 != nil) }
        #expect(Reader.transaction(whole + [0]).1 == .trailing)
        var twice = whole
        for i in 0..<32 { twice[65 + 4 + 32 + i] = 1 }
        #expect(Reader.transaction(twice).1 == .sanitize)
        var payerAsProgram = whole
        payerAsProgram[payerAsProgram.count - 8] = 0
        #expect(Reader.transaction(payerAsProgram).1 == .sanitize)
        var long = whole
        long.replaceSubrange(0..<1, with: [0x81, 0x00])        // 1 in two bytes: not minimal
        #expect(Reader.transaction(long).1 == .badLength)
    }

    @Test func ledgerOfAFailedTransactionIsUntouched() {
        let n = ChainNode(ChainOptions())
        let before = control(n, #"{"op":"dump"}"#)
        let a = ask(n, #"{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":["AA==",{"encoding":"base64"}]}"#)
        #expect(a.contains("-32602"))
        #expect(control(n, #"{"op":"dump"}"#) == before)
    }

    @Test func weightsMoveWithSize() {
        #expect(floored(15_500_000, to: 10_000_000) == 10_000_000)
        #expect(onTick(76_000_123, 1000, buy: false) == 76_001_000 && onTick(76_000_123, 1000, buy: true) == 76_000_000)
        #expect(onTick(-500, 1000, buy: true) == -1000 && onTick(-500, 1000, buy: false) == 0)
        #expect(ceilDiv(-7, 2) == -3 && floorDiv(-7, 2) == -4 && ceilDiv(7, 2) == 4 && floorDiv(7, 2) == 3)
        #expect(mulDiv(.max, .max, 1) == .max && mulDiv(.min, .max, 1) == .min)
    }

    @Test func quoteNeverFillsPastTheLimit() {
        var r = Random(seed: 3, stream: 77)
        for _ in 0..<2000 {
            let q = Quote(midE9: 50_000_000_000 + Int64(r.below(100_000_000_000)), spreadPpm: Int64(r.below(3000)),
                          impactPpm: Int64(r.below(100)), liquidity: Int64(r.below(200_000_000_000)), atOnce: true)
            let buy = r.below(2) == 0
            let limit = q.midE9 / 1000 + Int64(r.below(2_000_000)) - 1_000_000
            let want = r.below(300_000_000_000)
            let f = q.fill(buy: buy, want: want, limit: limit, step: 10_000_000, depth: Depth(taken: Int64(r.below(100_000_000_000)) - 50_000_000_000))
            #expect(f.base <= want && f.base % 10_000_000 == 0)
            if f.base > 0 { #expect(buy ? f.priceE9 <= limit * 1000 : f.priceE9 >= limit * 1000) }
        }
    }
}
