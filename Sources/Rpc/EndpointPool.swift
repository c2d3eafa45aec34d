// What is known of one RPC endpoint: how fast, how far behind, how often wrong, and until when to leave it
// alone.
import EvenkeelCore
import Model
import Text

/// A lag that was seen says nothing any more after this long.
package let lagMemory_ms: UInt64 = 30_000
/// Latencies remembered of each endpoint, how long they count, and how many of them make a 95th percentile
/// worth the name.
private let windowSize = 32
private let windowLife_ms: UInt64 = 300_000
private let windowLeast = 20

package final class Endpoint {
    /// Smoothed latency, 0 before the first answer. The newest weighs 1/8, after a pause of 10 s half: an old
    /// average is no news.
    package internal(set) var latency_us: UInt32 = 0
    /// "endpoint 1, https://rpc.example/…"
    package internal(set) var place = Text()
    /// The first endpoint of its host: all URLs of one host are one witness. On loopback every port is a
    /// host.
    package internal(set) var site = 0
    /// How far behind the node says that it is, and when it said so.
    package var behind_slots: UInt64 = 0
    package var behindAt_ms: UInt64 = 0
    private var latencies_us = [UInt32](repeating: 0, count: windowSize)
    private var latencyTimes_ms = [UInt64](repeating: 0, count: windowSize)
    private var nextLatency = 0
    private var lastAnswer_ms: UInt64 = 0
    /// The slot of its newest book, believed or not, and since when it has shown no other.
    private(set) var bookSlot: UInt64 = 0
    private var bookSlotAt_ms: UInt64 = 0
    private var moved = false
    private(set) var pace = SlotPace()
    /// Highest context slot it ever showed, and how far that was behind the best known one when it showed it.
    package var slot: UInt64 = 0
    package var lag_slots: UInt64 = 0
    package var lagSeen_ms: UInt64 = 0
    package var failuresInRow: UInt32 = 0
    /// Another cluster's node, as it said last: not used.
    package internal(set) var foreign = false
    package var foreignSaid = false
    package var genesis: ek_key? = nil
    package var genesisAt_ms: UInt64 = 0
    /// It said a slot far ahead of all that was seen and is asked for its cluster; when it then proved to be
    /// of ours.
    package var leapt = false
    package var leaptTo: UInt64 = 0
    package var leaptAt_ms: UInt64 = 0
    package var vouchedAt_ms: UInt64? = nil
    package var errors: UInt64 = 0
    package var answers: UInt64 = 0
    /// Not asked before this time (429, failures).
    package var restUntil_ms: UInt64 = 0
    /// A bucket of requests, in thousandths: a burst of 40, refilled at 15 a second, at half of that after a
    /// 429.
    private var tokens_milli: UInt64 = 40_000
    private var refilled_ms: UInt64 = 0
    private var limited = false

    package init() {}

    package func answered(_ us: UInt32, _ now_ms: UInt64) {
        let weight: UInt32 = now_ms - min(lastAnswer_ms, now_ms) > 10_000 ? 2 : 8
        latency_us = latency_us == 0 ? us : latency_us - latency_us / weight + us / weight
        latencies_us[nextLatency] = us
        latencyTimes_ms[nextLatency] = now_ms
        nextLatency = (nextLatency + 1) % windowSize
        lastAnswer_ms = now_ms
        answers += 1
        failuresInRow = 0
    }

    /// The 95th percentile of the last 32 answers, of those that are not older than five minutes; nil under
    /// 20 of them.
    package func p95_us(_ now_ms: UInt64) -> UInt32? {
        // Of 20 to 32 answers one in twenty is one: the second largest is the percentile.
        var (n, largest_us, second_us) = (0, UInt32(0), UInt32(0))
        for i in 0..<windowSize where counts(i, now_ms) {
            let us = latencies_us[i]
            n += 1
            second_us = max(second_us, min(us, largest_us))
            largest_us = max(largest_us, us)
        }
        return n >= windowLeast ? second_us : nil
    }

    private func counts(_ i: Int, _ now_ms: UInt64) -> Bool {
        latencyTimes_ms[i] != 0 && now_ms - min(latencyTimes_ms[i], now_ms) <= windowLife_ms
    }

    /// A failure doubles the rest from 250 ms to 8 s; a server that names its own time is obeyed.
    package func failed(_ now_ms: UInt64, status: Int, retryAfter_s: Int64) {
        errors += 1
        failuresInRow = min(failuresInRow + 1, 16)
        if status == 429 { limited = true }
        let backoff_ms = UInt64(250) << UInt64(min(failuresInRow - 1, 5))
        let asked_ms = UInt64(max(0, min(retryAfter_s, 3600))) * 1000
        restUntil_ms = now_ms + max(backoff_ms, asked_ms)
    }

    package func showed(_ slot: UInt64, chain_s: Int64, _ now_ms: UInt64) {
        pace.saw(slot, chain_s: chain_s, now_ms)
        if slot == bookSlot { return }
        moved = bookSlot != 0 && slot > bookSlot
        bookSlot = slot
        bookSlotAt_ms = now_ms
    }
    /// How long its books have been of this slot.
    package func still_ms(at slot: UInt64, _ now_ms: UInt64) -> UInt64 {
        slot == bookSlot ? now_ms - min(bookSlotAt_ms, now_ms) : 0
    }

    /// It has shown a newer slot than before, so lately.
    func movedWithin(_ ms: UInt64, _ now_ms: UInt64) -> Bool {
        moved && now_ms - min(bookSlotAt_ms, now_ms) <= ms
    }

    /// Takes one request from the bucket; false when it is empty.
    package func take(_ now_ms: UInt64) -> Bool {
        let passed_ms = min(now_ms - min(refilled_ms, now_ms), 60_000)
        refilled_ms = now_ms
        tokens_milli = min(40_000, tokens_milli + passed_ms * (limited ? 7 : 15))
        guard tokens_milli >= 1_000 else { return false }
        tokens_milli -= 1_000
        return true
    }
}

