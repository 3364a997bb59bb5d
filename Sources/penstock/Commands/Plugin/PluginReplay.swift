import ArgumentParser
import Authoring
import Conformance
import Glibc
import PluginProtocol

extension PluginCommand {
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a plugin the job of a transcript again, and shows what it says otherwise.",
            discussion: """
                The job is the recorded one, secrets and all; a cancel comes when it came. Exit code 0: messages, verdict \
                and output artifacts are the same. What differs in the log only is shown.
                """)

        @Argument(help: "What `plugin run --record` or `conformance run --transcripts` wrote.") var transcript: String
        @Argument(help: "The plugin's folder.") var directory: String
        @Option(help: ArgumentHelp("Another folder for an input artifact; may be repeated.", valueName: "name=dir"))
        var input: [String] = []
        @OptionGroup var options: RehearsalOptions

        func run() async throws {
            try refuseEmpty(transcript, "the transcript")
            guard access("\(transcript)/", F_OK) != 0 else {
                throw Answer(
                    .usage, "\(transcript): is a directory; the transcript comes first, and then the plugin's folder")
            }
            let record = try Record(reading: transcript)
            let (folder, manifest) = try options.plugin(directory)
            try options.requireProgram(folder, manifest, named: directory)
            guard record.plugin == nil || record.plugin == folder.name else {
                throw Answer(
                    .usage, "\(transcript) is of the plugin \(record.plugin!), and \(directory) is \(folder.name)")
            }
            let folders = try inputFolders(input)
            let jobs = try record.steps.filter { !$0.errands.isEmpty }.map { try replayed($0, record, folder, folders) }
            if let version = record.version, version != folder.version {
                print("recorded with version \(printable(version)), this is \(printable(folder.version))")
            }
            let bench = try Bench(options.setting(folder, manifest, watch: narrate()))
            let steps = try await options.rehearsing(on: bench) {
                var steps: [Recording] = []
                for (fixture, wish) in jobs { steps += try await bench.rehearse(fixture, wish).steps }
                return steps
            }
            let comparison = Comparison(record.steps, steps, plugin: folder.name, outputs: record.outputs)
            print(printableLines("\n" + comparison.text))
            throw Answer(comparison.isSame ? .yes : .no)
        }

        /// One recorded process as a fixture and its job.
        private func replayed(
            _ step: Recording, _ record: Record, _ folder: PluginFolder, _ folders: [String: String]
        ) throws -> (Fixture, Rehearsal.Wish) {
            guard step.errands.count == 1, let errand = step.errands.first else {
                throw Answer(
                    .usage,
                    "\(transcript): a process of it had \(step.errands.count) jobs; those with one can be played")
            }
            let job = errand.job
            guard folder.manifest?.actionTypes.contains(where: { $0.id == job.data.actionTypeId }) == true else {
                throw Answer(
                    .usage, "\(transcript) asks for \(job.data.actionTypeId), which \(folder.name) does not serve")
            }
            let known = folder.fixtures.first { $0.name == record.fixture ?? errand.fixture.name }
            var inputs: [String: String] = [:]
            for artifact in job.data.inputArtifacts.map(\.name) {
                guard let path = folders[artifact] ?? record.inputs[artifact] ?? known?.inputArtifacts[artifact] else {
                    throw Answer(
                        .usage,
                        "\(transcript): where the input artifact \(artifact) was is not in it; add --input \(artifact)=DIR"
                    )
                }
                guard access(path.hasPrefix("/") ? path : "\(folder.directory)/\(path)", R_OK) == 0 else {
                    throw Answer(
                        .usage,
                        "input artifact \(artifact): \(path): \(String(cString: strerror(errno))); add --input \(artifact)=DIR"
                    )
                }
                inputs[artifact] = path
            }
            var fixture = known ?? Fixture(job: job, inputs: inputs)
            fixture.inputArtifacts = inputs
            fixture.outputArtifacts = job.data.outputArtifacts.map(\.name)
            var wish = Rehearsal.Wish()
            wish.job = job
            wish.goesOn = false
            wish.cancel = step.cancelledAt.map { at in
                Rehearsal.Cancel(after: max(.zero, at - errand.at), lines: step.output.count { $0.at < at })
            }
            return (fixture, wish)
        }
    }
}
