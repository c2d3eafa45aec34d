// The checks of the other side: endpoints, cluster, clock, program, account, what the key may do, the gates.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// Requests of one tick that corrects something, at most, as long as nothing goes wrong.
private let requestsATick: Int64 = 12

/// Genesis hashes of the package clusters.
private func clusterName(_ hash: Text) -> StaticString? {
    if hash == "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d" { return "mainnet-beta" }
    if hash == "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG" { return "devnet" }
    if hash == "4uhcVJyU9pJkvQyS88uRDiswHXSGkY3zQawwpvk2NsNY" { return "testnet" }
    return nil
}

extension Checker {
    // MARK: what each endpoint says of itself

    /// getGenesisHash, getVersion, getAccountInfo of the program, getSlot: one after the other at each endpoint, all endpoints at once.
    func askEndpoints(_ venue: OpaquePointer?) {
        let n = Int(config.pointee.n_urls)
        endpoints = [EndpointAnswers](repeating: EndpointAnswers(), count: n)
        let end = sys_mono_ms() + 4 * Int64(config.pointee.timeout_ms)
        for e in 0..<n { askNext(e, venue) }
        while endpoints.contains(where: { $0.waiting }) && sys_mono_ms() < end {
            _ = sys_http_wait(http, nil, 0, 200)
            var r = sys_http_result()
            while sys_http_next(http, &r) != 0 { took(r, venue) }
        }
        drain()
    }

    private func askNext(_ e: Int, _ venue: OpaquePointer?) {
        var t = Text("{\"jsonrpc\":\"2.0\",\"id\":")
        t.put(endpoints[e].step + 1)
        switch endpoints[e].step {
        case 0: t.put(",\"method\":\"getGenesisHash\",\"params\":[]}")
        case 1: t.put(",\"method\":\"getVersion\",\"params\":[]}")
        case 2:
            t.put(",\"method\":\"getAccountInfo\",\"params\":[\"")
            t.put(key: ek_venue_program(venue).pointee)
            t.put("\",{\"encoding\":\"base64\",\"commitment\":\"confirmed\",\"dataSlice\":{\"offset\":0,\"length\":0}}]}")
        default: t.put(",\"method\":\"getSlot\",\"params\":[{\"commitment\":\"confirmed\"}]}")
        }
        let step = endpoints[e].step
        endpoints[e].waiting = t.bytes.withUnsafeBufferPointer {
            sys_http_post(http, Int32(e), UInt32(step + 1), $0.baseAddress, $0.count, config.pointee.timeout_ms) == 0
        }
        if !endpoints[e].waiting { endpoints[e].trouble = Text("no request could be started") }
    }

    private func took(_ r: sys_http_result, _ venue: OpaquePointer?) {
        let e = Int(r.endpoint)
        endpoints[e].waiting = false
        do throws(Trouble) {
            let v = try Answers.result(Answer(r))
            endpoints[e].latency_us = r.latency_us
            endpoints[e].requestsLeft = r.requests_left
            understand(v, e)
        } catch {
            // Nodes that do not offer a method are still nodes; one that does not answer at all is asked no further.
            if r.kind != SYS_HTTP_OK || r.status != 200 || endpoints[e].step == 3 {
                var t = error.text
                if r.kind != SYS_HTTP_OK {
                    t.put(": ")
                    t.put(c: r.error)
                }
                endpoints[e].trouble = t
                return
            }
        }
        endpoints[e].step += 1
        if endpoints[e].step < 4 { askNext(e, venue) }
    }

    private func understand(_ v: ek_json, _ e: Int) {
        var x = ek_json()
        switch endpoints[e].step {
        case 0:
            var hash = ek_key()
            if ek_json_key(v, &hash) == EK_OK { endpoints[e].genesis = hash }
        case 1:
            if ek_json_member(v, "solana-core", &x) == EK_OK { endpoints[e].version = Answers.printable(x, limit: 24) }
        case 2:
            guard ek_json_member(v, "value", &x) == EK_OK, ek_json_kind(x) == 0x7B else { return }
            endpoints[e].programThere = true
            var flag = ek_json()
            endpoints[e].programExecutable = ek_json_member(x, "executable", &flag) == EK_OK && ek_json_kind(flag) == 0x74
        default:
            _ = ek_json_u64(v, &endpoints[e].slot)
        }
    }

