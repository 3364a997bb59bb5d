import Glibc
import PluginProtocol
import Processes

extension Probe {
    static let moved = Probe(
        "moved", "it works in a directory with blanks and letters beyond ASCII, and with artifacts elsewhere",
        judging: ["LIF-09", "ART-04"]
    ) { bench in
        var (elsewhere, renamed) = (Scene.Start(), Scene.Start())
        (elsewhere.layout, renamed.layout) = (.moved, .renamed)
        var findings: [Finding] = []
        for fixture in try await bench.examples() {
            findings += try await bench.run(fixture, probe: "moved", start: elsewhere)
                .findings(of: "LIF-09", when: "in \(Layout.moved.root)")
            guard !fixture.inputArtifacts.isEmpty || !fixture.outputArtifacts.isEmpty else { continue }
            findings += try await bench.run(fixture, probe: "moved", start: renamed)
                .findings(of: "ART-04", when: "with artifacts in directories of other names")
        }
        return findings
    }

    /// What comes of it is the plugin's affair, as long as it says so: RES-01 looks at that in every run.
    static let scarce = Probe(
        "scarce", "there is no room in tmp, and home cannot be written", judging: ["RES-01"]
    ) { bench in
        var start = Scene.Start()
        start.isScarce = true
        for fixture in try await bench.examples() { _ = try await bench.run(fixture, probe: "scarce", start: start) }
        return []
    }

    static let pair = Probe("pair", "two of it run at once", judging: ["LIF-10"]) { bench in
        guard let fixture = try await bench.examples([.succeeds]).first else { return [] }
        let scene = try await Scene(bench, fixture, probe: "pair")
        return try await scene.closing {
            let (first, second) = try await scene.startPair()
            // Both end before the sandbox of both does.
            try await first.awaitEnd()
            try await second.awaitEnd()
            let recordings = [try await scene.finish(first), try await scene.finish(second)]
            return recordings.flatMap { $0.findings(of: "LIF-10", when: "beside another instance") }
        }
    }

    static let stopped = Probe(
        "stopped", "it is stopped for 3 seconds, and its output is not read for 3 seconds", judging: ["LIF-14"]
    ) { bench in
        guard let fixture = try await bench.examples([.succeeds]).first else { return [] }
        let stop: @Sendable (Subject) async throws -> Void = { subject in
            try await subject.awaitStart()
            await subject.signal(SIGSTOP, "SIGSTOP")
            try await subject.pause(.seconds(3))
            await subject.signal(SIGCONT, "SIGCONT")
            try await subject.awaitEnd(afterLosing: .seconds(3) * bench.setting.scale)
        }
        let hold: @Sendable (Subject) async throws -> Void = { subject in
            await subject.hold(.output)
            try await subject.awaitStart()
            try await subject.wait(.seconds(3)) { _ in false }
            await subject.readOn(.output)
            try await subject.awaitEnd(afterLosing: .seconds(3) * bench.setting.scale)
        }
        let (first, second) = try await bench.runBoth(fixture, probe: "stopped", stop, hold)
        return first.findings(of: "LIF-14", when: "stopped for 3 seconds by SIGSTOP")
            + second.findings(of: "LIF-14", when: "with nobody reading its output for 3 seconds")
    }
}

extension Bench {
    /// Runs a fixture twice, at once unless it is let out into the machine's world, where both would meet.
    func runBoth(
        _ fixture: Fixture, probe: String, _ first: @escaping @Sendable (Subject) async throws -> Void,
        _ second: @escaping @Sendable (Subject) async throws -> Void
    ) async throws -> (Recording, Recording) {
        guard !(setting.network && fixture.needsNetwork) else {
            return (
                try await run(fixture, probe: probe, during: first),
                try await run(fixture, probe: probe, during: second)
            )
        }
        async let one = run(fixture, probe: probe, during: first)
        async let two = run(fixture, probe: probe, during: second)
        return (try await one, try await two)
    }
}
