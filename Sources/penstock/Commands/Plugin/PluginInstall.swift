import ArgumentParser
import Authoring
import Conformance
import Glibc
import PluginHost
import PluginProtocol
import Processes
import Settings

extension PluginCommand {
    struct Install: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks a plugin of somebody else's, shows what it asks for, installs and locks it.",
            discussion: """
                Into the first --plugins directory, or where plugins are found without being named. Nothing of the plugin \
                is executed without --build or --test.
                """)

        @Argument(
            help: ArgumentHelp(
                "A directory, an archive (zip, tar, tar.gz, tar.xz, …) or a git URL.", valueName: "source[@revision]"))
        var source: String
        @Flag(help: "Runs the plugin's build first: its author's code, as you.") var build = false
        @Flag(help: "Judges it by the whole conformance kit first, in a sandbox.") var test = false
        @Flag(help: "Lets cases of --test that need the network have it.") var network = false
        @Flag(help: "Replaces the version that is installed.") var replace = false
        @Flag(help: "Asks nothing.") var yes = false
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard !network || test else { throw ValidationError("--network needs --test") }
        }

        func run() async throws {
            let wiring = try Wiring(common)
            let source = try PluginSource(source)
            try await changing(common.plugins) { directory in
                let lock = try directory.lock()
                let candidate = try await directory.stage(source)
                try accept(lint: lint(candidate, isBuilt: false))
                guard let manifest = candidate.manifest else { preconditionFailure("a manifest that passes is one") }
                let old = try directory.predecessor(of: manifest.name)
                let installation = Installing(candidate, manifest, replacing: old, in: directory, wiring)
                print(printableLines(installation.description))
                if old != nil, !replace {
                    throw Answer(.usage, "\(manifest.name) is installed already; --replace replaces it")
                }
                if candidate.needsBuild, !build {
                    throw Answer(
                        .usage,
                        "\(manifest.name): its program \(manifest.run.command[0]) has to be built; --build does that: it is"
                            + " the author's code, and runs as you")
                }
                try confirm("Install it into \(directory.path)?", yes)
                if build { try await buildAndLint(candidate) }
                if test {
                    let report = try await trial(candidate)
                    try accept(report, "test", unless: !report.passes)
                }
                // From here on it is done in an instant.
                guard !Interruption.wasRequested else { return }
                let changes = try directory.install(candidate)
                for change in changes { print(printable(change.description)) }
                if lock == nil { print("\(directory.path) has a lock file from now on; \(changes.count) locked") }
                print(printableLines(installation.conclusion))
            }
        }

        private func buildAndLint(_ candidate: Candidate) async throws {
            try await candidate.build { if !common.quiet { print("build | \(printable($0))") } }
            try accept(lint: lint(candidate, isBuilt: true))
        }

        // MARK: Judging

        /// What `conformance lint` says; a program that is still to be built is nothing against it.
        private func lint(_ candidate: Candidate, isBuilt: Bool) throws -> ConformanceReport {
            let folder = try PluginFolder(reading: candidate.folder.directory)
            let judging = try Judging(folder, profiles: [.manifest], directory: directory)
            let isPending = !isBuilt && candidate.needsBuild
            let findings = folder.manifestFindings().filter { !isPending || $0.rule != "MAN-07" }
            return judging.report(of: judging.scope.judged(folder, by: findings))
        }

        private func trial(_ candidate: Candidate) async throws -> ConformanceReport {
            let folder = try PluginFolder(reading: candidate.folder.directory)
            let judging = try Judging(folder, seed: UInt64(UInt32.random(in: 1 ... .max)), directory: directory)
            var trial = Trial(of: folder, judging.scope, launcher: Installation.launcher)
            (trial.network, trial.seed) = (network, judging.seed)
            let outcome = try await trial.outcome()
            return judging.report(of: outcome.rules, environment: ["sandbox": "bubblewrap"])
        }

        /// Refuses what breaks a binding rule. Without cases little can be seen by `lint`, which is not held against it.
        private func accept(lint report: ConformanceReport) throws {
            try accept(report, "lint", unless: report.result.rules.contains { $0.status == .fail })
        }

        private func accept(_ report: ConformanceReport, _ what: String, unless isRefused: Bool) throws {
            if isRefused { throw Answer(.no, "\(report.human)nothing is installed") }
            if !common.quiet { print("\(what)      \(report.sum)") }
        }

        /// Where somebody sees a finding again.
        private var directory: String {
            if case .directory(let path)? = try? PluginSource(source) { shellWord(path) } else { "DIRECTORY" }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes an installed plugin, and takes it out of the lock file.")

        @Argument(help: "The plugin's name.") var name: String
        @Flag(help: "Asks nothing.") var yes = false
        @OptionGroup var plugins: PluginOptions

        func run() async throws {
            try await changing(plugins) { directory in
                let plugin = try directory.plugin(named: name)
                try confirm(
                    "Remove \(plugin.manifest.name) \(plugin.manifest.version), \(plugin.directory)?", yes)
                try directory.remove(plugin)
                print(
                    "removed \(plugin.manifest.name) \(plugin.manifest.version); what it is granted stays in the settings"
                )
            }
        }
    }
}

