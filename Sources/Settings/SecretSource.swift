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
        case .file(let path) where path.hasPrefix(Settings.choiceMark):
            throw Failure(
                .configurationInvalid,
                "secret \(name): the settings still say \(JSON.string(path).text); put the path of its file there")
        case .file(let path):
            // Nonblocking: a FIFO without a writer would hold us for ever.
            let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            guard file >= 0 else {
                throw Failure(
                    .configurationInvalid, "secret \(name): cannot read \(path): \(String(cString: strerror(errno)))")
            }
            defer { close(file) }
            var status = stat()
            guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw Failure(.configurationInvalid, "secret \(name): \(path) is not a file")
            }
            guard status.st_size <= Self.limitBytes else {
                throw Failure(
                    .configurationInvalid, "secret \(name): \(path) is larger than \(Self.limitBytes) bytes")
            }
            var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
            let count = Glibc.read(file, &bytes, bytes.count)
            guard count >= 0 else {
                throw Failure(
                    .configurationInvalid, "secret \(name): cannot read \(path): \(String(cString: strerror(errno)))")
            }
            let text = String(decoding: bytes[..<count], as: UTF8.self)
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        }
    }
}
