// A transaction's error, as a node words it and as a person reads it.
import EvenkeelCore
import Text

/// A transaction error as the node words it: `{"InstructionError":[2,{"Custom":6003}]}` or
/// `"BlockhashNotFound"`.
package struct ChainError {
    package var instruction: Int = -1
    package var custom: UInt32? = nil
    package var word = Text()

    package init(_ v: ek_json) {
        var x = ek_json()
        if ek_json_kind(v) == 0x22 {
            word = Answers.printable(v, limit: 80)
            return
        }
        if ek_json_member(v, "InstructionError", &x) == EK_OK {
            var part = ek_json()
            var n: UInt64 = 0
            if ek_json_item(x, 0, &part) == EK_OK && ek_json_u64(part, &n) == EK_OK && n < 256 {
                instruction = Int(n)
            }
            if ek_json_item(x, 1, &part) == EK_OK {
                if ek_json_kind(part) == 0x22 {
                    word = Answers.printable(part, limit: 80)
                    return
                }
                var c = ek_json()
                if ek_json_member(part, "Custom", &c) == EK_OK && ek_json_u64(c, &n) == EK_OK
                    && n <= UInt64(UInt32.max) {
                    custom = UInt32(n)
                    return
                }
            }
        }
        var n = 0
        if let raw = ek_json_raw(v, &n) {
            for i in 0..<min(n, 120) { word.put(byte: raw[i] >= 0x20 && raw[i] < 0x7F ? raw[i] : 0x3F) }
        }
    }

    /// The name, and what the account's owner can do about it, where that is known.
    package func sentence(_ venue: OpaquePointer?) -> Text {
        guard let code = custom, let remedy = ek_venue_error_remedy(code) else { return name(venue) }
        return "\(name(venue)): \(c: remedy)"
    }

    /// "InsufficientCollateral (6003)", "unknown program error 7001", "BlockhashNotFound".
    package func name(_ venue: OpaquePointer?) -> Text {
        var t = Text()
        guard let code = custom else {
            t.put(word)
            return t
        }
        if let known = ek_venue_error_name(venue, code) {
            t.put("\(c: known) (\(code))")
        } else {
            t.put("unknown program error \(code)")
        }
        return t
    }
}
