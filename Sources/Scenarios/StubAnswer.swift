import Engine
import Jansson
import Pipelines

/// What a file says that the stubs of some actions answer.
struct StubAnswer: Hashable, Sendable {
    let pattern: ActionPattern
    var delaySeconds: Int?
    /// For approvals.
    var approval: Approval?
    var summary = ""
    /// For all other actions, as the rest.
    var outputVariables: [String: String] = [:]
    var failure: ActionFailure?
    /// Text by path, by artifact.
    var files: [String: [String: String]] = [:]

    enum Approval: String, CaseIterable { case approved, rejected, expires }

    /// As long as the longest approval waits.
    static let delayLimitSeconds = 60 * 24 * 60 * 60
    /// VAR-7
    static let variablesLimitBytes = 122_880
    /// JOB-8
    static let failureTypes = [
        "JobFailed", "ConfigurationError", "PermissionError", "RevisionOutOfSync", "RevisionUnavailable",
        "SystemUnavailable",
    ]

    init(_ pattern: ActionPattern) { self.pattern = pattern }

    /// Without the pattern: whether two answers say the same.
    func saysTheSame(as other: StubAnswer) -> Bool {
        delaySeconds == other.delaySeconds && approval == other.approval && summary == other.summary
            && outputVariables == other.outputVariables && failure == other.failure && files == other.files
    }
}

extension Reading {
    /// - Parameter places: what the pattern matches.
    mutating func answer(_ pattern: ActionPattern, _ reader: JSONReader, for places: [ActionPlace]) -> StubAnswer {
        var answer = StubAnswer(pattern)
        let forAll = ["delaySeconds"], forApprovals = ["approval", "summary"]
        let forOthers = ["outputVariables", "fail", "files"]
        guard let reader = object(reader, known: forAll + forApprovals + forOthers) else { return answer }
        answer.delaySeconds = member("delaySeconds", of: reader) { member throws(JSONTypeError) in
            try member.integer(in: 0...StubAnswer.delayLimitSeconds)
        }
        refuse(forApprovals, of: reader, unless: places.contains(where: \.isApproval), "no approval")
        refuse(forOthers, of: reader, unless: places.contains { !$0.isApproval }, "only approvals")
        if let member = member("approval", of: reader, { $0 }) {
            answer.approval = name(member, of: "answer", in: StubAnswer.Approval.allCases.map(\.rawValue))
                .flatMap(StubAnswer.Approval.init)
        }
        answer.summary =
            member("summary", of: reader) { member throws(JSONTypeError) in try member.string(length: 0...512) } ?? ""
        if let member = member("outputVariables", of: reader, { $0 }) { answer.outputVariables = variables(member) }
        if let member = member("fail", of: reader, { $0 }) {
            answer.failure = failure(member)
            for key in ["outputVariables", "files"] where reader.value[key] != nil {
                report("\(reader.path).\(key)", "cannot be beside fail: who fails delivers nothing")
            }
        }
        if let member = member("files", of: reader, { $0 }) { answer.files = files(member, of: places) }
        return answer
    }

    private mutating func refuse(_ keys: [String], of reader: JSONReader, unless isFit: Bool, _ what: String) {
        guard !isFit else { return }
        for key in keys where reader.value[key] != nil {
            report("\(reader.path).\(key)", "does not apply: the pattern matches \(what)")
        }
    }

    private mutating func variables(_ reader: JSONReader) -> [String: String] {
        let texts = texts(reader)
        for (key, _, path) in texts where key.wholeMatch(of: /[A-Za-z0-9@_-]{1,128}/) == nil {
            report(path, "is no name of a variable: it must have 1 to 128 characters of A-Z a-z 0-9 @ - _")
        }
        let bytes = texts.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if bytes > StubAnswer.variablesLimitBytes {
            report(reader.path, "has \(bytes) bytes; the limit is \(StubAnswer.variablesLimitBytes)")
        }
        return Dictionary(uniqueKeysWithValues: texts.map { ($0.key, $0.value) })
    }

    private mutating func failure(_ reader: JSONReader) -> ActionFailure? {
        guard let reader = object(reader, known: ["type", "message"]) else { return nil }
        var type: String? = "JobFailed"
        if let member = member("type", of: reader, { $0 }) {
            type = name(member, of: "failure type", in: StubAnswer.failureTypes)
        }
        let message = member("message", of: reader) { member throws(JSONTypeError) in
            try member.string(length: 1...5_000)
        }
        return type.map { ActionFailure(code: $0, message: message ?? "the stub fails, as it was told") }
    }

    private mutating func files(_ reader: JSONReader, of places: [ActionPlace]) -> [String: [String: String]] {
        let artifacts = places.flatMap { $0.action.outputArtifacts.map(\.name) }
        var files: [String: [String: String]] = [:]
        for (artifact, reader) in members(of: reader) {
            guard known(artifact, "output artifact", in: artifacts, at: reader.path) else { continue }
            let texts = texts(reader)
            for (path, _, place) in texts {
                let folders = texts.map(\.key).filter { $0.hasPrefix("\(path)/") }
                if let fault = fault(inPath: path) ?? folders.first.map({ "is a file, and a folder for \($0)" }) {
                    report(place, fault)
                }
            }
            files[artifact] = Dictionary(uniqueKeysWithValues: texts.map { ($0.key, $0.value) })
        }
        return files
    }

    private func fault(inPath path: String) -> String? {
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        if components.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            return "must be a path below the artifact's folder, without empty parts, \".\" and \"..\""
        }
        if path.utf8.contains(0) { return "must not contain U+0000" }
        if path.utf8.count > 1_000 || components.contains(where: { $0.utf8.count > 255 }) {
            return "is too long: a path has at most 1000 bytes, and a name in it 255"
        }
        return nil
    }
}
