// The table and the JSON of `check`, and the sentence of what would be done right now.
import Daemon
import Decide
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Text

extension Checker {
    /// Prints what was found. 0, or 3 when live trading would be refused.
    func print(json: Bool, colour: Bool) -> Int32 {
        let t = json ? asJson() : asTable(colour)
        _ = t.bytes.withUnsafeBufferPointer { sys_write_all(1, $0.baseAddress, $0.count) }
        return failed > 0 ? 3 : 0
    }

    private func wouldLine() -> Text {
        guard let m = machine, m.bookKnown else { return "would do nothing: the account could not be read" }
        if wouldSign && m.shownHedge.decision.action != UInt8(EK_ACTION_NONE) {
            return "would \(correction(m))"
        }
        if wouldSign { return "would cancel an order of this agent that its state file does not know" }
        return "would do nothing now: \(m.report.status.word), \(m.report.reason)"
    }

    /// The correction as it stood when its signature was asked for.
    private func correction(_ m: Machine) -> Text {
        let d = m.shownHedge.decision
        var t: Text = """
            \(c: ek_action_name(d.action)) \(base: d.size_base_e9) \(m.shownMarket) now, \
            worst price $\(fixed: worstPrice_e6, decimals: 6, shown: 2), cost about \(usd: cost_e6(m))
            """
        for g in m.gates where g.gate == .cost { t.put(" (\(g.value))") }
        return t
    }

    private func cost_e6(_ m: Machine) -> Int64 {
        let size_e9 = Int64(clamping: m.shownHedge.decision.size_base_e9)
        let price_e6 = m.report.view.a.oracle_price_e6
        var notional: Int64 = 0
        var cost: Int64 = 0
        for g in m.gates where g.gate == .cost {
            if ek_mul_div_floor_i64(size_e9, price_e6, 1_000_000_000, &notional) == EK_OK {
                _ = ek_mul_div_floor_i64(notional, g.measured.number, 1_000_000, &cost)
            }
        }
        return cost
    }

    // MARK: the table

    private func asTable(_ colour: Bool) -> Text {
        var t = Text(capacity: 4096)
        for r in rows {
            let start = t.count
            t.put(" ")
            if colour { t.put(r.finding.colour) }
            t.put(r.finding.word)
            if colour { t.put("\u{1b}[0m") }
            pad(&t, from: start, to: colour ? (r.finding == .fail ? 7 + 11 : 7 + 9) : 7)
            let name = t.count
            t.put(r.name)
            pad(&t, from: name, to: 23)
            t.put(r.value)
            if !r.limit.isEmpty { t.put("  (limit \(r.limit))") }
            t.put("\n")
            if !r.remedy.isEmpty { t.put("        -> \(r.remedy)\n") }
        }
        t.put(" \(wouldLine())\n \(verdict())\n")
        return t
    }

    private func pad(_ t: inout Text, from: Int, to: Int) {
        // UTF-8 continuation bytes take no column.
        var columns = 0
        for b in t.bytes[from...] where b & 0xC0 != 0x80 { columns += 1 }
        if columns >= to { t.put("  ") }
        while columns < to {
            t.put(" ")
            columns += 1
        }
    }

    private func verdict() -> Text {
        if failed > 0 { return "\(failed) of \(rows.count) failed: live trading would be refused" }
        var warned = 0
        for r in rows where r.finding == .warn { warned += 1 }
        if warned == 0 { return "all \(rows.count) passed: live trading would be allowed" }
        let how: StaticString = warned == 1 ? "a warning" : "warnings"
        return "all \(rows.count) passed, \(warned) with \(how): live trading would be allowed"
    }

    // MARK: JSON

    private func asJson() -> Text {
        var j = Json(capacity: 8192)
        j.open()
        j.string("type", "CHECK")
        j.open("data")
        j.bool("ok", failed == 0)
        j.int("failed", failed)
        j.string("would", wouldLine())
        j.openList("rows")
        for r in rows {
            j.open()
            j.string("finding", r.finding.jsonWord)
            j.string("name", r.name)
            j.string("value", r.value)
            j.string("limit", r.limit)
            j.string("remedy", r.remedy)
            j.close()
        }
        j.closeList()
        j.close()
        j.close()
        j.text.put("\n")
        return j.text
    }
}

extension Finding {
    var word: StaticString { self == .ok ? "ok" : self == .warn ? "warn" : "FAIL" }
    fileprivate var jsonWord: StaticString { self == .ok ? "ok" : self == .warn ? "warn" : "fail" }
    fileprivate var colour: StaticString {
        self == .ok ? "\u{1b}[32m" : self == .warn ? "\u{1b}[33m" : "\u{1b}[1;31m"
    }
}
