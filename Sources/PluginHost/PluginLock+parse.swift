import Jansson
import PluginProtocol

/// Everything that is wrong with a `plugins.lock`.
public struct InvalidLock: Error, Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// Each with its place in the file.
    public let problems: [String]

    public var description: String { problems.map { "\(file): \($0)" }.joined(separator: "\n") }
}

extension PluginLock {
    /// A lock has a line a file of a plugin; 200 plugins of 1,000 files have 20 MB.
    static let limitBytes = 64 << 20

    /// The lock of a directory; nil when it has none.
    /// - Throws: when it is there and is no lock: then no plugin of the directory can be trusted.
    public init?(ofDirectory directory: String) throws(InvalidLock) {
        let file = "\(directory)/\(Self.fileName)"
        switch read(file, limitBytes: Self.limitBytes) {
        case .absent: return nil
        case .unreadable(let reason): throw InvalidLock(file: file, problems: [reason])
        case .bytes(let bytes): try self.init(parsing: bytes, file: file)
        }
    }

    /// - Parameter file: for messages.
    /// - Throws: all wrong members, each with its place, what it is and what it should be.
    public init(parsing bytes: [UInt8], file: String) throws(InvalidLock) {
        let document: JSON
        do {
            document = try JSON(parsing: bytes, maximumDepth: 8)
        } catch {
            throw InvalidLock(file: file, problems: ["is not strict JSON: \(error)"])
        }
        var parser = Parser()
        let lock = parser.lock(JSONReader(document))
        guard parser.problems.isEmpty else { throw InvalidLock(file: file, problems: parser.problems) }
        self = lock
    }

    private struct Parser {
        var problems: [String] = []

        mutating func lock(_ reader: JSONReader) -> PluginLock {
            refuseUnknownMembers(of: reader, known: ["lockVersion", "plugins"])
            attempt {
                let version = try reader.required("lockVersion")
                guard version.value == .integer(Int64(PluginLock.formatVersion)) else {
                    throw wrong(version, "\(PluginLock.formatVersion)")
                }
            }
            let members = attempt { try reader.required("plugins").members() } ?? []
            return PluginLock(plugins: Dictionary(uniqueKeysWithValues: members.map { ($0.key, entry($0.reader)) }))
        }

        private mutating func entry(_ reader: JSONReader) -> Entry {
            refuseUnknownMembers(of: reader, known: ["version", "sha256", "files"])
            let version = attempt { try reader.required("version").string(length: 1...64) }
            let digest = attempt {
                let reader = try reader.required("sha256")
                guard isDigest(try reader.string()) else { throw wrong(reader, "64 hexadecimal digits, lower case") }
                return try reader.string()
            }
            var files: [String: String] = [:]
            let members = attempt { try reader.required("files").members() } ?? []
            for (path, reader) in members {
                files[path] = attempt { try record(reader) }
            }
            return Entry(version: version ?? "", sha256: digest ?? "", files: files)
        }

        private mutating func refuseUnknownMembers(of reader: JSONReader, known: Set<String>) {
            let members = attempt { try reader.members() } ?? []
            for (key, member) in members where !known.contains(key) {
                let near = nearest(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
                problems.append("\(member.path) is not a known key\(near)")
            }
        }

        @discardableResult
        private mutating func attempt<Value>(_ work: () throws -> Value) -> Value? {
            do {
                return try work()
            } catch {
                // An object that is none is found by each who looks into it.
                if !problems.contains("\(error)") { problems.append("\(error)") }
                return nil
            }
        }
    }
}

private func record(_ reader: JSONReader) throws -> String {
    let text = try reader.string()
    let isRecord =
        switch text.first {
        case "F": ["x", "-"].contains(text.dropFirst().first) && isDigest(text.dropFirst(2))
        case "D", "O": text.utf8.count == 1
        case "L": text.utf8.count > 1
        default: false
        }
    guard isRecord else {
        throw wrong(reader, "Fx or F- and 64 hexadecimal digits, or D, or O, or L and the target of a link")
    }
    return text
}

private func isDigest(_ text: some StringProtocol) -> Bool {
    text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}

private func wrong(_ reader: JSONReader, _ expected: String) -> JSONTypeError {
    JSONTypeError(path: reader.path, problem: "must be \(expected), found \(reader.value.text.prefix(100))")
}
