// Several markets, one account: which one has its turn. The largest risk goes first (net delta beyond its
// tolerance, times the oracle price; ties in the order of the config), but none twice while another one
// waits: an order may take longer than an interval. A market whose gates are closed, or that cannot be
// judged, holds up nobody but itself.
import EvenkeelCore
import Model
import Text

/// Where the schedule stands, for whose turn it is: this tick came between two of the grid for those who
/// wait.
package struct Turn {
    package var soonTick = false
    package var grid: UInt64 = 0
    package init(soonTick: Bool, grid: UInt64) {
        self.soonTick = soonTick
        self.grid = grid
    }

    /// In a tick that comes for the others, a market that was just corrected (or could not be) waits for the
    /// next one on the grid.
    func over(_ h: Hedge) -> Bool { soonTick && h.turn == grid && !h.forced }
}

extension [Hedge] {
    /// The market whose story is the tick's: of those that are not balanced the one with the largest risk,
    /// corrections first.
    package func busiest(_ turn: Turn) -> Int {
        var best = 0
        var rank = -1
        for i in 0..<count {
            let h = self[i]
            let r =
                h.waiting && !turn.over(h)
                ? 3 : h.waiting || h.status == .cooldown ? 2 : h.status != .balanced ? 1 : 0
            if r > rank || (r == rank && h.risk_e6 > self[best].risk_e6) {
                best = i
                rank = r
            }
        }
        return best
    }

    package func nextInTurn(_ turn: Turn) -> Int? {
        var best: Int? = nil
        for i in 0..<count where self[i].waiting && !turn.over(self[i]) {
            if let b = best, !goes(self[i], before: self[b]) { continue }
            best = i
        }
        return best
    }

    private func goes(_ h: Hedge, before other: Hedge) -> Bool {
        h.passedOver != other.passedOver ? h.passedOver : h.risk_e6 > other.risk_e6
    }
}

// MARK: words

extension Hedge {
    /// Why the market stands as it does.
    package var standing: Text {
        if !reason.isEmpty { return reason }
        switch status {
        case .balanced:
            let inside: Text = "Drift \(drift: view) is inside the tolerance"
            guard let why = gates.unsurePrice else { return inside }
            return "\(inside); no correction could be made now: \(why)"
        case .dust:
            return "The correction of \(base: decision.size_base_e9, shown: 6) is under the smallest order"
        case .cooldown: return "Cooldown active (\(decision.cooldown_left_s)s remaining)"
        case .pending: return judged ? "Waits for its turn: one correction at a time" : "Not judged yet"
        default: return Text()
        }
    }
}

extension Sentence {
    /// "1.50 %", or that there is no spot to measure it by.
    package mutating func appendInterpolation(drift v: View) {
        if v.driftKnown {
            text.put("\(fixed: v.drift_ppm, decimals: 4, shown: 2, sign: true) %")
        } else {
            text.put("without a spot leg")
        }
    }
}
