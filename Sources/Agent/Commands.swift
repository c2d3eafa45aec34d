// Commands from outside, whichever door they come through: what is done, and the sentence that says so.
import EvenkeelCore
import Model
import Rpc
import Text

/// What became of a command; not `ok`: nothing did.
package struct Obeyed {
    package var ok: Bool
    package var words: Text
    init(_ ok: Bool, _ words: Text) {
        self.ok = ok
        self.words = words
    }
}

extension Machine {
    package func obey(_ c: Command, _ now: Now) -> Obeyed {
        switch c {
        case .pause:
            let already = record.pointee.paused != 0
            let closing = flattening
            step(.command(.pause), now)
            if closing { return Obeyed(true, "flatten is called off; paused, what is still open stays open until resume") }
            if halted { return Obeyed(false, "paused in this process; the state file cannot be written, so a restart would forget it") }
            if ticketOpen { return Obeyed(true, "paused; the open order is still followed to its end, then nothing is traded until resume") }
            return Obeyed(true, Text(already ? "paused already; nothing is traded until resume" : "paused; nothing is traded until resume"))
        case .resume:
            let held = record.pointee.paused != 0 || record.pointee.breaker_open != 0 || record.pointee.failures_in_row != 0
            step(.command(.resume), now)
            if halted { return Obeyed(false, "not resumed: the state file cannot be written; restart the agent with a writable one") }
            return Obeyed(true, Text(held ? "resumed; failures in a row set to 0, a tick decides now" : "nothing to resume: neither paused nor stopped by failures"))
        case .rebalance:
            let words = Text(ticketOpen ? "an order is open; it ends first, then a tick follows that passes over the cooldown once"
                : phase != .idle ? "a tick is under way; another one follows it that passes over the cooldown once"
                : "a tick runs now; the cooldown is passed over once, every gate holds")
            step(.command(.rebalance), now)
            return Obeyed(!halted, words)
        case .flatten:
            if halted { return Obeyed(false, "not begun: the state file cannot be written") }
            step(.command(.flatten), now)
            return Obeyed(!halted, Text(halted ? "not begun: the state file cannot be written" : "every hedged perp is closed from now on, reduce-only; paused until resume"))
        case .paper: return obeyMode(true, now)
        case .live: return obeyMode(false, now)
        }
    }
}
