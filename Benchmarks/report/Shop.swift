import Engine
import Pipelines

/// A pipeline of ordinary size, and its executions, which go as well as can be.
enum Shop {
    /// A source, and three stages of two actions at once with an artifact and a variable each: 7 actions.
    static func pipeline(_ mode: ExecutionMode, name: String = "shop") -> Pipeline {
        let source = ActionTypeID(category: "Source", owner: "Custom", provider: "Bench", version: "1")
        let build = ActionTypeID(category: "Build", owner: "Custom", provider: "Bench", version: "1")
        let checkout = Action(
            name: "Checkout", type: source, configuration: ["Repository": "shop", "Branch": "main"],
            outputArtifacts: [OutputArtifact(name: "Code")], namespace: "Source")
        let stages = ["Build", "Test", "Deploy"].map { stage in
            Stage(
                name: stage,
                actions: ["One", "Two"].map { action in
                    Action(
                        name: action, type: build, configuration: ["Commit": "#{Source.CommitId}", "Level": "info"],
                        inputArtifacts: ["Code"], outputArtifacts: [OutputArtifact(name: "\(stage)\(action)")])
                })
        }
        return Pipeline(
            name: name, stages: [Stage(name: "Source", actions: [checkout])] + stages, executionMode: mode)
    }

    static func start(_ number: Int) -> Start {
        let digits = String(number)
        let id = "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
        return Start(
            execution: ExecutionID(id), pipelineVersion: 1,
            trigger: .init(type: "StartPipelineExecution", detail: "bench"), sandbox: "none")
    }

    static func success(of dispatch: Dispatch) -> ActionResult {
        let revision = dispatch.action.type.category == "Source" ? Revision(id: "3f2a9c", summary: "a change") : nil
        let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        let artifacts = dispatch.action.outputArtifacts.map { ($0.name, digest) }
        return ActionResult(
            outputVariables: ["CommitId": "3f2a9c"], artifacts: Dictionary(artifacts) { $1 }, revision: revision)
    }

    /// The facts of one execution after its start, in order, and the seed of each: 4 entries, 7 results.
    static func facts(of start: Start, _ pipeline: Pipeline) throws -> [Fact] {
        var execution = Execution.starting(start, of: pipeline, at: moment)
        var facts: [Fact] = []
        while !execution.status.isOver {
            let event: Event
            if let awaited = execution.awaitedStage {
                event = .stageEntered(pipeline.stages[awaited].name)
            } else {
                let dispatch = execution.runningDispatches[0]
                event = .actionSucceeded(dispatch.attempt, success(of: dispatch))
            }
            let fact = Fact(
                event, at: moment, seed: Seed(high: Int64(facts.count), low: Int64(start.execution.hashValue)))
            _ = try execution.apply(fact)
            facts.append(fact)
        }
        return facts
    }

    static let moment = Instant(milliseconds: 1_700_000_000_000)
}
