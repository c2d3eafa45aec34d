// The classes of faults, each with the name that `--faults` knows it by.
import Model
import Rpc
import Text

package enum FaultClass: UInt8, CaseIterable, Comparable {
    // network
    case loss, delay, duplicate, reorder, truncate, garbage, limit, server, halfopen
    // nodes
    case behind, frozen, pool, lie, fork, genesis, height, slowslots, skipslots
    // landing
    case drop, late, execerror, congestion, lowfee
    // venue
    case paused, reduceonly, stale, jump, dry, partial, unfilled, upgrade
    // book
    case deposit, foreign, leftover, liquidation, delegate, gas
    // disk
    case torn, enospc, bitflip
    // process
    case crash, suspend
    // clock
    case step, freeze
    // evidence: nodes that lie consistently, tear reads, keep no history, leave fields out, refuse, are dead
    case liar, ratchet, tornread, nohistory, noconfirmation, methods, dead
    // the operator
    case kill, command

    /// In the order of the cases.
    private static let names: StaticString = """
        loss delay duplicate reorder truncate garbage limit server halfopen behind frozen pool lie \
        fork genesis height slowslots skipslots drop late execerror congestion lowfee paused \
        reduceonly stale jump dry partial unfilled upgrade deposit foreign leftover liquidation \
        delegate gas torn enospc bitflip crash suspend step freeze liar ratchet tornread nohistory \
        noconfirmation methods dead kill command
        """

    var name: Text {
        var (word, left) = (Text(), rawValue)
        for k in 0..<FaultClass.names.utf8CodeUnitCount {
            let b = FaultClass.names.utf8Start[k]
            if b == 0x20 {
                if left == 0 { break }
                left -= 1
            } else if left == 0 {
                word.put(byte: b)
            }
        }
        return word
    }

    package static func < (a: FaultClass, b: FaultClass) -> Bool { a.rawValue < b.rawValue }
    var bit: UInt64 { 1 << UInt64(rawValue) }
    package static let all: UInt64 = (1 << UInt64(FaultClass.allCases.count)) - 1

    /// The words that `parse` reads back to the same set.
    static func list(_ set: UInt64) -> Text {
        if set == all { return "all" }
        if set == 0 { return "none" }
        var t = Text()
        for c in allCases where set & c.bit != 0 {
            if !t.isEmpty { t.put(",") }
            t.put(c.name)
        }
        return t
    }

    /// "all", "none" or names with commas between them; `wrong` is the first word that names no class.
    package static func parse(_ t: Text) -> (set: UInt64, wrong: Text?) {
        if t == "all" { return (all, nil) }
        if t == "none" { return (0, nil) }
        var set: UInt64 = 0
        var word = Text()
        for b in t.bytes + [0x2C] {
            if b != 0x2C {
                word.put(byte: b)
                continue
            }
            guard let c = allCases.first(where: { word.bytes.elementsEqual($0.name.bytes) })
            else { return (0, word) }
            set |= c.bit
            word.clear()
        }
        return (set, nil)
    }
}
