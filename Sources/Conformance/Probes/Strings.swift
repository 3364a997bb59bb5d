import PluginProtocol

extension Probe {
    static let strings = Probe(
        "strings", "texts of a job hold quotes, line feeds and programs", judging: ["MSG-08"]
    ) { bench in
        guard let fixture = try await bench.examples([.succeeds]).first else { return [] }
        for (place, change) in hostileJobs(of: fixture, bench.setting.manifest) {
            let recording = try await bench.run(fixture, probe: "strings", change: change)
            if let harm = recording.harm { return [recording.finding(of: "MSG-08", "\(place): \(harm)")] }
        }
        return []
    }

    /// What is other in each job, and in words.
    private static func hostileJobs(
        of fixture: Fixture, _ manifest: Manifest
    ) -> [(String, @Sendable (inout Job) -> Void)] {
        let type = manifest.actionTypes.first { $0.id == fixture.actionType }
        let keys = (type?.configurationProperties ?? []).filter { property in
            property.type == .string && !property.secret && fixture.configuration[property.name] != nil
        }.prefix(5).map(\.name)
        var jobs: [(String, @Sendable (inout Job) -> Void)] = []
        for text in HostileText.all {
            for key in keys {
                jobs.append(("with \(text.about) as \(key)", { $0.data.configuration[key] = text.value }))
            }
        }
        for text in HostileText.all.prefix(2) {
            jobs.append(("with \(text.about) as names and revisions", { $0.data.rename(text.value) }))
        }
        return jobs
    }
}

/// A text that does harm where it is taken for anything else than data.
private struct HostileText {
    let about: String
    let value: String

    /// Each makes a file where a plugin cannot help having rights.
    private static let canaries = ["tmp", "out"].map { "\(Layout.plain.root)/\($0)/\(canary)" }
    static let canary = "penstock-canary"
    private static let touch = "touch \(canaries.joined(separator: " "))"

    static let all = [
        // Whole wherever it stands: bare, or in quotes of either kind.
        HostileText(about: "shell commands", value: "Zoë$(\(touch))'; \(touch); '"),
        HostileText(
            about: "quotes, backslashes and line feeds",
            value: "\"'`\(touch)`\"\\\n\t, \"x\": 1}\\u0022 %s %n ${x} {0} <b>&amp; 🚀\u{2028}\r\n"),
        // Python takes "0" for true, Perl does not.
        HostileText(
            about: "Python and Perl", value: "\"0\" and __import__(\"os\").system(\"\(touch)\") or system(\"\(touch)\")"
        ),
        HostileText(
            about: "JavaScript",
            value: canaries.map { "require('fs').writeFileSync('\($0)','')" }.joined(separator: ";")),
    ]
}

extension JobData {
    /// Gives what has a name another one.
    fileprivate mutating func rename(_ text: String) {
        pipelineContext.pipelineName = text
        pipelineContext.stageName = text
        pipelineContext.actionName = text
        for index in inputArtifacts.indices { inputArtifacts[index].revision = text }
    }
}

extension Recording {
    /// What hostile text did; nil if there is a result, whatever it is.
    fileprivate var harm: String? {
        guard let errand = errands.first else { return nil }
        let canaries = errand.remains.all?.entries.keys.filter { $0.hasSuffix("/\(HostileText.canary)") }.sorted() ?? []
        if let canary = canaries.first { return "a part of it was executed: it has made the file \(canary)" }
        guard terminal(of: errand.job.jobId) == nil else { return nil }
        if errand.isOverdue { return "no terminal message came within \(errand.job.timeoutSeconds) seconds" }
        if let wrong = wrongLines.first { return "\(wrong.heard.quoted): \(wrong.violation)" }
        return "no terminal message came; \(endDescription)"
    }
}
