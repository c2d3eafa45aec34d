// The config that a command works with.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

/// Where a config is looked for that nobody named.
private let packaged: StaticString = "/etc/evenkeel/evenkeel.conf"
private let here: StaticString = "./evenkeel.conf"

private func there(_ path: StaticString) -> UnsafePointer<CChar>? {
    let p = UnsafeRawPointer(path.utf8Start).assumingMemoryBound(to: CChar.self)
    return sys_path_there(p) != 0 ? p : nil
}

/// Loads the config named by -c or $EVENKEEL_CONFIG; else the package's, else the one in this directory.
/// `named`: none that was not named is taken. nil after it has printed what is wrong.
func loadConfig(_ path: UnsafePointer<CChar>?, _ how: Int, named: Bool = false) -> LoadedConfig? {
    var name = path
    if name == nil { name = sys_env("EVENKEEL_CONFIG") }
    if name?.pointee == 0 { name = nil }        // set but empty is unset
    if name == nil && !named { name = there(packaged) ?? there(here) }
    guard let file = name else {
        _ = Terminal.refuse("""
            no config file: name one with -c FILE or EVENKEEL_CONFIG\
            \(named ? "" : " (there is no \(packaged) and no \(here))"); `evenkeel init` writes one
            """)
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
