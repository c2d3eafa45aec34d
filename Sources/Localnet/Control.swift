// POST /ctl: the same operations, names and answers as the test node over the real program, so that one suite
// drives both.
import EvenkeelCore
import Text

struct ControlError: Error {
    var message: Text
    init(_ message: Text) { self.message = message }
}

extension ChainNode {
    package var isBehind: Bool { healthBehind > 0 }

    /// Answers one control request; false: refused (HTTP 400).
    package func control(_ body: UnsafeBufferPointer<UInt8>, _ out: inout Text) -> Bool {
        out.clear()
        out.put("{\"ok\":true,\"result\":")
        var j = Json(capacity: 0)
        swap(&j.text, &out)
        do throws(ControlError) {
            guard let q = Value.root(body), q.isObject else {
                throw ControlError("ValueError: not a JSON object")
            }
            try perform(q, &j)
            noteUser()
            swap(&j.text, &out)
            out.put("}")
            return true
        } catch {
            swap(&j.text, &out)
            out.clear()
            out.put("{\"ok\":false,\"error\":\(quoted: error.message)}")
            return false
        }
    }

    private func perform(_ q: Value, _ j: inout Json) throws(ControlError) {
        let op = q["op"].text ?? ""
        switch true {
        case op == "set_price" || op == "post_oracle": try setPrice(q, &j)
        case op == "reprice": try reprice(q, &j)
        case op == "oracle_lag":
            oracleLag = min(UInt64(clamping: try integer(q, "slots")), 1_000_000_000)
            postOracles(age: oracleLag)
            one("oracle_lag", oracleLag, &j)
        case op == "auto_oracle":
            freshOracles = q["on"].bool ?? true
            j.open(); j.bool("auto_oracle", freshOracles); j.close()
        case op == "warp":
            warp(slots: q["slots"].i64 ?? 0, ms: q["seconds"].decimal(3))
            j.open(); j.int("slot", world.slot); j.int("ts", world.unixTs); j.close()
        case op == "set_user": try setUser(q, &j)
        case op == "set_lamports":
            world.ledger.setLamports(try key(q, "pubkey"), UInt64(clamping: try integer(q, "lamports")))
            yes(&j)
        case op == "poke": try poke(q, &j)
        case op == "set_account": try setAccount(q, &j)
        case op == "fill" || op == "make": try op == "make" ? makeOrder(q, &j) : fill(q, &j)
        case op == "keeper_fill":
            let id = UInt32(clamping: try integer(q, "order_id"))
            let done = liveOrders().first { $0.1.id == id }.map { keeperFill($0.0, partial: false) } ?? false
            j.open(); j.bool("filled", done); j.null("err"); j.openList("logs"); j.closeList(); j.close()
        case op == "fault": try addFault(q, &j)
        case op == "clear_faults":
            faults.removeAll()
            healthBehind = 0
            frozen = nil
            flap = nil
            yes(&j)
        case op == "behind":
            healthBehind = q["slots"].u64 ?? 50
            yes(&j)
        case op == "freeze" || op == "unfreeze" || op == "snapshot": setView(op, &j)
        case op == "flap": try setFlap(q, &j)
        case op == "market": try setMarket(q, &j)
        case op == "add_funding":
            guard let r = q["usd_per_base"].decimal(9) else { throw ControlError("KeyError: 'usd_per_base'") }
            addFunding(r, rate: r, perp: at.perps[0])
            one("delta_1e9", r, &j)
        case op == "expire_blockhashes":
            hashes.clear()
            hashSalt &+= 0x9E37_79B9_7F4A_7C15
            moveClock()
            yes(&j)
        case op == "tick":
            let ms = try integer(q, "ms")
            guard ms >= 0 else { throw ControlError("ValueError: ms must not be negative") }
            tickMs = ms
            one("tick_ms", ms, &j)
        case op == "model": try setModel(q, &j)
        case op == "upgrade": try setUpgrade(q, &j)
        case op == "disturb":
            guard let d = q["sol"].decimal(9) else { throw ControlError("KeyError: 'sol'") }
            change(spotBy: d)
            one("sol_1e9", tokenAmount(spot: 1), &j)
        default:
            if !show(op, q, &j) { throw ControlError("ValueError: unknown op \(op)") }
        }
    }

