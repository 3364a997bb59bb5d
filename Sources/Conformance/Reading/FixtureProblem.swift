import Jansson

/// Something that is wrong with a plugin's cases, of which all are told at once. Spec: MAN-10
public struct FixtureProblem: Hashable, Sendable, CustomStringConvertible {
    /// The file as the manifest names it.
    public let file: String
    /// In the file: `[0].expect.status`; empty for all of it.
    public let path: String
    /// The end of a sentence.
    public let problem: String

    public var description: String { "\(file): \(path.isEmpty ? "" : path + " ")\(problem)" }
}

/// Collects what is wrong in a file of cases.
struct FixtureProblems {
    let file: String
    private(set) var all: [FixtureProblem] = []

    init(file: String) { self.file = file }

    /// What `read` reads, or nil with its error kept.
    mutating func attempt<Value>(_ read: () throws -> Value) -> Value? {
        do {
            return try read()
        } catch let error as JSONTypeError {
            add(error.path, error.problem)
            return nil
        } catch {
            preconditionFailure("readers of cases throw one error only, not \(error)")
        }
    }

    /// The member `key` as `read` makes it; `otherwise` when it is absent or wrong.
    mutating func member<Value>(
        _ key: String, of reader: JSONReader, or otherwise: Value, _ read: (JSONReader) throws -> Value
    ) -> Value {
        attempt { try reader.optional(key).map(read) ?? otherwise } ?? otherwise
    }

    mutating func check(_ holds: Bool, _ path: String, _ problem: @autoclosure () -> String) {
        if !holds { add(path, problem()) }
    }

    mutating func refuseUnknownMembers(of reader: JSONReader, known: Set<String>) {
        for (key, member) in (try? reader.members()) ?? [] where !known.contains(key) && !key.hasPrefix("x-") {
            add(member.path, "is not a known key\(suggestion(for: key, in: known))")
        }
    }

    mutating func add(_ path: String, _ problem: String) {
        all.append(FixtureProblem(file: file, path: path, problem: problem))
    }
}

/// `; did you mean "x"?`, if something is near.
func suggestion(for word: String, in words: some Sequence<String>) -> String {
    nearest(to: word, in: words).map { "; did you mean \"\($0)\"?" } ?? ""
}
