// init and key: from nothing to a config and a key of the agent's own.
import Agent
import EvenkeelCore
import EvenkeelSys
import Kit

func keyCommand() -> Int32 {
    var a = Asked()
    if let code = a.take("h:help", 1, help: """
        evenkeel key new|show FILE

          new    makes a key in the Solana CLI's format, mode 0600, never over an existing file, and prints its address
          show   prints the address of a key file; the same checks as a start of the agent
        Make one for the agent alone and authorise it as the account's delegate: a delegate trades for the account and can withdraw nothing.

        """) { return code }
    var verb = Text()
    verb.put(c: sys_opts_word(&a.o, 0))
    guard sys_opts_words(&a.o) == 2, let file = sys_opts_word(&a.o, 1), verb == "new" || verb == "show" else {
        return Words.refuse(Text("usage: evenkeel key new|show FILE"))
    }
    var why = Text()
    guard let address = verb == "new" ? makeKey(file, why: &why) : addressOfKey(file, why: &why) else {
        _ = Words.refuse(why)
        return verb == "new" ? 1 : 2
    }
    var t = Text()
    t.put(key: address)
    t.put("\n")
    Words.print(t)
    if verb == "new" {
        Words.print("""
        Keep the file as you would keep money. Next: authorise this address as the delegate of your account in the venue's own page, with the
        owner's wallet, and send it a little SOL for fees.

        """, 2)
    }
    return 0
}

private func makeKey(_ file: UnsafePointer<CChar>, why: inout Text) -> ek_key? {
    var address = ek_key()
    var good = false
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 384) { text in
        guard let base = text.baseAddress else { return }
        good = ek_crypto_init() == EK_OK && sys_key_make(file, &address, base) == EK_OK
        if !good { why.put(c: base) }
    }
    return good ? address : nil
}

/// What `init` found out by itself.
private struct Found {
    var url: Text? = nil
    var authority: Text? = nil
    var words = Text()
}

func initCommand() -> Int32 {
    var a = Asked()
    if let code = a.take("h:help", 1, help: """
        evenkeel init [FILE]

        Writes a commented config with every key at its default (FILE: evenkeel.conf), never over an existing file, and tells the next steps.
        The RPC URL and the owner's address come from the Solana CLI's own config (~/.config/solana/cli/config.yml) where there is one.

        """) { return code }
    let fallback: StaticString = "evenkeel.conf"
    let path = sys_opts_words(&a.o) > 0 ? sys_opts_word(&a.o, 0) : UnsafeRawPointer(fallback.utf8Start).assumingMemoryBound(to: CChar.self)
    let found = solanaCli()
    var err: Int32 = 0
    optional(found.url) { url in optional(found.authority) { authority in err = sys_config_write_default(path, url, authority) } }
    var t = Text()
    t.put(c: path)
    if err != 0 {
        t.put(": ")
        t.put(c: sys_errno_text(err))
        t.put("; nothing was written\n")
        Words.print(Text("evenkeel: ") , 2)
        Words.print(t, 2)
        return 1
    }
    t.put(found.url != nil ? ": written, mode 0600\n" : ": written\n")
    t.put(found.words)
    Words.print(t)
    steps(path, found)
    return 0
}

private func optional(_ t: Text?, _ body: (UnsafePointer<CChar>?) -> Void) {
    if let x = t { x.withCString { body($0) } } else { body(nil) }
}

private func steps(_ path: UnsafePointer<CChar>?, _ found: Found) {
    var t = Text()
    t.put("""

    The agent signs with a key of its own, a delegate of your account. A delegate can trade for the account and withdraw nothing; the owner's key
    stays where it is. What to do:

      1. evenkeel key new delegate.json          makes that key, readable by you alone, and prints its address
      2. in the venue's own page, with the owner's wallet: authorise that address as the delegate of the sub-account
      3. send that address 0.03 SOL or a little more, for fees
      4. in the config: [account] keypair = the path of delegate.json

    """)
    if found.authority == nil { t.put("     and [account] authority = the owner's address (not the delegate's)\n") }
    if found.url == nil { t.put("     and [rpc] url = your node's, better two of different providers\n") }
    t.put("     and directories for [agent] state and control that you can write\n  5. evenkeel check -c ")
    t.put(c: path)
    t.put("         says what is still missing\n  6. evenkeel run -c ")
    t.put(c: path)
    t.put("           on paper first; after a day that convinced you, mode = live\n")
    Words.print(t)
}

/// Reads ~/.config/solana/cli/config.yml. Of a key only the address is taken.
private func solanaCli() -> Found {
    var found = Found()
    guard let home = sys_env("HOME"), home.pointee != 0 else { return found }
    var file = Text()
    file.put(c: home)
    file.put("/.config/solana/cli/config.yml")
    var n = 0
    var err: Int32 = 0
    guard let bytes = file.withCString({ sys_read_alloc($0, 65_536, &n, &err) }) else { return found }
    defer { sys_free(bytes) }
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 384) { buffer in
        guard let value = buffer.baseAddress else { return }
        if sys_solana_cli_value(bytes, n, "json_rpc_url", value, 180) > 0 {
            var shown = Text()
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { s in
                guard let base = s.baseAddress else { return }
                sys_url_redact(value, base, 512)
                shown.put(c: base)
            }
            found.words.put(" url         ")
            found.words.put(shown)
            if sys_url_allowed(value) != 0 && !hasDollar(value) {
                var url = Text()
                url.put(c: value)
                found.url = url
                found.words.put(", from the Solana CLI's config. Public endpoints answer too few requests for live trading\n")
            } else {
                found.words.put(" in the Solana CLI's config is not taken: it must be https, or http to a loopback address\n")
            }
        }
        if sys_solana_cli_value(bytes, n, "keypair_path", value, 384) > 0 { ownerOf(value, &found) }
    }
    return found
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
    let pub = addressOfKey(path, why: &why)
    found.words.put(" authority   ")
    if let pub {
        var address = Text()
        address.put(key: pub)
        found.words.put(address)
        found.words.put(", the address of the Solana CLI's key; the key itself is not used. Another wallet owns the account? Correct it\n")
        found.authority = address
    } else {
        found.words.put("not taken from the Solana CLI's key: ")
        found.words.put(why)
        found.words.put("\n")
    }
}
