import Conformance
import Engine
import Glibc
import Jansson
import PluginProtocol
import Processes

/// A plugin that is about to be judged: all that was named has been read, and the reports can be written.
struct Judging {
    let folder: PluginFolder
    let scope: Scope
    let specification: Specification
    let seed: UInt64
    /// Before anything runs: what cannot be read is no finding, and known now.
    private let sha256: String
    private let baseline: Baseline?
    private let reproduction: ConformanceReport.Reproduction
    private let reports: [ReportFile]
    private let start = now()

    /// - Parameters:
    ///   - rules: ids, and `cases`: names; all when empty.
    ///   - reproducing: options that a finding's command repeats.
    /// - Throws: `Answer` and `UnreadableInput` for what is not there or cannot be read or written.
    init(
        _ options: JudgingOptions, profiles: [Profile], rules: [String] = [], cases: [String] = [], seed: UInt64,
        reproducing: [String] = []
    ) throws {
        specification = try Installation.specification()
        let newest = try specification.set(nil)
        folder = try PluginFolder(reading: options.directory)
        scope = Scope(
            requirements: try specification.set(options.requirements), newest: newest, profiles: profiles,
            rules: Set(try rules.map { try newest.rule($0).id }), cases: try folder.cases(named: cases))
        self.seed = seed
        sha256 = try folder.sha256()
        baseline = try options.baseline.map { try Baseline(reading: $0, rules: newest.rules) }
        reproduction = .init(directory: shellWord(options.directory), options: reproducing)
        guard !scope.plan(for: folder).isEmpty else {
            throw Answer(.usage, "nothing is left to judge: these cases or profiles do not show these rules")
        }
        reports = try ReportFile.open(options, beside: folder)
    }

    /// Judges by everything that the profiles have, and tells nobody else.
    /// - Parameter directory: where a reader finds the folder, for the commands of findings.
    init(_ folder: PluginFolder, profiles: [Profile] = [], seed: UInt64 = 0, directory: String) throws {
        specification = try Installation.specification()
        let newest = try specification.set(nil)
        self.folder = folder
        scope = Scope(requirements: newest, newest: newest, profiles: profiles)
        self.seed = seed
        sha256 = try folder.sha256()
        baseline = nil
        reproduction = .init(directory: directory)
        reports = []
    }

    /// Tells what was found, and answers with it.
    func conclude(_ rules: [ConformanceResult.Judged], environment: [String: String] = [:]) throws -> Never {
        let report = report(of: rules, environment: environment)
        for file in reports { try file.write(report) }
        // What a plugin wrote must not command a terminal.
        print(printableLines(report.human), terminator: "")
        throw Answer(report.passes ? .yes : .no)
    }

    func report(
        of rules: [ConformanceResult.Judged], environment: [String: String] = [:]
    ) -> ConformanceReport {
        let manifest = folder.manifest
        let result = ConformanceResult(
            kit: Penstock.version, requirements: scope.requirements.revision, profiles: scope.profiles,
            plugin: .init(
                name: folder.name, version: folder.version, sha256: sha256,
                protocols: manifest?.protocols ?? []),
            rules: rules, seed: seed,
            durationSeconds: Double(now().milliseconds - start.milliseconds) / 1_000, startedAt: rfc3339(start),
            environment: environment.merging(["system": systemName()]) { given, _ in given })
        return ConformanceReport(result, of: folder, scope, reproduction: reproduction, baseline: baseline)
    }
}

extension PluginFolder {
    func cases(named words: [String]) throws -> Set<String> {
        let names = fixtures.map(\.name)
        let faulty = fixtureProblems.isEmpty ? "" : " (cases with faults are left out: `penstock conformance lint`)"
        for word in words where !names.contains(word) {
            let near = nearest(to: word, in: names).map { "; did you mean \"\($0)\"?" } ?? ""
            let there = names.isEmpty ? "none" : names.joined(separator: ", ")
            throw Answer(.usage, "--case \(word): there is no such case; there are \(there)\(faulty)\(near)")
        }
        return Set(words)
    }
}

/// `linux/amd64`
private func systemName() -> String {
    var names = utsname()
    uname(&names)
    let machine = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let architecture = ["x86_64": "amd64", "aarch64": "arm64"][machine] ?? machine
    return "linux/\(architecture)"
}

/// A report that is open for writing: that it cannot be written is known before any plugin runs.
private struct ReportFile {
    enum Form: String, CaseIterable {
        case json, junit, markdown

        var fileName: String {
            switch self {
            case .json: "conformance.json"
            case .junit: "conformance.xml"
            case .markdown: "conformance.md"
            }
        }
    }

    let form: Form
    let path: String
    let file: UnsafeMutablePointer<FILE>

    static func open(_ options: JudgingOptions, beside folder: PluginFolder) throws -> [ReportFile] {
        let forms = try words(options.reports).map { word in
            guard let form = Form(rawValue: word) else {
                throw Answer(
                    .usage, "--report \(word): must be of \(Form.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return form
        }
        guard !forms.isEmpty else { return [] }
        let out = options.out ?? "."
        guard mkdir(out, 0o777) == 0 || errno == EEXIST else { throw failure(out, "cannot be made") }
        guard let real = realpath(out, nil) else { throw failure(out, "cannot be used") }
        defer { free(real) }
        // The digest of the folder would be another one as soon as it is told.
        guard !"\(String(cString: real))/".hasPrefix("\(folder.directory)/") else {
            throw Answer(.usage, "--out \(out): lies in the plugin's folder, which is judged; name another directory")
        }
        return try Form.allCases.filter(forms.contains).map { form in
            let path = "\(out)/\(form.fileName)"
            guard let file = fopen(path, "we") else { throw failure(path, "cannot be written") }
            return ReportFile(form: form, path: path, file: file)
        }
    }

    func write(_ report: ConformanceReport) throws {
        let text =
            switch form {
            case .json: report.json.prettyPrinted + "\n"
            case .junit: report.junit
            case .markdown: report.markdown
            }
        let bytes = Array(text.utf8)
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw Self.failure(path, "cannot be written") }
    }

    private static func failure(_ path: String, _ what: String) -> Answer {
        Answer(.usage, "--out: \(path) \(what): \(String(cString: strerror(errno)))")
    }
}
