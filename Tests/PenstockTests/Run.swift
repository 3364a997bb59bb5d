import Glibc
import Jansson
import Processes
import Synchronization
import Testing

/// What a program said and how it ended.
struct Outcome: CustomStringConvertible {
    let exit: Exit
    let output: [String]
    let errors: [String]

    /// Nil when a signal ended it.
    var code: Int32? { if case .code(let code) = exit { code } else { nil } }
    var text: String { output.joined(separator: "\n") }
    var errorText: String { errors.joined(separator: "\n") }
    var description: String { "\(exit)\n\(text)\n\(errorText)" }

    /// The standard output as one JSON object a line.
    /// - Throws: when a line is anything else.
    func objects() throws -> [JSON] { try output.map { try JSON(parsing: $0) } }
}

/// A program that runs, and what it has said so far.
final class Run: Sendable {
    private struct Said {
        var output: [String] = []
        var errors: [String] = []
        var exit: Exit?
        var isOver = false
    }

    let child: Child
    private let said = Mutex(Said())

    init(_ command: Command) async throws {
        child = try await Reactor.shared.spawn(command)
        Task {
            for await event in child.events { take(event) }
            await child.finish()
            said.withLock { $0.isOver = true }
        }
    }

    private func take(_ event: ChildEvent) {
        said.withLock { said in
            switch event {
            case .line(let line):
                let text = String(decoding: line.bytes, as: UTF8.self)
                if line.stream == .output { said.output.append(text) } else { said.errors.append(text) }
            case .exited(let exit): said.exit = exit
            case .settled, .end: break
            }
        }
    }

    var output: String { said.withLock { $0.output.joined(separator: "\n") } }
    var errors: String { said.withLock { $0.errors.joined(separator: "\n") } }
    var isOver: Bool { said.withLock { $0.isOver } }

    var pid: Int32 { child.pid }
    func signal(_ signal: Int32) { child.signal(signal, group: false) }
    func type(_ text: String) { child.write(Array(text.utf8)) }

    func until(says text: String) async throws {
        try await PenstockTests.until("it says \(text)\n\(output)\n\(errors)") { output.contains(text) || isOver }
        try #require(output.contains(text), "it says \"\(text)\":\n\(output)\n\(errors)")
    }

    /// Returns when it has ended and all that it wrote has been read.
    func outcome() async throws -> Outcome {
        do {
            try await PenstockTests.until("it ends") { isOver }
        } catch {
            child.signal(SIGKILL, group: true)
            Issue.record("it has said until now:\n\(output)\n\(errors)")
            throw error
        }
        return try said.withLock { said in
            Outcome(exit: try #require(said.exit), output: said.output, errors: said.errors)
        }
    }

    func outcome(after signal: Int32) async throws -> Outcome {
        self.signal(signal)
        return try await outcome()
    }
}

/// Looks again and again until it is so. The time limit is only for a test that fails.
func until(_ what: @autoclosure () -> String, _ isSo: () throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try !isSo() {
        if ContinuousClock.now > end { Issue.record("still not so after a minute: \(what())") }
        try #require(ContinuousClock.now < end)
        try await Task.sleep(for: .milliseconds(5))
    }
}
