import Jansson

extension Manifest {
    /// Reads the text of a `plugin.json`.
    ///
    /// What needs the file system (does the command exist, is it executable) is checked elsewhere.
    /// - Throws: `InvalidManifest` with every violated rule and its path. Spec: MAN-01…MAN-09
    public init(parsing text: [UInt8]) throws(InvalidManifest) {
        let json: JSON
        do {
            json = try JSON(parsing: text, maximumDepth: MessageLimits.depth)
        } catch {
            throw InvalidManifest(violations: [
                RuleViolation(rule: "MAN-01", path: "", problem: "is not strict JSON: \(error)")
            ])
        }
        var findings = Findings()
        let manifest = Manifest(JSONReader(json), &findings)
        guard let manifest, findings.violations.isEmpty else { throw InvalidManifest(violations: findings.violations) }
        self = manifest
    }

    private init?(_ reader: JSONReader, _ findings: inout Findings) {
        guard findings.attempt("MAN-01", { try reader.members() }) != nil else { return nil }
        findings.refuseUnknownMembers(
            of: reader,
            known: [
                "manifestVersion", "name", "version", "description", "homepage", "license", "protocol", "actionTypes",
                "run", "permissions", "conformance",
            ])
        let format = findings.attempt("MAN-01") { try reader.required("manifestVersion").integer() }
        findings.check(format == nil || format == 1, "MAN-01", "manifestVersion", "must be 1, found \(format ?? 0)")
        let name = findings.attempt("MAN-01") { try reader.required("name").name(length: 1...64) }
        let version = findings.attempt("MAN-01") { try reader.required("version").string(length: 1...64) }
        let protocols = findings.attempt("MAN-08") { try reader.required("protocol").protocols() }
        let types = findings.attempt("MAN-01") { try reader.required("actionTypes").list(count: 1...20) } ?? []
        let actionTypes = types.compactMap { ActionType($0, &findings) }
        let run = findings.attempt("MAN-01") { try reader.required("run") }.flatMap { Run($0, &findings) }
        let permissions = findings.member("permissions", of: reader, "MAN-01", or: nil) { $0 }
        description = findings.member("description", of: reader, "MAN-01", or: nil) { try $0.string() }
        homepage = findings.member("homepage", of: reader, "MAN-01", or: nil) { try $0.string() }
        license = findings.member("license", of: reader, "MAN-01", or: nil) { try $0.string() }
        conformance = findings.member("conformance", of: reader, "MAN-01", or: nil) { try $0.string() }
        self.permissions = permissions.map { Permissions($0, &findings) } ?? Permissions()
        guard let name, let version, let protocols, let run else { return nil }
        (self.name, self.version, self.protocols, self.actionTypes, self.run) = (
            name, version, protocols, actionTypes, run
        )
        let ids = actionTypes.map(\.id)
        for (index, id) in ids.enumerated() where ids.prefix(index).contains(id) {
            findings.check(false, "MAN-03", "actionTypes[\(index)]", "declares \(id) a second time")
        }
    }
}

extension Manifest.Run {
    fileprivate init?(_ reader: JSONReader, _ findings: inout Findings) {
        findings.refuseUnknownMembers(
            of: reader,
            known: [
                "command", "lifecycle", "maxConcurrentJobs", "timeoutSeconds", "heartbeatSeconds", "cancelGraceSeconds",
                "continuations", "reproducible", "build", "requires", "platforms", "cache",
            ])
        guard let command = findings.attempt("MAN-07", { try reader.required("command").command() }) else { return nil }
        self.command = command
        lifecycle = findings.member("lifecycle", of: reader, "MAN-01", or: .oneShot) { try $0.word(Lifecycle.self) }
        maxConcurrentJobs = findings.member("maxConcurrentJobs", of: reader, "MAN-01", or: 1) {
            try $0.integer(in: 1...1000)
        }
        timeoutSeconds = findings.member("timeoutSeconds", of: reader, "MAN-01", or: 3600) {
            try $0.integer(in: MessageLimits.timeoutSeconds)
        }
        heartbeatSeconds = findings.member("heartbeatSeconds", of: reader, "MAN-01", or: nil) {
            try $0.integer(in: 5...MessageLimits.timeoutSeconds.upperBound)
        }
        cancelGraceSeconds = findings.member("cancelGraceSeconds", of: reader, "MAN-01", or: 10) {
            try $0.integer(in: 0...600)
        }
        continuations = findings.member("continuations", of: reader, "MAN-01", or: false) { try $0.bool() }
        reproducible = findings.member("reproducible", of: reader, "MAN-01", or: false) { try $0.bool() }
        build = findings.member("build", of: reader, "MAN-01", or: nil) { try $0.strings() }
        cache = findings.member("cache", of: reader, "MAN-01", or: false) { try $0.bool() }
        requires = findings.member("requires", of: reader, "MAN-01", or: []) { try $0.tools() }
        platforms = findings.member("platforms", of: reader, "MAN-01", or: []) { try $0.strings() }
    }
}

