import Artifacts
import GRDB
import Glibc
import Jansson
import Testing

/// What a state directory holds, read without the program that is tested.
struct Record {
    let executions: [(id: String, status: String)]
    /// Of all executions, in order: the name of each fact and what it says.
    let facts: [(name: String, body: JSON)]
    let outbox: [String]
    /// Of all artifacts that results name.
    let digests: [String]
    /// What SQLite finds wrong.
    let damage: [String]

    /// An empty one when nothing has been recorded.
    init(of site: Site) throws {
        guard access("\(site.state)/penstock.db", F_OK) == 0 else {
            (executions, facts, outbox, digests, damage) = ([], [], [], [], [])
            return
        }
        let database = try DatabaseQueue(path: "\(site.state)/penstock.db")
        defer { try? database.close() }
        (executions, facts, outbox, digests, damage) = try database.read { database in
            // The very first commit of all makes the tables.
            guard try database.tableExists("stage") else { return ([], [], [], [], []) }
            return (
                try Row.fetchAll(database, sql: "SELECT id, status FROM execution").map { ($0["id"], $0["status"]) },
                try String.fetchAll(database, sql: "SELECT body FROM fact ORDER BY ordinal").map(Self.fact),
                try String.fetchAll(database, sql: "SELECT key FROM outbox"),
                try String.fetchAll(database, sql: "SELECT DISTINCT digest FROM artifact"),
                try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
                    + Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map(\.description)
            )
        }
    }

    private static func fact(_ text: String) throws -> (String, JSON) {
        let event = try #require(try JSON(parsing: text)["event"])
        guard case .object(let members) = event, let (name, body) = members.first else { return (event.text, event) }
        return (name, body)
    }

    /// How often each attempt got a result; of an approval, how often it was answered.
    var results: [String: Int] {
        let ends = ["actionSucceeded", "actionFailed", "actionContinues", "attemptLost", "approvalAnswered"]
        let attempts = facts.filter { ends.contains($0.name) }.map { $0.body["_0"]?.text ?? "" }
        return Dictionary(attempts.map { ($0, 1) }, uniquingKeysWith: +)
    }

    /// The ids of action executions that ended with a result of their own, as often as they did.
    var endedActions: [String] {
        facts.filter { ["actionSucceeded", "actionFailed"].contains($0.name) }.compactMap {
            $0.body["_0"]?["id"]?["text"]?.stringValue
        }
    }
}

extension Site {
    /// Every artifact is whole: laying it out compares every digest. Nothing half-made is left.
    func expectSoundArtifacts(_ record: Record, _ location: SourceLocation = #_sourceLocation) throws {
        let store = ArtifactStore(reading: "\(state)/artifacts")
        for name in Set(names(in: "\(state)/artifacts/trees")).union(record.digests) {
            let digest = try #require(ArtifactDigest(name), sourceLocation: location)
            try store.materialise(digest, into: place("laid-out-\(name)"))
        }
        #expect(names(in: "\(state)/artifacts/tmp") == [], sourceLocation: location)
    }
}
