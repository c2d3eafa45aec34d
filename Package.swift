// swift-tools-version: 6.0
// One package, two builds of the same sources. With EVENKEEL_EMBEDDED=1 every Swift target is compiled as
// Embedded Swift: that is the program to install, and `make` only strips it. Tools/cross.py reads targets
// and flags for arm64 from here. Without the variable the targets build as ordinary Swift, with its
// run-time checks: for `swift test`, the simulator and a debugger.
import PackageDescription

let embedded = Context.environment["EVENKEEL_EMBEDDED"] == "1"

// A section for each function lets the linker drop what nobody calls. The run-time part of the exclusivity
// checks is off: in Embedded Swift it is an empty function, and calling it takes 58 KB. Without incremental
// code generation no hashes of the builder's paths get into the program.
let embeddedFlags = ["-wmo", "-enforce-exclusivity=unchecked", "-Xfrontend", "-function-sections",
                     "-Xfrontend", "-disable-incremental-llvm-codegen",
                     "-Xllvm", "-enable-machine-outliner=always",
                     "-Xcc", "-fno-asynchronous-unwind-tables", "-Xcc", "-fno-unwind-tables"]
func swiftSettings(optimise: String) -> [SwiftSetting] {
    embedded ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(embeddedFlags + [optimise])] : []
}
let swift = swiftSettings(optimise: "-Osize")
// Text building is the one place where speed is worth bytes: every JSON answer and every status goes
// through it.
let fastSwift = swiftSettings(optimise: "-O")

// The core is written so that -Os is as fast as -O2 where it matters (`make test-instructions` watches
// that). Tables for unwinding (33 KB) are for C++ and debuggers: the unstripped program has them in its
// debug information.
func cSettings(optimise: String) -> [CSetting] {
    [
        .unsafeFlags(["-std=gnu11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-D_GNU_SOURCE"]),
        .unsafeFlags(["-fstack-protector-strong", "-ffunction-sections", "-fdata-sections"]),
        // glibc has it for optimised code
        .unsafeFlags(["-D_FORTIFY_SOURCE=2"], .when(configuration: .release)),
        .unsafeFlags(embedded ? [optimise, "-fno-asynchronous-unwind-tables"] : []),
    ]
}
// Functions that came out as the same code are kept once (19 KB). No build ID: it would be another one for
// every directory that the program is built in.
let forLinker = ["-O2", "--gc-sections", "--icf=all", "--as-needed", "--build-id=none",
                 "-z", "relro", "-z", "now", "-z", "pack-relative-relocs"]
let linking: [LinkerSetting] = embedded
    ? [.unsafeFlags(["-use-ld=lld"] + forLinker.flatMap { ["-Xlinker", $0] })]
    : []

// What everybody around the state machine needs of it.
let machine: [Target.Dependency] = ["EvenkeelCore", "Text", "Model", "Decide", "Engine"]

let package = Package(
    name: "evenkeel",
    targets: [
        .target(name: "EvenkeelCore", path: "CSources/EvenkeelCore", cSettings: cSettings(optimise: "-Os"),
                linkerSettings: [.linkedLibrary("sodium")]),
        // What only some roles need is loaded by them: sys_load.h.
        .target(name: "EvenkeelSys", dependencies: ["EvenkeelCore"], path: "CSources/EvenkeelSys",
                cSettings: cSettings(optimise: "-Oz"),
                linkerSettings: [.linkedLibrary("jansson"), .linkedLibrary("inih"),
                                 .linkedLibrary("sodium")]),
        .target(name: "Text", dependencies: ["EvenkeelCore"], swiftSettings: fastSwift),
        .target(name: "Model", dependencies: ["EvenkeelCore", "Text"], swiftSettings: swift),
        .target(name: "Rpc", dependencies: ["EvenkeelCore", "Text", "Model"], swiftSettings: swift),
        .target(name: "Decide", dependencies: ["EvenkeelCore", "Text", "Model"], swiftSettings: swift),
        .target(name: "Execute", dependencies: ["EvenkeelCore", "Text", "Model", "Rpc", "Decide"],
                swiftSettings: swift),
        .target(name: "Accounting", dependencies: ["EvenkeelCore", "Text", "Model", "Decide"],
                swiftSettings: swift),
        .target(name: "Engine",
                dependencies: ["EvenkeelCore", "Text", "Model", "Rpc", "Decide", "Execute", "Accounting"],
                swiftSettings: swift),
        .target(name: "Render", dependencies: machine + ["EvenkeelSys", "Rpc", "Accounting"],
                swiftSettings: swift),
        .target(name: "Alerts", dependencies: machine + ["EvenkeelSys", "Accounting", "Render"],
                swiftSettings: swift),
        .target(name: "Daemon",
                dependencies: machine + ["EvenkeelSys", "Rpc", "Execute", "Accounting", "Render", "Alerts"],
                swiftSettings: swift),
        .target(name: "Preflight", dependencies: machine + ["EvenkeelSys", "Rpc", "Accounting", "Daemon"],
                swiftSettings: swift),
        .target(name: "Localnet", dependencies: ["EvenkeelCore", "EvenkeelSys", "Text"],
                swiftSettings: swift),
        .target(name: "Simulator",
                dependencies: machine + ["EvenkeelSys", "Rpc", "Execute", "Accounting", "Localnet"],
                swiftSettings: swift),
        .executableTarget(name: "evenkeel",
                          dependencies: machine + ["EvenkeelSys", "Rpc", "Render", "Daemon", "Preflight",
                                                   "Localnet", "Simulator"],
                          swiftSettings: swift, linkerSettings: linking),
    ] + (embedded ? [] : [
        .testTarget(name: "EvenkeelTests",
                    dependencies: machine + ["Rpc", "Accounting", "Render", "Alerts", "Localnet",
                                             "Simulator"]),
        // The machine on its bench, driven by the property tests over stdin. Never shipped.
        .executableTarget(name: "evenkeel-probe",
                          dependencies: machine + ["Rpc", "Accounting", "Localnet"], path: "Tests/probe"),
    ]),
    swiftLanguageModes: [.v5]
)
