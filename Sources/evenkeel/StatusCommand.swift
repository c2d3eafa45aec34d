// `status`: what the running agent sees, or the last record.
import EvenkeelSys
import Model
import Render
import Rpc
import Text

func statusCommand() -> Int32 {
    var config: UnsafePointer<CChar>? = nil
    var json = false
    var watch = false
    var help = false
    var accounts: UnsafePointer<CChar>? = nil
    var o = sys_opts()
    let bad = options("c:config= json accounts= w:watch h:help", &o) { i, value in
        switch i {
        case 0: config = value
        case 1: json = true
        case 2: accounts = value
        case 3: watch = true
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help {
        return Terminal.help("""
        evenkeel status [-c FILE] [--json] [--watch] [--accounts FILE]

        What the running agent sees, asked over its control socket; \
        when none runs, the last record of the state file.
          --json            the status message
          --watch           again every 2 s until interrupted; on a terminal it redraws in place
          --accounts FILE   writes the agent's last read of the chain to FILE (never over an existing one), \
        for `assess`
                            and bug reports
        In colour on a terminal, unless NO_COLOR is set. Exit 0: balanced, dust, cooldown, pending, an
        order was executed; 4: blocked, observe_only, paused, error, unfilled, or the last tick is too long
        ago (stale); 5: no agent answers.

        """)
    }
    guard let box = loadConfig(config, SYS_LOAD_BARE) else { return 2 }
    if let path = accounts { return saveAccounts(box.config, path) }
    if !watch { return showStatus(box.config, json: json, inPlace: false) }
    let inPlace = !json && Terminal.redraws(1)
    while true {
        let code = showStatus(box.config, json: json, inPlace: inPlace)
        if !inPlace && code == noAgent { return code }
        if !inPlace && !json { Terminal.print("\n") }
        sys_sleep_ms(2_000)
    }
}

private func showStatus(_ config: UnsafeMutablePointer<sys_config>, json: Bool, inPlace: Bool) -> Int32 {
    let answer = ask(config, json ? "status json" : "status", wait_ms: answerWait_ms)
    if inPlace { Terminal.print("\u{1b}[H\u{1b}[2J") }
    guard let a = answer else {
        lastRecord(config, json: json)
        return noAgent
    }
    let shown = json || sys_isatty(1) == 0 ? a : fitted(a, to: TerminalSize(of: 1), cutBelow: inPlace)
    Terminal.print(!json && Terminal.colours(1) ? coloured(shown) : shown)
    return needsAPerson(a, json: json) ? heldBack : 0
}

/// `status` ends with these: the agent does not trade for a reason that stays; none answers.
private let heldBack: Int32 = 4
private let noAgent: Int32 = 5

/// By the status word of an answer, and whether its tick is too long ago.
private func needsAPerson(_ answer: Text, json: Bool) -> Bool {
    let b = answer.bytes
    var at = json ? answer.find("\"status\":\"").map { $0 + 10 } ?? b.count : 0
    while at < b.count && b[at] == 0x20 { at += 1 }
    var word = Text()
    while at < b.count && b[at] != 0x20 && b[at] != 0x22 {
        word.put(byte: b[at])
        at += 1
    }
    if answer.find(json ? "\"stale\":true" : staleMark) != nil { return true }
    return word == "blocked" || word == "observe_only" || word == "paused" || word == "error"
        || word == "unfilled"
}

private func saveAccounts(_ config: UnsafeMutablePointer<sys_config>, _ path: UnsafePointer<CChar>) -> Int32 {
    guard let read = ask(config, "accounts", wait_ms: answerWait_ms), read.bytes.first == 0x7B else {
        Terminal.print("evenkeel: no agent is running that has read the chain completely\n", 2)
        return 1
    }
    let err = read.bytes.withUnsafeBufferPointer { sys_write_private(path, $0.baseAddress, $0.count) }
    if err == 0 { return 0 }
    Terminal.print("evenkeel: \(c: path): \(c: sys_errno_text(err))\n", 2)
    return 1
}
