import Engine
import Pipelines

/// One action that is over, as it stands in a path.
public struct PathStep: Hashable, Sendable, CustomStringConvertible {
    /// `Stage/Action`
    public let place: String
    /// `Succeeded` or `Failed`.
    public let outcome: String

    public var description: String { "\(place): \(outcome)" }
}

/// An execution whose actions are all answered by stubs, from its start to its end.
///
/// It is the engine itself that decides; only the clock is one of its own, so delays and time limits take no time, and
/// the same pipeline and the same start give the same answer always.
public struct Simulation: Hashable, Sendable {
    public private(set) var execution: Execution
    /// What was over, in this order.
    public private(set) var path: [PathStep] = []
    private var pending: [Answer] = []
    private var factCount: Int64 = 1
    private var askedCount = 0

    private struct Answer: Hashable {
        let at: Instant
        /// Of what comes at the same moment, what was asked first answers first.
        let order: Int
        let event: Event
        let place: String
    }

    /// - Precondition: `start` has a stub for every action.
    public static func run(_ start: Start, of pipeline: Pipeline) -> Simulation {
        let beginning = Instant(milliseconds: 0)
        let (execution, effects) = Execution.starting(start, of: pipeline, at: beginning, seed: Seed(high: 0, low: 0))
        var simulation = Simulation(execution: execution)
        simulation.note(before: [], first: nil)
        simulation.perform(effects, at: beginning)
        while let next = simulation.pending.min(by: { ($0.at, $0.order) < ($1.at, $1.order) }) {
            simulation.pending.removeAll { $0.order == next.order }
            simulation.take(next)
        }
        return simulation
    }

    private init(execution: Execution) { self.execution = execution }

    private mutating func take(_ answer: Answer) {
        let before = execution.stages
        let fact = Fact(answer.event, at: answer.at, seed: Seed(high: 0, low: factCount))
        factCount += 1
        guard let effects = try? execution.apply(fact) else { return }
        note(before: before, first: answer.place)
        perform(effects, at: answer.at)
    }

    private mutating func perform(_ effects: [Effect], at now: Instant) {
        for effect in effects {
            switch effect {
            case .run(let dispatch):
                guard let stub = dispatch.stub else { preconditionFailure("\(dispatch.attempt) has no stub") }
                let at = stub.moment(for: dispatch, from: now)
                let made = dispatch.action.outputArtifacts.map { ($0.name, "an artifact of \(dispatch.attempt)") }
                let event = stub.event(for: dispatch, at: at, artifacts: Dictionary(made) { $1 })
                expect(dispatch.attempt, event, at)
            case .awaitApproval(let request):
                guard let stub = request.stub else { preconditionFailure("\(request.attempt) has no stub") }
                let at = stub.moment(for: request, from: now)
                expect(request.attempt, stub.event(for: request, at: at), at)
            case .cancel(let attempt): preconditionFailure("\(attempt): nobody stops a simulation")
            }
        }
    }

    private mutating func expect(_ attempt: Attempt, _ event: Event, _ at: Instant) {
        let place = "\(attempt.stage)/\(attempt.action)"
        askedCount += 1
        pending.append(Answer(at: at, order: askedCount, event: event, place: place))
    }

    /// Adds what has ended since: the action that answered, then those that could not even be started.
    private mutating func note(before: [[String: ActionExecution]], first: String?) {
        var steps: [PathStep] = []
        for (index, actions) in execution.stages.enumerated().dropFirst(max(0, before.count - 1)) {
            for declared in execution.pipeline.stages[index].actions {
                let earlier = index < before.count ? before[index][declared.name]?.state.isOver ?? false : false
                guard let state = actions[declared.name]?.state, state.isOver, !earlier else { continue }
                let place = "\(execution.pipeline.stages[index].name)/\(declared.name)"
                steps.append(PathStep(place: place, outcome: state.name))
            }
        }
        path += steps.filter { $0.place == first } + steps.filter { $0.place != first }
    }
}
