// The checks of the nodes: what each endpoint says of itself, and the venue's program.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// Requests of one tick that corrects something, at most, as long as nothing goes wrong.
private let requestsATick: Int64 = 12

/// Genesis hashes of the public clusters.
private func clusterName(_ hash: Text) -> StaticString? {
    if hash == "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d" { return "mainnet-beta" }
    if hash == "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG" { return "devnet" }
    if hash == "4uhcVJyU9pJkvQyS88uRDiswHXSGkY3zQawwpjk2NsNY" { return "testnet" }
    return nil
}

private let othersWork: StaticString = "the others are used; fix or remove it: "
private let noneWorks: StaticString = "no endpoint works: "

extension Checker {
    // MARK: what each endpoint says of itself

    /// Everything that an order will need is asked one after the other at each endpoint, all endpoints at
    /// once. `payer`: who would pay for the transaction that is only simulated.
    func askEndpoints(_ venue: OpaquePointer?, payer: ek_key) {
        let n = Int(config.pointee.n_urls)
        endpoints = [EndpointAnswers](repeating: EndpointAnswers(), count: n)
        let asked = Questions(venue: venue, payer: payer)
        let end = sys_mono_ms() + Int64(Questions.count) * Int64(config.pointee.timeout_ms)
        for e in 0..<n { askNext(e, asked) }
        while endpoints.contains(where: { $0.waiting || $0.again_ms != 0 }) && sys_mono_ms() < end {
            _ = sys_http_wait(http, nil, 0, 100)
            var r = sys_http_result()
            while sys_http_next(http, &r) != 0 { took(r, asked) }
            for e in 0..<n where endpoints[e].again_ms != 0 && endpoints[e].again_ms <= sys_mono_ms() {
                endpoints[e].again_ms = 0
                askNext(e, asked)
            }
        }
        drain()
    }

    private func askNext(_ e: Int, _ asked: Questions) {
        let step = endpoints[e].step
        let timeout_ms = config.pointee.timeout_ms
        endpoints[e].waiting = asked.body(step) {
            sys_http_post(http, Int32(e), UInt32(step + 1), $0.baseAddress, $0.count, timeout_ms) == 0
        }
        if !endpoints[e].waiting { endpoints[e].trouble = "no request could be started" }
    }

    private func took(_ r: sys_http_result, _ asked: Questions) {
        let e = Int(r.endpoint)
        let step = endpoints[e].step
        endpoints[e].waiting = false
        if r.status == 429 && endpoints[e].limited < 3 {
            endpoints[e].limited += 1
            endpoints[e].again_ms = sys_mono_ms() + 1_000 * max(1, min(r.retry_after_s, 5))
            return
        }
        do throws(Trouble) {
            try understand(Answer(r), e, step)
            if step == Questions.slot { endpoints[e].latency_us = r.latency_us }
            endpoints[e].requestsLeft = r.requests_left
        } catch {
            // Nodes that do not offer a method are still nodes; one that does not answer at all, or does not
            // even tell its slot, is asked no further.
            if r.kind != SYS_HTTP_OK || step == Questions.slot {
                let detail = r.kind == SYS_HTTP_TLS || r.kind == SYS_HTTP_BROKEN
                endpoints[e].trouble = detail ? "\(error.text): \(c: r.error)" : error.text
                endpoints[e].troubleRemedy = error.remedy
                return
            }
            if let q = Questions.refusal(step, error) { endpoints[e].refused.append(q) }
        }
        endpoints[e].step += 1
        if endpoints[e].step < Questions.count { askNext(e, asked) }
    }

    private func understand(_ a: Answer, _ e: Int, _ step: Int) throws(Trouble) {
        var x = ek_json()
        switch step {
        case Questions.slot:
            guard ek_json_u64(try Answers.result(a), &endpoints[e].slot) == EK_OK else {
                throw Trouble("the answer to getSlot is no slot")
            }
        case Questions.genesis:
            var hash = ek_key()
            guard ek_json_key(try Answers.result(a), &hash) == EK_OK else {
                throw Trouble("the answer is no hash")
            }
            endpoints[e].genesis = hash
        case Questions.version:
            let v = try Answers.result(a)
            if ek_json_member(v, "solana-core", &x) == EK_OK {
                endpoints[e].version = Answers.printable(x, limit: 24)
            }
        case Questions.program: takeProgram(try Answers.result(a), e)
        case Questions.blockhash: _ = try Answers.blockhash(a)
        case Questions.epoch: _ = try Answers.epoch(a)
        case Questions.simulate: _ = try Answers.contextSlot(try Answers.result(a), a)
        case Questions.fees: _ = try Answers.feePercentile(a, percentile: 50)
        case Questions.health:
            if case .behind(let slots) = try Answers.health(a) { endpoints[e].behind_slots = slots }
        default: _ = try Answers.status(a)
        }
    }

