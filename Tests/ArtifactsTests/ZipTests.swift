import Artifacts
import Glibc
import Testing

@Suite("Zips in and out")
struct ZipTests {
    let scratch: Scratch
    let store: ArtifactStore

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    @Test(
        "ART-3: an artifact comes back from a zip as it went in",
        arguments: [
            "", "echo a >a; : >empty; mkdir -p d/e d/hollow; echo b >d/e/f; chmod 751 d; chmod 600 a; ln -s e/f d/l",
            "touch \"$(printf 'new\\nline')\" \"$(printf 'inv\\377alid')\""
                + " \"$(printf 'e\\314\\201')\" é 'a\\x2d.slice'; ln -s é l",
            "head -c 1048576 /dev/zero >n; head -c 3000001 /dev/urandom >o; mkdir 'a!' a; : >'a!/f'; : >a/f",
        ])
    func roundTrip(script: String) throws {
        let digest = try store.ingest(directory: try scratch.directory("source", script))
        let zip = "\(scratch.path)/a.zip"
        try store.pack(digest, toZip: zip)
        #expect(try store.ingest(zip: zip) == digest)
        #expect(try scratch.store("other").ingest(zip: zip) == digest)
    }

    @Test("ART-3: the same artifact gives the same zip, in any time zone, and others can read it")
    func deterministic() throws {
        let source = try scratch.directory("source", "mkdir d; echo a >d/é; ln -s d l; chmod 755 d/é")
        try store.pack(try store.ingest(directory: source), toZip: "\(scratch.path)/1.zip")
        #expect(try shell("touch -d 2001-01-01 d/* d; mv d/é x; mv x d/é", in: source) == 0)
        setenv("TZ", "Asia/Tokyo", 1)
        defer { unsetenv("TZ") }
        try store.pack(try store.ingest(directory: source), toZip: "\(scratch.path)/2.zip")
        #expect(try shell("cmp 1.zip 2.zip", in: scratch.path) == 0)
        let check = """
            import sys, zipfile
            z = zipfile.ZipFile(sys.argv[1])
            assert z.testzip() is None and z.namelist() == ["d/", "d/é", "l"], z.namelist()
            assert [oct(i.external_attr >> 16) for i in z.infolist()] == ["0o40755", "0o100755", "0o120777"]
            assert all(i.date_time == (1980, 1, 1, 0, 0, 0) for i in z.infolist())
            """
        #expect(try run(["/usr/bin/env", "python3", "-c", check, "\(scratch.path)/1.zip"]) == 0)
    }