/// "https://rpc.example:8899/…" -> "rpc.example"; of a loopback address with its port.
func host(of url: Text) -> Text {
    var from = 0
    for i in 0..<url.count
    where i + 2 < url.count && url.bytes[i] == 0x3A && url.bytes[i + 1] == 0x2F
        && url.bytes[i + 2] == 0x2F
    {
        from = i + 3
        break
    }
    var host = Text()
    var port = Text()
    var inPort = false
    for b in url.bytes[from...] {
        if b == 0x2F { break }
        if b == 0x3A { inPort = true }
        if inPort { port.put(byte: b) } else { host.put(byte: b) }
    }
    if host == "localhost" || host.starts("127.") || host.starts("[") { host.put(port) }
    return host
}

/// The endpoints in the order of the config; the first is preferred while it is healthy.
package struct Endpoints {
    package var all: [Endpoint]
    package private(set) var bestSlot: UInt64 = 0
    /// The genesis hash of the configured cluster; nil: any cluster that all endpoints share.
    package var expected: ek_key? = nil

    private var reference = ek_key()
    private var referenceOf = Int.max
    private(set) var isMainnet = false
    package var sure: Bool { isMainnet || expected != nil }
    private var mainnet = ek_key()
    /// A slot far ahead was believed on a hash that may be anybody's first word: it is not written into the
    /// state file.
    package var onFaith = false

    /// What messages call each endpoint; `shown`: its URL without secrets, where it has one.
    package func name(_ shown: [Text]) {
        for e in 0..<all.count {
            all[e].place = e < shown.count ? "endpoint \(e + 1), \(shown[e])" : "endpoint \(e + 1)"
            all[e].site = e
            if e >= shown.count { continue }
            let own = host(of: shown[e])
            for k in 0..<e where !own.isEmpty && own.bytes == host(of: shown[k]).bytes {
                all[e].site = k
                break
            }
        }
    }

    /// One of our cluster has shown another slot lately.
    package func anyMoved(within_ms: UInt64, _ now_ms: UInt64) -> Bool {
        all.contains { !$0.foreign && $0.movedWithin(within_ms, now_ms) }
    }

    /// How many hosts of our cluster hold to be true; one where any of its endpoints does.
    package func sites(where says: (Int) -> Bool) -> Int {
        var seen: UInt64 = 0
        for e in 0..<all.count where !all[e].foreign && says(e) { seen |= 1 << UInt64(all[e].site) }
        return seen.nonzeroBitCount
    }

    package init(count: Int) {
        all = (0..<count).map { _ in Endpoint() }
        for e in 0..<count { all[e].site = e }
        let text: StaticString = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
        text.withUTF8Buffer { p in
            p.withMemoryRebound(to: CChar.self) { _ = ek_key_from_base58($0.baseAddress, $0.count, &mainnet) }
        }
    }

    /// A slot that an endpoint showed. Only one that its own Clock account confirms may raise the best known:
    /// a wild number must not make every honest node look late.
    package mutating func saw(_ slot: UInt64, at e: Int, _ now_ms: UInt64, confirmed: Bool) {
        let claim = confirmed ? slot : min(max(all[e].slot, slot), max(bestSlot, all[e].slot))
        all[e].slot = claim
        all[e].lagSeen_ms = now_ms
        // The best of now: what one claimed a while ago makes nobody look late.
        bestSlot = 0
        for k in all where !k.foreign && now_ms - k.lagSeen_ms <= lagMemory_ms {
            bestSlot = max(bestSlot, k.slot)
        }
        all[e].lag_slots = bestSlot > slot ? bestSlot - slot : 0
    }

    /// The slot that so many sites stand at by now, as slots pass, that one of them is honest; 0: too few
    /// have shown any.
    package func attestedReach(now_ms: UInt64, slot_ms: UInt64) -> UInt64 {
        attested {
            let passed_ms = now_ms - min($0.lagSeen_ms, now_ms)
            return $0.slot == 0 ? 0 : $0.slot + passed_ms / max(1, slot_ms)
        }
    }

    /// The slot that so many endpoints have shown that one of them is honest. What a single one claims makes
    /// no other look late, and does not reach the disk.
    package var attestedSlot: UInt64 { attested { $0.slot } }

    @inline(never) private func attested(_ slotOf: (Endpoint) -> UInt64) -> UInt64 {
        var shown: [UInt64] = []
        for site in 0..<all.count {
            var best: UInt64? = nil
            for e in all where !e.foreign && e.site == site { best = max(best ?? 0, slotOf(e)) }
            if let slot = best { shown.append(slot) }
        }
        shown.sort(by: >)
        return shown.count < quorum ? 0 : shown[quorum - 1]
    }

    /// An endpoint told its genesis hash. Ours is the configured one; without that mainnet's once anybody has
    /// shown it; else the first hash of the endpoint that comes first in the config. True when ours became
    /// another one.
    package mutating func tell(genesis: ek_key, of e: Int, _ now_ms: UInt64) -> Bool {
        let first = all[e].genesis == nil
        all[e].genesis = genesis
        all[e].genesisAt_ms = now_ms
        let main = same(genesis, mainnet)
        var switched = false
        if let x = expected {
            reference = x
            referenceOf = 0
        } else if !isMainnet && (main || (first && e < referenceOf)) {
            switched = referenceOf != Int.max && !same(genesis, reference)
            reference = genesis
            referenceOf = e
            isMainnet = main
        }
        for i in 0..<all.count {
            guard let g = all[i].genesis else { continue }
            all[i].foreign = !same(g, reference)
        }
        if switched {
            bestSlot = 0
            for i in 0..<all.count { all[i].vouchedAt_ms = nil }
            for i in 0..<all.count {
                all[i].slot = 0
                all[i].lag_slots = 0
            }
        }
        if all[e].leapt && !all[e].foreign && clusterKnown { all[e].vouchedAt_ms = now_ms }
        return switched
    }

    /// Whether our cluster is known: it is configured, it is mainnet, or all endpoints have told theirs.
    package var clusterKnown: Bool {
        if isMainnet || expected != nil { return true }
        for e in all where e.genesis == nil { return false }
        return true
    }

    /// Hosts of our cluster.
    package var usable: Int { sites { _ in true } }

    /// So many must agree that at least one of them is honest, when no more than f of 2f + 1 are not; of two,
    /// both.
    package var quorum: Int { usable < 2 ? 1 : max(2, (usable + 1) / 2) }

    package func lag(_ e: Int, _ now_ms: UInt64) -> UInt64 {
        now_ms - all[e].lagSeen_ms <= lagMemory_ms ? all[e].lag_slots : 0
    }

    /// The first endpoint that is neither resting nor lagging, counted from the one behind `after`; else the
    /// one that rests the shortest.
    package func pick(now_ms: UInt64, maxLag_slots: UInt64, after: Int = -1) -> Int {
        let n = all.count
        for k in 0..<n {
            let i = after < 0 ? k : (after + 1 + k) % n
            if !all[i].foreign && all[i].restUntil_ms <= now_ms && lag(i, now_ms) <= maxLag_slots { return i }
        }
        var soonest = 0
        for i in 1..<max(1, n)
        where !all[i].foreign && (all[soonest].foreign || all[i].restUntil_ms < all[soonest].restUntil_ms) {
            soonest = i
        }
        return soonest
    }
}
