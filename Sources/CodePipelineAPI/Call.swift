import Engine
import Jansson
import Pipelines

/// One call of an operation, with what it needs of the world.
struct Call: Sendable {
    let api: CodePipeline
    let input: JSONReader
    /// Who calls.
    let caller: String

    var registry: PipelineRegistry { api.registry }
    var history: any Archive { api.registry.archive }

    // MARK: Input

    /// - Throws: `APIError` at a member that the operation does not take.
    func takes(_ known: String...) throws {
        for (key, reader) in try input.members() where !known.contains(key) {
            let near = nearest(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
            throw APIError.validation("\(reader.path) is not a member of this operation\(near)")
        }
    }

    func name(_ key: String, _ pattern: NamePattern = .name) throws -> String {
        try checked(input.required(key), pattern)
    }

    func executionID(_ key: String = "pipelineExecutionId") throws -> ExecutionID {
        ExecutionID(try uuid(input.required(key)))
    }

    func uuid(_ reader: JSONReader) throws -> String {
        let text = try reader.string()
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.count) == [8, 4, 4, 4, 12],
            groups.joined().allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        else { throw APIError.validation("\(reader.path) must be a UUID in lower case, found \"\(text.prefix(60))\"") }
        return text
    }

    func checked(_ reader: JSONReader, _ pattern: NamePattern) throws -> String {
        let text = try reader.string()
        if let fault = pattern.fault(in: text) { throw APIError.validation("\(reader.path): \(fault)") }
        return text
    }

    func word<Word: RawRepresentable<String> & CaseIterable>(_ reader: JSONReader) throws -> Word {
        let text = try reader.string()
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        throw APIError.validation("\(reader.path) must be one of \(words), found \"\(text.prefix(60))\"")
    }

    // MARK: What is asked for

    /// - Throws: `PipelineNotFoundException`.
    func record(_ name: String, version: Int? = nil) async throws -> PipelineRecord {
        if let record = try await history.pipeline(name, version: version) { return record }
        throw APIError.pipelineNotFound(name)
    }

    /// - Throws: `PipelineNotFoundException`.
    func driver(_ name: String) async throws -> Driver {
        if let driver = try await registry.driver(of: name) { return driver }
        throw APIError.pipelineNotFound(name)
    }

    /// - Throws: `PipelineNotFoundException`, `StageNotFoundException`.
    func driver(_ name: String, with stage: String) async throws -> Driver {
        let driver = try await driver(name)
        guard await driver.state.gates[stage] != nil else { throw APIError.stageNotFound(stage, of: name) }
        return driver
    }

    /// - Throws: `PipelineExecutionNotFoundException`, also for one of another pipeline.
    func execution(_ id: ExecutionID, of name: String, _ driver: Driver) async throws -> Execution {
        guard let execution = try await driver.execution(id), execution.declaration.name == name else {
            throw APIError.executionNotFound(id, of: name)
        }
        return execution
    }

    /// Does it, with the engine's refusals as AWS's.
    func refusable<Value>(_ pipeline: String, _ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let rejection as Rejection {
            throw APIError(rejection, pipeline: pipeline)
        }
    }
}
