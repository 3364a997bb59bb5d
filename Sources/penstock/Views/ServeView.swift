import Dispatch
import Engine
import Glibc
import Jansson
import Pipelines

/// What the daemon prints: a line for each execution and each action that begins or ends.
///
/// Who reads it too slowly misses lines, and keeps nothing from going on.
final class ServeView: Sendable {
    /// A thread of its own, because printing blocks while nobody reads.
    private static let printing = DispatchQueue(label: "daemon log")
    private let lines: AsyncStream<String>.Continuation
    private let format: Format
    private let quiet: Bool

    init(_ format: Format, quiet: Bool) {
        let (stream, lines) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(10_000))
        self.lines = lines
        self.format = format
        self.quiet = quiet
        setvbuf(standardOutput, nil, _IOLBF, 0)
        Task.detached {
            for await line in stream {
                await withCheckedContinuation { done in
                    Self.printing.async {
                        print(line)
                        done.resume()
                    }
                }
            }
        }
    }

    func say(_ words: String) {
        let json: JSON = ["event": "daemon", "time": .string(rfc3339(now())), "message": .string(words)]
        lines.yield(format == .json ? json.text : "\(timeOfDay(now())) \(words)")
    }

    func show(_ commit: Commit) {
        guard !quiet else { return }
        for change in commit.executions { show(change) }
    }

    private func show(_ change: ExecutionChange) {
        let execution = change.after
        let at = change.facts.last?.at ?? now()
        for action in change.actions {
            let state = action.execution.state.name
            let remark = action.execution.remark.map { ": \(printable($0))" } ?? ""
            yield(execution, at, action.json(in: execution, at: at), "\(action.place) \(state)\(remark)")
        }
        guard change.before?.status != execution.status else { return }
        let reason = execution.status.reason.map { ": \(printable($0))" } ?? ""
        yield(execution, at, execution.json(at: at), "\(execution.status.name)\(reason)")
    }

    private func yield(_ execution: Execution, _ at: Instant, _ json: JSON, _ words: String) {
        let human = "\(timeOfDay(at)) \(execution.declaration.name) \(execution.id.text.prefix(8)) \(words)"
        lines.yield(format == .json ? json.text : human)
    }
}
