// Runs seed after seed, until the last one or the first broken invariant, and says what came of it.
import EvenkeelSys
import Model
import Rpc
import Text

/// Which seeds `runSeeds` runs, for how long, with which faults.
package struct SeedRange {
    package var first: UInt64 = 1
    package var last: UInt64 = 20
    package var days: Int64 = 30
    package var faults = FaultClass.all
    package var verbose = false

    package init() {}
}

/// 0: every invariant held; 1: one broke, and its seed and last events were printed.
package func runSeeds(_ range: SeedRange) -> Int32 {
    var total = Totals()
    let began = sys_mono_ms()
    var seed = range.first
    while true {
        let run = Simulation(seed: seed, faults: range.faults, days: range.days, verbose: range.verbose)
        run.run()
        run.counted.corrections = run.judge.corrections
        total.add(run.counted)
        if let v = run.judge.violation {
            report(v, run, seed, range.faults)
            return 1
        }
        if seed == range.last { break }
        seed += 1
    }
    summary(total, range, ms: max(1, sys_mono_ms() - began))
    return 0
}

/// The command that repeats a violation is given whole: seed, days and faults.
private func report(_ v: Violation, _ run: Simulation, _ seed: UInt64, _ faults: UInt64) {
    let again: Text = "--seeds \(seed)..\(seed) --days \(run.end_ms / 86_400_000) --faults \(FaultClass.list(faults))"
    Trace.write("""
        VIOLATION of \(v.invariant) seed \(seed) at \(Trace.time(run.t)): \(v.words)
        last events:
        \(run.trace.lastEvents())replay: evenkeel sim \(again)

        """)
}

private func summary(_ c: Totals, _ range: SeedRange, ms: Int64) {
    let seeds = range.last - range.first + 1
    var t: Text = "seeds \(seeds)  virtual days \(Int64(seeds) * range.days)  ticks \(c.ticks)"
    t.put("  corrections \(c.corrections)  crashes \(c.crashes)  requests \(c.requests)  violations 0\nfaults:")
    for f in FaultClass.allCases where c.struck[Int(f.rawValue)] > 0 {
        t.put(" \(f.name) \(c.struck[Int(f.rawValue)])")
    }
    t.put("\nseconds \(fixed: ms, decimals: 3, shown: 1)  ticks a second \(c.ticks * 1000 / UInt64(ms))\n")
    Trace.write(t)
}
