import ArgumentParser
import Engine
import Glibc
import Jansson
import Runner
import Store

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Prints what the actions of an execution logged, or where a text stands.",
        discussion: """
            The lines of an action are counted from 1, through all its attempts. With --search all executions are \
            searched, the newest first, unless one is named; exit code 1 says that the text was not found.
            """)

    @Argument(help: "The execution's id, or its first characters; --search needs none.")
    var execution: String?

    @Argument(help: "Only this action: NAME or STAGE/NAME.")
    var action: String?

    @Flag(name: .shortAndLong, help: "Go on until the execution is over.")
    var follow = false

    @Option(help: ArgumentHelp("Begin with this line of the action's log.", valueName: "number"))
    var line: Int?

    @Option(help: ArgumentHelp("Print only lines with this text in them, and where they stand.", valueName: "text"))
    var search: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try refuseEmpty(search, "--search")
        if execution == nil && search == nil { throw ValidationError("name an execution, or a text by --search") }
        if search != nil && (follow || line != nil) {
            throw ValidationError("--search looks at all lines there are; say it without --follow and --line")
        }
        guard let line else { return }
        if line < 1 { throw ValidationError("--line must be 1 or more, found \(line)") }
        if action == nil { throw ValidationError("--line counts the lines of one action: name it") }
    }

    func run() async throws {
        let store = try common.history()
        if let search { return try await find(search, store) }
        let id = try await store.find(execution ?? "").execution.id
        var places: [ActionExecutionID: LogPlace] = [:]
        if let line { places = try self.places(before: line, try await records(of: id, store)) }
        repeat {
            // Asked before the logs are read: what was written until it was over is then printed.
            let isOver = try await store.find(id.text).execution.status.isOver
            let wanted = try await records(of: id, store)
            if let action, wanted.isEmpty, isOver || !follow { throw try await unknown(action, id, store) }
            for record in wanted {
                log(of: record).read(from: &places[record.execution.id, default: LogPlace()]) { show($0, of: record) }
            }
            fflush(standardOutput)
            if !follow || isOver { return }
            try await Task.sleep(for: .milliseconds(50))
        } while true
    }

    private func records(of id: ExecutionID, _ store: Store) async throws -> [ActionRecord] {
        try await store.actions(of: id).filter {
            action == nil || $0.place.name == action || $0.place.description == action
        }
    }

    private func log(of record: ActionRecord) -> LogFile {
        LogFile(path: common.logs.path(record.pipelineExecution, record.execution.id))
    }

    private func unknown(_ action: String, _ id: ExecutionID, _ store: Store) async throws -> Answer {
        let names = try await store.actions(of: id).map(\.place.description)
        return Answer(.usage, "\(action): no such action has run; there are \(names.joined(separator: ", "))")
    }

    // MARK: Places

    /// Of each attempt, so that what is read from there on begins with line `number` of them all.
    private func places(before number: Int, _ records: [ActionRecord]) throws -> [ActionExecutionID: LogPlace] {
        let names = Set(records.map(\.place.description)).sorted()
        guard names.count <= 1 else {
            throw Answer(.usage, "--line counts the lines of one action; there are \(names.joined(separator: ", "))")
        }
        var (places, left): ([ActionExecutionID: LogPlace], Int) = ([:], number)
        for record in records {
            let next = log(of: record).place(ofLine: left + 1)
            if next.number > left {
                places[record.execution.id] = log(of: record).place(ofLine: left)
                return places
            }
            places[record.execution.id] = next
            left -= next.number - 1
        }
        guard let name = names.first else { return places }
        throw Answer(.usage, "\(name): there is no line \(number); the log has \(number - left) lines")
    }

    private func find(_ text: String, _ store: Store) async throws {
        let executions =
            if let execution { [try await store.find(execution).execution.id] } else {
                try await store.executions(limit: .max).map(\.id)
            }
        var isFound = false
        for id in executions where access("\(common.logs.directory)/\(id)", F_OK) == 0 {
            var before: [String: Int] = [:]
            for record in try await records(of: id, store) {
                let first = before[record.place.description, default: 0]
                before[record.place.description, default: 0] += log(of: record).search(for: text) { number, line in
                    isFound = true
                    show(line, number: first + number, of: record)
                }
            }
        }
        throw Answer(isFound ? .yes : .no)
    }

    // MARK: What is shown

    /// - Parameter number: of the line, where it was searched for.
    private func show(_ line: LogLine, number: Int? = nil, of record: ActionRecord) {
        switch common.format {
        case .json:
            guard case .object(var members) = line.json else { return }
            members["time"] = .string(rfc3339(line.time))
            members["stage"] = .string(record.place.stage)
            members["condition"] = record.place.condition.map { .string($0.rawValue) }
            members["action"] = .string(record.place.name)
            if let number {
                members["pipelineExecutionId"] = .string(record.pipelineExecution.text)
                members["line"] = .integer(Int64(number))
            }
            print(JSON.object(members).text)
        case .human:
            let text = printable(line.text)
            if let number {
                print("\(record.pipelineExecution) \(record.place):\(number) \(dateAndTime(line.time)) \(text)")
            } else {
                print("\(timeOfDay(line.time)) \(action == nil ? "\(record.place) | " : "")\(text)")
            }
        }
    }
}
