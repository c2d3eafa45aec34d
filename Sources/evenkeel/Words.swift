// Arguments in, text out: what every command needs.
import Agent
import EvenkeelCore
import EvenkeelSys
import Kit

enum Words {
    static func argument(_ i: Int32) -> Text? {
        guard let p = sys_argv(i) else { return nil }
        var t = Text()
        t.put(c: p)
        return t
    }

    @_disfavoredOverload static func print(_ t: Text, _ fd: Int32 = 1) {
        _ = t.bytes.withUnsafeBufferPointer { sys_write_all(fd, $0.baseAddress, $0.count) }
    }

    static func print(_ s: StaticString, _ fd: Int32 = 1) { print(Text(s), fd) }

    /// Colours only where a person looks.
    static func colours(_ fd: Int32) -> Bool {
        sys_isatty(fd) != 0 && (sys_env("NO_COLOR")?.pointee ?? 0) == 0
    }

    /// "evenkeel: WORDS" on stderr, and the exit code for bad usage.
    static func refuse(_ words: Text) -> Int32 {
        var t = Text("evenkeel: ")
        t.put(words)
        t.put("\n")
        print(t, 2)
        return 2
    }

    static func usage(_ fd: Int32) {
        print("""
        evenkeel keeps a Solana spot + perp book delta-neutral.

          evenkeel demo [--venue velocity|drift] [--seed N] [--speed X] [--for DURATION]
                                         the agent against the embedded chain, no network or key needed
          evenkeel run -c FILE [--once] [--paper] [--json]
                                         the agent; --once carries one tick through to its end
          evenkeel check -c FILE [--json]
                                         every condition for live trading, and what to do where one fails
          evenkeel status [-c FILE] [--json] [--watch] [--accounts FILE]
                                         what the running agent sees, or the last record; FILE gets its last read
          evenkeel assess ACCOUNTS.json [-c FILE] [--json]
                                         the assessment of a saved read, offline
          evenkeel pause|resume|rebalance|reload -c FILE
                                         over the agent's control socket
          evenkeel flatten -c FILE [--yes]
                                         closes every hedged perp, reduce-only, and stays paused
          evenkeel mode paper|live -c FILE [--yes]
                                         goes on on paper until live is said; live only where the config says live
          evenkeel state show|verify FILE
                                         the binary state as JSON; which slot is damaged
          evenkeel localnet [--venue velocity|drift] [--port N] [--seed N] [--speed X] [--prices FILE.csv]
                                         the embedded chain alone, a Solana JSON-RPC node on loopback
          evenkeel sim [--seeds A..B] [--days N] [--faults all|none|LIST]
                                         the deterministic simulator
          evenkeel init [FILE]           writes a commented config, never over an existing one, and tells the next steps
          evenkeel key new|show FILE     a key for the agent alone; its address
          evenkeel version

        Every command has --help. ${EVENKEEL_CONFIG} may name the config file. Exit codes: 0 done, 1 failed, 2 usage or config,
        3 check failed, 10 once ended blocked or observe_only, 11 once ended in error, pending, partial or unfilled, 130/143 stopped by a signal.

        """, fd)
    }

    static func help(_ s: StaticString) -> Int32 {
        print(s)
        return 0
    }
}

/// Loads the config named by -c or $EVENKEEL_CONFIG; nil after it has said what is wrong.
func loadConfig(_ path: UnsafePointer<CChar>?, _ how: Int) -> ConfigPointerBox? {
    var name = path
    if name == nil { name = sys_env("EVENKEEL_CONFIG") }
    if name?.pointee == 0 { name = nil }        // set but empty is unset
    guard let file = name else {
        _ = Words.refuse(Text("no config file: name one with -c FILE or EVENKEEL_CONFIG; `evenkeel init` writes one"))
        return nil
    }
    let box = ConfigPointerBox()
    var ok = false
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        guard let base = text.baseAddress else { return }
        ok = sys_config_load(file, Int32(how), box.config, base) == EK_OK
        if !ok {
            var t = Text()
            t.put(c: base)
            _ = Words.refuse(t)
        }
    }
    return ok ? box : nil
}

final class ConfigPointerBox {
    let config: UnsafeMutablePointer<sys_config>
    init() {
        config = allocateConfig()
        sys_config_defaults(config)
    }
    deinit { UnsafeMutableRawPointer(config).deallocate() }
}
