// How the agent's process shuts itself in (docs/signer.md): it keeps the files it works with and nothing
// else.
import EvenkeelSys
import Text

/// Shuts the agent's own process in; what the kernel cannot do is returned in words.
func confine(_ config: ConfigPointer) -> Text {
    let ring = besideState(config, ".ring")
    var held: UInt32 = 0
    ring.withCString { ringPath in
        var paths = sys_sandbox_paths()
        paths.state = UnsafePointer(sys_config_state(config))
        paths.ring = ringPath
        paths.control = UnsafePointer(sys_config_control(config))
        paths.config = UnsafePointer(sys_config_file(config))
        paths.keypair = UnsafePointer(sys_config_keypair(config))
        paths.token = UnsafePointer(sys_config_token_file(config))
        held = sys_sandbox_agent(&paths)
    }
    return missingProtection(held)
}

/// The names of what the kernel does not give.
func missingProtection(_ bits: UInt32) -> Text {
    var t = Text()
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 96) { text in
        guard let base = text.baseAddress else { return }
        sys_sandbox_missing(bits, base)
        t.put(c: base)
    }
    return t
}
