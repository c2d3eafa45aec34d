// The signer's ledger as a person works with it: looked at whenever, changed only while no signer has it.
import EvenkeelCore
import EvenkeelSys
import Text

/// A refusal in words.
package struct LedgerTrouble: Error {
    package var words: Text

    package init(words: Text) { self.words = words }
}

package final class SignerLedger {
    package let ledger: UnsafeMutablePointer<ek_ledger>
    private let path: Text
    private var fd: Int32 = -1
    private var generation: UInt64 = 0

    /// Reads it. `change`: keeps it locked and ready to be written, which needs the agent's signer to be
    /// gone.
    package init(_ config: ConfigPointer, change: Bool) throws(LedgerTrouble) {
        path = besideState(config, ".signer")
        ledger = .allocate(capacity: 1)
        ledger.initialize(to: ek_ledger())
        if ek_crypto_init() != EK_OK { throw LedgerTrouble(words: "libsodium could not be initialised") }
        if let t = change ? openLocked() : look() { throw LedgerTrouble(words: t) }
        advance()
    }

    deinit {
        sys_ledger_close(fd)
        ledger.deallocate()
    }

    private func look() -> Text? {
        withText { text in path.withCString { sys_ledger_look($0, ledger, text) != 0 } }
    }

    private func openLocked() -> Text? {
        if let t = look() { return t }
        let trouble = withText { text in
            fd = path.withCString { sys_ledger_open($0, 1, ledger, &generation, text) }
            return fd >= 0
        }
        if trouble != nil { return trouble }
        if sys_ledger_lock(fd, 0) != 0 { return nil }
        return "\(path): the signer is at work with it; stop the agent first"
    }

    private func advance() {
        var id = (UInt64(0), UInt64(0))
        withUnsafeMutableBytes(of: &id) { bytes in
            guard let b = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            sys_boot_id(b)
            var clock = ek_ledger_clock()
            sys_ledger_clock(b, &clock)
            ek_ledger_advance(ledger, &clock)
        }
    }

    /// Writes it down.
    package func store() throws(LedgerTrouble) {
        let err = sys_ledger_store(fd, ledger, &generation)
        if err != 0 { throw LedgerTrouble(words: "\(path): \(c: sys_errno_text(err))") }
    }

    package var loss_e6: UInt64 { ek_rolling_sum(&ledger.pointee.loss) }
    package var notional_e6: UInt64 { ek_rolling_sum(&ledger.pointee.notional) }
    package var orders: UInt64 { ek_rolling_sum(&ledger.pointee.orders) }

    /// The markets that are bound: name, memory.
    package func eachMarket(_ take: (Text, UnsafeMutablePointer<ek_price_memory>) -> Void) {
        withUnsafeMutablePointer(to: &ledger.pointee.pins) { pins in
            withUnsafeMutablePointer(to: &ledger.pointee.prices) { prices in
                let n = Int(EK_LEDGER_MARKETS)
                pins.withMemoryRebound(to: ek_ledger_pin.self, capacity: n) { p in
                    prices.withMemoryRebound(to: ek_price_memory.self, capacity: n) { m in
                        for i in 0..<n where p[i].name.0 != 0 { take(named(p + i), m + i) }
                    }
                }
            }
        }
    }

    private func named(_ pin: UnsafeMutablePointer<ek_ledger_pin>) -> Text {
        var t = Text()
        UnsafeRawPointer(pin).withMemoryRebound(to: CChar.self, capacity: 16) { t.put(c: $0) }
        return t
    }
}

private func withText(_ call: (UnsafeMutablePointer<CChar>) -> Bool) -> Text? {
    var words: Text? = nil
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(SYS_LEDGER_TEXT)) { text in
        guard let base = text.baseAddress else { return }
        base.pointee = 0
        if !call(base) { words = "\(c: base)" }
    }
    return words
}
