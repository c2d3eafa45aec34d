// Whose account it is, and which key signs.
import EvenkeelCore
import EvenkeelSys
import Model
import Text

/// The key is held by a signer of the user's own; on paper its address in the config is enough.
private func keyElsewhere(_ config: ConfigPointer, _ rules: Rules) -> Bool {
    (sys_config_signer_socket(config)?.pointee ?? 0) != 0
        || (rules.mode == .paper && config.pointee.has_signer_key != 0)
}

func keyNamed(_ config: ConfigPointer, _ rules: Rules) -> Bool {
    (sys_config_keypair(config)?.pointee ?? 0) != 0 || keyElsewhere(config, rules)
}

/// Paper needs no key; with one and no authority its address is the account's. A signer whose counters cannot
/// be opened is no answer to whose account it is: then `counters` says so beside the answer.
func loadIdentity(_ config: ConfigPointer, _ rules: Rules, _ signing: inout SignerClient?,
                  counters: inout StartRefusal?) throws(StartRefusal) -> (authority: ek_key, signer: ek_key) {
    let named = config.pointee.has_authority != 0 ? config.pointee.authority : nil
    if rules.mode == .paper, let authority = named { return (authority, authority) }
    guard keyNamed(config, rules) else {
        throw StartRefusal("no keypair and no authority: name one of them in [account]", exitUsage)
    }
    if rules.mode == .live, let s = signing {
        do throws(StartRefusal) {
            try s.ready()
            return (named ?? s.key, s.key)
        } catch {
            signing = nil
            guard error.code == exitState, let authority = named else { throw error }
            counters = error
            return (authority, authority)
        }
    }
    if keyElsewhere(config, rules) { return (config.pointee.signer_key, config.pointee.signer_key) }
    // Paper without an authority: the key file is read for its address and let go.
    var why = Text()
    guard let signer = addressOfKey(sys_config_keypair(config), why: &why) else {
        throw StartRefusal(why, exitUsage)
    }
    return (named ?? signer, signer)
}

/// The address of a key file; its secret half is wiped at once. nil: `why` says what is wrong with it.
package func addressOfKey(_ path: UnsafePointer<CChar>?, why: inout Text) -> ek_key? {
    var key = sys_key()
    var good = false
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 384) { text in
        guard let base = text.baseAddress else { return }
        good = sys_key_load(path, &key, base) == EK_OK
        if !good { why.put(c: base) }
    }
    let pub = key.pub
    sys_key_free(&key)
    return good ? pub : nil
}
