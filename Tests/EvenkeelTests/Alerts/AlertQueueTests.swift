// The queue of alerts: its order, its bound, and when what could not be delivered is tried again.
import Model
import Testing
import Text

@testable import Alerts

@Suite struct AlertQueueTests {
    private let now = Now(mono_ms: 1_000, unix_s: 1_786_205_390)

    private func alerts(smallest: Level = .info) -> AlertQueue {
        AlertQueue(AlertSettings(hooked: true, pinged: true, smallest: smallest, blocked_ms: 0, rpcLost_ms: 0,
                             repeat_ms: 0))
    }

    private func string(_ t: Text?) -> String { String(decoding: t?.bytes ?? [], as: UTF8.self) }

    @Test func oneAtATimeAndInOrder() {
        var a = alerts()
        a.push(.started, .once, .info, "first", 1, now)
        a.push(.stopped, .once, .warning, "second", 2, now)
        #expect(string(a.next(0)?.text) == "first")
        #expect(a.next(0) == nil)             // the first is on its way
        a.delivered(.done, retryAfter_s: 0, 5)
        #expect(string(a.next(5)?.text) == "second")
    }

    @Test func whatIsBelowTheLevelIsNotQueued() {
        var a = alerts(smallest: .warning)
        a.push(.started, .once, .info, "quiet", 1, now)
        #expect(a.queue.isEmpty && a.wake_ms == UInt64.max)
        a.push(.rpc, .firing, .error, "loud", 1, now)
        #expect(a.queue.count == 1)
    }

    @Test func aFullQueueLosesTheOldestOfTheLowestLevelAndSaysSo() {
        var a = alerts()
        a.push(.rpc, .firing, .error, "kept", 0, now)
        a.push(.correction, .once, .info, "lost", 0, now)
        for i in 0..<(AlertQueue.room - 1) { a.push(.blocked, .firing, .warning, "warning \(i)", 0, now) }
        #expect(a.queue.count == AlertQueue.room && a.dropped == 1)
        #expect(!a.queue.contains { $0.text == "lost" })
        #expect(string(a.next(0)?.text) == "kept (1 earlier alerts were dropped)")
        a.delivered(.done, retryAfter_s: 0, 0)
        #expect(a.dropped == 0)
    }

    @Test func aDeliveryThatFailedWaitsTwiceAsLongEachTime() {
        var a = alerts()
        a.push(.rpc, .firing, .error, "again", 0, now)
        for wait_ms in [2_000, 4_000, 8_000, 16_000] as [UInt64] {
            #expect(a.next(a.wake_ms) != nil)
            a.delivered(.later, retryAfter_s: 0, 100)
            #expect(a.wake_ms == 100 + wait_ms)
            #expect(a.next(a.wake_ms - 1) == nil)
        }
        _ = a.next(a.wake_ms)
        a.delivered(.later, retryAfter_s: 120, 100)     // the receiver asks for more
        #expect(a.wake_ms == 120_100)
        a.hurry()
        #expect(a.next(0) != nil)
        a.delivered(.refused, retryAfter_s: 0, 200)     // it will never be taken: gone
        #expect(a.queue.isEmpty)
    }
}
