import Glibc
import Processes
import Testing
import Workspaces

/// How sandboxed jobs end, and that nothing of them is left.
@Suite struct EndingTests {
    /// Starts a daemon that ignores every signal it can, keeps standard output open and carries `word`.
    private static func daemon(_ word: String) -> String {
        "setsid bash -c 'trap \"\" TERM HUP INT; echo ready; while :; do read -t 100 < <(:) || read -t 1000 <> <(:); done' \(word) &"
    }

    @Test(
        "a daemon that ignores signals dies when the sandbox's process is killed (HST-07)",
        arguments: Sandbox.preferred)
    func killed(profile: Sandbox.Profile) async throws {
        let (site, word) = (try await Site(profile), "daemon-\(UInt64.random(in: 0 ... .max))")
        let launch = try site.launch("\(Self.daemon(word)) read -t 1000 <> <(:)")
        var seen = 0
        let outcome = try await site.run(launch) { child, line in
            guard line.stream == .output else { return }
            seen = (try? processes(mentioning: word)) ?? 0
            child.signal(SIGKILL, group: false)
        }
        #expect(seen > 0)
        #expect(outcome.exit == .signal(SIGKILL))
        #expect(try processes(mentioning: word) == 0)
    }

    @Test(
        "a daemon dies when the plugin exits",
        arguments: Sandbox.preferred)
    func exited(profile: Sandbox.Profile) async throws {
        let (site, word) = (try await Site(profile), "daemon-\(UInt64.random(in: 0 ... .max))")
        let outcome = try await site.run("\(Self.daemon(word)) exit 3")
        #expect(outcome.exit == .code(3))
        #expect(try processes(mentioning: word) == 0)
    }

    @Test(
        "everything dies with the program that started it (HST-08)",
        arguments: Sandbox.preferred)
    func orphaned(profile: Sandbox.Profile) async throws {
        let (site, word) = (try await Site(profile), "daemon-\(UInt64.random(in: 0 ... .max))")
        let inner = site.sandbox.command(
            for: try site.launch("\(Self.daemon(word)) read -t 1000 <> <(:)"))
        let core = Command(
            executable: "/bin/bash",
            arguments: ["-c", "\"$@\" & wait", "core", inner.executable] + inner.arguments,
            environment: inner.environment, reportsStatus: true)
        let outcome = try await Outcome(of: core) { child, line in
            if line.stream == .output { child.signal(SIGKILL, group: false) }
        }
        #expect(outcome.output == ["ready"])
        #expect(try processes(mentioning: word) == 0)
    }

    @Test(
        "SIGTERM to the group of the child that the sandbox reports reaches a bash trap",
        arguments: Sandbox.preferred)
    func graceful(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        // A signal that comes just before bash's `read` waits does not end it; the end of `sleep`, in the same group, does.
        let launch = try site.launch("trap 'echo caught; exit 5' TERM; echo ready; sleep 1000 & wait; echo missed")
        // They come through two pipes, in any order.
        var (child, isReady): (Int32?, Bool) = (nil, false)
        let outcome = try await site.run(launch) { _, line in
            let text = String(decoding: line.bytes, as: UTF8.self)
            if line.stream == .status, let number = text.split(separator: "child-pid\": ").dropFirst().first {
                child = Int32(number.prefix { $0.isNumber })
            }
            if line.stream == .output, text == "ready" { isReady = true }
            guard isReady, let child else { return }
            isReady = false
            kill(-child, SIGTERM)
        }
        #expect(child != nil)
        #expect(outcome.output == ["ready", "caught"])
        #expect(outcome.exit == .code(5))
    }

    @Test("no signal that a plugin sends to the sandbox's first process ends it", arguments: Sandbox.preferred)
    func signals(profile: Sandbox.Profile) async throws {
        let outcome = try await Site(profile).run(
            "for signal in {1..64}; do kill -$signal $PPID 2>/dev/null; done; echo alive; exit 4")
        #expect(outcome.output == ["alive"] && outcome.exit == .code(4), "\(outcome)")
        #expect(outcome.status.contains { $0.contains("\"exit-code\": 4") })
    }

    @Test(
        "a program that cannot be run leaves no exit code on the status pipe",
        arguments: Sandbox.preferred)
    func notStarted(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        let outcome = try await site.run(site.launch(["missing"]))
        let text =
            profile == .bubblewrap
            ? "bwrap: execvp /plugin/missing"
            : "penstock-sandbox: cannot start the plugin's program \(site.inside("/plugin"))/missing"
        #expect(outcome.exit == .code(profile == .bubblewrap ? 1 : 125))
        #expect(outcome.error == "\(text): No such file or directory")
        #expect(!outcome.status.contains { $0.contains("exit-code") })
    }
}
