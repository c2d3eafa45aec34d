// `key`: a key for the agent alone.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

func keyCommand() -> Int32 {
    var a = CommonOptions()
    if let code = a.take("h:help", 1, help: """
        evenkeel key new|show FILE

          new    makes a key in the Solana CLI's format, mode 0600, never over an existing file, \
        and prints its address
          show   prints the address of a key file, after the same checks as at a start of the agent
        Make a key for the agent alone and authorise it as the account's delegate: \
        a delegate can trade for the account
        but not withdraw.

        """) { return code }
    let verb = textOf(sys_opts_word(&a.o, 0))
    guard sys_opts_words(&a.o) == 2, let file = sys_opts_word(&a.o, 1), verb == "new" || verb == "show" else {
        return Terminal.refuse("usage: evenkeel key new|show FILE")
    }
    var why = Text()
    guard let address = verb == "new" ? makeKey(file, why: &why) : addressOfKey(file, why: &why) else {
        _ = Terminal.refuse(why)
        return verb == "new" ? 1 : 2
    }
    Terminal.print("\(key: address)\n")
    if verb == "new" {
        Terminal.print("""
        Keep the file as safe as money. \
        Next: authorise this address as the delegate of your account on the venue's own
        page, with the owner's wallet, and send it a little SOL for fees.

        """, 2)
    }
    return 0
}

private func makeKey(_ file: UnsafePointer<CChar>, why: inout Text) -> ek_key? {
    var address = ek_key()
    var good = false
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 384) { text in
        guard let base = text.baseAddress else { return }
        good = ek_crypto_init() == EK_OK && sys_key_make(file, &address, base) == EK_OK
        if !good { why.put(c: base) }
    }
    return good ? address : nil
}
