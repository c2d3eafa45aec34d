// The signer's memory of prices has no gap of more than a minute, however far apart the ticks are.
import Engine
import Foundation
import Model
import Testing

private func bench(interval_s: UInt64, mode: Mode = .live) -> Bench {
    var rules = Bench.rules()
    rules.mode = mode
    rules.interval_ms = interval_s * 1000
    return Bench(rules: rules)
}

@Test(arguments: [61, 300, 86_400] as [UInt64])
func pricesAreShownEveryMinuteBetweenTicks(interval_s: UInt64) {
    let b = bench(interval_s: interval_s)
    b.run(20_000)
    #expect(b.machine.bookKnown)
    let read_ms = b.machine.bookReadAt_ms
    b.run(600_000)
    // A tick shows the prices of the book that it read; the others are here.
    var all = b.shownAt_ms + [read_ms, b.machine.bookReadAt_ms]
    if interval_s == 300 { all.append(301_000) }
    if interval_s == 61 { all += stride(from: 1_000, through: 600_000, by: 61_000) }
    all.sort()
    let gaps = zip(all, all.dropFirst()).map { $1 - $0 }
    #expect(gaps.max() ?? .max <= 61_000, "\(all)")
    #expect(b.mono_ms - (all.last ?? 0) <= 61_000)
}

@Test func ticksOfAMinuteReadNothingMore() {
    let b = bench(interval_s: 60)
    b.run(400_000)
    #expect(b.shownAt_ms.isEmpty)
}

@Test func paperShowsNobodyPrices() {
    let b = bench(interval_s: 300, mode: .paper)
    b.run(400_000)
    #expect(b.shownAt_ms.isEmpty)
}

@Test func whatIsShownIsThePriceOfNow() {
    let b = bench(interval_s: 3_600)
    b.run(20_000)
    b.chain("{\"op\":\"reprice\",\"price\":77.5}")
    b.run(60_000)
    #expect(b.shown_e6 == 77_500_000)
}

@Test func aPriceThatWasNotReadIsAskedForAgainSoon() {
    let b = bench(interval_s: 3_600)
    b.run(20_000)
    b.wire = { method, _ in method == "getMultipleAccounts" ? .lost : nil }
    b.run(60_000)
    #expect(b.shownAt_ms.isEmpty)
    b.wire = { _, _ in nil }
    b.run(10_000)
    #expect(b.shownAt_ms.count == 1)
    #expect(b.status != "error", "\(b.status): a tick is another matter")
}
