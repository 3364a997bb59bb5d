import ArgumentParser
import Conformance
import Glibc
import Processes

extension PluginCommand {
    struct Shell: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Opens a shell where a plugin would be with the job of a case: its sandbox and its workspace.",
            discussion: """
                tmp/job.json is the job. The plugin's folder is a copy, made now. The exit status is that of the shell \
                or the command.
                """)

        @Argument(help: "The plugin's folder.") var directory: String
        @Option(
            name: .customLong("case"), help: ArgumentHelp("One of its cases; the first if absent.", valueName: "name"))
        var fixture: String?
        @Argument(parsing: .postTerminator, help: "What to run in place of a shell, after `--`.") var command:
            [String] = []
        @OptionGroup var options: RehearsalOptions

        func validate() throws { if let first = command.first { try refuseEmpty(first, "the command") } }

        func run() async throws {
            let (folder, manifest) = try options.plugin(directory)
            let job = try folder.fixture(named: fixture)
            let program = command.isEmpty ? [access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh"] : command
            let bench = try Bench(options.setting(folder, manifest))
            let exit = try await bench.closing {
                try await bench.visit(job, with: program) { visit in
                    complain("case \(job.name); the plugin by hand:\n    \(visit.byHand)", named: false)
                    return try runInForeground(visit.command)
                }
            }
            switch exit {
            case .code(let code): Glibc.exit(code)
            case .signal(let signal): Glibc.exit(128 + signal)
            }
        }
    }
}
