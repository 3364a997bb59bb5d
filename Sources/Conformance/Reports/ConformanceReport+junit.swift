extension ConformanceReport {
    /// The XML that continuous integration reads as the results of tests: a suite for each profile with a case for each
    /// rule. What the baseline knows is skipped there; a stale line of it is a failure.
    public var junit: String {
        let suites = result.profiles.map { profile in
            suite(profile.rawValue, result.rules.filter { $0.rule.profile == profile }.map(testCase))
        }
        let old = stale.map { sentence in
            TestCase(name: "baseline", class: "baseline", outcome: .failure(type: "stale", sentence, text: sentence))
        }
        let all = suites + (old.isEmpty ? [] : [suite("baseline", old)])
        let counts = counts(all.flatMap(\.cases))
        let name = escaped("\(result.plugin.title), requirements \(result.requirements)")
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="\(name)" \(counts) time="\(result.durationSeconds.tenths)">
            \(all.map(\.text).joined())</testsuites>

            """
    }

    private struct TestCase {
        enum Outcome {
            case success(told: String?)
            case skipped(String)
            case failure(type: String, String, text: String)
        }

        let name: String
        let `class`: String
        let outcome: Outcome
    }

    private func testCase(_ judged: ConformanceResult.Judged) -> TestCase {
        let rule = judged.rule
        let text = judged.findings.map { finding in
            let place = finding.fixture.map { "case \($0): " } ?? ""
            return
                "\(place)\(finding.evidence)\nhint: \(finding.hint)\nReproduce with: \(command(for: finding, of: judged))"
        }.joined(separator: "\n\n")
        return TestCase(
            name: "\(rule.id) \(rule.sentence)", class: "penstock.conformance.\(rule.profile.rawValue)",
            outcome: outcome(judged, text))
    }

    private func outcome(_ judged: ConformanceResult.Judged, _ text: String) -> TestCase.Outcome {
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

    private func suite(_ name: String, _ cases: [TestCase]) -> (cases: [TestCase], text: String) {
        let head = "name=\"\(name)\" \(counts(cases)) time=\"0\" timestamp=\"\(escaped(result.startedAt))\""
        return (cases, "  <testsuite \(head)>\n\(cases.map(xml).joined())  </testsuite>\n")
    }

    private func counts(_ cases: [TestCase]) -> String {
        let failures = cases.count { if case .failure = $0.outcome { true } else { false } }
        let skipped = cases.count { if case .skipped = $0.outcome { true } else { false } }
        return "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"0\" skipped=\"\(skipped)\""
    }

    private func xml(_ test: TestCase) -> String {
        let head = "    <testcase classname=\"\(escaped(test.class))\" name=\"\(escaped(test.name))\" time=\"0\""
        let body: String
        switch test.outcome {
        case .success(nil): return "\(head)/>\n"
        case .success(let told?): body = "<system-out>\(escaped(told, inAttribute: false))</system-out>"
        case .skipped(let reason): body = "<skipped message=\"\(escaped(reason))\"/>"
        case .failure(let type, let message, let text):
            body =
                "<failure type=\"\(escaped(type))\" message=\"\(escaped(message))\">"
                + "\(escaped(text, inAttribute: false))</failure>"
        }
        return "\(head)>\n      \(body)\n    </testcase>\n"
    }
}

/// Text for XML 1.0, which has no place at all for most control characters.
private func escaped(_ text: String, inAttribute: Bool = true) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        // A parser would make a space of them in an attribute, and drop a carriage return anywhere.
        case "\n" where inAttribute, "\t" where inAttribute, "\r": result += "&#\(scalar.value);"
        case "\n", "\t": result.unicodeScalars.append(scalar)
        case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
