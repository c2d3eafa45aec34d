// SIGHUP and `reload`: rules may change while running; what the process was built on (account, endpoints,
// files) needs a restart.
import Alerts
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Text

extension Driver {
    func reload(_ m: Machine) -> Text {
        supervisor.reloading()
        let (words, took) = reread(m)
        log(took ? .info : .error, words)
        supervisor.plan(interval_ms: m.rules.interval_ms, timeout_ms: UInt64(config.pointee.timeout_ms))
        supervisor.reloaded(words)
        return "\(words)\n"
    }

    private func reread(_ m: Machine) -> (words: Text, took: Bool) {
        let fresh = allocateConfig()
        defer { UnsafeMutableRawPointer(fresh).deallocate() }
        var refused: Text? = nil
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_CONFIG_TEXT)) { text in
            guard let base = text.baseAddress else { return }
            let paper: Int32 = m.rules.mode == .paper && config.pointee.mode == UInt8(SYS_MODE_PAPER) ? 1 : 0
            let result = sys_config_load(sys_config_file(config), paper, fresh, base)
            if result == EK_OK { return }
            var why: Text = "\(c: base)"
            let (file, key) = (sys_config_file(config), sys_config_keypair(config))
            if result == EK_E_MISSING && sys_path_there(file) != 0 && sys_key_beside_config(file, key) != 0 {
                why.put("""
                    ; the key lies in the config's directory, so this process may not read a file that was \
                    put there after its start: restart it, and give the key a directory of its own
                    """)
            }
            refused = why
        }
        var trouble = Text()
        let rules = refused == nil && sameFoundation(config, fresh) ? Rules(fresh, trouble: &trouble) : nil
        guard let rules else {
            let restart: Text = """
                mode, endpoints, account, venue, market, files and alert targets need a restart
                """
            return ("reload refused, the old settings stay: \(refused ?? restart)", false)
        }
        m.reconfigure(rules)
        UnsafeMutableRawPointer(config).copyMemory(from: fresh, byteCount: sys_config_size())
        alerts.reconfigure()
        return ("settings reloaded; they apply from the next tick on", true)
    }
}

private func sameText(_ a: UnsafePointer<CChar>?, _ b: UnsafePointer<CChar>?) -> Bool {
    guard var x = a, var y = b else { return a == nil && b == nil }
    while x.pointee == y.pointee {
        if x.pointee == 0 { return true }
        x += 1
        y += 1
    }
    return false
}

/// Whether two configs differ only in what a running agent can take over.
private func sameFoundation(_ a: ConfigPointer, _ b: ConfigPointer) -> Bool {
    sameAccount(a, b) && sameEndpoints(a, b) && sameHedges(a, b) && sameFiles(a, b)
        && sameText(sys_config_webhook(a), sys_config_webhook(b))
        && sameText(sys_config_ping(a), sys_config_ping(b))
        && a.pointee.alert_format == b.pointee.alert_format
}

private func sameAccount(_ a: ConfigPointer, _ b: ConfigPointer) -> Bool {
    a.pointee.mode == b.pointee.mode && a.pointee.venue == b.pointee.venue
        && a.pointee.sub_account == b.pointee.sub_account
        && a.pointee.has_authority == b.pointee.has_authority
        && same(a.pointee.authority, b.pointee.authority)
}

private func sameEndpoints(_ a: ConfigPointer, _ b: ConfigPointer) -> Bool {
    guard a.pointee.n_urls == b.pointee.n_urls else { return false }
    return (0..<UInt32(a.pointee.n_urls)).allSatisfy {
        sameText(sys_config_url(a, $0), sys_config_url(b, $0))
    }
}

private func sameHedges(_ a: ConfigPointer, _ b: ConfigPointer) -> Bool {
    guard a.pointee.n_hedges == b.pointee.n_hedges else { return false }
    for i in 0..<UInt32(a.pointee.n_hedges) {
        guard let x = sys_config_hedge(a, i), let y = sys_config_hedge(b, i),
              sameText(sys_hedge_name(x), sys_hedge_name(y)), x.pointee.n_legs == y.pointee.n_legs
        else { return false }
        for k in 0..<UInt32(x.pointee.n_legs) {
            guard let p = sys_hedge_leg(x, k), let q = sys_hedge_leg(y, k), p.pointee.kind == q.pointee.kind,
                  p.pointee.has_key == q.pointee.has_key, same(p.pointee.key, q.pointee.key)
            else { return false }
        }
    }
    return true
}

private func sameFiles(_ a: ConfigPointer, _ b: ConfigPointer) -> Bool {
    sameText(sys_config_state(a), sys_config_state(b))
        && sameText(sys_config_control(a), sys_config_control(b))
        && sameText(sys_config_keypair(a), sys_config_keypair(b))
        && sameText(sys_config_signer_socket(a), sys_config_signer_socket(b))
}
