import Conformance
import Foundation
import PluginProtocol
import Testing

@testable import Authoring

/// Of this checkout.
let templates = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources/Authoring/Templates").path

/// A folder of its own for a test, removed in the end.
final class Folder {
    let path = FileManager.default.temporaryDirectory.appending(path: "authoring-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        let place = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: place, atomically: true, encoding: .utf8)
    }
}

@Suite("Templates")
struct TemplateTests {
    // A test's arguments cannot throw, and without templates there is nothing to test.
    static let keys = try! Template.keys(in: templates)
    static let categories = ["Source", "Build", "Test", "Deploy", "Invoke", "Approval", "Compute", "Rule"]

    @Test(
        "there is one for each language of the project, and a worker in two",
        arguments: [
            "bash", "sh", "python", "node", "perl", "ruby", "php", "lua", "c", "go", "rust", "java", "swift", "exec",
            "python-worker", "go-worker",
        ])
    func languages(key: String) {
        #expect(Self.keys.contains(key))
    }

    @Test("every file is short enough to be read at once: under 150 lines", arguments: keys)
    func size(key: String) throws {
        let files = FileManager.default.enumerator(atPath: "\(templates)/\(key)")?.compactMap { $0 as? String } ?? []
        for file in files {
            guard let text = try? String(contentsOfFile: "\(templates)/\(key)/\(file)", encoding: .utf8) else {
                continue
            }
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count < 151, "\(key)/\(file)")
        }
    }

    @Test("what it makes is a plugin without a fault, in every category", arguments: keys, categories)
    func made(key: String, category: String) throws {
        let folder = try Folder()
        let plugins = URL(filePath: templates).appending(path: "../../../plugins").standardized.path
        let template = try Template(key, in: templates)
        try template.write(NewPlugin(name: "made", category: category), to: "\(folder.path)/made", plugins: plugins)
        let made = try PluginFolder(reading: "\(folder.path)/made")
        #expect(made.violations.isEmpty && made.fixtureProblems.isEmpty, "\(made.violations) \(made.fixtureProblems)")
        #expect(made.manifest?.actionTypes.map(\.id.description) == ["\(category)/Custom/Made/1"])
        #expect(made.fixtures.map(\.name) == ["greets", "takes-its-time", "refuses"])
        for file in FileManager.default.enumerator(atPath: "\(folder.path)/made")?.compactMap({ $0 as? String }) ?? [] {
            guard let text = try? String(contentsOfFile: "\(folder.path)/made/\(file)", encoding: .utf8) else {
                continue
            }
            #expect(text.firstMatch(of: /(?m)(\/\/|#|--) only: [A-Za-z ]+$/) == nil && !text.contains("{{"), "\(file)")
        }
    }

    @Test("a line that is marked is kept for what it is marked with only, and loses its mark")
    func marks() throws {
        let template = try Template("python", in: templates)
        let text = """
            a # only: Source
            b, // only: Build Test
            c -- only: worker
            d #only: Test
            {{name}} {{provider}} {{category}} {{other}}
            """
        #expect(
            template.filled(text, try NewPlugin(name: "one-two", category: "Test"))
                == "b,\nd #only: Test\none-two OneTwo Test {{other}}")
    }

    @Test("a folder that exists is left as it is")
    func exists() throws {
        let folder = try Folder()
        try folder.write("mine", to: "hello/notes")
        let error = #expect(throws: UnreadableInput.self) {
            try Template("python", in: templates)
                .write(NewPlugin(name: "hello", category: "Build"), to: "\(folder.path)/hello", plugins: nil)
        }
        #expect(error?.problem == "exists already; choose another name, or remove it")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/hello") == ["notes"])
    }

    @Test("what a machine lacks is told by its package, each once")
    func missing() async throws {
        let folder = try Folder()
        try folder.write(
            """
            {"language": "L", "requires": [], "build": ["true"], "needs": [
              {"try": ["no-such-compiler"], "package": "compiler"}, {"try": ["false"], "package": "compiler"},
              {"try": ["true"], "package": "there"}, {"try": ["sh", "-c", "exit 3"], "package": "library"}]}
            """, to: "l/template.json")
        let template = try Template("l", in: folder.path)
        #expect(await template.missingPackages(environment: ["PATH": "/usr/bin"]) == ["compiler", "library"])
    }
}
