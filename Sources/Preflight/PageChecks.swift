// The checks of the page: its address, and the token that its controls need.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Text

private let shortestToken = 16
private let longestToken = 128

extension Checker {
    /// `running`: an agent of this config answers, and has the port itself.
    func pageRows(running: Bool) {
        if config.pointee.listen_on == 0 {
            row(.ok, "page", "off")
            return
        }
        let host = sys_config_listen_host(config)
        let at: Text = "\(c: host), port \(config.pointee.listen_port)"
        let err = host.map { sys_port_try($0, config.pointee.listen_port) } ?? 0
        if err == 0 {
            row(.ok, "page", "\(at): free")
        } else if err == Int32(SYS_PORT_TAKEN) && running {
            row(.ok, "page", "\(at): in use, an agent runs")
        } else {
            row(.warn, "page", "\(at): \(c: sys_errno_text(err))", remedy: """
                the page would not be served; trading does not depend on it. Name another address \
                under [web] listen
                """)
        }
        tokenRow()
    }

    private func tokenRow() {
        guard let file = sys_config_token_file(config), file.pointee != 0 else {
            row(.ok, "token file", "none: the page shows and controls nothing")
            return
        }
        var look = sys_look()
        sys_look_at(file, &look)
        if let why = tokenTrouble(file) {
            row(.warn, "token file", "\(c: file): \(why)",
                remedy: "head -c 24 /dev/urandom | base64 makes one; without it the page has no controls")
        } else if look.mode & 0o004 != 0 && look.is_link == 0 {
            row(.warn, "token file", "\(c: file), mode \(octal(look.mode))",
                remedy: "everybody on this machine can read it and control the agent: chmod o-r")
        } else {
            row(.ok, "token file", "\(c: file), mode \(octal(look.mode))")
        }
    }

    /// As the page's server judges it.
    private func tokenTrouble(_ file: UnsafePointer<CChar>) -> Text? {
        var bytes = [UInt8](repeating: 0, count: 512)
        defer { for i in 0..<bytes.count { bytes[i] = 0 } }
        let n = bytes.withUnsafeMutableBytes { sys_read_file(file, $0.baseAddress, 512) }
        if n == -1 { return "cannot be read" }
        var token = n < 0 ? bytes[...] : bytes[..<Int(n)]
        while let b = token.last, b == 0x0A || b == 0x0D || b == 0x20 { token.removeLast() }
        while let b = token.first, b == 0x0A || b == 0x20 { token.removeFirst() }
        if token.count < shortestToken || token.count > longestToken {
            return "holds no token of 16 to 128 characters"
        }
        let strange = token.contains { $0 <= 0x20 || $0 > 0x7E }
        return strange ? "holds a blank or a byte that is no character" : nil
    }
}