    func endpointRows(_ venue: OpaquePointer?) {
        var best: UInt64 = 0
        var usable = 0
        var first: ek_key? = nil
        for a in endpoints {
            best = max(best, a.slot)
            if a.trouble == nil { usable += 1 }
            if first == nil { first = a.genesis }
        }
        for e in 0..<endpoints.count {
            let a = endpoints[e]
            var name = Text("RPC #")
            name.put(e + 1)
            var t = Text()
            t.put(c: sys_config_url_shown(config, UInt32(e)))
            if let why = a.trouble {
                t.put(": ")
                t.put(why)
                add(usable > 0 ? .warn : .fail, name, t, remedy: Text(usable > 0 ? "the others are used; mend or remove it" : "no endpoint works: check the URL, the key in it, and the network"))
                continue
            }
            t.put(", ")
            if let g = a.genesis {
                var hash = Text()
                hash.put(key: g)
                if let known = clusterName(hash) { t.put(known) } else { t.put("private cluster") }
            } else {
                t.put("cluster unknown")
            }
            if !a.version.isEmpty {
                t.put(", version ")
                t.put(a.version)
            }
            let lag = best - a.slot
            let ms = UInt64(a.latency_us) / 1000
            t.put(", slot ")
            t.put(a.slot)
            t.put(", lag ")
            t.put(lag)
            t.put(", ")
            t.put(ms)
            t.put(" ms, ")
            if a.requestsLeft >= 0 {
                t.put(a.requestsLeft)
                t.put(" requests left")
            } else {
                t.put("rate limit not told")
            }
            var limit = Text("lag ")
            limit.put(config.pointee.max_slot_lag)
            limit.put(", ")
            limit.put(config.pointee.max_latency_ms)
            limit.put(" ms")
            let foreign = first != nil && a.genesis != nil && !sameKey(first, a.genesis)
            let slow = ms > UInt64(config.pointee.max_latency_ms)
            let late = lag > UInt64(config.pointee.max_slot_lag)
            let tight = a.requestsLeft >= 0 && a.requestsLeft < requestsATick
            var remedy = Text()
            if foreign { remedy.put("another cluster than the first endpoint's: it is never used") }
            else if slow { remedy.put("too slow to trade through: choose a nearer node") }
            else if late { remedy.put("it will not be preferred while it is so far behind") }
            else if tight { remedy.put("little is left of its rate limit: a correction takes up to 12 requests") }
            let bad = slow && endpoints.count == 1
            add(bad ? .fail : foreign || slow || late || tight ? .warn : .ok, name, t, limit: limit, remedy: remedy)
        }
        programRow(venue)
    }

    private func sameKey(_ a: ek_key?, _ b: ek_key?) -> Bool {
        guard let x = a, let y = b else { return a == nil && b == nil }
        return withUnsafeBytes(of: x) { p in withUnsafeBytes(of: y) { q in p.elementsEqual(q) } }
    }

    private func add(_ finding: Finding, _ name: Text, _ value: Text, limit: Text = Text(capacity: 0), remedy: Text = Text(capacity: 0)) {
        rows.append(CheckRow(finding: finding, name: name, value: value, limit: limit, remedy: finding == .ok ? Text(capacity: 0) : remedy))
    }

    private func programRow(_ venue: OpaquePointer?) {
        var asked = false
        for a in endpoints where a.trouble == nil { asked = true }
        guard asked else { return }
        var t = Text()
        t.put(c: ek_venue_name(venue))
        t.put(" ")
        t.put(key: ek_venue_program(venue).pointee)
        var there = false
        var executable = false
        for a in endpoints where a.programThere {
            there = true
            if a.programExecutable { executable = true }
        }
        t.put(!there ? ": not there" : executable ? ", executable" : ", not executable")
        row(there && executable ? .ok : .fail, "program", t, remedy: Text("the endpoints show another cluster, or [venue] name is not what you mean"))
    }

    // MARK: the book

    func bookRows(_ m: Machine, haveKey: Bool) {
        guard m.bookKnown else {
            var t = m.report.reason
            if t.isEmpty { t = lastError }
            if t.isEmpty { t = Text("no answer in time") }
            row(.fail, "account", t, remedy: Text("compare [account] authority and sub_account with the venue's own page; a layout that is not known needs a newer evenkeel"))
            return
        }
        let user = m.book.pointee.user
        var t = Text("sub-account ")
        t.put(m.subAccount)
        t.put(" of ")
        t.put(key: m.authority)
        t.put(", ")
        t.put(ek_venue_user_len(m.venue))
        t.put(" bytes, layout ")
        t.put(c: ek_venue_layout(m.venue))
        row(.ok, "account", t)
        if m.report.view.valued {
            var b = Text("health ")
            b.put(fixed: Int64(m.report.view.a.health_bp), decimals: 2, shown: 1)
            b.put(" %, leverage ")
            b.put(fixed: Int64(m.report.view.a.leverage_e4), decimals: 4, shown: 2)
            b.put("x, free collateral ")
            b.put(usd: m.report.view.a.free_collateral_e6)
            let low = m.report.view.a.health_bp < m.rules.minHealth_bp
            row(low ? .warn : .ok, "valuation", b, remedy: Text("health is under min_health_pct: only reducing corrections would be made; add collateral or reduce"))
        } else {
            row(.fail, "valuation", m.report.reason, remedy: Text("the agent only observes an account it cannot value"))
        }
        venueRow(m)
        clockRow(m)
        signerRow(m, user, haveKey)
    }

