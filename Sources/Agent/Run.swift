// `run`: opens what the config names, in the order in which a failure costs least, then hands over to the driver.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

package let exitFailed: Int32 = 1
package let exitUsage: Int32 = 2
package let exitState: Int32 = 11
package let evenkeelVersion: StaticString = "0.2.0"

func complain(_ text: Text) {
    var t = Text("evenkeel: ")
    t.put(text)
    t.put("\n")
    _ = t.bytes.withUnsafeBufferPointer { sys_write_all(2, $0.baseAddress, $0.count) }
}

/// Runs the agent with a loaded config; returns the exit code. A start that is refused calls for a person: no supervisor mends it.
package func runAgent(_ config: ConfigPointer, options: RunOptions, log: Logger, sink: (any StatusSink)?) -> Int32 {
    var refused = Text()
    let code = openAndRun(config, options, log, sink, &refused)
    if !refused.isEmpty && !options.once && sink == nil { tellRefused(config, refused, log) }
    return code
}

/// Says why there is no start.
private func refuse(_ words: Text, _ refused: inout Text) {
    complain(words)
    refused = words
}

private func openAndRun(_ config: ConfigPointer, _ options: RunOptions, _ log: Logger, _ sink: (any StatusSink)?, _ refused: inout Text) -> Int32 {
    var words = Text()
    guard let rules = Rules(config, trouble: &words) else {
        refuse(words, &refused)
        return exitUsage
    }
    guard ek_crypto_init() == EK_OK else {
        refuse(Text("libsodium could not be initialised"), &refused)
        return exitFailed
    }
    var signing: Signing? = nil
    var signerCode = exitUsage
    var signerWords = Text()
    // The signer comes up on another processor while libcurl is loaded here.
    if rules.mode == .live && keyNamed(config, rules) {
        signing = Signing.launch(config, rules, words: &signerWords, code: &signerCode)
        if signing == nil {
            refuse(signerWords, &refused)
            return signerCode
        }
    }
    guard let http = sys_http_new() else {
        var t = Text()
        t.put(c: sys_http_trouble())
        refuse(t, &refused)
        return exitFailed
    }
    defer { sys_http_free(http) }
    for i in 0..<UInt32(config.pointee.n_urls) {
        if sys_http_add(http, sys_config_url(config, i)) < 0 {
            var t = Text("endpoint refused: ")
            t.put(c: sys_config_url_shown(config, i))
            refuse(t, &refused)
            return exitUsage
        }
    }
    guard let identity = loadIdentity(config, rules, &signing, words: &signerWords, code: &signerCode, refused: &refused) else { return signerCode }

    var venueName = Text()
    venueName.put(c: sys_config_venue_name(config))
    let venue = venueName.withCString { ek_venue_by_name($0, venueName.count) }

    let record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16).bindMemory(to: ek_record.self, capacity: 1)
    let state = UnsafeMutablePointer<sys_state>.allocate(capacity: 1)
    state.initialize(to: sys_state())
    state.pointee.fd = -1
    defer {
        sys_state_close(state)
        state.deallocate()
        UnsafeMutableRawPointer(record).deallocate()
    }
    var persistent = true
    if let code = openState(config, rules, identity.authority, venueName, state, record, &persistent, &refused) { return code }
    if !signerWords.isEmpty {       // its counters lie beside the state file, which had the first word
        refuse(signerWords, &refused)
        return signerCode
    }

    var control: OpaquePointer? = nil
    if !options.once, let path = sys_config_control(config), path.pointee != 0 {
        var err: Int32 = 0
        control = sys_control_open(path, &err)
        if control == nil {
            var t = Text("control socket ")
            t.put(c: path)
            t.put(": ")
            t.put(c: sys_errno_text(err))
            t.put("; commands will not reach this agent")
            complain(t)
        }
    }
    defer { sys_control_close(control, 200) }

    // On paper by command lasts until live is said, whatever the config says meanwhile.
    if record.pointee.mode != UInt8(EK_MODE_HELD) { record.pointee.mode = UInt8(rules.mode == .live ? EK_MODE_LIVE : EK_MODE_PAPER) }
    let driver = Driver(config: config, options: options, log: log, http: http, signing: signing, state: state, record: record,
                        control: control, sink: sink)
    driver.persistent = persistent
    driver.openRing(venue: venueName, authority: identity.authority)
    defer { driver.closeRing() }
    driver.openAlertFile()
    let machine = Machine(host: driver, rules: rules, venue: venue, authority: identity.authority,
                          subAccount: config.pointee.sub_account, signer: identity.signer,
                          endpointCount: Int(config.pointee.n_urls), record: record)
    var trouble = Text()
    driver.web = WebFeed(config, options: options, quiet: log.fd < 0, trouble: &trouble)
    if !trouble.isEmpty { complain(trouble) }
    if let r = driver.ring { driver.web?.history(r) }
    if sink == nil {        // `demo` has a child to look after
        let missing = confine(config)
        if !missing.isEmpty { driver.log(.warning, lacks("the agent", missing)) }
    }
    if let s = signing, !s.missing.isEmpty { driver.log(.warning, lacks("the signer", s.missing)) }
    let code = driver.run(machine)
    driver.machine = nil
    driver.web = nil
    return code
}

