// The simulator's only source of chance: splitmix64 (Localnet has it). Every stream of a seed is its own, so
// that one class of fault more or less does not change what the others do.
import Localnet
import Model
import Rpc

struct RandomGenerator {
    private var source: SplitMix64

    init(seed: UInt64, stream: UInt64) {
        let mixed = stream &* 0xD1B5_4A32_D192_ED03 &+ 0x632B_E59B_D9B4_E019
        source = SplitMix64(state: seed &* 0x9E37_79B9_7F4A_7C15 ^ mixed)
        _ = source.next()
        _ = source.next()
    }

    mutating func next() -> UInt64 { source.next() }

    /// 0 ..< n, n > 0.
    @inline(never) mutating func below(_ n: UInt64) -> UInt64 { next().multipliedFullWidth(by: max(1, n)).high }
    mutating func below(_ n: Int) -> Int { Int(below(UInt64(max(1, n)))) }
    /// low ... high
    @inline(never) mutating func range(_ low: Int64, _ high: Int64) -> Int64 {
        low + Int64(below(UInt64(max(0, high - low)) + 1))
    }
    @inline(never) mutating func chance(permille: UInt64) -> Bool { below(1000) < permille }
    mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
    /// About exponential with that mean, at most eight means, at least 1 (a table-free sum of halvings).
    @inline(never) mutating func wait(mean: Int64) -> Int64 {
        // -ln(u) by counting leading zeros and a linear remainder: exact enough for waiting times.
        let r = next() | 1
        let zeros = Int64(r.leadingZeroBitCount)
        let rest = Int64((r << UInt64(zeros + 1)) >> 54)                 // 10 bits
        let ln_e3 = zeros * 693 + (693 * (1023 - rest)) / 1023
        return max(1, min(mean * 8, mean * ln_e3 / 1000))
    }
}
