// One tick of the agent's own machine over a book and rules of anyone's choosing, for the property tests: a
// JSON object a line on stdin says what is so, a line on stdout says what came of it. The bench is the one of
// the Swift tests: the embedded chain in process.
import Decide
import EvenkeelCore
import Foundation
import Localnet
import Model
import Rpc
import Text

func words(_ t: Text) -> String { String(decoding: t.bytes, as: UTF8.self) }

extension Dictionary where Key == String, Value == Any {
    func int(_ k: String) -> Int64? { (self[k] as? NSNumber)?.int64Value }
}

/// What the chain's control says to an operation.
func ask(_ b: Bench, _ op: [String: Any]) throws -> Any {
    var out = Text()
    let body = Array(try JSONSerialization.data(withJSONObject: op))
    _ = body.withUnsafeBufferPointer { b.node.control($0, &out) }
    let answer = try JSONSerialization.jsonObject(with: Data(out.bytes)) as? [String: Any] ?? [:]
    guard answer["ok"] as? Bool == true, let result = answer["result"] else {
        throw Wrong("\(op): \(answer)")
    }
    return result
}

struct Wrong: Error { let text: String; init(_ t: String) { text = t } }

func rules(_ q: [String: Any]) throws -> Rules {
    var r = Bench.rules()
    for (k, v) in q {
        guard let n = (v as? NSNumber)?.int64Value else { throw Wrong("\(k): a number is wanted") }
        switch k {
        case "tolerance_ppm": r.hedges[0].tolerance_ppm = UInt32(n)
        case "cooldown_s": r.hedges[0].cooldown_s = UInt32(n)
        case "min_trade_e9": r.hedges[0].minTrade_e9 = UInt64(n)
        case "max_trade_e9": r.hedges[0].maxTrade_e9 = UInt64(n)
        case "max_leverage_e4": r.hedges[0].maxLeverage_e4 = UInt32(n)
        case "max_trades_per_day": r.hedges[0].maxTradesPerDay = UInt32(n)
        case "ratio_ppm": r.hedges[0].ratio_ppm = UInt32(n)
        case "target_e9": r.hedges[0].target_e9 = n
        case "min_health_bp": r.minHealth_bp = UInt32(n)
        case "equity_floor_e6": r.equityFloor_e6 = n
        case "max_notional_day_e6": r.maxNotionalDay_e6 = n
        case "max_latency_ms": r.maxLatency_ms = UInt64(n)
        case "gas_reserve_lamports": r.gasReserve_lamports = UInt64(n)
        case "max_oracle_age_slots": r.maxOracleAge_slots = UInt64(n)
        case "max_oracle_divergence_ppm": r.maxOracleDivergence_ppm = UInt64(n)
        case "max_cost_ppm": r.maxCost_ppm = UInt64(n)
        case "force_drift_ppm": r.forceDrift_ppm = n
        case "foreign": if n != 0 { r.genesis = ek_key() }
        default: throw Wrong("no such rule: \(k)")
        }
    }
    return r
}

func tick(_ q: [String: Any]) throws -> [String: Any] {
    var o = ChainOptions()
    o.velocity = q["venue"] as? String != "drift"
    o.volatilityPpmHour = 0
    o.solE9 = q.int("sol_e9") ?? 9_000_000_000
    o.perpE9 = q.int("perp_e9") ?? -9_000_000_000
    o.walletLamports = UInt64(q.int("wallet_lamports") ?? 1_000_000_000)
    let b = Bench(o, rules: try rules(q["rules"] as? [String: Any] ?? [:]))
    for op in q["ops"] as? [[String: Any]] ?? [] { _ = try ask(b, op) }
    if q.int("kill") == 1 { b.kill = true }
    if q.int("breaker") == 1 { b.record.pointee.breaker_open = 1 }
    if q.int("paused") == 1 { b.record.pointee.paused = 1 }
    if q.int("disk_full") == 1 { b.persistErrno = 28 }
    if q.int("signer_refuses") == 1 { b.signs = false }
    if let late = q.int("blockhash_late_slots") {
        b.rewrite = { method, _, body in
            guard method == "getLatestBlockhash", let from = body.range(of: "\"slot\":") else { return body }
            let number = body[from.upperBound...].prefix { $0.isNumber }
            let older = String(max(1, (Int64(number) ?? 0) - late))
            return body.replacingCharacters(in: from.upperBound..<number.endIndex, with: older)
        }
    }
    // A success before: only a market that the record knows has one, and the first tick makes it known.
    let before = try ask(b, ["op": "state"])
    if let ago = q.int("success_seconds_ago") {
        let killed = b.kill
        b.kill = true
        b.runTick()
        b.kill = killed
        guard let m = ek_record_market(b.record, 0) else { throw Wrong("the record knows no market") }
        let slot = b.machine.book.pointee.slot - UInt64(min(ago * 5 / 2, 1_000_000))
        m.pointee.last_success = ek_moment(unix_s: b.unix_s - ago, slot: slot)
        b.start(try rules(q["rules"] as? [String: Any] ?? [:]))
    }
    let sent = b.sent.count
    b.runTick()
    // What it did may rest on the book for a while; nothing new begins before the next tick.
    let m = b.machine!
    let order = m.hedges[0].decision
    var after = Text()
    _ = Array(#"{"op":"state"}"#.utf8).withUnsafeBufferPointer { b.node.control($0, &after) }
    let state = try JSONSerialization.jsonObject(with: Data(after.bytes)) as? [String: Any]
    let perp = ek_book_perp(m.book, 0)
    var a: [String: Any] = ["before": before, "after": state?["result"] ?? [:]]
    a["status"] = b.status
    a["reason"] = b.reason
    a["sent"] = b.sent.count - sent
    a["signed"] = b.effects.contains(.sign) ? 1 : 0
    a["closed"] = m.gates.filter { !$0.ok }.map { words(Text($0.name)) }
    a["verdict"] = Int(order.verdict)
    a["reduce_only"] = Int(order.reduce_only)
    a["capped"] = Int(order.capped)
    a["size_e9"] = String(order.size_base_e9)
    a["spot_e9"] = String(m.report.view.a.spot_base_e9)
    a["net_e9"] = String(m.report.view.net_e9)
    a["step_e9"] = String(perp?.pointee.step_base_e9 ?? 0)
    a["least_e9"] = String(perp?.pointee.min_order_base_e9 ?? 0)
    return a
}

setvbuf(stdout, nil, _IOLBF, 0)
while let line = readLine() {
    var answer: [String: Any]
    do {
        answer = try tick(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:])
    } catch {
        answer = ["trouble": "\(error)"]
    }
    print(String(decoding: try JSONSerialization.data(withJSONObject: answer), as: UTF8.self))
}
