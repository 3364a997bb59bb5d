import Jansson

/// `jobSuccessResult`: the job is done; with a token the action is not, and wants to be asked again.
public struct JobSuccessResult: Hashable, Sendable {
    public var currentRevision: Revision?
    /// 1 to 2048 characters, opaque to the host.
    public var continuationToken: String?
    /// When to ask again, 1 to 3600 seconds from now; a hint.
    public var continueAfterSeconds: Int?
    public var executionDetails: ExecutionDetails?
    /// Only without a token. At most 50 keys and 122,880 bytes.
    public var outputVariables: [String: String]
    /// The answer to a `check`: where it stands now, at most 2048 characters, and what is new since, oldest first.
    public var cursor: String?
    public var changes: [Change]

    public init(
        currentRevision: Revision? = nil, continuationToken: String? = nil, continueAfterSeconds: Int? = nil,
        executionDetails: ExecutionDetails? = nil, outputVariables: [String: String] = [:], cursor: String? = nil,
        changes: [Change] = []
    ) {
        self.currentRevision = currentRevision
        self.continuationToken = continuationToken
        self.continueAfterSeconds = continueAfterSeconds
        self.executionDetails = executionDetails
        self.outputVariables = outputVariables
        self.cursor = cursor
        self.changes = changes
    }

    init(_ reader: JSONReader) throws(RuleViolation) {
        currentRevision = try reader.currentRevision()
        executionDetails = try reader.executionDetails()
        continuationToken = try obeying("CNT-02") {
            try reader.text("continuationToken", length: 1...MessageLimits.tokenCharacters)
        }
        (continueAfterSeconds, cursor) = try obeying("MSG-03") {
            (
                try reader.optional("continueAfterSeconds")?.integer(in: MessageLimits.continueAfterSeconds),
                try reader.text("cursor", length: 0...MessageLimits.tokenCharacters)
            )
        }
        changes = try obeying("MSG-03") { try reader.list("changes").map { try Change($0) } }
        outputVariables = try obeying("RES-07") { try reader.optional("outputVariables")?.stringMembers() ?? [:] }
        try checkOutputVariables()
    }

    private func checkOutputVariables() throws(RuleViolation) {
        guard continuationToken == nil || outputVariables.isEmpty else {
            throw RuleViolation(rule: "CNT-01", path: "outputVariables", problem: "must not stand beside a token")
        }
        func refuse(_ problem: String, at key: String? = nil) -> RuleViolation {
            RuleViolation(rule: "RES-08", path: "outputVariables" + (key.map { ".\($0)" } ?? ""), problem: problem)
        }
        guard outputVariables.count <= MessageLimits.outputVariables else {
            throw refuse("must have at most \(MessageLimits.outputVariables) keys, found \(outputVariables.count)")
        }
        for key in outputVariables.keys.sorted() where !isOutputVariableKey(key) {
            throw refuse("must be a key of 1 to 128 of the characters A-Z a-z 0-9 @ - _", at: key)
        }
        let bytes = outputVariables.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if bytes > MessageLimits.outputVariablesBytes {
            let largest = outputVariables.max { $0.value.utf8.count < $1.value.utf8.count }!
            throw refuse(
                "must have at most \(MessageLimits.outputVariablesBytes) bytes in all, found \(bytes);"
                    + " the largest is \(largest.key) with \(largest.value.utf8.count)")
        }
    }

    var members: [String: JSON?] {
        [
            "currentRevision": currentRevision?.json, "continuationToken": continuationToken.map(JSON.string),
            "continueAfterSeconds": continueAfterSeconds.map { .integer(Int64($0)) },
            "executionDetails": executionDetails?.json,
            "outputVariables": outputVariables.isEmpty ? nil : .strings(outputVariables),
            "cursor": cursor.map(JSON.string), "changes": changes.isEmpty ? nil : .array(changes.map(\.json)),
        ]
    }
}

private func isOutputVariableKey(_ key: String) -> Bool {
    1...MessageLimits.outputVariableKeyCharacters ~= key.utf8.count
        && key.utf8.allSatisfy { isWordByte($0) || $0 == UInt8(ascii: "@") }
}

/// `[0-9A-Za-z_-]`
func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
    default: false
    }
}
