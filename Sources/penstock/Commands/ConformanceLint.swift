import ArgumentParser
import Conformance

extension ConformanceCommand {
    struct Lint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Judges a plugin's files; nothing of it is executed.",
            discussion: "By the profile `manifest`: plugin.json, the program, the tools, and the conformance cases.")

        @OptionGroup var options: JudgingOptions

        func run() async throws {
            let judging = try Judging(options, profiles: [.manifest], seed: 0)
            try judging.conclude(judging.scope.judged(judging.folder, by: judging.folder.manifestFindings()))
        }
    }
}
