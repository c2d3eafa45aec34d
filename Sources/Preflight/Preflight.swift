// The order of the checks.
import Daemon
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Text

/// Runs every check of a loaded config and prints them. 0, or 3 when live trading would be refused.
package func runCheck(_ config: ConfigPointer, json: Bool, colour: Bool) -> Int32 {
    var words = Text()
    guard var rules = Rules(config, trouble: &words) else {
        complain(words)
        return exitUsage
    }
    guard ek_crypto_init() == EK_OK, let http = sys_http_new() else {
        let why: Text = "\(c: sys_http_trouble())"
        complain(why.isEmpty ? "libsodium could not be initialised" : why)
        return exitFailed
    }
    defer { sys_http_free(http) }
    rules.mode = .live
    rules.allowed = .paper        // nothing is switched here
    let c = Checker(config, http)
    c.fileRows()
    let signer = c.keyRow(rules)
    c.sandboxRows()
    let authority = config.pointee.has_authority != 0 ? config.pointee.authority : signer
    let record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16)
        .bindMemory(to: ek_record.self, capacity: 1)
    defer { UnsafeMutableRawPointer(record).deallocate() }
    if let owner = authority { checkAccount(c, rules, owner, signer, record) }
    let code = c.print(json: json, colour: colour)
    c.machine = nil
    return code
}

/// What depends on the account: its state file, the nodes' view of it, the gates.
private func checkAccount(_ c: Checker, _ rules: Rules, _ owner: ek_key, _ signer: ek_key?,
                          _ record: UnsafeMutablePointer<ek_record>) {
    let config = c.config
    let venueName: Text = "\(c: sys_config_venue_name(config))"
    let venue = venueName.withCString { ek_venue_by_name($0, venueName.count) }
    c.stateRows(record, venueName, owner)
    c.pageRows(running: c.controlRow())
    for i in 0..<UInt32(config.pointee.n_urls) { _ = sys_http_add(c.http, sys_config_url(config, i)) }
    c.askEndpoints(venue, payer: signer ?? owner)
    c.endpointRows(venue)
    let m = Machine(effects: c, rules: rules,
                    account: Account(venue: venue, authority: owner, subAccount: config.pointee.sub_account,
                                     signer: signer ?? owner),
                    endpointCount: Int(config.pointee.n_urls), record: record)
    c.tick(m, most_ms: 30_000 + 10 * UInt64(config.pointee.timeout_ms))
    c.bookRows(m, haveKey: signer != nil)
    c.signerLimitRows(m)
    c.rightsRows(m, haveKey: signer != nil)
    c.gateRows(m)
    c.finishRows(m)
}
