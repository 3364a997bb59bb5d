import Artifacts
import Glibc
import Testing

@Suite("Archives in")
struct ArchiveTests {
    let scratch: Scratch
    let store: ArtifactStore

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    /// A tar that Python writes: `add(name, type, content="", link="", mode=0o644)`, with types like `tarfile.SYMTYPE`.
    private func tar(_ python: String, mode: String = "w", format: String = "PAX_FORMAT") throws -> String {
        let file = "\(scratch.path)/a.tar"
        let script = """
            import sys, tarfile, io
            from tarfile import REGTYPE, LNKTYPE, SYMTYPE, CHRTYPE, BLKTYPE, DIRTYPE, FIFOTYPE
            t = tarfile.open(sys.argv[1], "\(mode)", format=tarfile.\(format))
            def add(name, type=REGTYPE, content=b"", link="", mode=0o644):
                i = tarfile.TarInfo(name); i.type = type; i.mode = mode; i.linkname = link
                i.size = len(content) if type == REGTYPE else 0
                t.addfile(i, io.BytesIO(content))
            \(python)
            t.close()
            """
        try #require(try run(["/usr/bin/env", "python3", "-W", "ignore", "-c", script, file]) == 0)
        return file
    }

    private func expectNothingKept() throws {
        #expect(try scratch.names("store/tmp") == [] && scratch.names("store/trees") == [])
    }

