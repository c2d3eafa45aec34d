// What happens when: a binary heap on (time, order of scheduling), so that events of one time keep the order
// they were made in.

struct ScheduledEvent {
    enum Kind: UInt8 {
        case arrive, deliver, land, fault, book, restart, phase, operate
    }
    var at: Int64 = 0
    var order: UInt64 = 0
    var kind = Kind.fault
    var index = 0
}

struct EventQueue {
    private var heap: [ScheduledEvent] = []
    private var count: UInt64 = 0

    init() { heap.reserveCapacity(256) }

    var isEmpty: Bool { heap.isEmpty }
    var next_ms: Int64 { heap.isEmpty ? Int64.max : heap[0].at }

    private func before(_ a: ScheduledEvent, _ b: ScheduledEvent) -> Bool {
        a.at != b.at ? a.at < b.at : a.order < b.order
    }

    mutating func push(_ at: Int64, _ kind: ScheduledEvent.Kind, _ index: Int) {
        count += 1
        heap.append(ScheduledEvent(at: at, order: count, kind: kind, index: index))
        var i = heap.count - 1
        while i > 0 {
            let p = (i - 1) / 2
            if !before(heap[i], heap[p]) { break }
            heap.swapAt(i, p)
            i = p
        }
    }

    mutating func pop() -> ScheduledEvent {
        let top = heap[0]
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var i = 0
            while true {
                var m = i
                let l = 2 * i + 1, r = l + 1
                if l < heap.count && before(heap[l], heap[m]) { m = l }
                if r < heap.count && before(heap[r], heap[m]) { m = r }
                if m == i { break }
                heap.swapAt(i, m)
                i = m
            }
        }
        return top
    }
}
