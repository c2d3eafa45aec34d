// A state file that can tear. Two slots as in ek_record.h; what is durable is what was synced, and of an
// unsynced write any sectors. `store` keeps the order of sys_state_store (sys_file.c): encode, write to the
// older slot, sync, then believe it.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

final class SimulatedDisk {
    private static let sector = 512
    private static let slotSize = Int(EK_RECORD_SLOT)
    /// What a power cut leaves.
    private var durable = [UInt8](repeating: 0, count: Int(EK_RECORD_FILE))
    /// What was written and not synced: the slot and its bytes.
    private var pendingSlot = -1
    private var pending = [UInt8](repeating: 0, count: Int(EK_RECORD_SLOT))
    private var image = [UInt8](repeating: 0, count: Int(EK_RECORD_SLOT))

    private var newest = -1
    private(set) var generation: UInt64 = 0
    /// The highest generation whose store returned success.
    private(set) var acknowledged: UInt64 = 0
    /// Whether the record stored last has an open ticket: it stands in both slots then.
    private var twice = false
    /// 0, or the errno every write meets.
    var failing: Int32 = 0
    var stores: UInt64 = 0

    /// A new file, whole and synced (sys_state_create).
    func create(_ r: UnsafeMutablePointer<ek_record>) -> Bool {
        for slot in 0..<2 {
            r.pointee.generation = UInt64(slot + 1)
            if ek_record_encode(r, &image) != EK_OK { return false }
            put(image, slot)
        }
        newest = 1
        generation = 2
        acknowledged = 2
        return true
    }

    private func put(_ bytes: [UInt8], _ slot: Int) {
        let from = slot * SimulatedDisk.slotSize
        durable.withUnsafeMutableBufferPointer { d in
            bytes.withUnsafeBufferPointer { b in
                guard let to = d.baseAddress, let p = b.baseAddress else { return }
                UnsafeMutableRawPointer(to + from).copyMemory(from: p, byteCount: SimulatedDisk.slotSize)
            }
        }
    }

    /// What a start finds: the record, or the reason why there is none.
    func load(_ r: UnsafeMutablePointer<ek_record>) -> ek_err {
        var slot: Int32 = -1
        var errors = [EK_OK, EK_OK]
        let err = ek_record_pick(durable, durable.count, r, &slot, &errors)
        if err == EK_OK {
            newest = Int(slot)
            generation = r.pointee.generation
            acknowledged = generation
            twice = false
        }
        return err
    }

    /// Writes and syncs as the daemon does: a record with an open ticket into both slots. 0 or an errno.
    /// `cut`: the power fails while the first (0) or the second (1) of them is written, before its sync.
    func store(_ r: UnsafeMutablePointer<ek_record>, cut: Int? = nil) -> Int32 {
        let was = r.pointee.generation
        r.pointee.generation = generation + 1
        if ek_record_encode(r, &image) != EK_OK {
            r.pointee.generation = was
            return -1
        }
        if failing != 0 {
            r.pointee.generation = was
            return failing
        }
        let older = 1 - newest
        pending = image
        pendingSlot = older
        if cut == 0 { return 0 }                // never returns to anybody: the process is gone
        sync()
        newest = older
        twice = r.pointee.ticket.state != UInt8(EK_TICKET_NONE)
        if twice {
            pending = image
            pendingSlot = 1 - older
            if cut == 1 { return 0 }
            sync()
            newest = 1 - older
        }
        generation = r.pointee.generation
        acknowledged = generation
        stores += 1
        return 0
    }

    private func sync() {
        guard pendingSlot >= 0 else { return }
        put(pending, pendingSlot)
        pendingSlot = -1
    }

    /// The process dies; with `power` the machine too: of what was not synced any sectors survive. Without,
    /// the kernel keeps it all.
    func crash(power: Bool, _ random: inout RandomGenerator) {
        guard pendingSlot >= 0 else { return }
        twice = false                           // the second copy may be torn: the first is all there is
        let from = pendingSlot * SimulatedDisk.slotSize
        if !power {
            sync()
            return
        }
        var s = 0
        while s < SimulatedDisk.slotSize {
            if random.below(2) == 0 { for i in s..<s + SimulatedDisk.sector { durable[from + i] = pending[i] } }
            s += SimulatedDisk.sector
        }
        pendingSlot = -1
    }

    /// Bits rot in one slot: in any, while both hold the open ticket; else in the one that is not the newest.
    func rot(_ random: inout RandomGenerator) {
        guard newest >= 0 else { return }
        let slot = twice ? random.below(2) : 1 - newest
        let from = slot * SimulatedDisk.slotSize
        for _ in 0..<1 + random.below(8) {
            durable[from + random.below(SimulatedDisk.slotSize)] ^= UInt8(1) << UInt8(random.below(8))
        }
    }
}
