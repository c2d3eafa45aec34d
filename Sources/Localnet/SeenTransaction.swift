// A transaction that somebody signed, read as the runtime would.
import EvenkeelCore

/// A transaction as the chain reads it.
package struct SeenTransaction {
    package enum Kind: UInt8 { case other, place, take, cancel, settle }
    /// It can move the position.
    package var isOrder: Bool { kind == .place || kind == .take }
    package var kind = Kind.other
    package var sound = false             // parses, one signer, only compute budget and one venue instruction
    package var signer = Key(), user = Key(), blockhash = Key()
    package var market: UInt16 = 0, marketType: UInt8 = 0, orderType: UInt8 = 0, userId: UInt8 = 0
    package var isBuy = false, reduceOnly = false
    package var base: UInt64 = 0, price: UInt64 = 0, maxTs: Int64 = 0
    package var offset: Int64?, auctionStart: Int64?, auctionEnd: Int64?
    /// All or nothing; a part, whose rest is gone with the transaction.
    package var takeAll = false, takePart = false
    package var fee: UInt64 = 0
    package var unitPrice: UInt64 = 0
}

extension ChainNode {
    /// Reads a message as the runtime would.
    package func read(message: [UInt8]) -> SeenTransaction {
        var s = SeenTransaction()
        let (t, bad) = Reader.message(message)
        guard bad == nil, t.required == 1, t.lookups == 0, !t.version0 else { return s }
        s.signer = t.keys[0]
        s.blockhash = t.blockhash
        let (budget, wrong) = Budget.read(t)
        s.fee = budget.fee(signatures: 1)
        s.unitPrice = budget.price
        var venue = 0
        for ix in t.instructions {
            let p = t.keys[ix.program]
            if p == Known.computeBudget { continue }
            guard p == layout.program, ix.data.count >= 8, ix.accounts.count >= 2 else { return s }
            if ix.data.u64(0) == Ix.updateInterest {
                if venue > 0 || !isUpdate(ix, t) { return s }
                continue
            }
            venue += 1
            s.user = t.keys[Int(ix.accounts[1])]
            var a = Args(ix.data)
            switch ix.data.u64(0) {
            case Ix.place, Ix.take:
                let isTake = ix.data.u64(0) == Ix.take
                let p = OrderParams(&a, wide: layout.velocity)
                s.kind = isTake ? .take : .place
                s.market = p.market; s.marketType = p.marketType; s.orderType = p.type; s.userId = p.userId
                s.isBuy = p.isBuy; s.reduceOnly = p.reduceOnly; s.base = p.base; s.price = p.price
                s.maxTs = p.maxTs ?? 0
                s.offset = p.offset; s.auctionStart = p.auctionStart; s.auctionEnd = p.auctionEnd
                if isTake && a.flag() {
                    let condition = a.int(UInt32.self) & 255
                    s.takeAll = condition == 2
                    s.takePart = condition == 1 && p.type == Order.Kind.limit && p.ioc
                }
            case Ix.settlePnl:
                s.kind = .settle
                s.market = a.int(UInt16.self)
            case Ix.cancelByUserId:
                s.kind = .cancel
                s.userId = a.int(UInt8.self)
            default: return s
            }
            if a.broken { return s }
        }
        s.sound = venue == 1 && wrong == nil
        return s
    }

    /// Of a spot market's interest: nothing else is named, and nobody signs it.
    private func isUpdate(_ ix: Instruction, _ t: Transaction) -> Bool {
        let keys = ix.accounts.map { t.keys[Int($0)] }
        guard keys.count == 4, ix.data.count == 8, !ix.accounts.contains(0),
            let market = world.ledger.index(of: keys[1]), world.ledger.items[market].owner == layout.program
        else { return false }
        let m = world.ledger.data(market)
        return m.count >= layout.spot.size && m.u64(0) == Disc.spot && m.key(layout.spot.oracle) == keys[2]
            && m.key(layout.spot.vault) == keys[3]
    }
}
