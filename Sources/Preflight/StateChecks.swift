// The checks of the state file and of the disk it lies on.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Text

/// Under this the state file cannot be made; under the second it is time to look.
private let leastDisk: UInt64 = 1 << 20
private let goodDisk: UInt64 = 64 << 20

private let inMemoryWords: StaticString = ", in a file system that a reboot empties (tmpfs)"
private let inMemoryRemedy: StaticString = """
    name a file on a disk under [agent] state: after a reboot the open order, a pause, the cooldown and the \
    day's counts would be forgotten
    """

private func inMemory(_ dir: Text) -> Bool { dir.withCString { sys_in_memory($0) } != 0 }

private func megabytes(_ n: UInt64) -> Text { n >= 10 << 20 ? "\(n >> 20) MB" : "\(n >> 10) KB" }

extension Checker {
    /// The record as an agent that starts now would find it; an open order is left out of it, it is not this
    /// process's to follow.
    func stateRows(_ record: UnsafeMutablePointer<ek_record>, _ venue: Text, _ owner: ek_key) {
        fresh(record, venue, owner)
        let file = sys_config_state(config)
        var look = sys_look()
        sys_look_at(file, &look)
        var dir = Text()
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_CONFIG_PATH_MAX)) { d in
            guard let base = d.baseAddress, let f = file,
                  sys_dir_of(f, base, UInt32(SYS_CONFIG_PATH_MAX)) == 0 else { return }
            dir.put(c: base)
        }
        if look.os_errno != 0 {
            var d = sys_look()
            dir.withCString { sys_look_at($0, &d) }
            let volatile = d.writable != 0 && inMemory(dir)
            row(d.writable == 0 ? .fail : volatile ? .warn : .ok, "state file",
                "\(c: file): not there yet, made at the first start\(volatile ? inMemoryWords : "")",
                remedy: volatile ? Text(inMemoryRemedy)
                    : "make the directory, writable for the agent's user: \(dir)")
        } else {
            existingState(record, venue, owner, look, volatile: inMemory(dir))
        }
        diskRow(dir)
    }

    private func fresh(_ record: UnsafeMutablePointer<ek_record>, _ venue: Text, _ owner: ek_key) {
        var authority = owner
        _ = venue.withCString { ek_record_init(record, $0, &authority, config.pointee.sub_account) }
    }

    private func existingState(_ record: UnsafeMutablePointer<ek_record>, _ venue: Text, _ owner: ek_key,
                               _ look: sys_look, volatile: Bool) {
        let file = sys_config_state(config)
        var state = sys_state()
        state.fd = -1
        let result = sys_state_peek(file, &state, record)
        defer { sys_state_close(&state) }
        guard result == SYS_STATE_OK else {
            row(.fail, "state file", "\(c: sys_state_text(&state))",
                remedy: "it may hold an open order: see the README on lost state before you move it away")
            fresh(record, venue, owner)
            return
        }
        guard belongs(record, venue, owner) else {
            row(.fail, "state file", "\(c: file) belongs to another account, sub-account or venue",
                remedy: "name another file under [agent] state")
            fresh(record, venue, owner)
            return
        }
        let found: Text = "\(c: file), generation \(record.pointee.generation)"
        if look.writable == 0 {
            row(.fail, "state file", found, remedy: "not writable: chown it to the agent's user")
        } else if volatile {
            row(.warn, "state file", "\(found)\(inMemoryWords)", remedy: Text(inMemoryRemedy))
        } else if look.allocated < look.size {
            row(.warn, "state file", "\(found), with holes",
                remedy: "a full disk could stop a write: copy it with cp --sparse=never while no agent runs")
        } else {
            row(.ok, "state file", "\(found), preallocated")
        }
        if ek_record_ticket(record).pointee.state != UInt8(EK_TICKET_NONE) {
            row(.warn, "open order", "the state file holds one",
                remedy: "the agent resolves it first when it runs live; nothing to do")
            ek_ticket_clear(ek_record_ticket(record))
        }
    }

    private func belongs(_ record: UnsafeMutablePointer<ek_record>, _ venue: Text, _ owner: ek_key) -> Bool {
        let name: Text = "\(c: ek_record_venue(record))"
        return same(record.pointee.authority, owner) && name.bytes.elementsEqual(venue.bytes)
            && record.pointee.sub_account == config.pointee.sub_account
    }

    private func diskRow(_ dir: Text) {
        var bytes: UInt64 = 0
        var inodes: UInt64 = 0
        let err = dir.withCString { sys_disk_free($0, &bytes, &inodes) }
        if err != 0 {
            row(.fail, "disk space", "\(dir): \(c: sys_errno_text(err))",
                remedy: "make the directory of [agent] state")
            return
        }
        let finding: Finding = bytes < leastDisk || inodes < 16 ? .fail : bytes < goodDisk ? .warn : .ok
        row(finding, "disk space", "\(megabytes(bytes)) free", limit: megabytes(goodDisk),
            remedy: "free some space: without it no order can be journalled, so none is sent")
    }
}
