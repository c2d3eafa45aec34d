// What a run is asked for, and who watches it from inside the process (`demo`).
import Engine
import EvenkeelSys
import Model
import Text

/// What a run was asked for beyond the config file.
package struct RunOptions {
    package var once = false
    /// STATUS lines on stdout.
    package var json = false
    /// How much faster than the wall the agent's clocks run; 1 outside of `demo`.
    package var speed: UInt64 = 1
    /// Unix time at which accelerated clocks start; 0: now.
    package var startUnix_s: Int64 = 0
    /// What the clocks count from, of the monotonic clock and by their own: set once, when the run begins.
    var startMono_ms: Int64 = 0
    var startedUnix_ms: Int64 = 0
    /// Whether wall time runs from the monotonic clock; at speed 1 it is the system's own, steps and all.
    var ownTime: Bool { speed != 1 || startUnix_s != 0 }
    /// The page may take another port when its own is taken.
    package var anyPort = false
    package init() {}

    mutating func begin() {
        startMono_ms = sys_mono_ms()
        startedUnix_ms = startUnix_s != 0 ? startUnix_s * 1000 : sys_unix_ms()
    }
}

package protocol StatusSink: AnyObject {
    func status(_ machine: Machine, _ now: Now)
    /// Whether the run should end.
    var done: Bool { get }
    /// The page can be reached now, at this port of the configured address.
    func served(port: UInt16)
}