    @Test(
        "a tar is what was packed, whoever packed it and however",
        arguments: [
            ("w", "USTAR_FORMAT"), ("w", "GNU_FORMAT"), ("w:gz", "PAX_FORMAT"), ("w:bz2", "PAX_FORMAT"),
            ("w:xz", "GNU_FORMAT"),
        ])
    func roundTrip(mode: String, format: String) throws {
        let source = try scratch.directory(
            "source",
            """
            mkdir -p d/e hollow; echo a >d/e/a; ln d/e/a hard; ln -s d/e/a soft; : >empty; echo x >'é b'; chmod 751 d
            head -c 3000001 /dev/urandom >large; chmod 700 large; touch \(String(repeating: "n", count: 90))
            """)
        let file = try tar(#"t.add("\#(source)", arcname=".")"#, mode: mode, format: format)
        #expect(try store.ingest(archive: file) == store.ingest(directory: source))
    }

    @Test("a tar of this machine's own program and a zip are understood, too, and found by what is in them")
    func foreign() throws {
        let source = try scratch.directory("source", "mkdir d; echo a >d/a; chmod 755 d/a; mkdir -m 755 e")
        let digest = try store.ingest(directory: source)
        #expect(try shell("tar -C source -cJf odd.name .", in: scratch.path) == 0)
        #expect(try store.ingest(archive: "\(scratch.path)/odd.name") == digest)
        try store.pack(digest, toZip: "\(scratch.path)/zip.tar")
        #expect(try store.ingest(archive: "\(scratch.path)/zip.tar") == digest)
    }

    @Test("set-uid, set-gid and sticky bits are dropped, directories that are not listed are added")
    func modes() throws {
        let digest = try store.ingest(archive: try tar(#"add("d/f", mode=0o6755); add("s", DIRTYPE, mode=0o1777)"#))
        let kinds = Dictionary(
            uniqueKeysWithValues: try store.entries(of: digest).map { ($0.path.description, $0.kind) })
        #expect(kinds["d"] == .directory(mode: 0o755) && kinds["s"] == .directory(mode: 0o777))
        guard case .file(let mode, 0, _) = kinds["d/f"] else { return #expect(Bool(false)) }
        #expect(mode == 0o755)
    }

    @Test(
        "what would lead out, or is no file, directory or link, is refused by its name, and nothing is kept",
        arguments: [
            (#"add("/etc/x")"#, ArtifactError.Code.badName, "an entry named \"/etc/x\": it is absolute"),
            (#"add("../x")"#, .badName, "an entry named \"../x\": it has a component \"..\""),
            (#"add("a/../../x")"#, .badName, "an entry named \"a/../../x\""),
            (#"add("l", SYMTYPE, link="/etc/passwd")"#, .badLink, "l is a link to \"/etc/passwd\", an absolute path"),
            (#"add("d/l", SYMTYPE, link="../../x")"#, .badLink, "which leads out of the artifact"),
            (#"add("l", SYMTYPE)"#, .badLink, "l is a link to \"\", which is no target"),
            (#"add("d", SYMTYPE, link="."); add("d/x")"#, .badName, "d/x cannot lie below d, which is no directory"),
            (#"add("f"); add("f/x")"#, .badName, "f/x cannot lie below f"),
            (#"add("f"); add("./f")"#, .badName, "f is there twice"),
            (#"add("null", CHRTYPE)"#, .unsupportedKind, "null is a character device"),
            (#"add("disk", BLKTYPE)"#, .unsupportedKind, "disk is a block device"),
            (#"add("pipe", FIFOTYPE)"#, .unsupportedKind, "pipe is a FIFO"),
            (#"add("h", LNKTYPE, link="/etc/passwd")"#, .badName, "an entry named \"/etc/passwd\": it is absolute"),
            (#"add("h", LNKTYPE, link="later"); add("later")"#, .badZip, "h is a hard link to \"later\""),
            (
                #"add("f"); add("h", LNKTYPE, link="l"); add("l", SYMTYPE, link="f")"#, .badZip,
                "which is no file before it"
            ),
        ])
    func hostile(python: String, code: ArtifactError.Code, message: String) throws {
        let file = try tar(python)
        let error = failure { () throws(ArtifactError) in _ = try store.ingest(archive: file) }
        #expect(error?.code == code && error?.message.contains(message) == true, "\(error?.message ?? "nothing")")
        try expectNothingKept()
    }

    @Test(
        "a bomb is stopped at its limit, by the entry's name",
        arguments: [
            (#"add("zeros", content=bytes(50 << 20))"#, "zeros brings the artifact to 52428800 bytes or more"),
            (#"for i in range(2000): add(f"f{i}")"#, "f1000 is entry number 1001; the limit is 1000 entries"),
            (
                #"add("f", content=bytes(1 << 20)); [add(f"h{i}", LNKTYPE, link="f") for i in range(99)]"#,
                "h7 brings the artifact to 9437184 bytes or more"
            ),
            (#"add("/".join("d" * 200))"#, "lies 200 levels deep"),
        ])
    func bombs(python: String, message: String) throws {
        let file = try tar(python, mode: "w:xz")
        let error = failure { () throws(ArtifactError) in
            _ = try store.ingest(archive: file, limits: ArtifactLimits(totalBytes: 8 << 20, entries: 1000))
        }
        #expect(error?.code == .limitExceeded && error?.message.contains(message) == true, "\(error?.message ?? "")")
        try expectNothingKept()
    }

    @Test(
        "what grows too much is stopped by how much it grows, also in many small files", arguments: ["w:xz", "w:bz2"])
    func ratio(mode: String) throws {
        let file = try tar("for i in range(80): add(f\"f{i}\", content=bytes([i]) * (1 << 20))", mode: mode)
        let error = failure { () throws(ArtifactError) in _ = try store.ingest(archive: file) }
        #expect(error?.code == .limitExceeded && error?.path == "f64", "\(error?.message ?? "nothing")")
        #expect(error?.message.contains("the limit is 200 times as many") == true)
        try expectNothingKept()
    }

    @Test("a size that the header does not tell is counted as it comes")
    func sparse() throws {
        #expect(try shell("truncate -s 1T holes; tar -Scf a.tar holes", in: scratch.path) == 0)
        let error = failure { () throws(ArtifactError) in
            _ = try store.ingest(archive: "\(scratch.path)/a.tar", limits: ArtifactLimits(totalBytes: 1 << 20))
        }
        #expect(error?.code == .limitExceeded && error?.message.contains("holes") == true)
    }

    @Test("what is no archive, or a part of one, is called that")
    func damaged() throws {
        try scratch.write(Array("hello\n".utf8), to: "\(scratch.path)/text")
        try scratch.write([], to: "\(scratch.path)/empty")
        let whole = try tar(#"import os; add("f", content=os.urandom(100000)); add("g")"#, mode: "w:gz")
        #expect(
            try shell("head -c 50000 a.tar >part; tar -cf nothing -T /dev/null; mkfifo fifo", in: scratch.path) == 0)
        let cases = [
            ("text", "is no archive that can be unpacked"), ("empty", "is no archive"),
            ("part", "(truncated gzip input)"),
            ("nothing", "is no archive, or one with nothing in it"), (".", "is a directory, not an archive"),
            ("fifo", "fifo is a FIFO"), ("none", "No such file"),
        ]
        for (name, message) in cases {
            let error = failure { () throws(ArtifactError) in
                _ = try store.ingest(archive: "\(scratch.path)/\(name)")
            }
            #expect(error?.message.contains(message) == true, "\(name): \(error?.message ?? "nothing")")
        }
        try expectNothingKept()
        _ = try store.ingest(archive: whole)
    }
}
