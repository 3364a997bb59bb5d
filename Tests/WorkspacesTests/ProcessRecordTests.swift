import Glibc
import Processes
import Testing
import Workspaces

/// Spec: HST-26.
@Suite struct ProcessRecordTests {
    private func sleeper() async throws -> Child {
        try await Reactor.shared.spawn(Command(executable: "/usr/bin/sleep", arguments: ["1000"]))
    }

    @Test("a record survives being written down, and finds the process to kill")
    func roundTrip() async throws {
        let child = try await sleeper()
        let record = try #require(ProcessRecord.capture(pid: child.pid))
        let again = try #require(ProcessRecord(text: record.text))
        #expect(again == record && again.isAlive)
        try await again.killAndWait()
        #expect(!again.isAlive)
        try await again.killAndWait()
        await child.finish()
    }

    @Test("a process with the number but another start or machine's start is left alone")
    func reusedNumber() async throws {
        let child = try await sleeper()
        let record = try #require(ProcessRecord.capture(pid: child.pid))
        let older = ProcessRecord(pid: record.pid, startTimeTicks: record.startTimeTicks - 1, bootID: record.bootID)
        let otherBoot = ProcessRecord(
            pid: record.pid, startTimeTicks: record.startTimeTicks, bootID: String(repeating: "0", count: 36))
        for stranger in [older, otherBoot] {
            #expect(!stranger.isAlive)
            try await stranger.killAndWait()
            try await stranger.killAloneAndWait()
        }
        #expect(record.isAlive)
        try await record.killAloneAndWait()
        #expect(!record.isAlive)
        await child.finish()
    }

    @Test(
        "what a process leaves in its session is killed too, though the process itself is gone",
        arguments: [true, false])
    func session(leaderIsGone: Bool) async throws {
        let script = "setsid bash -c 'sleep 1000 >/dev/null 2>&1 & echo $$ $!; wait' & wait; echo gone; sleep 1000"
        let child = try await Reactor.shared.spawn(Command(executable: "/bin/bash", arguments: ["-c", script]))
        var records: [ProcessRecord] = []
        lines: for await event in child.events {
            guard case .line(let line) = event, line.stream == .output else { continue }
            let pids = String(decoding: line.bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
            if pids.isEmpty { break lines }
            records = pids.compactMap { ProcessRecord.capture(pid: $0) }
            guard leaderIsGone else { break lines }
            kill(pids[0], SIGKILL)
        }
        try #require(records.count == 2)
        #expect(records[0].isAlive != leaderIsGone && records[1].isAlive)
        try await records[0].killAndWait()
        #expect(!records[0].isAlive && !records[1].isAlive)
        await child.finish()
    }

    @Test("waiting goes on in a cancelled task")
    func cancelled() async throws {
        let child = try await sleeper()
        let record = try #require(ProcessRecord.capture(pid: child.pid))
        let task = Task { try await record.killAndWait() }
        task.cancel()
        try await task.value
        #expect(!record.isAlive)
        await child.finish()
    }

    @Test(
        "text that a crash cut short is no record",
        arguments: ["", "12", "12 34", "12 34 56", "x 1 y", "1 2 3 4", "-5 1 00000000-0000-0000-0000-000000000000"])
    func malformed(text: String) { #expect(ProcessRecord(text: text) == nil) }

    @Test("no process means no record")
    func missing() { #expect(ProcessRecord.capture(pid: Int32.max) == nil) }

    @Test("a process whose name has blanks and parentheses is read rightly")
    func awkwardName() async throws {
        let folder = try Folder()
        let name = "\(folder.path)/a) R 1 (b"
        symlink("/usr/bin/sleep", name)
        let child = try await Reactor.shared.spawn(Command(executable: name, arguments: ["1000"]))
        let plain = try await sleeper()
        let (awkward, later) = (ProcessRecord.capture(pid: child.pid), ProcessRecord.capture(pid: plain.pid))
        let ticks = try #require(awkward).startTimeTicks
        let laterTicks = try #require(later).startTimeTicks
        #expect(ticks > 0 && ticks <= laterTicks)
        await child.finish()
        await plain.finish()
    }

    @Test(
        "every process of a slot's user is killed, whatever it ignores and wherever it hides", .enabled(if: Site.isRoot)
    )
    func wholeUser() async throws {
        let (folder, slot) = (try Folder(), try await SlotPool().slot())
        let uid = String(slot.identity.uid)
        let script = "#!/bin/bash\ntrap '' TERM HUP; for i in 1 2 3; do setsid sleep 1000 & done; echo ready; wait"
        let stand = try folder.write(script, to: "bwrap", mode: 0o755)
        let command = Command(executable: Site.launcher, arguments: ["--uid", uid, "--gid", uid, "--", stand])
        var counted = 0
        let outcome = try await Outcome(of: command) { _, _ in
            counted = (try? slot.identity.processes().count) ?? 0
            #expect(slot.identity.process(getpid()) == nil, "another user's process is none of its")
            let identity = slot.identity
            Task { try await identity.killProcesses() }
        }
        #expect(counted == 4)
        #expect(outcome.exit == .signal(SIGKILL))
        #expect(try slot.identity.processes().isEmpty)
    }
}
