import Glibc
import Jansson
import Processes
import Testing

extension Site {
    /// Starts `penstock` on this site.
    /// - Parameter input: nil leaves the standard input open.
    func start(
        _ arguments: [String], input: String? = "", by wrapper: [String] = [], state: String? = nil,
        environment: [String: String] = [:]
    ) async throws -> Run {
        let isHelp = arguments.contains("--help")
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return try await launch(
            wrapper + ["\(Site.programs)/penstock"] + arguments[..<end] + (isHelp ? [] : places(state: state))
                + arguments[end...], input: input, environment: environment)
    }

    /// Starts any program, with an environment in which nothing of this machine's user is found.
    func launch(_ words: [String], input: String? = "", environment: [String: String] = [:]) async throws -> Run {
        let usual = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": path, "LANG": "C.UTF-8", "TZ": "UTC"]
        let run = try await Run(
            Command(
                executable: words[0], arguments: Array(words.dropFirst()),
                environment: usual.merging(environment) { $1 }, directory: path))
        if let input {
            run.type(input)
            run.child.closeInput()
        }
        return run
    }

    /// Runs `penstock` to its end.
    func penstock(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await start(arguments, input: input).outcome()
    }

    func startRun(_ pipeline: JSON, _ options: String..., input: String? = "") async throws -> Run {
        try write(pipeline.text, to: "pipeline.json")
        return try await start(["run", "pipeline.json"] + options, input: input)
    }

    func run(_ pipeline: JSON, _ options: String..., input: String = "") async throws -> Outcome {
        try write(pipeline.text, to: "pipeline.json")
        return try await start(["run", "pipeline.json"] + options, input: input).outcome()
    }

    func places(state: String? = nil) -> [String] {
        ["--state", state ?? self.state, "--plugins", plugins, "--settings", place("settings.yaml")]
    }

    /// As commands are named for somebody to type: the same places again.
    func command(_ words: String...) -> String { (["penstock"] + words + places()).joined(separator: " ") }

    /// What is said of going on with an execution.
    func resumption(of id: String) -> String { "`\(command("resume", id))` goes on" }

    /// The newest execution's id.
    func execution() async throws -> String {
        let newest = try await penstock("history", "--format", "json", "--limit", "1").objects().first
        return try #require(newest?["pipelineExecutionId"]?.stringValue)
    }

    /// What `show` tells of the newest execution.
    func shown() async throws -> JSON {
        try #require(try await penstock("show", try await execution(), "--format", "json").objects().first)
    }

    /// Of the newest execution.
    func resume(_ options: String..., input: String = "") async throws -> Outcome {
        try await start(["resume", try await execution()] + options, input: input).outcome()
    }

    // MARK: What is left

    /// Nothing that ran here runs still, and no workspace is there.
    func expectNothingLeft(_ location: SourceLocation = #_sourceLocation) async throws {
        try await until("no process is left: \(processes())") { processes().isEmpty }
        #expect(names(in: "\(state)/workspaces") == [], sourceLocation: location)
    }

    /// What runs on this machine and has to do with this site: by its arguments, environment, folder or mounts.
    func processes() -> [String] {
        names(in: "/proc").filter { Int32($0) != nil }.compactMap { pid in
            let files = ["cmdline", "environ", "mountinfo"].compactMap { contents("/proc/\(pid)/\($0)") }
            let mentions = (files + [realpath("/proc/\(pid)/cwd")]).contains { $0.contains(path) }
            guard mentions, contents("/proc/\(pid)/stat")?.contains(") Z ") == false else { return nil }
            return "\(pid) \(contents("/proc/\(pid)/cmdline")?.replacing("\0", with: " ") ?? "")"
        }
    }
}

extension JSON {
    subscript(index: Int) -> JSON? {
        if case .array(let elements) = self, index < elements.count { elements[index] } else { nil }
    }

    var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }

    /// Of what `show` tells: one action, by its name.
    func action(_ name: String) throws -> JSON {
        try #require(self["actions"]?.elements.first { $0["action"]?.stringValue == name }, "\(name) has run")
    }

    /// Status by action.
    var statuses: [String: String] {
        Dictionary(
            (self["actions"]?.elements ?? []).map { ($0["action"]?.stringValue ?? "", $0["status"]?.stringValue ?? "") }
        ) { $1 }
    }
}

/// Every one that can be asked for.
let sandboxes = ["namespaces", "bubblewrap", "landlock", "none"]
