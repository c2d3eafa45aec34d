// What the node remembers of what was sent to it: every attempt (for the log) and what landed (for the status
// calls).
import Text

struct Landed {
    var signature: [UInt8]
    var slot: UInt64, unixTs: Int64
    var error: TxError?
    var logs: [Text]
    var units: UInt64, fee: UInt64
    var raw: [UInt8]
    var version0: Bool
}

struct Pending {
    var dueSlot: UInt64
    var transaction: Transaction
    var record: Int              // sequence number of its Record
}

/// How an attempt ended.
enum Fate {
    case open, preflight, dropped, rejected, landed
    var name: StaticString {
        switch self {
        case .open: return "pending"
        case .preflight: return "preflight"
        case .dropped: return "dropped"
        case .rejected: return "rejected"
        case .landed: return "landed"
        }
    }
}

struct Record {
    var sequence: Int
    var wallMs: Int64, slot: UInt64
    var transaction: Transaction
    var skipPreflight: Bool
    var fault: Fault.Kind?
    var fate = Fate.open
    var reason: StaticString?
    var error: TxError?
    var landedSlot: UInt64 = 0, landedWallMs: Int64 = 0
    var units: UInt64 = 0, fee: UInt64 = 0
    var logs: [Text] = []
}

/// Calls by method.
struct Counts {
    private(set) var list: [(name: Text, n: UInt64)] = []
    mutating func add(_ name: Text) {
        for i in list.indices where list[i].name.bytes == name.bytes {
            list[i].n += 1
            return
        }
        if list.count < 64 { list.append((name, 1)) }
    }
}

/// Accounts and time of one instant: a node that stands still, or a replica that lags.
struct View {
    var ledger: Ledger
    var slot: UInt64
}

struct Flap {
    var every: Int, count = 0
    var ignoreMin: Bool
    var methods: [Text]
}

extension ChainNode {
    func landedIndex(_ sig: [UInt8]) -> Int? {
        var i = landed.count
        while i > 0 {
            i -= 1
            if landed[i].signature == sig { return i }
        }
        return nil
    }

    func hashIsRecent(_ k: Key) -> Bool {
        guard let h = hashes.height(of: k) else { return false }
        return height(world.slot) <= h + 150
    }

    /// Adds an attempt to the log and returns its number.
    func record(_ t: Transaction, skipPreflight: Bool, fault: Fault.Kind?) -> Int {
        let n = (records.last?.sequence ?? -1) + 1
        if records.count >= 2048 { records.removeFirst(1024) }
        records.append(Record(sequence: n, wallMs: wallMs, slot: world.slot, transaction: t,
                              skipPreflight: skipPreflight, fault: fault))
        return n
    }

    func note(_ n: Int, _ change: (inout Record) -> Void) {
        guard let first = records.first?.sequence, n >= first, n - first < records.count else { return }
        change(&records[n - first])
    }

    /// Whether the signatures hold. The same bytes come again and again; the last ones that held are known by
    /// comparing them.
    private func holds(_ t: Transaction) -> Bool {
        if t.raw == lastVerified { return true }
        guard t.signaturesHold else { return false }
        lastVerified = t.raw
        return true
    }

    /// Puts a transaction into the block of now, or says why not.
    func land(_ t: Transaction, record n: Int) {
        if landedIndex(t.firstSignature) != nil || !holds(t) {
            note(n) { $0.fate = .dropped; $0.reason = "invalid or duplicate (skipPreflight)" }
            return
        }
        if !hashIsRecent(t.blockhash) {
            note(n) { $0.fate = .dropped; $0.reason = "blockhash expired before landing" }
            return
        }
        let out = run(t)
        let lands = out.error?.lands ?? true
        let slot = world.slot, wall = wallMs
        note(n) {
            $0.fate = lands ? .landed : .rejected
            $0.error = out.error
            $0.units = out.units
            $0.fee = out.fee
            $0.logs = out.logs
            $0.landedSlot = slot
            $0.landedWallMs = wall
        }
        guard lands else { return }
        world = out.world
        world.tally.transactions += 1
        if out.error != nil { world.tally.failed += 1 }
        world.tally.lamportFees += out.fee
        if landed.count >= 4096 { landed.removeFirst(2048) }
        landed.append(Landed(signature: t.firstSignature, slot: slot, unixTs: world.unixTs, error: out.error,
                             logs: out.logs,
                             units: out.units, fee: out.fee, raw: t.raw, version0: t.version0))
        noteUser()
    }

    func landDue() {
        guard !pending.isEmpty else { return }
        let due = pending.filter { $0.dueSlot <= world.slot }
        pending.removeAll { $0.dueSlot <= world.slot }
        for p in due { land(p.transaction, record: p.record) }
    }
}
