// Answers to getMultipleAccounts that cost what has changed. A caller asks for the same accounts again and
// again, and most bytes of them stay: the base64 of each account is kept with the bytes it was made of, and
// only the groups that differ are encoded anew. A request that differs from the last one in its two numbers
// alone (id and minContextSlot) is recognised by its bytes. The answer is to the byte the one that the
// general way gives; whatever is unusual (a fault, a standing view, an error) goes the general way.
import EvenkeelCore
import Text

/// One account as it stands in an answer.
struct Encoded {
    /// 48 bytes are 64 digits: a group is encoded as a whole.
    private static let group = 48
    private var data: [UInt8] = []
    private var digits: [UInt8] = []
    private var lamports: UInt64 = 0, owner = Key(), executable = false
    private var tail: [UInt8] = []

    mutating func put(_ a: Account, into out: inout Text) {
        if a.data.count != data.count { begin(a) } else { update(a.data) }
        if tail.isEmpty || a.lamports != lamports || a.owner != owner || a.executable != executable { end(a) }
        out.put("{\"data\":[\"")
        out.bytes.append(contentsOf: digits)
        out.bytes.append(contentsOf: tail)
    }

    private mutating func begin(_ a: Account) {
        data = a.data
        digits = [UInt8](repeating: 0, count: ek_base64_encoded_len(data.count))
        encode(0, data.count)
        tail.removeAll(keepingCapacity: true)
    }

    private mutating func update(_ new: [UInt8]) {
        let n = data.count
        var i = 0
        while i < n {
            let size = min(Encoded.group, n - i)
            let same = data.withUnsafeBytes { a in
                new.withUnsafeBytes { b -> Bool in
                    guard let p = a.baseAddress, let q = b.baseAddress else { return true }
                    return ek_bytes_equal(p + i, q + i, size) != 0
                }
            }
            if !same {
                data.withUnsafeMutableBytes { a in
                    new.withUnsafeBytes { b in
                        guard let p = a.baseAddress, let q = b.baseAddress else { return }
                        (p + i).copyMemory(from: q + i, byteCount: size)
                    }
                }
                encode(i, size)
            }
            i += size
        }
    }

    private mutating func encode(_ at: Int, _ size: Int) {
        guard size > 0 else { return }
        digits.withUnsafeMutableBytes { to in
            data.withUnsafeBufferPointer { from in
                guard let p = to.baseAddress, let q = from.baseAddress else { return }
                _ = ek_base64_encode(q + at, size, (p + at / 3 * 4).assumingMemoryBound(to: CChar.self))
            }
        }
    }

    private mutating func end(_ a: Account) {
        lamports = a.lamports
        owner = a.owner
        executable = a.executable
        var t = Text(capacity: 192)
        t.put("\",\"base64\"]")
        ChainNode.put(rest: a, &t)
        tail = t.bytes
    }
}

/// A request for accounts that was read once: its bytes, where its numbers stand, and which accounts it
/// names.
struct Remembered {
    var body: [UInt8] = []
    var id = 0..<0, slot = 0..<0
    var places: [Int] = []

    /// The numbers of `b` when the rest of it is the same; nil otherwise.
    func match(_ b: UnsafeBufferPointer<UInt8>) -> (id: UInt64, slot: UInt64)? {
        guard b.count == body.count, !body.isEmpty, let q = b.baseAddress else { return nil }
        let same = body.withUnsafeBufferPointer { a -> Bool in
            guard let p = a.baseAddress else { return false }
            func equal(_ from: Int, _ to: Int) -> Bool { ek_bytes_equal(p + from, q + from, to - from) != 0 }
            return equal(0, id.lowerBound) && equal(id.upperBound, slot.lowerBound)
                && equal(slot.upperBound, b.count)
        }
        guard same, let x = Remembered.number(b, id), let y = Remembered.number(b, slot) else { return nil }
        return (x, y)
    }

    /// Blanks, then digits to the end, at most nineteen of them and no needless zero in front.
    private static func number(_ b: UnsafeBufferPointer<UInt8>, _ r: Range<Int>) -> UInt64? {
        var i = r.lowerBound
        while i < r.upperBound && b[i] == 0x20 { i += 1 }
        let n = r.upperBound - i
        guard n > 0, n <= 19, n == 1 || b[i] != 0x30 else { return nil }
        var v: UInt64 = 0
        while i < r.upperBound {
            guard b[i] >= 0x30 && b[i] <= 0x39 else { return nil }
            v = v * 10 + UInt64(b[i] - 0x30)
            i += 1
        }
        return v
    }
}

