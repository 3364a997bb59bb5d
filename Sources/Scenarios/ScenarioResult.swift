import Engine
import Pipelines

/// How a scenario went, and where that is not as it was to be.
public struct ScenarioResult: Hashable, Sendable {
    public let name: String
    public let simulation: Simulation
    /// Empty when it passed.
    public let deviations: [Deviation]

    public var hasPassed: Bool { deviations.isEmpty }
}

public enum Deviation: Hashable, Sendable {
    /// One thing that can be said in a word.
    case value(of: String, expected: String, actual: String)
    case path([PathLine])
}

/// A line of the comparison of two paths.
public struct PathLine: Hashable, Sendable {
    public enum Mark: String, Hashable, Sendable {
        case both = " "
        case expected = "-"
        case happened = "+"
    }
    public let mark: Mark
    public let step: PathStep
}

extension Scenario {
    /// Plays the scenario, and compares.
    public func result(for pipeline: Pipeline) -> ScenarioResult {
        let simulation = Simulation.run(start, of: pipeline)
        let deviations =
            status(simulation) + path(simulation) + variables(simulation) + failure(simulation)
            + neverReached(simulation)
        return ScenarioResult(name: name, simulation: simulation, deviations: deviations)
    }

    private func status(_ simulation: Simulation) -> [Deviation] {
        let status = simulation.execution.status
        guard status.name != expectation.status else { return [] }
        var actual = status.name
        switch status {
        case .failed(let reason), .stopped(let reason), .cancelled(let reason): actual += ": \(reason)"
        case .inProgress, .stopping, .cancelling, .succeeded, .superseded: break
        }
        return [.value(of: "status", expected: expectation.status, actual: actual)]
    }

    /// What is in a group may come in any order, so it is put into the one in which it came; after that two paths are
    /// the same when they are equal.
    private func path(_ simulation: Simulation) -> [Deviation] {
        guard let groups = expectation.path else { return [] }
        let actual = simulation.path
        let expected = groups.flatMap { group in
            group.enumerated().sorted { one, other in
                func rank(_ item: (offset: Int, element: PathStep)) -> (Int, Int) {
                    (actual.firstIndex { $0.place == item.element.place } ?? actual.count, item.offset)
                }
                return rank(one) < rank(other)
            }.map(\.element)
        }
        return expected == actual ? [] : [.path(comparison(expected, actual))]
    }

    private func comparison(_ expected: [PathStep], _ actual: [PathStep]) -> [PathLine] {
        let difference = actual.difference(from: expected)
        let missing = Set(difference.removals.compactMap { if case .remove(let at, _, _) = $0 { at } else { nil } })
        let added = Set(difference.insertions.compactMap { if case .insert(let at, _, _) = $0 { at } else { nil } })
        var lines: [PathLine] = []
        var (left, right) = (0, 0)
        while left < expected.count || right < actual.count {
            if missing.contains(left) {
                lines.append(PathLine(mark: .expected, step: expected[left]))
                left += 1
            } else if added.contains(right) {
                lines.append(PathLine(mark: .happened, step: actual[right]))
                right += 1
            } else {
                lines.append(PathLine(mark: .both, step: actual[right]))
                (left, right) = (left + 1, right + 1)
            }
        }
        return lines
    }

    private func variables(_ simulation: Simulation) -> [Deviation] {
        expectation.variables.sorted { $0.key < $1.key }.compactMap { name, expected in
            let actual = simulation.value(of: name)
            guard actual != expected else { return nil }
            return .value(of: "variable \(name)", expected: expected, actual: actual ?? "no value")
        }
    }

    private func failure(_ simulation: Simulation) -> [Deviation] {
        guard let expected = expectation.failure else { return [] }
        let subject = "failure of \(expected.place)"
        guard let state = simulation.state(of: expected.place) else {
            return [.value(of: subject, expected: expected.type ?? "Failed", actual: "never reached")]
        }
        guard case .failed(let failure) = state else {
            return [.value(of: subject, expected: expected.type ?? "Failed", actual: state.name)]
        }
        var deviations: [Deviation] = []
        if let type = expected.type, type != failure.code {
            deviations.append(.value(of: "type of the \(subject)", expected: type, actual: failure.code))
        }
        if let message = expected.message, !failure.message.contains(message) {
            let wanted = "a text with \"\(message)\""
            deviations.append(.value(of: "message of the \(subject)", expected: wanted, actual: failure.message))
        }
        return deviations
    }

    private func neverReached(_ simulation: Simulation) -> [Deviation] {
        simulation.execution.pipeline.places.compactMap { place in
            guard expectation.neverReached.contains(where: { $0.matches(place) }),
                let state = simulation.state(of: place.description)
            else { return nil }
            return .value(of: place.description, expected: "never reached", actual: state.name)
        }
    }
}

extension Simulation {
    /// Nil for an action that was never reached.
    func state(of place: String) -> ActionState? {
        for (index, entered) in execution.stages.enumerated() {
            let stage = execution.pipeline.stages[index].name
            if let action = entered.actions.first(where: { "\(stage)/\($0.key)" == place }) {
                return action.value.state
            }
        }
        return nil
    }

    /// Of `variables.NAME` or `namespace.key`.
    fileprivate func value(of name: String) -> String? {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        if parts[0] == "variables", !execution.pipeline.variables.isEmpty { return execution.variables[parts[1]] }
        let owner = execution.pipeline.places.first { $0.action.namespace == parts[0] }
        guard let owner, case .succeeded(let result) = state(of: owner.description) else { return nil }
        return result.outputVariables[parts[1]]
    }
}
