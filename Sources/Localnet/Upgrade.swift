// An upgrade of the venue's program in the middle of a run, in the stages that the next one of Velocity was
// announced with: everything but orders paused; then a program without today's instructions that place
// orders; then accounts of the new layout; and back.
import Text

package enum VenueUpgrade: UInt8, CaseIterable {
    case off, paused, program, layout
    /// Drift's, of April 2026: a program that knows no instruction at all.
    case empty

    var name: StaticString {
        switch self {
        case .off: return "off"
        case .paused: return "paused"
        case .program: return "program"
        case .layout: return "layout"
        case .empty: return "empty"
        }
    }

    /// The instruction is gone.
    func deletes(_ instruction: UInt64) -> Bool {
        switch self {
        case .off, .paused: return false
        case .program, .layout: return instruction == Ix.place || instruction == Ix.take
        case .empty: return true
        }
    }
}

extension ChainNode {
    /// Withdrawals, liquidation, funding and settling.
    private static let pausedByUpgrade: UInt8 = 2 | 16 | 32 | 64

    package func setUpgrade(_ u: VenueUpgrade) {
        let before = options.upgrade
        options.upgrade = u
        if u == .paused || before == .paused { setExchange(u == .paused ? ChainNode.pausedByUpgrade : 0) }
        remembered.body.removeAll()
    }

    /// The account as a node shows it: with the new layout a User is of 4560 bytes, its perp positions of 88.
    func shown(_ a: Account) -> Account {
        let U = layout.user
        guard options.upgrade == .layout, layout.velocity, a.data.count == U.size,
            a.data.u64(0) == Disc.user
        else { return a }
        var wide = Array(a.data[0..<U.perps])
        for k in 0..<8 {
            let p = U.perps + U.perpStride * k
            wide.append(contentsOf: a.data[p..<p + U.perpOpenOrders + 1])
            wide.append(0)  // open_orders is of two bytes there
            wide.append(a.data[p + U.perpFlag])
            wide.append(contentsOf: [UInt8](repeating: 0, count: 7))
        }
        wide.append(contentsOf: a.data[U.orders...])
        var b = a
        b.data = wide
        return b
    }
}
