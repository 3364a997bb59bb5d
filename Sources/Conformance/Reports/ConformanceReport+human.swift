extension ConformanceReport {
    /// For people: the sum, then what is broken, what is not known, and what was left out.
    ///
    /// Evidence is what a plugin wrote: whoever prints this on a terminal takes control characters out.
    public var human: String {
        let plugin = "\(result.plugin.name) \(result.plugin.version)"
        let verdict = passes ? (result.passes ? "passes" : "passes with its baseline") : "fails"
        let head = [
            "\(plugin) \(verdict)", "  \(sum); \(result.durationSeconds.tenths) s", "  \(subject)",
        ]
        return (head + staleLines + brokenLines + openLines + skippedLines).joined(separator: "\n") + "\n"
    }

    private var staleLines: [String] { stale.isEmpty ? [] : [""] + stale.map { "STALE  \($0)" } }

    private var brokenLines: [String] {
        let broken = rules(.fail) + rules(.warn) + result.rules.filter(\.isFlaky)
        return broken.flatMap { judged -> [String] in
            let word = judged.isFlaky ? "FLAKY" : judged.status == .fail ? "FAIL" : "WARN"
            let known = isExpected(judged) ? " (in the baseline)" : ""
            return ["", "\(word)  \(judged.rule.id)  \(judged.rule.sentence)\(known)"] + findingLines(judged)
        }
    }

    private func findingLines(_ judged: ConformanceResult.Judged) -> [String] {
        let shown = judged.shownFindings
        let tails = shown.map {
            ["    hint: \($0.hint)", "    Reproduce with: \(command(for: $0, of: judged))"]
        }
        let lines = zip(shown, tails).enumerated().flatMap { index, finding -> [String] in
            // What the next one says too is said once.
            evidenceLines(finding.0) + (tails.dropFirst(index + 1).first == finding.1 ? [] : finding.1)
        }
        let more = judged.findings.count - shown.count
        return lines + (more > 0 ? ["  and \(more) more"] : [])
    }

    private func evidenceLines(_ finding: Finding) -> [String] {
        let evidence = finding.evidence.split(separator: "\n", omittingEmptySubsequences: false)
        let place = [finding.fixture.map { "case \($0)" }, finding.probe.map { "probe \($0)" }].compactMap { $0 }
        let first = (place.isEmpty ? "" : place.joined(separator: ", ") + ": ") + (evidence.first ?? "")
        return ["  \(first)"] + evidence.dropFirst().map { "    \($0)" }
    }

    private var openLines: [String] {
        let open = rules(.notTestable)
        guard !open.isEmpty else { return [] }
        return ["", "NOT TESTABLE, which counts as a failure where the rule has a MUST:"]
            + open.map { judged in
                let known = isExpected(judged) ? " (in the baseline)" : ""
                return "  \(judged.rule.id)  \(judged.rule.keyword.rawValue)  \(judged.reason ?? "")\(known)"
            }
    }

    private var skippedLines: [String] {
        skipped.isEmpty ? [] : ["", "skipped:"] + skipped.map { "  \($0.reason): \($0.rules)" }
    }
}
