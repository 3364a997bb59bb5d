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

    @Flag(help: "Lets cases that need the network have it; without, they are not run.")
    var network = false

    @Option(
        help: ArgumentHelp(
            "Variables of yours that the plugin gets, of those that its manifest asks for; none if absent.",
            valueName: "name,…"))
    var environment: [String] = []

    @Option(help: ArgumentHelp("Values for secret properties, by name; made up if absent.", valueName: "file"))
    var secrets: String?

    @Option(
        help: ArgumentHelp("Where each run is written down, for `conformance replay`.", valueName: "dir"))
    var transcripts: String?

    @OptionGroup var pace: PaceOptions

    func validate() throws {
        try refuseEmpty(secrets, "--secrets")
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
        (network ? ["--network"] : []) + environment.flatMap { ["--environment", shellWord($0)] }
            + (secrets.map { ["--secrets", shellWord($0)] } ?? [])
            + (pace.scale == 1 ? [] : ["--time-scale", "\(pace.scale)"])
            + (judging.requirements.map { ["--requirements", shellWord($0)] } ?? [])
    }
}

/// The variables that a plugin is given of those of who judges or runs it, with their values.
/// - Throws: also for one that the plugin does not ask for, or that is not set.
func granted(_ environment: [String], to folder: PluginFolder) throws -> [String: String] {
    let asked = folder.manifest?.permissions.environment ?? []
    var values: [String: String] = [:]
    for name in words(environment) {
        guard asked.contains(name) else {
            let near = nearest(to: name, in: asked).map { "; did you mean \"\($0)\"?" } ?? ""
            throw Answer(.usage, "--environment \(name): permissions.environment does not ask for it\(near)")
        }
        guard let value = getenv(name) else { throw Answer(.usage, "--environment \(name): it is not set here") }
        values[name] = String(cString: value)
    }
    let lacking = asked.filter { values[$0] == nil }
    if !lacking.isEmpty {
        complain("not given to the plugin: \(lacking.joined(separator: ", ")) (see --environment)")
    }
    return values
}

/// Values of secret properties by name; empty when no file is named.
/// - Throws: also for a name that is no secret property of the plugin.
func secretValues(in file: String?, for folder: PluginFolder) throws -> [String: String] {
    guard let file else { return [:] }
    let values: [String: String]
    do {
        values = try JSONReader(try readDocument(at: file)).stringMembers()
    } catch let error as JSONTypeError {
        throw Answer(.usage, "\(file): \(error)")
    }
    let properties = folder.manifest?.actionTypes.flatMap(\.configurationProperties).filter(\.secret).map(\.name) ?? []
    for name in values.keys.sorted() where !properties.contains(name) {
        let near = nearest(to: name, in: properties).map { "; did you mean \"\($0)\"?" } ?? ""
        throw Answer(.usage, "\(file): \(name) is no secret property of \(folder.name)\(near)")
    }
    return values
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
