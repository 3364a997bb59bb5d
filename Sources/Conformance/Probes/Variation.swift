import Jansson
import PluginProtocol

extension Bench {
    /// The fixtures that a scenario is played with in which the plugin has to do as ever: the primary one and the one with
    /// artifacts, unless even a plain run of it disappoints. Then nothing can be learned from it.
    /// - Throws: `KitFault` when none is left.
    func examples(_ traits: [Fixture.Trait] = [.succeeds, .producesArtifact]) async throws -> [Fixture] {
        var examples: [Fixture] = []
        var unsound: Fixture?
        for trait in traits {
            guard let fixture = fixture(trait), !examples.contains(fixture) else { continue }
            guard fixture.traits.isDisjoint(with: [.longRunning, .continues]) else { continue }
            if try await isSound(fixture) { examples.append(fixture) } else { unsound = fixture }
        }
        if let unsound, examples.isEmpty { throw KitFault(notAsExpected: unsound) }
        return examples
    }

    /// Runs a fixture with a job that goes over the wire as `edit` makes it.
    func run(
        _ fixture: Fixture, probe: String, inPieces: Bool = false, edit: @Sendable (JSON) -> [UInt8]
    ) async throws -> Recording {
        let scene = try await Scene(self, fixture, probe: probe)
        return try await scene.closing {
            let place = try await scene.place(for: fixture, Scene.Start())
            let job = await scene.job(fixture, at: place)
            let subject = try await scene.start(at: place)
            await subject.give(
                job, of: fixture, at: place, line: edit(HostMessage.job(job).json), inPieces: inPieces)
            await subject.endInput()
            try await subject.awaitEnd()
            return try await scene.finish(subject)
        }
    }
}

extension Recording {
    /// How its first job ended otherwise than the fixture expects, files of its artifacts included; nil when it did not.
    var disappointment: String? {
        guard let errand = errands.first else { return nil }
        if errand.isOverdue { return "no terminal message came within \(errand.job.timeoutSeconds) seconds" }
        if let mismatch = mismatch(of: errand) { return mismatch }
        for (artifact, files) in errand.fixture.expect.outputArtifacts.sorted(by: { $0.key < $1.key }) {
            guard let folder = errand.remains.outputs[artifact] else {
                return "the output artifact \(artifact) is gone"
            }
            if let file = files.first(where: { folder.entries[$0] == nil }) {
                return "expected \(file) in the output artifact \(artifact), and it is not there"
            }
        }
        return nil
    }

    /// One finding if the first job did not end as its fixture expects, although it does so otherwise.
    func findings(of rule: String, when circumstance: String) -> [Finding] {
        guard let disappointment else { return [] }
        return [finding(of: rule, "\(circumstance): \(disappointment)")]
    }

    func finding(of rule: String, _ evidence: String) -> Finding {
        Finding(rule, fixture: fixture, probe: probe, evidence: evidence, hint: Rule.hint(for: rule))
    }
}
