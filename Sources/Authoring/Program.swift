import Conformance
import Glibc
import Processes

/// A program that is run to its end on behalf of whoever runs us.
struct Program: Sendable {
    let command: Command

    init(_ command: Command) { self.command = command }

    /// - Parameter name: looked for in our own PATH, unless it is a path.
    /// - Returns: nil when there is no such program.
    init?(_ name: String, _ arguments: [String], environment: [String: String], directory: String) {
        let places = variable("PATH")?.split(separator: ":").map { "\($0)/\(name)" } ?? []
        let path = (name.contains("/") ? [name.hasPrefix("/") ? name : "\(directory)/\(name)"] : places).first { path in
            access(path, X_OK) == 0 && !isPlainDirectory(path)
        }
        guard let path else { return nil }
        command = Command(executable: path, arguments: arguments, environment: environment, directory: directory)
    }

    /// - Parameter told: each line, as it comes.
    func run(_ told: (Line) -> Void) async throws(TrustError) -> Exit {
        let child: Child
        do throws(SpawnError) {
            child = try await Reactor.shared.spawn(command)
        } catch {
            throw TrustError(error.description)
        }
        child.closeInput()
        var exit = Exit.code(0)
        for await event in child.events {
            switch event {
            case .line(let line): told(line)
            case .exited(let how): exit = how
            case .settled, .end: break
            }
        }
        await child.finish()
        return exit
    }
}

func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// The whole of our environment, for what is run for our user.
public func ownEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var next = environ
    while let text = next.pointee {
        let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        next += 1
    }
    return variables
}

extension Exit {
    var words: String {
        switch self {
        case .code(let code): "exit status \(code)"
        case .signal(let signal): "signal \(signal)"
        }
    }
}
