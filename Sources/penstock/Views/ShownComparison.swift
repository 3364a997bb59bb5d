import Engine
import Jansson
import Pipelines

/// In what two executions differ; also what a rollback would change, before it is begun.
struct ShownComparison: Shown {
    let one: Execution
    let other: Execution
    let comparison: Comparison

    /// What a rollback of a stage would change: between what succeeded in it last and its target.
    static func preview(
        rollbackOf stage: String, from last: Execution, to target: Execution, catalogue: ActionTypeCatalogue
    ) -> ShownComparison {
        ShownComparison(
            one: last, other: target,
            comparison: Comparison(of: last, with: target, before: stage, catalogue: catalogue))
    }

    var human: String {
        var lines = ["- \(one.title)", "+ \(other.title)"]
        if let versions = comparison.versions {
            lines += ["", "version", "  \(versions.one ?? 0) -> \(versions.other ?? 0)"]
        }
        lines += section("source revisions", comparison.revisions, \.words)
        lines += section("artifacts", comparison.artifacts) { String($0.prefix(19)) }
        lines += section("variables", comparison.variables) { $0 }
        lines += section("definition", comparison.definition) { $0 }
        if comparison.isEmpty { lines += ["", "Nothing differs."] }
        return printableLines(lines.joined(separator: "\n"))
    }

    private func section<Value>(
        _ title: String, _ differences: [Difference<Value>], _ words: (Value) -> String
    ) -> [String] {
        if differences.isEmpty { return [] }
        return ["", title]
            + differences.flatMap { difference in
                ["  \(printable(difference.name))"]
                    + [difference.one.map { "    - \(printable(words($0)))" }].compactMap { $0 }
                    + [difference.other.map { "    + \(printable(words($0)))" }].compactMap { $0 }
            }
    }

    var json: JSON {
        [
            "one": one.reference, "other": other.reference, "same": .bool(comparison.isEmpty),
            "revisions": list(comparison.revisions, \.json), "artifacts": list(comparison.artifacts) { .string($0) },
            "variables": list(comparison.variables) { .string($0) },
            "definition": list(comparison.definition) { .string($0) },
        ]
    }

    private func list<Value>(_ differences: [Difference<Value>], _ json: (Value) -> JSON) -> JSON {
        .array(
            differences.map { difference in
                .object(present: [
                    "name": .string(difference.name), "one": difference.one.map(json),
                    "other": difference.other.map(json),
                ])
            })
    }
}

extension Execution {
    fileprivate var title: String {
        "\(id)  \(pipeline.name) version \(start.pipelineVersion)  \(status.name)  \(dateAndTime(startedAt))"
    }

    fileprivate var reference: JSON {
        [
            "pipelineExecutionId": .string(id.text), "pipeline": .string(pipeline.name),
            "pipelineVersion": .integer(Int64(start.pipelineVersion)), "status": .string(status.name),
            "startTime": .string(rfc3339(startedAt)),
        ]
    }
}

extension Revision {
    fileprivate var words: String {
        let line = summary.map { " \"\($0.prefix { !$0.isNewline }.prefix(60))\"" } ?? ""
        return "\(id)\(line)"
    }

    fileprivate var json: JSON {
        .object(present: [
            "revisionId": .string(id), "changeIdentifier": changeIdentifier.map { .string($0) },
            "summary": summary.map { .string($0) }, "created": created.map { .string(rfc3339($0)) },
        ])
    }
}
