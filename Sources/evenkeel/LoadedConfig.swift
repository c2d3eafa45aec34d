// The config that a command works with.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// Loads the config named by -c or $EVENKEEL_CONFIG; nil after it has printed what is wrong.
func loadConfig(_ path: UnsafePointer<CChar>?, _ how: Int) -> LoadedConfig? {
    var name = path
    if name == nil { name = sys_env("EVENKEEL_CONFIG") }
    if name?.pointee == 0 { name = nil }        // set but empty is unset
    guard let file = name else {
        _ = Terminal.refuse("no config file: name one with -c FILE or EVENKEEL_CONFIG; `evenkeel init` writes one")
        return nil
    }
    let box = LoadedConfig()
    var ok = false
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { why in
        guard let base = why.baseAddress else { return }
        ok = sys_config_load(file, Int32(how), box.config, base) == EK_OK
        if !ok { _ = Terminal.refuse("\(c: base)") }
    }
    return ok ? box : nil
}

final class LoadedConfig {
    let config: UnsafeMutablePointer<sys_config>
    init() {
        config = allocateConfig()
        sys_config_defaults(config)
    }
    deinit { UnsafeMutableRawPointer(config).deallocate() }
}
