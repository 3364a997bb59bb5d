import Artifacts
import Glibc
import Testing

@Suite("Ingest of a directory, and its way back")
struct DirectoryTests {
    let scratch: Scratch
    let store: ArtifactStore

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    @Test(
        "what goes in comes out",
        arguments: [
            "",
            "echo a >a; : >empty; mkdir d d/e; echo b >d/e/f",
            "echo a >a; cp a b; ln a c",
            "[ $(id -u) != 0 ] || all='000 111 222 644'; for m in 500 555 755 777 $all; do"
                + " echo $m >f$m; chmod $m f$m; mkdir d$m; : >d$m/in; chmod $m d$m; done",
            "mkdir -p a/b c; echo x >a/b/f; ln -s a/b/f l1; ln -s ../l1 a/l2; ln -s b a/ld; ln -s nowhere c/dangling",
            "ln -s . here; mkdir d; ln -s ../d/../d d/self; ln -s c1 c2; ln -s c0 c1; echo x >c0",
            "touch \"$(printf 'new\\nline')\" \"$(printf 'inv\\377alid')\" ' ' '*'"
                + " \"$(printf 'e\\314\\201')\" é '\\x2d' ./-",
            "mkdir 'a!' a; : >'a!/f'; : >a/f; : >a.b",
            "head -c 1048575 /dev/zero >m; head -c 1048576 /dev/zero >n; head -c 3000001 /dev/urandom >o; cp o p",
        ])
    func roundTrip(script: String) throws {
        let source = try scratch.directory("source", script)
        let digest = try store.ingest(directory: source)
        try store.materialise(digest, into: "\(scratch.path)/target")
        try expectSame(source, "\(scratch.path)/target")
        #expect(try store.ingest(directory: "\(scratch.path)/target") == digest)
        #expect(try scratch.names("store/tmp").isEmpty)
    }

    @Test(
        "ART-05: what is no file, directory or link is refused by name",
        arguments: [
            ("mkfifo d/it", "d/it is a FIFO"),
            ("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"d/it\")'", "d/it is a socket"),
        ])
    func kinds(script: String, message: String) throws {
        let source = try scratch.directory("source", "mkdir d; echo x >a; \(script)")
        let error = try #require(failure { () throws(ArtifactError) in _ = try store.ingest(directory: source) })
        #expect(error.code == .unsupportedKind && error.path == "d/it" && error.isAboutContent)
        #expect(error.message == "\(message): an artifact holds only regular files, directories and symbolic links")
        #expect(try scratch.names("store/blobs").isEmpty && scratch.names("store/tmp").isEmpty)
    }

    @Test(
        "ART-05: devices are refused by name", .enabled(if: isRoot, "mknod needs root"),
        arguments: [
            ("c 1 3", "a character device"), ("b 7 200", "a block device"),
        ])
    func devices(numbers: String, kind: String) throws {
        let source = try scratch.directory("source", "mknod it \(numbers)")
        let error = failure { () throws(ArtifactError) in _ = try store.ingest(directory: source) }
        #expect(error?.code == .unsupportedKind && error?.message.hasPrefix("it is \(kind)") == true)
    }

    @Test(
        "ART-03: a link that leads out is refused, however it does it",
        arguments: [
            ("ln -s /etc/passwd l", "l"), ("ln -s ../x l", "l"), ("mkdir d; ln -s ../../x d/l", "d/l"),
            ("mkdir d; ln -s .. d/up; ln -s d/up/../x l", "l"),
            ("mkdir -p a/b/c; ln -s a/b/c s; ln -s s/../../../../x l", "l"),
            // As text it stays inside; through the other link it does not.
            ("mkdir -p a/b top; ln -s ../../top a/b/s; ln -s a/b/s/../../x l", "l"),
            ("mkdir d; ln -s ../d/../../x d/l", "d/l"), ("ln -s b a; ln -s a b", "b"), ("ln -s l l", "l"),
            ("p=x; for i in $(seq 50); do ln -s $p l$i; p=l$i; done", "l41"),
        ])
    func escapes(script: String, link: String) throws {
        let source = try scratch.directory("source", script)
        let error = try #require(failure { () throws(ArtifactError) in _ = try store.ingest(directory: source) })
        #expect(error.code == .badLink && error.path == link)
        #expect(error.message.hasPrefix("\(link) is a link to \""))
    }

    @Test("set-uid, set-gid and sticky bits are dropped")
    func specialBits() throws {
        let source = try scratch.directory("source", "echo x >f; chmod 6755 f; mkdir d; chmod 1777 d")
        let digest = try store.ingest(directory: source)
        try store.materialise(digest, into: "\(scratch.path)/target")
        #expect(try shell("[ $(stat -c %a f) = 755 ] && [ $(stat -c %a d) = 777 ]", in: "\(scratch.path)/target") == 0)
    }

