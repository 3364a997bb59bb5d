extension ConformanceReport {
    /// A summary for a page of a code host.
    public var markdown: String {
        let plugin = result.plugin
        let head = [
            "# \(text("\(plugin.name) \(plugin.version)")) \(passes ? "passes" : "fails")", "",
            "\(sum), by \(subject).", "",
            "Seed \(result.seed), \(result.durationSeconds.tenths) s, SHA-256 of the plugin `\(plugin.sha256)`.",
        ]
        return (head + staleLines + table + details + skippedLines).joined(separator: "\n") + "\n"
    }

    private var told: [ConformanceResult.Judged] {
        result.rules.filter { $0.status != .pass && $0.status != .skip || $0.isFlaky }
    }

    private var staleLines: [String] { stale.isEmpty ? [] : [""] + stale.map { "- **Stale** \(text($0))" } }

    private var table: [String] {
        guard !told.isEmpty else { return [] }
        return ["", "| Rule | Status | What it says |", "| --- | --- | --- |"]
            + told.map { judged in
                let word =
                    judged.isFlaky ? "flaky" : judged.status == .notTestable ? "not testable" : judged.status.rawValue
                let known = isExpected(judged) ? ", in the baseline" : ""
                let reason = judged.reason.map { " (\(text($0)))" } ?? ""
                // The sentence is Markdown already.
                return "| \(judged.rule.id) | \(word)\(known) | \(judged.rule.sentence)\(reason) |"
            }
    }

    private var details: [String] {
        told.filter { !$0.findings.isEmpty }.flatMap { judged in
            let more = judged.findings.count - judged.shownFindings.count
            return ["", "## \(judged.rule.id)"]
                + judged.shownFindings.flatMap { finding in
                    let place = finding.fixture.map { "Case \($0). " } ?? ""
                    return ["", "\(place)Hint: \(text(finding.hint))", ""]
                        + code(finding.evidence) + [""] + code(command(for: finding, of: judged))
                } + (more > 0 ? ["", "And \(more) more."] : [])
        }
    }

    private var skippedLines: [String] {
        skipped.isEmpty ? [] : ["", "## Skipped", ""] + skipped.map { "- \(text($0.reason)): \($0.rules)" }
    }

    /// As a block of code: indented, no text in it can end it. Control characters are shown as what they are.
    private func code(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let scalars = line.unicodeScalars.map { $0.value < 0x20 || 0x7F..<0xA0 ~= $0.value ? "\u{FFFD}" : $0 }
            return "    \(String(String.UnicodeScalarView(scalars)))"
        }
    }

    /// Plain text: what means something in Markdown or HTML is escaped.
    private func text(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if character.isNewline {
                result += " "
            } else if #"\`*_[]<>|#&"#.contains(character) {
                result += "\\\(character)"
            } else {
                result.append(character)
            }
        }
    }
}