    /// What every read shows from now on, or what one may show later.
    private func setView(_ op: Text, _ j: inout Json) {
        if op == "unfreeze" {
            frozen = nil
            return yes(&j)
        }
        let view = View(ledger: world.ledger, slot: world.slot)
        if op == "freeze" { frozen = view } else { saved = view }
        one(op == "freeze" ? "frozen_slot" : "slot", world.slot, &j)
    }

    private func setUpgrade(_ q: Value, _ j: inout Json) throws(ControlError) {
        guard let u = VenueUpgrade.allCases.first(where: { q["stage"].equals($0.name) }) else {
            throw ControlError("ValueError: stage must be off, paused, program, layout or empty")
        }
        setUpgrade(u)
        yes(&j)
    }

    /// What only shows something; false: no such operation.
    private func show(_ op: Text, _ q: Value, _ j: inout Json) -> Bool {
        switch true {
        case op == "state" || op == "user": putState(&j)
        case op == "log": putLog(Int(clamping: q["n"].i64 ?? 20), &j)
        case op == "events": putEvents(since: Int(clamping: q["since"].i64 ?? 0), &j)
        case op == "dump": putDump(&j)
        case op == "summary": putSummary(&j)
        case op == "help":
            let ops: [StaticString] = [
                "state", "user", "set_price", "post_oracle", "warp", "set_user", "set_lamports", "poke",
                "set_account", "fill", "fault", "clear_faults", "behind", "freeze", "unfreeze", "auto_oracle",
                "market", "add_funding", "expire_blockhashes", "log", "keeper_fill", "tick", "reprice",
                "oracle_lag", "snapshot", "flap", "dump", "events", "summary", "model", "disturb", "upgrade",
                "make",
            ]
            j.open()
            j.openList("ops")
            for o in ops { j.item(o) }
            j.closeList()
            j.close()
        default: return false
        }
        return true
    }

    func yes(_ j: inout Json) { j.text.put("true") }

    func one<T: FixedWidthInteger>(_ k: StaticString, _ v: T, _ j: inout Json) {
        j.open(); j.int(k, v); j.close()
    }

    func integer(_ q: Value, _ k: StaticString) throws(ControlError) -> Int64 {
        guard let v = q[k].decimal(0) else { throw ControlError("KeyError: \(k)") }
        return v
    }

    func key(_ q: Value, _ k: StaticString) throws(ControlError) -> Key {
        guard let v = q[k].key else { throw ControlError("ValueError: no package key in \(k)") }
        return v
    }

    func liveOrders() -> [(Int, Order)] {
        var out: [(Int, Order)] = []
        for i in 0..<32 {
            let o = layout.order(world.ledger.data(at.user), i)
            if o.status == Order.Status.open { out.append((i, o)) }
        }
        return out
    }

    /// `slots` single steps (the first 300; the rest is one jump), `ms` spread over them when given.
    private func warp(slots: Int64, ms: Int64?) {
        let n = min(max(0, slots), 100_000_000)
        let ms = ms.map { min(max($0, -1_000_000_000_000), 1_000_000_000_000) }
        if n == 0 {
            if let ms { step(0, ms: ms) }
            return
        }
        let single = min(n, 300)
        for i in 0..<single {
            // Spread without losing the remainder of the division.
            step(1, ms: ms.map { mulDiv($0, i + 1, n) - mulDiv($0, i, n) } ?? options.slotMs)
        }
        if n > 300 {
            step(UInt64(n - 300), ms: ms.map { $0 - mulDiv($0, 300, n) } ?? options.slotMs * (n - 300))
        }
    }