    private func takeProgram(_ v: ek_json, _ e: Int) {
        var x = ek_json()
        guard ek_json_member(v, "value", &x) == EK_OK, ek_json_kind(x) == 0x7B else { return }
        endpoints[e].programThere = true
        var flag = ek_json()
        let told = ek_json_member(x, "executable", &flag) == EK_OK
        endpoints[e].programExecutable = told && ek_json_kind(flag) == 0x74
    }

    func endpointRows(_ venue: OpaquePointer?) {
        var best: UInt64 = 0
        var usable = false
        var first: ek_key? = nil
        for a in endpoints {
            best = max(best, a.slot)
            if a.trouble == nil { usable = true }
            if first == nil { first = a.genesis }
        }
        for e in 0..<endpoints.count {
            if let why = endpoints[e].trouble {
                row(usable ? .warn : .fail, "RPC #\(e + 1)",
                    "\(c: sys_config_url_shown(config, UInt32(e))): \(why)",
                    remedy: "\(usable ? othersWork : noneWorks)\(endpoints[e].troubleRemedy)")
            } else {
                endpointRow(e, lag: best - endpoints[e].slot, first)
            }
        }
        methodRows()
        programRow(venue)
    }

    /// One that answers. `first`: the cluster of the first endpoint that named one.
    private func endpointRow(_ e: Int, lag: UInt64, _ first: ek_key?) {
        let a = endpoints[e]
        let ms = UInt64(a.latency_us) / 1000
        var foreign = false
        if let first, let genesis = a.genesis { foreign = !same(first, genesis) }
        let slow = ms > UInt64(config.pointee.max_latency_ms)
        let late = max(lag, a.behind_slots) > maxLag_slots
        let tight = a.requestsLeft >= 0 && a.requestsLeft < requestsATick
        var finding = foreign || slow || late || tight ? Finding.warn : .ok
        if slow && endpoints.count == 1 { finding = .fail }
        var remedy = Text()
        if foreign {
            remedy = "another cluster than the first endpoint's: it is never used"
        } else if slow {
            remedy = "too slow to trade through: choose a node that is nearer"
        } else if late {
            remedy = "it will not be preferred while it is so far behind"
        } else if tight {
            remedy = "little is left of its rate limit: a correction takes up to 12 requests"
        }
        row(finding, "RPC #\(e + 1)", described(e, lag: lag),
            limit: "lag \(maxLag_slots), \(config.pointee.max_latency_ms) ms", remedy: remedy)
    }

    /// No slot was measured here: of the nominal length.
    private var maxLag_slots: UInt64 {
        let given = config.pointee.max_slot_lag
        return given != UInt32.max ? UInt64(given) : UInt64(config.pointee.max_lag_ms) / nominalSlot_ms
    }

    private func described(_ e: Int, lag: UInt64) -> Text {
        let a = endpoints[e]
        var cluster: StaticString = "cluster unknown"
        if let genesis = a.genesis { cluster = clusterName("\(key: genesis)") ?? "private cluster" }
        let version: Text = a.version.isEmpty ? "" : ", version \(a.version)"
        let own: Text = a.behind_slots > 0 ? "behind by \(a.behind_slots) slots by its own word, " : ""
        let left: Text = a.requestsLeft >= 0 ? "\(a.requestsLeft) requests left" : "rate limit not told"
        return """
            \(c: sys_config_url_shown(config, UInt32(e))), \(cluster)\(version), slot \(a.slot), lag \(lag), \
            \(a.latency_us / 1000) ms, \(own)\(left)
            """
    }

    private func programRow(_ venue: OpaquePointer?) {
        var asked = false
        var there = false
        var executable = false
        for a in endpoints {
            if a.trouble == nil { asked = true }
            if a.programThere { there = true }
            if a.programThere && a.programExecutable { executable = true }
        }
        guard asked else { return }
        let how: StaticString = !there ? ": not there" : executable ? ", executable" : ", not executable"
        row(there && executable ? .ok : .fail, "program",
            "\(c: ek_venue_name(venue)) \(key: ek_venue_program(venue).pointee)\(how)",
            remedy: "the endpoints show another cluster, or [venue] name is not what you mean")
    }
}
