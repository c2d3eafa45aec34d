// `run`: opens what the config names, in the order in which a failure costs least, then hands over to the
// driver.
import Alerts
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Text

package let exitFailed: Int32 = 1
package let exitUsage: Int32 = 2
package let exitState: Int32 = 11
package let evenkeelVersion: StaticString = "0.2.0"

package func complain(_ text: Text) {
    let t: Text = "evenkeel: \(text)\n"
    _ = t.bytes.withUnsafeBufferPointer { sys_write_all(2, $0.baseAddress, $0.count) }
}

/// Why there is no start.
package struct StartRefusal: Error {
    package var words: Text
    /// What the process exits with.
    package var code: Int32

    init(_ words: Text, _ code: Int32) {
        self.words = words
        self.code = code
    }
}

/// Runs the agent with a loaded config; returns the exit code. A start that is refused needs a person:
/// starting again does not help.
package func runAgent(_ config: ConfigPointer, options: RunOptions, log: Logger,
                      sink: (any StatusSink)?) -> Int32 {
    do throws(StartRefusal) {
        var begun = options
        begun.begin()
        return try start(config, begun, log, sink)
    } catch {
        complain(error.words)
        if options.once || sink != nil { return error.code }
        let trouble = tellRefused(config, file: besideState(config, ".refused"), error.words)
        if let trouble { complain(trouble) }
        return error.code
    }
}

private func start(_ config: ConfigPointer, _ options: RunOptions, _ log: Logger,
                   _ sink: (any StatusSink)?) throws(StartRefusal) -> Int32 {
    var rules = try rules(of: config)
    rules.maxClockAhead_s *= Int64(clamping: options.speed)
    if ek_crypto_init() != EK_OK { throw StartRefusal("libsodium could not be initialised", exitFailed) }
    // The signer comes up on another processor while libcurl is loaded here.
    let signs = rules.mode == .live && keyNamed(config, rules)
    var signing = signs ? try SignerClient.launch(config, rules, options) : nil
    let http = try openHttp(config)
    defer { sys_http_free(http) }
    var counters: StartRefusal? = nil
    let identity = try loadIdentity(config, rules, &signing, counters: &counters)

    let venueName: Text = "\(c: sys_config_venue_name(config))"
    let venue = venueName.withCString { ek_venue_by_name($0, venueName.count) }
    let file = StateFile()
    let persistent = try file.open(config, rules, identity.authority, venueName)
    // The signer's counters lie beside the state file, which had the first word.
    if let c = counters { throw c }

    let control = options.once ? nil : openControl(config)
    defer { sys_control_close(control, 200) }

    let record = file.record
    // Paper by command lasts until `mode live`, whatever the config says meanwhile.
    if record.pointee.mode != UInt8(EK_MODE_HELD) {
        record.pointee.mode = UInt8(rules.mode == .live ? EK_MODE_LIVE : EK_MODE_PAPER)
    }
    let driver = Driver(config: config, options: options, log: log, http: http, signing: signing, file: file,
                        control: control, sink: sink)
    driver.persistent = persistent
    driver.openHistory(venue: venueName, authority: identity.authority)
    defer { driver.closeHistory() }
    driver.openAlertFile()
    giveAway(config)
    let machine = Machine(effects: driver, rules: rules,
                          account: Account(venue: venue, authority: identity.authority,
                                           subAccount: config.pointee.sub_account, signer: identity.signer),
                          endpointCount: Int(config.pointee.n_urls), record: record)
    openWeb(driver)
    driver.sayLossLimit()
    sayProtection(driver)
    let code = driver.run(machine)
    driver.machine = nil
    driver.web = nil
    return code
}

/// Root who runs the agent once in a service's directory leaves files that the service can write.
private func giveAway(_ config: ConfigPointer) {
    guard let path = sys_config_state(config) else { return }
    let err = sys_give_to_owner(path)
    if err == 0 { return }
    complain("\(c: path): cannot be given to the directory's owner: \(c: sys_errno_text(err))")
}

private func rules(of config: ConfigPointer) throws(StartRefusal) -> Rules {
    var trouble = Text()
    guard let rules = Rules(config, trouble: &trouble) else { throw StartRefusal(trouble, exitUsage) }
    return rules
}

private func openHttp(_ config: ConfigPointer) throws(StartRefusal) -> OpaquePointer {
    guard let http = sys_http_new() else { throw StartRefusal("\(c: sys_http_trouble())", exitFailed) }
    for i in 0..<UInt32(config.pointee.n_urls) where sys_http_add(http, sys_config_url(config, i)) < 0 {
        sys_http_free(http)
        throw StartRefusal("endpoint refused: \(c: sys_config_url_shown(config, i))", exitUsage)
    }
    return http
}

/// nil: off, or it cannot be opened, which is said; trading does not depend on it.
private func openControl(_ config: ConfigPointer) -> OpaquePointer? {
    guard let path = sys_config_control(config), path.pointee != 0 else { return nil }
    var err: Int32 = 0
    if let control = sys_control_open(path, &err) { return control }
    complain("control socket \(c: path): \(c: sys_errno_text(err)); commands will not reach this agent")
    return nil
}

private func openWeb(_ driver: Driver) {
    var trouble = Text()
    driver.web = WebFeed(driver.config, options: driver.options, quiet: driver.log.fd < 0, trouble: &trouble)
    if !trouble.isEmpty { complain(trouble) }
    if let r = driver.ring { driver.web?.history(r) }
}

/// Shuts the agent in, and says what this kernel cannot do for it and for the signer.
private func sayProtection(_ driver: Driver) {
    if driver.sink == nil {        // `demo` has a child to look after
        let missing = confine(driver.config)
        if !missing.isEmpty { driver.log(.warning, lacks("the agent", missing)) }
    }
    if let s = driver.signing, !s.missing.isEmpty { driver.log(.warning, lacks("the signer", s.missing)) }
}

private func lacks(_ who: StaticString, _ missing: Text) -> Text {
    "this kernel does not give \(who) the following protection: \(missing)"
}
