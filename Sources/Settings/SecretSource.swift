import Glibc
import Jansson
import PluginHost

/// Where a secret is kept. Its value is read when a job needs it, and never written anywhere.
enum SecretSource: Hashable, Sendable {
    case file(String)
    case environment(String)

    static let limitBytes = 64 << 10

    init(_ reader: JSONReader) throws(JSONTypeError) {
        try reader.refuseUnknownMembers(known: ["file", "environment"])
        switch (try reader.optional("file")?.string(), try reader.optional("environment")?.string()) {
        case (let path?, nil): self = .file(path)
        case (nil, let name?): self = .environment(name)
        default: throw JSONTypeError(path: reader.path, problem: "must have either \"file\" or \"environment\"")
        }
    }

    /// A file's last line feed is not part of the secret.
    func read(_ name: String) throws(Failure) -> String {
        switch self {
        case .environment(let variable):
            guard let value = getenv(variable) else {
                throw Failure(.configurationInvalid, "secret \(name): the environment variable \(variable) is not set")
            }
            return String(cString: value)
        case .file(let path):
            guard let file = fopen(path, "re") else {
                throw Failure(
                    .configurationInvalid, "secret \(name): cannot read \(path): \(String(cString: strerror(errno)))")
            }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: Self.limitBytes + 1)
            let count = fread(&bytes, 1, bytes.count, file)
            guard count <= Self.limitBytes else {
                throw Failure(
                    .configurationInvalid, "secret \(name): \(path) is larger than \(Self.limitBytes) bytes")
            }
            let text = String(decoding: bytes[..<count], as: UTF8.self)
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        }
    }
}
