// swift-tools-version: 6.0
// One package, two builds. EVENKEEL_EMBEDDED=1 compiles every Swift target as Embedded Swift: that is the shipped binary.
// Without it the same sources build as ordinary Swift, for `swift test` and for debugging.
import PackageDescription

let embedded = Context.environment["EVENKEEL_EMBEDDED"] == "1"
let swift: [SwiftSetting] = embedded
    ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-Osize", "-Xfrontend", "-function-sections"])]
    : []
// Text building is the one place where speed is worth bytes: every JSON answer and status goes through it.
let fastSwift: [SwiftSetting] = embedded
    ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-O", "-Xfrontend", "-function-sections"])]
    : []
let hardening: [CSetting] = [
    .unsafeFlags(["-std=gnu11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fstack-protector-strong", "-D_GNU_SOURCE",
                  "-ffunction-sections", "-fdata-sections"]),
]
let linking: [LinkerSetting] = embedded
    ? [.unsafeFlags(["-use-ld=lld", "-Xlinker", "--gc-sections", "-Xlinker", "--icf=all", "-Xlinker", "-z", "-Xlinker", "relro",
                     "-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"])]
    : []

let package = Package(
    name: "evenkeel",
    targets: [
        .target(name: "EvenkeelCore", path: "CSources/EvenkeelCore", cSettings: hardening,
                linkerSettings: [.linkedLibrary("sodium")]),
        .target(name: "EvenkeelSys", dependencies: ["EvenkeelCore"], path: "CSources/EvenkeelSys", cSettings: hardening,
                linkerSettings: [.linkedLibrary("curl"), .linkedLibrary("jansson"), .linkedLibrary("inih"),
                                 .linkedLibrary("websockets"), .linkedLibrary("sodium")]),
        .target(name: "Kit", dependencies: ["EvenkeelCore"], swiftSettings: fastSwift),
        .target(name: "Agent", dependencies: ["EvenkeelCore", "EvenkeelSys", "Kit"], swiftSettings: swift),
        .target(name: "Chain", dependencies: ["EvenkeelCore", "EvenkeelSys", "Kit"], swiftSettings: swift),
        .target(name: "Sim", dependencies: ["Agent", "Chain", "EvenkeelCore", "EvenkeelSys", "Kit"], swiftSettings: swift),
        .executableTarget(name: "evenkeel", dependencies: ["Agent", "Chain", "Sim", "Kit", "EvenkeelCore", "EvenkeelSys"],
                          swiftSettings: swift, linkerSettings: linking),
    ] + (embedded ? [] : [
        .testTarget(name: "EvenkeelTests", dependencies: ["Agent", "Chain", "Kit", "EvenkeelCore", "EvenkeelSys"]),
    ]),
    swiftLanguageModes: [.v5]
)
