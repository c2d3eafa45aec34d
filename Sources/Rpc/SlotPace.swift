// How long a slot lasts, as one node shows it against the monotonic clock. Slots of mainnet took 400 ms for
// years and take 250 to 270 ms now; wherever a time is meant, it is counted in slots of the length that is
// measured.

import Model

/// What is taken for a slot's length before it was measured.
package let nominalSlot_ms: UInt64 = 400
/// A shorter time says little: two answers may come from machines that stand some slots apart.
private let leastSample_ms: UInt64 = 55_000
/// A longer one may hold a suspend of this machine or an outage.
private let longestSample_ms: UInt64 = 600_000
/// The middle one of so many samples counts: one that is wrong moves nothing. A node that is asked seldom
/// would show what once was for hours: an old sample counts no more.
private let samplesKept = 5
private let sampleLife_ms: UInt64 = 1_800_000
/// A machine that slept, or a virtual one that was paused, has a clock that stood while slots went by: by the
/// chain's own clock more time passed. What the two may differ by: seconds that are rounded, and a sixteenth.
private let roundedClock_s: UInt64 = 2

struct SlotPace {
    private var from_slot: UInt64 = 0
    private var from_ms: UInt64 = 0
    private var from_chain_s: Int64 = 0
    private var samples: [(us: UInt64, at_ms: UInt64)] = []

    /// In microseconds; nil: not measured lately.
    func measured_us(_ now_ms: UInt64) -> UInt64? {
        middle(samples.filter { now_ms - min($0.at_ms, now_ms) <= sampleLife_ms }.map { $0.us })
    }

    /// `chain_s`: the chain's clock at that slot, by the same node.
    mutating func saw(_ slot: UInt64, chain_s: Int64, _ now_ms: UInt64) {
        if from_slot == 0 {
            (from_slot, from_ms, from_chain_s) = (slot, now_ms, chain_s)
            return
        }
        let passed_ms = now_ms - min(from_ms, now_ms)
        if passed_ms < leastSample_ms { return }
        if slot > from_slot && passed_ms <= longestSample_ms && clocksAgree(passed_ms, chain_s) {
            let sample_us = passed_ms * 1_000 / (slot - from_slot)
            if slotLengths_us.contains(sample_us) { samples.append((us: sample_us, at_ms: now_ms)) }
            if samples.count > samplesKept { samples.removeFirst() }
        }
        (from_slot, from_ms, from_chain_s) = (slot, now_ms, chain_s)
    }

    private func clocksAgree(_ passed_ms: UInt64, _ chain_s: Int64) -> Bool {
        let gap_s = chain_s &- from_chain_s &- Int64(passed_ms / 1_000)
        return gap_s.magnitude <= roundedClock_s + passed_ms / 16_000
    }
}

/// The middle one, of an even number the larger of the two; nil: there is none.
func middle(_ values: [UInt64]) -> UInt64? {
    if values.isEmpty { return nil }
    return values.sorted()[values.count / 2]
}

extension Endpoints {
    /// How long a slot lasts by the middle one of our cluster's nodes, in microseconds: no single one of
    /// three moves it. nil: not measured lately.
    package func slot_us(_ now_ms: UInt64) -> UInt64? {
        var all_us: [UInt64] = []
        for e in all where !e.foreign {
            if let us = e.pace.measured_us(now_ms) { all_us.append(us) }
        }
        return middle(all_us)
    }
}
