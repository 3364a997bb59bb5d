import Glibc
import Testing

@testable import Artifacts

@Suite("What is in the store already")
struct VerifyTests {
    let scratch: Scratch
    let store: ArtifactStore

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    /// Inode, time of the last change and name of every blob.
    private func blobs() throws -> [UInt8] {
        try #require(try shell("stat -c '%i %z %n' store/blobs/* | sort >blobs", in: scratch.path) == 0)
        return try scratch.read("\(scratch.path)/blobs")
    }

    @Test("what is there is not written again, and one file that changed alone is")
    func unchanged() throws {
        let source = try scratch.directory(
            "source", "for i in 1 2 3; do echo $i >f$i; done; head -c 3000000 /dev/urandom >large")
        let digest = try store.ingest(directory: source)
        let before = try blobs()
        #expect(try store.ingest(directory: source) == digest)
        #expect(try blobs() == before)
        #expect(try shell("echo new >f2", in: source) == 0)
        #expect(try store.ingest(directory: source) != digest)
        #expect(try scratch.names("store/blobs").count == 5)
    }

    @Test("a large file that is there needs no room on the disk", .enabled(if: canMount, "mount needs root"))
    func noRoom() throws {
        let small = try scratch.directory("small", "mount -t tmpfs -o size=4m none .")
        defer { _ = try? shell("umount '\(small)'", in: "/") }
        let source = try scratch.directory("source", "head -c 3000000 /dev/urandom >large")
        let tight = try ArtifactStore(directory: "\(small)/store")
        let digest = try tight.ingest(directory: source)
        #expect(try shell("head -c 4000000 /dev/zero >filler 2>/dev/null; [ -s filler ]", in: small) == 0)
        #expect(try tight.ingest(directory: source) == digest)
        // As large, and something else: this is found out by reading, and then there is no room for it.
        try #require(try shell("printf x | dd of=large conv=notrunc status=none", in: source) == 0)
        #expect(failure { () throws(ArtifactError) in _ = try tight.ingest(directory: source) }?.code == .diskFull)
    }

    @Test("everything damaged is named, once for each artifact, and contents that no artifact names are read too")
    func everything() throws {
        let first = try store.ingest(directory: try scratch.directory("1", "echo a >a; echo b >b; cp a a2"))
        let second = try store.ingest(directory: try scratch.directory("2", "echo a >x; echo c >c"))
        let third = try store.ingest(directory: try scratch.directory("3", "echo d >d"))
        let sound = try store.verify()
        #expect(sound.damage == [] && sound.artifacts == 3 && sound.blobs == 4 && sound.bytes == 8)
        #expect(try store.artifacts() == [first, second, third].sorted { "\($0)" < "\($1)" })
        // The content of a is damaged, d has lost its artifact and is damaged, and the second tree is damaged.
        #expect(
            try shell(
                """
                chmod u+w blobs/* trees/*
                sed -i s/a/A/ $(grep -l '^a$' blobs/*); sed -i s/d/D/ $(grep -l '^d$' blobs/*)
                rm trees/\(third); printf x >>trees/\(second)
                """, in: store.directory) == 0)
        let damage = try store.verify().damage
        #expect(damage.allSatisfy { $0.code == .corrupted } && damage.count == 3, "\(damage)")
        #expect(damage.contains { $0.path == "a" && $0.message.hasPrefix("artifact \(first) is corrupted: a must") })
        #expect(damage.contains { $0.message.hasPrefix("artifact \(second) is corrupted: its tree") })
        let unnamed = "what no artifact names is corrupted: \(store.directory)/blobs/"
        #expect(damage.contains { $0.message.hasPrefix(unnamed) })
        #expect(try store.verify([second]).damage.count == 1)
    }

    @Test("what cannot be read is named, and the others are read all the same")
    func unreadable() throws {
        let digest = try store.ingest(directory: try scratch.directory("1", "echo a >a; echo b >b; echo c >c"))
        #expect(try shell("f=$(grep -l '^a$' *); rm -f $f; mkdir $f", in: "\(store.directory)/blobs") == 0)
        let verification = try store.verify([digest])
        #expect(verification.blobs == 2 && verification.damage.map(\.code) == [.system])
        #expect(verification.damage.first?.message.contains("Is a directory") == true)
    }

    @Test("an artifact that is not there is damage, and a store that is not there an error")
    func missing() throws {
        let digest = try #require(ArtifactDigest(String(repeating: "0", count: 64)))
        #expect(try store.verify([digest]).damage.map(\.code) == [.missing])
        let none = ArtifactStore(reading: "\(scratch.path)/none")
        #expect(failure { () throws(ArtifactError) in _ = try none.verify() }?.code == .missing)
    }

    @Test("each difference of two artifacts is named: what is new, gone, or something else, modes too")
    func changes() throws {
        let old = try store.ingest(
            directory: try scratch.directory("1", "mkdir d; echo a >d/a; echo b >b; echo c >c; ln -s b l; : >k"))
        let new = try store.ingest(
            directory: try scratch.directory("2", "mkdir d; echo a >d/a; echo B >b; ln -s k l; chmod 700 d; mkdir k"))
        let changes = ArtifactChange.between(try store.entries(of: old), try store.entries(of: new))
        #expect(changes.map { "\($0.sign) \($0.path)" } == ["~ b", "- c", "~ d", "~ k", "~ l"])
        let back = ArtifactChange.between(try store.entries(of: new), try store.entries(of: old))
        #expect(back.map { "\($0.sign) \($0.path)" } == ["~ b", "+ c", "~ d", "~ k", "~ l"])
        #expect(ArtifactChange.between(try store.entries(of: old), try store.entries(of: old)) == [])
    }

    @Test("whoever removes has the store alone, and an ingest makes its artifact young")
    func lock() throws {
        let source = try scratch.directory("source", "echo a >a")
        let digest = try store.ingest(directory: source)
        do {
            let ingest = try Ingest(into: store, limits: ArtifactLimits())
            #expect(try isFree() == false)
            _ = consume ingest
        }
        #expect(try isFree())
        #expect(try shell("touch -d 2001-01-01 trees/\(digest)", in: store.directory) == 0)
        #expect(try store.ingest(directory: source) == digest)
        var status = stat()
        #expect(stat("\(store.directory)/trees/\(digest)", &status) == 0 && status.st_mtim.tv_sec > 1_000_000_000)
    }

    private func isFree() throws -> Bool {
        switch try StoreLock(aloneAtOnce: store.temporaryPath) {
        case .some: true
        case .none: false
        }
    }
}
