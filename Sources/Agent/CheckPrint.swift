// The table and the JSON of `check`, and the sentence of what would be done right now.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

extension Checker {
    private func emit(_ t: Text) {
        _ = t.bytes.withUnsafeBufferPointer { sys_write_all(1, $0.baseAddress, $0.count) }
    }

    /// The correction as it stood when its signature was asked for.
    private func would(_ t: inout Text, _ m: Machine) {
        let d = m.decision
        t.put(c: ek_action_name(d.action))
        t.put(" ")
        t.put(fixed: Int64(clamping: d.size_base_e9), decimals: 9, shown: 4)
        t.put(" ")
        t.put(m.hedgeRules.perpName)
        t.put(" now, worst price $")
        t.put(fixed: m.order.intent.worst_price_e6, decimals: 6, shown: 2)
        t.put(", cost about ")
        t.put(usd: cost_e6(m))
        for g in m.report.gates where g.gate == .cost {
            t.put(" (")
            t.put(g.value)
            t.put(")")
        }
    }

    private func cost_e6(_ m: Machine) -> Int64 {
        var notional: Int64 = 0
        var cost: Int64 = 0
        for g in m.report.gates where g.gate == .cost {
            if ek_mul_div_floor_i64(Int64(clamping: m.decision.size_base_e9), m.report.view.a.oracle_price_e6, 1_000_000_000, &notional) == EK_OK {
                _ = ek_mul_div_floor_i64(notional, g.measured.number, 1_000_000, &cost)
            }
        }
        return cost
    }

    private func wouldLine() -> Text {
        guard let m = machine, m.bookKnown else { return Text("would do nothing: the account could not be read") }
        var t = Text("would ")
        if wouldSign && m.decision.action != UInt8(EK_ACTION_NONE) {
            would(&t, m)
        } else if wouldSign {
            t.put("cancel an order of this agent that its state file does not know")
        } else {
            t.put("do nothing now: ")
            t.put(m.report.status.word)
            t.put(", ")
            t.put(m.report.reason)
        }
        return t
    }

    func print(json: Bool, colour: Bool) -> Int32 {
        if json { emit(asJson()) } else { emit(asTable(colour)) }
        return failed > 0 ? 3 : 0
    }

    private func pad(_ t: inout Text, from: Int, to: Int) {
        // UTF-8 continuation bytes take no column.
        var columns = 0
        for b in t.bytes[from...] where b & 0xC0 != 0x80 { columns += 1 }
        while columns < to {
            t.put(" ")
            columns += 1
        }
    }

    private func asTable(_ colour: Bool) -> Text {
        var t = Text(capacity: 4096)
        for r in rows {
            let start = t.count
            t.put(" ")
            if colour { t.put(r.finding == .ok ? "\u{1b}[32m" : r.finding == .warn ? "\u{1b}[33m" : "\u{1b}[1;31m") }
            t.put(r.finding.word)
            if colour { t.put("\u{1b}[0m") }
            pad(&t, from: start, to: colour ? (r.finding == .fail ? 7 + 11 : 7 + 9) : 7)
            let name = t.count
            t.put(r.name)
            pad(&t, from: name, to: 23)
            t.put(r.value)
            if !r.limit.isEmpty {
                t.put("  (limit ")
                t.put(r.limit)
                t.put(")")
            }
            t.put("\n")
            if !r.remedy.isEmpty {
                t.put("        -> ")
                t.put(r.remedy)
                t.put("\n")
            }
        }
        t.put(" ")
        t.put(wouldLine())
        t.put("\n ")
        var warned = 0
        for r in rows where r.finding == .warn { warned += 1 }
        if failed > 0 {
            t.put(failed)
            t.put(" of ")
            t.put(rows.count)
            t.put(" failed: live trading would be refused\n")
        } else {
            t.put("all ")
            t.put(rows.count)
            t.put(" passed")
            if warned > 0 {
                t.put(", ")
                t.put(warned)
                t.put(warned == 1 ? " with a warning" : " with warnings")
            }
            t.put(": live trading would be allowed\n")
        }
        return t
    }

    private func asJson() -> Text {
        var t = Text(capacity: 8192)
        t.put("{\"type\":\"CHECK\",\"data\":{\"ok\":")
        t.put(failed == 0 ? "true" : "false")
        t.put(",\"failed\":")
        t.put(failed)
        t.put(",\"would\":")
        t.put(jsonString: wouldLine())
        t.put(",\"rows\":[")
        for i in 0..<rows.count {
            if i > 0 { t.put(",") }
            t.put("{\"finding\":\"")
            t.put(rows[i].finding == .ok ? "ok" : rows[i].finding == .warn ? "warn" : "fail")
            t.put("\",\"name\":")
            t.put(jsonString: rows[i].name)
            t.put(",\"value\":")
            t.put(jsonString: rows[i].value)
            t.put(",\"limit\":")
            t.put(jsonString: rows[i].limit)
            t.put(",\"remedy\":")
            t.put(jsonString: rows[i].remedy)
            t.put("}")
        }
        t.put("]}}\n")
        return t
    }
}
