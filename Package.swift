// swift-tools-version: 6.0
// One package, two builds. EVENKEEL_EMBEDDED=1 compiles every Swift target as Embedded Swift: that is the shipped binary.
// Without it the same sources build as ordinary Swift, for `swift test` and for debugging.
import PackageDescription

let embedded = Context.environment["EVENKEEL_EMBEDDED"] == "1"
// What makes the shipped binary small: equal runs of instructions are written once (the outliner, 11 KB), the run-time checks
// for overlapping access to a class's fields are left out (33 KB; the ordinary build, which all tests run too, keeps them), and the
// traps of a function share their end (7 KB; none is left out), and loops are not turned inside out (4 KB). `make` builds with these
// and some more that a package cannot ask for: Deploy/small.sh.
let small = ["-Osize", "-enforce-exclusivity=unchecked", "-Xllvm", "-enable-machine-outliner=always", "-Xfrontend", "-mergeable-traps",
             "-Xllvm", "-sil-disable-pass=loop-unroll", "-Xllvm", "-sil-disable-pass=loop-rotate", "-Xllvm", "-sil-disable-pass=closure-specialize"]
let swift: [SwiftSetting] = embedded
    ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-Xfrontend", "-function-sections"] + small)]
    : []
// The simulator asks a million ticks a minute of the embedded chain: without these checks it is an eighth faster. The agent's own code
// keeps them, and the debug build of `swift test` has them everywhere.
let unchecked: [SwiftSetting] = embedded ? [] : [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]
// Text building is the one place where speed is worth bytes: every JSON answer and status goes through it.
let fastSwift: [SwiftSetting] = embedded
    ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-O", "-enforce-exclusivity=unchecked", "-Xfrontend", "-function-sections"])]
    : []
let hardening: [CSetting] = [
    .unsafeFlags(["-std=gnu11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fstack-protector-strong", "-D_GNU_SOURCE",
                  "-ffunction-sections", "-fdata-sections"] + (embedded ? ["-fno-asynchronous-unwind-tables"] : [])),
    .unsafeFlags(["-D_FORTIFY_SOURCE=2"], .when(configuration: .release)),      // glibc has it for optimised code only
]
// The covers wait for the kernel: there only size counts. The core is written so that -Os is as fast as -O2 where it matters
// (`make test-instructions` watches that).
let sizing: [CSetting] = embedded ? [.unsafeFlags(["-Oz"])] : []
let coreSizing: [CSetting] = embedded ? [.unsafeFlags(["-Os"])] : []
let linking: [LinkerSetting] = embedded
    ? [.unsafeFlags(["-use-ld=lld", "-Xlinker", "--gc-sections", "-Xlinker", "--icf=all", "-Xlinker", "-z", "-Xlinker", "relro",
                     "-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "--as-needed"])]
    : []

let package = Package(
    name: "evenkeel",
    targets: [
        .target(name: "EvenkeelCore", path: "CSources/EvenkeelCore", cSettings: hardening + coreSizing,
                linkerSettings: [.linkedLibrary("sodium")]),
        .target(name: "EvenkeelSys", dependencies: ["EvenkeelCore"], path: "CSources/EvenkeelSys", cSettings: hardening + sizing,
                linkerSettings: [.linkedLibrary("jansson"), .linkedLibrary("inih"), .linkedLibrary("sodium")]),      // the others: sys_load.h
        .target(name: "Text", dependencies: ["EvenkeelCore"], swiftSettings: fastSwift + unchecked),
        .target(name: "Agent", dependencies: ["EvenkeelCore", "EvenkeelSys", "Text"], swiftSettings: swift),
        .target(name: "Localnet", dependencies: ["EvenkeelCore", "EvenkeelSys", "Text"], swiftSettings: swift + unchecked),
        .target(name: "Simulator", dependencies: ["Agent", "Localnet", "EvenkeelCore", "EvenkeelSys", "Text"], swiftSettings: swift + unchecked),
        .executableTarget(name: "evenkeel", dependencies: ["Agent", "Localnet", "Simulator", "Text", "EvenkeelCore", "EvenkeelSys"],
                          swiftSettings: swift, linkerSettings: linking),
    ] + (embedded ? [] : [
        .testTarget(name: "EvenkeelTests", dependencies: ["Agent", "Localnet", "Simulator", "Text", "EvenkeelCore", "EvenkeelSys"]),
        // The machine on its bench, driven by the property tests over stdin. Never shipped.
        .executableTarget(name: "evenkeel-probe", dependencies: ["Agent", "Localnet", "Text", "EvenkeelCore", "EvenkeelSys"], path: "Tests/probe"),
    ]),
    swiftLanguageModes: [.v5]
)
