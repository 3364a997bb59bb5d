import Foundation
import Testing

/// What the README says to type is typed.
@Suite("README")
struct ReadmeTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("the pipeline with a plugin of one's own runs as it is written")
    func firstPlugin() throws {
        let (status, said) = try run(try block("A test runs this block as it stands."))
        #expect(status == 0, "\(said)")
        #expect(said.contains("Greet/Hello | The input artifacts hold 6 files"), "\(said)")
    }

    @Test("the scenarios of that pipeline pass as they are written")
    func scenarios() throws {
        let scenarios = try block("A test runs this block after the one above.")
        let (status, said) = try run(try block("A test runs this block as it stands.") + scenarios)
        #expect(status == 0 && said.contains("2 scenarios: 2 passed, 0 failed"), "\(said)")
    }

    @Test("the plugin of one's own conforms, with the cases as they are written")
    func conformance() throws {
        let cases = try block("A test runs this block after the first one.")
        let (status, said) = try run(try block("A test runs this block as it stands.") + cases)
        #expect(status == 0 && said.contains("hello 0.1.0 passes"), "\(said)")
    }

    @Test("the first plugin is made, changed, judged and used by what its page says to type")
    func tutorial() throws {
        let (status, said) = try run(try blocks(of: "docs/first-plugin.md"))
        #expect(status == 0, "\(said)")
        for shown in [
            "hello 0.1.0, case greets", "  Greeting = Hello, Zoë!", "Abandoned after ", "  Greeting = HELLO, ZOË!",
            "hello 0.1.0 passes", "Greet/Hello | ", "plugins.lock has: changed bin/plugin",
        ] { #expect(said.contains(shown), "\(shown) in \(said)") }
    }

    @Test("a plugin is tested by what the page about that says to type")
    func testing() throws {
        let (status, said) = try run(try blocks(of: "docs/testing-plugins.md"))
        #expect(status == 0, "\(said)")
        for shown in [
            "FAIL  LIF-06", "hello 0.1.0 passes with its baseline", "STALE  known-breaches:1: LIF-06 is out of date",
            #""color":"brightgreen""#,
        ] { #expect(said.contains(shown), "\(shown) in \(said)") }
    }

    @Test("a plugin is run by what the page for operators says to type")
    func operating() throws {
        let (status, said) = try run(try blocks(of: "docs/plugins.md"))
        #expect(status == 0, "\(said)")
        for shown in ["JobFailed (TimedOut)", "first Succeeded"] {
            #expect(said.contains(shown), "\(shown) in \(said)")
        }
    }

    @Test("a daemon is used by what its page says to type")
    func serving() throws {
        let (status, said) = try run(try blocks(of: "docs/serving.md"))
        #expect(status == 0, "\(said)")
        for shown in [
            "shop version 1", "waits for an approval", "Succeeded", "waits: ", "Failed", "Stopped", "Nothing differs.",
            #""name":"shop""#,
        ] { #expect(said.contains(shown), "\(shown) in \(said)") }
    }

    /// All commands of a page, from top to bottom.
    private func blocks(of page: String) throws -> String {
        let text = try String(contentsOf: root.appending(path: page), encoding: .utf8)
        return text.components(separatedBy: "```bash\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }.joined()
    }

    @Test("the plugin of one's own is installed, and nobody can change it unseen")
    func installation() throws {
        let plugin =
            try block("A test runs this block as it stands.") + block("A test runs this block after the first one.")
        let change = "echo >> installed/hello/bin/plugin; ! penstock plugin list --plugins installed\n"
        let (status, said) = try run(plugin + block("A test runs this block after the two above.") + change)
        #expect(status == 0 && said.contains("installed hello 0.1.0"), "\(said)")
        #expect(said.contains("hello asks for nothing beyond its workspace"), "\(said)")
        #expect(said.contains("plugins.lock has: changed bin/plugin. If you trust it as it is now: "), "\(said)")
    }

    /// The commands below a comment.
    private func block(_ comment: String) throws -> String {
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let parts = readme.components(separatedBy: "<!-- \(comment) -->\n```bash\n")
        try #require(parts.count == 2, "one block is marked: \(comment)")
        return try #require(parts[1].components(separatedBy: "```").first)
    }

    private func run(_ block: String) throws -> (status: Int32, said: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-readme-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        // The user of a sandbox must be able to enter, as it is on most machines.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The tests are built beside the executables.
        let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        let script = block.replacing("--source Checkout=hello", with: "--source Checkout=hello --state state")
        // A daemon that a block starts ends with it, however that is.
        process.arguments = ["-ec", "trap 'kill $(jobs -p) 2>/dev/null || :' EXIT\n" + script]
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "\(products):/usr/bin:/bin", "HOME": folder.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }
}
