import Foundation
import Testing

/// What the README says to type is typed.
@Suite("README")
struct ReadmeTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("the pipeline with a plugin of one's own runs as it is written")
    func firstPlugin() throws {
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let block = try #require(
            readme.firstMatch(of: /<!-- A test runs this block as it stands. -->\n```bash\n([\s\S]*?)```/))
        let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-readme-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        // The user of a sandbox must be able to enter, as it is on most machines.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The tests are built beside the executables.
        let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        let script = block.1.replacing("--source Checkout=hello", with: "--source Checkout=hello --state state")
        process.arguments = ["-ec", String(script)]
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "\(products):/usr/bin:/bin", "HOME": folder.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
        #expect(said.contains("Greet/Hello | hello world, you sent 2 files"), "\(said)")
    }
}
