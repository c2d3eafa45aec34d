// What the machine asks of the world, done: requests, the state file, signatures, the log, reports.
import Accounting
import Alerts
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Rpc
import Text

extension Driver {
    package func post(endpoint: Int, id: UInt32, body: UnsafeBufferPointer<UInt8>) -> Bool {
        web?.asked(id, body)
        let timeout_ms = config.pointee.timeout_ms
        return sys_http_post(http, Int32(endpoint), id, body.baseAddress, body.count, timeout_ms) == 0
    }

    package func persist(_ record: UnsafeMutablePointer<ek_record>) throws(WriteFailure) {
        if !persistent { return }
        let result = sys_state_store(file.state, record)
        if result == SYS_STATE_OK {
            web?.wrote()
            return
        }
        self.log(.error, "\(c: sys_state_text(file.state))")
        let os_errno = file.state.pointee.os_errno
        throw WriteFailure(errno: os_errno != 0 ? os_errno : -1)
    }

    package func sign(_ message: UnsafeBufferPointer<UInt8>, claim: UnsafePointer<ek_policy_claim>,
                      oracle: UnsafeBufferPointer<UInt8>,
                      into signature: UnsafeMutablePointer<UInt8>) throws(SignRefusal) {
        guard let s = signing else { throw .refused("there is no signer", breaker: false) }
        defer { sayLossLimit() }
        try s.sign(message, claim, oracle, into: signature, unix_s: now().unix_s)
    }

    package func requireSigner() throws(Refusal) {
        if let t = signing?.trouble { throw Refusal(t) }
    }

    package func wantSigner(_ wanted: Bool) throws(Refusal) {
        guard let s = signing else { throw Refusal("there is no signer") }
        if wanted { try s.wake() } else { s.rest() }
    }

    package func log(_ level: Level, _ human: Text) {
        log.write(level, human, tick: machine?.ticks ?? 0, ticket: ticketWord(), time_s: now().unix_s)
    }

    /// The first characters of the open order's signature: enough to find its lines.
    private func ticketWord() -> Text {
        guard let m = machine, m.ticketOpen, let s = ek_ticket_signature(m.ticket) else { return Text() }
        var t = Text()
        t.put(signature: s)
        if t.count > 8 { t.bytes.removeLast(t.count - 8) }
        return t
    }

    package var killSwitchOn: Bool {
        guard let path = sys_config_kill_file(config), path.pointee != 0 else { return false }
        return sys_path_there(path) != 0
    }

    package func report(_ m: Machine) {
        let changed = lastStatus != m.report.status
        lastStatus = m.report.status
        let words: Text = "\(m.report.status.word): \(m.report.reason)"
        let level = changed ? Level.info : .debug
        if log.says(level) { log(level, "status \(words)") }
        if options.json && !options.once { write(statusJson.message(m, newline: true)) }
        let ended = m.stage == .idle
        if ended { finished = true }
        // A tick that ended has read the book in it, or not; one with an order open has heard of the chain,
        // or not.
        var answers: UInt64 = 0
        for e in m.endpoints.all { answers += e.answers }
        let read = ended ? m.bookKnown && m.bookReadAt_ms >= m.tickStarted_ms : answers > answersSeen
        answersSeen = answers
        if read { showPrices(m, now()) }
        supervisor.tick(whole: read, words)
        alerts.observe(m, read: read, ended: ended, now())
        if ended { tickEnded(m) }
        log.sayHeld(now().unix_s, tick: m.ticks)
        web?.reported(m, now())
        sink?.status(m, now())
    }

    func write(_ text: Text) {
        _ = text.bytes.withUnsafeBufferPointer { sys_write_all(1, $0.baseAddress, $0.count) }
    }

    func printLine(_ text: consuming Text) {
        text.put("\n")
        write(text)
    }
}
