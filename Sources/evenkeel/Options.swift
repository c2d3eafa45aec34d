// How the options of a command are read.
import EvenkeelSys
import Model
import Rpc
import Text

/// Walks the options of a command; `take(index, value)` returns false for a value it refuses.
func options(_ spec: StaticString, _ o: UnsafeMutablePointer<sys_opts>,
             _ take: (Int32, UnsafePointer<CChar>?) -> Bool) -> Int32? {
    spec.utf8Start.withMemoryRebound(to: CChar.self,
                                     capacity: spec.utf8CodeUnitCount + 1) { sys_opts_begin(o, $0, 2) }
    while true {
        let i = sys_opts_next(o)
        if i == Int32(SYS_OPT_END) { return nil }
        if i == Int32(SYS_OPT_ERROR) { return Terminal.refuse("\(c: sys_opts_text(o))") }
        if !take(i, o.pointee.value) {
            let name = textOf(sys_opts_name(i))
            return Terminal.refuse("--\(name) \(quoted: textOf(o.pointee.value)): must be \(allowed(name))")
        }
    }
}

/// What the value of an option must look like, for those that can be refused.
private func allowed(_ name: Text) -> StaticString {
    if name == "log" { return "logfmt, json or plain" }
    if name == "venue" { return "velocity or drift" }
    if name == "for" { return "a length of time, as 90s, 30m, 6h or 7d" }
    if name == "listen" { return "ADDRESS:PORT, as 127.0.0.1:8000" }
    if name == "seeds" { return "a number or a range, as 1..20" }
    if name == "faults" { return "all, none, or names separated by commas" }
    if name == "speed" { return "a whole number, as 60 (`--help` tells the largest)" }
    if name == "port" { return "a port, 0 to 65535" }
    return "a whole number in the range that `--help` tells"
}

/// What most commands take: a config, one flag of their own, help.
struct CommonOptions {
    var config: UnsafePointer<CChar>? = nil
    var flag = false
    var o = sys_opts()

    /// `spec` of `n` options: "h:help", "c:config= h:help" or "c:config= FLAG h:help". nil: go on; else the
    /// exit code.
    mutating func take(_ spec: StaticString, _ n: Int32, help words: StaticString) -> Int32? {
        var found: UnsafePointer<CChar>? = nil
        var set = false
        var help = false
        let bad = options(spec, &o) { i, value in
            if i == n - 1 { help = true } else if i == 0 { found = value } else { set = true }
            return true
        }
        config = found
        flag = set
        return bad ?? (help ? Terminal.help(words) : nil)
    }
}
