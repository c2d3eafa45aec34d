// Where a tick stands. A case carries what that phase needs: what is not in the case does not exist.
//
//   reading     one getMultipleAccounts, everything of one slot; then the decision   Reading, Deciding
//   probing     once a process: does the venue take instructions at all              Probing
//   checking    a second look: another endpoint, or the only one again, agrees       SecondLook
//   preparing   blockhash, priority fee, block height                                Preparing
//   simulating  the exact order without a signature; its effect is what is meant     Simulating
//   watching    the journalled bytes are sent until found or proven expired          Watching, Landing
//   settling    landed is not filled: the User is read until the order is over       Settling
//
// An open ticket found at start enters at `watching`; nothing else is built before it has ended.
import Execute

package enum Phase {
    case idle
    case reading
    case probing
    case checking(Draft)
    case preparing(Draft)
    case simulating(Draft)
    case watching(Tracking)
    case settling(Tracking)

    package var stage: Stage {
        switch self {
        case .idle: return .idle
        case .reading: return .reading
        case .probing: return .probing
        case .checking: return .checking
        case .preparing: return .preparing
        case .simulating: return .simulating
        case .watching: return .watching
        case .settling: return .settling
        }
    }

    var draft: Draft? {
        switch self {
        case .checking(let d), .preparing(let d), .simulating(let d): return d
        case .idle, .reading, .probing, .watching, .settling: return nil
        }
    }

    var tracking: Tracking? {
        switch self {
        case .watching(let t), .settling(let t): return t
        case .idle, .reading, .probing, .checking, .preparing, .simulating: return nil
        }
    }

    func with(_ d: Draft) -> Phase {
        switch self {
        case .checking: return .checking(d)
        case .preparing: return .preparing(d)
        case .simulating: return .simulating(d)
        default: preconditionFailure("this phase has no draft")
        }
    }

    func with(_ t: Tracking) -> Phase {
        switch self {
        case .watching: return .watching(t)
        case .settling: return .settling(t)
        default: preconditionFailure("this phase has no ticket")
        }
    }
}

/// A phase without what it carries, for whoever only shows it.
package enum Stage: UInt8 {
    case idle, reading, probing, checking, preparing, simulating, watching, settling

    package var word: StaticString {
        switch self {
        case .idle: return "idle"
        case .reading: return "reading"
        case .probing: return "probing"
        case .checking: return "checking"
        case .preparing: return "preparing"
        case .simulating: return "simulating"
        case .watching: return "watching"
        case .settling: return "settling"
        }
    }
}
