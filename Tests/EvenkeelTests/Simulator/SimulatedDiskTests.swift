// The simulated state file: what a process or a power failure leaves of it.
import EvenkeelCore
import Localnet
import Testing
@testable import Simulator

@Suite struct SimulatedDiskTests {
    private func withRecord(_ body: (UnsafeMutablePointer<ek_record>) -> Void) {
        let r = UnsafeMutableRawPointer.allocate(byteCount: ek_record_size(), alignment: 16)
            .bindMemory(to: ek_record.self, capacity: 1)
        defer { UnsafeMutableRawPointer(r).deallocate() }
        var owner = Genesis.seedKey(7).ek
        _ = ek_record_init(r, "velocity", &owner, 0)
        body(r)
    }

    @Test func whatWasAcknowledgedIsLoaded() {
        withRecord { r in
            let disk = SimulatedDisk()
            #expect(disk.create(r))
            r.pointee.ticks_total = 41
            #expect(disk.store(r) == 0 && disk.acknowledged == 3)
            r.pointee.ticks_total = 0
            #expect(disk.load(r) == EK_OK && r.pointee.ticks_total == 41 && r.pointee.generation == 3)
        }
    }

    @Test func aFailingDiskChangesNothing() {
        withRecord { r in
            let disk = SimulatedDisk()
            #expect(disk.create(r))
            disk.failing = 28
            r.pointee.ticks_total = 5
            #expect(disk.store(r) == 28 && disk.acknowledged == 2)
            #expect(disk.load(r) == EK_OK && r.pointee.ticks_total == 0)
        }
    }

    /// Any sectors of the slot that was being written may be there: the other slot always loads.
    @Test func aPowerFailureInAWriteLosesNoAcknowledgedState() {
        withRecord { r in
            var lost = 0, kept = 0
            for seed: UInt64 in 1...200 {
                var random = RandomGenerator(seed: seed, stream: 1)
                let disk = SimulatedDisk()
                r.pointee.ticks_total = 0
                #expect(disk.create(r))
                r.pointee.ticks_total = 7
                #expect(disk.store(r) == 0)
                r.pointee.ticks_total = 8
                _ = disk.store(r, cut: 0)
                disk.crash(power: true, &random)
                #expect(disk.load(r) == EK_OK && r.pointee.generation >= 3)
                if r.pointee.ticks_total == 7 { lost += 1 } else { kept += 1 }
            }
            #expect(lost > 100 && lost + kept == 200)
        }
    }

    @Test func withoutAPowerFailureTheKernelKeepsTheWrite() {
        withRecord { r in
            var random = RandomGenerator(seed: 1, stream: 1)
            let disk = SimulatedDisk()
            #expect(disk.create(r))
            r.pointee.ticks_total = 8
            _ = disk.store(r, cut: 0)
            disk.crash(power: false, &random)
            #expect(disk.load(r) == EK_OK && r.pointee.ticks_total == 8)
        }
    }
}
