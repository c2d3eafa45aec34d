// Does the venue's program still take our orders? Before the first live decision of a process, and again once
// it was in doubt, the order that would be sent is simulated with a size of zero, unsigned. Today's program
// reads all of it and refuses it by name (OrderAmountTooSmall); one that was upgraded does not know the
// instruction or does not read it any more, and Drift's of April 2026 knows none. Then nothing is traded
// until it does again.
import Decide
import EvenkeelCore
import Execute
import Model
import Rpc
import Text

/// What is known of the venue's program.
enum VenueProof {
    /// Not asked yet in this process, or its answer proved nothing.
    case unknown
    /// It refused the order of size zero by a name of its own.
    case alive
}

extension Machine {
    func probe(_ now: Now) {
        enter(.probing)
        let message: [UInt8]
        do throws(Refusal) {
            guard let h = hedges.first(where: { $0.found }) else {
                throw Refusal("no hedged market is found")
            }
            message = try probeMessage(book, market: h.perpIndex, signer: account.signer)
        } catch {
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
        guard let why = doubt(s.error) else {
            decide(now)
            return
        }
        // One node's word: where there are others, the next one is asked.
        if endpoints.usable > 1 && startOver(why, now) { return }
        venueChanged(why, now)
    }

    /// What the answer says against the venue's program; nil: nothing. An empty wallet, a key without rights
    /// or a node's hiccup is not its fault: the gates and the check of the key say better what is wrong.
    private func doubt(_ error: ChainError?) -> Text? {
        guard let e = error else { return "an order of size zero was not refused, as the known program does" }
        if let why = upgraded(e) { return why }
        guard let code = e.custom else { return nil }
        guard ek_venue_error_name(account.venue, code) != nil else {
            return "an order of size zero was refused with \(e.name(account.venue))"
        }
        standing.venue = .alive
        return nil
    }

    /// The program does not know the instruction or the accounts of our order; nil: it does, or it cannot be
    /// told.
    func upgraded(_ e: ChainError) -> Text? {
        let noProgram =
            e.word == "ProgramAccountNotFound" || e.word == "InvalidProgramForExecution"
            || e.word == "UnsupportedProgramId"
        guard noProgram || e.custom.map(ProgramError.isForeign) == true else { return nil }
        return "a simulated order was refused with \(e.name(account.venue))"
    }

    /// Nothing is traded with a program that is not the known one. It is asked again in every tick.
    func venueChanged(_ why: Text, _ now: Now) {
        standing.venue = .unknown
        for h in hedges {
            h.clear()
            h.view = viewNow(h)
        }
        report.clearCorrection()
        report.view = viewNow(hedges[report.market ?? 0])
        observeChange(
            """
            the venue \(c: ek_venue_name(account.venue)) does not take orders as this version makes them \
            (\(why)): it was upgraded, or takes none any more; update evenkeel; until then nothing is \
            traded, and a position is closed by hand at the venue
            """, now)
    }

    /// The venue is not what this version knows: it is watched, said once, and told by an alert.
    func observeChange(_ why: Text, _ now: Now) {
        if standing.venueChange == nil { note(.error, why) }
        standing.venueChange = why
        for h in hedges { h.stand(.observeOnly, why) }
        finish(account: .observeOnly, why, now)
    }

    /// The account was read in the layout that is announced: its book is shown, and nothing rests on it.
    func observeUnverified(_ now: Now) {
        for h in hedges {
            h.clear()
            h.view = viewNow(h)
        }
        report.clearCorrection()
        focus(on: report.market ?? 0)
        observeChange(
            """
            User \(key: book.pointee.user_address): 4560 bytes, an unverified layout, announced and read \
            for showing only; update evenkeel; until then nothing is traded, and a position is closed by \
            hand at the venue
            """, now)
    }

    /// The venue is as this version knows it.
    func venueKnown() {
        if standing.venueChange != nil { note(.info, "the venue is again as this version knows it") }
        standing.venueChange = nil
    }
}