    private func setPrice(_ q: Value, _ j: inout Json) throws(ControlError) {
        let i = q["which"].equals("usdt") || q["which"].equals("usdc") ? 1 : 0
        if q["price"].exists {
            guard let p = q["price"].decimal(9) else { throw ControlError("ValueError: price") }
            tracks[i].priceE9 = min(max(p, -(1 << 40)), 1 << 52)
        }
        if let c = q["conf"].decimal(8) { tracks[i].confE8 = min(max(c, 0), 1 << 50) }
        let age = min(UInt64(clamping: q["slot_age"].i64 ?? 0), 1_000_000_000)
        postOracle(i, age: age, publishAgeMs: q["publish_age_s"].decimal(3))
        if age > 0 { freshOracles = false }
        let d = world.ledger.data(at.oracles[i])
        j.open()
        j.int("price_1e6", OracleView(d, source: 12).priceE6)
        j.int("posted_slot", d.u64(24))
        j.bool("auto_oracle", freshOracles)
        j.close()
    }

    /// The whole market at another price, as if it had been there for a day.
    private func reprice(_ q: Value, _ j: inout Json) throws(ControlError) {
        guard let p = q["price"].decimal(9), p > 0, p <= 1 << 52 else {
            throw ControlError("ValueError: price")
        }
        let conf = mulDiv(tracks[0].confE8, p, max(1, tracks[0].priceE9))
        tracks[0].priceE9 = p
        tracks[0].twapE9 = p
        tracks[0].twap5E9 = p
        tracks[0].confE8 = conf
        midE9 = p
        let m = at.perps[0], P = layout.perp
        for o in [P.lastFillPrice, P.lastFundingOracleTwap, P.mmPrice] { world.ledger.set(p / 1000, o, in: m) }
        for o in [P.markStd, P.oracleStd] { world.ledger.set(p / 1000 * 3 / 10_000, o, in: m) }
        writeAverages()
        postOracle(0, age: oracleLag, publishAgeMs: nil)
        one("price_1e6", p / 1000, &j)
    }

    private func setFlap(_ q: Value, _ j: inout Json) throws(ControlError) {
        let every = q["every"].i64 ?? 0
        if every <= 0 {
            flap = nil
            yes(&j)
            return
        }
        guard let s = saved else { throw ControlError("ValueError: flap needs a snapshot first") }
        var names: [Text] = []
        q["methods"].each { if let t = $0.text { names.append(t) } }
        if names.isEmpty {
            names = ["getMultipleAccounts", "getAccountInfo", "getBalance", "getSlot",
                     "getBlockHeight", "getSignatureStatuses"]
        }
        flap = Flap(every: Int(every), ignoreMin: q["ignore_min"].bool ?? true, methods: names)
        one("from_slot", s.slot, &j)
    }

    private func addFault(_ q: Value, _ j: inout Json) throws(ControlError) {
        guard let kind = Fault.Kind.all.first(where: { q["kind"].equals($0.name) }) else {
            throw ControlError("ValueError: unknown kind \(q["kind"].text ?? "")")
        }
        var f = Fault(kind: kind)
        f.n = q["n"].i64 ?? 1
        q["methods"].each { if let t = $0.text { f.methods.append(t) } }
        if q["pubkey"].exists { f.pubkey = try key(q, "pubkey") }
        f.status = q["status"].i64 ?? (kind == .execHttpError ? 500 : 429)
        f.ms = q["ms"].i64 ?? 1000
        f.code = q["code"].i64 ?? -32603
        if let m = q["message"].text { f.message = m }
        f.slots = min(UInt64(clamping: q["slots"].i64 ?? 5), 1_000_000)
        if kind.isSend { f.methods = ["sendTransaction"] }
        if faults.count > 256 { faults.removeAll { $0.n <= 0 } }
        faults.append(f)
        put(fault: f, &j)
    }

    func put(fault f: Fault, _ j: inout Json) {
        j.open()
        j.string("kind", f.kind.name)
        j.int("n", f.n)
        if !f.methods.isEmpty {
            j.openList("methods")
            for m in f.methods { j.item(m) }
            j.closeList()
        }
        if !f.pubkey.isZero { j.string("pubkey", key: f.pubkey.ek) }
        j.close()
    }
}
