// Time as the machine is told it.

/// The two clocks of an event. `mono_ms` only ever grows; `unix_s` is wall time and may step.
package struct Now {
    package var mono_ms: UInt64
    package var unix_s: Int64
    package init(mono_ms: UInt64, unix_s: Int64) {
        self.mono_ms = mono_ms
        self.unix_s = unix_s
    }
}
