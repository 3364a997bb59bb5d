import Glibc
import Processes
import Testing
import Workspaces

/// A folder of one test with all that a job needs: a plugin, a workspace, and a slot's user when we are root.
final class Site: Sendable {
    static let isRoot = geteuid() == 0
    /// Beside the test bundle, where the build puts every product.
    static let launcher = "\(executableFolder())/penstock-sandbox"

    let folder: Folder
    let slot: Slot?
    let workspace: Workspace
    let sandbox: Sandbox

    init(_ profile: Sandbox.Profile = Sandbox.preferred[0], inputs: [String] = []) async throws {
        folder = try Folder()
        slot = Site.isRoot ? try await SlotPool().slot() : nil
        workspace = try Workspace(in: folder.path, owner: slot?.identity, inputs: inputs, outputs: ["App"])
        sandbox = Sandbox(profile, launcher: Site.launcher, etc: try Etc(in: folder.path))
        try folder.makeFolder("plugin")
    }

    /// Where the plugin finds what a path names that begins with the workspace or its own folder, as it has them inside.
    func inside(_ path: String) -> String {
        if sandbox.hasOwnMounts { return path }
        if path.hasPrefix("/plugin") { return folder.path + path }
        return path.hasPrefix("/workspace") ? workspace.root + path.dropFirst(10) : path
    }

    /// A launch of a bash script that stands in the plugin's folder.
    func launch(_ script: String) throws -> Launch {
        try folder.write("#!/bin/bash\n\(script)\n", to: "plugin/run", mode: 0o755)
        return launch(["run"])
    }

    func launch(_ command: [String]) -> Launch {
        Launch(
            plugin: "\(folder.path)/plugin", command: command, workspace: workspace,
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"])
    }

    func run(_ launch: Launch, input: String = "", onLine: (Child, Line) -> Void = { _, _ in }) async throws -> Outcome
    {
        var launch = launch
        try sandbox.prepare(&launch)
        return try await Outcome(of: sandbox.command(for: launch), input: input, onLine: onLine)
    }

    func run(_ script: String) async throws -> Outcome { try await run(launch(script)) }
}

/// What a child said and how it ended, after all its pipes have.
struct Outcome {
    var exit: Exit?
    var lines: [Stream: [String]] = [:]

    var output: [String] { lines[.output] ?? [] }
    var error: String { (lines[.error] ?? []).joined(separator: "\n") }
    var status: [String] { lines[.status] ?? [] }

    init(
        of command: Command, input: String = "", closesInput: Bool = true, onLine: (Child, Line) -> Void = { _, _ in }
    ) async throws {
        let child = try await Reactor.shared.spawn(command)
        child.write(Array(input.utf8))
        if closesInput { child.closeInput() }
        for await event in child.events {
            switch event {
            case .exited(let exit): self.exit = exit
            case .settled, .end: break
            case .line(let line):
                lines[line.stream, default: []].append(String(decoding: line.bytes, as: UTF8.self))
                onLine(child, line)
            }
        }
        await child.finish()
    }
}

/// A temporary folder that everybody may enter, removed with this value.
final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/penstock-test-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
        try #require(chmod(path, 0o755) == 0)
    }

    deinit { try? Workspace(root: path, owner: nil).remove() }

    @discardableResult
    func makeFolder(_ name: String, mode: mode_t = 0o755) throws -> String {
        try #require(mkdir("\(path)/\(name)", mode) == 0 && chmod("\(path)/\(name)", mode) == 0)
        return "\(path)/\(name)"
    }

    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws -> String {
        try Folder.write(text, to: "\(path)/\(name)", mode: mode)
        return "\(path)/\(name)"
    }

    static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        try #require(chmod(path, mode) == 0)
    }
}

func contents(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count], as: UTF8.self)
}

func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}

/// Processes anywhere on this machine that have the word among their arguments.
func processes(mentioning word: String) throws -> Int {
    let proc = try #require(opendir("/proc"))
    defer { closedir(proc) }
    var count = 0
    while let entry = readdir(proc) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if Int32(name) != nil, contents("/proc/\(name)/cmdline")?.contains(word) == true { count += 1 }
    }
    return count
}

private func executableFolder() -> String {
    guard let path = realpath("/proc/self/exe", nil) else { return "." }
    defer { free(path) }
    return String(String(cString: path).reversed().drop { $0 != "/" }.dropFirst().reversed())
}
