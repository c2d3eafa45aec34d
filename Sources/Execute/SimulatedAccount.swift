// The account as a simulation says it would be, and whether that is what the order means.
import EvenkeelCore
import Model
import Rpc
import Text

extension Draft {
    /// The account after the simulated order. Refused: it is not exactly what the order is meant to make of
    /// it.
    package func accountAfter(
        _ s: Answers.Simulated, _ book: Book, venue: OpaquePointer?,
        work: UnsafeMutableBufferPointer<UInt8>
    ) throws(Refusal) -> ek_user {
        var entry = ek_json()
        var v = ek_json()
        var len = 0
        guard ek_json_path(s.value, "accounts.0", &entry) == EK_OK,
            ek_json_path(entry, "data.0", &v) == EK_OK,
            ek_json_base64(v, work.baseAddress, work.count, &len) == EK_OK
        else { throw Refusal("the simulation returned no account to compare") }
        var owner = ek_key()
        guard ek_json_member(entry, "owner", &v) == EK_OK, ek_json_key(v, &owner) == EK_OK,
            same(owner, ek_venue_program(venue).pointee)
        else { throw Refusal("the simulated account is not the venue's") }
        var after = ek_user()
        guard ek_decode_user(venue, work.baseAddress, len, &after) == EK_OK else {
            throw Refusal("the simulated account cannot be decoded")
        }
        var why: Refusal? = nil
        var meant = intent
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
            guard let base = text.baseAddress else { return }
            if ek_verify_simulated(ek_book_user(book), &after, &meant, base) != EK_OK {
                why = Refusal("the simulated account is not what the order means: \(c: base)")
            }
        }
        if let w = why { throw w }
        return after
    }
}
