// `version`: the program's version, its build, and the venues it knows.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

func versionCommand() -> Int32 {
    #if hasFeature(Embedded)
    let build: StaticString = "embedded"
    #else
    let build: StaticString = "ordinary"
    #endif
    var t: Text = "evenkeel \(evenkeelVersion) (\(build) Swift), venues:"
    for i in 0..<ek_venue_count() { t.put("\(i == 0 ? " " : ", ")\(c: ek_venue_layout(ek_venue_at(i)))") }
    t.put("\n")
    Terminal.print(t)
    return 0
}
