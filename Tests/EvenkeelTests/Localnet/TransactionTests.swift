// The chain's own reader of transactions.
import Testing
@testable import Localnet

@Suite struct TransactionTests {
    @Test func readerRefusesEveryTruncation() {
        // One signature, a legacy message of three keys and one instruction.
        var m: [UInt8] = [1, 0, 1, 3]
        for k: UInt8 in 1...3 { m += [UInt8](repeating: k, count: 32) }
        m += [UInt8](repeating: 9, count: 32)
        m += [1, 2, 2, 0, 1, 3, 7, 7, 7]
        let whole = [1] + [UInt8](repeating: 5, count: 64) + m
        let (t, fault) = Reader.transaction(whole)
        #expect(fault == nil && t.keys.count == 3)
        #expect(t.instructions.count == 1 && t.instructions[0].data == [7, 7, 7])
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
}
