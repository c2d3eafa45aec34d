// The chain's own reader of transactions: legacy and version 0, every length checked, the runtime's sanitize
// rules.
import EvenkeelCore
import Text

struct Instruction {
    var program: Int              // index into keys
    var accounts: [UInt8]
    var data: [UInt8]
}

struct Transaction {
    var raw: [UInt8] = []
    var signatures: [[UInt8]] = []
    var messageAt = 0
    var version0 = false
    var required = 0, readonlySigned = 0, readonlyUnsigned = 0
    var keys: [Key] = []
    var blockhash = Key()
    var instructions: [Instruction] = []
    var lookups = 0

    func isSigner(_ i: Int) -> Bool { i < required }
    func isWritable(_ i: Int) -> Bool {
        i < required ? i < required - readonlySigned : i < keys.count - readonlyUnsigned
    }
    var firstSignature: [UInt8] { signatures.first ?? [] }
}

/// Why bytes are no transaction; the words follow the node's.
enum ParseFault {
    case short, trailing, badLength, unsupportedVersion, sanitize
    var text: StaticString {
        switch self {
        case .short: return "io error: failed to fill whole buffer"
        case .trailing: return "trailing bytes"
        case .badLength: return "custom: alias encoding"
        case .unsupportedVersion: return "custom: unsupported message version"
        case .sanitize: return "sanitize failure"
        }
    }
}

private struct Cursor {
    let bytes: [UInt8]
    var at = 0
    var fault: ParseFault?

    init(_ b: [UInt8], at: Int = 0) { bytes = b; self.at = at }

    mutating func byte() -> UInt8 {
        guard fault == nil, at < bytes.count else { fault = fault ?? .short; return 0 }
        at += 1
        return bytes[at - 1]
    }
    mutating func take(_ n: Int) -> [UInt8] {
        guard fault == nil, n <= bytes.count - at else { fault = fault ?? .short; return [] }
        at += n
        return Array(bytes[at - n..<at])
    }
    mutating func key() -> Key {
        let b = take(32)
        return b.count == 32 ? b.key(0) : Key()
    }
    /// compact-u16, minimal form only.
    mutating func length() -> Int {
        var v = 0
        for i in 0..<3 {
            let b = byte()
            if fault != nil { return 0 }
            v |= Int(b & 0x7F) << (7 * i)
            if b & 0x80 == 0 {
                if (i > 0 && b == 0) || v > 0xFFFF { fault = .badLength; return 0 }
                return v
            }
        }
        fault = .badLength
        return 0
    }
}

enum Reader {
    static func transaction(_ raw: [UInt8]) -> (Transaction, ParseFault?) {
        var t = Transaction()
        t.raw = raw
        var c = Cursor(raw)
        let n = c.length()
        for _ in 0..<n where c.fault == nil { t.signatures.append(c.take(64)) }
        if let f = c.fault { return (t, f) }
        t.messageAt = c.at
        if let f = message(&c, &t) { return (t, f) }
        if t.signatures.count != t.required { return (t, .sanitize) }
        return (t, sanitize(t))
    }

    /// A message alone, as getFeeForMessage is given.
    static func message(_ raw: [UInt8]) -> (Transaction, ParseFault?) {
        var t = Transaction()
        t.raw = raw
        var c = Cursor(raw)
        if let f = message(&c, &t) { return (t, f) }
        return (t, sanitize(t))
    }

    private static func message(_ c: inout Cursor, _ t: inout Transaction) -> ParseFault? {
        var first = c.byte()
        if first & 0x80 != 0 {
            if first != 0x80 { return c.fault ?? .unsupportedVersion }
            t.version0 = true
            first = c.byte()
        }
        t.required = Int(first)
        t.readonlySigned = Int(c.byte())
        t.readonlyUnsigned = Int(c.byte())
        let nk = c.length()
        for _ in 0..<nk where c.fault == nil { t.keys.append(c.key()) }
        t.blockhash = c.key()
        let ni = c.length()
        for _ in 0..<ni where c.fault == nil {
            let p = Int(c.byte())
            let na = c.length()
            let acc = c.take(na)
            let nd = c.length()
            t.instructions.append(Instruction(program: p, accounts: acc, data: c.take(nd)))
        }
        if t.version0 {
            let nl = c.length()
            for _ in 0..<nl where c.fault == nil {
                _ = c.key()
                let w = c.length(); _ = c.take(w)
                let r = c.length(); _ = c.take(r)
                t.lookups += w + r
            }
        }
        if let f = c.fault { return f }
        return c.at == c.bytes.count ? nil : .trailing
    }

    private static func sanitize(_ t: Transaction) -> ParseFault? {
        if t.required == 0 || t.readonlySigned >= t.required { return .sanitize }
        if t.required + t.readonlyUnsigned > t.keys.count { return .sanitize }
        let all = t.keys.count + t.lookups
        if all > 256 { return .sanitize }
        for ix in t.instructions {
            if ix.program == 0 || ix.program >= t.keys.count { return .sanitize }
            for a in ix.accounts where Int(a) >= all { return .sanitize }
        }
        for i in 0..<t.keys.count {
            for j in 0..<i where t.keys[i] == t.keys[j] { return .sanitize }
        }
        return nil
    }
}

extension Transaction {
    /// Every signature over the message by its key.
    var signaturesHold: Bool {
        guard signatures.count == required, keys.count >= required else { return false }
        return raw.withUnsafeBufferPointer { p -> Bool in
            guard let base = p.baseAddress else { return false }
            for i in 0..<required {
                var k = keys[i].ek
                let ok = signatures[i].withUnsafeBufferPointer {
                    ek_ed25519_verify($0.baseAddress, base + messageAt, p.count - messageAt, &k)
                }
                if ok != EK_OK { return false }
            }
            return true
        }
    }
}
