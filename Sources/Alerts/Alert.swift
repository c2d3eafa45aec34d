// What an alert is: its kind, its state, and the conditions that last.
import Model
import Text

package enum AlertKind: UInt8 {
    case started, stopped, correction, failure, blocked, health, breaker, rpc, state, mode, refused, ticket
    case venue

    var word: StaticString {
        switch self {
        case .started: return "started"
        case .stopped: return "stopped"
        case .correction: return "correction"
        case .failure: return "failure"
        case .blocked: return "blocked"
        case .health: return "health"
        case .breaker: return "breaker"
        case .rpc: return "rpc"
        case .state: return "state"
        case .mode: return "mode"
        case .refused: return "refused"
        case .ticket: return "ticket"
        case .venue: return "venue"
        }
    }
}

enum AlertState: UInt8 {
    case once, firing, reminder, resolved

    var word: StaticString {
        switch self {
        case .once: return "once"
        case .firing: return "firing"
        case .reminder: return "reminder"
        case .resolved: return "resolved"
        }
    }
}

/// A message on its way to the operator.
struct Alert {
    var kind: AlertKind
    var state: AlertState
    var level: Level
    var text: Text
    var time_s: Int64
    var tick: UInt64
}

/// Something that lasts: what is known of it and when it was last said.
struct Condition {
    var holds = false
    var since_ms: UInt64 = 0
    var said = false
    var saidAt_ms: UInt64 = 0
    var level = Level.warning
}

/// How a delivery ended.
enum Delivery {
    case done, later, refused
}
