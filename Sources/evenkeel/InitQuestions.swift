// What `init` asks on a terminal: only what it cannot find out. Every answer is judged at once by the
// config's own reader.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

private struct Question {
    var section: StaticString
    var key: StaticString
    var words: StaticString
    /// What an empty answer means; empty: the key keeps its default.
    var fallback: StaticString = ""
    /// Not written when the answer is this, because it is the default anyway.
    var common: StaticString = ""
}

enum InitQuestions {
    /// False: the input ended, nothing is to be written.
    static func ask(_ settings: inout [Setting]) -> Bool {
        let first = [
            Question(
                section: "account", key: "authority",
                words: "Owner's address, which holds the account (not the delegate's)"),
            Question(section: "rpc", key: "url", words: "RPC URL of a node (https://...)"),
        ]
        let then = [
            Question(section: "rpc", key: "url", words: "A second node's, of another provider (empty: none)"),
            Question(
                section: "agent", key: "mode", words: "paper or live (start on paper) [paper]",
                common: "paper"),
            Question(
                section: "hedge", key: "spot",
                words: "What counts as spot: venue:SOL, wallet:SOL or both [venue:SOL, wallet:SOL]",
                common: "venue:SOL, wallet:SOL"),
            Question(
                section: "web", key: "listen",
                words: "Address of the page, or off [127.0.0.1:8000]", common: "127.0.0.1:8000"),
            Question(
                section: "alerts", key: "webhook",
                words: "URL that alerts are posted to: Telegram, Discord, Slack, ntfy (empty: none)"),
        ]
        Terminal.print("\nAn empty answer takes what stands in brackets, or leaves it for later.\n")
        for q in first where !has(settings, q.key) && !put(q, &settings) { return false }
        for q in then where !put(q, &settings) { return false }
        return true
    }

    private static func put(_ q: Question, _ settings: inout [Setting]) -> Bool {
        while true {
            Terminal.print("  \(q.words): ")
            guard var said = line() else { return false }
            if said.isEmpty || said.bytes == Text(q.common).bytes { return true }
            if said == "off" { said = Text() }
            guard let wrong = refusal(q, said) else {
                settings.append(Setting(section: q.section, key: q.key, value: said))
                return true
            }
            Terminal.print("    \(wrong)\n")
        }
    }

    /// One line without blanks at its ends; nil: the input ended.
    private static func line() -> Text? {
        var out: Text? = nil
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { p in
            guard let base = p.baseAddress, sys_read_line(0, base, 512, 600_000) >= 0 else { return }
            var t = textOf(base)
            while let b = t.bytes.last, b <= 0x20 { t.bytes.removeLast() }
            while let b = t.bytes.first, b <= 0x20 { t.bytes.removeFirst() }
            out = t
        }
        return out
    }

    /// What the config's reader has against that value in its line; nil: nothing.
    private static func refusal(_ q: Question, _ value: Text) -> Text? {
        let named: StaticString = Text(q.section) == "hedge" ? " SOL-PERP" : ""
        let text: Text = "[\(q.section)\(named)]\n\(q.key) = \(value)\n"
        let box = LoadedConfig()
        var why = Text()
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_CONFIG_TEXT)) { p in
            guard let base = p.baseAddress else { return }
            text.bytes.withUnsafeBufferPointer {
                if sys_config_parse("answer", $0.baseAddress, $0.count, 0, box.config, base) != EK_OK {
                    why = textOf(base)
                }
            }
        }
        // Line 2 is the answer; what else is wrong with so short a config does not matter.
        return why.starts("answer:2: ") ? Text(cut: why, 10) : nil
    }
}

extension Text {
    /// Without its first bytes.
    fileprivate init(cut t: Text, _ n: Int) {
        self.init()
        for b in t.bytes[min(n, t.count)...] { put(byte: b) }
    }
}
