// `init`: a commented config with what can be found out and what is answered, and what to do next.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// One value for the file.
struct Setting {
    var section: StaticString
    var key: StaticString
    var value: Text
}

/// Where the file goes, and what belongs there.
struct InitPlace {
    var path: Text
    /// Where it lies, with the slash at its end; empty: here.
    var dir = Text()
    /// A directory `credentials` lies beside it: the package's, whose unit hands the secrets on.
    var packaged = false

    init(_ named: UnsafePointer<CChar>?) {
        let system: StaticString = "/etc/evenkeel/"
        path = named.map { textOf($0) } ?? "evenkeel.conf"
        if named == nil && InitPlace.keepsCredentials(Text(system)) { path = "\(system)evenkeel.conf" }
        if let slash = path.bytes.lastIndex(of: 0x2F) {
            for b in path.bytes[...slash] { dir.put(byte: b) }
        }
        packaged = InitPlace.keepsCredentials(dir)
    }

    private static func keepsCredentials(_ dir: Text) -> Bool {
        if dir.isEmpty { return false }
        var look = sys_look()
        let credentials: Text = "\(dir)credentials"
        credentials.withCString { sys_look_at($0, &look) }
        return look.is_dir != 0
    }

    var keyFile: Text { packaged ? "\(dir)credentials/delegate.json" : "~/.evenkeel/delegate.json" }

    /// What differs from the defaults at such a place.
    var settings: [Setting] {
        if packaged {
            let key: Text = "${CREDENTIALS_DIRECTORY}/delegate.json"
            let stop: Text = dir.bytes.first == 0x2F ? "\(dir)STOP" : "STOP"
            return [Setting(section: "account", key: "keypair", value: key),
                    Setting(section: "gates", key: "kill_file", value: stop)]
        }
        return [Setting(section: "agent", key: "state", value: "state.bin"),
                Setting(section: "agent", key: "control", value: "control.sock"),
                Setting(section: "account", key: "keypair", value: keyFile)]
    }
}

func initCommand() -> Int32 {
    var yes = false
    var help = false
    var o = sys_opts()
    let bad = options("yes h:help", &o) { i, _ in
        if i == 0 { yes = true } else { help = true }
        return true
    }
    if let code = bad { return code }
    if help {
        return Terminal.help("""
        evenkeel init [FILE] [--yes]

        Writes a commented config (FILE: evenkeel.conf, or /etc/evenkeel/evenkeel.conf where the package is
        installed), never over an existing file, and prints the next steps. On a terminal it asks for what it
        cannot find out; with --yes, or in a pipe, it asks nothing. The RPC URL and the owner's address come
        from the Solana CLI's own config (~/.config/solana/cli/config.yml) where there is one.

        """)
    }
    let place = InitPlace(sys_opts_words(&o) > 0 ? sys_opts_word(&o, 0) : nil)
    if place.path.withCString({ sys_path_there($0) }) != 0 {
        Terminal.print("evenkeel: \(place.path): exists already; nothing was written\n", 2)
        return 1
    }
    let found = solanaCli()
    var settings = place.settings
    if let x = found.authority { settings.append(Setting(section: "account", key: "authority", value: x)) }
    if let x = found.url { settings.append(Setting(section: "rpc", key: "url", value: x)) }
    Terminal.print(found.words)
    let asks = !yes && sys_isatty(0) != 0 && sys_isatty(1) != 0
    if asks && !InitQuestions.ask(&settings) {
        Terminal.print("cancelled, nothing was written\n", 2)
        return 1
    }
    let err = write(settings, place)
    if err != 0 {
        Terminal.print("evenkeel: \(place.path): \(c: sys_errno_text(err)); nothing was written\n", 2)
        return 1
    }
    let shared: StaticString = place.packaged ? ", for root and the group evenkeel alone" : ", mode 0600"
    let mode: StaticString = has(settings, "url") ? shared : ""
    Terminal.print("\(place.path): written\(mode)\n")
    steps(place, settings)
    return 0
}

func has(_ settings: [Setting], _ key: StaticString) -> Bool {
    settings.contains { Text($0.key).bytes == Text(key).bytes }
}