    @Test(
        "each limit names the path, the value and itself",
        arguments: [
            (ArtifactLimits(totalBytes: 9), "brings the artifact to 10 bytes or more; the limit is 9 bytes"),
            (ArtifactLimits(entries: 3), "is entry number 4; the limit is 3 entries"),
            (ArtifactLimits(depth: 1), "d/long lies 2 levels deep; the limit is 1"),
            (ArtifactLimits(textBytes: 8), "brings all paths to 9 bytes together; the limit is 8 bytes"),
            (ArtifactLimits(pathBytes: 5), "d/long has a path of 6 bytes; the limit is 5"),
        ])
    func limits(limits: ArtifactLimits, message: String) throws {
        let source = try scratch.directory("source", "mkdir d; printf 12345 >a; printf 12345 >d/long; : >c")
        let error = failure { () throws(ArtifactError) in _ = try store.ingest(directory: source, limits: limits) }
        #expect(error?.code == .limitExceeded && error?.message.hasSuffix(message) == true)
        _ = try store.ingest(
            directory: source, limits: ArtifactLimits(totalBytes: 10, entries: 4, depth: 2, pathBytes: 6))
    }

    @Test(
        "files that are together too large are refused before the first of them is opened",
        arguments: [("truncate -s 1T f", 1 << 40), ("truncate -s 4G f g h", 12 << 30)])
    func sparse(script: String, sizeBytes: Int) throws {
        let source = try scratch.directory("source", script)
        let watch = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        defer { close(watch) }
        try #require(inotify_add_watch(watch, source, UInt32(IN_OPEN | IN_ONLYDIR)) >= 0)
        let error = try #require(failure { () throws(ArtifactError) in _ = try store.ingest(directory: source) })
        #expect(error.code == .limitExceeded)
        #expect(error.message.hasSuffix("to \(sizeBytes) bytes or more; the limit is \(8 << 30) bytes"))
        var events = [UInt8](repeating: 0, count: 4096)
        // The directory was opened, which is told once; a file would be told with its name.
        #expect(read(watch, &events, events.count) == MemoryLayout<inotify_event>.size)
        #expect(try scratch.names("store/blobs").isEmpty && scratch.names("store/tmp").isEmpty)
    }

    @Test("a link with a target that is too long is refused")
    func longTarget() throws {
        let source = try scratch.directory("source", "ln -s $(printf 'a/%.0s' $(seq 1500)) l")
        #expect(failure { () throws(ArtifactError) in _ = try store.ingest(directory: source) }?.code == .limitExceeded)
    }

    private func deep(_ levels: Int) throws -> String {
        let script = "import os\nfor i in range(\(levels)): os.mkdir('d'); os.chdir('d')\nopen('f', 'w')"
        return try scratch.directory("deep", "python3 -c \"\(script)\"")
    }

    @Test("a tree 4,000 levels deep is refused")
    func tooDeep() throws {
        let source = try deep(4000)
        let error = failure { () throws(ArtifactError) in _ = try store.ingest(directory: source) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.message.hasSuffix("lies 129 levels deep; the limit is 128") == true)
    }

    @Test("where it is allowed, a tree may be deeper than any path that the kernel takes")
    func deeperThanPaths() throws {
        let limits = ArtifactLimits(depth: 2101, pathBytes: 4201)
        let digest = try store.ingest(directory: try deep(2100), limits: limits)
        #expect(try store.entries(of: digest).last?.path.bytes.count == 4201)
        try store.materialise(digest, into: "\(scratch.path)/target")
        #expect(try shell("[ $(find . | wc -l) = 2102 ]", in: "\(scratch.path)/target") == 0)
    }

    @Test("the directory itself must be one, and no link to one")
    func root() throws {
        let source = try scratch.directory("source", "echo x >f; mkdir d; ln -s d l; ln -s . up")
        for path in ["f", "l", "none"] {
            #expect(failure { () throws(ArtifactError) in _ = try store.ingest(directory: "\(source)/\(path)") } != nil)
        }
        _ = try store.ingest(directory: "d", beneath: source)
        for path in ["l", "up/d", "../source/d", "/etc", ""] {
            let error = failure { () throws(ArtifactError) in _ = try store.ingest(directory: path, beneath: source) }
            #expect(error?.isAboutContent == true)
        }
    }

    @Test("a tree that changes while it is read never lets anything in from outside")
    func race() throws {
        _ = try scratch.directory("outside", "echo secret >f; chmod 700 .")
        let outside = try store.entries(of: try store.ingest(directory: "\(scratch.path)/outside"))
        let source = try scratch.directory("source")
        let swap =
            "while :; do mkdir d; echo x >d/f; rm -r d; ln -s ../outside d; rm d; ln -s ../outside/f d; rm d; done"
        let pid = try start(["/bin/sh", "-c", "cd '\(source)'; " + swap])
        defer {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        var ends: Set<String> = []
        for _ in 0..<200 {
            do throws(ArtifactError) {
                let entries = try store.entries(of: try store.ingest(directory: source))
                #expect(!entries.contains { $0.kind == outside[0].kind })
                ends.insert("read")
            } catch {
                #expect(error.code == .changed || error.code == .badLink, "\(error)")
                ends.insert("\(error.code)")
            }
        }
        #expect(ends.count > 1)
    }
}
