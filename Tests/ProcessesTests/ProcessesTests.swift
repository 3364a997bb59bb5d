import Glibc
import Processes
import Testing

/// Everything that a shell command says and how it ends.
private struct Record: Equatable {
    var output: [String] = []
    var error: [String] = []
    var exit: Exit?
}

private func shell(_ script: String) -> Command {
    Command(executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
}

private func text(_ line: Line) -> String { String(decoding: line.bytes, as: UTF8.self) }

private func run(_ command: Command, input: [UInt8] = []) async throws -> Record {
    let child = try await Reactor.shared.spawn(command)
    child.write(input)
    child.closeInput()
    var record = Record()
    for await event in child.events {
        switch event {
        case .line(let line) where line.stream == .error: record.error.append(text(line))
        case .line(let line): record.output.append(text(line))
        case .end, .settled: break
        case .exited(let exit): record.exit = exit
        }
    }
    await child.finish()
    return record
}

@Suite("Processes")
struct ProcessesTests {
    @Test("a child's lines and exit arrive")
    func lines() async throws {
        let record = try await run(shell("echo a; echo b >&2; printf c; exit 3"))
        #expect(record == Record(output: ["a", "c"], error: ["b"], exit: .code(3)))
    }

    @Test("what was on the standard error before a line of the standard output is told before `settled`")
    func settled() async throws {
        for _ in 0..<20 {
            let child = try await Reactor.shared.spawn(shell("echo late >&2; echo out; read -r line"))
            var seen: [String] = []
            for await event in child.events {
                switch event {
                case .line(let line): seen.append(text(line))
                case .settled where seen.contains("out"):
                    #expect(Set(seen) == ["late", "out"])
                    child.closeInput()
                case .settled, .end, .exited: break
                }
            }
            await child.finish()
        }
    }

    @Test("what is written arrives whole, 4 MiB of it")
    func echo() async throws {
        let record = try await run(shell("wc -c"), input: [UInt8](repeating: 65, count: 4 << 20))
        #expect(record.output == ["4194304"])
    }

    @Test("a child that never reads its input harms nobody")
    func deaf() async throws {
        let record = try await run(
            shell("exec 0<&-; sleep 0.1; echo done"), input: [UInt8](repeating: 65, count: 1 << 20))
        #expect(record == Record(output: ["done"], exit: .code(0)))
    }

    @Test("the child sees only descriptors 0, 1 and 2, and 3 when it reports status (HST-15)")
    func descriptors() async throws {
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        var command = Command(executable: "/bin/ls", arguments: ["/proc/self/fd"])
        // ls itself opens the folder it lists.
        #expect(try await run(command).output == ["0", "1", "2", "3"])
        command.reportsStatus = true
        #expect(try await run(command).output == ["0", "1", "2", "3", "4"])
    }

    @Test("the environment is exactly the given one, in a session of its own with default signals")
    func environment() async throws {
        var command = Command(executable: "/usr/bin/env", environment: ["A": "1 2"])
        #expect(try await run(command).output == ["A=1 2"])
        let session = try await run(shell("ps -o sid= -p $$; echo $$")).output.map { $0.filter { $0 != " " } }
        #expect(session[0] == session[1])
        // Not of a shell: it blocks signals for a moment when it starts something.
        command = Command(executable: "/bin/grep", arguments: ["-E", "Sig(Ign|Blk)", "/proc/self/status"])
        let signals = try await run(command).output
        #expect(signals.count == 2)
        // Signals 32 and up are the C library's own.
        for line in signals {
            let mask = try #require(UInt64(line.split(separator: "\t")[1], radix: 16))
            #expect(mask & 0x7FFF_FFFF == 0, "\(line)")
        }
    }

    @Test(
        "a failed start says which errno",
        arguments: [
            ("/nowhere", ENOENT), ("/etc/passwd", EACCES), ("/usr", EACCES),
        ])
    func failedStart(path: String, code: Int32) async {
        await #expect(throws: SpawnError(command: path, code: code)) {
            try await Reactor.shared.spawn(Command(executable: path))
        }
    }

    @Test("a NUL in an argument is refused rather than cut short")
    func nul() async {
        await #expect(throws: SpawnError(command: "/bin/echo", code: EINVAL)) {
            try await Reactor.shared.spawn(Command(executable: "/bin/echo", arguments: ["a\0b"]))
        }
    }

    @Test("finishing kills the whole group and reaps it (HST-07)")
    func finish() async throws {
        let child = try await Reactor.shared.spawn(shell("trap '' TERM; sleep 1000 & echo $!; wait"))
        var grandchild: pid_t = 0
        for await case .line(let line) in child.events {
            grandchild = try #require(pid_t(text(line)))
            break
        }
        await child.finish()
        while kill(grandchild, 0) == 0 { await Task.yield() }
        #expect(errno == ESRCH)
        #expect(kill(child.pid, 0) == -1)
    }

    @Test("a signal to the group reaches a child's child")
    func groupSignal() async throws {
        // It says so itself: before it has a program of its own, a signal would be lost in it.
        let child = try await Reactor.shared.spawn(
            shell("trap 'echo got; exit 5' TERM; sh -c 'echo up; exec sleep 1000' & wait"))
        var output: [String] = []
        var exit: Exit?
        for await event in child.events {
            if case .line(let line) = event { output.append(text(line)) }
            if case .exited(let ended) = event { exit = ended }
            if output == ["up"] { child.signal(SIGTERM, group: true) }
        }
        await child.finish()
        #expect(output == ["up", "got"])
        #expect(exit == .code(5))
    }

    @Test("an over-long line is cut once, a long error line comes in pieces, and memory stays bounded (HST-05)")
    func longLines() async throws {
        let child = try await Reactor.shared.spawn(
            shell("head -c 3000000 /dev/zero; echo; echo short; head -c 40 /dev/zero >&2"),
            limits: LineLimits(outputBytes: 1_000, errorBytes: 17))
        var lines: [Line] = []
        for await case .line(let line) in child.events { lines.append(line) }
        await child.finish()
        let output = lines.filter { $0.stream == .output }
        #expect(output.map(\.ending) == [.overlong(totalBytes: 3_000_000), .newline])
        #expect(output.map(\.bytes.count) == [999, 5])
        #expect(output.map(\.offset) == [0, 3_000_001])
        let error = lines.filter { $0.stream == .error }
        #expect(error.map(\.bytes.count) == [16, 16, 8])
        #expect(error.map(\.ending) == [.split, .split, .unterminated])
    }

    @Test("a consumer far behind gets every line: reading waits for it")
    func backPressure() async throws {
        let child = try await Reactor.shared.spawn(shell("seq 1 200000"))
        var next = 1
        var exited = false
        for await event in child.events {
            if case .line(let line) = event {
                #expect(text(line) == String(next))
                next += 1
            }
            if case .exited = event { exited = true }
        }
        await child.finish()
        #expect(next == 200_001)
        #expect(exited)
    }

    @Test("many children at once leave no descriptor and no zombie (HST-17)")
    func many() async throws {
        _ = try await run(shell("true"))
        // Other tests open and close theirs meanwhile; a leak would be one for every child.
        let children = 192
        let before = openDescriptors()
        try await withThrowingTaskGroup(of: Record.self) { group in
            for index in 0..<children {
                let code = index % 64
                group.addTask { try await run(shell("echo \(code); exit \(code)")) }
            }
            for try await record in group {
                #expect(record.exit == record.output.first.flatMap { Int32($0) }.map { .code($0) })
            }
        }
        #expect(openDescriptors() < before + children)
    }

    private func openDescriptors() -> Int {
        (0..<4_096).count { fcntl(Int32($0), F_GETFD) >= 0 }
    }
}
