import Jansson
import Pipelines
import PluginHost
import PluginProtocol

/// The answer to a check.
public struct CheckAnswer: Hashable, Sendable {
    /// For the next check; at most 2048 characters, opaque.
    public let cursor: String
    /// What is new since the cursor that was asked with, oldest first.
    public let changes: [Change]
}

extension Runner {
    /// Asks a source what is new; nothing is fetched or made, and it may be repeated. Spec: Operations
    ///
    /// Cancelling the task gives it up.
    /// - Parameters:
    ///   - action: with what is known of its variables.
    ///   - cursor: of the last answer; nil the first time.
    ///   - log: is told each line of the plugin's log.
    /// - Throws: `Failure`: what an action fails with, `ConfigurationInvalid` for a type that lists no `check`, and
    ///   `ProtocolError` for an answer that is none; `CancellationError`.
    public func check(
        _ action: Action, at place: ActionLocation, cursor: String?, timeoutSeconds: Int = 60,
        log: @escaping @Sendable (LogLine) -> Void = { _ in }
    ) async throws -> CheckAnswer {
        var assignment = Assignment(.check, action, at: place, id: randomUUID(), timeoutSeconds: timeoutSeconds)
        assignment.cursor = cursor
        let result = try await ask(assignment, log)
        guard let cursor = result.cursor else {
            throw Failure(.protocolError, "the plugin answered a check of \(action.name) without a cursor")
        }
        return CheckAnswer(cursor: cursor, changes: result.changes)
    }

    /// Has a plugin deliver one event; returns when it is delivered.
    ///
    /// Cancelling the task gives it up; whether the event was delivered is not known then.
    /// - Parameters:
    ///   - event: as EventBridge shapes it.
    ///   - id: of the delivery, the same when it is tried again: by it the plugin knows an event that it has delivered.
    /// - Throws: as `check` does; after a failure the same may be tried again.
    public func notify(
        _ action: Action, at place: ActionLocation, event: JSON, id: String, timeoutSeconds: Int = 60,
        log: @escaping @Sendable (LogLine) -> Void = { _ in }
    ) async throws {
        var assignment = Assignment(.notify, action, at: place, id: id, timeoutSeconds: timeoutSeconds)
        assignment.event = event
        _ = try await ask(assignment, log)
    }

    private func ask(
        _ assignment: Assignment, _ log: @escaping @Sendable (LogLine) -> Void
    ) async throws -> JobSuccessResult {
        let (job, now) = (randomUUID(), setup.now)
        let run = PluginRun(
            job: job, assignment, setup, slots, workers, CancelSignal(), Stopwatch(now),
            write: { for line in LogLine.lines($0, time: now(), job: job) { log(line) } }, progress: { _ in })
        switch try await run.verdict() {
        case .succeeded(let result): return result
        case .continues:
            throw Failure(
                .protocolError,
                "the plugin answered a \(assignment.operation.rawValue) with a continuation token; only run goes on")
        case .failed(let failure): throw failure
        case .abandoned: throw CancellationError()
        }
    }
}
