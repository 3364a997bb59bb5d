import Foundation
import Glibc
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The connection to a plugin in bubblewrap", .enabled(if: access("/usr/bin/bwrap", X_OK) == 0))
struct PluginConnectionSandboxTests {
    private func sandboxed(_ arguments: [String] = [], _ script: String) -> Command {
        sandboxed(arguments, program: ["/bin/bash", "-c", script])
    }

    private func sandboxed(_ arguments: [String] = [], program: [String]) -> Command {
        let sandbox = [
            "--unshare-user", "--unshare-pid", "--new-session", "--die-with-parent", "--ro-bind", "/", "/", "--proc",
            "/proc", "--dev", "/dev", "--json-status-fd", "3",
        ]
        return Command(
            executable: "/usr/bin/bwrap", arguments: sandbox + arguments + program,
            environment: ["PATH": Plugin.path], reportsStatus: true)
    }

    @Test("a cancel reaches its group inside: bash hears it while its child sleeps (CAN-01)")
    func cancel() async {
        let cancel = CancelSignal()
        let trial = await Trial.run(
            sandboxed([], bash + "trap 'echo heard; send jobAbandonedResult; exit 0' TERM; echo ready; sleep 1000"),
            cancel: cancel, onLine: { if $0 == "ready" { cancel.cancel(.user) } })
        #expect(trial.verdict == .abandoned(.user, nil))
        #expect(trial.text.contains("heard"))
    }

    @Test("the exit that counts is the plugin's, and a signal is one")
    func exit() async {
        let code = await Trial.run(sandboxed([], bash + "exit 3"))
        #expect(code.failure?.message.hasPrefix("exit status 3 without a result") == true)
        let signal = await Trial.run(sandboxed([], bash + "send jobSuccessResult; kill -9 $$"))
        #expect(signal.failure?.hostCode == .exitAfterSuccess)
        #expect(signal.failure?.message.hasPrefix("killed by SIGKILL (9) after reporting success") == true)
        #expect(await Trial.run(sandboxed([], bash + "send jobSuccessResult")).succeeded)
    }

    @Test("a sandbox that cannot be made is SandboxFailed, with its own words")
    func neverRan() async {
        let trial = await Trial.run(sandboxed(["--bind", "/no/such/path", "/mnt"], bash))
        #expect(trial.failure?.hostCode == .sandboxFailed)
        #expect(trial.failure?.type == .systemUnavailable)
        #expect(trial.failure?.message.contains("Can't find source path /no/such/path") == true)
    }

    @Test("a program whose interpreter is not in the sandbox is the plugin's fault, not the sandbox's")
    func noInterpreter() async throws {
        let program = FileManager.default.temporaryDirectory.appending(path: "penstock-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: program) }
        try "#!/opt/nowhere/python\n".write(toFile: program, atomically: true, encoding: .utf8)
        #expect(chmod(program, 0o755) == 0)
        let trial = await Trial.run(sandboxed(program: [program]))
        #expect(trial.failure?.hostCode == .commandNotFound)
        #expect(trial.failure?.message.contains("the interpreter in its first line must be below /usr") == true)
    }

    @Test("no process is left, not even one in a session of its own (HST-07)")
    func leftovers() async {
        let trial = await Trial.run(
            sandboxed([], bash + "setsid sleep 1000 & send jobSuccessResult"), job: job(cancelGraceSeconds: 0))
        #expect(trial.succeeded)
        #expect(!trial.log.contains { $0.text.contains("kept its pipes open") })
    }
}
