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
    if hash == "4uhcVJyU9pJkvQyS88uRDiswHXSGkY3zQawwpvk2NsNY" { return "testnet" }
    return nil
}

extension Checker {
    // MARK: what each endpoint says of itself

    /// getGenesisHash, getVersion, getAccountInfo of the program, getSlot: one after the other at each
    /// endpoint, all endpoints at once.
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
        let step = endpoints[e].step
        var t: Text = "{\"jsonrpc\":\"2.0\",\"id\":\(step + 1),\"method\":"
        switch step {
        case 0: t.put("\"getGenesisHash\",\"params\":[]}")
        case 1: t.put("\"getVersion\",\"params\":[]}")
        case 2:
            t.put("\"getAccountInfo\",\"params\":[\"\(key: ek_venue_program(venue).pointee)\",")
            t.put("{\"encoding\":\"base64\",\"commitment\":\"confirmed\",")
            t.put("\"dataSlice\":{\"offset\":0,\"length\":0}}]}")
        default: t.put("\"getSlot\",\"params\":[{\"commitment\":\"confirmed\"}]}")
        }
        let timeout_ms = config.pointee.timeout_ms
        endpoints[e].waiting = t.bytes.withUnsafeBufferPointer {
            sys_http_post(http, Int32(e), UInt32(step + 1), $0.baseAddress, $0.count, timeout_ms) == 0
        }
        if !endpoints[e].waiting { endpoints[e].trouble = "no request could be started" }
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
            // Nodes that do not offer a method are still nodes; one that does not answer at all is asked no
            // further.
            if r.kind != SYS_HTTP_OK || r.status != 200 || endpoints[e].step == 3 {
                endpoints[e].trouble = r.kind != SYS_HTTP_OK ? "\(error.text): \(c: r.error)" : error.text
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
            guard ek_json_member(v, "solana-core", &x) == EK_OK else { return }
            endpoints[e].version = Answers.printable(x, limit: 24)
        case 2:
            guard ek_json_member(v, "value", &x) == EK_OK, ek_json_kind(x) == 0x7B else { return }
            endpoints[e].programThere = true
            var flag = ek_json()
            let told = ek_json_member(x, "executable", &flag) == EK_OK
            endpoints[e].programExecutable = told && ek_json_kind(flag) == 0x74
        default:
            _ = ek_json_u64(v, &endpoints[e].slot)
        }
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
                    remedy: usable ? "the others are used; fix or remove it"
                        : "no endpoint works: check the URL, the key in it, and the network")
            } else {
                endpointRow(e, lag: best - endpoints[e].slot, first)
            }
        }
        programRow(venue)
    }

    /// One that answers. `first`: the cluster of the first endpoint that named one.
    private func endpointRow(_ e: Int, lag: UInt64, _ first: ek_key?) {
        let a = endpoints[e]
        let ms = UInt64(a.latency_us) / 1000
        var foreign = false
        if let first, let genesis = a.genesis { foreign = !same(first, genesis) }
        let slow = ms > UInt64(config.pointee.max_latency_ms)
        let late = lag > UInt64(config.pointee.max_slot_lag)
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
            limit: "lag \(config.pointee.max_slot_lag), \(config.pointee.max_latency_ms) ms", remedy: remedy)
    }

    private func described(_ e: Int, lag: UInt64) -> Text {
        let a = endpoints[e]
        var t: Text = "\(c: sys_config_url_shown(config, UInt32(e))), "
        if let genesis = a.genesis {
            t.put(clusterName("\(key: genesis)") ?? "private cluster")
        } else {
            t.put("cluster unknown")
        }
        if !a.version.isEmpty { t.put(", version \(a.version)") }
        t.put(", slot \(a.slot), lag \(lag), \(a.latency_us / 1000) ms, ")
        t.put(a.requestsLeft >= 0 ? "\(a.requestsLeft) requests left" : "rate limit not told")
        return t
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
