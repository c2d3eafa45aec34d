// The status of a machine on its bench, as JSON and for a person.
import Foundation
import Render
import Testing
import Text

@Suite struct StatusTests {
    private func string(_ t: Text) -> String { String(decoding: t.bytes, as: UTF8.self) }

    @Test func theTextHasALineForEachSubject() {
        let b = Bench()
        b.runTick()
        let text = string(statusText(b.machine, now_s: b.machine.report.time_s + 5))
        let lines = text.components(separatedBy: "\n")
        #expect(lines[0].hasPrefix(" executed_live   SOL-PERP on velocity (live)   5 s ago, slot "))
        for start in [" why       ", " spot      +10.0000 SOL   venue:SOL 9.0000 · wallet:SOL 1.0000",
                      " perp      -", " net       +", " health    ", " funding   ", " equity    $",
                      " today     -$0.", " 7 days    -$0.", " start     -$0.", " gates     all ",
                      " last      EXPAND_SHORT "] {
            #expect(lines.contains { $0.hasPrefix(start) }, "\(start) in \(lines)")
        }
    }

    @Test func nothingWasReadMeansNoNumbers() {
        let b = Bench()
        let text = string(statusText(b.machine, now_s: 0))
        #expect(text.hasPrefix(" pending   SOL-PERP on velocity (live)") && !text.contains("spot"))
        #expect(accountsJson(b.machine).isEmpty)
    }

    @Test func aMessageStaysWhatItWasWhenTheNextOneIsMade() throws {
        let b = Bench()
        var json = StatusJson()
        let early = json.message(b.machine)
        let copy = string(early)
        b.runTick()
        let late = json.message(b.machine, newline: true)
        #expect(string(early) == copy && string(late).hasSuffix("}}\n") && string(late) != copy)
        let all = try #require(JSONSerialization.jsonObject(with: Data(late.bytes)) as? [String: Any])
        let data = try #require(all["data"] as? [String: Any])
        #expect(all["type"] as? String == "STATUS" && data["status"] as? String == "executed_live")
        #expect((data["markets"] as? [[String: Any]])?.count == 1)
    }
}