    @Test("what other programs pack is understood")
    func foreign() throws {
        let zip = try scratch.zip(
            #"""
            add("plain", 0o100640, b"x" * 2000000)
            add("none/stated", 0)
            add("dos\\dir\\f", 0, system=0)
            add("./dot/./f", 0o106777)
            add("é/e\u0301", 0o100644)
            add("l", 0o120777, "é/é".encode())
            add("late/f", 0o100644); add("late/", 0o40700)
            """#, options: ", zipfile.ZIP_DEFLATED")
        let entries = try store.entries(of: try store.ingest(zip: zip))
        let paths = entries.map { "\($0.path)" }
        #expect(
            paths == [
                "dos", "dos/dir", "dos/dir/f", "dot", "dot/f", "l", "late", "late/f", "none", "none/stated", "plain",
                "é", "é/e\u{301}",
            ])
        #expect(Array(paths[12].utf8) == Array("é/e\u{301}".utf8))
        #expect(entries[5].kind == .link(target: Array("é/é".utf8)) && entries[6].kind == .directory(mode: 0o700))
        guard case .file(0o777, _, _) = entries[4].kind, case .file(let mode, _, _) = entries[9].kind else {
            Issue.record("\(entries)")
            return
        }
        #expect(mode & 0o400 != 0)
    }

    @Test(
        "a hostile name is refused by name, and leaves nothing",
        arguments: [
            (#"add("/abs", 0o100644)"#, ArtifactError.Code.badName, "\"/abs\": it is absolute"),
            (#"add("../up", 0o100644)"#, .badName, "\"../up\": it has a component \"..\""),
            (#"add("a/../../up", 0o100644)"#, .badName, "component \"..\""),
            (#"add("a/..", 0o40755)"#, .badName, "component \"..\""),
            (#"add("a//b", 0o100644)"#, .badName, "\"a//b\": it has an empty component"),
            (#"add("", 0o100644)"#, .badName, "it is empty"),
            (#"add("/", 0o40755)"#, .badName, "it is absolute"),
            (#"add("..\\up", 0o100644)"#, .badName, "\"..\\up\": read with backslashes"),
            (#"add("a\\..\\..\\up", 0, system=0)"#, .badName, "component \"..\""),
            (#"add("\\\\host\\share", 0o100644)"#, .badName, "backslashes"),
            (#"add("C:\\up", 0, system=0)"#, .badName, "begins with a drive"),
            (#"add("a", 0o100644); add("a", 0o100644)"#, .badName, "a is there twice"),
            (#"add("a", 0o100644); add("./a", 0o100644)"#, .badName, "a is there twice"),
            (#"add("a", 0o100644); add("a/b", 0o100644)"#, .badName, "a/b cannot lie below a, which is no directory"),
            (#"add("l", 0o120777, b"/tmp"); add("l/x", 0o100644)"#, .badName, "l/x cannot lie below l"),
            (
                #"add("d/", 0o40755); add("l", 0o120777, b"d"); add("l/x", 0o100644)"#, .badName,
                "l/x cannot lie below l"
            ),
            (#"add("l", 0o120777, b"/etc/passwd")"#, .badLink, "l is a link to \"/etc/passwd\", an absolute path"),
            (#"add("a/l", 0o120777, b"../../x")"#, .badLink, "leads out of the artifact"),
            (#"add("l", 0o120777, b"")"#, .badLink, "l is a link to \"\", which is no target"),
            (#"add("l", 0o120777, b"a\0/../../b")"#, .badZip, "l is a link that cannot be read"),
            (#"add("dev", 0o20666)"#, .unsupportedKind, "dev is a character device"),
            (#"add("d/pipe", 0o10644)"#, .unsupportedKind, "d/pipe is a FIFO"),
            (#"add("s", 0o140644)"#, .unsupportedKind, "s is a socket"),
        ])
    func hostile(entries: String, code: ArtifactError.Code, message: String) throws {
        let zip = try scratch.zip("add('first', 0o100644, b'x')\n" + entries)
        let error = try #require(failure { () throws(ArtifactError) in _ = try store.ingest(zip: zip) })
        #expect(error.code == code && error.message.contains(message), "\(error)")
        #expect(try scratch.names("store/blobs").isEmpty && scratch.names("store/tmp").isEmpty)
    }

    @Test(
        "a zip whose bytes were tampered with is refused",
        arguments: [
            ("data[:] = data.replace(b'name1', b'na\\0e1')", "it holds a NUL byte"),
            (
                "i = data.rindex(b'PK\\1\\2'); data[i+8] |= 1; j = data.rindex(b'PK\\3\\4'); data[j+6] |= 1",
                "is encrypted"
            ),
            ("del data[len(data) // 2:]", "cut short: the directory at its end is missing"),
            ("del data[-30:]", "cut short"),
            ("data[:] = b''", "it is not a zip file"),
            ("data[:] = b'\\x1f\\x8b' + bytes(100)", "it is not a zip file"),
            ("data[data.index(b'content0')] ^= 1", "name0 cannot be unpacked"),
            (
                "i = data.rindex(b'PK\\1\\2'); data[i + 46 + 4] = ord('X')",
                "nameX has another name in front of its content"
            ),
            ("i = data.rindex(b'PK\\1\\2'); data[i+42:i+46] = bytes(4)", "lay claim to the same bytes"),
            ("i = data.rindex(b'PK\\5\\6'); data[i+12:i+16] = b'\\xf0\\xff\\xff\\x7f'", "its directory is damaged"),
            ("i = data.rindex(b'PK\\1\\2'); data[i] = 0", "its directory is damaged"),
            ("i = data.index(b'PK\\1\\2'); data[i+28:i+30] = b'\\xff\\xff'", "cut short or damaged"),
            ("i = data.rindex(b'PK\\5\\6'); data[i+8:i+20] = b'\\xff' * 12", "damaged"),
        ])
    func tampered(python: String, message: String) throws {
        let zip = try scratch.zip("add('name0', 0o100644, b'content0')\nadd('name1', 0o100644, b'content1')")
        try scratch.patch(zip, python)
        let error = try #require(failure { () throws(ArtifactError) in _ = try store.ingest(zip: zip) })
        #expect(error.code == .badZip || error.code == .badName)
        #expect(error.message.contains(message), "\(error)")
        #expect(try scratch.names("store/blobs").isEmpty && scratch.names("store/tmp").isEmpty)
    }

    @Test("no change of a single byte gets anything past the checks, or brings us down")
    func everyByte() throws {
        let zip = try scratch.zip("add('d/f', 0o100644, b'x')\nadd('l', 0o120777, b'd/f')")
        let count = try scratch.read(zip).count
        for index in 0..<count {
            for value in [0, 0x2F, 0xFF] {
                let copy = "\(scratch.path)/copy.zip"
                var bytes = try scratch.read(zip)
                bytes[index] = UInt8(value)
                try scratch.write(bytes, to: copy)
                do throws(ArtifactError) {
                    for entry in try store.entries(of: try store.ingest(zip: copy)) {
                        #expect(ArtifactPath(entry.path.bytes) != nil)
                    }
                } catch {
                    #expect(error.isAboutContent, "byte \(index) = \(value): \(error)")
                }
            }
        }
    }

    @Test("a bomb is stopped while it is unpacked, whatever size it claims")
    func bomb() throws {
        let zip = try scratch.zip("add('bomb', 0o100644, bytes(64 << 20))", options: ", zipfile.ZIP_DEFLATED")
        let limits = ArtifactLimits(totalBytes: 16 << 20)
        let honest = failure { () throws(ArtifactError) in _ = try store.ingest(zip: zip, limits: limits) }
        #expect(honest?.code == .limitExceeded && honest?.message.contains("67108864") == true)
        let claim = "data[:] = data.replace((64 << 20).to_bytes(4, 'little'), (1 << 10).to_bytes(4, 'little'))"
        try scratch.patch(zip, claim)
        let liar = failure { () throws(ArtifactError) in _ = try store.ingest(zip: zip, limits: limits) }
        #expect(liar?.code == .limitExceeded || liar?.code == .badZip)
        #expect(try scratch.names("store/tmp").isEmpty)
    }

    @Test("what grows too much is stopped by how much it grows, with file, value and limit, and a little may grow")
    func ratio() throws {
        let zip = try scratch.zip(
            "add('a', 0o100644, b'x' * (60 << 20)); add('b', 0o100644, bytes(60 << 20))",
            options: ", zipfile.ZIP_DEFLATED")
        let error = failure { () throws(ArtifactError) in _ = try store.ingest(zip: zip) }
        #expect(error?.code == .limitExceeded && error?.path == "b")
        #expect(
            error?.message.contains("b brings what is unpacked to 125829120 bytes or more, out of an archive of")
                == true
                && error?.message.contains("the limit is 200 times as many") == true, "\(error?.message ?? "")")
        #expect(try scratch.names("store/tmp").isEmpty && scratch.names("store/trees").isEmpty)
        _ = try store.ingest(zip: zip, limits: ArtifactLimits(ratio: 2_000))
        _ = try store.ingest(
            zip: scratch.zip("add('a', 0o100644, bytes(60 << 20))", options: ", zipfile.ZIP_DEFLATED"))
    }

    @Test(
        "the limits hold for zips too",
        arguments: [
            (ArtifactLimits(entries: 3), "the limit is 3 entries"),
            (ArtifactLimits(textBytes: 7), "the limit is 7 bytes"),
            (ArtifactLimits(depth: 2), "3 levels deep"),
            (ArtifactLimits(pathBytes: 4), "has a path of 5 bytes"),
            (ArtifactLimits(totalBytes: 1), "the limit is 1 bytes"),
        ])
    func limits(limits: ArtifactLimits, message: String) throws {
        let zip = try scratch.zip("add('a/b/c', 0o100644, b'x'); add('d', 0o100644, b'y')")
        let error = failure { () throws(ArtifactError) in _ = try store.ingest(zip: zip, limits: limits) }
        #expect(error?.code == .limitExceeded && error?.message.contains(message) == true)
        _ = try store.ingest(zip: zip, limits: ArtifactLimits(totalBytes: 2, entries: 4, depth: 3, pathBytes: 5))
    }

    @Test("a zip of more than 65,535 entries is read through its second end record")
    func zip64() throws {
        let zip = try scratch.zip("for i in range(70000): add('f%d' % i, 0o100644)")
        #expect(try store.entries(of: try store.ingest(zip: zip)).count == 70000)
    }

    @Test("only a regular file is opened as a zip")
    func kinds() throws {
        let source = try scratch.directory("source", "mkfifo pipe; echo x >f; ln -s f l")
        for (name, code) in [
            ("pipe", ArtifactError.Code.unsupportedKind), ("l", .system), (".", .badZip), ("none", .missing),
        ] {
            let error = failure { () throws(ArtifactError) in _ = try store.ingest(zip: "\(source)/\(name)") }
            #expect(error?.code == code)
        }
    }

    @Test("a pack that fails leaves neither a half zip nor touches what was there")
    func failedPack() throws {
        let digest = try store.ingest(directory: try scratch.directory("source", "echo a >a; echo b >b"))
        #expect(try shell("for f in *; do chmod u+w $f; echo c >$f; done", in: "\(scratch.path)/store/blobs") == 0)
        let target = try scratch.directory("target", "echo old >a.zip")
        let error = failure { () throws(ArtifactError) in try store.pack(digest, toZip: "\(target)/a.zip") }
        #expect(error?.code == .corrupted)
        #expect(try scratch.names("target") == ["a.zip"] && scratch.read("\(target)/a.zip") == Array("old\n".utf8))
    }
}
