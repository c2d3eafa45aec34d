// The runtime: fee payer, compute budget, instructions one after the other, logs as the node writes them.
import EvenkeelCore
import Text

struct Meta {
    var key: Key
    var signer: Bool, writable: Bool
}

/// What a taker meets at this instant (ChainOptions says what the numbers mean).
struct Quote {
    var midE9: Int64
    var spreadPpm: Int64, impactPpm: Int64, liquidity: Int64
    var atOnce: Bool             // the vAMM fills inside the taker's own transaction
}

struct Outcome {
    var error: TxError?
    var logs: [Text] = []
    var units: UInt64 = 0
    var fee: UInt64 = 0
    var world: World
}

struct Execution {
    let L: Layout
    var world: World
    let quote: Quote
    var logs: [Text] = []
    var unitsLeft: UInt64 = 0
    var upgrade = VenueUpgrade.off
    // The instruction at work.
    var metas: [Meta] = []
    var maps = Maps()
    var userAt = 0, statsAt = 0, stateAt = 0
    var blamed: StaticString?        // the account Anchor names in its error line
    var now: Int64 { world.unixTs }
    var slot: UInt64 { world.slot }
    var user: [UInt8] { world.ledger.data(userAt) }

    @inline(never) mutating func log(_ words: Text) { logs.append("Program log: \(words)") }

    private mutating func anchor(_ code: UInt32, account: StaticString?) {
        let e = ErrorName.find(code)
        let whence: Text = account.map { "caused by account: \($0). " } ?? "occurred. "
        log("AnchorError \(whence)Error Code: \(e.name). Error Number: \(code). Error Message: \(e.message).")
    }

    /// Uses up compute; the meter is checked before anything of the step counts.
    mutating func charge(_ units: UInt64) throws(Halt) {
        if units > unitsLeft {
            unitsLeft = 0
            throw .native(.programFailedToComplete)
        }
        unitsLeft -= units
    }
}

/// Compute-budget instructions of a transaction.
struct Budget {
    var limit: UInt64 = 0
    var price: UInt64 = 0

    /// nil and an error when an instruction is malformed or given twice.
    static func read(_ t: Transaction) -> (Budget, TxError?) {
        var b = Budget(), set: UInt64?, priced = false, heap = false, loaded = false, others: UInt64 = 0
        for (i, ix) in t.instructions.enumerated() {
            guard t.keys[ix.program] == Known.computeBudget else {
                others += 1
                continue
            }
            let d = ix.data
            switch (d.first ?? 255, d.count) {
            case (1, 5):
                if heap { return (b, .duplicateInstruction(i)) }
                heap = true
            case (2, 5):
                if set != nil { return (b, .duplicateInstruction(i)) }
                set = UInt64(d.u32(1))
            case (3, 9):
                if priced { return (b, .duplicateInstruction(i)) }
                priced = true
                b.price = d.u64(1)
            case (4, 5):
                if loaded { return (b, .duplicateInstruction(i)) }
                loaded = true
            default: return (b, .instruction(i, .native(.invalidInstructionData)))
            }
        }
        b.limit = min(set ?? min(others * 200_000, 1_400_000), 1_400_000)
        return (b, nil)
    }

    func fee(signatures: Int) -> UInt64 {
        let p = price.multipliedFullWidth(by: limit)
        let micro = UInt128(p.high) << 64 | UInt128(p.low)
        return 5000 * UInt64(signatures) + UInt64(clamping: (micro + 999_999) / 1_000_000)
    }
}

extension ChainNode {
    /// Runs a transaction on a copy of the world. The fee is in the outcome's world also when an instruction
    /// fails.
    func run(_ t: Transaction) -> Outcome {
        var out = Outcome(world: world)
        let (budget, bad) = Budget.read(t)
        out.fee = budget.fee(signatures: t.required)
        if t.lookups > 0 { out.error = .refused(.lookupTableNotFound); return out }
        guard let payer = world.ledger.index(of: t.keys[0]), world.ledger.items[payer].lamports > 0 else {
            out.error = .refused(.accountNotFound)
            return out
        }
        let have = world.ledger.items[payer].lamports
        if world.ledger.items[payer].owner != Known.system {
            out.error = .refused(.invalidAccountForFee)
            return out
        }
        if have < out.fee { out.error = .refused(.insufficientFundsForFee); return out }
        let rest = have - out.fee
        if rest != 0 && rest < Genesis.rent(0) { out.error = .insufficientFundsForRent(0); return out }
        for ix in t.instructions {
            let k = t.keys[ix.program]
            if k == Known.computeBudget || k == Known.system { continue }
            guard let p = world.ledger.index(of: k) else {
                out.error = .refused(.programAccountNotFound)
                return out
            }
            if !world.ledger.items[p].executable {
                out.error = .refused(.invalidProgramForExecution)
                return out
            }
        }
        out.world.ledger.items[payer].lamports = rest
        if let e = bad { out.error = e; return out }

        var x = Execution(L: layout, world: out.world, quote: currentQuote())
        x.upgrade = options.upgrade
        x.unitsLeft = budget.limit
        for (i, ix) in t.instructions.enumerated() {
            do throws(Halt) {
                try x.instruction(t, ix)
            } catch {
                out.error = .instruction(i, error)
                break
            }
        }
        out.logs = x.logs
        out.units = budget.limit - x.unitsLeft
        if out.error == nil { out.world = x.world }
        return out
    }

    func currentQuote() -> Quote {
        // The vAMM fills at once only on an oracle of this slot, and on a seeded share of the slots.
        var h = Xoshiro256(seed: options.seed ^ world.slot &* 0x9E37_79B9, stream: 6)
        let open = h.below(1000) >= options.takeFailPermille
        let fresh = world.ledger.u64(24, in: at.oracles[0]) >= world.slot
            || world.ledger.u64(layout.perp.mmSlot, in: at.perps[0]) + 2 >= world.slot
        return Quote(midE9: midE9, spreadPpm: options.spreadPpm, impactPpm: options.impactPpmPerBase,
                     liquidity: options.liquidityE9, atOnce: open && fresh)
    }
}

extension Execution {
    mutating func instruction(_ t: Transaction, _ ix: Instruction) throws(Halt) {
        let program = t.keys[ix.program]
        logs.append("Program \(program) invoke [1]")
        let before = unitsLeft
        do throws(Halt) {
            if program == Known.computeBudget {
                try charge(150)
            } else if program == L.program {
                metas.removeAll(keepingCapacity: true)
                for a in ix.accounts {
                    metas.append(Meta(key: t.keys[Int(a)], signer: t.isSigner(Int(a)),
                                      writable: t.isWritable(Int(a))))
                }
                try dispatch(ix.data)
                consumed(program, before)
            } else {
                try charge(150)
                throw .native(.unsupportedProgramId)
            }
        } catch {
            let why: Text
            switch error {
            case .custom(let c):
                anchor(c, account: blamed)
                consumed(program, before)
                why = "custom program error: \(hexNumber: c)"
            case .native(.programFailedToComplete):
                consumed(program, before)
                why = unitsLeft == 0 ? "exceeded CUs meter at BPF instruction" : "SBF program panicked"
            case .native(let n): why = "\(n.text)"
            }
            logs.append("Program \(program) failed: \(why)")
            throw error
        }
        logs.append("Program \(program) success")
    }

    private mutating func consumed(_ program: Key, _ before: UInt64) {
        logs.append("Program \(program) consumed \(before - unitsLeft) of \(before) compute units")
    }
}
