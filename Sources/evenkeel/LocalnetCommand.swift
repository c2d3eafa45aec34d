// `localnet`: the embedded chain on a loopback port.
import EvenkeelCore
import EvenkeelSys
import Localnet
import Model
import Rpc
import Text

struct LocalnetArguments {
    var options = ChainOptions()
    var port: Int32 = 18899
    var tickMs: Int64?
    var speedPermille: Int64 = 1000
    var help = false
}

enum LocalnetCommand {
    static let usage: StaticString = """
        evenkeel localnet [options]: the embedded chain on a loopback port, \
        an Agave node's JSON-RPC with a model of the
        venue behind it

          --venue velocity|drift   which program's accounts and rules (velocity)
          --port N                 0 takes a free port (18899)
          --seed N                 prices, funding, keepers and disturbances follow from it (1)
          --speed X                chain seconds per wall second (1)
          --tick-ms N              wall milliseconds a slot at speed 1; \
        0: time moves only by POST /ctl warp (250)
          --slot-seconds X         chain seconds a slot (0.25)
          --prices FILE.csv        time,open,high,low,close,... with a header; \
        replaces the random walk while it lasts
          --price X                SOL price at the start (76.34075)
          --volatility PCT         standard deviation of an hour's return in percent (0.9); 0 stands still
          --authority KEY|seed:N   owner of the account (seed:7); seed:N is the keypair of 32 bytes N
          --delegate KEY|seed:N|none   (seed:8)
          --sub-account N          (0)
          --usdt X --sol X --perp X --entry-price X   the book at the start (1000, 10, 0, oracle price)
          --wallet-sol X           native SOL of both wallets (1)
          --disturb HOURS          mean time between deposits and withdrawals of 1-10 % of the spot (0: off)
          --liquidity X            SOL a taker finds before the quote has refilled (150)
          --spread-bps X --impact-bps X   half spread (6) and impact per SOL taken (0.2)
          --take-fail PCT          slots in which nothing fills at once (0)
          --keeper-latency SLOTS   how late keepers are (3); --partial PCT: fills that leave a rest (0)
          --funding PCT            mean yearly funding longs pay (8)
          --land-delay SLOTS --confirm-slots N --prio-fee N --slot N --unix-ts N --random-blockhash

        """

    /// Reads the options from argv[first] on. nil: fine; else what is wrong, in words.
    static func parse(_ a: inout LocalnetArguments, first: Int32) -> Text? {
        var o = sys_opts()
        let words = UnsafeRawPointer(spec.utf8Start).assumingMemoryBound(to: CChar.self)
        sys_opts_begin(&o, words, first)
        a.options.delegate = Genesis.seedKey(8)
        while true {
            let k = sys_opts_next(&o)
            if k == SYS_OPT_END { break }
            if k == SYS_OPT_ERROR { return "\(c: sys_opts_text(&o))" }
            guard let name = Option(rawValue: k) else { return "unknown option" }
            let v: Text = "\(c: o.value)"
            if name == .help { a.help = true; return nil }
            if let bad = set(&a, name, v) { return bad }
        }
        return sys_opts_words(&o) > 0 ? "unexpected argument \"\(c: sys_opts_word(&o, 0))\"" : nil
    }

    /// In the order of `spec`.
    private enum Option: Int32 {
        case venue, port, seed, speed, tickMs, slotSeconds, prices, price, volatility, authority, delegate,
            subAccount
        case usdt, sol, perp, entryPrice, walletSol, disturb, liquidity, spread, impact, takeFail,
            keeperLatency, partial, funding
        case landDelay, confirmSlots, prioFee, slot, unixTs, randomBlockhash, help
    }
    private static let spec: StaticString = """
        venue= port= seed= speed= tick-ms= slot-seconds= prices= price= volatility= \
        authority= delegate= sub-account= usdt= sol= perp= entry-price= wallet-sol= \
        disturb= liquidity= spread-bps= impact-bps= take-fail= keeper-latency= partial= funding= \
        land-delay= confirm-slots= prio-fee= slot= unix-ts= random-blockhash h:help
        """

    private static func number(_ v: Text, _ decimals: Int, _ min: Int64, _ max: Int64) -> Int64? {
        let n = v.bytes.withUnsafeBufferPointer { Decimal.parse($0, decimals) }
        guard let n, n >= min, n <= max else { return nil }
        return n
    }

    private static func key(_ v: Text) -> Key? {
        if v.bytes.starts(with: [0x73, 0x65, 0x65, 0x64, 0x3A]) {      // "seed:"
            var t = Text()
            t.put(bytes: Array(v.bytes.dropFirst(5)))
            guard let n = number(t, 0, 0, 255) else { return nil }
            return Genesis.seedKey(UInt8(n))
        }
        var k = ek_key()
        let ok = v.withCString { ek_key_from_base58($0, v.count, &k) }
        return ok == EK_OK ? Key(k) : nil
    }

