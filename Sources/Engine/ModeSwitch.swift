// Paper and live by command. Live is only there where the config says live; an agent that may trade can be
// told to continue on paper, which is written down and lasts until `mode live`, over restarts too: a person
// who switched to paper must not find real orders after a crash. The mode changes between two ticks, and
// never while an order is open: that one is followed to its end first, live.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    /// On paper by command, in a config that says live.
    package var heldOnPaper: Bool { rules.allowed == .live && record.pointee.mode == UInt8(EK_MODE_HELD) }

    /// The mode that was chosen is not yet the one that runs.
    package var modeDue: Bool { rules.allowed == .live && heldOnPaper == (rules.mode == .live) }

    /// At the start and at the begin of every tick. Going live begins like a start: the venue is asked anew
    /// whether it takes instructions.
    func settleMode() {
        guard modeDue, !ticketOpen else { return }
        if heldOnPaper {
            rules.mode = .paper
            do throws(Refusal) { try effects.wantSigner(false) } catch { note(.warning, error.text) }
            note(
                .warning,
                """
                on paper by command, though the config says live: nothing is signed or sent until `evenkeel \
                mode live`
                """
            )
        } else {
            rules.mode = .live
            standing.venue = .unknown
            note(.warning, "live by command: real orders from now on")
        }
    }

    func noteMode(paper: Bool, _ now: Now) {
        if rules.allowed == .paper || heldOnPaper == paper { return }
        if paper { endFlatten("flatten stopped by the switch to paper; what is still open stays open") }
        record.pointee.mode = UInt8(paper ? EK_MODE_HELD : EK_MODE_LIVE)
        note(.warning, paper ? "switching to paper by command" : "switching to live by command")
        if !save(now) && !paper {
            record.pointee.mode = UInt8(EK_MODE_HELD)
            return
        }
        if stage == .idle { schedule.nextTick_ms = now.mono_ms }
    }

    /// What became of the wish, in words.
    func switchMode(paper: Bool, _ now: Now) -> CommandResult {
        if rules.allowed == .paper {
            return paper
                ? CommandResult(true, "On paper already, as the config says")
                : CommandResult(
                    false,
                    """
                    Not live: the config of this run says mode = paper; set mode = live there and restart \
                    the agent
                    """
                )
        }
        if heldOnPaper == paper && !modeDue {
            return CommandResult(true, paper ? "On paper already" : "Live already")
        }
        if halted {
            return CommandResult(
                false,
                paper
                    ? """
                    Not noted: the state file cannot be written, so a restart would be live; nothing is \
                    traded in this process
                    """
                    : "Not live: the state file cannot be written")
        }
        if !paper {
            do throws(Refusal) { try effects.wantSigner(true) } catch {
                return CommandResult(false, "Not live: \(error.text)")
            }
        }
        let open = ticketOpen
        step(.command(paper ? .paper : .live), now)
        if halted {
            return CommandResult(
                false, "Not switched: the state file cannot be written; nothing is traded in this process")
        }
        if !paper {
            return CommandResult(
                true, "Live from now on: real orders as soon as the drift and the gates allow them")
        }
        return CommandResult(
            true,
            open
                ? """
                An order is open and is followed to its end first; on paper from then on, until \
                `evenkeel mode live`
                """
                : "On paper from now on, until `evenkeel mode live`: nothing is signed or sent")
    }
}
