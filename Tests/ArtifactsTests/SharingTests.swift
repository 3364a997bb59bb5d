import Glibc
import Testing

@testable import Artifacts

@Suite("Laid out by links")
struct SharingTests {
    let scratch: Scratch
    let store: ArtifactStore

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    private func laidOut(_ script: String, _ name: String = "target") throws -> (ArtifactDigest, String) {
        let digest = try store.ingest(directory: try scratch.directory("source-\(name)", script))
        try store.materialise(digest, into: "\(scratch.path)/\(name)", sharing: .links)
        return (digest, "\(scratch.path)/\(name)")
    }

    @Test(
        "every mode comes out as it went in, and a file is the store's own where everybody may use it as its owner can")
    func modes() throws {
        let modes =
            isRoot ? "000 004 400 440 444 500 555 600 640 644 646 664 666 700 711 750 755 775 777" : "444 644 755"
        let script = "for m in \(modes); do echo $m >f$m; chmod $m f$m; done; mkdir -m 555 d; ln -s f644 l"
        let (digest, target) = try laidOut(script)
        try expectSame("\(scratch.path)/source-target", target)
        #expect(try store.ingest(directory: target) == digest)
        let shared = "find . -type f -links +1 -printf '%m\\n' | sort | tr '\\n' ' '"
        let expected = isRoot ? "444 555 644 664 755 775 " : "444 644 755 "
        #expect(try shell("[ \"$(\(shared))\" = '\(expected)' ]", in: target) == 0)
    }

    @Test("the same content with another mode is a file of its own", arguments: ["644 755", "755 644"])
    func otherMode(modes: String) throws {
        let (_, target) = try laidOut("for m in \(modes); do echo same >f$m; chmod $m f$m; done")
        try expectSame("\(scratch.path)/source-target", target)
        #expect(try shell("[ $(find . -type f -links 1 | wc -l) = 1 ]", in: target) == 0)
        #expect(try scratch.names("store/blobs").count == 1)
    }

    @Test("empty files, odd names and links come out, and the same again from what was laid out")
    func oddities() throws {
        let (digest, target) = try laidOut(
            "touch \"$(printf 'new\\nline')\" \"$(printf 'inv\\377alid')\" é ./-; mkdir -p a/b; : >a/b/f; ln -s b/f a/l"
        )
        try expectSame("\(scratch.path)/source-target", target)
        #expect(try store.ingest(directory: target) == digest)
    }

    @Test("blobs of an earlier store, which only their owner could read, are copied", arguments: ["400", "444", "600"])
    func olderStore(mode: String) throws {
        let digest = try store.ingest(directory: try scratch.directory("source", "echo a >a; echo b >b; chmod 755 b"))
        #expect(try shell("chmod \(mode) blobs/*; rm -r sizes", in: store.directory) == 0)
        try ArtifactStore(reading: store.directory).materialise(
            digest, into: "\(scratch.path)/target", sharing: .links)
        try expectSame("\(scratch.path)/source", "\(scratch.path)/target")
        #expect(try shell("[ -z \"$(find blobs -links +1 -type f)\" ]", in: store.directory) == 0)
    }

    @Test("where there can be no second name, there is a copy: another file system")
    func otherFileSystem() throws {
        let digest = try store.ingest(directory: try scratch.directory("source", "echo a >a; mkdir d; echo b >d/b"))
        // In memory on every Linux, and so never on the file system of the store.
        var template = Array("/dev/shm/penstock-artifacts-XXXXXX".utf8CString)
        let other = String(cString: try #require(mkdtemp(&template)))
        defer { _ = try? shell("rm -r '\(other)'", in: "/") }
        try store.materialise(digest, into: "\(other)/target", sharing: .links)
        try expectSame("\(scratch.path)/source", "\(other)/target")
    }

    @Test("where a file has as many names as it can have, there are copies")
    func manyNames() throws {
        // ext4 gives a file 65,000 names; where there may be more, this shows that all come out.
        let tar = """
            import sys, tarfile, io
            t = tarfile.open(sys.argv[1], "w")
            i = tarfile.TarInfo("f"); i.size = 1; i.mode = 0o644; t.addfile(i, io.BytesIO(b"x"))
            for n in range(65010):
                i = tarfile.TarInfo("d%d/%d" % (n % 100, n)); i.type = tarfile.LNKTYPE; i.linkname = "f"; t.addfile(i)
            """
        try #require(try run(["/usr/bin/env", "python3", "-c", tar, "\(scratch.path)/a.tar"]) == 0)
        let digest = try store.ingest(archive: "\(scratch.path)/a.tar")
        try store.materialise(digest, into: "\(scratch.path)/target", sharing: .links)
        #expect(
            try shell("[ $(find . -type f -size 1c -perm 644 | wc -l) = 65011 ]", in: "\(scratch.path)/target") == 0)
        #expect(try store.verify([digest]).damage == [])
    }