private func write(_ settings: [Setting], _ place: InitPlace) -> Int32 {
    // One block of memory holds every value with its NUL while the file is written.
    var bytes: [CChar] = []
    var starts: [Int] = []
    for s in settings {
        starts.append(bytes.count)
        for b in s.value.bytes { bytes.append(CChar(bitPattern: b)) }
        bytes.append(0)
    }
    let group: StaticString = "evenkeel"
    return bytes.withUnsafeBufferPointer { p in
        var answers: [sys_config_answer] = []
        for (i, s) in settings.enumerated() {
            answers.append(sys_config_answer(
                section: UnsafeRawPointer(s.section.utf8Start).assumingMemoryBound(to: CChar.self),
                key: UnsafeRawPointer(s.key.utf8Start).assumingMemoryBound(to: CChar.self),
                value: p.baseAddress?.advanced(by: starts[i])))
        }
        let shared = UnsafeRawPointer(group.utf8Start).assumingMemoryBound(to: CChar.self)
        return place.path.withCString { path in
            answers.withUnsafeBufferPointer {
                sys_config_write(path, $0.baseAddress, $0.count, place.packaged ? shared : nil)
            }
        }
    }
}

private func steps(_ place: InitPlace, _ settings: [Setting]) {
    let sudo: StaticString = place.packaged ? "sudo " : ""
    let file: Text = place.path == "/etc/evenkeel/evenkeel.conf" ? Text() : " -c \(place.path)"
    var missing = Text()
    if !has(settings, "authority") {
        missing.put("[account] authority (the owner's address, not the delegate's)")
    }
    if !has(settings, "url") {
        if !missing.isEmpty { missing.put(" and ") }
        missing.put("[rpc] url (your node's; better two of different providers)")
    }
    if !missing.isEmpty { Terminal.print("\nStill missing in it: \(missing).\n") }
    Terminal.print("""

    The agent signs with a key of its own, a delegate of your account. \
    A delegate can trade for the account but not
    withdraw; the owner's key stays where it is. Next:

      \(sudo)evenkeel key new \(place.keyFile)
          makes that key and prints its address. Authorise the address as the delegate of the account on the
          venue's own page, with the owner's wallet, and send it 0.03 SOL or a little more, for fees
      \(sudo)evenkeel check\(file)
          lists what is still missing, and which max_trade_size, max_notional_per_day and max_loss_usd_per_day
          fit the account
      \(place.packaged ? "sudo systemctl start evenkeel" : "evenkeel run -c \(place.path)")
          on paper first; set mode = live after a day that convinces you

    """)
}

// MARK: what the Solana CLI knows

/// What `init` found out by itself.
private struct Found {
    var url: Text? = nil
    var authority: Text? = nil
    var words = Text()
}

/// Reads ~/.config/solana/cli/config.yml. Of a key only the address is taken.
private func solanaCli() -> Found {
    var found = Found()
    guard let home = sys_env("HOME"), home.pointee != 0 else { return found }
    let file: Text = "\(c: home)/.config/solana/cli/config.yml"
    var n = 0
    var err: Int32 = 0
    guard let bytes = file.withCString({ sys_read_alloc($0, 65_536, &n, &err) }) else { return found }
    defer { sys_free(bytes) }
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 384) { buffer in
        guard let value = buffer.baseAddress else { return }
        if sys_solana_cli_value(bytes, n, "json_rpc_url", value, 180) > 0 {
            let shown = redacted(value)
            if sys_url_allowed(value) != 0 && !hasDollar(value) {
                found.url = textOf(value)
                found.words.put("""
                     url         \(shown), from the Solana CLI's config. \
                    Public endpoints allow too few requests for live trading

                    """)
            } else {
                found.words.put("""
                     url         not taken from the Solana CLI's config: \
                    \(shown) is neither https nor http to a loopback address

                    """)
            }
        }
        if sys_solana_cli_value(bytes, n, "keypair_path", value, 384) > 0 { ownerOf(value, &found) }
    }
    return found
}

/// The URL as it may be shown: without what only its owner should know.
private func redacted(_ url: UnsafePointer<CChar>) -> Text {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { s in
        guard let base = s.baseAddress else { return Text() }
        sys_url_redact(url, base, 512)
        return textOf(base)
    }
}

/// A $ would be read as a name in the config.
private func hasDollar(_ p: UnsafePointer<CChar>) -> Bool {
    var q = p
    while q.pointee != 0 {
        if q.pointee == 0x24 { return true }
        q += 1
    }
    return false
}

private func ownerOf(_ path: UnsafePointer<CChar>, _ found: inout Found) {
    var why = Text()
    if textOf(path).starts("usb://") {
        found.words.put("""
             authority   not taken from the Solana CLI's key: it is on a hardware wallet (usb://). \
            That wallet may well own the account: write its address (`solana address` shows it) under \
            [account] authority

            """)
        return
    }
    guard let address = addressOfKey(path, why: &why) else {
        found.words.put(" authority   not taken from the Solana CLI's key: \(why)\n")
        return
    }
    found.authority = "\(key: address)"
    found.words.put("""
         authority   \(key: address), the address of the Solana CLI's key; the key itself is not used. \
        Correct it if another wallet owns the account

        """)
}
