import ArgumentParser
import Engine
import Glibc
import Jansson
import Runner
import Store

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Prints what the actions of an execution logged.")

    @Argument(help: "The execution's id, or its first characters.")
    var execution: String

    @Argument(help: "Only this action: NAME or STAGE/NAME.")
    var action: String?

    @Flag(name: .shortAndLong, help: "Go on until the execution is over.")
    var follow = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try common.history()
        let id = try await store.find(execution).execution.id
        var followers: [ActionExecutionID: LogFollower] = [:]
        repeat {
            // Asked before the logs are read: what was written until it was over is then printed.
            let isOver = try await store.find(id.text).execution.status.isOver
            let records = try await store.actions(of: id)
            let wanted = records.filter { action == nil || $0.place.name == action || $0.place.description == action }
            if let action, wanted.isEmpty, isOver || !follow { throw try await unknown(action, id, store) }
            for record in wanted {
                let path = common.logs.path(id, record.execution.id)
                var follower = followers[record.execution.id] ?? LogFollower(path: path)
                follower.readOn { show($0, of: record) }
                followers[record.execution.id] = follower
            }
            if !follow || isOver { return }
            try await Task.sleep(for: .milliseconds(200))
        } while true
    }

    private func unknown(_ action: String, _ id: ExecutionID, _ store: Store) async throws -> Answer {
        let names = try await store.actions(of: id).map(\.place.description)
        return Answer(.usage, "\(action): no such action has run; there are \(names.joined(separator: ", "))")
    }

    private func show(_ line: LogLine, of record: ActionRecord) {
        switch common.format {
        case .json:
            guard case .object(var members) = line.json else { return }
            members["time"] = .string(rfc3339(line.time))
            members["stage"] = .string(record.place.stage)
            members["condition"] = record.place.condition.map { .string($0.rawValue) }
            members["action"] = .string(record.place.name)
            print(JSON.object(members).text)
        case .human:
            let name = action == nil ? "\(record.place) | " : ""
            print("\(timeOfDay(line.time)) \(name)\(printable(line.text))")
        }
        fflush(standardOutput)
    }
}

/// Reads a log from where it was left.
private struct LogFollower {
    let path: String
    private var offset = 0
    private var rest: [UInt8] = []

    init(path: String) { self.path = path }

    /// Whole lines only; the last one may still be written.
    mutating func readOn(_ show: (LogLine) -> Void) {
        // An action that has not said anything has no log.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = pread(descriptor, &block, block.count, off_t(offset)), count > 0 {
            offset += count
            rest += block[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                if let line = try? LogLine(parsing: rest[..<end]) { show(line) }
                rest.removeFirst(end + 1)
            }
        }
    }
}
