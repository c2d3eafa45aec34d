// The JSON writer: commas, nesting, escapes and exact integers.
import EvenkeelCore
import Testing
import Text

@Suite struct JsonTests {
    @Test func membersListsAndNestingHaveTheirCommas() {
        var j = Json()
        j.open()
        j.int("a", -1)
        j.open("empty")
        j.close()
        j.openList("list")
        j.item(1)
        j.item("two")
        j.item("th\"ree \(3)")
        j.closeList()
        j.null("n")
        j.bool("yes", true)
        j.close()
        #expect(String(decoding: j.text.bytes, as: UTF8.self)
            == #"{"a":-1,"empty":{},"list":[1,"two","th\"ree 3"],"n":null,"yes":true}"#)
    }

    @Test func numbersAndStringsKeepWhatTheyAre() {
        var j = Json()
        j.open()
        j.exact("max", UInt64.max)
        j.number("pct", 150_000, decimals: 6)
        j.number("ten", 10_000, decimals: 3)
        j.string("said", "tab\t and \\")
        j.string("made", "slot \(7)")
        j.string("key", key: EK_SYSTEM_PROGRAM)
        j.raw("raw", Text("[1,2]"))
        j.close()
        #expect(String(decoding: j.text.bytes, as: UTF8.self)
            == #"{"max":"18446744073709551615","pct":0.15,"ten":10.0,"said":"tab\t and \\","made":"slot 7","#
            + #""key":"11111111111111111111111111111111","raw":[1,2]}"#)
    }
}
