// `demo`: starts the embedded chain as a child on a loopback port, makes a key and a config in a scratch directory, and runs the
// unchanged agent against it on accelerated clocks.
import Agent
import Localnet
import EvenkeelCore
import EvenkeelSys
import Kit

private struct DemoArguments {
    var venue = Text("velocity")
    var seed: Int64 = 7
    var speed: Int64 = 300
    var duration_s: Int64 = 6 * 3600
    /// "127.0.0.1:8000"; empty: no page. `anyPort`: nobody asked for this very port.
    var listen = Text("127.0.0.1:8000")
    var anyPort = true
}

private let demoHelp: StaticString = """
    evenkeel demo [--venue velocity|drift] [--seed N] [--speed X] [--for DURATION] [--listen ADDR:PORT] [--no-web]

    The unchanged agent against the embedded chain on a loopback port, in accelerated time; no config, key or network. It starts with
    10 SOL of spot against a short of 9, deposits and withdrawals disturb the book, and at the end a summary compares with doing nothing.
      --seed N        prices, funding and disturbances follow from it (7)
      --speed X       how much faster than the wall (300)
      --for DURATION  of the chain's time: 90s, 45m, 12h, 3d (6h)
      --listen A:P    where the page is served while the demo runs (127.0.0.1:8000, or a free port when that is taken)
      --no-web        no page

    """

