import Engine
import Jansson
import Pipelines

/// One story of a pipeline: what is given at its start, what its actions answer, and how it must go.
public struct Scenario: Hashable, Sendable {
    public let name: String
    let start: Start
    let expectation: Expectation

    /// Reads a file of scenarios: `{defaults: {variables, stubs}, scenarios: [{name, variables, stubs, …}]}`.
    /// - Returns: also everything that is wrong with it; the scenarios are only fit to run when that is nothing.
    public static func read(
        _ document: JSON, for pipeline: Pipeline
    ) -> (scenarios: [Scenario], findings: [JSONTypeError]) {
        var reading = Reading(for: pipeline)
        let scenarios = reading.scenarios(JSONReader(document))
        return (scenarios, reading.findings)
    }
}

extension Reading {
    fileprivate mutating func scenarios(_ reader: JSONReader) -> [Scenario] {
        guard let reader = object(reader, known: ["defaults", "scenarios"]) else { return [] }
        var variables: [String: String] = [:]
        var book = StubBook.empty
        if let member = member("defaults", of: reader, { $0 }),
            let defaults = object(member, known: ["variables", "stubs"])
        {
            variables = given(defaults)
            book = stubs(defaults)
        }
        guard let list = attempt({ () throws(JSONTypeError) in try reader.required("scenarios") }) else { return [] }
        let elements = elements(of: list)
        if elements.isEmpty, hasRoom { report(list.path, "has no scenario, so nothing would be tested") }
        var names: Set<String> = []
        return elements.compactMap { element in
            guard hasRoom, let scenario = scenario(element, variables, book) else { return nil }
            if !names.insert(scenario.name).inserted {
                report("\(element.path).name", "is the name of an earlier scenario: \"\(scenario.name)\"")
            }
            return scenario
        }
    }

    private mutating func scenario(
        _ reader: JSONReader, _ defaults: [String: String], _ book: StubBook
    ) -> Scenario? {
        guard let reader = object(reader, known: ["name", "variables", "stubs", "stopAfter", "expect"]) else {
            return nil
        }
        let name = attempt { () throws(JSONTypeError) in try reader.required("name").string(length: 1...200) }
        let variables = defaults.merging(given(reader)) { $1 }
        let own = stubs(reader)
        let stages = pipeline.stages.map(\.name)
        let stopAfter = member("stopAfter", of: reader, { $0 }).flatMap { self.name($0, of: "stage", in: stages) }
        let expected = attempt { () throws(JSONTypeError) in try reader.required("expect") }
        let expectation = expected.map { self.expectation($0) }
        guard let name, let expectation else { return nil }
        let start = Start(
            execution: ExecutionID("00000000-0000-4000-8000-000000000000"), pipelineVersion: 1,
            trigger: .init(type: "StartPipelineExecution", detail: name), variables: variables,
            stopAfterStage: stopAfter, sandbox: "none", stubs: pipeline.stubs(answering: [book, own]) { _ in true })
        return Scenario(name: name, start: start, expectation: expectation)
    }

    private mutating func given(_ reader: JSONReader) -> [String: String] {
        guard let member = member("variables", of: reader, { $0 }) else { return [:] }
        let texts = texts(member)
        for (key, _, path) in texts {
            _ = known(key, "variable of the pipeline", in: pipeline.variables.map(\.name), at: path)
        }
        return Dictionary(uniqueKeysWithValues: texts.map { ($0.key, $0.value) })
    }

    private mutating func stubs(_ reader: JSONReader) -> StubBook {
        member("stubs", of: reader, { $0 }).map { book($0) } ?? .empty
    }
}
