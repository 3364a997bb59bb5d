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
    /// What was over, in this order; what ran again stands there again.
    public private(set) var path: [PathStep] = []
    private var state: PipelineState
    private var pending: [Answer] = []
    private var factCount: Int64 = 1
    private var askedCount = 0

    private struct Answer: Hashable {
        let at: Instant
        /// Of what comes at the same moment, what was asked first answers first.
        let order: Int
        let event: Event
        let attempt: Attempt
    }

    /// - Precondition: `start` has a stub for every action, and no stage has rules.
    public static func run(_ start: Start, of pipeline: Pipeline) -> Simulation {
        var simulation = Simulation(start, of: pipeline)
        while let next = simulation.pending.min(by: { ($0.at, $0.order) < ($1.at, $1.order) }) {
            simulation.pending.removeAll { $0.order == next.order }
            simulation.take(next)
        }
        return simulation
    }

    private init(_ start: Start, of pipeline: Pipeline) {
        let beginning = Instant(milliseconds: 0)
        state = PipelineState(pipeline, version: start.pipelineVersion)
        let fact = PipelineFact(.started(start), at: beginning, seed: Seed(high: 0, low: 0))
        guard let change = try? state.apply(fact), let first = change.executions.first else {
            preconditionFailure("nothing stands in the way of the first execution")
        }
        execution = first.after
        note(before: [], first: nil)
        perform(change.effects, at: beginning)
    }

    private mutating func take(_ answer: Answer) {
        let fact = PipelineFact(
            .execution(execution.id, answer.event), at: answer.at, seed: Seed(high: 0, low: factCount))
        factCount += 1
        guard let change = try? state.apply(fact), let own = change.executions.first else { return }
        let before = execution.stages
        execution = own.after
        note(before: before, first: answer.attempt)
        perform(change.effects, at: answer.at)
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
        askedCount += 1
        pending.append(Answer(at: at, order: askedCount, event: event, attempt: attempt))
    }

    /// Adds what has ended since: the action that answered, then those that could not even be started.
    private mutating func note(before: [StageExecution], first: Attempt?) {
        if let first {
            let answered = execution.stages.last { $0.actions[first.action]?.id == first.id }?.actions[first.action]
            // What runs again by itself has failed (RTY-7).
            let outcome = answered?.state.name ?? "Failed"
            path.append(PathStep(place: "\(first.stage)/\(first.action)", outcome: outcome))
        }
        for (index, stage) in execution.stages.enumerated().dropFirst(max(0, before.count - 1)) {
            let known = index < before.count ? before[index].actions : [:]
            for declared in execution.pipeline.stages[index].actions {
                guard let action = stage.actions[declared.name], action.state.isOver,
                    action.id != known[declared.name]?.id
                else { continue }
                let place = "\(execution.pipeline.stages[index].name)/\(declared.name)"
                path.append(PathStep(place: place, outcome: action.state.name))
            }
        }
    }
}
