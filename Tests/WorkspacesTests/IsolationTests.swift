import Glibc
import Processes
import Testing
import Workspaces

/// What a plugin sees and can do inside, against real sandboxes.
@Suite struct IsolationTests {
    @Test(
        "lines go both ways through the sandbox and the exit code comes out",
        arguments: Sandbox.preferred)
    func standardStreams(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        let long = String(repeating: "x", count: 500_000)
        let outcome = try await site.run(
            site.launch("while read -r line; do echo \"got $line\"; done; echo bad >&2; exit 7"),
            input: "one\n\(long)\n")
        #expect(outcome.output == ["got one", "got \(long)"])
        #expect(outcome.error == "bad")
        #expect(outcome.exit == .code(7))
        #expect(outcome.status.contains { $0.contains("\"exit-code\": 7") })
    }

    @Test(
        "the environment is the given one and PWD, whatever ours is (HST-16)",
        arguments: Sandbox.preferred)
    func environment(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        var launch = site.launch(["/usr/bin/env"])
        launch.environment = [
            "PATH": "/usr/bin", "HOME": "/workspace/home", "LD_LIBRARY_PATH": "/plugin/lib", "EMPTY": "",
        ]
        let outcome = try await site.run(launch)
        #expect(
            outcome.output.sorted() == [
                "EMPTY=", "HOME=/workspace/home", "LD_LIBRARY_PATH=/plugin/lib", "PATH=/usr/bin",
                "PWD=\(site.sandbox.root(of: site.workspace))",
            ])
    }

    @Test(
        "only the descriptors 0, 1 and 2 are open inside (HST-15)",
        arguments: Sandbox.preferred)
    func descriptors(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        let script = "for n in {0..99}; do [ -e /proc/self/fd/$n ] && echo $n; done; true"
        let outcome = try await site.run(site.launch(["/bin/bash", "-c", script]))
        #expect(outcome.output == ["0", "1", "2"])
    }

    @Test(
        "the host's files, users and processes are not to be seen",
        arguments: Sandbox.preferred.filter { $0 != .landlock })
    func hostIsHidden(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        let outcome = try await site.run("cd /; echo *; echo /proc/[0-9]*; id -un; hostname; cat /etc/shadow; ls /root")
        #expect(
            outcome.output.prefix(2) == [
                "bin dev etc lib lib64 plugin proc run sbin tmp usr var workspace", "/proc/1 /proc/2",
            ])
        let host = (contents("/proc/sys/kernel/hostname") ?? "").prefix { $0 != "\n" }
        #expect(
            outcome.output.dropFirst(2) == [
                "penstock", profile == .bubblewrap ? String(host) : "penstock",
            ])
        #expect(outcome.error.contains("/etc/shadow: No such file"))
        #expect(outcome.error.contains("'/root': No such file"))
    }

    @Test(
        "a plugin writes out, tmp and home, and reads what was put into in",
        arguments: Sandbox.preferred)
    func workspace(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile, inputs: ["Source"])
        try Folder.write("secret input", to: site.workspace.input("Source") + "/file", mode: 0o600)
        try site.workspace.handOverInputs()
        let outcome = try await site.run(
            """
            pwd; cat in/Source/file; echo
            echo built > out/App/result; echo a > tmp/a; echo b > home/b
            \(site.sandbox.hasOwnMounts ? "echo c > /tmp/c; echo d > /var/tmp/d" : "touch tmp/c tmp/d")
            umask; ls tmp
            """)
        #expect(outcome.error == "")
        #expect(outcome.output == [site.inside("/workspace"), "secret input", "0022", "a", "c", "d"])
        #expect(contents(site.workspace.output("App") + "/result") == "built\n")
    }

    @Test(
        "nothing but out, tmp and home can be written",
        arguments: Sandbox.preferred, ["in", "in/Source", ".", "/plugin", "/etc", "/usr", "/", "/dev"])
    func readOnly(profile: Sandbox.Profile, folder: String) async throws {
        let site = try await Site(profile, inputs: ["Source"])
        try site.workspace.handOverInputs()
        // Modes are nothing that Landlock looks at, and the folder of an input is the job's own user's.
        let last = profile == .landlock ? "false" : "chmod 777 ."
        let outcome = try await site.run(
            "cd \(site.inside(folder)) && { touch new || mkdir new || ln -s x new || \(last); }")
        #expect(outcome.exit == .code(1))
        #expect(!outcome.error.isEmpty)
    }

    @Test(
        "folders of the workspace cannot be replaced by links",
        arguments: Sandbox.preferred)
    func foldersStay(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        let outcome = try await site.run(
            "mv out gone; rm -rf out; rmdir out; ln -sfn /etc out; [ -d out ] && [ ! -L out ]")
        #expect(outcome.exit == .code(0))
        #expect(exists("\(site.workspace.root)/out"))
    }

    @Test(
        "a granted host path is there under its own name, writable only if granted so",
        arguments: Sandbox.preferred)
    func hostPaths(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        let readable = try site.folder.makeFolder("readable")
        try site.folder.write("data", to: "readable/file")
        let writable = try site.folder.makeFolder("writable")
        if let owner = site.slot?.identity { chown(writable, owner.uid, owner.gid) }
        let elsewhere = site.sandbox.hasOwnMounts ? "/opt/here" : readable
        var launch = try site.launch(
            "cat \(readable)/file; echo; touch \(readable)/new; echo released > \(writable)/new; ls \(elsewhere)")
        launch.hostPaths = [
            HostPath(readable), HostPath(writable, writable: true), HostPath(readable, inside: elsewhere),
        ]
        let outcome = try await site.run(launch)
        #expect(outcome.output == ["data", "file"])
        #expect(outcome.error.contains("touch: cannot touch '\(readable)/new': "))
        #expect(contents("\(writable)/new") == "released\n")
        #expect(!exists("\(readable)/new"))
    }

    @Test("the network is reached only when it is granted", arguments: Sandbox.preferred, [false, true])
    func network(profile: Sandbox.Profile, granted: Bool) async throws {
        let site = try await Site(profile)
        let listener = try Listener()
        var launch = try site.launch(
            "exec 5<>/dev/tcp/127.0.0.1/\(listener.port) && echo connected; cat /etc/resolv.conf")
        launch.network = granted
        let outcome = try await site.run(launch)
        #expect(outcome.output.contains("connected") == granted)
        let names = contents("/etc/resolv.conf") ?? ""
        #expect(names.isEmpty || outcome.output.contains { names.contains($0) && $0 != "connected" } == granted)
    }

    @Test(
        "programs find what they look up in /etc: users, names, libraries, alternatives, their TLS defaults",
        arguments: Sandbox.preferred.filter { $0 != .landlock })
    func smallEtc(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        let outcome = try await site.run(
            """
            getent passwd penstock; getent hosts localhost | head -1; /usr/sbin/ldconfig -p | grep -c libc.so
            awk 'BEGIN { print "awk" }'; head -c 2 /etc/ssl/openssl.cnf > /dev/null && echo openssl
            """)
        #expect(outcome.error == "")
        #expect(outcome.output.first == "penstock:x:1000:1000:penstock:/workspace/home:/bin/sh")
        #expect(outcome.output.suffix(2) == ["awk", "openssl"])
        #expect(outcome.output.count == 5)
    }
}

/// Somebody who listens on the host's loopback.
final class Listener: Sendable {
    private let descriptor: Int32
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = descriptor
        let ok = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 8) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        try #require(ok)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}
