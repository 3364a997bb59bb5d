import Glibc
import Synchronization

/// What was found when a store's artifacts were read.
public struct Verification: Hashable, Sendable {
    public internal(set) var artifacts = 0
    /// Different contents of files, each of which is read once.
    public internal(set) var blobs = 0
    /// Of those contents together, as far as they are sound.
    public internal(set) var bytes = 0
    /// By artifact and path: whatever is not there, is not what it must be, or cannot be read.
    public internal(set) var damage: [ArtifactError] = []
}

extension ArtifactStore {
    /// All artifacts, by their digests.
    /// - Throws: `missing` when there is no store, `denied`, `system`.
    public func artifacts() throws(ArtifactError) -> [ArtifactDigest] {
        var found: [ArtifactDigest] = []
        try Descriptor(opening: treesPath, O_RDONLY | O_DIRECTORY).forEachName(of: treesPath) { name in
            if let digest = ArtifactDigest(String(cString: name)) { found.append(digest) }
        }
        return found.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Reads artifacts, or everything in the store, and compares it with its digests.
    /// - Parameter chosen: nil for all, and for contents that no artifact names.
    /// - Throws: when the store itself cannot be read; damage is no error here.
    public func verify(_ chosen: [ArtifactDigest]? = nil) throws(ArtifactError) -> Verification {
        let blobs = try BlobFolder(of: self)
        var verification = Verification()
        var isSound: [BlobDigest: Bool] = [:]
        let all = if let chosen { chosen } else { try artifacts() }
        for artifact in all {
            verification.artifacts += 1
            do throws(ArtifactError) {
                let files = try entries(of: artifact)
                try check(files, of: artifact, in: blobs, &isSound, &verification)
            } catch {
                verification.damage.append(error)
            }
        }
        if chosen == nil { try checkUnnamed(in: blobs, Set(isSound.keys), &verification) }
        return verification
    }

    private func check(
        _ entries: [ArtifactEntry], of artifact: ArtifactDigest, in blobs: borrowing BlobFolder,
        _ isSound: inout [BlobDigest: Bool], _ verification: inout Verification
    ) throws(ArtifactError) {
        var unread: [(entry: ArtifactEntry, digest: BlobDigest)] = []
        var own: Set<BlobDigest> = []
        for entry in entries {
            guard case .file(_, _, let digest) = entry.kind, isSound[digest] != true,
                own.insert(digest).inserted
            else { continue }
            unread.append((entry, digest))
        }
        let files = unread
        let found = Mutex<[Int: ArtifactError]>([:])
        let sizeBytes = files.reduce(0) { $0 + $1.entry.sizeBytes }
        try inParallel(files.count, sizeBytes: sizeBytes) { () throws(ArtifactError) in
            BlobReader(of: artifact)
        } _: { (reader, number) throws(ArtifactError) in
            do throws(ArtifactError) {
                try reader.read(files[number].digest, of: files[number].entry.path, in: blobs) { _ in }
            } catch {
                found.withLock { $0[number] = error }
            }
        }
        let damage = found.withLock { $0 }
        for (number, file) in files.enumerated() {
            isSound[file.digest] = damage[number] == nil
            guard damage[number] == nil else { continue }
            verification.blobs += 1
            verification.bytes += file.entry.sizeBytes
        }
        verification.damage += damage.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Those, too, are taken for what their names say when the same content comes again.
    private func checkUnnamed(
        in blobs: borrowing BlobFolder, _ named: Set<BlobDigest>, _ verification: inout Verification
    ) throws(ArtifactError) {
        let reader = BlobReader(of: nil)
        for digest in try blobs.all() where !named.contains(digest) {
            var sizeBytes = 0
            do throws(ArtifactError) {
                try reader.read(digest, of: .root, in: blobs) { sizeBytes += $0.count }
                verification.blobs += 1
                verification.bytes += sizeBytes
            } catch {
                // What is missing now, a collection has removed meanwhile.
                if error.code != .missing { verification.damage.append(error) }
            }
        }
    }
}
