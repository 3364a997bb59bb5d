import PluginProtocol

extension Probe {
    static let ofArtifacts: [Probe] = [again, counts]

    private static let again = Probe(
        "again", "a case with outputs is run twice, and the outputs are compared", judging: ["ART-08"]
    ) { bench in
        guard bench.setting.manifest.run.reproducible, let fixture = bench.fixture(.producesArtifact) else { return [] }
        let first = try await bench.plainRun(of: fixture)
        guard let errand = first.errands.first, first.disappointment == nil else { return [] }
        // Long enough for the clocks of archives, some of which tick every 2 seconds.
        let passed = instantNanoseconds() - (errand.terminalInstantNanoseconds ?? 0)
        try await Task.sleep(for: .nanoseconds(max(0, 2_100_000_000 - passed)))
        let configuration = errand.job.data.configuration
        let second = try await bench.run(fixture, probe: "again") { $0.data.configuration = configuration }
        guard second.disappointment == nil else { return [] }
        return second.errands[0].remains.outputs.sorted { $0.key < $1.key }.compactMap { artifact, found in
            guard let path = found.differences(from: errand.remains.outputs[artifact] ?? found).first else {
                return nil
            }
            let evidence = "the second run made another \(path) in the output artifact \(artifact) than the first"
            return Finding("ART-08", in: second, evidence)
        }
    }

    private static let counts = Probe(
        "counts", "a case is run with the least and the greatest number of artifacts", judging: ["ART-06"]
    ) { bench in
        var findings: [Finding] = []
        for type in bench.setting.manifest.actionTypes {
            guard let fixture = bench.fixture(withArtifactsOf: type) else { continue }
            let own = (fixture.inputArtifacts.count, fixture.outputArtifacts.count)
            let least = (type.inputArtifacts.lowerBound, type.outputArtifacts.lowerBound)
            let greatest = (type.inputArtifacts.upperBound, type.outputArtifacts.upperBound)
            for numbers in least == greatest ? [least] : [least, greatest] where numbers != own {
                findings += try await bench.judge(fixture, inputs: numbers.0, outputs: numbers.1)
            }
        }
        return findings
    }
}

extension Bench {
    /// The case that shows best what a type does with artifacts.
    fileprivate nonisolated func fixture(withArtifactsOf type: ActionType) -> Fixture? {
        let having = setting.fixtures.filter {
            $0.actionType == type.id && $0.operation == .run && $0.expect.status == .succeeded
                && $0.traits.isDisjoint(with: [.longRunning, .continues])
        }
        guard type.inputArtifacts.upperBound + type.outputArtifacts.upperBound > 0 else { return nil }
        return having.first { $0.traits.contains(.producesArtifact) } ?? having.first { !$0.inputArtifacts.isEmpty }
            ?? having.first
    }

    /// Runs a case with other numbers of artifacts: its own ones first, then copies of the first input.
    fileprivate func judge(_ fixture: Fixture, inputs: Int, outputs: Int) async throws -> [Finding] {
        let own = fixture.inputArtifacts.sorted { $0.key < $1.key }.map { ($0.key, "\(plugin)/\($0.value)") }
        let more = (0..<10).map { ("Another\($0)", own.first?.1) }
        let sources = Dictionary(uniqueKeysWithValues: (own.map { ($0.0, Optional($0.1)) } + more).prefix(inputs))
        let names = (fixture.outputArtifacts + (0..<10).map { "Further\($0)" }).prefix(outputs)
        var changed = fixture
        changed.outputArtifacts = Array(names)
        // What is in them depends on what was put in.
        changed.expect.outputArtifacts = [:]
        let recording = try await run(changed, probe: "counts", inputs: sources)
        guard let fault = recording.fault(ofNumbers: changed), try await isSound(fixture) else { return [] }
        return [Finding("ART-06", in: recording, "with \(inputs) input and \(outputs) output artifacts \(fault)")]
    }

    private func run(_ fixture: Fixture, probe: String, inputs: [String: String?]) async throws -> Recording {
        let scene = try await Scene(self, fixture, probe: probe)
        return try await scene.closing {
            let place = try await scene.place(for: fixture, Scene.Start(), inputs: inputs)
            let subject = try await scene.start(at: place)
            await subject.give(scene.job(fixture, at: place), of: fixture, at: place)
            await subject.endInput()
            try await subject.awaitEnd()
            return try await scene.finish(subject)
        }
    }
}

extension Recording {
    /// How a plugin does not cope. It may refuse the numbers for a reason of the case's configuration.
    fileprivate func fault(ofNumbers fixture: Fixture) -> String? {
        switch terminal(of: errands[0].job.jobId) {
        case nil: "no terminal message came; \(endDescription)"
        case .jobFailureResult(let result)? where result.type == .jobFailed:
            // Commands of a case may well need its artifacts.
            fixture.action?.commands.isEmpty == false ? nil : "it failed with JobFailed: \(result.message)"
        default: nil
        }
    }
}
