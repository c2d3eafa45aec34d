// The first-day mistake: the account that the config names does not exist, most often because `authority` is
// the delegate's own address, or because `sub_account` is another one.
import EvenkeelCore
import Model
import Rpc
import Text

/// What does not exist, and what to do.
package struct MissingAccount {
    package var fact: Text
    package var remedy: Text
    package var words: Text { "\(fact). \(remedy)" }
}

extension Machine {
    /// In full, for the account this machine was started with. `keyKnown`: `signer` is a key, not the
    /// authority in its place (as on paper).
    package func missingAccount(keyKnown: Bool) -> MissingAccount {
        let address = plannedUser
        var fact: Text = "there is no account \(key: address) on \(c: ek_venue_name(account.venue)): "
        fact.put("it would be sub-account \(account.subAccount) of authority \(key: account.authority)")
        var remedy = Text()
        if keyKnown && same(account.authority, account.signer) {
            remedy.put(
                """
                This authority is the agent's own key. Set [account] authority to the owner's address (the \
                wallet that opened the account and made this key its delegate)
                """)
        } else {
            remedy.put(
                """
                Compare [account] authority (the owner's wallet, not the delegate's key) with the venue's \
                own page
                """)
        }
        remedy.put(
            account.subAccount == 0
                ? ", and sub_account if it is not the first one"
                : ", and sub_account: the first one is 0")
        return MissingAccount(fact: fact, remedy: remedy)
    }

    /// The User's address by the plan.
    private var plannedUser: ek_key {
        for i in 0..<UInt32(books.plan.pointee.n) {
            guard let item = ek_plan_item_at(books.plan, i) else { break }
            if item.pointee.role == UInt8(EK_ROLE_USER) { return item.pointee.key }
        }
        return ek_key()
    }
}
