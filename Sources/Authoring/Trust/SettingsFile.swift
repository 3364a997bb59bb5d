import Glibc
import Jansson
import PluginHost

/// The operator's settings file, as far as grants are edited in it.
public struct SettingsFile: Hashable, Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    /// Makes the edit, all of it or nothing; a file that is not there is made, for its owner alone.
    /// - Parameter parse: reads such a file.
    /// - Returns: false when it cannot be made without a person, and nothing is changed.
    /// - Throws: when the file cannot be read or written.
    public func make(_ edit: GrantEdit, parse: (String) throws -> JSON) throws -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size > 0 else {
            try makeDirectory(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })
            let isJSON = path.hasSuffix(".json")
            let text = isJSON ? edit.applied(to: [:]).prettyPrinted : edit.block
            // Passwords may come to stand in it.
            try replaceFile(path, with: text + "\n", mode: 0o600)
            return true
        }
        guard let file = fopen(path, "re") else { throw TrustError.system(errno, "cannot be read", path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
        guard let old = String(validating: bytes, as: UTF8.self), let text = try edit.text(from: old, parse: parse)
        else {
            return false
        }
        try replaceFile(path, with: text, mode: 0o600)
        return true
    }
}
