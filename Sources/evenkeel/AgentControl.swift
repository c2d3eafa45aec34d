// Talking to the running agent over its control socket.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// How long the agent may take to answer; a rebalance is answered when its tick has ended, which may take a
/// whole order's life.
let answerWait_ms: Int32 = 3_000
let orderWait_ms: Int32 = 240_000

/// Sends one line to the running agent. nil when none answers.
func ask(_ config: UnsafeMutablePointer<sys_config>, _ line: StaticString,
         wait_ms: Int32 = answerWait_ms) -> Text? {
    guard let path = sys_config_control(config), path.pointee != 0 else { return nil }
    let cap = 1 << 20
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: cap)
    defer { buffer.deallocate() }
    var n: Int64 = 0
    line.utf8Start.withMemoryRebound(to: CChar.self, capacity: line.utf8CodeUnitCount + 1) {
        n = sys_control_ask(path, $0, buffer, cap, wait_ms)
    }
    if n <= 0 { return nil }
    var t = Text()
    t.put(raw: buffer, count: Int(n))
    return t
}

func tell(_ config: UnsafeMutablePointer<sys_config>, _ answer: Text?) -> Int32 {
    guard let said = answer else {
        let socket = sys_config_control(config)
        Terminal.print("evenkeel: no agent answers on \(c: socket): is it running with this config?\n", 2)
        return 1
    }
    Terminal.print(said)
    // Where what was asked for did not happen, scripts and supervisors see it in the exit code.
    let refused = said.starts("reload refused") || said.starts("not ") || said.starts("Not ")
    return refused ? 1 : 0
}

/// Asks the person at the terminal; where there is none, only `--yes` confirms. nil: confirmed; else the exit
/// code.
func confirmed() -> Int32? {
    if sys_isatty(0) == 0 {
        Terminal.print("evenkeel: not confirmed: add --yes\n", 2)
        return 2
    }
    Terminal.print("Type yes to continue: ", 2)
    var word = Text()
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { line in
        guard let base = line.baseAddress, sys_read_line(0, base, 16, 60_000) >= 0 else { return }
        word.put(c: base)
    }
    if word == "yes" { return nil }
    Terminal.print("cancelled, nothing was changed\n", 2)
    return 1
}
