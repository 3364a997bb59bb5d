import Conformance
import Glibc
import Jansson
import PluginHost
import Processes

/// What a plugin in one language begins with: a folder of `Templates`.
public struct Template: Hashable, Sendable {
    /// A command that must end with status 0, and the Debian package that it needs for that, or the address of a page.
    public struct Need: Hashable, Sendable {
        public let command: [String]
        public let package: String
    }

    /// The folder's name: `python`, `python-worker`.
    public let key: String
    /// For people.
    public let language: String
    let directory: String
    let requires: [String]
    let build: [String]?
    let command: [String]
    let isWorker: Bool
    /// A program of a shipped plugin that becomes part of the new one: its path, relative to the plugins.
    let adapter: String?
    let needs: [Need]

    static let fileName = "template.json"
    /// The folder of what all languages share.
    static let common = "common"

    /// - Parameter directory: the folder of all templates.
    /// - Throws: for a key that is none; the installation's fault when a template cannot be read.
    public init(_ key: String, in directory: String) throws(UnreadableInput) {
        let file = "\(directory)/\(key)/\(Self.fileName)"
        guard let text = try readFile(file, limitBytes: 1 << 16) else { throw UnreadableInput(file, "has over 64 KiB") }
        do {
            let reader = try JSONReader(JSON(parsing: text))
            language = try reader.required("language").string()
            requires = try reader.required("requires").strings()
            build = try reader.optional("build")?.strings()
            command = try reader.optional("command")?.strings() ?? ["bin/plugin"]
            isWorker = try reader.optional("worker")?.bool() ?? false
            adapter = try reader.optional("adapter")?.string()
            needs = try reader.required("needs").elements().map { need throws(JSONTypeError) in
                Need(command: try need.required("try").strings(), package: try need.required("package").string())
            }
        } catch {
            throw UnreadableInput(file, "is no description of a template: \(error)")
        }
        self.key = key
        self.directory = directory
    }

    /// The names of all templates.
    public static func keys(in directory: String) throws(UnreadableInput) -> [String] {
        guard let names = names(in: directory) else { throw UnreadableInput(directory, code: errno) }
        return names.filter { access("\(directory)/\($0)/\(fileName)", F_OK) == 0 }
    }

    /// The Debian packages that this machine lacks for it.
    ///
    /// What is built may be so by a compiler of the author's own; what is interpreted has to be where plugins look.
    /// - Parameter environment: of the author.
    public func missingPackages(environment: [String: String]) async -> [String] {
        var environment = environment
        if build == nil { environment["PATH"] = Plugin.path }
        var missing: [String] = []
        for need in needs where !missing.contains(need.package) {
            let command = Command(
                executable: "/usr/bin/env", arguments: need.command, environment: environment, directory: "/")
            if (try? await Program(command).run { _ in }) != .code(0) { missing.append(need.package) }
        }
        return missing
    }
}
