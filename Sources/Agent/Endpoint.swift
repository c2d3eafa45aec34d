// What is known of one RPC endpoint: how fast, how far behind, how often wrong, and until when to leave it alone.
import Kit

public struct Endpoint {
    /// Smoothed latency (1/8 weight to the newest), 0 before the first answer.
    public var latency_us: UInt32 = 0
    public var lastLatency_us: UInt32 = 0
    /// Highest context slot it ever showed.
    public var slot: UInt64 = 0
    public var failuresInRow: UInt32 = 0
    public var errors: UInt64 = 0
    public var answers: UInt64 = 0
    /// Not asked before this time, unless there is nobody else (429, failures).
    public var restUntil_ms: UInt64 = 0

    public init() {}

    mutating func answered(_ us: UInt32) {
        lastLatency_us = us
        latency_us = latency_us == 0 ? us : latency_us - latency_us / 8 + us / 8
        answers += 1
        failuresInRow = 0
    }

    /// A failure doubles the rest from 250 ms to 8 s; a server that names its own time is obeyed.
    mutating func failed(_ now_ms: UInt64, retryAfter_s: Int64) {
        errors += 1
        failuresInRow = min(failuresInRow + 1, 16)
        let backoff_ms = UInt64(250) << UInt64(min(failuresInRow - 1, 5))
        let asked_ms = UInt64(max(0, min(retryAfter_s, 3600))) * 1000
        restUntil_ms = now_ms + max(backoff_ms, asked_ms)
    }
}

/// The endpoints in the order of the config; the first is preferred while it is healthy.
public struct Endpoints {
    public var all: [Endpoint]

    public init(count: Int) { all = [Endpoint](repeating: Endpoint(), count: count) }

    public var bestSlot: UInt64 {
        var best: UInt64 = 0
        for e in all where e.slot > best { best = e.slot }
        return best
    }

    /// The first endpoint that is neither resting nor lagging; else the one that rests the shortest.
    func pick(now_ms: UInt64, maxLag_slots: UInt64, after: Int = -1) -> Int {
        let n = all.count
        let best = bestSlot
        for k in 0..<n {
            let i = after < 0 ? k : (after + 1 + k) % n
            let e = all[i]
            let lagging = e.slot != 0 && best > e.slot && best - e.slot > maxLag_slots
            if e.restUntil_ms <= now_ms && !lagging { return i }
        }
        var soonest = 0
        for i in 1..<max(1, n) where all[i].restUntil_ms < all[soonest].restUntil_ms { soonest = i }
        return soonest
    }

    func lag(_ i: Int) -> UInt64 {
        let best = bestSlot
        return best > all[i].slot ? best - all[i].slot : 0
    }
}
