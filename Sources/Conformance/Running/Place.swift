import Glibc
import PluginProtocol
import Workspaces

/// What names a plugin finds in its workspace: the contract leaves them open.
public enum Layout: Hashable, Sendable {
    /// As the host of ours has them.
    case plain
    /// A root whose path has blanks and letters beyond ASCII.
    case moved
    /// Artifacts in folders with random names.
    case renamed

    var root: String { self == .moved ? "/wörk space/the job" : "/workspace" }

    /// The folder of an artifact.
    func folder(of artifact: String, _ random: inout some RandomNumberGenerator) -> String {
        guard self == .renamed else { return artifact }
        return "d" + String(UInt32.random(in: .min ... .max, using: &random), radix: 36)
    }
}

/// The workspace of one job, outside and inside.
struct Place: Sendable {
    let workspace: Workspace
    /// The root that the plugin is told.
    let root: String
    /// Where its folders are below that, with a slash: a worker's jobs have the root in common.
    let prefix: String
    /// Artifact name to its folder below `in/`.
    let inputs: [String: String]
    /// Artifact name to its folder below `out/`.
    let outputs: [String: String]
    /// The inputs as they were handed over.
    let before: Snapshot

    /// Makes the workspace and fills its inputs.
    /// - Parameter sources: artifact name to the folder that is copied; nil for an empty one.
    init(
        in parent: String, inside: (String) -> (root: String, prefix: String), layout: Layout, owner: Identity?,
        sources: [String: String?], outputs names: [String], random: inout some RandomNumberGenerator
    ) throws(WorkspaceError) {
        var inputs: [String: String] = [:]
        for name in sources.keys.sorted() { inputs[name] = layout.folder(of: name, &random) }
        var outputs: [String: String] = [:]
        for name in names { outputs[name] = layout.folder(of: name, &random) }
        let filled = sources.compactMapValues { $0 }
        let empty = inputs.filter { filled[$0.key] == nil }.map(\.value)
        workspace = try Workspace(in: parent, owner: owner, inputs: empty, outputs: Array(outputs.values))
        for (name, source) in filled {
            try copyTree(source, to: workspace.input(inputs[name]!), limit: Usage(bytes: 2 << 30, entries: 200_000))
        }
        let folder = "\(workspace.root)/in"
        before = Snapshot(of: folder)
        // All of it, so that a plugin that changes its inputs is not refused but seen.
        for path in owner == nil ? [] : [""] + before.entries.keys.map({ "/" + $0 }) {
            lchown(folder + path, owner!.uid, owner!.gid)
        }
        self.inputs = inputs
        self.outputs = outputs
        (root, prefix) = inside(String(workspace.root.split(separator: "/").last!))
    }

    var job: Job.Workspace { Job.Workspace(root: root, tmp: "\(prefix)tmp") }

    func artifacts(_ folders: [String: String], below parent: String, in order: [String]) -> [JobData.Artifact] {
        order.map { JobData.Artifact(name: $0, path: "\(prefix)\(parent)/\(folders[$0]!)") }
    }
}

/// What a job leaves in its workspace.
public struct Remains: Sendable {
    /// Input paths that are not as they were.
    public var changedInputs: [String] = []
    /// Output artifacts whose folder is no longer there.
    public var missingOutputs: [String] = []
    /// Output artifact to what is in it.
    public var outputs: [String: Snapshot] = [:]
    /// The whole workspace.
    public var all: Snapshot?

    init() {}

    init(_ place: Place) {
        let all = Snapshot(of: place.workspace.root)
        self.all = all
        changedInputs = all.below("in").differences(from: place.before)
        for (artifact, folder) in place.outputs {
            guard all.entries["out/\(folder)"]?.kind == .directory else {
                missingOutputs.append(artifact)
                continue
            }
            outputs[artifact] = all.below("out/\(folder)")
        }
        missingOutputs.sort()
    }
}
