import ArgumentParser
import Definitions
import Glibc
import Jansson
import Pipelines
import Runner
import Settings

struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Helps with the settings file.", subcommands: [Initialise.self])

    struct Initialise: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Writes the settings file that a definition needs.",
            discussion: """
                Every name is filled in. Values to be chosen start with "\(Settings.choiceMark)"; what may be set besides \
                stands in comments. An action that meets a value which is still to be chosen fails.
                """)

        @Argument(help: "A pipeline definition or a CloudFormation template, JSON or YAML.")
        var definition: String

        @Option(help: ArgumentHelp("A file that is not there yet, in place of the standard output.", valueName: "file"))
        var output: String?

        @OptionGroup var choice: TemplateOptions
        @OptionGroup var common: CommonOptions

        func validate() throws {
            try refuseEmpty(definition, "the name of a definition")
            try refuseEmpty(output, "--output")
        }

        func run() async throws {
            let wiring = try Wiring(common)
            let file = try choice.load(definition, catalogue: wiring.actionTypes)
            guard file.findings.isEmpty else {
                throw Answer(.no, file.findings.map { "\(definition): \($0)" }.joined(separator: "\npenstock: "))
            }
            let projects = file.origin?.projects ?? [:]
            var (draft, notes) = SettingsDraft.needed(
                by: file.pipeline, wiring.catalogue, shippedPlugins: wiring.shippedPlugins,
                known: ["CodeBuild": projects.mapValues(\.draft)])
            let used = Set(file.pipeline.stages.flatMap(\.actions).compactMap { $0.configuration["ProjectName"] })
            for name in used.flatMap({ projects[$0]?.secretNames ?? [] }) { draft.addSecret(name) }
            for note in notes { complain("\(definition): \(note)") }
            try write(
                """
                # What the pipeline \(printable(file.pipeline.name)) needs on this machine, written by `penstock settings init`.
                # Replace every value that starts with "\(Settings.choiceMark)". Comments tell what may be set besides.
                \(draft.yaml)
                """)
        }

        private func write(_ text: String) throws {
            guard let output else { return print(text, terminator: "") }
            // Passwords may come to stand in it.
            let descriptor = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                let reason =
                    errno == EEXIST ? "is there already; it is not overwritten" : String(cString: strerror(errno))
                throw Answer(.usage, "\(output): \(reason)")
            }
            guard let stream = fdopen(descriptor, "w") else {
                throw Answer(.usage, "\(output): \(String(cString: strerror(errno)))")
            }
            let isWritten = fputs(text, stream) >= 0
            guard fclose(stream) == 0, isWritten else {
                unlink(output)
                throw Answer(.usage, "\(output): cannot be written: \(String(cString: strerror(errno)))")
            }
        }
    }
}

extension BuildProject {
    fileprivate var secretNames: Set<String> { buildspecSecrets.union(secrets.values) }

    /// What the template says of the project's entry in the settings.
    fileprivate var draft: SettingsDraft {
        var draft = SettingsDraft.object([:])
        if let buildspec { draft.insert(.value(.string(buildspec)), at: ["buildspec"]) }
        for (name, value) in environment { draft.insert(.value(.string(value)), at: ["environment", name]) }
        for (name, thing) in openEnvironment { draft.insert(.choice(thing), at: ["environment", name]) }
        for (name, key) in parameters {
            draft.insert(.choice("the value of the parameter \(key)"), at: ["environment", name])
        }
        for (name, secret) in secrets {
            draft.insert(.value(["secret": .string(secret)]), at: ["environment", name])
        }
        for key in buildspecParameters {
            draft.insert(.choice("the value of the parameter \(key)"), at: ["parameters", key])
        }
        for secret in buildspecSecrets {
            draft.insert(.value(["secret": .string(secret)]), at: ["secrets", secret])
        }
        return draft
    }
}
