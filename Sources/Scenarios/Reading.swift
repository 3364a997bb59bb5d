import Jansson
import Pipelines

/// The reading of one document about a pipeline, which goes on after a fault, so that all of them are told at once.
struct Reading {
    /// More than anyone reads.
    static let findingsLimit = 100
    let pipeline: Pipeline
    let places: [ActionPlace]
    private(set) var findings: [JSONTypeError] = []
    private let placeNames: [String]
    private let isPlace: Set<String>

    init(for pipeline: Pipeline) {
        self.pipeline = pipeline
        places = pipeline.places
        placeNames = places.map(\.description)
        isPlace = Set(placeNames)
    }

    var hasRoom: Bool { findings.count < Self.findingsLimit }

    mutating func report(_ path: String, _ problem: String) {
        if hasRoom { findings.append(JSONTypeError(path: path, problem: problem)) }
    }

    /// Nil when `read` throws, which is a finding.
    mutating func attempt<Value>(_ read: () throws(JSONTypeError) -> Value) -> Value? {
        do throws(JSONTypeError) {
            return try read()
        } catch {
            report(error.path, error.problem)
            return nil
        }
    }

    /// The member, when it is there and `read` takes it.
    mutating func member<Value>(
        _ key: String, of reader: JSONReader, _ read: (JSONReader) throws(JSONTypeError) -> Value
    ) -> Value? {
        attempt { () throws(JSONTypeError) -> Value? in
            guard let member = try reader.optional(key) else { return nil }
            return try read(member)
        } ?? nil
    }

    /// The members of an object; none when it is no object, which is a finding.
    mutating func members(of reader: JSONReader) -> [(key: String, reader: JSONReader)] {
        attempt { () throws(JSONTypeError) in try reader.members() } ?? []
    }

    mutating func elements(of reader: JSONReader) -> [JSONReader] {
        attempt { () throws(JSONTypeError) in try reader.elements() } ?? []
    }

    /// The members of an object; those beside `known` are findings, unless they start with `x-`.
    /// - Returns: nil when it is no object, which is a finding.
    mutating func object(_ reader: JSONReader, known: [String]) -> JSONReader? {
        guard let members = attempt({ () throws(JSONTypeError) in try reader.members() }) else { return nil }
        for (key, member) in members where !known.contains(key) && !key.hasPrefix("x-") && hasRoom {
            let near = nearest(to: key, in: known).map { "did you mean \"\($0)\"?" } ?? "known are \(listed(known))"
            report(member.path, "is not a known key; \(near)")
        }
        return reader
    }

    /// A name that must be one of `names`; nil when it is not, which is a finding.
    mutating func name(_ reader: JSONReader, of noun: String, in names: [String]) -> String? {
        guard let name = attempt({ () throws(JSONTypeError) in try reader.string() }) else { return nil }
        return known(name, noun, in: names, at: reader.path) ? name : nil
    }

    /// Whether `name` is an action's `Stage/Action`; it is a finding when it is not.
    mutating func isAction(_ name: String, at path: String) -> Bool {
        isPlace.contains(name) || known(name, "action", in: placeNames, at: path)
    }

    mutating func known(_ name: String, _ noun: String, in names: [String], at path: String) -> Bool {
        if names.contains(name) { return true }
        if hasRoom {
            let near = nearest(to: name, in: names.prefix(200)).map { "did you mean \"\($0)\"?" }
            report(path, "names no \(noun): \"\(name)\"; \(near ?? "there are \(listed(names))")")
        }
        return false
    }

    /// Texts by name; a number or a boolean is taken as its text, as YAML files write it.
    mutating func texts(_ reader: JSONReader) -> [(key: String, value: String, path: String)] {
        members(of: reader).compactMap { key, member in
            switch member.value {
            case .string(let text): return (key, text, member.path)
            case .integer(let integer): return (key, String(integer), member.path)
            case .bool(let bool): return (key, String(bool), member.path)
            case .real, .null, .array, .object:
                report(member.path, "must be a string, found \(member.value.kind)")
                return nil
            }
        }
    }
}
