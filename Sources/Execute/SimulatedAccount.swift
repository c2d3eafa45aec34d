// The account as a simulation says it would be, and whether that is what the order means.
import Decide
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

    /// The bank of the simulation shows the legs, asked for after the User, as the book does. Refused: it
    /// shows another amount, so the book is of more than one moment.
    package func checkLegs(
        _ s: Answers.Simulated, _ legs: [LegAccount], signer: ek_key,
        work: UnsafeMutableBufferPointer<UInt8>
    ) throws(Refusal) {
        var list = ek_json()
        _ = ek_json_member(s.value, "accounts", &list)
        for (i, leg) in legs.enumerated() {
            var entry = ek_json()
            _ = ek_json_item(list, i + 1, &entry)
            let held = leg.held(entry, work)
            // Who signs pays the network's fee in there.
            let fee = same(leg.key, signer) ? signatureFee_lamports : 0
            if let n = held, n <= leg.amount, leg.amount - n <= fee { continue }
            throw Refusal(
                "the simulation and the book differ about the balance of spot leg account \(key: leg.key)")
        }
    }
}

/// An account that a leg of the spot stands on, and what the book says it holds: tokens, or lamports.
package struct LegAccount {
    package let key: ek_key
    let amount: UInt64
    let isToken: Bool

    /// The same by an answer's entry; an account that does not exist holds nothing. nil: it cannot be read.
    fileprivate func held(_ entry: ek_json, _ work: UnsafeMutableBufferPointer<UInt8>) -> UInt64? {
        if ek_json_kind(entry) == 0x6E { return 0 }
        var v = ek_json()
        var n: UInt64 = 0
        if !isToken {
            return ek_json_member(entry, "lamports", &v) == EK_OK && ek_json_u64(v, &n) == EK_OK ? n : nil
        }
        var len = 0
        guard ek_json_path(entry, "data.0", &v) == EK_OK,
            ek_json_base64(v, work.baseAddress, work.count, &len) == EK_OK, len >= 72
        else { return nil }
        for i in 0..<8 { n |= UInt64(work[64 + i]) << UInt64(8 * i) }  // mint, owner, amount
        return n
    }
}

extension Hedge {
    /// The accounts of the chain, beside the User, that its spot is counted from.
    package func legAccounts(_ book: Book, authority: ek_key) -> [LegAccount] {
        var out: [LegAccount] = []
        if rules.useWalletSpot {
            out.append(
                LegAccount(key: authority, amount: book.pointee.authority_lamports, isToken: false))
        }
        for leg in rules.legs {
            var key = self.key(of: leg)
            if leg.kind == .token, let t = ek_book_token_of(book, &key)?.pointee {
                out.append(LegAccount(key: t.key, amount: t.amount, isToken: true))
            } else if leg.kind == .watch, let w = ek_book_watch_of(book, &key)?.pointee {
                out.append(LegAccount(key: w.key, amount: w.lamports, isToken: false))
            }
        }
        return out
    }
}
