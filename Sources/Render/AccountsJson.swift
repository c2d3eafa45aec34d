// The last read as it came, for `assess`, bug reports and tests.
import Engine
import EvenkeelCore
import Model
import Text

/// {"keys":[…],"result":…}; empty before the first whole read.
package func accountsJson(_ m: Machine) -> Text {
    var t = Text(capacity: m.books.answerBytes + 4096)
    var root = ek_json()
    var result = ek_json()
    var n = 0
    let ok = m.books.withAnswer { p -> Bool in
        guard let base = p.baseAddress, ek_json_root(base, p.count, &root) == EK_OK,
            ek_json_member(root, "result", &result) == EK_OK, let raw = ek_json_raw(result, &n)
        else { return false }
        t.put("{\"keys\":[")
        for i in 0..<UInt32(m.books.plan.pointee.n) {
            guard let item = ek_plan_item_at(m.books.plan, i) else { break }
            t.put(i == 0 ? "\"" : ",\"")
            t.put(key: item.pointee.key)
            t.put("\"")
        }
        t.put("],\"result\":")
        t.put(raw: raw, count: n)
        t.put("}\n")
        return true
    }
    return ok ? t : Text()
}
