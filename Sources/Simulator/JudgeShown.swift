// What the agent has been shown. An order must be right by a book that an honest node showed a moment ago:
// what a liar, a torn read or another cluster shows bears nothing out, however often it is repeated.
import Localnet
import Model
import Rpc
import Text

/// A whole book that reached the agent.
struct Seen {
    var served = Served()
    var endpoint = 0
    /// On the machine's own clock.
    var asked_ms: Int64 = 0
    var at_ms: Int64 = 0
    /// Read to confirm another one, not to decide on.
    var looked = false

    var truth: Truth { served.truth }
    var honest: Bool { !served.lied && !served.forked }
}

/// What the operator has asked for.
struct Wish {
    var paused = false
    var paper = false
    /// Every perp is being closed.
    var closing = false
    /// It was asked for while the disk failed or the power went: nobody can know what a restart finds.
    var unsure = false
}

extension Judge {
    /// What was seen longer ago bears no order out.
    static let fresh_ms: Int64 = 60_000

    func shown(_ s: Seen) {
        if let first = shown.first, s.at_ms - first.at_ms > Judge.fresh_ms {
            shown.removeAll { s.at_ms - $0.at_ms > Judge.fresh_ms }
        }
        if shown.count >= 128 { shown.removeFirst(64) }
        shown.append(s)
        equityShown(s.truth)
    }

    /// The books that may bear out an order that is signed now, newest first, or why there is none.
    func grounds(_ machine_ms: Int64) -> (books: [Seen], why: Text) {
        var why: Text = "no honest node has shown a book in the last minute"
        let recent = shown.filter { machine_ms - $0.at_ms <= Judge.fresh_ms && !$0.served.foreign }
        var books = recent.filter { $0.honest }
        // A fork cannot be told from the cluster where nobody who knows more is there to say otherwise.
        let newest = books.map { $0.truth.slot }.max() ?? 0
        books += recent.filter { $0.served.forked && !$0.served.lied
            && (newest <= $0.served.knows || scenario.endpoints.count == 1 && newest < $0.truth.slot) }
        if books.isEmpty { return ([], why) }
        let whole = books.filter { $0.served.own_e9 == own_e9 || $0.served.forked }
        if whole.isEmpty {
            why = "every honest book shown was older than the agent's own last fill"
            return ([], why)
        }
        let latest = whole.filter { !older($0, books) }
        why = "every honest book shown was older than one shown before"
        return (latest.reversed(), why)
    }

    /// Whether a book goes behind what was shown before it was asked for. Where there are several nodes,
    /// what two of them have shown counts: no single one may make the others look old.
    private func older(_ b: Seen, _ books: [Seen]) -> Bool {
        var best: [UInt64] = [UInt64](repeating: 0, count: scenario.endpoints.count)
        for s in books where !s.looked && s.at_ms <= b.asked_ms && s.at_ms > forgotten_ms {
            best[s.endpoint] = max(best[s.endpoint], s.truth.slot) }
        best.sort(by: >)
        return b.truth.slot < (best.count > 1 ? best[1] : best[0])
    }

    // MARK: the operator

    func commanded(_ c: Command) {
        wish.unsure = false
        switch c {
        case .pause:
            wish.paused = true
            wish.closing = false
        case .resume:
            wish.paused = false
            wish.closing = false
        case .flatten:
            wish.paused = true
            wish.closing = true
        case .paper:
            wish.paper = true
            wish.closing = false
        case .live: wish.paper = false
        case .rebalance: for i in kept.indices { kept[i].forced = true }
        }
    }

    func unsureOfCommands() {
        wish.unsure = true
        durable.unsure = true
    }

    /// What the operator's wishes say against signing this.
    var forbidden: Text? {
        if killed { return "signed while the kill file was there" }
        if wish.unsure { return nil }
        if wish.paper { return "signed although the operator said paper" }
        if wish.paused && !wish.closing { return "signed while paused by the operator" }
        return nil
    }
}
