import ArgumentParser
import Authoring
import Conformance
import Glibc
import Jansson
import PluginHost
import PluginProtocol
import Synchronization

extension PluginCommand {
    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Runs one job of a plugin in a sandbox, and shows all that is said.",
            discussion: """
                Without --case or --configuration it is the first of the plugin's cases. Exit code 0: it ended as the \
                case expects (without a case: it succeeded), and no rule that is looked for in every run is broken.
                """)

        @Argument(help: "The plugin's folder.") var directory: String
        @Option(name: .customLong("case"), help: ArgumentHelp("One of the plugin's cases.", valueName: "name"))
        var fixture: String?
        @Option(help: ArgumentHelp("A job of your own: a property; may be repeated.", valueName: "key=value"))
        var configuration: [String] = []
        @Option(
            help: ArgumentHelp(
                "An input artifact of it, and the folder to copy; may be repeated.", valueName: "name=dir"))
        var input: [String] = []
        @Option(help: ArgumentHelp("An output artifact of it; may be repeated.", valueName: "name")) var output:
            [String] = []
        @Option(
            help: ArgumentHelp(
                "Its action type, where the manifest has several: Build/Custom/Hello/1, or the provider.",
                valueName: "type"))
        var type: String?
        @Option(
            help: ArgumentHelp("Cancels the job after so many seconds, and its first message.", valueName: "seconds"))
        var cancelAfter: Double?
        @Option(help: ArgumentHelp("Keeps what is said for `plugin replay`.", valueName: "file")) var record: String?
        @Option(help: ArgumentHelp("Copies the output artifacts into this new folder.", valueName: "dir")) var out:
            String?
        @OptionGroup var options: RehearsalOptions

        private var isOwnJob: Bool { !(configuration.isEmpty && input.isEmpty && output.isEmpty && type == nil) }

        func validate() throws {
            try refuseEmpty(record, "--record")
            try refuseEmpty(out, "--out")
            guard fixture == nil || !isOwnJob else {
                throw ValidationError(
                    "--case is a job already: leave out --configuration, --input, --output and --type")
            }
            if let cancelAfter, !(0...3600).contains(cancelAfter) {
                throw ValidationError("--cancel-after \(cancelAfter): must be from 0 to 3600")
            }
        }

        func run() async throws {
            let (folder, manifest) = try options.plugin(directory)
            try options.requireProgram(folder, manifest, named: directory)
            let job = isOwnJob ? try ownJob(manifest) : try folder.fixture(named: fixture)
            if job.needsNetwork, !options.surroundings.network {
                complain("case \(job.name) needs the network: see --network")
            }
            let refusal = isOwnJob ? job.refusal(by: manifest) : nil
            if let refusal { complain("a host refuses this job before the plugin starts: \(refusal)") }
            if let out, access(out, F_OK) == 0 { throw Answer(.usage, "--out \(out): exists already") }
            let file = try record.map { try RecordFile($0) }
            let title = isOwnJob ? "a job of your own" : "case \(job.name)"
            print("\(printable(folder.name)) \(printable(folder.version)), \(title)")
            let rehearsal: Rehearsal
            do {
                rehearsal = try await rehearse(job, folder, manifest)
            } catch {
                file?.discard()
                throw error
            }
            try file?.write(
                Record(
                    of: rehearsal, by: folder.name, version: folder.version, fixture: isOwnJob ? nil : job.name,
                    inputs: job.inputArtifacts.mapValues { $0.hasPrefix("/") ? $0 : "\(folder.directory)/\($0)" }))
            let account = Account(
                of: rehearsal, by: folder.name, try Installation.specification().set(nil),
                isCase: !isOwnJob && cancelAfter == nil)
            print(printableLines("\n" + account.text))
            let isGood = account.isGood || cancelAfter != nil && account.isAbandoned
            throw Answer(isGood && refusal == nil ? .yes : .no)
        }

        private func rehearse(
            _ job: Fixture, _ folder: PluginFolder, _ manifest: Manifest
        ) async throws -> Rehearsal {
            let bench = try Bench(options.setting(folder, manifest, watch: narrate()))
            var wish = Rehearsal.Wish()
            wish.cancel = cancelAfter.map { Rehearsal.Cancel(after: .seconds($0), lines: 1) }
            wish.out = out
            return try await options.rehearsing(on: bench) { [wish] in try await bench.rehearse(job, wish) }
        }

        private func ownJob(_ manifest: Manifest) throws -> Fixture {
            let types = manifest.actionTypes.filter { [nil, $0.id.provider, $0.id.description].contains(type) }
            guard types.count == 1, let first = types.first else {
                let all = manifest.actionTypes.map(\.id.description)
                let near = type.flatMap { nearest(to: $0, in: all) }.map { "; did you mean \($0)?" } ?? ""
                throw Answer(.usage, "--type \(type ?? ""): name one of \(all.joined(separator: ", "))\(near)")
            }
            return Fixture(
                own: first.id, configuration: try pairs(configuration, "--configuration"),
                inputs: try inputFolders(input), outputs: output, timeoutSeconds: manifest.run.timeoutSeconds)
        }
    }
}

