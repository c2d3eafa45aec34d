// The rows of `check` about what shuts the processes in (docs/signer.md): each feature is tried in a child,
// and a missing one is reported with what it would have held. Nothing here is a reason to refuse live
// trading: the agent runs on kernels that lack them, and says so.
import EvenkeelSys
import Text

extension Checker {
    func sandboxRows() {
        var l = sys_sandbox_look()
        sys_sandbox_look_at(&l)
        guard l.tried != 0 else {
            row(.warn, "sandbox", "could not be tried",
                remedy: "no child process could be started: check the limits of processes and memory")
            return
        }
        row(l.seccomp != 0 ? .ok : .warn, "seccomp",
            l.seccomp != 0 ? "system calls of every role are filtered"
                : "not available: no filter of system calls",
            remedy: """
                a kernel with CONFIG_SECCOMP_FILTER, or a supervisor that allows it: without it a process \
                that is taken over may make every system call that its user may
                """)
        row(l.landlock != 0 ? .ok : .warn, "Landlock",
            l.landlock != 0 ? "version \(l.landlock): every role sees its own files only"
                : "not available: an agent that is taken over could open the key file",
            remedy: """
                Linux 5.13 or newer with landlock in its list of security modules (lsm=), or pass the key \
                as a systemd credential
                """)
        let bounded = l.no_new_privs != 0 && l.no_caps != 0
        row(bounded ? .ok : .warn, "privileges",
            bounded ? "no new ones, no capabilities"
                : l.no_caps != 0 ? "new privileges could not be ruled out"
                : "capabilities could not be dropped",
            remedy: "a kernel or supervisor that allows PR_SET_NO_NEW_PRIVS and capset")
        memoryRow(l)
    }

    private func memoryRow(_ l: sys_sandbox_look) {
        let core: StaticString = l.no_core != 0 ? "no core dump" : "core dumps cannot be switched off"
        let dumpable: StaticString = l.not_dumpable != 0 ? "not dumpable" : "dumpable"
        let locked: StaticString = l.memlock != 0 ? "can be locked" : "cannot be locked"
        let most: Text = l.memlock_bytes == UInt64.max ? "none" : "\(l.memlock_bytes >> 10) KB"
        let t: Text = "\(core), \(dumpable), \(locked) (limit \(most))"
        row(l.no_core != 0 && l.not_dumpable != 0 && l.memlock != 0 ? .ok : .warn, "key's memory", t,
            remedy: """
                raise the limit of locked memory (LimitMEMLOCK, ulimit -l): a key in memory that is not \
                locked may be written to swap
                """)
    }
}
