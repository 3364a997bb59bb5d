import Foundation
import Testing

/// Which of our modules each module may import: nothing points up, nothing sideways between adapters.
///
/// A module that is not in this table, or an import that is not, fails here; changing the table is changing the design.
private let house: [String: Set<String>] = [
    "Failpoints": [],
    "JUnit": [],
    "Jansson": ["CJansson"],
    "Pipelines": ["Jansson"],
    "PluginProtocol": ["Jansson"],
    "Processes": ["CLinux"],
    "Definitions": ["Jansson", "Pipelines", "Yams"],
    "Engine": ["Pipelines"],
    "Scenarios": ["Engine", "JUnit", "Jansson", "Pipelines"],
    "Artifacts": ["CArchive", "CCrypto", "CLinux", "Failpoints"],
    "Workspaces": ["CLinux", "Failpoints", "Processes"],
    "PluginHost": ["Failpoints", "Jansson", "PluginProtocol", "Processes"],
    "Settings": ["Jansson", "PluginHost", "PluginProtocol", "Processes"],
    "CodePipelineAPI": [
        "Engine", "HTTPTypes", "Hummingbird", "Jansson", "Logging", "NIOCore", "Pipelines", "ServiceLifecycle",
        "UnixSignals",
    ],
    "Client": ["Jansson", "NIOCore", "NIOHTTP1", "NIOPosix"],
    "Store": ["Engine", "Failpoints", "GRDB", "Jansson", "Pipelines"],
    "Runner": [
        "Artifacts", "CLinux", "Engine", "Failpoints", "Jansson", "Pipelines", "PluginHost", "PluginProtocol",
        "Processes", "Settings", "Workspaces",
    ],
    "Conformance": ["Artifacts", "CLinux", "JUnit", "Jansson", "PluginProtocol", "Processes", "Workspaces"],
    "Authoring": [
        "Artifacts", "CLinux", "Conformance", "Jansson", "PluginHost", "PluginProtocol", "Processes", "Settings",
        "Workspaces",
    ],
    "penstock": [
        "ArgumentParser", "Artifacts", "Authoring", "CLinux", "Client", "CodePipelineAPI", "Conformance", "Definitions",
        "Engine", "Failpoints", "Jansson", "Pipelines", "PluginHost", "PluginProtocol", "Processes", "Runner",
        "Scenarios", "Settings", "Store", "Workspaces",
    ],
]

/// What comes with Swift, for all but those that `neverImport` names.
private let toolchain: Set<String> = ["Glibc", "Synchronization", "Dispatch", "Foundation"]

private let neverImport: [String: Set<String>] = [
    "Engine": ["Glibc", "Foundation", "Dispatch", "Synchronization"],
    "Scenarios": ["Glibc", "Foundation", "Dispatch", "Synchronization"],
    "Pipelines": ["Glibc", "Foundation", "Dispatch"],
    "PluginProtocol": ["Glibc", "Foundation", "Dispatch"],
    "Jansson": ["Foundation"],
]

@Suite("The house")
struct ImportTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func swiftFiles(of module: String) throws -> [URL] {
        let folder = root.appending(path: "Sources/\(module)")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return files?.compactMap { $0 as? URL }.filter {
            // A template is a program of its own.
            $0.pathExtension == "swift" && !$0.path.contains("/Templates/")
        } ?? []
    }

    @Test("every Swift module is in the table")
    func complete() throws {
        let modules = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path)
        let swift = try modules.filter { try !swiftFiles(of: $0).isEmpty }
        #expect(Set(swift) == Set(house.keys))
    }

    @Test("a module imports only what the table lets it", arguments: house.keys.sorted())
    func imports(module: String) throws {
        let allowed = house[module]!.union(toolchain.subtracting(neverImport[module] ?? []))
        for file in try swiftFiles(of: module) {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /(?m)^(?:@\w+ )?(?:public )?import (?:struct |enum |func |class )?(\w+)/) {
                #expect(
                    allowed.contains(String(match.1)), "\(file.lastPathComponent) imports \(match.1), \(module) may not"
                )
            }
        }
    }

    @Test("only Jansson sees json_t, and only Definitions sees Yams")
    func wrapped() throws {
        for module in house.keys where module != "Jansson" {
            for file in try swiftFiles(of: module) {
                #expect(!(try String(contentsOf: file, encoding: .utf8)).contains("json_t"), "\(file.path)")
            }
        }
    }
}
