/// How much one artifact may hold.
public struct ArtifactLimits: Hashable, Sendable {
    /// The sum of the sizes of all files. ART-4 stops at 7 GB.
    public var totalBytes: Int
    /// Files, directories and links together. ART-4 stops at 100,000 files; directories come on top.
    public var entries: Int
    /// How many components a path has.
    public var depth: Int
    /// Bytes of a path below the artifact's root, and of a link's target: room is left for the workspace's own path
    /// in the 4,096 bytes that the kernel accepts.
    public var pathBytes: Int
    /// Bytes of all paths and link targets together, which are held in memory: 100,000 files have 600 each.
    public var textBytes: Int
    /// How many times as large as an archive that is unpacked all its files together may be: text shrinks to a tenth, a
    /// repetitive log to a hundredth; what would grow more is made to fill the disk. 64 MiB may come out of any archive.
    public var ratio: Int

    public init(
        totalBytes: Int = 8 << 30, entries: Int = 200_000, depth: Int = 128, pathBytes: Int = 2048,
        textBytes: Int = 64 << 20,
        ratio: Int = 200
    ) {
        self.totalBytes = totalBytes
        self.entries = entries
        self.depth = depth
        self.pathBytes = pathBytes
        self.textBytes = textBytes
        self.ratio = ratio
    }

    /// Refuses the entry that comes after `count` others.
    func check(_ path: ArtifactPath, after count: Int) throws(ArtifactError) {
        let (length, depth) = (path.bytes.count, path.depth)
        if length > pathBytes {
            throw .limit(path, "has a path of \(length) bytes; the limit is \(pathBytes)")
        }
        if depth > self.depth { throw .limit(path, "lies \(depth) levels deep; the limit is \(self.depth)") }
        if count >= entries { throw .limit(path, "is entry number \(count + 1); the limit is \(entries) entries") }
    }

    /// Refuses the file with which the artifact has grown to `total` bytes.
    /// - Parameter packedBytes: of the archive that is unpacked.
    func check(_ path: ArtifactPath, total: Int, packedBytes: Int?) throws(ArtifactError) {
        if total > totalBytes {
            throw .limit(path, "brings the artifact to \(total) bytes or more; the limit is \(totalBytes) bytes")
        }
        guard let packedBytes, total > Self.harmlessBytes, total / ratio >= packedBytes else { return }
        throw .limit(
            path,
            "brings what is unpacked to \(total) bytes or more, out of an archive of \(packedBytes) bytes; the limit is"
                + " \(ratio) times as many: if that is meant, unpack it elsewhere, and take the directory")
    }

    private static let harmlessBytes = 64 << 20

    /// Refuses the entry with which the paths and link targets have grown to `textBytes`.
    func check(_ path: ArtifactPath, textBytes: Int) throws(ArtifactError) {
        if textBytes > self.textBytes {
            throw .limit(path, "brings all paths to \(textBytes) bytes together; the limit is \(self.textBytes) bytes")
        }
    }

    /// Refuses a link whose target is too long.
    func check(_ path: ArtifactPath, targetBytes: Int) throws(ArtifactError) {
        if targetBytes > pathBytes {
            throw .limit(path, "is a link with a target of \(targetBytes) bytes; the limit is \(pathBytes)")
        }
    }
}

extension ArtifactError {
    fileprivate static func limit(_ path: ArtifactPath, _ excess: String) -> ArtifactError {
        // A path over the limit would fill the screen: its beginning is enough to find it.
        let shown = path.bytes.count <= 256 ? path.description : escaped(path.bytes.prefix(256)) + "…"
        return ArtifactError(.limitExceeded, shown, "\(shown) \(excess)")
    }
}
