// `state show` and `state verify`: the binary state for people, read without a lock and never written.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

func openRecord(_ path: UnsafePointer<CChar>?, _ state: UnsafeMutablePointer<sys_state>,
                  _ record: UnsafeMutablePointer<ek_record>) -> Bool {
    if sys_state_peek(path, state, record) == SYS_STATE_OK { return true }
    Terminal.print("evenkeel: \(c: sys_state_text(state))\n", 2)
    return false
}

func stateCommand() -> Int32 {
    let help: StaticString = """
        evenkeel state show FILE      the state as one JSON object
        evenkeel state verify FILE    checks both slots and names a damaged one; \
        exit 0 only when both are whole

        """
    var a = CommonOptions()
    if let code = a.take("h:help", 1, help: help) { return code }
    let verb = textOf(sys_opts_word(&a.o, 0))
    guard sys_opts_words(&a.o) == 2, verb == "show" || verb == "verify" else {
        Terminal.print("\(help)", 2)
        return 2
    }
    let record = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(),
                                                  alignment: 16).bindMemory(to: ek_record.self, capacity: 1)
    defer { UnsafeMutableRawPointer(record).deallocate() }
    var state = sys_state()
    state.fd = -1
    let ok = openRecord(sys_opts_word(&a.o, 1), &state, record)
    defer { sys_state_close(&state) }
    if verb == "verify" { return verify(&state, ok) }
    if !ok { return 1 }
    Terminal.print("\(recordJson(record))\n")
    return 0
}

private func verify(_ state: UnsafeMutablePointer<sys_state>, _ ok: Bool) -> Int32 {
    if !ok && state.pointee.size == 0 { return 1 }
    var whole = true
    let slots = [(state.pointee.slot_err.0, state.pointee.slot_format.0),
                 (state.pointee.slot_err.1, state.pointee.slot_format.1)]
    for (i, (err, format)) in slots.enumerated() {
        let found: Text
        if err == EK_OK {
            let newest: Text = ok && Int(state.pointee.newest) == i
                ? ", the newest, generation \(state.pointee.generation)" : ""
            found = "whole\(newest), format \(format)"
        } else {
            whole = false
            found = err == EK_E_VERSION ? "of a newer evenkeel, format \(format)"
                                        : "damaged, \(c: ek_err_text(err))"
        }
        Terminal.print("slot \(i): \(found)\n")
    }
    return whole ? 0 : 1
}
