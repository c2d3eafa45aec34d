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

    var name: StaticString {
        switch self {
        case .loss: return "loss"
        case .delay: return "delay"
        case .duplicate: return "duplicate"
        case .reorder: return "reorder"
        case .truncate: return "truncate"
        case .garbage: return "garbage"
        case .limit: return "limit"
        case .server: return "server"
        case .halfopen: return "halfopen"
        case .behind: return "behind"
        case .frozen: return "frozen"
        case .pool: return "pool"
        case .lie: return "lie"
        case .fork: return "fork"
        case .genesis: return "genesis"
        case .height: return "height"
        case .slowslots: return "slowslots"
        case .skipslots: return "skipslots"
        case .drop: return "drop"
        case .late: return "late"
        case .execerror: return "execerror"
        case .congestion: return "congestion"
        case .lowfee: return "lowfee"
        case .paused: return "paused"
        case .reduceonly: return "reduceonly"
        case .stale: return "stale"
        case .jump: return "jump"
        case .dry: return "dry"
        case .partial: return "partial"
        case .unfilled: return "unfilled"
        case .upgrade: return "upgrade"
        case .deposit: return "deposit"
        case .foreign: return "foreign"
        case .leftover: return "leftover"
        case .liquidation: return "liquidation"
        case .delegate: return "delegate"
        case .gas: return "gas"
        case .torn: return "torn"
        case .enospc: return "enospc"
        case .bitflip: return "bitflip"
        case .crash: return "crash"
        case .suspend: return "suspend"
        case .step: return "step"
        case .freeze: return "freeze"
        case .liar: return "liar"
        case .ratchet: return "ratchet"
        case .tornread: return "tornread"
        case .nohistory: return "nohistory"
        case .noconfirmation: return "noconfirmation"
        case .methods: return "methods"
        case .dead: return "dead"
        case .kill: return "kill"
        case .command: return "command"
        }
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
            guard let c = allCases.first(where: { word == $0.name }) else { return (0, word) }
            set |= c.bit
            word.clear()
        }
        return (set, nil)
    }
}
