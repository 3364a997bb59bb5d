/// In what an entry of one artifact differs from that of another at the same path.
public struct ArtifactChange: Hashable, Sendable {
    public let path: ArtifactPath
    /// Nil where there was nothing.
    public let old: ArtifactEntry.Kind?
    /// Nil where there is nothing any more.
    public let new: ArtifactEntry.Kind?

    /// `+` for what is new, `-` for what is gone, `~` for what is something else.
    public var sign: String { old == nil ? "+" : new == nil ? "-" : "~" }

    /// - Parameters: as `ArtifactStore.entries(of:)` gives them.
    /// - Returns: sorted by path; none for equal artifacts.
    public static func between(_ old: [ArtifactEntry], _ new: [ArtifactEntry]) -> [ArtifactChange] {
        var changes: [ArtifactChange] = []
        var (old, new) = (old[...], new[...])
        while let path = [old.first?.path, new.first?.path].compactMap({ $0 }).min() {
            let was = old.first?.path == path ? old.removeFirst().kind : nil
            let now = new.first?.path == path ? new.removeFirst().kind : nil
            if was != now { changes.append(ArtifactChange(path: path, old: was, new: now)) }
        }
        return changes
    }
}
