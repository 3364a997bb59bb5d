import ArgumentParser
import Conformance
import Definitions
import Glibc
import Jansson
import PluginProtocol
import Processes

/// What `conformance lint` and `conformance run` share.
struct JudgingOptions: ParsableArguments {
    @Argument(help: "The plugin's folder.")
    var directory: String

    @Option(help: ArgumentHelp("Which set; the newest if absent.", valueName: "revision"))
    var requirements: String?

    @Option(help: ArgumentHelp("Breaches that are known, a line each: RULE or RULE@case.", valueName: "file"))
    var baseline: String?

    @Option(name: .customLong("report"), help: ArgumentHelp("Of json, junit, markdown.", valueName: "form,…"))
    var reports: [String] = []

    @Option(
        help: ArgumentHelp("Where reports are written: conformance.json, .xml, .md. Here if absent.", valueName: "dir"))
    var out: String?

    func validate() throws {
        try refuseEmpty(directory, "the plugin's folder")
        try refuseEmpty(baseline, "--baseline")
        try refuseEmpty(out, "--out")
        guard out == nil || !reports.isEmpty else { throw ValidationError("--out needs --report") }
    }
}

/// What `conformance run` is told besides.
struct ConformanceRunOptions: ParsableArguments {
    @OptionGroup var judging: JudgingOptions

    @Option(name: .customLong("profile"), help: ArgumentHelp("By these only; may be repeated.", valueName: "name,…"))
    var profiles: [String] = []

    @Option(name: .customLong("rule"), help: ArgumentHelp("By these only; may be repeated.", valueName: "id,…"))
    var rules: [String] = []

    @Option(name: .customLong("case"), help: ArgumentHelp("With these only; may be repeated.", valueName: "name,…"))
    var cases: [String] = []

    @Option(help: ArgumentHelp("Of what is left to chance; a finding names it.", valueName: "number"))
    var seed: UInt32?

    @Option(
        help: ArgumentHelp("Where each run is written down, for `conformance replay`.", valueName: "dir"))
    var transcripts: String?

    @OptionGroup var surroundings: SurroundingOptions

    func validate() throws {
        try refuseEmpty(transcripts, "--transcripts")
    }

    /// Reads all that was named, and makes sure that the reports can be written.
    func prepare() throws -> Judging {
        try Judging(
            judging, profiles: try Profile.named(profiles), rules: words(rules), cases: words(cases),
            seed: UInt64(seed ?? .random(in: 1...UInt32.max)), reproducing: reproduction)
    }

    /// What a finding's command repeats beside rule, case and seed.
    private var reproduction: [String] {
        surroundings.asWords
            + (judging.requirements.map { ["--requirements", shellWord($0)] } ?? [])
    }
}

/// How patient the kit is.
struct PaceOptions: ParsableArguments {
    @Option(
        name: .customLong("time-scale"),
        help: ArgumentHelp("Multiplies every limit of time, for slow machines.", valueName: "factor"))
    var scale = 1.0

    func validate() throws {
        guard (0.1...100).contains(scale) else {
            throw ValidationError("--time-scale \(scale): must be from 0.1 to 100")
        }
    }
}
