// Whose book is kept: the venue, the account on it, and the key that signs.
import EvenkeelCore
import Text

/// The book as the core reads it, and one market's place in the record.
package typealias Book = UnsafeMutablePointer<ek_book>
package typealias MarketRecord = UnsafeMutablePointer<ek_market_record>

package struct Account {
    package let venue: OpaquePointer?
    package let authority: ek_key
    package let subAccount: UInt16
    /// Signs and pays. In paper mode without a key: the authority, and nothing is ever signed.
    package let signer: ek_key

    package init(venue: OpaquePointer?, authority: ek_key, subAccount: UInt16, signer: ek_key) {
        self.venue = venue
        self.authority = authority
        self.subAccount = subAccount
        self.signer = signer
    }
}

/// Why something is not done, for a person.
package struct Refusal: Error {
    package let text: Text
    package init(_ text: Text) { self.text = text }
}

/// What every signature costs, before any priority fee.
package let signatureFee_lamports: UInt64 = 5_000
