// What a test says to the chain, and what it answers.
import Text
@testable import Localnet

func ask(_ n: ChainNode, _ s: String) -> String {
    var out = Text()
    _ = bytes(s).withUnsafeBufferPointer { n.handle($0, &out) }
    return String(decoding: out.bytes, as: UTF8.self)
}

func control(_ n: ChainNode, _ s: String) -> String {
    var out = Text()
    _ = bytes(s).withUnsafeBufferPointer { n.control($0, &out) }
    return String(decoding: out.bytes, as: UTF8.self)
}

func bytes(_ s: String) -> [UInt8] { Array(s.utf8) }
