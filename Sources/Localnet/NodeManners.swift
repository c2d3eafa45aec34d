// How a node differs from the full node that most tests talk to. Real ones do: many keep no transaction
// history, some leave fields out, providers refuse methods. And what a node that lies says of signatures
// and heights.
import Text

package struct NodeManners {
    /// What the node says of the signatures it is asked for.
    package enum Statuses {
        case truth
        /// Nothing was ever seen.
        case hidden
        /// Whatever landed, it failed.
        case failed
        /// This one is in a block since that slot.
        case claimed([UInt8], slot: UInt64)
    }
    package var keepsHistory = true
    package var saysConfirmation = true
    package var refused: [StaticString] = []
    package var statuses = Statuses.truth
    /// More (or fewer) blocks than there are, in every answer that tells a height.
    package var heightBy: Int64 = 0

    package init() {}

    func refuses(_ method: Text) -> Bool { refused.contains { method == $0 } }
}

extension ChainNode {
    /// As `handle`, for a node with these manners.
    package func handle(_ body: UnsafeBufferPointer<UInt8>, _ out: inout Text, seenBy r: Replica?,
                        fork: UInt64 = .max, ahead: UInt64 = 0, manners m: NodeManners) -> WireAnswer {
        manners = m
        defer { manners = NodeManners() }
        return handle(body, &out, seenBy: r, fork: fork, ahead: ahead)
    }

    func told(height h: UInt64) -> UInt64 { UInt64(clamping: Int64(clamping: h) + manners.heightBy) }

    /// The landing that this node admits to.
    func admitted(_ signature: [UInt8]) -> Landed? {
        let i = landedIndex(signature).flatMap { landed[$0].slot <= min(contextSlot, forkedAt) ? $0 : nil }
        switch manners.statuses {
        case .truth: return i.map { landed[$0] }
        case .hidden: return nil
        case .failed:
            guard let i else { return nil }
            var l = landed[i]
            l.error = .instruction(2, .custom(6_000))
            return l
        case .claimed(let s, let slot):
            if let i { return landed[i] }
            guard s == signature, slot <= contextSlot else { return nil }
            return Landed(signature: s, slot: slot, unixTs: world.unixTs, error: nil, logs: [], units: 0,
                          fee: 5_000, raw: [], version0: false)
        }
    }
}
