import Jansson
import PluginProtocol

extension Probe {
    static let ofMessages: [Probe] = [members, longLine, fragments, strings]

    static let members = Probe(
        "members", "a job has members that nobody knows, and one lacks all that it may lack",
        judging: ["MSG-04", "MSG-05"]
    ) { bench in
        var findings: [Finding] = []
        for fixture in try await bench.examples() {
            let more = try await bench.run(fixture, probe: "members") { $0.withUnknownMembers.serialized }
            findings += more.findings(of: "MSG-04", when: "with unknown members at every level of the job")
            let less = try await bench.run(fixture, probe: "members") { $0.withoutOptionalMembers.serialized }
            findings += less.findings(of: "MSG-05", when: "without any optional member in the job")
        }
        return findings
    }

    static let longLine = Probe(
        "long-line", "a job comes in a line of 1,048,576 bytes", judging: ["MSG-06"]
    ) { bench in
        guard let fixture = try await bench.examples([.succeeds]).first else { return [] }
        let long = try await bench.run(fixture, probe: "long-line") { $0.padded(toBytes: MessageLimits.lineBytes - 1) }
        let findings = long.findings(of: "MSG-06", when: "with a job line of 1,048,576 bytes")
        // The padding is a member that it does not know: who cannot bear that breaks MSG-04.
        guard !findings.isEmpty,
            try await bench.run(fixture, probe: "long-line", edit: { $0.padded(toBytes: 0) }).disappointment == nil
        else { return [] }
        return findings
    }

    static let fragments = Probe(
        "fragments", "a job comes byte by byte, with pauses within its characters", judging: ["MSG-07"]
    ) { bench in
        guard let fixture = try await bench.examples([.succeeds]).first else { return [] }
        let edit: @Sendable (JSON) -> [UInt8] = { $0.adding("x-note", "Zoë grüßt 漢字 🚀").serialized }
        let findings = try await bench.run(fixture, probe: "fragments", inPieces: true, edit: edit)
            .findings(of: "MSG-07", when: "with a job that came byte by byte")
        guard !findings.isEmpty,
            try await bench.run(fixture, probe: "fragments", edit: edit).disappointment == nil
        else { return [] }
        return findings
    }
}

extension JSON {
    fileprivate func adding(_ key: String, _ value: JSON) -> JSON { merging(.object([key: value])) }

    /// The line of a job, filled up with a member of its own.
    fileprivate func padded(toBytes count: Int) -> [UInt8] {
        let missing = count - adding("x-padding", "").serialized.count
        return adding("x-padding", .string(String(repeating: "x", count: max(missing, 1)))).serialized
    }

    /// A job with members of a later revision in each of its objects, but for those whose keys are data.
    fileprivate var withUnknownMembers: JSON {
        switch self {
        case .array(let elements): return .array(elements.map(\.withUnknownMembers))
        case .object(let members):
            var more = members.merging(Self.unknown) { own, _ in own }
            for (key, member) in members where !Self.free.contains(key) { more[key] = member.withUnknownMembers }
            return .object(more)
        case .null, .bool, .integer, .real, .string: return self
        }
    }

    private static let free: Set<String> = ["configuration", "event", "providerSettings"]
    private static let unknown: [String: JSON] = [
        "futureMember": ["since": "1.7", "values": [1, .real(2.5), true, .null]], "x-future": "anything",
    ]

    /// A job with nothing that the schema leaves open, as far as its meaning stays the same.
    fileprivate var withoutOptionalMembers: JSON {
        var job = removing(["traceparent"])
        if job["operation"] == "run" { job = job.removing(["operation"]) }
        if job["secretConfigurationKeys"] == [] { job = job.removing(["secretConfigurationKeys"]) }
        job = job.changing("workspace") { $0.removing(["cache"]) }.changing("host") { $0.removing(["features"]) }
        return job.changing("data") { data in
            var data = data.changing("pipelineContext") { $0.removing(["pipelineExecutionId", "pipelineArn"]) }
            for key in ["inputArtifacts", "outputArtifacts"] where data[key] == [] { data = data.removing([key]) }
            if data["actionConfiguration"]?["configuration"] == [:] { data = data.removing(["actionConfiguration"]) }
            return data
        }
    }

    private func removing(_ keys: [String]) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !keys.contains($0.key) })
    }

    private func changing(_ key: String, _ change: (JSON) -> JSON) -> JSON {
        guard case .object(var members) = self, let member = members[key] else { return self }
        members[key] = change(member)
        return .object(members)
    }
}
