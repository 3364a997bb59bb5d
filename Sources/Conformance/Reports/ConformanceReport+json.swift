import Jansson

extension ConformanceReport {
    /// The whole result. Schema: result.json. A baseline has no say in it: known breaches are breaches.
    public var json: JSON {
        [
            "resultVersion": 1, "kit": ["name": "penstock", "version": .string(result.kit)],
            "requirements": .string(result.requirements), "protocol": .string(protocolName),
            "profiles": .strings(result.profiles.map(\.rawValue)), "plugin": result.plugin.json,
            "verdict": result.passes ? "pass" : "fail", "seed": .integer(Int64(clamping: result.seed)),
            "startedAt": .string(result.startedAt), "durationSeconds": .real(result.durationSeconds),
            "environment": .strings(result.environment), "rules": .array(result.rules.map(json(of:))),
        ]
    }

    private func json(of judged: ConformanceResult.Judged) -> JSON {
        let findings = judged.findings.map { finding in
            JSON.object(present: [
                "case": finding.fixture.map { .string($0) }, "probe": finding.probe.map { .string($0) },
                "evidence": .string(finding.evidence), "hint": .string(finding.hint),
                "reproduce": .string(command(for: finding, of: judged)),
            ])
        }
        return .object(present: [
            "id": .string(judged.rule.id), "level": .string(judged.rule.keyword.rawValue),
            "profile": .string(judged.rule.profile.rawValue), "status": .string(judged.status.rawValue),
            "reason": judged.reason.map { .string($0) }, "flaky": judged.isFlaky ? true : nil,
            "findings": findings.isEmpty ? nil : .array(findings),
        ])
    }
}

extension ConformanceResult.Plugin {
    fileprivate var json: JSON {
        [
            "name": .string(name), "version": .string(version), "sha256": .string(sha256),
            "protocol": .strings(protocols),
        ]
    }
}
