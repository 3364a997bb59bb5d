import Jansson

/// What a plugin may show on its page: an endpoint badge of shields.io.
public struct Badge: Hashable, Sendable {
    public let label: String
    public let message: String
    public let color: String

    /// Of a whole result: one that a run over a part of the rules or cases has made is refused.
    /// - Parameter path: for messages.
    public init(readingResult path: String, _ specification: Specification) throws(UnreadableInput) {
        guard let text = try readFile(path, limitBytes: 64 << 20) else { throw UnreadableInput(path, "is too long") }
        do {
            try self.init(result: JSONReader(try JSON(parsing: text)), path, specification)
        } catch let error as UnreadableInput {
            throw error
        } catch {
            throw UnreadableInput(path, "is no result of the kit: \(error)")
        }
    }

    private init(result: JSONReader, _ path: String, _ specification: Specification) throws {
        guard try result.required("resultVersion").integer() == 1 else {
            throw JSONTypeError(path: "resultVersion", problem: "must be 1")
        }
        let revision = try result.required("requirements").string()
        guard specification.revisions.contains(revision) else {
            let known = specification.revisions.joined(separator: ", ")
            throw UnreadableInput(path, "has the requirements \(revision), which are not known here: \(known)")
        }
        let profiles = try result.required("profiles").elements().map { try $0.oneOf(Profile.self) }
        var statuses: [String: ConformanceResult.Status] = [:]
        for rule in try result.required("rules").elements() {
            statuses[try rule.required("id").string()] = try rule.required("status").oneOf(
                ConformanceResult.Status.self)
        }
        let rules = try specification.requirements(revision).rules.filter { profiles.contains($0.profile) }
        guard rules.allSatisfy({ statuses[$0.id] != nil }) else {
            throw UnreadableInput(path, "is about a part of its profiles: run without --rule and --case")
        }
        self.init(rules.map { ($0, statuses[$0.id]!) }, revision)
    }

    private init(_ rules: [(rule: Rule, status: ConformanceResult.Status)], _ revision: String) {
        // What a plugin has nothing to do with it does not boast of.
        let shown = rules.filter { $0.status != .skip }
        let names = Profile.allCases.filter { profile in shown.contains { $0.rule.profile == profile } }
        let fails = shown.contains { $0.status == .fail || $0.status == .notTestable && $0.rule.keyword.isBinding }
        let passed = shown.count { $0.status == .pass }
        label = "\(protocolName) \(names.map(\.rawValue).joined(separator: ","))"
        message = "\(passed)/\(shown.count) of \(revision)"
        color = fails ? "red" : passed == shown.count ? "brightgreen" : "yellow"
    }

    public var json: JSON {
        ["schemaVersion": 1, "label": .string(label), "message": .string(message), "color": .string(color)]
    }
}
