import Jansson
import PluginProtocol

extension Fixture {
    /// The cases that the manifest names, and what is wrong with them; of a case with a fault only that is told.
    static func read(for manifest: Manifest, in folder: String) -> ([Fixture], [FixtureProblem]) {
        guard let file = manifest.conformance else { return ([], []) }
        var problems = FixtureProblems(file: file)
        guard let entries = entries(of: file, in: folder, &problems) else { return ([], problems.all) }
        var names: Set<String> = []
        let fixtures = entries.compactMap { entry -> Fixture? in
            let before = problems.all.count
            let fixture = Fixture(entry, of: manifest, in: folder, &problems)
            if let name = entry.value["name"]?.stringValue, !names.insert(name).inserted {
                problems.add("\(entry.path).name", "\"\(name)\" is the name of a case before")
            }
            return problems.all.count == before ? fixture : nil
        }
        return (fixtures, problems.all)
    }

    private static func entries(of file: String, in folder: String, _ problems: inout FixtureProblems) -> [JSONReader]?
    {
        do {
            try checkInside(file, folder, path: "")
            guard let text = try readFile("\(folder)/\(file)", limitBytes: casesLimitBytes) else {
                problems.add("", "has more than \(casesLimitBytes) bytes")
                return nil
            }
            let json = try JSON(parsing: text, maximumDepth: MessageLimits.depth)
            return problems.attempt { try JSONReader(json).elements() }
        } catch let error as JSONTypeError {
            problems.add("", error.problem)
        } catch let error as UnreadableInput {
            problems.add("", "\(error.problem), and plugin.json names it as conformance")
        } catch {
            problems.add("", "is not strict JSON: \(error)")
        }
        return nil
    }

    private init?(_ reader: JSONReader, of manifest: Manifest, in folder: String, _ problems: inout FixtureProblems) {
        guard problems.attempt({ try reader.members() }) != nil else { return nil }
        problems.refuseUnknownMembers(of: reader, known: Self.members)
        let name = problems.attempt { try reader.required("name").caseName() }
        let traits = problems.attempt { try reader.required("traits").traits() }
        let type = problems.actionType(of: reader, in: manifest)
        let expect = problems.attempt { try reader.required("expect") }.flatMap { Expectation($0, &problems) }
        operation = problems.member("operation", of: reader, or: .run) { try $0.oneOf(Operation.self) }
        configuration = problems.member("configuration", of: reader, or: [:]) { try $0.stringMembers() }
        inputArtifacts = problems.member("inputArtifacts", of: reader, or: [:]) { try $0.folders(in: folder) }
        let outputs = expect.map { $0.outputArtifacts.keys.sorted() } ?? []
        outputArtifacts = problems.member("outputArtifacts", of: reader, or: outputs) { try $0.artifactNames() }
        action = problems.member("action", of: reader, or: nil) { try ComputeAction($0.checkedAction()) }
        providerSettings = problems.member("providerSettings", of: reader, or: nil) { $0.value }
        event = problems.member("event", of: reader, or: nil) { $0.value }
        cursor = problems.member("cursor", of: reader, or: nil) {
            try $0.string(length: 0...MessageLimits.tokenCharacters)
        }
        setup = problems.member("setup", of: reader, or: []) { try $0.commands() }
        teardown = problems.member("teardown", of: reader, or: []) { try $0.commands() }
        verify = problems.member("verify", of: reader, or: nil) { try $0.command() }
        needsNetwork = problems.member("needs", of: reader, or: false) { try !$0.needs().isEmpty }
        timeoutSeconds = problems.member("timeoutSeconds", of: reader, or: 30) {
            try $0.integer(in: MessageLimits.timeoutSeconds)
        }
        guard let name, let traits, let type, let expect else { return nil }
        (self.name, self.traits, self.actionType, self.expect) = (name, traits, type.id, expect)
        check(against: type, of: manifest, at: reader.path, &problems)
    }

    private static let members: Set = [
        "name", "traits", "actionTypeId", "operation", "configuration", "inputArtifacts", "outputArtifacts", "action",
        "providerSettings", "event", "cursor", "expect", "setup", "teardown", "verify", "needs", "timeoutSeconds",
    ]
}

/// Ten times what a job may have: a plugin has tens of cases.
private let casesLimitBytes = 10 << 20

extension Fixture.Expectation {
    fileprivate init?(_ reader: JSONReader, _ problems: inout FixtureProblems) {
        guard problems.attempt({ try reader.members() }) != nil else { return nil }
        problems.refuseUnknownMembers(
            of: reader, known: ["status", "failureType", "outputVariables", "outputArtifacts", "maxContinuations"])
        let status = problems.attempt { try reader.required("status").oneOf(Fixture.Status.self) }
        failureType = problems.member("failureType", of: reader, or: nil) { try $0.oneOf(FailureType.self) }
        outputVariables = problems.member("outputVariables", of: reader, or: [:]) { try $0.stringMembers() }
        outputArtifacts = problems.member("outputArtifacts", of: reader, or: [:]) { try $0.expectedFiles() }
        maxContinuations = problems.member("maxContinuations", of: reader, or: nil) {
            try $0.integer(in: 0...Int(Int32.max))
        }
        guard let status else { return nil }
        self.status = status
    }
}

extension FixtureProblems {
    /// The type that a case asks; it need not say it where the manifest has one.
    fileprivate mutating func actionType(of reader: JSONReader, in manifest: Manifest) -> ActionType? {
        let types = manifest.actionTypes
        let ids = types.map(\.id.description)
        let asked: ActionTypeIdentifier?? = attempt {
            guard let member = try reader.optional("actionTypeId") else { return nil }
            try member.refuseUnknownMembers(known: ["category", "owner", "provider", "version"])
            return try ActionTypeIdentifier(member)
        }
        guard let asked else { return nil }
        let path = "\(reader.path).actionTypeId"
        guard let asked else {
            check(types.count == 1, path, "is required: the manifest has \(ids.joined(separator: ", "))")
            return types.count == 1 ? types[0] : nil
        }
        let type = types.first { $0.id == asked }
        let near = suggestion(for: asked.description, in: ids)
        check(type != nil, path, "is \(asked), which the manifest does not have: \(ids.joined(separator: ", "))\(near)")
        return type
    }
}
