// A node's words in an alert: shown, and nothing else.
import EvenkeelSys
import Testing
import Text

@testable import Alerts

@Suite struct AlertEscapingTests {
    private func shown(_ s: String, _ format: SYS_ALERT) -> String {
        var t = Text()
        t.put(bytes: Array(s.utf8))
        return String(decoding: escaped(t, format: format.number).bytes, as: UTF8.self)
    }

    enum SYS_ALERT: CaseIterable {
        case slack, telegram, discord, ntfy
        var number: Int32 {
            switch self {
            case .slack: return Int32(EvenkeelSys.SYS_ALERT_SLACK)
            case .telegram: return Int32(EvenkeelSys.SYS_ALERT_TELEGRAM)
            case .discord: return Int32(EvenkeelSys.SYS_ALERT_DISCORD)
            case .ntfy: return Int32(EvenkeelSys.SYS_ALERT_NTFY)
            }
        }
    }
    private let gap = "\u{200B}"

    @Test func slackCallsNobody() {
        #expect(shown("<!channel> & <https://evil.example|your wallet>", .slack)
            == "&lt;!channel&gt; &amp; &lt;https:\(gap)//evil.\(gap)example|your wallet&gt;")
        #expect(shown("@here", .slack) == "@\(gap)here")
    }

    @Test func discordHasNoMarkdown() {
        #expect(shown("**PAID** [claim](https://evil.example) @everyone <@1>", .discord)
            == "\\*\\*PAID\\*\\* \\[claim\\]\\(https:\(gap)//evil.\(gap)example\\) "
            + "\\@\(gap)everyone \\<\\@\(gap)1\\>")
        #expect(shown("`x` ||y|| \\*", .discord) == "\\`x\\` \\|\\|y\\|\\| \\\\\\*")
    }

    @Test func telegramSendsNoCommandAtATap() {
        #expect(shown("/resume@bot now, #tag $SOL t.me/x", .telegram)
            == "/\(gap)resume@\(gap)bot now, #\(gap)tag $\(gap)SOL t.\(gap)me/x")
        #expect(shown("/var/lib/state", .telegram) == "/\(gap)var/lib/state")
        #expect(shown("$1.50 and 0.5 %", .telegram) == "$1.50 and 0.5 %")
    }

    @Test func ntfyHasNoLinkAndNoSecondLine() {
        #expect(shown("line\r\nX-Click: https://evil.example\u{7}", .ntfy)
            == "line  X-Click: https:\(gap)//evil.\(gap)example ")
    }

    @Test func nothingTurnsOrHidesTheText() {
        for format in SYS_ALERT.allCases {
            #expect(shown("a\u{202E}b\u{2066}c\u{200B}d\u{FEFF}e\u{2060}", format) == "abcde")
            #expect(shown("Preis 3 € ñ 東京", format) == "Preis 3 € ñ 東京")
            #expect(!shown("https\u{200B}://x.y", format).contains("://"))
        }
    }

    /// Whatever it is: no bytes that end a line, none that call, never longer than a receiver takes, still
    /// text.
    @Test func anyBytes() {
        var random = SystemRandomNumberGenerator()
        for round in 0..<400 {
            let n = Int(random.next() % 3_000)
            let signs = Array("<>@#/:.*_`|[]() \n\u{202E}€ab0\\&$-~".utf8)
            let bytes = (0..<n).map { _ in
                round % 2 == 0 ? signs[Int(random.next() % UInt64(signs.count))] : UInt8(random.next() & 0xFF)
            }
            for format in SYS_ALERT.allCases {
                var t = Text()
                t.put(bytes: bytes)
                let out = escaped(t, format: format.number).bytes
                #expect(out.count <= 1_910)
                #expect(!out.contains { $0 < 0x20 || $0 == 0x7F })
                let s = String(decoding: out, as: UTF8.self)
                #expect(!s.contains("://") && !s.contains("@a"))
                if format == .slack { #expect(!s.contains("<") && !s.contains(">")) }
            }
        }
    }
}
