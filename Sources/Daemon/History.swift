// The history's file beside the state: opened, fed and closed. Whatever goes wrong here costs history only:
// it is said once and trading goes on.
import EvenkeelCore
import EvenkeelSys
import Model
import Text

extension Driver {
    /// Opens or makes the history beside the state file. A run without a state keeps none.
    func openHistory(venue: Text, authority: ek_key) {
        guard persistent, ring == nil else { return }
        let r = UnsafeMutablePointer<sys_ring>.allocate(capacity: 1)
        let path = besideState(config, ".ring")
        var owner = authority
        let result = path.withCString { p in
            venue.withCString { v in sys_ring_open(p, v, &owner, config.pointee.sub_account, r) }
        }
        if result == SYS_RING_OK {
            ring = r
            return
        }
        log(.warning, "[REBALANCER] \(c: sys_ring_text(r))")
        r.deallocate()
    }

    func closeHistory() {
        guard let r = ring else { return }
        sys_ring_close(r)
        r.deallocate()
        ring = nil
    }

    package func keep(_ which: Int32, _ sample: UnsafeMutablePointer<ek_sample>) {
        guard let r = ring else { return }
        sys_ring_add_sample(r, which, sample, now().mono_ms)
        sayRing(r)
    }

    package func keep(_ correction: UnsafeMutablePointer<ek_ring_correction>) {
        guard let r = ring else { return }
        sys_ring_add_correction(r, correction, now().mono_ms)
        sayRing(r)
    }

    package func flushHistory() {
        guard let r = ring else { return }
        _ = sys_ring_flush(r, now().mono_ms)
        sayRing(r)
    }

    package func vaultStanding(at unix_s: Int64) -> ek_vault_split? {
        guard let r = ring else { return nil }
        var out = ek_vault_split()
        return sys_ring_split_at(r, unix_s, &out) == EK_OK ? out : nil
    }

    /// The first failure in a row and the recovery, nothing between.
    private func sayRing(_ r: UnsafeMutablePointer<sys_ring>) {
        let failing = r.pointee.failures > 0
        if failing == ringFailing { return }
        ringFailing = failing
        if failing {
            log(.warning, "[REBALANCER] \(c: sys_ring_text(r)); it is tried again later, trading goes on")
        } else {
            log(.info, "[REBALANCER] the history is written again")
        }
    }
}
