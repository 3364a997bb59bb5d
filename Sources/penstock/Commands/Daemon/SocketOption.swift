import ArgumentParser
import Client
import Glibc
import Jansson

struct SocketOption: ParsableArguments {
    @Option(help: ArgumentHelp("The Unix socket; without it penstock.sock in the state directory.", valueName: "path"))
    var socket: String?

    func validate() throws { try refuseEmpty(socket, "--socket") }

    /// - Throws: for a path that no socket can have.
    func path(_ state: String) throws -> String {
        let path = socket.map(absolute) ?? "\(state)/penstock.sock"
        // sun_path of unix(7), with its end.
        let limitBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard path.utf8.count <= limitBytes else {
            throw Answer(
                .usage,
                "\(path): a socket's path has at most \(limitBytes) bytes, found \(path.utf8.count); give --socket")
        }
        return path
    }
}

/// Where the daemon is that a command asks.
struct DaemonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The state directory of the daemon.", valueName: "dir"))
    var state: String = defaultState()

    @OptionGroup var socket: SocketOption

    @Option(help: "human, or json: the answer of the API.")
    var format: Format = .human

    func validate() throws { try refuseEmpty(state, "--state") }

    /// - Throws: the answer of the command when it is refused, or nobody answers.
    func call(_ operation: String, _ input: [String: JSON?]) async throws -> JSON {
        let path = try socket.path(absolute(state))
        do {
            return try await Client(socket: path).call(operation, .object(present: input))
        } catch .refused(let type, let message) {
            throw Answer(.no, "\(message) (\(type))")
        } catch {
            throw Answer(.usage, "\(error)\nIs `penstock serve` running, with the same --state or --socket?")
        }
    }

    /// Calls an operation and prints what it answered.
    /// - Parameter human: the lines for a reader.
    func tell(_ operation: String, _ input: [String: JSON?], _ human: (JSON) -> String?) async throws {
        let answer = try await call(operation, input)
        if format == .json { print(answer.text) } else if let text = human(answer) { print(text) }
    }

    /// The execution of a pipeline whose id is or begins with `text`.
    func execution(_ text: String, of pipeline: String) async throws -> JSON {
        if text.utf8.count == 36 { return .string(text) }
        let answer = try await call("ListPipelineExecutions", ["pipelineName": .string(pipeline)])
        let ids = answer.list("pipelineExecutionSummaries").compactMap { $0["pipelineExecutionId"]?.stringValue }
        let found = ids.filter { !text.isEmpty && $0.hasPrefix(text.lowercased()) }
        guard found.count == 1 else {
            let what = found.isEmpty ? "none of its newest \(ids.count) executions begins" : "several executions begin"
            throw Answer(.usage, "\(pipeline): \(what) with \"\(text)\"")
        }
        return .string(found[0])
    }
}

extension JSON {
    /// The elements of a member that is a list.
    func list(_ key: String) -> [JSON] { if case .array(let elements)? = self[key] { elements } else { [] } }

    func text(_ key: String) -> String { self[key]?.stringValue ?? "" }
}
