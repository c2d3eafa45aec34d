// What `evenkeel help` prints.
import Model
import Rpc
import Text

extension Terminal {
    static func usage(_ fd: Int32) {
        print("""
        evenkeel keeps a Solana spot + perp book delta-neutral.

          evenkeel demo [--venue velocity|drift] [--seed N] [--speed X] [--for DURATION]
                                         the agent against the embedded chain, no network or key needed
          evenkeel run -c FILE [--once] [--paper] [--json]
                                         the agent; --once runs one tick to its end
          evenkeel check -c FILE [--json]
                                         every condition for live trading, and what to do where one fails
          evenkeel status [-c FILE] [--json] [--watch] [--accounts FILE]
                                         what the running agent sees, or the last record; \
        saves its last read to FILE
          evenkeel assess ACCOUNTS.json [-c FILE] [--json]
                                         the assessment of a saved read, offline
          evenkeel pause|resume|rebalance|reload -c FILE
                                         over the agent's control socket
          evenkeel flatten -c FILE [--yes]
                                         closes every hedged perp, reduce-only, and stays paused
          evenkeel mode paper|live -c FILE [--yes]
                                         paper: no orders until `mode live`; \
        live only where the config has mode = live
          evenkeel signer show|limit USD|price USD [--market NAME] -c FILE
                                         what the signer may still lose; changed while the agent is stopped
          evenkeel state show|verify FILE
                                         the binary state as JSON; which slot is damaged
          evenkeel localnet [--venue velocity|drift] [--port N] [--seed N] [--speed X] [--prices FILE.csv]
                                         the embedded chain alone, a Solana JSON-RPC node on loopback
          evenkeel sim [--seeds A..B] [--days N] [--faults all|none|LIST]
                                         the deterministic simulator
          evenkeel init [FILE] [--yes]   a commented config, never over an existing one; asks on a terminal
          evenkeel key new|show FILE     a key for the agent alone; its address
          evenkeel version

        Every command has --help. Without -c the config is ${EVENKEEL_CONFIG}, else
        /etc/evenkeel/evenkeel.conf, else ./evenkeel.conf (run: only the first). Exit codes: 0 done, 1 failed,
        2 usage or config, 3 check failed, 4 status: not trading, 5 status: no agent, 10 once ended blocked or
        observe_only, 11 once ended in error, pending, partial or unfilled, 130/143 stopped by a signal.

        """, fd)
    }
}
