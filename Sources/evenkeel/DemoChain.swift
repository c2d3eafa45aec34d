// The embedded chain of `demo`: a child process on a loopback port.
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

struct ChainAddress {
    var url = Text()
    var authority = Text()
    var unix_s: Int64 = 0
}

func startChain(_ a: DemoArguments, _ child: inout Int32) -> ChainAddress? {
    let words: [Text] = [
        "evenkeel", "localnet", "--port", "0", "--venue", a.venue,
        "--seed", "\(a.seed)", "--speed", "\(a.speed)",
        "--sol", "9.5", "--wallet-sol", "0.5", "--perp", "-9", "--usdt", "1000",
        "--price", "148.32", "--disturb", "1.5", "--take-fail", "10",
    ]
    // One NUL-terminated block, and pointers into it.
    var block: [UInt8] = []
    var starts: [Int] = []
    for w in words {
        starts.append(block.count)
        block.append(contentsOf: w.bytes)
        block.append(0)
    }
    var out: Int32 = -1
    block.withUnsafeBufferPointer { b in
        guard let base = b.baseAddress else { return }
        var argv: [UnsafePointer<CChar>?] = []
        for s in starts { argv.append(UnsafeRawPointer(base + s).assumingMemoryBound(to: CChar.self)) }
        argv.append(nil)
        child = argv.withUnsafeBufferPointer { sys_spawn_self($0.baseAddress, &out) }
    }
    if child <= 0 { return nil }
    var address: ChainAddress? = nil
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { line in
        guard let base = line.baseAddress else { return }
        let n = sys_read_line(out, base, 1024, 5_000)
        if n > 0 { address = parseGreeting(base, Int(n)) }
    }
    return address
}

private func parseGreeting(_ line: UnsafePointer<CChar>, _ n: Int) -> ChainAddress? {
    let raw = UnsafeRawPointer(line).assumingMemoryBound(to: UInt8.self)
    var root = ek_json()
    guard ek_json_root(raw, n, &root) == EK_OK else { return nil }
    func text(_ key: StaticString) -> Text {
        var v = ek_json()
        var out = Text()
        key.utf8Start.withMemoryRebound(to: CChar.self, capacity: key.utf8CodeUnitCount + 1) {
            _ = ek_json_member(root, $0, &v)
        }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { p in
            var len = 0
            if let base = p.baseAddress, ek_json_text(v, base, 256, &len) == EK_OK { out.put(c: base) }
        }
        return out
    }
    var a = ChainAddress()
    a.url = text("listening")
    a.authority = text("authority")
    return a.url.isEmpty || a.authority.isEmpty ? nil : a
}

/// What the chain itself booked: fees, funding and lamports of network fees; nil where it does not say.
func chainSummary(_ chain: ChainAddress) -> (fees_e6: Int64?, funding_e6: Int64?, lamports: UInt64) {
    guard let http = sys_http_new() else { return (nil, nil, 0) }
    defer { sys_http_free(http) }
    let url: Text = "\(chain.url)/ctl"
    guard url.withCString({ sys_http_add(http, $0) }) == 0 else { return (nil, nil, 0) }
    let body: Text = "{\"op\":\"summary\"}"
    let sent = body.bytes.withUnsafeBufferPointer {
        sys_http_post(http, 0, 1, $0.baseAddress, $0.count, 2_000)
    }
    guard sent == 0 else { return (nil, nil, 0) }
    var r = sys_http_result()
    while sys_http_next(http, &r) == 0 { _ = sys_http_wait(http, nil, 0, 100) }
    var root = ek_json()
    var v = ek_json()
    guard r.kind == SYS_HTTP_OK, ek_json_root(r.body, r.body_len, &root) == EK_OK else {
        return (nil, nil, 0)
    }
    var fees: Int64 = 0
    var funding: Int64 = 0
    var lamports: UInt64 = 0
    let hasFees = ek_json_path(root, "result.fees_paid_e6", &v) == EK_OK && ek_json_i64(v, &fees) == EK_OK
    let hasFunding = ek_json_path(root, "result.funding_received_e6", &v) == EK_OK
        && ek_json_i64(v, &funding) == EK_OK
    if ek_json_path(root, "result.lamports_fees", &v) == EK_OK { _ = ek_json_u64(v, &lamports) }
    return (hasFees ? fees : nil, hasFunding ? funding : nil, lamports)
}
