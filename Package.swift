// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: complete concurrency checking comes with the language mode, and no warning lands.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "penstock",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        library("Jansson", ["CJansson"]),
        library("Pipelines", ["Jansson"]),
        .target(name: "CSystem"),
        library("Processes", ["CSystem"]),
        library("Engine", ["Pipelines"]),
        library("Store", ["Engine", "Jansson", "Pipelines", .product(name: "GRDB", package: "GRDB.swift")]),
        tests("JanssonTests", ["Jansson"]),
        tests("EngineTests", ["Engine", "Pipelines"], resources: [.copy("transcripts")]),
        tests("StoreTests", ["Store", "Engine", "Pipelines", .product(name: "GRDB", package: "GRDB.swift")]),
        tests("ProcessesTests", ["Processes"]),
    ]
)
