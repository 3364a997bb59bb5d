import ArgumentParser
import Artifacts
import Authoring
import Conformance
import Definitions
import Failpoints
import Glibc
import PluginHost
import Processes
import Store
import Workspaces

/// A pipeline runtime with the semantics of AWS CodePipeline.
@main
struct Penstock: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "penstock",
        abstract: "Runs CodePipeline pipelines on this machine, every action a plugin in a sandbox.",
        discussion: """
            Exit codes: 0 yes; 1 no (an execution failed, a definition has findings); 2 unreadable input or wrong \
            usage; 3 a fault of Penstock's own; 4 the execution was stopped.
            """,
        version: version,
        subcommands: [
            RunCommand.self, ResumeCommand.self, ValidateCommand.self, ImportCommand.self, PlanCommand.self,
            TestCommand.self, SettingsCommand.self, HistoryCommand.self, ShowCommand.self, DiffCommand.self,
            LogsCommand.self, PruneCommand.self, ServeCommand.self, StartCommand.self, StopCommand.self,
            RetryCommand.self, RollbackCommand.self,
            OverrideCommand.self, TransitionCommand.self, ApproveCommand.self, RejectCommand.self, StateCommand.self,
            PipelineCommand.self, ShellCommand.self, ReplayCommand.self, PluginCommand.self, ConformanceCommand.self,
            ArtifactCommand.self, DoctorCommand.self,
        ])

    static func main() async {
        checkFailpoint()
        // A file that may not grow any more (`ulimit -f`) is an error like a full disk, and no reason to die.
        signal(SIGXFSZ, SIG_IGN)
        // As process 1 of a container nobody else reaps what plugins leave behind (HST-21).
        Reactor.shared.adoptOrphans()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            end(.yes)
        } catch {
            leave(with: error)
        }
    }

    private static func leave(with error: any Error) -> Never {
        let code: Exit
        switch error {
        case let answer as Answer:
            if let message = answer.message { complain(message) }
            code = answer.exit
        case let error as DocumentError:
            complain(error.description)
            code = .usage
        case let error as UnreadableInput:
            complain(error.description)
            code = .usage
        case let fault as KitFault:
            complain(fault.description)
            code = .fault
        case let error as TrustError:
            complain(error.description)
            code = .usage
        case let error as InvalidLock:
            complain(error.description)
            code = .usage
        case let error as StoreError:
            complain(error.description)
            code = .usage
        case let error as WorkspaceError:
            complain(error.message)
            code = .usage
        case let error as ArtifactError:
            complain(error.message)
            code = .usage
        default:
            // What the argument parser means by success is `--help` and `--version`.
            let isHelp = exitCode(for: error) == .success
            let text = fullMessage(for: error)
            if isHelp { print(text) } else { complain(text, named: false) }
            code = isHelp ? .yes : exitCode(for: error) == .validationFailure ? .usage : .fault
        }
        end(code)
    }

    private static func end(_ code: Exit) -> Never {
        // Not all streams at once: a question may still wait for its answer on the standard input.
        let isFlushed = fflush(standardOutput) == 0
        let reason = String(cString: strerror(errno))
        // Who reads a pipe may stop when he has seen enough.
        var status = stat()
        let isPipe = fstat(STDOUT_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
        guard isFlushed && ferror(standardOutput) == 0 || isPipe else {
            complain("the standard output cannot be written\(isFlushed ? "" : ": \(reason)"); what it has is not all")
            Glibc.exit(Exit.fault.rawValue)
        }
        Glibc.exit(code.rawValue)
    }
}

/// The exit codes, the same in every command.
enum Exit: Int32 {
    case yes = 0
    case no = 1
    case usage = 2
    case fault = 3
    case stopped = 4
}

/// Ends a command with an exit code and, where there is something to say, a message.
struct Answer: Error {
    let exit: Exit
    let message: String?

    init(_ exit: Exit, _ message: String? = nil) {
        self.exit = exit
        self.message = message
    }
}

func complain(_ message: String, named: Bool = true) {
    let message = printableLines(message)
    fputs(named ? "penstock: \(message)\n" : "\(message)\n", standardError)
}
