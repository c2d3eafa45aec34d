// The state file and the record in it, for the life of a run.
import EvenkeelCore
import EvenkeelSys
import Model
import Text

final class StateFile {
    let state: UnsafeMutablePointer<sys_state>
    let record: UnsafeMutablePointer<ek_record>

    init() {
        record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16)
            .bindMemory(to: ek_record.self, capacity: 1)
        state = UnsafeMutablePointer<sys_state>.allocate(capacity: 1)
        state.initialize(to: sys_state())
        state.pointee.fd = -1
    }

    deinit {
        sys_state_close(state)
        state.deallocate()
        UnsafeMutableRawPointer(record).deallocate()
    }

    /// Opens or creates it. A damaged, newer, locked or foreign file refuses live mode and is left as it is;
    /// paper then runs without one and says so: false, nothing is kept.
    func open(_ config: ConfigPointer, _ rules: Rules, _ authority: ek_key,
              _ venue: Text) throws(StartRefusal) -> Bool {
        let path = sys_config_state(config)
        var result = sys_state_open(path, state, record)
        if result == SYS_STATE_ABSENT {
            try fresh(config, authority, venue)
            result = sys_state_create(path, record, state)
        } else if result == SYS_STATE_OK && !belongs(config, authority, venue) {
            throw StartRefusal(foreign(path), exitState)
        }
        if result == SYS_STATE_OK { return true }
        let why: Text = "\(c: sys_state_text(state))"
        if rules.mode == .live || result == SYS_STATE_LOCKED { throw StartRefusal(why, exitState) }
        complain(why)
        complain("paper mode runs without a state file; nothing of this run is kept")
        try fresh(config, authority, venue)
        return false
    }

    private func fresh(_ config: ConfigPointer, _ authority: ek_key, _ venue: Text) throws(StartRefusal) {
        var owner = authority
        let result = venue.withCString { ek_record_init(record, $0, &owner, config.pointee.sub_account) }
        if result != EK_OK { throw StartRefusal("no record could be made for this account", exitFailed) }
    }

    private func belongs(_ config: ConfigPointer, _ authority: ek_key, _ venue: Text) -> Bool {
        let name: Text = "\(c: ek_record_venue(record))"
        return same(record.pointee.authority, authority) && name.bytes.elementsEqual(venue.bytes)
            && record.pointee.sub_account == config.pointee.sub_account
    }

    private func foreign(_ path: UnsafePointer<CChar>?) -> Text {
        """
        \(c: path): this state file belongs to sub-account \(record.pointee.sub_account) of \
        \(key: record.pointee.authority) on \(c: ek_record_venue(record)), not to the configured account; \
        name another file under [agent] state
        """
    }
}