/// Prints what happens when it happens.
func narrate() -> @Sendable (Recording.Entry) -> Void {
    let narration = Narration()
    return { narration.tell($0) }
}

private final class Narration: Sendable {
    private let narrator = Mutex(Narrator())

    func tell(_ entry: Recording.Entry) {
        narrator.withLock { narrator in
            for line in narrator.lines(for: entry) { print(printable(line)) }
        }
        fflush(standardOutput)
    }
}

/// `--input NAME=DIR` arguments, with absolute paths.
func inputFolders(_ arguments: [String]) throws -> [String: String] {
    try pairs(arguments, "--input").mapValues { path in
        guard let real = realpath(path, nil) else {
            throw Answer(.usage, "--input: \(path): \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        return String(cString: real)
    }
}

/// `KEY=VALUE` arguments.
private func pairs(_ arguments: [String], _ option: String) throws -> [String: String] {
    var pairs: [String: String] = [:]
    for argument in arguments {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw Answer(.usage, "\(option) \(argument): must be of the form NAME=VALUE")
        }
        guard pairs.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
            throw Answer(.usage, "\(option) \(argument): \(parts[0]) is given twice")
        }
    }
    return pairs
}

/// A file that is open for a record: that it cannot be written is known before anything runs.
struct RecordFile {
    private let path: String
    private let file: UnsafeMutablePointer<FILE>

    init(_ path: String) throws {
        self.path = path
        // The job's secrets are in it.
        guard let file = fopen(path, "wxe"), fchmod(fileno(file), 0o600) == 0 else {
            let reason = errno == EEXIST ? "exists already; remove it, or name another" : nil
            throw Answer(
                .usage, "--record \(path): \(reason ?? "cannot be written: \(String(cString: strerror(errno)))")")
        }
        self.file = file
    }

    /// Nothing is to be kept after all.
    func discard() {
        unlink(path)
        fclose(file)
    }

    func write(_ record: Record) throws {
        guard fputs(record.text, file) >= 0, fclose(file) == 0 else {
            throw Answer(.usage, "--record \(path): cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}

extension Fixture {
    /// Why a host would not give a plugin this job; nil when it would (HST-23).
    fileprivate func refusal(by manifest: Manifest) -> String? {
        do {
            try manifest.check(configuration, of: actionType)
        } catch {
            return error.message
        }
        guard let type = manifest.actionTypes.first(where: { $0.id == actionType }) else { return nil }
        let counts = [
            ("input", inputArtifacts.count, type.inputArtifacts),
            ("output", outputArtifacts.count, type.outputArtifacts),
        ]
        let wrong = counts.filter { !$0.2.contains($0.1) }.map { word, count, range in
            "it has \(count) \(word) artifacts, and the manifest wants \(range.words); give them with --\(word)"
        }
        return wrong.isEmpty ? nil : wrong.joined(separator: "; ")
    }
}
