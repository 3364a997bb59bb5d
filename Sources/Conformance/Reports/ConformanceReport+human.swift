extension ConformanceReport {
    /// For people: the sum, then what is broken, what is not known, and what was left out.
    ///
    /// Evidence is what a plugin wrote: whoever prints this on a terminal takes control characters out.
    public var human: String {
        let plugin = result.plugin.title
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

    /// Lines of it are marked: at its beginning a line may be taken for one of ours, or for a command of the machinery
    /// that runs us (`::warning`).
    private func evidenceLines(_ finding: Finding) -> [String] {
        let evidence = finding.evidence.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let place = [finding.fixture.map { "case \($0)" }, finding.probe.map { "probe \($0)" }].compactMap { $0 }
        let first = (place.isEmpty ? "" : place.joined(separator: ", ") + ": ") + (evidence.first ?? "")
        return ["  \(first)"] + evidence.dropFirst().map { "    | \($0)" }
    }

    private var openLines: [String] {
        let open = rules(.notTestable)
        guard !open.isEmpty else { return [] }
        let byReason = Dictionary(grouping: open) { ($0.reason ?? "") + (isExpected($0) ? " (in the baseline)" : "") }
        let lines = byReason.map { reason, rules in
            (first: rules[0].rule.id, text: "\(reason): \(rules.map(\.rule.marked).joined(separator: ", "))")
        }
        let order = Dictionary(uniqueKeysWithValues: open.enumerated().map { ($1.rule.id, $0) })
        return ["", "NOT TESTABLE, which counts as a failure but for the rules in brackets, which have a SHOULD:"]
            + lines.sorted { order[$0.first]! < order[$1.first]! }.map { "  \($0.text)" }
    }

    private var skippedLines: [String] {
        skipped.isEmpty ? [] : ["", "skipped:"] + skipped.map { "  \($0.reason): \($0.rules)" }
    }
}

extension Rule {
    fileprivate var marked: String { keyword.isBinding ? id : "(\(id))" }
}