func demoCommand() -> Int32 {
    var a = DemoArguments()
    var help = false
    var o = sys_opts()
    let bad = options("venue= seed= speed= for= no-web listen= h:help", first: 2, &o) { i, value in
        switch i {
        case 0:
            a.venue = textOf(value)
            return a.venue == "velocity" || a.venue == "drift"
        case 1: return sys_parse_i64(value, 0, Int64.max, &a.seed) != 0
        case 2: return sys_parse_i64(value, 1, 5_000, &a.speed) != 0
        case 3: return sys_parse_duration_s(value, &a.duration_s) != 0
        case 4: a.listen = Text()
        case 5:
            a.listen = textOf(value)
            a.anyPort = false
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help { return Words.help(demoHelp) }

    var dir = Text()
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { p in
        guard let base = p.baseAddress, sys_temp_dir(base, 256) == 0 else { return }
        dir.put(c: base)
    }
    if dir.isEmpty {
        Words.print("evenkeel: no scratch directory could be made\n", 2)
        return 1
    }
    defer { dir.withCString { sys_remove_dir($0) } }
    var child: Int32 = 0
    defer { sys_end_child(child) }
    guard let chain = startChain(a, &child) else {
        Words.print("evenkeel: the embedded chain did not start\n", 2)
        return 1
    }
    return runDemo(a, dir, chain)
}

private struct ChainAddress {
    var url = Text()
    var authority = Text()
    var unix_s: Int64 = 0
}

private func startChain(_ a: DemoArguments, _ child: inout Int32) -> ChainAddress? {
    var words: [Text] = []
    func add(_ s: StaticString) { words.append(Text(s)) }
    func add(_ v: Int64) {
        var t = Text()
        t.put(v)
        words.append(t)
    }
    add("evenkeel"); add("localnet"); add("--port"); add("0"); add("--venue"); words.append(a.venue)
    add("--seed"); add(a.seed); add("--speed"); add(a.speed)
    add("--sol"); add("9.5"); add("--wallet-sol"); add("0.5"); add("--perp"); add("-9"); add("--usdt"); add("1000")
    add("--price"); add("148.32"); add("--disturb"); add("1.5"); add("--take-fail"); add("10")
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
        key.utf8Start.withMemoryRebound(to: CChar.self, capacity: key.utf8CodeUnitCount + 1) { _ = ek_json_member(root, $0, &v) }
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

/// The keypair file of 32 bytes of 8, which the chain knows as the delegate.
private func writeKey(_ path: Text) -> Bool {
    var seed = [UInt8](repeating: 8, count: 32)
    var pub = ek_key()
    var secret = [UInt8](repeating: 0, count: 64)
    guard ek_crypto_init() == EK_OK else { return false }
    ek_ed25519_from_seed(&seed, &pub, &secret)
    var t = Text("[")
    for i in 0..<64 {
        if i > 0 { t.put(",") }
        t.put(secret[i])
    }
    t.put("]\n")
    return path.withCString { p in t.bytes.withUnsafeBufferPointer { sys_write_private(p, $0.baseAddress, $0.count) } } == 0
}

private func runDemo(_ a: DemoArguments, _ dir: Text, _ chain: ChainAddress) -> Int32 {
    var keyPath = dir
    keyPath.put("/delegate.json")
    guard writeKey(keyPath) else { return 1 }
    var c = Text(capacity: 1024)
    c.put("[agent]\nmode = live\nloop_interval_seconds = 60\nstate = ")
    c.put(dir)
    c.put("/state.bin\ncontrol = ")
    c.put(dir)
    c.put("/control.sock\n[rpc]\nurl = ")
    c.put(chain.url)
    c.put("\n[venue]\nname = ")
    c.put(a.venue)
    c.put("\n[account]\nkeypair = ")
    c.put(keyPath)
    c.put("\nauthority = ")
    c.put(chain.authority)
    c.put("\n[hedge SOL-PERP]\nspot = venue:SOL, wallet:SOL\nmax_trades_per_day = 200\n[signer]\nmax_orders_per_hour = 3600\n[web]\nlisten = ")
    c.put(a.listen)
    var token = Text()
    if !a.listen.isEmpty {
        // Made anew for every demo and shown with the address: the controls work at once, and only for who sees this terminal.
        var random = [UInt8](repeating: 0, count: 16)
        guard random.withUnsafeMutableBytes({ sys_random($0.baseAddress, 16) }) == 0 else { return 1 }
        for b in random { token.put(hex: b) }
        var path = dir
        path.put("/web-token")
        guard path.withCString({ p in token.bytes.withUnsafeBufferPointer { sys_write_private(p, $0.baseAddress, $0.count) } }) == 0 else { return 1 }
        c.put("\ntoken_file = ")
        c.put(path)
    }
    c.put("\n")
    let box = ConfigPointerBox()
    var refused = Text()
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        guard let base = text.baseAddress else { return }
        let name: StaticString = "demo"
        let err = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: 5) { n in
            c.bytes.withUnsafeBufferPointer { sys_config_parse(n, $0.baseAddress, $0.count, 0, box.config, base) }
        }
        if err != EK_OK { refused.put(c: base) }
    }
    if !refused.isEmpty { return Words.refuse(refused) }
    var run = RunOptions()
    run.speed = UInt64(a.speed)
    run.startUnix_s = 1_786_205_390
    run.anyPort = a.anyPort
    var log = Logger()
    log.fd = -1
    let view = DemoView(live: sys_isatty(1) != 0, speed: UInt64(a.speed), seed: a.seed, endsAfter_s: a.duration_s)
    view.host = hostShown(box.config)
    view.token = token
    if !view.live {
        var t = Text("evenkeel demo: ")
        t.put(a.venue)
        t.put(" on the embedded chain, ")
        t.put(a.speed)
        t.put("x, seed ")
        t.put(a.seed)
        t.put("; 10 SOL of spot against a short of 9\n")
        Words.print(t)
    }
    let code = runAgent(box.config, options: run, log: log, sink: view)
    let totals = chainSummary(chain)
    view.summary(fees_e6: totals.fees_e6, funding_e6: totals.funding_e6, lamports: totals.lamports)
    return code
}

/// The configured address as it stands in a URL.
private func hostShown(_ config: UnsafeMutablePointer<sys_config>) -> Text {
    var host = Text()
    host.put(c: sys_config_listen_host(config))
    if !host.bytes.contains(0x3A) { return host }
    var t = Text("[")
    t.put(host)
    t.put("]")
    return t
}

/// Asks the chain what it booked itself.
private func chainSummary(_ chain: ChainAddress) -> (fees_e6: Int64?, funding_e6: Int64?, lamports: UInt64) {
    guard let http = sys_http_new() else { return (nil, nil, 0) }
    defer { sys_http_free(http) }
    var url = chain.url
    url.put("/ctl")
    guard url.withCString({ sys_http_add(http, $0) }) == 0 else { return (nil, nil, 0) }
    let body = Text("{\"op\":\"summary\"}")
    guard body.bytes.withUnsafeBufferPointer({ sys_http_post(http, 0, 1, $0.baseAddress, $0.count, 2_000) }) == 0 else { return (nil, nil, 0) }
    var r = sys_http_result()
    while sys_http_next(http, &r) == 0 { _ = sys_http_wait(http, nil, 0, 100) }
    var root = ek_json()
    var v = ek_json()
    guard r.kind == SYS_HTTP_OK, ek_json_root(r.body, r.body_len, &root) == EK_OK else { return (nil, nil, 0) }
    var fees: Int64 = 0
    var funding: Int64 = 0
    var lamports: UInt64 = 0
    let hasFees = ek_json_path(root, "result.fees_paid_e6", &v) == EK_OK && ek_json_i64(v, &fees) == EK_OK
    let hasFunding = ek_json_path(root, "result.funding_received_e6", &v) == EK_OK && ek_json_i64(v, &funding) == EK_OK
    if ek_json_path(root, "result.lamports_fees", &v) == EK_OK { _ = ek_json_u64(v, &lamports) }
    return (hasFees ? fees : nil, hasFunding ? funding : nil, lamports)
}
