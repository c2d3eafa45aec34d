// How long the chain's slots take. The length changes in the middle of a run, as mainnet's did, and for a
// while by a fault; the judge knows the shortest and the longest of lately.
import Localnet

struct SlotLengths {
    /// What the chain returns to after a fault.
    private(set) var usual_ms: Int64
    private(set) var now_ms: Int64
    private var random: RandomGenerator
    /// The lengths of lately, each with the time at which it ended.
    private var before: [(ms: Int64, until_ms: Int64)] = []

    /// Whoever measures needs a while to see a change.
    private static let lately_ms: Int64 = 3_600_000
    /// A process goes by what the one before it measured until it has measured itself.
    private static let young_ms: Int64 = 300_000
    private var stopped_ms: Int64 = 0, started_ms: Int64 = 0
    private static let lengths_ms: [Int64] = [150, 200, 250, 250, 250, 267, 300, 400, 500]

    init(seed: UInt64) {
        random = RandomGenerator(seed: seed, stream: 14)
        usual_ms = random.pick(SlotLengths.lengths_ms)
        now_ms = usual_ms
    }

    mutating func set(_ ms: Int64, _ t: Int64) {
        if ms == now_ms { return }
        before.removeAll { $0.until_ms + 48 * SlotLengths.lately_ms < t }
        before.append((now_ms, t))
        now_ms = ms
    }

    /// The chain's own speed changes, now and then.
    mutating func maybeChange(_ t: Int64) {
        if random.below(3) == 0 { usual_ms = random.pick(SlotLengths.lengths_ms) }
        set(usual_ms, t)
    }

    mutating func stopped(_ t: Int64) { stopped_ms = t }
    mutating func started(_ t: Int64) { started_ms = t }

    func shortest_ms(_ t: Int64) -> Int64 {
        let from_ms = lately(t)
        return before.reduce(now_ms) { $1.until_ms < from_ms ? $0 : min($0, $1.ms) }
    }

    func longest_ms(_ t: Int64) -> Int64 {
        let from_ms = lately(t)
        return before.reduce(now_ms) { $1.until_ms < from_ms ? $0 : max($0, $1.ms) }
    }

    private func lately(_ t: Int64) -> Int64 {
        (t - started_ms < SlotLengths.young_ms ? min(stopped_ms, t) : t) - SlotLengths.lately_ms
    }
}
