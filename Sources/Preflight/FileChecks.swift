// The checks of this computer's files: config, kill file, key, control socket. The state file:
// StateChecks.swift.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Text

func octal(_ mode: UInt32) -> Text {
    var t = Text("0")
    for shift in [6, 3, 0] as [UInt32] { t.put(byte: 0x30 + UInt8((mode >> shift) & 7)) }
    return t
}

extension Checker {
    func fileRows() {
        var look = sys_look()
        let file = sys_config_file(config)
        sys_look_at(file, &look)
        let live = config.pointee.mode == UInt8(SYS_MODE_LIVE)
        let mode: StaticString = live ? "live" : "paper (checked as if live)"
        var remedy = Text()
        var finding = Finding.ok
        if look.os_errno == 0 && look.is_link == 0 && look.mode & 0o022 != 0 {
            finding = look.mode & 0o002 != 0 ? .fail : .warn
            remedy = "others can write it: chmod go-w \(c: file)"
        } else if look.mode & 0o004 != 0 && secretInline() {
            finding = .warn
            remedy = "everybody can read a URL with a secret in it: chmod o-r, or take it from ${NAME}"
        }
        row(finding, "config", "\(c: file), mode \(octal(look.mode)), \(mode)", remedy: remedy)
        if let kill = sys_config_kill_file(config), kill.pointee != 0 {
            let on = killSwitchOn
            row(on ? .fail : .ok, "kill file", "\(c: kill) \(on ? "is there" : "is not there")",
                remedy: "remove it to trade again: rm \(c: kill)")
        }
    }

    /// A URL whose shown form hides something, in a file that names no variable for it, cannot be told from
    /// here; a query or user part can.
    private func secretInline() -> Bool {
        for i in 0..<UInt32(config.pointee.n_urls) {
            let url: Text = "\(c: sys_config_url(config, i))"
            // What came from the environment is not in the file: the file's own text is looked at again.
            if url.bytes.contains(where: { $0 == 0x3F || $0 == 0x40 }) && !fileNamesVariable() { return true }
        }
        return false
    }

    private func fileNamesVariable() -> Bool {
        var n = 0
        var err: Int32 = 0
        let file = sys_config_file(config)
        guard let bytes = sys_read_alloc(file, Int(SYS_CONFIG_FILE_MAX), &n, &err) else { return false }
        defer { sys_free(bytes) }
        for i in 0..<max(0, n - 1) where bytes[i] == 0x24 && bytes[i + 1] == 0x7B { return true }
        return false
    }

    /// The signer's address. The secret half is wiped before anything else happens.
    func keyRow(_ rules: Rules) -> ek_key? {
        if (sys_config_signer_socket(config)?.pointee ?? 0) != 0 { return socketRow(rules) }
        let file = sys_config_keypair(config)
        if (file?.pointee ?? 0) == 0 {
            row(.fail, "key file", "none named",
                remedy: "`evenkeel key new FILE` makes one; name it under [account] keypair")
            return nil
        }
        var why = Text()
        guard let address = addressOfKey(file, why: &why) else {
            row(.fail, "key file", why, remedy: "see the reason; `evenkeel key show FILE` tries it alone")
            return nil
        }
        var look = sys_look()
        sys_look_at(file, &look)
        let beside = sys_key_beside_config(sys_config_file(config), file) != 0
        row(beside ? .warn : .ok, "key file", "\(c: file), mode \(octal(look.mode)), address \(key: address)",
            remedy: """
                it lies in the config's directory: after an editor replaced the config, `reload` cannot read \
                it. Give the key a directory of its own
                """)
        return address
    }

    /// The user's own signer: connected to as the agent would, given the limits, asked nothing.
    private func socketRow(_ rules: Rules) -> ek_key? {
        let key = config.pointee.signer_key
        do throws(StartRefusal) {
            _ = try SignerClient.start(config, rules)
            row(.ok, "signer socket", "\(c: sys_config_signer_socket(config)), ready, address \(key: key)")
        } catch {
            row(.fail, "signer socket", error.words,
                remedy: "see the reason; start the signer there, or check [signer] socket and public_key")
        }
        return key
    }

    /// Whether an agent of this config answers.
    func controlRow() -> Bool {
        guard let file = sys_config_control(config), file.pointee != 0 else {
            row(.warn, "control socket", "off",
                remedy: "without [agent] control the agent cannot be asked or paused while it runs")
            return false
        }
        if agentAnswers(file) {
            row(.ok, "control socket", "\(c: file): an agent answers")
            return true
        }
        var look = sys_look()
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { d in
            guard let base = d.baseAddress, sys_dir_of(file, base, 128) == 0 else { return }
            sys_look_at(base, &look)
        }
        row(look.writable != 0 ? .ok : .warn, "control socket", "\(c: file): no agent runs",
            remedy: "its directory is missing or not writable: commands would not reach the agent")
        return false
    }

    private func agentAnswers(_ file: UnsafePointer<CChar>) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let word: StaticString = "status"
        let length = word.utf8CodeUnitCount + 1
        return word.utf8Start.withMemoryRebound(to: CChar.self, capacity: length) { w in
            buffer.withUnsafeMutableBufferPointer {
                sys_control_ask(file, w, $0.baseAddress, $0.count, 2_000) > 0
            }
        }
    }
}
