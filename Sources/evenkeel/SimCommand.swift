// `sim`: the deterministic simulator, by seeds.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Simulator
import Text

private let help: StaticString = """
    evenkeel sim [--seeds A..B] [--days N] [--faults all|none|LIST] [--verbose]

    The agent's own state machine in virtual time against the embedded chain, \
    under seeded faults of network, nodes,
    landing, venue, book, disk, process and clocks; \
    a judge outside of the agent checks the invariants. A seed always
    does the same.
      --seeds A..B    or one number (1..20)
      --days N        virtual days a seed (30)
      --faults LIST   all, none, or names with commas:
        network  loss delay duplicate reorder truncate garbage limit server halfopen
        nodes    behind frozen pool lie fork genesis height slowslots skipslots
        landing  drop late execerror congestion lowfee
        venue    paused reduceonly stale jump dry partial unfilled upgrade
        book     deposit foreign leftover liquidation delegate gas
        evidence liar ratchet tornread nohistory noconfirmation methods dead
        operator kill command
        other    torn enospc bitflip crash suspend step freeze
      --verbose       every event
    Exit code 1 and the seed with its last events when an invariant broke.

    """

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

private func refuse(_ why: Text) -> Int32 {
    Terminal.print("evenkeel sim: \(why)\n", 2)
    return 2
}

func simCommand() -> Int32 {
    var range = SeedRange()
    let spec: StaticString = "seeds= days= faults= verbose h:help"
    var o = sys_opts()
    sys_opts_begin(&o, UnsafeRawPointer(spec.utf8Start).assumingMemoryBound(to: CChar.self), 2)
    while true {
        let k = sys_opts_next(&o)
        if k == Int32(SYS_OPT_END) { break }
        if k == Int32(SYS_OPT_ERROR) { return refuse("\(c: sys_opts_text(&o))") }
        let v = textOf(o.value)
        switch k {
        case 0:
            guard let r = seeds(v) else {
                return refuse("--seeds takes A..B or one number, not \(quoted: v)")
            }
            (range.first, range.last) = r
        case 1:
            guard let n = number(v), n >= 1, n <= 3650 else {
                return refuse("--days takes 1 to 3650, not \(quoted: v)")
            }
            range.days = Int64(n)
        case 2:
            let (set, wrong) = FaultClass.parse(v)
            if let w = wrong { return refuse("no such fault: \(quoted: w)") }
            range.faults = set
        case 3: range.verbose = true
        default: return Terminal.help(help)
        }
    }
    if sys_opts_words(&o) > 0 { return refuse("unexpected argument \(quoted: textOf(sys_opts_word(&o, 0)))") }
    return runSeeds(range)
}
