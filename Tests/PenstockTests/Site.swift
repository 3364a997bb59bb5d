import Glibc
import Jansson
import Synchronization
import Testing

/// One test's own folder: state, plugins, settings, definition, and what plugins may share with the test.
final class Site: Sendable {
    static let isRoot = geteuid() == 0
    /// Beside the test bundle, where the build puts every product.
    static let programs = directory(of: realpath("/proc/self/exe"))

    let path: String
    let plugins: String
    /// Granted to the plugin `do`, to write; so its jobs run one at a time.
    let shared: String
    /// Granted to the plugins `do` and `peek`, to read.
    let signs: String
    let state: String

    init() throws {
        var template = Array("/tmp/penstock-cli-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
        try #require(chmod(path, 0o755) == 0)
        (plugins, shared, signs) = ("\(path)/plugins", "\(path)/shared", "\(path)/signs")
        state = "\(path)/state"
        for folder in [plugins, shared, signs] { try makeFolder(folder) }
        if Site.isRoot { try #require(chown(shared, Site.nextUser(), 60_699) == 0) }
        try installPlugin("do", provider: "Do", slots: ["signs": "ro", "shared": "rw"])
        try installPlugin("peek", provider: "Peek", slots: ["signs": "ro"])
        try write(
            "grants: {do: {hostPaths: {signs: \(signs), shared: \(shared)}}, peek: {hostPaths: {signs: \(signs)}}}\n",
            to: "settings.yaml")
    }

    deinit { removeTree(path) }

    /// Plugins of root's run as users of their own and may write what belongs to one of these; one job a user, so each
    /// site has its own. From the end of the range: jobs that write nothing are given the first that is free.
    private static func nextUser() -> UInt32 { 60_699 - users.wrappingAdd(1, ordering: .relaxed).oldValue % 80 }
    private static let users = Atomic<UInt32>(0)

    // MARK: Files

    func makeFolder(_ path: String, mode: mode_t = 0o755) throws {
        try #require(mkdir(path, mode) == 0 && chmod(path, mode) == 0, "\(path) can be made")
    }

    /// Absolute, or below the site.
    func place(_ name: String) -> String { name.hasPrefix("/") ? name : "\(path)/\(name)" }

    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws -> String {
        let file = try #require(fopen(place(name), "w"), "\(name) can be written")
        fputs(text, file)
        fclose(file)
        try #require(chmod(place(name), mode) == 0)
        return place(name)
    }

    /// Lets plugins that wait for this sign go on.
    func give(_ sign: String) throws { try write("", to: "signs/\(sign)") }

    func exists(_ name: String) -> Bool { access(place(name), F_OK) == 0 }

    func lines(_ name: String) -> [String] {
        contents(place(name)).map { $0.split(separator: "\n").map(String.init) } ?? []
    }

    // MARK: Plugins

    /// A plugin of bash that evaluates the `Script` of its configuration; it has two types, Source and Build.
    func installPlugin(
        _ name: String, provider: String, slots: [String: String], run: [String: JSON] = [:]
    ) throws {
        let properties: JSON = [
            ["name": "Script", "required": true, "key": true, "secret": false, "type": "String"],
            ["name": "Token", "required": false, "key": false, "secret": true, "type": "String"],
        ]
        func type(_ category: String, inputs: Int64) -> JSON {
            [
                "category": .string(category), "provider": .string(provider), "version": "1",
                "configurationProperties": properties,
                "inputArtifactDetails": ["minimumCount": 0, "maximumCount": .integer(inputs)],
                "outputArtifactDetails": ["minimumCount": 0, "maximumCount": 5],
            ]
        }
        try install(
            name, types: [type("Source", inputs: 0), type("Build", inputs: 5)], script: evaluator,
            permissions: ["hostPaths": .array(slots.map { ["name": .string($0), "mode": .string($1)] })], run: run)
    }

    /// Puts a plugin's folder with its manifest and its program beside the others.
    func install(
        _ name: String, types: [JSON], script: String, permissions: JSON = [:], requires: [String] = ["jq"],
        run: [String: JSON] = [:], mode: mode_t = 0o755
    ) throws {
        try makeFolder("\(plugins)/\(name)")
        let manifest: JSON = [
            "manifestVersion": 1, "name": .string(name), "version": "1", "protocol": ["penstock/1"],
            "actionTypes": .array(types), "permissions": permissions,
            "run": .object(
                ["command": ["run"], "requires": .strings(requires), "cancelGraceSeconds": 1].merging(run) { $1 }),
        ]
        try write(manifest.text, to: "plugins/\(name)/plugin.json")
        try write(script, to: "plugins/\(name)/run", mode: mode)
    }

    private var evaluator: String {
        #"""
        #!/bin/bash
        exec 3>&1 1>&2
        job=$(cat)
        [ -n "$job" ] || exit 0
        id=$(jq -r .jobId <<<"$job")
        get() { jq -r "$1" <<<"$job"; }
        action=$(get .data.pipelineContext.action.actionExecutionId)
        token=$(get '.data.actionConfiguration.configuration.Token // ""')
        send() { printf '{"protocol":"penstock/1","jobId":"%s",%s}\n' "$id" "$1" >&3; }
        succeed() { send "\"type\":\"jobSuccessResult\"${1:+,$1}"; exit 0; }
        fail() {
            send "\"type\":\"jobFailureResult\",\"failureDetails\":{\"type\":\"JobFailed\",\"message\":\"$1\"}"
            exit 0
        }
        # One line in shared/NAME for each time that it is called.
        count() { echo "$action" >> "SITE/shared/$1"; }
        await() { until [ -e "SITE/signs/$1" ]; do sleep 0.02; done; }
        eval "$(get .data.actionConfiguration.configuration.Script)"
        succeed
        """#.replacing("SITE", with: path)
    }
}

// MARK: Small things of the system

func contents(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        names.append(
            withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
}

func realpath(_ path: String) -> String {
    guard let real = Glibc.realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
}

func directory(of path: String) -> String { path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } }

private func removeTree(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
        unlink(path)
        return
    }
    chmod(path, 0o700)
    for name in names(in: path) { removeTree("\(path)/\(name)") }
    rmdir(path)
}