private func lacks(_ who: StaticString, _ missing: Text) -> Text {
    var t = Text("this kernel does not give ")
    t.put(who)
    t.put(" the following protection: ")
    t.put(missing)
    return t
}

/// The key is a signer's of the user's own; on paper its address in the config is enough.
private func keyElsewhere(_ config: ConfigPointer, _ rules: Rules) -> Bool {
    (sys_config_signer_socket(config)?.pointee ?? 0) != 0 || (rules.mode == .paper && config.pointee.has_signer_key != 0)
}

private func keyNamed(_ config: ConfigPointer, _ rules: Rules) -> Bool {
    (sys_config_keypair(config)?.pointee ?? 0) != 0 || keyElsewhere(config, rules)
}

/// Whose account, and which key signs. Paper needs no key; with one and no authority its address is the account's.
/// With a signer whose counters cannot be opened `words` are filled beside the answer.
private func loadIdentity(_ config: ConfigPointer, _ rules: Rules, _ signing: inout Signing?, words: inout Text,
                          code: inout Int32, refused: inout Text) -> (authority: ek_key, signer: ek_key)? {
    if rules.mode == .paper && config.pointee.has_authority != 0 {
        return (config.pointee.authority, config.pointee.authority)
    }
    guard keyNamed(config, rules) else {
        refuse(Text("no keypair and no authority: name one of them in [account]"), &refused)
        return nil
    }
    if rules.mode == .live {
        if let s = signing, s.ready(config, words: &words, code: &code) { return (config.pointee.has_authority != 0 ? config.pointee.authority : s.key, s.key) }
        signing = nil
        if code == exitState && config.pointee.has_authority != 0 { return (config.pointee.authority, config.pointee.authority) }
        refuse(words, &refused)
        return nil
    }
    if keyElsewhere(config, rules) { return (config.pointee.signer_key, config.pointee.signer_key) }
    // Paper without an authority: the key file is read for its address and let go.
    var why = Text()
    guard let signer = addressOfKey(sys_config_keypair(config), why: &why) else {
        refuse(why, &refused)
        return nil
    }
    return (config.pointee.has_authority != 0 ? config.pointee.authority : signer, signer)
}

/// The address of a key file; its secret half is wiped at once. nil: `why` says what is wrong with it.
package func addressOfKey(_ path: UnsafePointer<CChar>?, why: inout Text) -> ek_key? {
    var key = sys_key()
    var good = false
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 384) { text in
        guard let base = text.baseAddress else { return }
        good = sys_key_load(path, &key, base) == EK_OK
        if !good { why.put(c: base) }
    }
    let pub = key.pub
    sys_key_free(&key)
    return good ? pub : nil
}

/// Opens or creates the state file. nil: go on; else the exit code. A damaged, newer, locked or foreign file refuses live mode and
/// is left as it is; paper then runs without one and says so.
private func openState(_ config: ConfigPointer, _ rules: Rules, _ authority: ek_key, _ venue: Text,
                       _ state: UnsafeMutablePointer<sys_state>, _ record: UnsafeMutablePointer<ek_record>, _ persistent: inout Bool, _ refused: inout Text) -> Int32? {
    var owner = authority
    let fresh = { () -> Bool in
        venue.withCString { ek_record_init(record, $0, &owner, config.pointee.sub_account) } == EK_OK
    }
    let path = sys_config_state(config)
    var result = sys_state_open(path, state, record)
    if result == SYS_STATE_ABSENT {
        guard fresh() else { return exitFailed }
        result = sys_state_create(path, record, state)
    } else if result == SYS_STATE_OK {
        var name = Text()
        name.put(c: ek_record_venue(record))
        let sameVenue = name.bytes.elementsEqual(venue.bytes)
        let sameOwner = withUnsafeBytes(of: record.pointee.authority) { a in withUnsafeBytes(of: owner) { b in a.elementsEqual(b) } }
        if !sameVenue || !sameOwner || record.pointee.sub_account != config.pointee.sub_account {
            var t = Text()
            t.put(c: path)
            t.put(": this state file belongs to sub-account ")
            t.put(record.pointee.sub_account)
            t.put(" of ")
            t.put(key: record.pointee.authority)
            t.put(" on ")
            t.put(name)
            t.put(", not to the configured account; name another file under [agent] state")
            refuse(t, &refused)
            return exitState
        }
        return nil
    }
    if result == SYS_STATE_OK { return nil }
    var t = Text()
    t.put(c: sys_state_text(state))
    complain(t)
    if rules.mode == .live || result == SYS_STATE_LOCKED {
        refused = t
        return exitState
    }
    complain(Text("paper mode goes on without a state file; nothing of this run is kept"))
    guard fresh() else { return exitFailed }
    persistent = false
    return nil
}
