// The chain's only source of chance: xoshiro256++ seeded through splitmix64. One stream a purpose, so that a
// transaction more or less does not change the price path of a seed. Sources: Blackman and Vigna, "Scrambled
// linear pseudorandom number generators"; Steele, Lea and Flood, "Fast splittable pseudorandom number
// generators" (both algorithms are in the package domain).
//
// The simulator draws from splitmix64 itself: what a seed does is recorded for both, so neither can move to
// the other's generator.

package struct SplitMix64 {
    private var state: UInt64

    package init(state: UInt64) { self.state = state }

    @inline(never) package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct Xoshiro256 {
    private var s0: UInt64, s1: UInt64, s2: UInt64, s3: UInt64

    init(seed: UInt64, stream: UInt64) {
        var source = SplitMix64(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ stream &* 0xD1B5_4A32_D192_ED03)
        s0 = source.next()
        s1 = source.next()
        s2 = source.next()
        s3 = source.next()
    }

    mutating func next() -> UInt64 {
        func rotl(_ v: UInt64, _ k: UInt64) -> UInt64 { (v << k) | (v >> (64 - k)) }
        let r = rotl(s0 &+ s3, 23) &+ s0
        let t = s1 << 17
        s2 ^= s0; s3 ^= s1; s1 ^= s2; s0 ^= s3
        s2 ^= t
        s3 = rotl(s3, 45)
        return r
    }

    /// 0 ..< n (n > 0); the bias of the multiply-shift is below 2^-32 for the small n used here.
    mutating func below(_ n: UInt64) -> UInt64 { next().multipliedFullWidth(by: n).high }

    /// True once in `n` draws on average; never for n = 0.
    mutating func oneIn(_ n: UInt64) -> Bool { n != 0 && below(n) == 0 }

    /// About normal, standard deviation `sd`: four 16-bit uniforms summed (sd of the raw sum 37 837).
    mutating func normal(sd: Int64) -> Int64 {
        let r = next()
        let sum = Int64(r & 0xFFFF) + Int64(r >> 16 & 0xFFFF) + Int64(r >> 32 & 0xFFFF) + Int64(r >> 48)
        return (sum - 131_070) * sd / 37_837
    }
}