    private func venueRow(_ m: Machine) {
        if m.venueAlive {
            row(.ok, "venue alive", Text("a harmless cancel was simulated and taken"))
        } else {
            row(.fail, "venue alive", m.report.reason, remedy: Text("nothing can be traded there now; the agent goes on watching"))
        }
    }

    private func clockRow(_ m: Machine) {
        let skew = now().unix_s.subtractingReportingOverflow(m.book.pointee.clock.unix_timestamp).partialValue
        var t = Text()
        t.put(skew.magnitude)
        t.put(skew < 0 ? " s behind the chain's" : " s ahead of the chain's")
        row(skew.magnitude > 30 ? .warn : .ok, "clock", t, limit: Text("30 s"),
            remedy: Text("set the time service right (timedatectl); the cooldown then leans on slots, logs tell a wrong time"))
    }

    private func signerRow(_ m: Machine, _ user: ek_user, _ haveKey: Bool) {
        if !haveKey { return }
        var t = Text()
        t.put(key: m.signer)
        if same(m.signer, user.authority) {
            t.put(" is the authority itself")
            row(.warn, "signer", t, remedy: Text("this key can withdraw everything: make a delegate's with `evenkeel key new` and authorise it"))
        } else if ek_user_has_delegate(ek_book_user(m.book)) != 0 && same(m.signer, user.delegate) {
            t.put(" is the delegate")
            row(.ok, "signer", t)
        } else {
            t.put(" is neither authority nor delegate")
            row(.fail, "signer", t, remedy: Text("authorise it as the account's delegate in the venue's own page, with the owner's wallet"))
        }
    }

    // MARK: gates, and what would happen

    func gateRows(_ m: Machine) {
        guard m.bookKnown else { return }
        for i in 0..<m.hedges.count {
            marketRow(m, i)
            let gates = i == m.current ? m.report.gates : m.hedges[i].gates
            for g in gates where i == m.current || !accountWide(g.gate) {
                var name = Text("gate ")
                name.put(g.name)
                if m.hedges.count > 1 && !accountWide(g.gate) {
                    name.put(" ")
                    name.put(m.hedges[i].rules.asset)
                }
                add(g.ok ? .ok : .fail, name, g.value, limit: g.limit, remedy: g.ok ? Text(capacity: 0) : remedy(g, m))
            }
        }
        let r = m.record.pointee
        if r.mode == UInt8(EK_MODE_HELD) && config.pointee.mode == UInt8(SYS_MODE_LIVE) {
            row(.warn, "mode", Text("on paper by command"), remedy: Text("`evenkeel mode live` when real orders are wanted"))
        }
        if r.paused != 0 { row(.fail, "pause", Text("on"), remedy: Text("`evenkeel resume` when trading may go on")) }
        if r.breaker_open != 0 {
            var t = Text("open after ")
            t.put(r.failures_in_row)
            t.put(" failures in a row")
            row(.fail, "breaker", t, remedy: Text("look at the log for the reason, then `evenkeel resume`"))
        }
    }

    /// The same reading for every market.
    private func accountWide(_ g: GateName) -> Bool {
        switch g {
        case .health, .exchange, .user, .latency, .slotLag, .chainMoves, .gasReserve, .killSwitch: return true
        default: return false
        }
    }

    private func marketRow(_ m: Machine, _ i: Int) {
        let h = m.hedges[i]
        var name = Text("market ")
        name.put(h.rules.perpName)
        var t = Text()
        if !h.view.known {
            t.put(h.reason.isEmpty ? Text("not found or not readable") : h.reason)
            add(.fail, name, t, remedy: Text("compare the section's name with the venue's list of markets"))
            return
        }
        t.put("found, spot ")
        t.put(fixed: h.view.a.spot_base_e9, decimals: 9, shown: 4, sign: true)
        t.put(", perp ")
        t.put(fixed: h.view.perp_e9, decimals: 9, shown: 4, sign: true)
        t.put(", drift ")
        m.putDrift(&t, h.view)
        add(.ok, name, t)
    }

    private func remedy(_ g: Gate, _ m: Machine) -> Text {
        if g.gate == .gasReserve && g.allowed.number > g.measured.number {
            var t = Text("send at least ")
            t.put(fixed: g.allowed.number - g.measured.number + 99_999, decimals: 9, shown: 4)
            t.put(" SOL to ")
            t.put(key: m.signer)
            return t
        }
        return g.reason
    }

    func finishRows(_ m: Machine?) {
        guard let m = m, m.bookKnown else { return }
        if !wouldSign && (m.report.status == .error || m.report.status == .observeOnly) && failed == 0 {
            row(.fail, "tick", m.report.reason, remedy: Text("see the reason"))
        }
        if !ended { row(.fail, "tick", Text("did not end in time"), remedy: Text("the endpoints are too slow: see their rows")) }
        if wouldSend { row(.fail, "check", Text("a send was asked for and refused"), remedy: Text("this is a bug: please report it")) }
    }
}
