// Is the venue alive? A program whose instructions were taken away answers every order with the same refusal,
// and Drift has been in that state since April 2026. Before the first live decision of a process a harmless
// instruction is simulated, a cancel of all orders in a market that cannot exist; it is never sent and
// carries no signature.
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

extension Machine {
    func probe(_ now: Now) {
        enter(.probing)
        let message: [UInt8]
        do throws(Refusal) { message = try probeMessage(books.plan, signer: account.signer) } catch {
            finish(account: .error, error.text, now)
            return
        }
        if !postSimulation(.probe, message) { tryTickAgain("too many requests under way", now) }
    }

    func probeAnswered(_ a: Answer, _ now: Now) {
        guard stage == .probing else { return }
        let s: Answers.Simulated
        do throws(Trouble) { s = try Answers.simulated(a) } catch {
            tryTickAgain(error.words, now)
            return
        }
        // A program that refuses by a number of its own is alive, and an empty wallet or a node's hiccup is
        // not its fault: the gates and the check of the key say better what is wrong.
        guard let e = s.error, takesNone(e) else {
            standing.venueAlive = true
            decide(now)
            return
        }
        for h in hedges { h.clear() }
        report.clearCorrection()
        report.view = viewNow(hedges[report.market ?? 0])
        let t: Text = """
            the venue \(c: ek_venue_name(account.venue)) does not take instructions: a harmless simulated \
            cancel was refused with \(e.name(account.venue)); its program takes none any more, nothing can \
            be \
            traded there
            """
        note(.error, t)
        finish(account: .observeOnly, t, now)
    }

    private func takesNone(_ e: ChainError) -> Bool {
        e.custom == ProgramError.instructionMissing || e.word == "ProgramAccountNotFound"
            || e.word == "InvalidProgramForExecution" || e.word == "UnsupportedProgramId"
    }
}