    private static func set(_ a: inout LocalnetArguments, _ o: Option, _ v: Text) -> Text? {
        let big: Int64 = 9_000_000_000_000_000
        func take(_ decimals: Int, _ min: Int64, _ max: Int64, _ put: (Int64) -> Void) -> Bool {
            guard let n = number(v, decimals, min, max) else { return false }
            put(n)
            return true
        }
        var ok = true
        var allowed: StaticString = "a number in its range (see --help)"
        switch o {
        case .venue:
            a.options.velocity = v == "velocity"
            ok = v == "velocity" || v == "drift"
            allowed = "velocity or drift"
        case .port:
            ok = take(0, 0, 65_535) { a.port = Int32($0) }
            allowed = "0 to 65535"
        case .seed: ok = take(0, 0, .max) { a.options.seed = UInt64($0) }
        case .speed:
            ok = take(3, 1, 100_000_000) { a.speedPermille = $0 }
            allowed = "more than 0 and at most 100000"
        case .tickMs: ok = take(0, 0, 3_600_000) { a.tickMs = $0 }
        case .slotSeconds: ok = take(3, 1, 3_600_000) { a.options.slotMs = $0 }
        case .prices: return load(&a, v)
        case .price: ok = take(6, 1000, big) { a.options.priceE6 = $0 }
        case .volatility: ok = take(4, 0, 1_000_000) { a.options.volatilityPpmHour = $0 }
        case .authority, .delegate:
            allowed = "a base58 package key or seed:N with N from 0 to 255"
            if o == .delegate && v == "none" { a.options.delegate = Key() } else if let k = key(v) {
                if o == .authority { a.options.authority = k } else { a.options.delegate = k }
            } else { ok = false }
        case .subAccount: ok = take(0, 0, 65_535) { a.options.subAccount = UInt16($0) }
        case .usdt: ok = take(6, -big, big) { a.options.quoteE6 = $0 }
        case .sol: ok = take(9, -big, big) { a.options.solE9 = $0 }
        case .perp: ok = take(9, -big, big) { a.options.perpE9 = $0 }
        case .entryPrice: ok = take(6, 0, big) { a.options.entryPriceE6 = $0 }
        case .walletSol: ok = take(9, 0, .max) { a.options.walletLamports = UInt64($0) }
        case .disturb: ok = take(6, 0, big) { a.options.disturbMeanSeconds = $0 * 36 / 10_000 }
        case .liquidity: ok = take(9, 0, big) { a.options.liquidityE9 = $0 }
        case .spread: ok = take(2, 0, 100_000) { a.options.spreadPpm = $0 }
        case .impact: ok = take(2, 0, 100_000) { a.options.impactPpmPerBase = $0 }
        case .takeFail: ok = take(1, 0, 1000) { a.options.takeFailPermille = UInt64($0) }
        case .keeperLatency: ok = take(0, 0, 100_000) { a.options.keeperLatencySlots = UInt64($0) }
        case .partial: ok = take(1, 0, 1000) { a.options.partialPermille = UInt64($0) }
        case .funding: ok = take(4, -10_000_000, 10_000_000) { a.options.fundingPpmYear = $0 }
        case .landDelay: ok = take(0, 0, 1000) { a.options.landDelay = UInt64($0) }
        case .confirmSlots: ok = take(0, 0, 32) { a.options.confirmSlots = UInt64($0) }
        case .prioFee: ok = take(0, 0, big) { a.options.priorityFee = UInt64($0) }
        case .slot: ok = take(0, 1, big) { a.options.slot = UInt64($0) }
        case .unixTs: ok = take(0, 1, 253_402_300_799) { a.options.startUnix = $0 }
        case .randomBlockhash:
            var r: UInt64 = 0
            _ = sys_random(&r, 8)
            a.options.hashSalt = r
        case .help: break
        }
        return ok ? nil : "\"\(v)\": must be \(allowed)"
    }

    private static func load(_ a: inout LocalnetArguments, _ path: Text) -> Text? {
        var n = 0, e: Int32 = 0
        guard let p = path.withCString({ sys_read_alloc($0, 64 << 20, &n, &e) }) else {
            return "\(path): \(c: sys_errno_text(e))"
        }
        defer { sys_free(p) }
        a.options.prices = PriceCsv.read(UnsafeBufferPointer(start: p, count: n))
        return a.options.prices.count < 2 ? "\(path): no rows of time,open,high,low,close" : nil
    }

    private static func failed(_ why: Text, code: Int32) -> Int32 {
        Terminal.print("evenkeel localnet: \(why)\n", 2)
        return code
    }

    /// The whole command: parses from argv[first], listens, prints the greeting on stdout, serves until a
    /// signal. Returns the exit code: 0, 2 (usage), 1 (cannot listen), 130 or 143 after a signal.
    static func run(first: Int32) -> Int32 {
        var a = LocalnetArguments()
        if let bad = parse(&a, first: first) { return failed(bad, code: 2) }
        if a.help {
            Terminal.print("\(usage)")
            return 0
        }
        let signals = sys_signals_open()
        let net = LocalnetServer(a.options, tickMs: a.tickMs, speedPermille: a.speedPermille)
        if let bad = net.open(port: a.port) { return failed(bad, code: 1) }
        var greeting = Text()
        net.greeting(&greeting)
        Terminal.print(greeting)
        while true {
            net.run(stopFd: signals)
            let s = signals >= 0 ? sys_signals_next(signals) : 0
            if s == 1 || s == 0 { continue }
            net.close()
            return 128 + s
        }
    }
}
