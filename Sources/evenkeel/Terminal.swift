// Arguments in, text out: what every command needs.
import EvenkeelSys
import Model
import Rpc
import Text

enum Terminal {
    static func argument(_ i: Int32) -> Text? { sys_argv(i).map { textOf($0) } }

    static func print(_ t: Text, _ fd: Int32 = 1) {
        _ = t.bytes.withUnsafeBufferPointer { sys_write_all(fd, $0.baseAddress, $0.count) }
    }

    /// Colours only on a terminal that knows more than letters, and not where NO_COLOR is set.
    static func colours(_ fd: Int32) -> Bool {
        redraws(fd) && (sys_env("NO_COLOR")?.pointee ?? 0) == 0
    }

    /// "evenkeel: WHY" on stderr, and the exit code for bad usage.
    static func refuse(_ why: Text) -> Int32 {
        print("evenkeel: \(why)\n", 2)
        return 2
    }

    static func help(_ words: StaticString) -> Int32 {
        print("\(words)")
        return 0
    }
}

/// The text of a C string; nil is empty.
func textOf(_ p: UnsafePointer<CChar>?) -> Text { "\(c: p)" }
