// `init`: a commented config, and what to do next.
import Agent
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// What `init` found out by itself.
private struct Found {
    var url: Text? = nil
    var authority: Text? = nil
    var words = Text()
}

func initCommand() -> Int32 {
    var a = CommonOptions()
    if let code = a.take("h:help", 1, help: """
        evenkeel init [FILE]

        Writes a commented config with every key at its default (FILE: evenkeel.conf), never over an existing file, and
        prints the next steps. The RPC URL and the owner's address come from the Solana CLI's own config
        (~/.config/solana/cli/config.yml) where there is one.

        """) { return code }
    let fallback: StaticString = "evenkeel.conf"
    let named = sys_opts_words(&a.o) > 0
    let path = named ? sys_opts_word(&a.o, 0)
        : UnsafeRawPointer(fallback.utf8Start).assumingMemoryBound(to: CChar.self)
    let found = solanaCli()
    var err: Int32 = 0
    optional(found.url) { url in
        optional(found.authority) { authority in err = sys_config_write_default(path, url, authority) }
    }
    if err != 0 {
        Terminal.print("evenkeel: \(c: path): \(c: sys_errno_text(err)); nothing was written\n", 2)
        return 1
    }
    Terminal.print("\(c: path): written\(found.url != nil ? ", mode 0600" : "")\n\(found.words)")
    steps(path, found)
    return 0
}

private func optional(_ t: Text?, _ body: (UnsafePointer<CChar>?) -> Void) {
    if let x = t { x.withCString { body($0) } } else { body(nil) }
}

private func steps(_ path: UnsafePointer<CChar>?, _ found: Found) {
    let owner: StaticString = "     and [account] authority = the owner's address (not the delegate's)\n"
    let node: StaticString = "     and [rpc] url = your node's, better two of different providers\n"
    let missing: Text = "\(found.authority == nil ? owner : "")\(found.url == nil ? node : "")"
    Terminal.print("""

    The agent signs with a key of its own, a delegate of your account. A delegate can trade for the account but not
    withdraw; the owner's key stays where it is. What to do:

      1. evenkeel key new delegate.json          makes that key, readable by you alone, and prints its address
      2. on the venue's own page, with the owner's wallet: authorise that address as the delegate of the sub-account
      3. send that address 0.03 SOL or a little more, for fees
      4. in the config: [account] keypair = the path of delegate.json
    \(missing)     and directories for [agent] state and control that you can write
      5. evenkeel check -c \(c: path)         lists what is still missing, and limits that fit
      6. evenkeel run -c \(c: path)           on paper first; set mode = live after a day that convinces you

    """)
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
                found.words.put(" url         \(shown), from the Solana CLI's config. ")
                found.words.put("Public endpoints allow too few requests for live trading\n")
            } else {
                found.words.put(" url         not taken from the Solana CLI's config: ")
                found.words.put("\(shown) is neither https nor http to a loopback address\n")
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
    guard let address = addressOfKey(path, why: &why) else {
        found.words.put(" authority   not taken from the Solana CLI's key: \(why)\n")
        return
    }
    found.authority = "\(key: address)"
    found.words.put(" authority   \(key: address), the address of the Solana CLI's key; the key itself is not used. ")
    found.words.put("Correct it if another wallet owns the account\n")
}
