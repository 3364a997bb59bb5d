import Engine
import JUnit
import Jansson

/// What is told of all scenarios of a pipeline.
public struct Report: Hashable, Sendable {
    public let pipeline: String
    public let results: [ScenarioResult]

    public init(pipeline: String, results: [ScenarioResult]) {
        self.pipeline = pipeline
        self.results = results
    }

    public var failureCount: Int { results.count { !$0.hasPassed } }

    /// For people: a line for each, what deviates below it, and the sum.
    /// - Parameter quiet: only what failed, and the sum.
    public func human(quiet: Bool) -> String {
        let shown = quiet ? results.filter { !$0.hasPassed } : results
        let lines = shown.flatMap { result in
            ["\(result.hasPassed ? "ok  " : "FAIL")  \(result.name)"] + result.lines.map { "      \($0)" }
        }
        let noun = results.count == 1 ? "scenario" : "scenarios"
        let sum = "\(results.count) \(noun): \(results.count - failureCount) passed, \(failureCount) failed"
        return (lines + [sum]).joined(separator: "\n") + "\n"
    }

    /// One object, `{pipeline, scenarios: […], passed, failed}`.
    public var json: String {
        let document: JSON = [
            "pipeline": .string(pipeline), "scenarios": .array(results.map(\.json)),
            "passed": .integer(Int64(results.count - failureCount)), "failed": .integer(Int64(failureCount)),
        ]
        return document.text + "\n"
    }

    /// The XML that continuous integration reads as the results of tests: a suite with a case for each scenario.
    public var junit: String {
        let cases = results.map { result in
            let text = result.lines.joined(separator: "\n")
            return JUnitReport.Case(
                name: result.name, class: pipeline,
                outcome: result.lines.first.map { .failure(type: "unexpected", $0, text: text) } ?? .success(told: nil))
        }
        return JUnitReport(suites: [.init(name: pipeline, cases: cases)]).xml
    }
}

extension ScenarioResult {
    /// What deviates, for people.
    fileprivate var lines: [String] {
        deviations.flatMap { deviation -> [String] in
            switch deviation {
            case .value(let subject, let expected, let actual):
                ["\(subject): expected \(expected), was \(actual)"]
            case .path(let lines):
                ["path (- expected, + happened):"] + lines.map { "  \($0.mark.rawValue) \($0.step)" }
            }
        }
    }

    fileprivate var json: JSON {
        let deviations = deviations.map { deviation -> JSON in
            switch deviation {
            case .value(let subject, let expected, let actual):
                ["subject": .string(subject), "expected": .string(expected), "actual": .string(actual)]
            case .path(let lines):
                [
                    "subject": "path",
                    "expected": .strings(lines.filter { $0.mark != .happened }.map(\.step.description)),
                    "actual": .strings(lines.filter { $0.mark != .expected }.map(\.step.description)),
                ]
            }
        }
        return [
            "name": .string(name), "passed": .bool(hasPassed), "status": .string(simulation.execution.status.name),
            "path": .strings(simulation.path.map(\.description)), "deviations": .array(deviations),
        ]
    }
}
