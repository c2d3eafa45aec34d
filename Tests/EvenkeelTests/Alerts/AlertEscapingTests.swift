// A node's words in an alert: shown, and nothing else.
import Testing
import Text

@testable import Alerts

@Suite struct AlertEscapingTests {
    private func shown(_ s: String, _ receiver: AlertReceiver) -> String {
        var t = Text()
        t.put(bytes: Array(s.utf8))
        return String(decoding: escaped(t, for: receiver).bytes, as: UTF8.self)
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
        for receiver in AlertReceiver.allCases {
            #expect(shown("a\u{202E}b\u{2066}c\u{200B}d\u{FEFF}e\u{2060}", receiver) == "abcde")
            #expect(shown("Preis 3 € ñ 東京", receiver) == "Preis 3 € ñ 東京")
            #expect(!shown("https\u{200B}://x.y", receiver).contains("://"))
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
            for receiver in AlertReceiver.allCases {
                var t = Text()
                t.put(bytes: bytes)
                let out = escaped(t, for: receiver).bytes
                #expect(out.count <= 1_910)
                #expect(!out.contains { $0 < 0x20 || $0 == 0x7F })
                let s = String(decoding: out, as: UTF8.self)
                #expect(!s.contains("://") && !s.contains("@a"))
                if receiver == .slack { #expect(!s.contains("<") && !s.contains(">")) }
            }
        }
    }
}
