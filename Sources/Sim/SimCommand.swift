// `evenkeel sim`: worlds by seed, until the last one or the first broken invariant.
import EvenkeelCore
import EvenkeelSys
import Kit

private let help: StaticString = """
    evenkeel sim [--seeds A..B] [--days N] [--faults all|none|LIST] [--verbose]

    The agent's own state machine in virtual time against the embedded chain, under seeded faults of network, nodes, landing, venue, book,
    disk, process and clocks; a judge outside checks the invariants. The same seed always does the same.
      --seeds A..B    or one number (1..20)
      --days N        virtual days a seed (30)
      --faults LIST   all, none, or names with commas:
        network  loss delay duplicate reorder truncate garbage limit server halfopen
        nodes    behind frozen pool lie fork genesis height slowslots skipslots
        landing  drop late execerror congestion lowfee
        venue    paused reduceonly stale jump dry partial unfilled upgrade
        book     deposit foreign leftover liquidation delegate gas
        other    torn enospc bitflip crash suspend step freeze
      --verbose       every event
    Exit code 1 and the seed with its last events when an invariant broke.

    """

private func text(_ p: UnsafePointer<CChar>?) -> Text {
    var t = Text()
    t.put(c: p)
    return t
}

private func number(_ t: Text) -> UInt64? {
    if t.isEmpty || t.count > 18 { return nil }
    var v: UInt64 = 0
    for b in t.bytes {
        guard b >= 0x30 && b <= 0x39 else { return nil }
        v = v * 10 + UInt64(b - 0x30)
    }
    return v
}

/// "A..B" or "A".
private func seeds(_ t: Text) -> (UInt64, UInt64)? {
    var at = -1
    for i in 0..<max(0, t.count - 1) where t.bytes[i] == 0x2E && t.bytes[i + 1] == 0x2E { at = i; break }
    if at < 0 { return number(t).map { ($0, $0) } }
    var a = Text(), b = Text()
    a.put(bytes: Array(t.bytes[0..<at]))
    b.put(bytes: Array(t.bytes[(at + 2)...]))
    guard let x = number(a), let y = number(b), x <= y else { return nil }
    return (x, y)
}

private func refuse(_ first: StaticString, _ word: Text) -> Int32 {
    var t = Text("evenkeel sim: ")
    t.put(first)
    t.put(jsonString: word)
    t.put("\n")
    Trace.write(t, 2)
    return 2
}

public func simCommand(first: Int32) -> Int32 {
    var range: (UInt64, UInt64) = (1, 20)
    var days: UInt64 = 30
    var mask = FaultClass.all
    var verbose = false
    let spec: StaticString = "seeds= days= faults= verbose h:help"
    var o = sys_opts()
    sys_opts_begin(&o, UnsafeRawPointer(spec.utf8Start).assumingMemoryBound(to: CChar.self), first)
    while true {
        let k = sys_opts_next(&o)
        if k == Int32(SYS_OPT_END) { break }
        if k == Int32(SYS_OPT_ERROR) { return refuse("", text(sys_opts_text(&o))) }
        let v = text(o.value)
        switch k {
        case 0:
            guard let r = seeds(v) else { return refuse("--seeds takes A..B or one number, not ", v) }
            range = r
        case 1:
            guard let n = number(v), n >= 1, n <= 3650 else { return refuse("--days takes 1 to 3650, not ", v) }
            days = n
        case 2:
            let (set, wrong) = FaultClass.parse(v)
            if let w = wrong { return refuse("no such fault: ", w) }
            mask = set
        case 3: verbose = true
        default:
            Trace.write(Text(help))
            return 0
        }
    }
    if sys_opts_words(&o) > 0 { return refuse("takes no word like ", text(sys_opts_word(&o, 0))) }
    return runSeeds(range, Int64(days), mask, verbose)
}

private func runSeeds(_ range: (UInt64, UInt64), _ days: Int64, _ mask: UInt64, _ verbose: Bool) -> Int32 {
    var total = Totals()
    let began = sys_mono_ms()
    var seed = range.0
    while true {
        let w = World(seed: seed, faults: mask, days: days, verbose: verbose)
        w.run()
        w.counted.corrections = w.judge.corrections
        total.add(w.counted)
        if let v = w.judge.violation {
            report(v, w, seed, mask)
            return 1
        }
        if seed == range.1 { break }
        seed += 1
    }
    summary(total, seeds: range.1 - range.0 + 1, days: days, ms: max(1, sys_mono_ms() - began))
    return 0
}

/// The command that repeats a violation is given whole: seed, days and faults.
private func report(_ v: Violation, _ w: World, _ seed: UInt64, _ mask: UInt64) {
    var t = Text(capacity: 8192)
    t.put("VIOLATION of ")
    t.put(v.invariant)
    t.put(" seed ")
    t.put(seed)
    t.put(" at ")
    Trace.put(time: w.t, &t)
    t.put(": ")
    t.put(v.words)
    t.put("\nlast events:\n")
    t.put(w.trace.dump())
    t.put("replay: evenkeel sim --seeds ")
    t.put(seed)
    t.put("..")
    t.put(seed)
    t.put(" --days ")
    t.put(w.end / 86_400_000)
    t.put(" --faults ")
    t.put(FaultClass.list(mask))
    t.put("\n")
    Trace.write(t)
}

private func summary(_ c: Totals, seeds: UInt64, days: Int64, ms: Int64) {
    var t = Text(capacity: 2048)
    t.put("seeds ")
    t.put(seeds)
    t.put("  virtual days ")
    t.put(Int64(seeds) * days)
    t.put("  ticks ")
    t.put(c.ticks)
    t.put("  corrections ")
    t.put(c.corrections)
    t.put("  crashes ")
    t.put(c.crashes)
    t.put("  requests ")
    t.put(c.requests)
    t.put("  violations 0\n")
    t.put("faults:")
    for f in FaultClass.allCases where c.struck[Int(f.rawValue)] > 0 {
        t.put(" ")
        t.put(f.name)
        t.put(" ")
        t.put(c.struck[Int(f.rawValue)])
    }
    t.put("\nseconds ")
    t.put(fixed: ms, decimals: 3, shown: 1)
    t.put("  ticks a second ")
    t.put(c.ticks * 1000 / UInt64(ms))
    t.put("\n")
    Trace.write(t)
}
