// The checks of this machine: config, key, state file, disk, control socket.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// Under this the state file cannot be made; under the second it is time to look.
private let leastDisk: UInt64 = 1 << 20
private let goodDisk: UInt64 = 64 << 20

func octal(_ mode: UInt32) -> Text {
    var t = Text("0")
    for shift in [6, 3, 0] as [UInt32] { t.put(byte: 0x30 + UInt8((mode >> shift) & 7)) }
    return t
}

private func megabytes(_ n: UInt64) -> Text {
    var t = Text()
    if n >= 10 << 20 {
        t.put(n >> 20)
        t.put(" MB")
    } else {
        t.put(n >> 10)
        t.put(" KB")
    }
    return t
}

private func path(_ p: UnsafePointer<CChar>?) -> Text {
    var t = Text()
    t.put(c: p)
    return t
}

extension Checker {
    func fileRows() {
        var look = sys_look()
        let file = sys_config_file(config)
        sys_look_at(file, &look)
        var value = path(file)
        value.put(", mode ")
        value.put(octal(look.mode))
        value.put(config.pointee.mode == UInt8(SYS_MODE_LIVE) ? ", live" : ", paper (checked as if live)")
        var remedy = Text()
        var finding = Finding.ok
        if look.os_errno == 0 && look.is_link == 0 && look.mode & 0o022 != 0 {
            finding = look.mode & 0o002 != 0 ? .fail : .warn
            remedy.put("others can write it: chmod go-w ")
            remedy.put(path(file))
        } else if look.mode & 0o004 != 0 && secretInline() {
            finding = .warn
            remedy.put("everybody can read a URL with a secret in it: chmod o-r, or take it from ${NAME}")
        }
        row(finding, "config", value, remedy: remedy)
        let kill = sys_config_kill_file(config)
        if let k = kill, k.pointee != 0 {
            let on = killed()
            var t = path(k)
            t.put(on ? " is there" : " is not there")
            var r = Text("remove it when trading may go on: rm ")
            r.put(path(k))
            row(on ? .fail : .ok, "kill file", t, remedy: r)
        }
    }

    /// A URL whose shown form hides something, in a file that names no variable for it, cannot be told from here; a query or user part can.
    private func secretInline() -> Bool {
        for i in 0..<UInt32(config.pointee.n_urls) {
            var url = path(sys_config_url(config, i)).bytes
            // What came from the environment is not in the file; only the file's own text counts, and that is read again.
            url.removeAll { $0 != 0x3F && $0 != 0x40 }
            if !url.isEmpty && !fileNamesVariable() { return true }
        }
        return false
    }

    private func fileNamesVariable() -> Bool {
        var n = 0
        var err: Int32 = 0
        guard let bytes = sys_read_alloc(sys_config_file(config), Int(SYS_CONFIG_FILE_MAX), &n, &err) else { return false }
        defer { sys_free(bytes) }
        for i in 0..<max(0, n - 1) where bytes[i] == 0x24 && bytes[i + 1] == 0x7B { return true }
        return false
    }

    /// The signer's address. The secret half is wiped before anything else happens.
    func keyRow(_ rules: Rules) -> ek_key? {
        if (sys_config_signer_socket(config)?.pointee ?? 0) != 0 { return socketRow(rules) }
        let file = sys_config_keypair(config)
        if (file?.pointee ?? 0) == 0 {
            row(.fail, "key file", Text("none named"), remedy: Text("`evenkeel key new FILE` makes one; name it under [account] keypair"))
            return nil
        }
        var why = Text()
        guard let pub = addressOfKey(file, why: &why) else {
            row(.fail, "key file", why, remedy: Text("see the reason; `evenkeel key show FILE` tries it alone"))
            return nil
        }
        var look = sys_look()
        sys_look_at(file, &look)
        var t = path(file)
        t.put(", mode ")
        t.put(octal(look.mode))
        t.put(", address ")
        t.put(key: pub)
        row(.ok, "key file", t)
        return pub
    }

    /// The user's own signer: connected to as the agent would, given the limits, asked nothing.
    private func socketRow(_ rules: Rules) -> ek_key? {
        var words = Text()
        var code: Int32 = 0
        let key = config.pointee.signer_key
        guard Signing.start(config, rules, words: &words, code: &code) != nil else {
            row(.fail, "signer socket", words, remedy: Text("see the reason; start the signer that listens there, or look at [signer] socket and public_key"))
            return key
        }
        var t = path(sys_config_signer_socket(config))
        t.put(", ready, address ")
        t.put(key: key)
        row(.ok, "signer socket", t)
        return key
    }