extension Manifest.Permissions {
    fileprivate init(_ reader: JSONReader, _ findings: inout Findings) {
        findings.refuseUnknownMembers(of: reader, known: ["network", "environment", "hostPaths"])
        network = findings.member("network", of: reader, "MAN-01", or: false) { try $0.bool() }
        environment = findings.member("environment", of: reader, "MAN-01", or: []) { try $0.environmentNames() }
        let slots = findings.member("hostPaths", of: reader, "MAN-01", or: []) { try $0.elements() }
        hostPaths = slots.compactMap { Manifest.HostPath($0, &findings) }
        let names = hostPaths.map(\.name)
        findings.check(
            Set(names).count == names.count, "MAN-01", "permissions.hostPaths", "must have names that differ")
    }
}

extension Manifest.HostPath {
    fileprivate init?(_ reader: JSONReader, _ findings: inout Findings) {
        findings.refuseUnknownMembers(of: reader, known: ["name", "mode", "description", "required"])
        required = findings.member("required", of: reader, "MAN-01", or: true) { try $0.bool() }
        description = findings.member("description", of: reader, "MAN-01", or: nil) { try $0.string() }
        let name = findings.attempt("MAN-01") { try reader.required("name").name(length: 1...64) }
        let mode = findings.attempt("MAN-01") { try reader.required("mode").word(Mode.self) }
        guard let name, let mode else { return nil }
        (self.name, self.mode) = (name, mode)
    }
}

extension JSONReader {
    /// A string of `[0-9A-Za-z_-]`.
    func name(length: ClosedRange<Int>) throws(JSONTypeError) -> String {
        let name = try string(length: length)
        guard name.utf8.allSatisfy(isWordByte) else {
            throw JSONTypeError(path: path, problem: "must be made of 0-9 A-Z a-z _ - only, found \"\(name)\"")
        }
        return name
    }

    func list(count: ClosedRange<Int>) throws(JSONTypeError) -> [JSONReader] {
        let elements = try elements()
        guard count.contains(elements.count) else {
            throw JSONTypeError(
                path: path,
                problem: "must have \(count.lowerBound) to \(count.upperBound) entries, found \(elements.count)")
        }
        return elements
    }

    fileprivate func protocols() throws(JSONTypeError) -> [String] {
        let protocols = try strings()
        guard protocols.contains(WireProtocol.version) else {
            throw JSONTypeError(
                path: path, problem: "must contain \"\(WireProtocol.version)\", the only one that is spoken here")
        }
        return protocols
    }

    fileprivate func command() throws(JSONTypeError) -> [String] {
        let words = try strings()
        guard let program = words.first, !program.isEmpty, !words.contains(where: { $0.utf8.contains(0) }) else {
            throw JSONTypeError(path: path, problem: "must name a program")
        }
        guard !program.hasPrefix("/"), !program.split(separator: "/").contains("..") else {
            throw JSONTypeError(
                path: "\(path)[0]", problem: "must be a path inside the plugin's folder, found \"\(program)\"")
        }
        return words
    }

    fileprivate func tools() throws(JSONTypeError) -> [String] {
        let tools = try strings()
        for (index, tool) in tools.enumerated() where tool.isEmpty || tool.contains("/") {
            throw JSONTypeError(path: "\(path)[\(index)]", problem: "must be the bare name of a program")
        }
        return tools
    }

    fileprivate func environmentNames() throws(JSONTypeError) -> [String] {
        let names = try strings()
        for (index, name) in names.enumerated() where name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) == nil {
            throw JSONTypeError(
                path: "\(path)[\(index)]", problem: "must be the name of an environment variable, found \"\(name)\"")
        }
        return names
    }
}
