import Artifacts
import Glibc
import Testing

/// A directory of one test, gone with it, and a store in it.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/penstock-artifacts-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit { _ = try? shell("chmod -R u+rwx '\(path)' 2>/dev/null; rm -rf '\(path)'", in: "/") }

    func store(_ name: String = "store") throws -> ArtifactStore { try ArtifactStore(directory: "\(path)/\(name)") }

    /// Makes the directory `name` and runs a script in it.
    func directory(_ name: String, _ script: String = "") throws -> String {
        try #require(mkdir("\(path)/\(name)", 0o755) == 0)
        try #require(try shell("set -e\n" + script, in: "\(path)/\(name)") == 0)
        return "\(path)/\(name)"
    }

    /// A zip whose entries are Python calls of `add(name, mode, content, system=3)`.
    func zip(_ python: String, options: String = "") throws -> String {
        let file = "\(path)/a.zip"
        let script = """
            import zipfile, stat, sys, struct
            z = zipfile.ZipFile(sys.argv[1], "w"\(options))
            def add(name, mode, content=b"", system=3):
                i = zipfile.ZipInfo("x"); i.filename = name
                i.external_attr = mode << 16; i.create_system = system; i.compress_type = z.compression
                z.writestr(i, content)
                i.external_attr = mode << 16
            \(python)
            z.close()
            """
        try #require(try run(["/usr/bin/env", "python3", "-W", "ignore", "-c", script, file]) == 0)
        return file
    }

    /// Changes a file through Python's `data`, a bytearray.
    func patch(_ file: String, _ python: String) throws {
        let script = """
            import sys
            data = bytearray(open(sys.argv[1], "rb").read())
            \(python)
            open(sys.argv[1], "wb").write(data)
            """
        try #require(try run(["/usr/bin/env", "python3", "-c", script, file]) == 0)
    }

    func read(_ file: String) throws -> [UInt8] {
        let stream = try #require(fopen(file, "r"))
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        return Array(bytes[..<fread(&bytes, 1, bytes.count, stream)])
    }

    func write(_ bytes: [UInt8], to file: String) throws {
        let stream = try #require(fopen(file, "w"))
        defer { fclose(stream) }
        try #require(fwrite(bytes, 1, bytes.count, stream) == bytes.count)
    }

    /// The names in a directory below this one.
    func names(_ directory: String) throws -> [String] {
        let stream = try #require(opendir("\(path)/\(directory)"))
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }
}

func start(_ arguments: [String]) throws -> pid_t {
    var pid: pid_t = 0
    let pointers = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    try #require(posix_spawn(&pid, arguments[0], nil, nil, pointers, environ) == 0)
    return pid
}

func run(_ arguments: [String]) throws -> Int32 {
    let pid = try start(arguments)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 { try #require(errno == EINTR) }
    return status
}

func shell(_ script: String, in directory: String) throws -> Int32 {
    try run(["/bin/sh", "-c", "cd '\(directory)' || exit 9\n" + script])
}

/// The error that `body` throws.
func failure(_ body: () throws(ArtifactError) -> Void) -> ArtifactError? {
    do throws(ArtifactError) { try body() } catch { return error }
    return nil
}

/// The same names, kinds, modes, link targets and bytes, as other programs see them.
func expectSame(_ left: String, _ right: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let list = "find . -mindepth 1 -printf '%P %y %m %l\\0' | sort -z"
    let script = "(cd '\(left)' && \(list)) >L; (cd '\(right)' && \(list)) >R; cmp L R; a=$?; rm L R; exit $a"
    #expect(try shell(script, in: "\(right)/..") == 0, sourceLocation: sourceLocation)
    #expect(
        try run(["/usr/bin/env", "diff", "-r", "--no-dereference", left, right]) == 0, sourceLocation: sourceLocation)
}

let isRoot = geteuid() == 0
let canMount = isRoot && (try? shell("unshare -m mount -t tmpfs none /mnt", in: "/")) == 0
