import Engine
import Jansson
import Pipelines

/// Where an execution's time went, as a table: what took none anywhere has no column.
struct ShownTiming: Shown {
    let execution: Execution
    let timing: Timing

    var human: String {
        let used = TimeUse.allCases.filter { use in rows.contains { $0.uses[use] != nil } }
        let table =
            [["", "total"] + used.map(\.title)]
            + rows.map { row in
                [row.name, span(row.total)] + used.map { row.uses[$0].map(span) ?? "" }
            }
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        let lines = table.map { cells in
            var line = cells[0].padded(to: widths[0])
            for (column, cell) in cells.enumerated().dropFirst() {
                line += "  " + String(repeating: " ", count: widths[column] - cell.count) + cell
            }
            while line.last == " " { line.removeLast() }
            return line
        }
        let title = "\(execution.pipeline.name) version \(execution.start.pipelineVersion)  \(execution.status.name)"
        return printableLines(([title, ""] + lines).joined(separator: "\n"))
    }

    private struct Row {
        let name: String
        let total: Int64
        let uses: [TimeUse: Int64]
    }

    private var rows: [Row] {
        var rows = timing.stages.flatMap { stage in
            [Row(name: stage.name, total: stage.totalMilliseconds, uses: stage.waits)]
                + stage.actions.map { action in
                    let place = [action.place.condition?.rawValue, action.place.name].compactMap { $0 }
                    let name = "  \(place.joined(separator: "/"))"
                    return Row(name: name, total: action.totalMilliseconds, uses: action.uses)
                }
        }
        if timing.overMilliseconds > 0 {
            rows.append(Row(name: "(over, until it was begun again)", total: timing.overMilliseconds, uses: [:]))
        }
        let waits = timing.stages.reduce(into: [:]) { $0.merge($1.waits, uniquingKeysWith: +) }
        return rows + [Row(name: "all", total: timing.totalMilliseconds, uses: waits)]
    }

    var json: JSON {
        [
            "pipelineExecutionId": .string(execution.id.text), "pipeline": .string(execution.pipeline.name),
            "status": .string(execution.status.name), "totalMilliseconds": .integer(timing.totalMilliseconds),
            "overMilliseconds": .integer(timing.overMilliseconds),
            "stages": .array(
                timing.stages.map { stage in
                    [
                        "name": .string(stage.name), "totalMilliseconds": .integer(stage.totalMilliseconds),
                        "insideMilliseconds": .integer(stage.insideMilliseconds),
                        "waitsMilliseconds": json(stage.waits), "actions": .array(stage.actions.map(json)),
                    ]
                }),
        ]
    }

    private func json(_ action: Timing.Action) -> JSON {
        .object(present: [
            "action": .string(action.place.name), "condition": action.place.condition.map { .string($0.rawValue) },
            "actionExecutionId": .string(action.id.text), "totalMilliseconds": .integer(action.totalMilliseconds),
            "usesMilliseconds": json(action.uses),
        ])
    }

    private func json(_ uses: [TimeUse: Int64]) -> JSON {
        .object(Dictionary(uniqueKeysWithValues: uses.map { ($0.key.rawValue, .integer($0.value)) }))
    }
}

extension TimeUse {
    fileprivate var title: String {
        switch self {
        case .setUp: "set-up"
        case .handOver: "hand-over"
        case .lock, .transition, .slot, .pause, .run, .approval, .lost, .other: rawValue
        }
    }
}

/// `45 ms`, or as `duration`.
private func span(_ milliseconds: Int64) -> String {
    guard milliseconds >= 1_000 else { return "\(milliseconds) ms" }
    return duration(from: Instant(milliseconds: 0), to: Instant(milliseconds: milliseconds))
}