    @Test(
        "another user cannot change a file of the store through a name that he can reach",
        .enabled(if: isRoot, "only root can be somebody else"))
    func otherUser() throws {
        let (_, target) = try laidOut("echo one >f; echo two >g; chmod 755 g; echo three >h; chmod 664 h")
        let attempts = """
            cat f g h >/dev/null || exit 1
            for f in f g h; do
                echo x >$f; echo x >>$f; chmod 666 $f; truncate -s 0 $f; mv $f ..; rm -f $f; touch -d 2001-01-01 $f
                chown 12345 $f; setfattr -n user.x -v y $f
                python3 -c 'import os, sys; os.truncate(sys.argv[1], 0)' $f
            done 2>/dev/null
            exit 0
            """
        let attack = ["/usr/bin/env", "-C", target, "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
        #expect(try shell("chmod 755 . store; true", in: scratch.path) == 0)
        #expect(try run(attack + ["sh", "-c", attempts]) == 0)
        try expectSame("\(scratch.path)/source-target", target)
        #expect(try store.verify().damage == [])
        #expect(try shell("[ -z \"$(find blobs -type f ! -user 0)\" ]", in: store.directory) == 0)
    }

    @Test(
        "a flipped bit is found and named, in a small file and in a large one, and nothing stays laid out",
        arguments: [("small", 100), ("large", 3_000_001)], [Sharing.links, .copies])
    func flipped(file: (name: String, sizeBytes: Int), sharing: Sharing) throws {
        let source = try scratch.directory(
            "source", "head -c 100 /dev/urandom >small; head -c 3000001 /dev/urandom >large; echo x >other")
        let digest = try store.ingest(directory: source)
        let entry = try #require(try store.entries(of: digest).first { "\($0.path)" == file.name })
        guard case .file(_, file.sizeBytes, let blob) = entry.kind else { throw Unexpected() }
        try scratch.patch("\(store.directory)/blobs/\(blob)", "data[len(data) // 2] ^= 1")
        let error = failure { () throws(ArtifactError) in
            try store.materialise(digest, into: "\(scratch.path)/target", sharing: sharing)
        }
        #expect(error?.code == .corrupted && error?.path == file.name)
        #expect(
            error?.message.contains("artifact \(digest) is corrupted: \(file.name) must have the SHA-256 \(blob)")
                == true)
        #expect(access("\(scratch.path)/target", F_OK) != 0)
        let verification = try store.verify([digest])
        #expect(verification.damage == [error].compactMap { $0 } && verification.blobs == 2)
    }

    @Test("of several files that are damaged the first is named, however many threads read them")
    func firstOfMany() throws {
        let digest = try store.ingest(
            directory: try scratch.directory("source", "for i in $(seq 1000 1199); do echo $i >f$i; done"))
        for entry in try store.entries(of: digest).suffix(120) {
            guard case .file(_, _, let blob) = entry.kind else { throw Unexpected() }
            unlink("\(store.directory)/blobs/\(blob)")
        }
        for _ in 0..<20 {
            let error = failure { () throws(ArtifactError) in
                try store.materialise(digest, into: "\(scratch.path)/target", sharing: .links)
            }
            #expect(error?.path == "f1080" && error?.code == .missing)
        }
    }
}

struct Unexpected: Error {}
