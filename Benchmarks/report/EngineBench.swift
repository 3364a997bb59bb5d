import Engine
import Glibc
import Pipelines

/// The machines alone: no store, no driver, nothing but facts.
enum EngineBench {
    static func report() throws -> String {
        let alone = try perSecond { try execution(rounds: $0) }
        let telling = try perSecond { try progress(rounds: $0) }
        let superseded = try perSecond { try pipeline(.superseded, rounds: $0) }
        let parallel = try perSecond { try pipeline(.parallel, rounds: $0) }
        return """
            facts a second, an execution alone               \(alone)   aim: at least 1000000
              that only tell how far it is                   \(telling)
              with its pipeline around it, SUPERSEDED        \(superseded)
                with 50 others in progress, PARALLEL         \(parallel)
            """
    }

    /// - Parameter body: takes a number of rounds, gives the number of facts.
    private static func perSecond(_ body: (Int) throws -> Int) rethrows -> String {
        _ = try body(2_000)
        var series = Series()
        for _ in 0..<7 {
            var count = 0
            let began = processorNanoseconds()
            count = try body(10_000)
            series.add(Double(count) * 1e9 / Double(processorNanoseconds() - began))
        }
        return series.text
    }

    /// Of this thread, which nobody else's work disturbs.
    private static func processorNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static func execution(rounds: Int) throws -> Int {
        let (pipeline, start) = (Shop.pipeline(.superseded), Shop.start(1))
        let facts = try Shop.facts(of: start, pipeline)
        let first = Execution.starting(start, of: pipeline, at: Shop.moment)
        for _ in 0..<rounds {
            var execution = first
            for fact in facts { _ = try execution.apply(fact) }
            guard execution.status == .succeeded else { preconditionFailure("all went well") }
        }
        return rounds * facts.count
    }

    private static func progress(rounds: Int) throws -> Int {
        let (pipeline, start) = (Shop.pipeline(.superseded), Shop.start(1))
        let facts = try Shop.facts(of: start, pipeline)
        var execution = Execution.starting(start, of: pipeline, at: Shop.moment)
        for fact in facts.prefix(3) { _ = try execution.apply(fact) }
        let attempt = execution.runningDispatches[0].attempt
        let external = ExternalExecution(id: "42", percentComplete: 50)
        let fact = Fact(.actionProgressed(attempt, external), at: Shop.moment, seed: Seed(high: 1, low: 1))
        for _ in 0..<rounds * 10 { _ = try execution.apply(fact) }
        return rounds * 10
    }

    private static func pipeline(_ mode: ExecutionMode, rounds: Int) throws -> Int {
        var state = PipelineState(
            Shop.pipeline(mode), version: 1, limits: PipelineLimits(concurrentExecutions: 100))
        var count = 0
        func take(_ event: PipelineEvent) throws -> PipelineChange {
            let fact = PipelineFact(event, at: Shop.moment, seed: Seed(high: Int64(count), low: 7))
            let change = try state.apply(fact)
            for execution in change.executions { count += execution.facts.count }
            return change
        }
        if mode == .parallel { for number in 0..<50 { _ = try take(.started(Shop.start(1_000_000 + number))) } }
        for number in 0..<rounds {
            var effects = try take(.started(Shop.start(number))).effects[...]
            while case .run(let dispatch)? = effects.popFirst() {
                let event = Event.actionSucceeded(dispatch.attempt, Shop.success(of: dispatch))
                effects += try take(.execution(dispatch.attempt.execution, event)).effects
            }
        }
        return count
    }
}
