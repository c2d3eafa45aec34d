// Is the venue alive? A program whose instructions were taken away answers every order with the same refusal, and Drift has been in
// that state since April 2026. Before the first live decision of a process a harmless instruction is simulated, a cancel of all
// orders in a market that cannot exist; it is never sent and carries no signature.
import EvenkeelCore
import Model
import Rpc
import Text

extension Machine {
    func probe(_ now: Now) {
        phase = .probing
        order.blockhash.hash = ek_key()
        guard compileProbe() else {
            finish(.error, "the venue's liveness probe could not be built", now)
            return
        }
        let e = reading.endpoint
        let m = book.pointee.slot
        if !postSimulation(.probe, e, minSlot: m) { tryTickAgain(Trouble("too many requests under way"), now) }
    }

    private func compileProbe() -> Bool {
        var key = signer
        var payer = signer
        var hash = ek_key()
        var len = 0
        var ok = false
        let cap = order.message.count
        withUnsafeTemporaryAllocation(of: ek_ix.self, capacity: 1) { ix in
            guard let p = ix.baseAddress, ek_ix_probe(plan, &key, p) == EK_OK else { return }
            var list = ek_ix_view(p)
            order.message.withUnsafeMutableBufferPointer {
                ok = ek_message_compile(0, &payer, &hash, &list, 1, $0.baseAddress, cap, &len) == EK_OK
            }
        }
        order.messageLen = len
        return ok
    }

    func probeAnswered(_ a: Answer, _ now: Now) {
        guard phase == .probing else { return }
        let s: Answers.Simulated
        do throws(Trouble) { s = try Answers.simulated(a) } catch {
            tryTickAgain(error, now)
            return
        }
        guard let e = s.error else {
            venueAlive = true
            decide(now)
            return
        }
        // A program that refuses by a number of its own is alive, and an empty wallet or a node's hiccup is not its fault: the gates and the check of the key say better what is wrong.
        let missing = e.custom == ProgramError.instructionMissing || e.word == "ProgramAccountNotFound" || e.word == "InvalidProgramForExecution"
            || e.word == "UnsupportedProgramId"
        if !missing {
            venueAlive = true
            decide(now)
            return
        }
        report.view = View()
        _ = assess(&report.view)
        report.after = View()
        report.gates.removeAll(keepingCapacity: true)
        let t: Text = """
            the venue \(c: ek_venue_name(venue)) does not take instructions: a harmless simulated \
            cancel was refused with \(e.name(venue)); its program takes none any more, nothing can be \
            traded there
            """
        note(.error, t)
        finish(.observeOnly, t, now)
    }
}
