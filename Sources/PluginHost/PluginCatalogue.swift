import Glibc
import Jansson
import PluginProtocol

/// The installed plugins: each folder with a `plugin.json` in the directories that are searched.
public struct PluginCatalogue: Hashable, Sendable {
    /// Something wrong in one of the folders; the others are not concerned.
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        public var file: String
        /// What is wrong in it, with the violated rule.
        public var problem: String

        public var description: String { "\(file): \(problem)" }
    }

    static let manifestLimitBytes = 1 << 20

    public private(set) var plugins: [Plugin] = []
    public private(set) var problems: [Problem] = []
    /// The directories, as given.
    public let searched: [String]
    private let searchedByDefault: Set<String>
    private var byType: [ActionTypeIdentifier: Int] = [:]

    /// Loads all plugins; the first directory wins, as in a PATH. A directory may be a plugin's folder itself.
    /// - Parameter searchedByDefault: those of the directories that every command searches without being told.
    public init(searching directories: [String], byDefault searchedByDefault: Set<String> = []) {
        searched = directories
        self.searchedByDefault = searchedByDefault
        for directory in directories {
            guard let names = names(in: directory) else {
                let problem = "cannot be searched for plugins: \(text(ofError: errno))"
                problems.append(Problem(file: directory, problem: problem))
                continue
            }
            for folder in ["."] + names { load(folder == "." ? directory : "\(directory)/\(folder)", from: directory) }
        }
    }

    public func plugin(for id: ActionTypeIdentifier) -> Plugin? { byType[id].map { plugins[$0] } }

    public func plugin(named name: String) -> Plugin? { plugins.first { $0.manifest.name == name } }

    /// For a message about a plugin that is missed: it may be one that cannot be read. Empty when all can be.
    public var unread: String { problems.map { "\n\($0)" }.joined() }

    /// The action types that may be meant by an unknown one: a near name, or the same provider elsewhere.
    public func nearest(to id: ActionTypeIdentifier) -> [ActionTypeIdentifier] {
        let names = Dictionary(uniqueKeysWithValues: byType.keys.map { ($0.description, $0) })
        let near = Jansson.nearest(to: id.description, in: names.keys).flatMap { names[$0] }
        let same = byType.keys.filter { $0.provider.lowercased() == id.provider.lowercased() && $0 != near }
        return [near].compactMap { $0 } + same.sorted { $0.description < $1.description }
    }

    private mutating func load(_ folder: String, from origin: String) {
        let file = "\(folder)/\(Manifest.fileName)"
        switch read(file, limitBytes: Self.manifestLimitBytes) {
        case .absent: return
        case .unreadable(let reason): problems.append(Problem(file: file, problem: reason))
        case .bytes(let bytes):
            do throws(InvalidManifest) {
                let manifest = try Manifest(parsing: bytes)
                let plugin = Plugin(
                    manifest: manifest, directory: realPath(folder) ?? folder, origin: origin,
                    isFoundByDefault: searchedByDefault.contains(origin))
                add(plugin, file)
            } catch {
                problems += error.violations.map { Problem(file: file, problem: $0.description) }
            }
        }
    }

    private mutating func add(_ plugin: Plugin, _ file: String) {
        // The same folder found twice, or below itself through a link, is no conflict.
        guard !plugins.contains(where: { $0.directory == plugin.directory }) else { return }
        plugins.append(plugin)
        for id in plugin.manifest.actionTypes.map(\.id) {
            if let other = byType[id] {
                let winner = plugins[other]
                problems.append(
                    Problem(
                        file: file,
                        problem: "plugin \(plugin.manifest.name) serves \(id), and so does \(winner.manifest.name) in"
                            + " \(winner.directory), which was found first and is used"))
            } else {
                byType[id] = plugins.count - 1
            }
        }
    }
}
