// Where samples and corrections are kept; only shown, never read for a decision.
import EvenkeelCore

package protocol HistoryKeeper: AnyObject {
    /// Keeps a sample in a ring (EK_RING_*).
    func keep(_ ring: Int32, _ sample: UnsafeMutablePointer<ek_sample>)
    func keep(_ correction: UnsafeMutablePointer<ek_ring_correction>)
    /// Brings to the history's file what is only in memory.
    func flushHistory()
    /// Where the vault stood at that time or soon after; nil: the history does not reach there.
    func vaultStanding(at unix_s: Int64) -> ek_vault_split?
}
