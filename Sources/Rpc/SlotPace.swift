// How long a slot lasts, as one node shows it against the monotonic clock. Slots of mainnet took 400 ms for
// years and take 250 to 270 ms now; wherever a time is meant, it is counted in slots of the length that is
// measured.

/// What is taken for a slot's length before it was measured.
package let nominalSlot_ms: UInt64 = 400
/// A shorter time says little: two answers may come from machines that stand some slots apart.
private let leastSample_ms: UInt64 = 55_000
/// A longer one may hold a suspend of this machine or an outage.
private let longestSample_ms: UInt64 = 600_000
/// No chain is faster or slower; a sample beyond is one of a chain that stood still, or of a clock that did.
package let slotLengths_us: ClosedRange<UInt64> = 40_000...2_000_000
/// The middle one of so many samples counts: one that is wrong moves nothing.
private let samplesKept = 5

struct SlotPace {
    private var from_slot: UInt64 = 0
    private var from_ms: UInt64 = 0
    private var samples_us: [UInt64] = []

    /// In microseconds; nil: not measured yet.
    var measured_us: UInt64? { middle(samples_us) }

    mutating func saw(_ slot: UInt64, _ now_ms: UInt64) {
        if from_slot == 0 {
            (from_slot, from_ms) = (slot, now_ms)
            return
        }
        let passed_ms = now_ms - min(from_ms, now_ms)
        if passed_ms < leastSample_ms { return }
        if slot > from_slot && passed_ms <= longestSample_ms {
            let sample_us = passed_ms * 1_000 / (slot - from_slot)
            if slotLengths_us.contains(sample_us) { samples_us.append(sample_us) }
            if samples_us.count > samplesKept { samples_us.removeFirst() }
        }
        (from_slot, from_ms) = (slot, now_ms)
    }
}

/// The middle one, of an even number the larger of the two; nil: there is none.
func middle(_ values: [UInt64]) -> UInt64? {
    if values.isEmpty { return nil }
    return values.sorted()[values.count / 2]
}

extension Endpoints {
    /// How long a slot lasts by the middle one of our cluster's nodes, in microseconds: no single one of
    /// three moves it. nil: not measured yet.
    package var slot_us: UInt64? {
        var all_us: [UInt64] = []
        for e in all where !e.foreign {
            if let us = e.pace.measured_us { all_us.append(us) }
        }
        return middle(all_us)
    }
}
