import Glibc
import PluginProtocol

/// An installed plugin: its manifest and the folder that it stands in.
public struct Plugin: Hashable, Sendable {
    /// Where programs of plugins are looked up; not the host's own PATH.
    public static let path = "/usr/local/bin:/usr/bin:/bin"

    public var manifest: Manifest
    /// Absolute path of the folder with `plugin.json`.
    public var directory: String
    /// Which of the directories of the search it was found in.
    public var origin: String
    /// Whether commands find it without being told where.
    public var isFoundByDefault: Bool

    public init(manifest: Manifest, directory: String, origin: String, isFoundByDefault: Bool = false) {
        self.manifest = manifest
        self.directory = directory
        self.origin = origin
        self.isFoundByDefault = isFoundByDefault
    }

    /// What a command about it is told besides: `["--plugins", "/srv/plugins"]`, or nothing.
    public var options: [String] { isFoundByDefault ? [] : ["--plugins", origin] }

    /// The declaration of one of its action types.
    public func actionType(_ id: ActionTypeIdentifier) -> ActionType? {
        manifest.actionTypes.first { $0.id == id }
    }

    /// The absolute path of its program. Spec: MAN-07
    /// - Throws: `CommandNotFound`, `ManifestInvalid` when it leads out of the folder, or `NotExecutable`.
    public func executable() throws(Failure) -> String {
        let command = manifest.run.command[0]
        let path = "\(directory)/\(command)"
        let who = "plugin \(manifest.name): run.command \"\(command)\""
        guard let real = realPath(path), let folder = realPath(directory) else {
            throw Failure(.commandNotFound, "\(who) does not exist in \(directory)")
        }
        guard real.hasPrefix(folder + "/") else {
            throw Failure(.manifestInvalid, "\(who) leads out of the plugin's folder, to \(real) (MAN-07)")
        }
        var status = stat()
        guard stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.commandNotFound, "\(who) is no regular file")
        }
        // Not access(2): to root everything with any x bit is executable, to a sandbox's user it is not.
        guard status.st_mode & 0o111 != 0 else {
            throw Failure(.notExecutable, "\(who) is not executable; make it so: chmod +x \(path)")
        }
        return path
    }

    /// - Throws: `RequirementMissing`, naming every tool of `run.requires` that is not in `path`.
    public func checkRequirements(path: String = Plugin.path) throws(Failure) {
        let missing = manifest.run.requires.filter { tool in
            !path.split(separator: ":").contains { access("\($0)/\(tool)", X_OK) == 0 }
        }
        guard missing.isEmpty else {
            throw Failure(
                .requirementMissing,
                "missing \(missing.joined(separator: ", ")): plugin \(manifest.name) requires it in \(path)")
        }
    }
}
