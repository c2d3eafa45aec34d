// What a tick came to, in one word.

/// Statuses of docs/interface.md, in its words.
package enum Status: UInt8 {
    case balanced, cooldown, dust, blocked, pending, executedLive, executedPaper, partial, unfilled, error,
        observeOnly, paused

    package var word: StaticString {
        switch self {
        case .balanced: return "balanced"
        case .cooldown: return "cooldown"
        case .dust: return "dust"
        case .blocked: return "blocked"
        case .pending: return "pending"
        case .executedLive: return "executed_live"
        case .executedPaper: return "executed_paper"
        case .partial: return "partial"
        case .unfilled: return "unfilled"
        case .error: return "error"
        case .observeOnly: return "observe_only"
        case .paused: return "paused"
        }
    }

    /// Exit code of `run --once` that ended so.
    package var exitCode: Int32 {
        switch self {
        case .balanced, .cooldown, .dust, .paused, .executedLive, .executedPaper: return 0
        case .blocked, .observeOnly: return 10
        case .pending, .partial, .unfilled, .error: return 11
        }
    }
}
