// Stress as people and programs are shown it: when it is computed anew, and its words.
import Decide
import Engine
import EvenkeelCore
import Foundation
import Render
import Testing
import Text

@Suite struct StressTests {
    private func string(_ t: Text) -> String { String(decoding: t.bytes, as: UTF8.self) }

    private func stressed(_ t: Text) throws -> [String: Any]? {
        let all = try #require(JSONSerialization.jsonObject(with: Data(t.bytes)) as? [String: Any])
        return (all["data"] as? [String: Any])?["stress"] as? [String: Any]
    }

    @Test func theMessageHasEveryNumber() throws {
        let b = Bench()
        var json = StatusJson()
        let early = try stressed(json.message(b.machine))
        #expect(early == nil)                                       // nothing was read yet
        b.runTick()
        let told = try stressed(json.message(b.machine))
        let s = try #require(told)
        let up = try #require((s["liquidation"] as? [String: Any])?["up"] as? [String: Any])
        func e6(_ member: Any?) -> Int64 { (member as? String).flatMap { Int64($0) } ?? 0 }
        let (now_e6, to_e6) = (e6(s["price_e6"]), e6(up["price_e6"]))
        let move_pct = try #require(up["move_pct"] as? Double)
        #expect(abs(move_pct - (Double(to_e6) / Double(now_e6) - 1) * 100) < 0.001)
        #expect((s["gaps"] as? [[String: Any]])?.map { $0["rise_pct"] as? Int } == [10, 20, 50])
        #expect(s["collateral_e6"] as? String == "0" && s["reduction_base_e9"] as? String == "0")
        #expect(s["warning_pct"] as? Double == 50)
    }

    @Test func withEveryTickItIsTheSameForAMinute() {
        let b = Bench()
        b.runTick()
        let m: Machine = b.machine
        let h = m.hedges[0]
        let now_s = m.report.time_s
        func slot(_ at_s: Int64) -> UInt64? {
            h.stressOfTheMinute(m.book, m.rules, now_s: at_s)?.pointee.slot
        }
        let first = slot(now_s)
        #expect(first == m.book.pointee.slot)
        m.book.pointee.slot += 7
        #expect(slot(now_s + 59) == first)
        #expect(slot(now_s + 60) == m.book.pointee.slot)
        m.book.pointee.slot += 7
        h.view.a.health_bp -= 99
        #expect(slot(now_s + 61) != m.book.pointee.slot)
        h.view.a.health_bp -= 1                                     // a whole point lower
        #expect(slot(now_s + 62) == m.book.pointee.slot)
        m.book.pointee.slot += 7
        #expect(h.stressNow(m.book, m.rules)?.pointee.slot == m.book.pointee.slot)
        m.book.pointee.slot += 7
        m.book.pointee.user.n_perps = 0                             // closed meanwhile
        #expect(slot(now_s + 63) == m.book.pointee.slot)
        m.book.pointee.slot += 7
        #expect(slot(now_s - 3_600) == m.book.pointee.slot)         // the clock was set back
    }

    @Test func whoAsksGetsItAnew() throws {
        let b = Bench()
        b.runTick()
        var json = StatusJson()
        let m: Machine = b.machine
        let first = try stressed(json.message(m))
        let before = try #require(first?["slot"] as? UInt64)
        m.book.pointee.slot += 7
        let (kept, asked) = (json.message(m), json.message(m, now_s: m.report.time_s))
        let (old, new) = (try stressed(kept), try stressed(asked))
        #expect(old?["slot"] as? UInt64 == before && new?["slot"] as? UInt64 == before + 7)
    }

    @Test func wordsSayHowFarAndWhatRestores() {
        var s = ek_stress()
        s.price_e6 = 150_000_000
        s.warning_bp = 5_000
        s.collateral_possible = 1
        s.reduction_possible = 1
        s.levels.0 = ek_stress_level(up_e6: 180_000_000, down_e6: 0)
        s.levels.1 = ek_stress_level(up_e6: 150_000_000, down_e6: 150_000_000)
        s.levels.2 = ek_stress_level(up_e6: 165_000_000, down_e6: 120_000_000)
        s.gaps.0 = ek_stress_gap(price_e6: 0, equity_e6: 0, free_e6: 1, perp_need_e6: 0, health_bp: 4_219,
                                 rise_pct: 10)
        s.gaps.1.rise_pct = 20
        s.gaps.2 = ek_stress_gap(price_e6: 0, equity_e6: 0, free_e6: -1, perp_need_e6: 0, health_bp: 0,
                                 rise_pct: 50)
        func lines() -> [String] {
            var t = Text()
            stressLines(&t, &s, "SOL-PERP")
            return string(t).components(separatedBy: "\n")
        }
        #expect(lines() == [
            " stress    health 50 % $180.00 (+20.0 %)   20 % now"
                + "   liquidation $120.00 (-20.0 %) or $165.00 (+10.0 %)",
            " gap       +10 % health 42.1 %   +20 % health 0.0 %   +50 % liquidated", "",
        ])
        s.levels.0.up_e6 = 0
        #expect(lines()[0].hasPrefix(" stress    health 50 % at no price   20 %"))

        func way() -> String { string(wayBack(&s, "SOL-PERP")) }
        #expect(way().isEmpty)
        (s.collateral_e6, s.reduction_base_e9) = (12_340_001, 1_200_000_000)
        #expect(way() == "health 50.0 % again by a deposit of $12.35 or by closing 1.2 SOL-PERP")
        #expect(lines()[2] == " restore   " + way())
        s.collateral_e6 = 12_340_000
        s.reduction_possible = 0
        #expect(way() == "health 50.0 % again by a deposit of $12.34, not by reducing alone")
        s.collateral_possible = 0
        #expect(way() == "health 50.0 % again by neither deposit nor reducing")
        s.reduction_possible = 1
        #expect(way() == "health 50.0 % again by closing 1.2 SOL-PERP")
        s.collateral_possible = 1
        s.collateral_e6 = Int64.max
        #expect(way().contains("$9223372036854.78"))
    }
}
