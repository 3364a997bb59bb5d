import Glibc
import Testing

@testable import Artifacts

@Suite("What the store keeps, and how it fails")
struct StoreTests {
    let scratch: Scratch
    let store: ArtifactStore

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    private func ingested() throws -> ArtifactDigest {
        try store.ingest(
            directory: try scratch.directory("source", "mkdir d; echo one >d/a; echo two >d/b; ln -s a d/l"))
    }

    @Test("contents are listed, measured and kept once")
    func listing() throws {
        let digest = try ingested()
        #expect(store.contains(digest))
        #expect(try store.sizeBytes(of: digest) == 8)
        #expect(try store.entries(of: digest).map { "\($0.path)" } == ["d", "d/a", "d/b", "d/l"])
        #expect(try scratch.names("store/blobs").count == 2)
        _ = try store.ingest(directory: try scratch.directory("again", "echo one >x"))
        #expect(try scratch.names("store/blobs").count == 2 && scratch.names("store/trees").count == 2)
    }

    @Test("a digest depends on names, modes, targets and bytes, and on nothing else")
    func identity() throws {
        let variants = [
            "echo x >a", "echo x >b", "echo y >a", "echo x >a; chmod 755 a", "ln -s a b", "ln -s c b",
            "mkdir a", "mkdir a; chmod 700 a", "mkdir a; echo x >a/a", "",
        ]
        let digests = try variants.enumerated().map { index, script in
            try store.ingest(directory: try scratch.directory("v\(index)", script))
        }
        #expect(Set(digests).count == variants.count)
        let later = try scratch.directory("later", "echo x >a; touch -d 2001-01-01 a; chmod u+s a")
        #expect(try store.ingest(directory: later) == digests[0])
        // The format is on disk: a change of it must be a decision. The SHA-256 is of this text, by sha256sum:
        // "penstock artifact 1\nD755 d\0F644 2 <SHA-256 of x\n> d/f\0Ll\0d\0"
        let fixed = try scratch.directory("fixed", "mkdir d; echo x >d/f; ln -s d l; chmod 755 d; chmod 644 d/f")
        #expect(
            "\(try store.ingest(directory: fixed))"
                == "a068949a90fd471b373bb97a8dd6cf3161f3692170a46102a140501fc57cc6be")
    }

    @Test("a digest is 64 lower-case digits as text")
    func digestText() throws {
        let digest = try ingested()
        #expect(ArtifactDigest("\(digest)") == digest)
        for text in ["", "\(digest)0", "\(digest)".uppercased(), "x" + "\(digest)".dropFirst()] {
            #expect(ArtifactDigest(text) == nil)
        }
    }

    @Test("an artifact that is not there is named")
    func unknown() throws {
        let digest = try #require(ArtifactDigest(String(repeating: "0", count: 64)))
        #expect(!store.contains(digest))
        let error = failure { () throws(ArtifactError) in try store.materialise(digest, into: "\(scratch.path)/t") }
        #expect(error?.code == .missing && error?.message.contains("\(digest)") == true)
        #expect(access("\(scratch.path)/t", F_OK) != 0)
    }

    @Test("a flipped bit is found and named, and leaves nothing laid out", arguments: [false, true])
    func corrupted(targetExists: Bool) throws {
        let digest = try ingested()
        let entry = try store.entries(of: digest)[2]
        guard case .file(_, _, let blob) = entry.kind else { return }
        #expect(
            try shell("chmod u+w \(blob); printf twO >\(blob); echo >>\(blob)", in: "\(scratch.path)/store/blobs") == 0)
        let target = "\(scratch.path)/target"
        if targetExists { _ = try scratch.directory("target") }
        let error = try #require(failure { () throws(ArtifactError) in try store.materialise(digest, into: target) })
        #expect(error.code == .corrupted && error.path == "d/b")
        #expect(error.message.contains("artifact \(digest) is corrupted: d/b must have the SHA-256 \(blob)"))
        #expect(targetExists ? try scratch.names("target").isEmpty : access(target, F_OK) != 0)
    }

    @Test(
        "a blob that is gone or cut short is found, and ingesting again mends it",
        arguments: ["rm -f", "truncate -s 1"])
    func mend(damage: String) throws {
        let digest = try ingested()
        #expect(try shell("for f in *; do chmod u+w $f; \(damage) $f; done", in: "\(scratch.path)/store/blobs") == 0)
        let target = "\(scratch.path)/target"
        let error = failure { () throws(ArtifactError) in try store.materialise(digest, into: target) }
        #expect(error?.code == .missing || error?.code == .corrupted)
        #expect(error?.path == "d/a" && access(target, F_OK) != 0)
        #expect(try store.ingest(directory: "\(scratch.path)/source") == digest)
        try store.materialise(digest, into: target)
        try expectSame("\(scratch.path)/source", target)
    }

    @Test("a tree that was changed is found")
    func corruptedTree() throws {
        let digest = try ingested()
        #expect(try shell("chmod u+w *; sed -i s/d.a/etc/ *", in: "\(scratch.path)/store/trees") == 0)
        let error = failure { () throws(ArtifactError) in _ = try store.entries(of: digest) }
        #expect(error?.code == .corrupted && error?.message.contains("\(digest)") == true)
    }

    @Test("nothing that was laid out shares its bytes with the store")
    func copies() throws {
        let digest = try ingested()
        try store.materialise(digest, into: "\(scratch.path)/target")
        #expect(try shell("echo changed >d/a; echo more >>d/b", in: "\(scratch.path)/target") == 0)
        try store.materialise(digest, into: "\(scratch.path)/target2")
        try expectSame("\(scratch.path)/source", "\(scratch.path)/target2")
        #expect(
            try shell("[ $(stat -c %a .) = 700 ] && [ -z \"$(find blobs -links +1 -type f)\" ]", in: store.directory)
                == 0)
    }

    @Test(
        "a target must be empty, a directory, and no link",
        arguments: [
            ("mkdir t; : >t/x", ArtifactError.Code.notEmpty), ("mkdir x; ln -s x t", .system), (": >t", .system),
        ])
    func target(script: String, code: ArtifactError.Code) throws {
        let digest = try ingested()
        let place = try scratch.directory("place", script)
        #expect(failure { () throws(ArtifactError) in try store.materialise(digest, into: "\(place)/t") }?.code == code)
        #expect(try shell("[ ! -e t/d ] && [ ! -e x/d ]", in: place) == 0)
        #expect(
            failure { () throws(ArtifactError) in try store.materialise(digest, into: "\(place)/a/b") }?.code
                == .missing)
    }

    @Test("what a killed ingest has left is cleared away, but not what a living one is at work on")
    func leftovers() throws {
        let living = try TemporaryDirectory(in: store.temporaryPath)
        #expect(try shell("mkdir dead; echo half >dead/incoming; : >stray", in: store.temporaryPath) == 0)
        _ = try scratch.store()
        #expect(access(living.path, F_OK) == 0)
        let name = String(living.path.split(separator: "/").last ?? "")
        end(living)
        #expect(try scratch.names("store/tmp") == ["dead", "stray"] && !name.isEmpty)
        _ = try scratch.store()
        #expect(try scratch.names("store/tmp").isEmpty)
    }

    private func end(_ directory: consuming TemporaryDirectory) {}

    @Test("many threads may put the same and different things in at once")
    func concurrent() async throws {
        let script = "for i in $(seq 200); do echo $i >f$i; done; head -c 2000000 /dev/zero >big"
        let sources = try (0..<8).map { try scratch.directory("s\($0)", script + "; echo \($0 % 2) >own") }
        let digests = try await withThrowingTaskGroup(of: ArtifactDigest.self) { [store] group in
            for source in sources { group.addTask { try store.ingest(directory: source) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(digests.count == 2)
        for (index, digest) in digests.enumerated() { try store.materialise(digest, into: "\(scratch.path)/t\(index)") }
        #expect(try scratch.names("store/tmp").isEmpty && scratch.names("store/blobs").count == 202)
    }

    @Test("a full disk is called one, in the store and in a workspace", .enabled(if: canMount, "mount needs root"))
    func full() throws {
        let small = try scratch.directory("small", "mount -t tmpfs -o size=1m none .")
        defer { _ = try? shell("umount '\(small)'", in: "/") }
        let source = try scratch.directory("source", "head -c 3000000 /dev/urandom >f; echo x >a")
        let tight = try ArtifactStore(directory: "\(small)/store")
        let error = try #require(failure { () throws(ArtifactError) in _ = try tight.ingest(directory: source) })
        #expect(error.code == .diskFull && error.message.contains("the disk is full") && error.message.contains(small))
        #expect(!error.isAboutContent)
        #expect(try scratch.names("small/store/tmp").isEmpty && scratch.names("small/store/blobs").isEmpty)
        let digest = try store.ingest(directory: source)
        let target = failure { () throws(ArtifactError) in try store.materialise(digest, into: "\(small)/t") }
        #expect(target?.code == .diskFull && target?.message.contains("\(small)/t/f") == true)
        #expect(try scratch.names("small") == ["store"])
        let zip = failure { () throws(ArtifactError) in try store.pack(digest, toZip: "\(small)/a.zip") }
        #expect(zip?.code == .diskFull && zip?.path == "\(small)/a.zip")
        #expect(try scratch.names("small") == ["store"])
    }

    @Test(
        "a read-only store can be read, and says why it cannot be written", .enabled(if: canMount, "mount needs root"))
    func readOnly() throws {
        let mount = try scratch.directory("mount", "mount -t tmpfs none .")
        defer { _ = try? shell("umount '\(mount)'", in: "/") }
        let source = try scratch.directory("source", "echo x >a")
        let writable = try ArtifactStore(directory: "\(mount)/store")
        let digest = try writable.ingest(directory: source)
        #expect(try shell("mount -o remount,ro '\(mount)'", in: "/") == 0)
        let errors = [
            failure { () throws(ArtifactError) in _ = try ArtifactStore(directory: "\(mount)/store") },
            failure { () throws(ArtifactError) in _ = try ArtifactStore(directory: "\(mount)/new") },
            failure { () throws(ArtifactError) in _ = try writable.ingest(directory: source) },
        ]
        for error in errors {
            #expect(error?.code == .readOnly && error?.message.contains("its file system is read-only") == true)
        }
        try ArtifactStore(reading: "\(mount)/store").materialise(digest, into: "\(scratch.path)/t")
        try expectSame(source, "\(scratch.path)/t")
    }

    @Test("no permission is said so", .enabled(if: !isRoot, "root may do everything"))
    func denied() throws {
        let source = try scratch.directory("source", "echo x >a; chmod 000 a")
        #expect(failure { () throws(ArtifactError) in _ = try store.ingest(directory: source) }?.code == .denied)
        let closed = try scratch.directory("closed", "chmod 500 .")
        let error = failure { () throws(ArtifactError) in _ = try ArtifactStore(directory: "\(closed)/store") }
        #expect(error?.code == .denied && error?.message.contains("permission denied for uid") == true)
    }
}
