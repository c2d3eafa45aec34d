// The rows of `check` about what shuts the processes in (docs/signer.md): each feature is tried in a child, and a missing one is said with what
// it would have held. Nothing here is a reason to refuse live trading: the agent runs on kernels that lack them, and says so.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

extension Checker {
    func sandboxRows() {
        var l = sys_sandbox_look()
        sys_sandbox_look_at(&l)
        guard l.tried != 0 else {
            row(.warn, "sandbox", Text("could not be tried"), remedy: Text("no child process could be made: look at the limits of processes and memory"))
            return
        }
        row(l.seccomp != 0 ? .ok : .warn, "seccomp",
            Text(l.seccomp != 0 ? "system calls of every role are filtered" : "not given: no filter of system calls"),
            remedy: Text("a kernel with CONFIG_SECCOMP_FILTER, or a supervisor that allows it: without it a process that is taken over may call all its user may"))
        var t = Text()
        if l.landlock != 0 {
            t.put("version ")
            t.put(UInt32(l.landlock))
            t.put(": every role sees its own files only")
        } else {
            t.put("not given: an agent that is taken over could open the key file")
        }
        row(l.landlock != 0 ? .ok : .warn, "Landlock", t,
            remedy: Text("Linux 5.13 or newer with landlock in its list of security modules (lsm=), or hand the key over as a systemd credential"))
        let still = l.no_new_privs != 0 && l.no_caps != 0
        row(still ? .ok : .warn, "privileges", Text(still ? "no new ones, no capabilities" : l.no_caps != 0 ? "new privileges could not be ruled out"
            : "capabilities could not be dropped"), remedy: Text("a kernel or supervisor that allows PR_SET_NO_NEW_PRIVS and capset"))
        var memory = Text()
        memory.put(l.no_core != 0 ? "no core dump" : "core dumps cannot be switched off")
        memory.put(l.not_dumpable != 0 ? ", not dumpable" : ", dumpable")
        memory.put(l.memlock != 0 ? ", can be locked" : ", cannot be locked")
        memory.put(" (limit ")
        if l.memlock_bytes == UInt64.max { memory.put("none") } else {
            memory.put(l.memlock_bytes >> 10)
            memory.put(" KB")
        }
        memory.put(")")
        row(l.no_core != 0 && l.not_dumpable != 0 && l.memlock != 0 ? .ok : .warn, "key's memory", memory,
            remedy: Text("raise the limit of locked memory (LimitMEMLOCK, ulimit -l): a key in memory that is not locked may be written to swap"))
    }
}