    /// The record as an agent that starts now would find it; an open order is left out of it, it is not this process's to follow.
    func stateRows(_ record: UnsafeMutablePointer<ek_record>, _ venue: Text, _ owner: ek_key) {
        var authority = owner
        _ = venue.withCString { ek_record_init(record, $0, &authority, config.pointee.sub_account) }
        let file = sys_config_state(config)
        var look = sys_look()
        sys_look_at(file, &look)
        var dir = Text()
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_CONFIG_PATH_MAX)) { d in
            guard let base = d.baseAddress, let f = file, sys_dir_of(f, base, UInt32(SYS_CONFIG_PATH_MAX)) == 0 else { return }
            dir.put(c: base)
        }
        if look.os_errno != 0 {
            var d = sys_look()
            dir.withCString { sys_look_at($0, &d) }
            var t = path(file)
            t.put(": not there yet, made at the first start")
            var remedy = Text("make the directory, writable for the agent's user: ")
            remedy.put(dir)
            row(d.writable != 0 ? .ok : .fail, "state file", t, remedy: remedy)
        } else {
            existingState(record, venue, owner, look)
        }
        diskRow(dir)
    }

    private func existingState(_ record: UnsafeMutablePointer<ek_record>, _ venue: Text, _ owner: ek_key, _ look: sys_look) {
        let file = sys_config_state(config)
        var state = sys_state()
        state.fd = -1
        let result = sys_state_peek(file, &state, record)
        var t = path(file)
        defer { sys_state_close(&state) }
        guard result == SYS_STATE_OK else {
            var why = Text()
            why.put(c: sys_state_text(&state))
            var authority = owner
            _ = venue.withCString { ek_record_init(record, $0, &authority, config.pointee.sub_account) }
            row(.fail, "state file", why, remedy: Text("it may hold an open order: see the README on lost state before you move it away"))
            return
        }
        let sameOwner = withUnsafeBytes(of: record.pointee.authority) { a in withUnsafeBytes(of: owner) { b in a.elementsEqual(b) } }
        var name = Text()
        name.put(c: ek_record_venue(record))
        if !sameOwner || !name.bytes.elementsEqual(venue.bytes) || record.pointee.sub_account != config.pointee.sub_account {
            t.put(" belongs to another account, sub-account or venue")
            var authority = owner
            _ = venue.withCString { ek_record_init(record, $0, &authority, config.pointee.sub_account) }
            row(.fail, "state file", t, remedy: Text("name another file under [agent] state"))
            return
        }
        t.put(", generation ")
        t.put(record.pointee.generation)
        if look.writable == 0 {
            row(.fail, "state file", t, remedy: Text("not writable for this user: chown it to the agent's user"))
        } else if look.allocated < look.size {
            t.put(", with holes")
            row(.warn, "state file", t, remedy: Text("a full disk could stop a write: copy it with cp --sparse=never while no agent runs"))
        } else {
            t.put(", preallocated")
            row(.ok, "state file", t)
        }
        if ek_record_ticket(record).pointee.state != UInt8(EK_TICKET_NONE) {
            row(.warn, "open order", Text("the state file holds one"), remedy: Text("the agent resolves it first when it runs live; nothing to do"))
            ek_ticket_clear(ek_record_ticket(record))
        }
    }

    private func diskRow(_ dir: Text) {
        var bytes: UInt64 = 0
        var inodes: UInt64 = 0
        let err = dir.withCString { sys_disk_free($0, &bytes, &inodes) }
        if err != 0 {
            var t = Text()
            t.put(dir)
            t.put(": ")
            t.put(c: sys_errno_text(err))
            row(.fail, "disk space", t, remedy: Text("make the directory of [agent] state"))
            return
        }
        var t = megabytes(bytes)
        t.put(" free")
        let finding: Finding = bytes < leastDisk || inodes < 16 ? .fail : bytes < goodDisk ? .warn : .ok
        row(finding, "disk space", t, limit: megabytes(goodDisk), remedy: Text("free some space: without it no order can be journalled, so none is sent"))
    }

    func controlRow() {
        guard let file = sys_config_control(config), file.pointee != 0 else {
            row(.warn, "control socket", Text("off"), remedy: Text("without [agent] control the agent cannot be asked or paused while it runs"))
            return
        }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let word: StaticString = "status"
        var n: Int64 = 0
        word.utf8Start.withMemoryRebound(to: CChar.self, capacity: word.utf8CodeUnitCount + 1) { w in
            n = buffer.withUnsafeMutableBufferPointer { sys_control_ask(file, w, $0.baseAddress, $0.count, 2_000) }
        }
        var t = path(file)
        if n > 0 {
            t.put(": an agent answers")
            row(.ok, "control socket", t)
            return
        }
        t.put(": no agent runs")
        var look = sys_look()
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { d in
            guard let base = d.baseAddress, sys_dir_of(file, base, 128) == 0 else { return }
            sys_look_at(base, &look)
        }
        row(look.writable != 0 ? .ok : .warn, "control socket", t, remedy: Text("its directory is missing or not writable: commands would not reach the agent"))
    }
}
