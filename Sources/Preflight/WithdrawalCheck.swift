// Can this key take money out? A node is asked to simulate a withdrawal of the smallest amount by it, and
// must refuse, for the reason that the key is not the owner. This is the only place in the program that knows
// the shape of a withdrawal, and nothing here could land: the process holds no secret key, the transaction
// has an empty signature and no blockhash, and the only method it is put into is simulateTransaction.
import Daemon
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// Anchor: `has_one` does not hold; the account's authority is not the signer.
private let notTheOwner: UInt32 = 2001

/// The first eight bytes of sha256("global:withdraw").
private let withdrawTag: [UInt8] = [0xB7, 0x12, 0x46, 0x9C, 0x94, 0x6D, 0xA1, 0x22]

extension Checker {
    func rightsRows(_ m: Machine, haveKey: Bool) {
        guard m.bookKnown, haveKey, !same(m.account.signer, m.book.pointee.user.authority) else { return }
        guard let bytes = withdrawal(m) else {
            row(
                .warn, "cannot withdraw", "the test could not be built for this venue",
                remedy: "the venue's own rule is that a delegate cannot; not shown here")
            return
        }
        guard simulate(bytes, m) else {
            row(.warn, "cannot withdraw", "no node answered the test", remedy: "run check again")
            return
        }
        judge(m)
    }

    /// The unsigned transaction, or nil.
    private func withdrawal(_ m: Machine) -> [UInt8]? {
        guard let metas = withdrawalAccounts(m) else { return nil }
        // Market 0, one unit, only out of what is deposited.
        let data = withdrawTag + [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
        var message = [UInt8](repeating: 0, count: 1232)
        var len = 0
        var payer = m.account.signer
        var noBlockhash = ek_key()
        let built = metas.withUnsafeBufferPointer { ms in
            data.withUnsafeBufferPointer { d in
                var ix = ek_instruction(
                    program: ek_venue_program(m.account.venue).pointee, metas: ms.baseAddress,
                    n_metas: UInt16(ms.count), data: d.baseAddress,
                    data_len: UInt16(d.count))
                let result = message.withUnsafeMutableBufferPointer {
                    ek_message_compile(0, &payer, &noBlockhash, &ix, 1, $0.baseAddress, $0.count, &len)
                }
                return result == EK_OK
            }
        }
        if !built { return nil }
        return [1] + [UInt8](repeating: 0, count: 64) + message[0..<len]
    }

    private func withdrawalAccounts(_ m: Machine) -> [ek_meta]? {
        var state = ek_key()
        var stats = m.book.pointee.user_stats_address
        var vault = ek_key()
        var vaultSigner = ek_key()
        var receiver = ek_key()
        var owner = m.account.authority
        var tokenProgram = ek_key()
        let token: StaticString = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
        let known = token.utf8Start.withMemoryRebound(to: CChar.self, capacity: token.utf8CodeUnitCount) {
            ek_key_from_base58($0, token.utf8CodeUnitCount, &tokenProgram) == EK_OK
        }
        guard known, ek_venue_address(m.account.venue, Int32(EK_ADDR_STATE), nil, 0, &state) == EK_OK,
            ek_venue_address(m.account.venue, Int32(EK_ADDR_USER_STATS), &owner, 0, &stats) == EK_OK,
            ek_venue_address(m.account.venue, Int32(EK_ADDR_SPOT_VAULT), nil, 0, &vault) == EK_OK,
            ek_venue_address(m.account.venue, Int32(EK_ADDR_SIGNER), nil, 0, &vaultSigner) == EK_OK,
            ek_venue_address(m.account.venue, Int32(EK_ADDR_INSURANCE_VAULT), nil, 0, &receiver) == EK_OK
        else { return nil }
        // The market's insurance vault stands for the receiver: a token account of the right mint that surely
        // exists.
        return [
            meta(state), meta(m.book.pointee.user_address, written: true), meta(stats, written: true),
            meta(m.account.signer, signs: true), meta(vault, written: true), meta(vaultSigner),
            meta(receiver, written: true), meta(tokenProgram),
        ]
    }

    private func meta(_ key: ek_key, written: Bool = false, signs: Bool = false) -> ek_meta {
        ek_meta(key: key, signer: signs ? 1 : 0, writable: written ? 1 : 0)
    }

    private func simulate(_ bytes: [UInt8], _ m: Machine) -> Bool {
        var requests = Requests()
        let e = m.readEndpoint
        let posted = bytes.withUnsafeBufferPointer {
            requests.simulate(
                id: 77, transaction: $0, shown: [m.book.pointee.user_address],
                minSlot: m.book.pointee.slot
            ) {
                post(endpoint: e, id: 77, body: $0)
            }
        }
        let end = sys_mono_ms() + Int64(config.pointee.timeout_ms) + 500
        while posted && sys_mono_ms() < end {
            _ = sys_http_wait(http, nil, 0, 200)
            var r = sys_http_result()
            while sys_http_next(http, &r) != 0 {
                guard r.id == 77 else { continue }
                simulatedBody = [UInt8](UnsafeBufferPointer(start: r.body, count: r.body_len))
                simulated = Answer(r)
                return true
            }
        }
        return false
    }

    private func judge(_ m: Machine) {
        guard var a = simulated else { return }
        simulatedBody.withUnsafeBufferPointer { body in
            a.body = body
            let s: Answers.Simulated
            do throws(Trouble) { s = try Answers.simulated(a) } catch {
                row(.warn, "cannot withdraw", error.text, remedy: "run check again")
                return
            }
            guard let e = s.error else {
                row(
                    .fail, "cannot withdraw", "a simulated withdrawal by this key was accepted",
                    remedy: "who has this key can empty the account: do not use it, make another delegate")
                return
            }
            if e.custom == notTheOwner {
                row(
                    .ok, "cannot withdraw",
                    "a simulated withdrawal by this key was refused: it is not the owner (2001)")
            } else {
                row(
                    .warn, "cannot withdraw",
                    "a simulated withdrawal was refused, but for another reason: \(e.name(m.account.venue))",
                    remedy: "the venue's rule is that a delegate cannot; it could not be shown at this node")
            }
        }
    }
}