extension ChainNode {
    /// Answers a read that is known by its bytes; false: the general way must do it.
    func answerRemembered(_ body: UnsafeBufferPointer<UInt8>, _ out: inout Text) -> Bool {
        guard faults.isEmpty, frozen == nil, flap == nil, let (id, slot) = remembered.match(body),
              slot <= world.slot else {
            return false
        }
        counts.add("getMultipleAccounts")
        out.put("{\"jsonrpc\":\"2.0\",\"result\":")
        context(&out)
        out.put("[")
        for k in remembered.places.indices {
            if k > 0 { out.put(",") }
            let i = remembered.places[k]
            // An account made after this (a replica of an earlier time may be asked) is not there.
            if i < world.ledger.items.count { putPlain(i, &out) } else { out.put("null") }
        }
        out.put("]},\"id\":\(id)}")
        return true
    }

    /// Keeps a read that was just answered the general way, when its numbers stand alone between colon and
    /// comma or bracket.
    func remember(_ body: UnsafeBufferPointer<UInt8>, _ root: Value) {
        guard faults.isEmpty, frozen == nil, flap == nil, let p = body.baseAddress else { return }
        let params = root["params"], config = params[1]
        guard params.isList, params.count == 2, config["encoding"].equals("base64"),
              !config["dataSlice"].exists else {
            return
        }
        func place(_ v: Value) -> Range<Int>? {
            var n = 0
            guard v.isNumber, v.u64 != nil, let at = ek_json_raw(v.v, &n) else { return nil }
            var from = at - p
            let to = from + n
            while from > 0 && p[from - 1] == 0x20 { from -= 1 }
            return from > 0 && p[from - 1] == 0x3A ? from..<to : nil
        }
        guard let id = place(root["id"]), let slot = place(config["minContextSlot"]),
              id.upperBound < slot.lowerBound else {
            return
        }
        var places: [Int] = [], whole = true
        params[0].each { v in
            if let k = v.key, let i = world.ledger.index(of: k) { places.append(i) } else { whole = false }
        }
        guard whole else { return }            // an account that is not there may come later
        remembered.body = Array(body)
        remembered.id = id
        remembered.slot = slot
        remembered.places = places
    }

    /// One whole account in base64.
    func putPlain(_ i: Int, _ out: inout Text) {
        let a = world.ledger.items[i]
        if a.lamports == 0 && a.data.isEmpty {
            out.put("null")
            return
        }
        while encoded.count <= i { encoded.append(Encoded()) }
        encoded[i].put(shown(a), into: &out)
    }
}

/// The answer to getRecentPrioritizationFees: 150 slots of one fee. Between two calls only the slots' digits
/// change.
struct FeeList {
    private static let n = 150
    private var text: [UInt8] = []
    private var fee: UInt64 = 0
    private var digits = 0

    mutating func put(_ f: UInt64, upTo slot: UInt64, _ out: inout Text) {
        let first = slot - min(slot, UInt64(FeeList.n - 1))
        let width = FeeList.width(slot)
        if text.isEmpty || f != fee || width != digits || FeeList.width(first) != width
            || slot < UInt64(FeeList.n) {
            make(f, first, slot)
            digits = FeeList.width(first) == width && slot >= UInt64(FeeList.n) ? width : 0
            fee = f
        } else {
            let stride = (text.count - 1) / FeeList.n
            for i in 0..<FeeList.n {
                var v = first + UInt64(i), at = stride * (i + 1) - 1
                for _ in 0..<width {
                    text[at - 1] = 0x30 + UInt8(truncatingIfNeeded: v % 10)
                    v /= 10
                    at -= 1
                }
            }
        }
        out.bytes.append(contentsOf: text)
    }

    private static func width(_ v: UInt64) -> Int {
        var n = 1, x = v
        while x >= 10 { x /= 10; n += 1 }
        return n
    }

    /// "[{...},{...}]": each entry with the bracket or comma before it has the same length while the digits
    /// are as many.
    private mutating func make(_ f: UInt64, _ first: UInt64, _ slot: UInt64) {
        var t = Text(capacity: 8192)
        for i in 0..<FeeList.n {
            t.put(i == 0 ? "[" : ",")
            t.put("{\"prioritizationFee\":\(f),\"slot\":\(min(first + UInt64(i), slot))}")
        }
        t.put("]")
        text = t.bytes
    }
}
