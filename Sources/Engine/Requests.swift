// Requests under way: each is registered before it is posted, and its answer's handler is chosen by what was
// asked.
import EvenkeelCore
import Rpc

struct Outstanding {
    let id: UInt32
    var ask: Ask
    let endpoint: Int
}

/// At most so many at a time.
private let mostOutstanding = 32

struct RequestLine {
    var bodies = Requests()
    private(set) var outstanding: [Outstanding] = []
    private var nextId: UInt32 = 1

    init() { outstanding.reserveCapacity(mostOutstanding) }

    var isFull: Bool { outstanding.count >= mostOutstanding }

    mutating func newId() -> UInt32 {
        let id = nextId
        nextId = nextId == UInt32.max ? 1 : nextId + 1
        return id
    }

    mutating func register(_ o: Outstanding) { outstanding.append(o) }

    /// The request that this answer is to; nil: none, or one that was answered already.
    mutating func take(_ id: UInt32) -> Outstanding? {
        guard let i = outstanding.firstIndex(where: { $0.id == id }) else { return nil }
        return outstanding.remove(at: i)
    }

    /// Answers still under way belong to a phase that is over: they are counted for the endpoint's health,
    /// nothing else.
    mutating func drop(_ ask: Ask) {
        for i in outstanding.indices where outstanding[i].ask == ask { outstanding[i].ask = .stale }
    }

    func has(_ ask: Ask) -> Bool { outstanding.contains { $0.ask == ask } }
    func has(_ ask: Ask, at endpoint: Int) -> Bool {
        outstanding.contains { $0.ask == ask && $0.endpoint == endpoint }
    }
}
