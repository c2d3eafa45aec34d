// The command line: the first word chooses a command, every command explains itself with --help.
import EvenkeelCore
import EvenkeelSys
import Localnet
import Model
import Rpc
import Text

let command = Terminal.argument(1)

private let commands: [StaticString] = [
    "run", "check", "status", "pause", "resume", "rebalance", "reload", "flatten", "mode", "assess", "sim",
    "state", "init", "key", "demo", "localnet", "version", "help",
]

/// The command that was probably meant: a letter or two are other ones, missing, too many or swapped.
private func meant(_ word: Text) -> StaticString? {
    var best: StaticString? = nil
    var least = 3
    for c in commands {
        let d = distance(word.bytes, Text(c).bytes)
        if d < least && 2 * d <= word.count {
            best = c
            least = d
        }
    }
    return best
}

/// Letters to change, add, take away or swap with the next one to make one word of the other.
private func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.count > 32 { return 32 }
    var before = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
        var row = [i + 1] + [Int](repeating: 0, count: b.count)
        for k in 0..<b.count {
            row[k + 1] = min(last[k] + (a[i] == b[k] ? 0 : 1), min(last[k + 1], row[k]) + 1)
            let swapped = i > 0 && k > 0 && a[i] == b[k - 1] && a[i - 1] == b[k]
            if swapped { row[k + 1] = min(row[k + 1], before[k - 1] + 1) }
        }
        before = last
        last = row
    }
    return last[b.count]
}

private func unknown(_ word: Text) -> Int32 {
    var t: Text = "evenkeel: unknown command \(quoted: word); "
    if let m = meant(word) { t.put("did you mean `evenkeel \(m)`? ") }
    Terminal.print("\(t)`evenkeel help` lists them\n", 2)
    return 2
}

func dispatch() -> Int32 {
    guard var word = command else {
        Terminal.usage(2)
        return 2
    }
    if word == "help" && sys_args_help() != 0, let of = Terminal.argument(1) { word = of }
    if word == "run" { return runCommand() }
    if word == "signer-role" { return sys_signer_role() }      // started by the agent, see docs/signer.md
    if word == "check" { return checkCommand() }
    if word == "status" { return statusCommand() }
    if word == "pause" || word == "resume" || word == "rebalance" || word == "reload" {
        return controlCommand(word)
    }
    if word == "flatten" { return flattenCommand() }
    if word == "mode" { return modeCommand() }
    if word == "assess" { return assessCommand() }
    if word == "sim" { return simCommand() }
    if word == "state" { return stateCommand() }
    if word == "init" { return initCommand() }
    if word == "signer" { return signerCommand() }
    if word == "key" { return keyCommand() }
    if word == "demo" { return demoCommand() }
    if word == "web-role" { return sys_web_role() }      // started by the agent, never by hand
    if word == "localnet" { return LocalnetCommand.run(first: 2) }
    if word == "version" || word == "--version" || word == "-V" { return versionCommand() }
    if word == "help" || word == "--help" || word == "-h" {
        Terminal.usage(1)
        return 0
    }
    return unknown(word)
}

sys_exit(dispatch())
