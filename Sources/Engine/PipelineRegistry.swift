import Pipelines

/// All pipelines of an archive: each has a driver from when it is asked for first, and until it is deleted.
public actor PipelineRegistry {
    public nonisolated let archive: any Archive
    private let handler: any EffectHandler
    private let circumstance: Circumstance
    private let limits: PipelineLimits
    private let observe: @Sendable (Commit) -> Void
    private let failed: @Sendable (any Error) -> Void

    private var drivers: [String: Task<Driver?, any Error>] = [:]
    /// Starts that are under way, so that one token never starts two.
    private var tokens: [Token: Task<ExecutionID, any Error>] = [:]
    /// One change of a declaration at a time: versions reach the drivers in their order.
    private var lastChange: Task<Void, Never>?

    private struct Token: Hashable { let pipeline, text: String }

    /// - Parameters:
    ///   - observe: told of every commit after it is on disk; those of one pipeline in order.
    ///   - failed: told when a commit could not be stored: nothing more happens to its pipeline.
    public init(
        _ archive: any Archive, handler: any EffectHandler, circumstance: Circumstance,
        limits: PipelineLimits = PipelineLimits(), observe: @escaping @Sendable (Commit) -> Void,
        failed: @escaping @Sendable (any Error) -> Void
    ) {
        self.archive = archive
        self.handler = handler
        self.circumstance = circumstance
        self.limits = limits
        self.observe = observe
        self.failed = failed
    }

    /// Goes on with all that is not over. Whatever ran under an earlier core must be dead by now.
    public func recover() async throws {
        for name in try await archive.pipelinesInProgress() { _ = try await driver(of: name) }
    }

    /// Nil when there is no such pipeline.
    public func driver(of name: String) async throws -> Driver? {
        while true {
            let joined = drivers[name]
            let loading = joined ?? Task { try await load(name) }
            drivers[name] = loading
            let driver: Driver?
            do {
                driver = try await loading.value
            } catch {
                forget(name, loading)
                throw error
            }
            if let driver { return driver }
            forget(name, loading)
            // What somebody else has looked for before we asked may be there by now.
            if joined == nil { return nil }
        }
    }

    /// Another may have been put there meanwhile.
    private func forget(_ name: String, _ loading: Task<Driver?, any Error>) {
        if drivers[name] == loading { drivers[name] = nil }
    }

    private func load(_ name: String) async throws -> Driver? {
        guard let (state, newest, outbox) = try await archive.load(name, limits: limits) else { return nil }
        let driver = Driver(
            state, journal: archive, handler: handler, circumstance: circumstance, observe: observe, failed: failed)
        try await driver.recover(outbox: outbox)
        let isOutdated = { (execution: Execution) in execution.start.pipelineVersion != newest.version }
        if state.version != newest.version || state.executions.values.contains(where: isOutdated) {
            try await driver.submit(.declared(newest.pipeline, version: newest.version))
        }
        return driver
    }

    // MARK: Declarations

    /// - Returns: nil when there is a pipeline of that name.
    public func create(_ pipeline: Pipeline) async throws -> PipelineRecord? {
        try await changing { try await $0.archive.create(pipeline, at: $0.circumstance.now()) }
    }

    /// What runs by an older version ends (EXE-13).
    /// - Returns: nil when there is no pipeline of that name.
    public func update(_ pipeline: Pipeline) async throws -> PipelineRecord? {
        try await changing { registry in
            guard let driver = try await registry.driver(of: pipeline.name) else { return nil }
            var pipeline = pipeline
            // STR-8: what is V2 stays so.
            if pipeline.pipelineType == nil, await driver.state.pipeline.effectiveType == .v2 {
                pipeline.pipelineType = .v2
            }
            guard let record = try await registry.archive.update(pipeline, at: registry.circumstance.now())
            else { return nil }
            try await driver.submit(.declared(pipeline, version: record.version))
            return record
        }
    }

    /// Forgets a pipeline with its history (EXE-15); what runs is given up.
    public func delete(_ name: String, by: String) async throws {
        try await changing { registry in
            guard let driver = try await registry.driver(of: name) else { return }
            try await driver.submit(.deleted(by: by))
            await registry.forget(name)
        }
    }

    private func forget(_ name: String) { drivers[name] = nil }

    /// Removes executions that are over.
    /// - Returns: what is forgotten.
    public func forget(_ executions: [ExecutionID], of name: String) async throws -> [ExecutionID] {
        try await driver(of: name)?.forget(executions, in: archive) ?? []
    }

    private func changing<Value: Sendable>(
        _ change: @escaping @Sendable (PipelineRegistry) async throws -> Value
    ) async throws -> Value {
        let before = lastChange
        let task = Task {
            await before?.value
            return try await change(self)
        }
        lastChange = Task { _ = await task.result }
        return try await task.value
    }

    // MARK: Executions

    /// Begins an execution; a token that was shown before gives the execution that it began (EXE-4).
    ///
    /// - Returns: its id; nil when there is no such pipeline.
    /// - Throws: as `Driver.submit`.
    public func start(_ start: Start, of name: String) async throws -> ExecutionID? {
        guard let driver = try await driver(of: name) else { return nil }
        guard let text = start.clientRequestToken else {
            try await driver.start(start)
            return start.execution
        }
        let token = Token(pipeline: name, text: text)
        if let running = tokens[token] { return try await running.value }
        let task = Task {
            if let earlier = try await archive.execution(startedWith: text, of: name) { return earlier }
            try await driver.start(start)
            return start.execution
        }
        tokens[token] = task
        defer { tokens[token] = nil }
        return try await task.value
    }
}
