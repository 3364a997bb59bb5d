import Glibc
import Jansson
import PluginHost

/// Where a secret is kept. Its value is read when a job needs it, and never written anywhere.
enum SecretSource: Hashable, Sendable {
    case file(String)
    case environment(String)
    /// A program with its arguments; its standard output is the secret.
    case command([String], timeoutSeconds: Int)
    case aws(AWSSecrets)

    static let limitBytes = 64 << 10
    private static let kinds = ["file", "environment", "command", "aws"]

    /// - Parameter name: may end in `*` where AWS is asked.
    init(_ reader: JSONReader, name: String) throws(JSONTypeError) {
        try reader.refuseUnknownMembers(known: Set(Self.kinds + ["timeoutSeconds"]))
        var found: [SecretSource] = []
        if let path = try reader.optional("file")?.string() { found.append(.file(path)) }
        if let name = try reader.optional("environment")?.string() { found.append(.environment(name)) }
        let seconds = try reader.optional("timeoutSeconds")
        if let words = try reader.optional("command") {
            let command = try words.strings()
            guard command.first?.isEmpty == false else {
                throw JSONTypeError(path: words.path, problem: "must name a program")
            }
            found.append(.command(command, timeoutSeconds: try seconds?.integer(in: 1...300) ?? 10))
        } else if let seconds {
            throw JSONTypeError(path: seconds.path, problem: "belongs to a \"command\"")
        }
        if let aws = try reader.optional("aws") { found.append(.aws(try AWSSecrets(aws))) }
        guard found.count == 1 else {
            let kinds = Self.kinds.map { "\"\($0)\"" }.joined(separator: ", ")
            throw JSONTypeError(path: reader.path, problem: "must have exactly one of \(kinds)")
        }
        self = found[0]
        guard name.hasSuffix("*") else { return }
        guard case .aws(let aws) = self else {
            throw JSONTypeError(path: reader.path, problem: "must be from \"aws\", because its name stands for many")
        }
        if aws.id != nil {
            throw JSONTypeError(path: reader.path, problem: "must have no \"id\", for it stands for many")
        }
    }

    /// Whether it is read without asking anybody else.
    var isHere: Bool {
        switch self {
        case .file, .environment: true
        case .command, .aws: false
        }
    }

    /// - Throws: why it cannot be read, without anything of it.
    func read(_ name: String) throws(Failure) -> String {
        switch self {
        case .environment(let variable):
            guard let value = getenv(variable) else {
                throw Failure(.configurationInvalid, "secret \(name): the environment variable \(variable) is not set")
            }
            return String(cString: value)
        case .file(let path): return try text(try contents(of: path, name), name)
        case .command(let words, let seconds): return try text(try output(of: words, seconds, name), name)
        case .aws: preconditionFailure("AWS is asked by who knows the whole request")
        }
    }

    private func contents(of path: String, _ name: String) throws(Failure) -> [UInt8] {
        guard !path.hasPrefix(Settings.choiceMark) else {
            throw Failure(
                .configurationInvalid,
                "secret \(name): the settings still say \(JSON.string(path).text); put the path of its file there")
        }
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
            throw Failure(.configurationInvalid, "secret \(name): \(path) is larger than \(Self.limitBytes) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else {
            throw Failure(
                .configurationInvalid, "secret \(name): cannot read \(path): \(String(cString: strerror(errno)))")
        }
        return Array(bytes[..<count])
    }

    private func output(of words: [String], _ seconds: Int, _ name: String) throws(Failure) -> [UInt8] {
        let program = try OperatorProgram(words[0], arguments: Array(words.dropFirst()), for: name)
        let bytes = try program.output(limitBytes: Self.limitBytes, seconds: seconds)
        guard bytes.contains(where: { $0 != UInt8(ascii: "\n") }) else {
            throw Failure(.configurationInvalid, "secret \(name): \(words[0]) printed nothing")
        }
        return bytes
    }

    /// A file's last line feed is not part of the secret.
    private func text(_ bytes: [UInt8], _ name: String) throws(Failure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.configurationInvalid, "secret \(name): is no text in UTF-8; keep it in base64, for example")
        }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
