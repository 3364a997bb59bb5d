import Artifacts
import Glibc
import Jansson
import PluginProtocol

/// A plugin as it stands on the disk: what is to be judged. Nothing of it is executed by reading it.
public struct PluginFolder: Hashable, Sendable {
    /// Absolute, without links.
    public let directory: String
    /// Nil when it breaks a rule of the manifest.
    public let manifest: Manifest?
    /// What the manifest alone breaks. Spec: MAN-01…MAN-09
    public let violations: [RuleViolation]
    /// The cases without a fault, in their order; none when the manifest cannot be read.
    public let fixtures: [Fixture]
    public let fixtureProblems: [FixtureProblem]
    /// The manifest's, or what there is for it.
    public let name: String
    public let version: String

    /// - Throws: when this is no folder with a `plugin.json` that can be read. What is wrong with its content is no
    ///   error but found: `violations`, `fixtureProblems`.
    public init(reading path: String) throws(UnreadableInput) {
        guard let directory = realPath(path) else { throw UnreadableInput(path, code: errno) }
        guard isDirectory(directory) else {
            throw UnreadableInput(path, "is not a directory; name the plugin's folder")
        }
        let file = "\(directory)/\(Manifest.fileName)"
        guard access(file, F_OK) == 0 else { throw Self.noPlugin(path, directory) }
        self.directory = directory
        (manifest, violations) = Self.manifest(try readFile(file, limitBytes: manifestLimitBytes))
        name = manifest?.name ?? directory.split(separator: "/").last.map(String.init) ?? "/"
        version = manifest?.version ?? "unknown"
        (fixtures, fixtureProblems) = manifest.map { Fixture.read(for: $0, in: directory) } ?? ([], [])
    }

    private static func manifest(_ text: [UInt8]?) -> (Manifest?, [RuleViolation]) {
        guard let text else {
            return (
                nil, [RuleViolation(rule: "MAN-01", path: "", problem: "has more than \(manifestLimitBytes) bytes")]
            )
        }
        do {
            return (try Manifest(parsing: text), [])
        } catch {
            return (nil, error.violations)
        }
    }

    private static func noPlugin(_ path: String, _ directory: String) -> UnreadableInput {
        let names = names(in: directory) ?? []
        let plugins = names.filter { access("\(directory)/\($0)/\(Manifest.fileName)", F_OK) == 0 }
        let near = nearest(to: Manifest.fileName, in: names).map { "; did you mean \"\($0)\" to be it?" }
        let below = plugins.isEmpty ? nil : "; below it are plugins: \(plugins.joined(separator: ", "))"
        return UnreadableInput(path, "is no plugin: it has no \(Manifest.fileName)\(below ?? near ?? "")")
    }

    /// The SHA-256 of the whole folder, hexadecimal, but for a `.git` at its top.
    /// - Throws: when something in it cannot be read.
    public func sha256() throws(ArtifactError) -> String {
        try FolderDigest(ofFolder: directory, excluding: [".git"], limitBytes: 2 << 30).description
    }
}

/// Spec: manifest.md
private let manifestLimitBytes = 1 << 20
