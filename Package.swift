// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: complete concurrency checking comes with the language mode, and no warning lands.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

/// For programs in C, static: they would load Swift's runtime at every start, four times as long as what they do, and
/// the launcher starts as root.
let onlyC = LinkerSetting.unsafeFlags(["-nostartfiles", "-static-executable"])

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "penstock",
    products: [
        .executable(name: "penstock", targets: ["penstock"]),
        .executable(name: "penstock-sandbox", targets: ["penstock-sandbox"]),
        .executable(name: "penstock-deployment-window", targets: ["penstock-deployment-window"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .target(name: "CLinux", cSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "penstock-sandbox", cSettings: [.treatAllWarnings(as: .error)],
            linkerSettings: [onlyC]),

        library("Failpoints"),
        library("JUnit"),
        library("Jansson", ["CJansson"]),
        library("Pipelines", ["Jansson"]),
        library("PluginProtocol", ["Jansson"]),
        library("Processes", ["CLinux"]),
        library("Definitions", ["Jansson", "Pipelines", .product(name: "Yams", package: "Yams")]),
        library("Engine", ["Pipelines"]),
        library("Scenarios", ["Engine", "JUnit", "Jansson", "Pipelines"]),
        library("Artifacts", ["CLinux", "CCrypto", "CArchive", "Failpoints"]),
        library("Workspaces", ["CLinux", "Failpoints", "Processes"]),
        library("PluginHost", ["Failpoints", "Jansson", "PluginProtocol", "Processes"]),
        .target(
            name: "Settings", dependencies: ["Jansson", "PluginHost", "PluginProtocol", "Processes"],
            // Programs that ask others for secrets; the build has nothing to do with them.
            exclude: ["Providers"], swiftSettings: strict),
        library(
            "CodePipelineAPI",
            [
                "Engine", "Jansson", "Pipelines", .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        library(
            "Client",
            [
                "Jansson", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        library(
            "Store", ["Engine", "Failpoints", "Jansson", "Pipelines", .product(name: "GRDB", package: "GRDB.swift")]),
        library(
            "Runner",
            [
                "Artifacts", "CLinux", "Engine", "Failpoints", "Jansson", "Pipelines", "PluginHost", "PluginProtocol",
                "Processes", "Settings", "Workspaces",
            ]),
        library(
            "Conformance", ["Artifacts", "CLinux", "JUnit", "Jansson", "PluginProtocol", "Processes", "Workspaces"]),
        .target(
            name: "Authoring",
            dependencies: [
                "Artifacts", "CLinux", "Conformance", "Jansson", "PluginHost", "PluginProtocol", "Processes",
                "Settings",
                "Workspaces",
            ],
            // Plugins, of which only the text is of interest here.
            exclude: ["Templates"], swiftSettings: strict),
        .executableTarget(
            name: "penstock",
            dependencies: [
                "Artifacts", "Authoring", "CLinux", "Client", "CodePipelineAPI", "Conformance", "Definitions", "Engine",
                "Failpoints", "Jansson",
                "Pipelines", "PluginHost",
                "PluginProtocol", "Processes", "Runner", "Scenarios", "Settings", "Store", "Workspaces",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),

        .target(
            name: "DeploymentWindow", dependencies: ["PluginProtocol"],
            path: "plugins/deployment-window/Sources/DeploymentWindow", swiftSettings: strict),
        .executableTarget(
            name: "penstock-deployment-window", dependencies: ["DeploymentWindow", "Jansson", "PluginProtocol"],
            path: "plugins/deployment-window/Sources/plugin", swiftSettings: strict,
            // A sandbox has no Swift runtime that a program could load.
            linkerSettings: [.unsafeFlags(["-static-stdlib"])]),

        .executableTarget(
            name: "penstock-bench",
            dependencies: [
                "Artifacts", "Engine", "Jansson", "Pipelines", "PluginHost", "PluginProtocol", "Processes", "Store",
                "Workspaces",
            ],
            path: "Benchmarks/report", swiftSettings: strict),
        .executableTarget(
            name: "penstock-measure", path: "Benchmarks/measure", cSettings: [.treatAllWarnings(as: .error)],
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .executableTarget(
            name: "penstock-bench-action", path: "Benchmarks/action", cSettings: [.treatAllWarnings(as: .error)],
            linkerSettings: [onlyC]),

        .target(name: "Dice", path: "Tests/Dice", swiftSettings: strict),
        tests("JanssonTests", ["Jansson"]),
        tests("PipelinesTests", ["Dice", "Jansson", "Pipelines"]),
        tests("PluginProtocolTests", ["Jansson", "PluginProtocol"]),
        tests("ProcessesTests", ["Processes"]),
        tests("DefinitionsTests", ["Definitions", "Jansson", "Pipelines"]),
        tests("EngineTests", ["Dice", "Engine", "Pipelines"], resources: [.copy("transcripts")]),
        tests("ScenariosTests", ["Engine", "Jansson", "Pipelines", "Scenarios"]),
        tests("ArtifactsTests", ["Artifacts"]),
        tests("WorkspacesTests", ["Processes", "Workspaces", "penstock-sandbox"]),
        tests("PluginHostTests", ["Dice", "Jansson", "PluginHost", "PluginProtocol", "Processes"]),
        tests("SettingsTests", ["Definitions", "Dice", "Jansson", "PluginHost", "PluginProtocol", "Settings"]),
        tests(
            "RunnerTests",
            [
                "Artifacts", "Engine", "Jansson", "Pipelines", "PluginHost", "PluginProtocol", "Runner", "Settings",
                "Workspaces",
            ]),
        tests(
            "ConformanceTests",
            ["Artifacts", "Conformance", "Jansson", "PluginProtocol", "Processes", "Workspaces", "penstock-sandbox"]),
        tests(
            "AuthoringTests",
            [
                "Artifacts", "Authoring", "Conformance", "Jansson", "PluginHost", "PluginProtocol", "Settings",
                "penstock-sandbox",
            ]),
        tests("HouseTests", ["penstock", "penstock-sandbox"]),
        tests(
            "PenstockTests",
            [
                "Artifacts", "Client", "Conformance", "Dice", "Failpoints", "Jansson", "PluginProtocol", "Processes",
                "penstock", "penstock-sandbox", .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(
            name: "DeploymentWindowTests", dependencies: ["DeploymentWindow", "Dice", "PluginProtocol"],
            exclude: ["Quartz.java"], swiftSettings: strict),
        tests("SimulationTests", ["Dice", "Engine", "Pipelines", "Store"]),
        tests(
            "StoreTests", ["Engine", "Pipelines", "Store", .product(name: "GRDB", package: "GRDB.swift")],
            resources: [.copy("schema-1.sql")]),
    ]
)
