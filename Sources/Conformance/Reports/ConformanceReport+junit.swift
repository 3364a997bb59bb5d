import JUnit

extension ConformanceReport {
    /// The XML that continuous integration reads as the results of tests: a suite for each profile with a case for each
    /// rule. What the baseline knows is skipped there; a stale line of it is a failure.
    public var junit: String {
        let suites = result.profiles.map { profile in
            JUnitReport.Suite(
                name: profile.rawValue,
                cases: result.rules.filter { $0.rule.profile == profile }.map(testCase))
        }
        let old = stale.map { sentence in
            JUnitReport.Case(
                name: "baseline", class: "baseline", outcome: .failure(type: "stale", sentence, text: sentence))
        }
        let all = suites + (old.isEmpty ? [] : [JUnitReport.Suite(name: "baseline", cases: old)])
        return JUnitReport(
            name: "\(result.plugin.title), requirements \(result.requirements)", suites: all,
            time: result.durationSeconds.tenths, timestamp: result.startedAt
        ).xml
    }

    private func testCase(_ judged: ConformanceResult.Judged) -> JUnitReport.Case {
        let rule = judged.rule
        let text = judged.findings.map { finding in
            let place = finding.fixture.map { "case \($0): " } ?? ""
            return
                "\(place)\(finding.evidence)\nhint: \(finding.hint)\nReproduce with: \(command(for: finding, of: judged))"
        }.joined(separator: "\n\n")
        return JUnitReport.Case(
            name: "\(rule.id) \(rule.sentence)", class: "penstock.conformance.\(rule.profile.rawValue)",
            outcome: outcome(judged, text))
    }

    private func outcome(_ judged: ConformanceResult.Judged, _ text: String) -> JUnitReport.Case.Outcome {
        let reason = judged.reason ?? judged.findings.first?.evidence ?? ""
        if isExpected(judged) { return .skipped("in the baseline: \(reason)") }
        switch judged.status {
        case .pass, .warn: return .success(told: text.isEmpty ? nil : text)
        case .skip: return .skipped(reason)
        case .fail: return .failure(type: judged.rule.keyword.rawValue, reason, text: text)
        case .notTestable:
            return judged.counts ? .failure(type: "not testable", reason, text: reason) : .skipped(reason)
        }
    }
}
