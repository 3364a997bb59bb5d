import Glibc
import Processes
import Testing

private func shell(_ script: String, in directory: String? = nil) -> Command {
    Command(
        executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"], directory: directory)
}

/// On a thread of its own: it is blocked until the command ends.
private func run(_ command: Command) async -> Result<Exit, SpawnError> {
    await withCheckedContinuation { continuation in
        let box = Box {
            continuation.resume(returning: Result { () throws(SpawnError) in try runInForeground(command) })
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(box).toOpaque())
        pthread_detach(thread)
    }
}

private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// What is typed at a terminal is tested with the program's own commands.
@Suite("In the foreground", .serialized)
struct ForegroundTests {
    @Test("a command's exit or signal is told")
    func exits() async throws {
        #expect(await run(shell("exit 7")) == .success(.code(7)))
        #expect(await run(shell("kill -KILL $$")) == .success(.signal(SIGKILL)))
    }

    @Test("it has its own environment and directory, three descriptors, our group, and default signals")
    func surroundings() async throws {
        // A descriptor that only our care keeps from it.
        let extra = dup(0)
        defer { close(extra) }
        let script = """
            [ "$PWD" = /usr ] && [ -z "$HOME" ] && [ ! -e /proc/$$/fd/\(extra) ] || exit 1
            [ "$(cut -d' ' -f5 /proc/$$/stat)" = \(getpgrp()) ] || exit 2
            # Signals 32 and up are the C library's own.
            grep -q 'SigIgn:.*[08]0000000$' /proc/self/status && grep -q 'SigBlk:.*[08]0000000$' /proc/self/status || exit 3
            """
        let result = await run(shell(script, in: "/usr"))
        #expect(result == .success(.code(0)))
    }

    @Test("SIGINT and SIGQUIT do not end us while it runs, and mean afterwards what they meant before")
    func signals() async throws {
        let before = handler(of: SIGINT)
        let script = "grep -q 'SigIgn:.*[67ef]$' /proc/\(getpid())/status; kill -INT \(getpid())"
        #expect(await run(shell(script)) == .success(.code(0)))
        #expect(handler(of: SIGINT) == before)
    }

    private func handler(of number: Int32) -> UInt {
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
    }

    @Test("what cannot be started is an error with its errno")
    func missing() async throws {
        let command = Command(executable: "/no/such/program")
        #expect(await run(command) == .failure(SpawnError(command: "/no/such/program", code: ENOENT)))
        #expect(await run(shell("echo \0")) == .failure(SpawnError(command: "/bin/sh", code: EINVAL)))
    }
}
