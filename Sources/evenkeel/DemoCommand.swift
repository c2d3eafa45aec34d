// `demo`: starts the embedded chain as a child on a loopback port, makes a key and a config in a scratch
// directory, and runs the unchanged agent against it on accelerated clocks.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

struct DemoArguments {
    var venue: Text = "velocity"
    var seed: Int64 = 7
    var speed: Int64 = 300
    var duration_s: Int64 = 6 * 3600
    /// Where the page is served; empty: no page. `anyPort`: the port was not asked for, another one will do.
    var listen: Text = "127.0.0.1:8000"
    var anyPort = true
}

private let demoHelp: StaticString = """
    evenkeel demo [--venue velocity|drift] [--seed N] [--speed X] [--for DURATION] \
    [--listen ADDR:PORT] [--no-web]

    The unchanged agent against the embedded chain on a loopback port, \
    in accelerated time; no config, key or network is
    needed. It starts with 10 SOL of spot against a short of 9. \
    Deposits and withdrawals disturb the book; a summary at
    the end compares with doing nothing.
      --seed N        prices, funding and disturbances follow from it (7)
      --speed X       how many times as fast as real time (300)
      --for DURATION  of the chain's time: 90s, 45m, 12h, 3d (6h)
      --listen A:P    where the page is served while the demo runs \
    (127.0.0.1:8000, or a free port when that is taken)
      --no-web        no page

    """

func demoCommand() -> Int32 {
    var a = DemoArguments()
    var help = false
    var o = sys_opts()
    let bad = options("venue= seed= speed= for= no-web listen= h:help", &o) { i, value in
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
            return a.listen.bytes.contains(0x3A)        // the rest is the config's to judge
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help { return Terminal.help(demoHelp) }

    var dir = Text()
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { p in
        guard let base = p.baseAddress, sys_temp_dir(base, 256) == 0 else { return }
        dir = textOf(base)
    }
    if dir.isEmpty {
        Terminal.print("evenkeel: no scratch directory could be made\n", 2)
        return 1
    }
    defer { dir.withCString { sys_remove_dir($0) } }
    var child: Int32 = 0
    defer { sys_end_child(child) }
    guard let chain = startChain(a, &child) else {
        Terminal.print("evenkeel: the embedded chain did not start\n", 2)
        return 1
    }
    return runDemo(a, dir, chain)
}

/// The keypair file of 32 bytes of 8, which the chain knows as the delegate.
private func writeKey(_ path: Text) -> Bool {
    var seed = [UInt8](repeating: 8, count: 32)
    var pub = ek_key()
    var secret = [UInt8](repeating: 0, count: 64)
    guard ek_crypto_init() == EK_OK else { return false }
    ek_ed25519_from_seed(&seed, &pub, &secret)
    var t: Text = "["
    for i in 0..<64 { t.put("\(i > 0 ? "," : "")\(secret[i])") }
    t.put("]\n")
    return writePrivate(t, path)
}

private func writePrivate(_ t: Text, _ path: Text) -> Bool {
    path.withCString { p in
        t.bytes.withUnsafeBufferPointer { sys_write_private(p, $0.baseAddress, $0.count) }
    } == 0
}

/// The config of the demo's agent: everything in the scratch directory.
private func demoConfig(_ a: DemoArguments, _ dir: Text, _ chain: ChainAddress) -> Text {
    var c: Text = """
        [agent]
        mode = live
        loop_interval_seconds = 60
        state = \(dir)/state.bin
        control = \(dir)/control.sock
        [rpc]
        url = \(chain.url)
        [venue]
        name = \(a.venue)
        [account]
        keypair = \(dir)/delegate.json
        authority = \(chain.authority)
        [hedge SOL-PERP]
        spot = venue:SOL, wallet:SOL
        max_trades_per_day = 200
        [signer]
        max_orders_per_hour = 3600
        [web]
        listen = \(a.listen)

        """
    if !a.listen.isEmpty { c.put("token_file = \(dir)/web-token\n") }
    return c
}

/// The web page's token, new for every demo and shown with the address: its controls work only for who sees
/// this terminal.
private func makeToken(_ dir: Text) -> Text? {
    var random = [UInt8](repeating: 0, count: 16)
    guard random.withUnsafeMutableBytes({ sys_random($0.baseAddress, 16) }) == 0 else { return nil }
    var token = Text()
    for b in random { token.put(hex: b) }
    return writePrivate(token, "\(dir)/web-token") ? token : nil
}

/// nil: the config is good and stands in `box`; else what is wrong with it.
private func load(_ config: Text, _ box: LoadedConfig) -> Text? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { why in
        guard let base = why.baseAddress else { return "no memory" }
        let name: StaticString = "demo"
        let err = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: 5) { n in
            config.bytes.withUnsafeBufferPointer {
                sys_config_parse(n, $0.baseAddress, $0.count, 0, box.config, base)
            }
        }
        return err == EK_OK ? nil : textOf(base)
    }
}

private func runDemo(_ a: DemoArguments, _ dir: Text, _ chain: ChainAddress) -> Int32 {
    guard writeKey("\(dir)/delegate.json") else { return 1 }
    var token = Text()
    if !a.listen.isEmpty {
        guard let made = makeToken(dir) else { return 1 }
        token = made
    }
    let box = LoadedConfig()
    if let wrong = load(demoConfig(a, dir, chain), box) { return Terminal.refuse(wrong) }
    var run = RunOptions()
    run.speed = UInt64(a.speed)
    run.startUnix_s = 1_786_205_390
    run.anyPort = a.anyPort
    var log = Logger()
    log.fd = -1
    let view = DemoView(live: Terminal.redraws(1), speed: UInt64(a.speed), seed: a.seed,
                        endsAfter_s: a.duration_s)
    let reachable = everywhere(box.config)
    view.host = reachable ?? hostShown(box.config)
    let url: Text = "http://\(view.host)"
    view.exposed = url.withCString { sys_url_is_loopback($0) } == 0
    view.token = token
    if !view.live {
        let how: Text = "\(a.venue) on the embedded chain, \(a.speed)x, seed \(a.seed)"
        Terminal.print("evenkeel demo: \(how); 10 SOL of spot against a short of 9\n")
    }
    let code = runAgent(box.config, options: run, log: log, sink: view)
    let totals = chainSummary(chain)
    view.summary(fees_e6: totals.fees_e6, funding_e6: totals.funding_e6, lamports: totals.lamports)
    return code
}

/// Served on every address of this machine: one of them that others can reach; nil: it is one address.
private func everywhere(_ config: UnsafeMutablePointer<sys_config>) -> Text? {
    let host = textOf(sys_config_listen_host(config))
    guard host == "0.0.0.0" || host == "::" else { return nil }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { p in
        guard let base = p.baseAddress, sys_own_address(base, 64) != 0 else { return "127.0.0.1" }
        return textOf(base)
    }
}

/// The configured address as it stands in a URL.
private func hostShown(_ config: UnsafeMutablePointer<sys_config>) -> Text {
    let host = textOf(sys_config_listen_host(config))
    return host.bytes.contains(0x3A) ? "[\(host)]" : host                  // an IPv6 address
}
