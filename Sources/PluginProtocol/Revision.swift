import Jansson

/// What a source stands at (AWS `CurrentRevision`).
public struct Revision: Hashable, Sendable {
    /// 1 to 1500 characters.
    public var revision: String
    /// 1 to 100 characters; AWS requires it, the wire does not.
    public var changeIdentifier: String?
    public var created: Timestamp?
    /// 1 to 2048 characters.
    public var revisionSummary: String?

    public init(
        revision: String, changeIdentifier: String? = nil, created: Timestamp? = nil, revisionSummary: String? = nil
    ) {
        self.revision = revision
        self.changeIdentifier = changeIdentifier
        self.created = created
        self.revisionSummary = revisionSummary
    }

    init(_ reader: JSONReader) throws(RuleViolation) {
        try reader.mustBeObject()
        self = try obeying("RES-12") {
            Revision(
                revision: try reader.required("revision").string(length: 1...1500),
                changeIdentifier: try reader.text("changeIdentifier", length: 1...100),
                created: try reader.optional("created", Timestamp.init),
                revisionSummary: try reader.text("revisionSummary", length: 1...MessageLimits.summaryCharacters))
        }
    }

    var members: [String: JSON?] {
        [
            "revision": .string(revision), "changeIdentifier": changeIdentifier.map(JSON.string),
            "created": created?.json, "revisionSummary": revisionSummary.map(JSON.string),
        ]
    }

    var json: JSON { .object(present: members) }
}

extension JSONReader {
    func currentRevision() throws(RuleViolation) -> Revision? {
        try obeying("MSG-03") { try optional("currentRevision").map { try Revision($0) } }
    }
}

/// One thing that is new since a `check`'s cursor.
public struct Change: Hashable, Sendable {
    public var revision: Revision
    public var branch: String?
    public var tag: String?
    /// Paths that changed, at most 100.
    public var files: [String]
    public var author: String?

    public init(
        revision: Revision, branch: String? = nil, tag: String? = nil, files: [String] = [], author: String? = nil
    ) {
        self.revision = revision
        self.branch = branch
        self.tag = tag
        self.files = files
        self.author = author
    }

    init(_ reader: JSONReader) throws(RuleViolation) {
        revision = try Revision(reader)
        (branch, tag, author) = try obeying("MSG-03") {
            (
                try reader.optional("branch")?.string(), try reader.optional("tag")?.string(),
                try reader.optional("author")?.string()
            )
        }
        files = try obeying("MSG-03") {
            let files = try reader.optional("files")?.strings() ?? []
            guard files.count <= MessageLimits.changedFiles else {
                throw JSONTypeError(
                    path: "\(reader.path).files",
                    problem: "must have at most \(MessageLimits.changedFiles) paths, found \(files.count)")
            }
            return files
        }
    }

    var json: JSON {
        let own: [String: JSON?] = [
            "branch": branch.map(JSON.string), "tag": tag.map(JSON.string), "author": author.map(JSON.string),
            "files": files.isEmpty ? nil : .strings(files),
        ]
        return .object(present: revision.members.merging(own) { $1 })
    }
}
