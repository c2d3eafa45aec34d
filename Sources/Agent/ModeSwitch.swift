// Paper and live by command. Live is only there where the config says live; an agent that may trade can be told to go on on paper, which is
// written down and lasts until live is said, over restarts too: a person who switched to paper must not find real orders after a crash.
// The mode changes between two ticks, and never while an order is open: that one is followed to its end first, live.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    /// On paper by command, in a config that says live.
    package var heldOnPaper: Bool { rules.allowed == .live && record.pointee.mode == UInt8(EK_MODE_HELD) }

    /// The mode that was chosen is not yet the one that runs.
    package var modeDue: Bool { rules.allowed == .live && heldOnPaper == (rules.mode == .live) }

    /// At the start and at the begin of every tick. Going live begins like a start: the venue is asked anew whether it takes instructions.
    func settleMode() {
        guard modeDue, !ticketOpen else { return }
        if heldOnPaper {
            rules.mode = .paper
            _ = host.arm(false)
            note(.warning, "on paper by command, though the config says live: nothing is signed or sent until `mode live` is said")
        } else {
            rules.mode = .live
            venueAlive = false
            note(.warning, "live by command: real orders from now on")
        }
    }

    func hold(_ paper: Bool, _ now: Now) {
        if rules.allowed == .paper || heldOnPaper == paper { return }
        if paper { endFlatten("flatten is called off by going to paper; what is still open stays open") }
        record.pointee.mode = UInt8(paper ? EK_MODE_HELD : EK_MODE_LIVE)
        note(.warning, paper ? "told to go to paper" : "told to go live")
        if !save(now) && !paper {
            record.pointee.mode = UInt8(EK_MODE_HELD)
            return
        }
        if phase == .idle { schedule.nextTick_ms = now.mono_ms }
    }

    /// What became of the wish, in words; false: nothing.
    func obeyMode(_ paper: Bool, _ now: Now) -> Obeyed {
        if rules.allowed == .paper {
            return paper ? Obeyed(true, "on paper already, as the config says")
                : Obeyed(false, "not live: the config of this run says mode = paper; set mode = live there and restart the agent")
        }
        if heldOnPaper == paper && !modeDue { return Obeyed(true, Text(paper ? "on paper already" : "live already")) }
        if halted { return Obeyed(false, Text(paper ? "not noted: the state file cannot be written, so a restart would be live; nothing is traded in this process"
            : "not live: the state file cannot be written")) }
        if !paper, let t = host.arm(true) {
            let w: Text = "not live: \(t)"
            return Obeyed(false, w)
        }
        let open = ticketOpen
        step(.command(paper ? .paper : .live), now)
        if halted { return Obeyed(false, "not switched: the state file cannot be written; nothing is traded in this process") }
        if !paper { return Obeyed(true, "live from now on: real orders as soon as the drift and the gates allow them") }
        return Obeyed(true, Text(open ? "an order is open and is followed to its end first; on paper from then on, until live is said"
            : "on paper from now on, until live is said: nothing is signed or sent"))
    }
}