/// Whoever interrupts it has everything cleared away that is unfinished.
private func changing(
    _ plugins: PluginOptions, _ change: (PluginDirectory) async throws -> Void
) async throws {
    try await interruptible(else: "interrupted: nothing is changed") {
        try await PluginDirectory.changing(plugins.home, change)
    }
}

/// Asks a person, unless that is settled; a signal that asks to end is an answer, too.
/// - Throws: `Answer` when the answer is no, or nobody is there to give one.
private func confirm(_ question: String, _ isSettled: Bool) throws {
    guard !isSettled else { return }
    guard isatty(STDIN_FILENO) == 1 else { throw Answer(.usage, "nobody is there to be asked; --yes says yes") }
    print("\(printable(question)) [y/N] ", terminator: "")
    fflush(standardOutput)
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    while poll(&input, 1, 100) <= 0, !Interruption.wasRequested {}
    let answer = Interruption.wasRequested ? nil : readLine()
    guard ["y", "yes"].contains(answer?.lowercased() ?? "") else { throw Answer(.no, "nothing is changed") }
}

/// What is about to be installed, for who decides on it.
private struct Installing: CustomStringConvertible {
    private let candidate: Candidate
    private let manifest: Manifest
    private let old: Plugin?
    private let wiring: Wiring
    private let grants: Grants
    private let options: [String]

    init(
        _ candidate: Candidate, _ manifest: Manifest, replacing old: Plugin?, in directory: PluginDirectory,
        _ wiring: Wiring
    ) {
        (self.candidate, self.manifest, self.old, self.wiring) = (candidate, manifest, old, wiring)
        grants = wiring.settings.grants(of: manifest.name)
        options =
            Plugin(
                manifest: manifest, directory: "", origin: directory.path,
                isFoundByDefault: directory.path == defaultPlugins()
            ).options + wiring.settings.options
    }

    var description: String {
        let run = manifest.run
        let wishes = manifest.permissions.wishes.map {
            "asks for  \($0)\(grants.has($0) ? " (granted already, to plugins of this name)" : "")"
        }
        let lines: [String?] =
            [
                "\(manifest.name) \(manifest.version)  from \(candidate.origin)", manifest.description,
                "serves    \(manifest.actionTypes.map(\.id.description).joined(separator: ", "))",
                run.requires.isEmpty ? nil : "requires  \(run.requires.joined(separator: ", "))",
                run.build.map { "build     \($0.joined(separator: " "))" },
            ] + (wishes.isEmpty ? ["asks for  nothing beyond its workspace"] : wishes)
            + (candidate.notes + others).map { "note      \($0)" } + [difference]
        return lines.compactMap { $0 }.joined(separator: "\n")
    }

    /// After it is installed.
    var conclusion: String {
        let missing = grants.missing(for: manifest, shipped: false)
        let grant =
            missing == Grants() ? "" : "\nto grant what it asks for:\n\(missing.command(for: manifest.name, options))"
        return "installed \(manifest.name) \(manifest.version)\(grant)"
    }

    /// Whose place it takes elsewhere, or who keeps it from being used.
    private var others: [String] {
        let all = wiring.catalogue
        let namesakes = all.plugins.filter { $0.manifest.name == manifest.name && $0.directory != old?.directory }.map {
            "another plugin \($0.manifest.name) is in \($0.directory); they share their grants"
        }
        let served = manifest.actionTypes.compactMap { type in all.plugin(for: type.id).map { (type.id, $0) } }
        let rivals = Dictionary(grouping: served.filter { $0.1.directory != old?.directory }, by: \.1).map {
            "\($1.map(\.0.description).joined(separator: ", ")): served by \($0.manifest.name) in \($0.directory), too;"
                + " the first that is found is used"
        }.sorted()
        return namesakes + rivals
    }

    private var difference: String? {
        guard let old else { return nil }
        let (before, after) = (old.manifest.permissions.wishes, manifest.permissions.wishes)
        let more = after.filter { !before.contains($0) }.map { "asks for \($0), too" }
        let less = before.filter { !after.contains($0) }.map { "no longer asks for \($0)" }
        let changes = more + less
        let words = changes.isEmpty ? "asks for the same" : changes.joined(separator: "; ")
        return "replaces  \(old.manifest.version) by \(manifest.version): \(words)"
    }
}
