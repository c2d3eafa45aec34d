// Commands from outside, whichever door they come through: what is done, and the sentence that says so.
import Accounting
import Decide
import EvenkeelCore
import Model
import Rpc
import Text

/// What became of a command; not `done`: nothing did.
package struct CommandResult {
    package let done: Bool
    package let words: Text
    init(_ done: Bool, _ words: Text) {
        self.done = done
        self.words = words
    }
}

extension Machine {
    package func carryOut(_ c: Command, _ now: Now) -> CommandResult {
        switch c {
        case .pause: return pause(now)
        case .resume: return resume(now)
        case .rebalance:
            let words: Text =
                ticketOpen
                ? "An order is open; it ends first, then a check follows that ignores the cooldown once"
                : stage != .idle
                    ? "A check is under way; another one follows it that ignores the cooldown once"
                    : "Checking now; the cooldown is ignored once, every gate holds"
            step(.command(.rebalance), now)
            return CommandResult(!halted, words)
        case .flatten:
            let refused = CommandResult(false, "Not begun: the state file cannot be written")
            if halted { return refused }
            step(.command(.flatten), now)
            return halted
                ? refused
                : CommandResult(true, "Closing every hedged perp, reduce-only; paused until resume")
        case .paper, .live: return switchMode(paper: c == .paper, now)
        }
    }

    private func pause(_ now: Now) -> CommandResult {
        let already = journal.paused
        let closing = flattening
        step(.command(.pause), now)
        if closing {
            return CommandResult(true, "Flatten stopped; paused, what is still open stays open until resume")
        }
        if halted {
            return CommandResult(
                false,
                "Paused in this process; the state file cannot be written, so a restart would forget it")
        }
        if ticketOpen {
            return CommandResult(
                true,
                "Paused; the open order is still followed to its end, then nothing is traded until resume")
        }
        return CommandResult(
            true,
            already
                ? "Paused already; nothing is traded until resume"
                : "Paused; nothing is traded until resume")
    }

    private func resume(_ now: Now) -> CommandResult {
        let held = journal.paused || journal.breakerOpen || journal.failuresInRow != 0
        step(.command(.resume), now)
        if halted {
            return CommandResult(
                false, "Not resumed: the state file cannot be written; restart the agent with a writable one")
        }
        return CommandResult(
            true,
            held
                ? "Resumed. Failure counter reset; checking now"
                : "Nothing to resume: neither paused nor stopped by failures")
    }

    func commanded(_ c: Command, _ now: Now) {
        switch c {
        case .pause:
            endFlatten("flatten stopped; what is still open stays open")
            if journal.paused { return }
            record.pointee.paused = 1
            note(.info, "paused by command; positions are watched, nothing is traded until resume")
            _ = save(now)
        case .resume:
            endFlatten("flatten stopped; hedging again")
            if !journal.paused && !journal.breakerOpen && journal.failuresInRow == 0 { return }
            record.pointee.paused = 0
            journal.clearFailures()
            note(.info, "resumed by command")
            _ = save(now)
            if stage == .idle { schedule.nextTick_ms = now.mono_ms }
        case .rebalance:
            if stage == .idle { forceTick(now) } else { schedule.forceLater = true }
        case .flatten:
            if halted || !beginFlatten(now) { return }
            if stage == .idle { forceTick(now) } else { schedule.forceLater = true }
        case .paper, .live:
            noteMode(paper: c == .paper, now)
        }
    }

    /// A tick at once, for which no cooldown counts.
    func forceTick(_ now: Now) {
        schedule.forceLater = false
        for h in hedges { h.forced = true }
        schedule.nextTick_ms = now.mono_ms
    }
}
