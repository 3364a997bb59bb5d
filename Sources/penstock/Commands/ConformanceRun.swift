import ArgumentParser
import Conformance
import Glibc
import Workspaces

extension ConformanceCommand {
    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Judges a plugin by running it, in a sandbox that hides nothing.",
            discussion: """
                Plays the plugin's cases and many accidents (a slow reader, SIGTERM, hostile text, two at once), and \
                judges all that it does. Cases, their commands and the plugin run in a sandbox of their own.
                """)

        @OptionGroup var options: ConformanceRunOptions

        func run() async throws {
            let judging = try options.prepare()
            if let transcripts = options.transcripts {
                // With the slash a file of that name is not taken for a directory.
                guard mkdir(transcripts, 0o777) == 0 || errno == EEXIST, access("\(transcripts)/", W_OK) == 0 else {
                    throw Answer(.usage, "--transcripts \(transcripts): \(String(cString: strerror(errno)))")
                }
            }
            var trial = Trial(of: judging.folder, judging.scope, launcher: Installation.launcher)
            trial.network = options.surroundings.network
            trial.environment = try options.surroundings.granted(to: judging.folder)
            trial.secrets = try options.surroundings.secretValues(for: judging.folder)
            trial.scale = options.surroundings.pace.scale
            trial.seed = judging.seed
            let outcome = try await interruptible { [trial] in try await trial.outcome() }
            if let transcripts = options.transcripts { try write(outcome.recordings, in: transcripts) }
            try judging.conclude(outcome.rules, environment: ["sandbox": "bubblewrap"])
        }

        private func write(_ recordings: [Recording], in folder: String) throws {
            for (index, recording) in recordings.enumerated() {
                let number = String(index + 1001).dropFirst()
                let name = [String(number), recording.probe, recording.fixture].compactMap { $0 }.joined(separator: "-")
                let path = "\(folder)/\(name).jsonl"
                // A transcript has the job's secrets in it.
                guard let file = fopen(path, "we"), fchmod(fileno(file), 0o600) == 0,
                    fputs(recording.transcript, file) >= 0, fclose(file) == 0
                else {
                    throw Answer(.usage, "\(path): cannot be written: \(String(cString: strerror(errno)))")
                }
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Judges a transcript: what a plugin said once, without running it.",
            discussion: "By the rules that are looked for in every run, as far as a transcript shows them.")

        @Argument(help: "A file that `conformance run --transcripts` wrote, or a conversation of spec/transcripts.")
        var transcript: String

        func run() async throws {
            try refuseEmpty(transcript, "the name of a transcript")
            let requirements = try Installation.specification().set(nil)
            let findings = try Recording.read(transcript).flatMap(\.findings)
            for finding in findings {
                guard let rule = requirements[finding.rule] else { continue }
                print(
                    printableLines("\(rule.id)  \(rule.sentence)\n        \(finding.evidence)\n        \(finding.hint)")
                )
            }
            throw Answer(findings.contains { requirements[$0.rule]?.keyword.isBinding == true } ? .no : .yes)
        }
    }

    struct Selftest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Proves the kit: finds the fault of every mutant, and none in the good plugins.",
            discussion: """
                A mutant is a good plugin with one fault put into it. Each is judged by the rules of its own group and by \
                all that are looked for in every run; with --whole by all.
                """)

        @Argument(help: "Beginnings of names of mutants, as FRM or RES-01; all mutants and good plugins if absent.")
        var names: [String] = []
        @Flag(help: "Judges every mutant by all rules: takes long.") var whole = false
        @Option(help: "How many plugins are judged at once.") var jobs = 6
        @OptionGroup var pace: PaceOptions

        func validate() throws {
            guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs): must be from 1 to 64") }
        }

        func run() async throws {
            let specification = try Installation.specification()
            let all = try Mutant.all(in: specification.directory)
            for name in names where !all.contains(where: { $0.name.hasPrefix(name) }) {
                throw Answer(.usage, "\(name): no mutant's name begins so; \(specification.directory)/mutants has all")
            }
            let chosen = names.isEmpty ? all : all.filter { mutant in names.contains { mutant.name.hasPrefix($0) } }
            var selftest = Conformance.Selftest(
                specification: specification.directory, requirements: try specification.set(nil),
                launcher: Installation.launcher)
            (selftest.isWhole, selftest.width, selftest.scale) = (whole, jobs, pace.scale)
            let good = names.isEmpty ? try specification.goodPlugins() : []
            let outcomes = try await interruptible { [selftest] in
                await selftest.run(chosen, good: good) {
                    if !Interruption.wasRequested { print(printableLines($0.text)) }
                }
            }
            let proven = outcomes.filter(\.isProven).count
            print("\(proven) of \(outcomes.count) plugins were judged as they should be")
            throw Answer(proven == outcomes.count ? .yes : .no)
        }
    }
}

extension Conformance.Selftest.Outcome {
    fileprivate var text: String {
        if isProven { return "ok    \(name)" }
        let lines =
            missed.sorted().map { "not found: \($0)" }
            + unexpected.map {
                "should not be found: \($0.rule)\($0.probe.map { ", probe \($0)" } ?? "")\($0.fixture.map { ", case \($0)" } ?? ""): \($0.evidence)"
            } + (fault.map { ["nothing could be said: \($0)"] } ?? [])
        return "WRONG \(name)\n" + lines.map { "      \($0)" }.joined(separator: "\n")
    }
}
