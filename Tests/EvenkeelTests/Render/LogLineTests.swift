// A line of the log in its three forms.
import Model
import Render
import Testing
import Text

@Suite struct LogLineTests {
    private func line(_ format: LogFormat, ticket: Text = Text()) -> String {
        var t = Text("<6>")
        let l = LogLine(level: .warning, human: "low: \"2 %\"", tick: 7, ticket: ticket,
                        time_s: 1_786_205_390)
        t.put(logLine: l, format)
        return String(decoding: t.bytes, as: UTF8.self)
    }

    @Test func logfmtQuotesTheSentenceOnly() {
        #expect(line(.logfmt) == #"<6>time=2026-08-08T16:09:50Z level=warn tick=7 msg="low: \"2 %\"""#)
        #expect(line(.logfmt, ticket: "3kZq").hasSuffix(#" tick=7 ticket=3kZq msg="low: \"2 %\"""#))
    }

    @Test func jsonIsOneObjectBehindWhatWasThere() {
        let whole = #"<6>{"time":"2026-08-08T16:09:50Z","level":"warn","tick":7,"msg":"low: \"2 %\""}"#
        #expect(line(.json) == whole)
        #expect(line(.json, ticket: "3kZq").contains(#""tick":7,"ticket":"3kZq","msg":"#))
    }

    @Test func plainIsForReading() {
        #expect(line(.plain, ticket: "3kZq") == #"<6>2026-08-08T16:09:50Z warn low: "2 %""#)
    }
}
