import ArgumentParser
import Definitions
import Glibc
import Pipelines
import Scenarios

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Plays scenarios of a pipeline without running anything.",
        discussion: """
            Every action is answered by a stub, and time passes at once. Each scenario says what is given, what the \
            stubs answer, and how it must end.
            """)

    @Argument(help: "A pipeline definition or a CloudFormation template, JSON or YAML.")
    var definition: String

    @Option(help: ArgumentHelp("The scenarios, YAML or JSON.", valueName: "file"))
    var scenarios: String

    @Option(help: "human, json or junit.")
    var format: ReportFormat = .human

    @Option(help: ArgumentHelp("Writes the report there, and the human one is printed.", valueName: "file"))
    var output: String?

    @Flag(help: "Only what failed, and the sum.")
    var quiet = false

    @OptionGroup var choice: TemplateOptions
    @OptionGroup var plugins: PluginOptions

    enum ReportFormat: String, ExpressibleByArgument, CaseIterable { case human, json, junit }

    func validate() throws {
        try refuseEmpty(definition, "the name of a definition")
        try refuseEmpty(scenarios, "--scenarios")
        try refuseEmpty(output, "--output")
        if let output, [definition, scenarios].contains(where: { isSameFile($0, output) }) {
            throw ValidationError("--output \(output): is read here; name another file")
        }
    }

    func run() async throws {
        let file = try choice.loadFaultless(
            definition, Installation(plugins), refusal: .usage, isReplaced: { _ in true }, runsRules: false)
        let pipeline = file.pipeline
        for transition in file.origin?.disabledTransitions ?? [] {
            complain("\(definition): scenarios go through the transition into \(transition.stage), which is disabled")
        }
        let (scenarios, findings) = Scenario.read(try readDocument(at: self.scenarios), for: pipeline)
        guard findings.isEmpty else {
            throw Answer(.usage, findings.map { "\(self.scenarios): \($0)" }.joined(separator: "\npenstock: "))
        }
        let report = Report(pipeline: pipeline.name, results: scenarios.map { $0.result(for: pipeline) })
        if let output {
            try write(report.text(format, quiet: false), to: output)
            say(report.human(quiet: quiet))
        } else {
            say(report.text(format, quiet: quiet))
        }
        throw Answer(report.failureCount == 0 ? .yes : .no)
    }

    private func isSameFile(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(one, &first) == 0, stat(other, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    private func say(_ text: String) {
        // Names and messages are of others: a terminal takes no commands from them.
        print(format == .human || output != nil ? printableLines(text) : text, terminator: "")
    }

    private func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "we") else { throw cannotWrite(path) }
        let bytes = Array(text.utf8)
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw cannotWrite(path) }
    }

    private func cannotWrite(_ path: String) -> Answer {
        Answer(.usage, "--output \(path): cannot be written: \(String(cString: strerror(errno)))")
    }
}

extension Report {
    fileprivate func text(_ format: TestCommand.ReportFormat, quiet: Bool) -> String {
        switch format {
        case .human: human(quiet: quiet)
        case .json: json
        case .junit: junit
        }
    }
}
