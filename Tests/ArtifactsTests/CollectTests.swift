import Artifacts
import Glibc
import Testing

@Suite("What no artifact needs is removed")
struct CollectTests {
    private let scratch: Scratch
    private let store: ArtifactStore

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    private func artifact(_ name: String, _ script: String) throws -> ArtifactDigest {
        try store.ingest(directory: scratch.directory(name, script))
    }

    /// As if everything had been taken in long ago.
    private func collect(
        keeping kept: Set<ArtifactDigest> = [], isRehearsal: Bool = false
    ) throws -> Collected {
        try store.collect(keeping: kept, takenInBefore: .max, isRehearsal: isRehearsal)
    }

    @Test("an artifact that is not kept goes with what it has alone; what others have stays")
    func shared() throws {
        let old = try artifact("old", "echo shared > a; echo alone > b; mkdir c; ln -s a l")
        let new = try artifact("new", "echo shared > a; echo other > b")
        let rehearsed = try collect(keeping: [new], isRehearsal: true)
        #expect(rehearsed.artifacts == 1 && rehearsed.files == 1 && rehearsed.bytes > 0)
        #expect(store.contains(old))
        #expect(try collect(keeping: [new]) == rehearsed)
        #expect(!store.contains(old))
        try store.materialise(new, into: "\(scratch.path)/out")
        try expectSame("\(scratch.path)/new", "\(scratch.path)/out")
        #expect(try collect(keeping: [new]) == Collected())
        #expect(try collect().artifacts == 1)
        #expect(try scratch.names("store/blobs").isEmpty && scratch.names("store/trees").isEmpty)
    }

    @Test("what was taken in of late stays, also when it was there before: what refers to it may not be written yet")
    func young() throws {
        let digest = try artifact("one", "echo x > a")
        let tree = "\(scratch.path)/store/trees/\(digest)"
        try #require(try shell("touch -d '2 days ago' '\(tree)'", in: "/") == 0)
        let yesterday = time(nil) - 86_400
        #expect(try store.collect(keeping: [], takenInBefore: yesterday, isRehearsal: true).artifacts == 1)
        #expect(try store.ingest(directory: "\(scratch.path)/one") == digest)
        #expect(try store.collect(keeping: [], takenInBefore: yesterday) == Collected())
        try store.materialise(digest, into: "\(scratch.path)/out")
    }

    @Test("what a collection left that was killed between artifacts and files, the next one removes")
    func leftOver() throws {
        let digest = try artifact("one", "echo x > a; echo y > b")
        try #require(unlink("\(scratch.path)/store/trees/\(digest)") == 0)
        #expect(try collect().files == 2)
        #expect(try scratch.names("store/blobs").isEmpty)
    }

    @Test("with a damaged artifact that is kept nothing is removed, and it is named")
    func damaged() throws {
        let (kept, other) = (try artifact("kept", "echo x > a"), try artifact("other", "echo y > a"))
        let tree = "\(scratch.path)/store/trees/\(kept)"
        try #require(chmod(tree, 0o600) == 0)
        try scratch.patch(tree, "data[25] ^= 1")
        let error = failure { () throws(ArtifactError) in
            _ = try store.collect(keeping: [kept], takenInBefore: .max)
        }
        #expect(error?.code == .corrupted && error?.message.contains("\(kept)") == true)
        #expect(store.contains(other))
    }

    @Test("what is no file of the store is left alone")
    func foreign() throws {
        try scratch.write([1], to: "\(scratch.path)/store/blobs/README")
        try scratch.write([1], to: "\(scratch.path)/store/trees/README")
        #expect(try collect() == Collected())
        #expect(try scratch.names("store/blobs") == ["README"] && scratch.names("store/trees") == ["README"])
    }

    @Test("artifacts that are taken in while others are removed are whole")
    func concurrent() async throws {
        let (store, path) = (store, scratch.path)
        let folders = try (0..<40).map { try scratch.directory("d\($0)", "echo same > a; echo \($0) > b") }
        let collecting = Task.detached {
            while !Task.isCancelled { _ = try store.collect(keeping: [], takenInBefore: time(nil) - 3_600) }
        }
        for (number, folder) in folders.enumerated() {
            let digest = try store.ingest(directory: folder)
            try store.materialise(digest, into: "\(path)/out\(number)")
            // As if nothing had ever needed it: its files go, which the next one shares.
            try #require(utimes("\(path)/store/trees/\(digest)", [timeval(), timeval()]) == 0)
        }
        collecting.cancel()
        try await collecting.value
    }
}
