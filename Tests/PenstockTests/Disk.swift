import Glibc
import Testing

/// A file system of a few megabytes at one place of a site, in a mount namespace that goes with this.
final class Disk: Sendable {
    private let site: Site
    private let holder: Run
    let place: String

    /// - Parameters:
    ///   - place: absolute; made if it is not there.
    ///   - options: of tmpfs: `size=3m`, `nr_inodes=60`.
    init(_ site: Site, at place: String, _ options: String) async throws {
        (self.site, self.place) = (site, place)
        let script = """
            mkdir -p \(place) && mount -t tmpfs -o mode=711,\(options) tmpfs \(place) && echo mounted && exec sleep 1000
            """
        holder = try await site.launch(["/usr/bin/unshare", "--mount", "/bin/bash", "-c", script])
        try await holder.until(says: "mounted")
    }

    deinit { kill(holder.pid, SIGKILL) }

    private var entry: [String] {
        ["/usr/bin/nsenter", "--mount=/proc/\(holder.pid)/ns/mnt", "--wd=\(site.path)"]
    }

    /// Starts `penstock` where the disk is seen.
    func start(_ arguments: String..., input: String? = "") async throws -> Run {
        try await site.start(arguments, input: input, by: entry)
    }

    func run(_ words: String...) async throws {
        let outcome = try await site.launch(entry + words).outcome()
        try #require(outcome.code == 0, "\(words): \(outcome)")
    }

    /// How this process reaches a file of the site as it is seen there.
    func outside(_ path: String) -> String { "/proc/\(holder.pid)/root\(path)" }

    private var filler: String { outside("\(place)/filler") }

    /// Leaves no room for a single byte.
    func fill() throws {
        let file = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(file >= 0, "\(filler) can be made")
        defer { close(file) }
        for size in [1 << 16, 4_096] {
            let block = [UInt8](repeating: 0, count: size)
            while write(file, block, size) == size {}
        }
    }

    /// Leaves no room for a single file more.
    func fillWithFiles() throws {
        try #require(mkdir(filler, 0o700) == 0)
        for number in 0... {
            let file = open("\(filler)/\(number)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            guard file >= 0 else { return }
            close(file)
        }
    }

    /// There is room again.
    func empty() throws {
        for name in names(in: filler) { unlink("\(filler)/\(name)") }
        try #require(unlink(filler) == 0 || rmdir(filler) == 0)
    }

    /// Of the state directory, as it is seen there.
    func record() async throws -> Record {
        try await run("/bin/bash", "-c", "rm -rf copy && mkdir copy && cp \(site.state)/penstock.db* copy")
        return try Record(at: site.place("copy"))
    }

    /// Nothing that ran here runs still, and no workspace is there.
    func expectNothingLeft() async throws {
        func left() -> [String] { site.processes().filter { !$0.hasPrefix("\(holder.pid) ") } }
        try await until("no process is left: \(left())") { left().isEmpty }
        #expect(names(in: outside("\(site.state)/workspaces")) == [])
    }
}
