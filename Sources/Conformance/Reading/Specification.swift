import Glibc
import Jansson

/// The folder `spec/`: what the kit judges by.
public struct Specification: Hashable, Sendable {
    public let directory: String
    /// The revisions of the requirements that are there, oldest first; at least one.
    public let revisions: [String]

    /// - Throws: when the folder does not have what comes with every installation.
    public init(directory: String) throws(UnreadableInput) {
        self.directory = directory
        let folder = "\(directory)/requirements"
        revisions = (names(in: folder) ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
            .sorted { Self.numbers($0).lexicographicallyPrecedes(Self.numbers($1)) }
        guard !revisions.isEmpty else { throw UnreadableInput(folder, "has no set of requirements") }
    }

    private static func numbers(_ revision: String) -> [Int] { revision.split(separator: ".").map { Int($0) ?? 0 } }

    public func newest() throws(UnreadableInput) -> Requirements { try requirements(revisions.last!) }

    public func requirements(_ revision: String) throws(UnreadableInput) -> Requirements {
        let path = "\(directory)/requirements/\(revision).json"
        let json = try Self.json(path)
        do {
            return try Requirements(json)
        } catch {
            throw UnreadableInput(path, "\(error)")
        }
    }

    /// The mutants that show a rule: names of folders in `mutants/`, and what each does wrong.
    public func mutants(of rule: String) throws(UnreadableInput) -> [(name: String, about: String)] {
        var mutants: [(name: String, about: String)] = []
        for name in names(in: "\(directory)/mutants") ?? [] where name.hasPrefix("\(rule)-") {
            let json = try Self.json("\(directory)/mutants/\(name)/mutant.json")
            mutants.append((name, json["about"]?.stringValue ?? ""))
        }
        return mutants
    }

    /// Names of the plugins that break no rule.
    public func goodPlugins() throws(UnreadableInput) -> [String] {
        let folder = "\(directory)/good"
        guard let names = names(in: folder) else { throw UnreadableInput(folder, code: errno) }
        return names.filter { isDirectory("\(folder)/\($0)") }
    }

    private static func json(_ path: String) throws(UnreadableInput) -> JSON {
        guard let text = try readFile(path, limitBytes: 10 << 20) else { throw UnreadableInput(path, "is too long") }
        do {
            return try JSON(parsing: text)
        } catch {
            throw UnreadableInput(path, "\(error)")
        }
    }
}
