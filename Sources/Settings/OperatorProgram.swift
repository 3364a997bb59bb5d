import Glibc
import PluginHost
import Processes

/// A program of the operator's that gives a secret. It is run as we are, with our environment and without a shell.
struct OperatorProgram {
    private let secret: String
    private let command: Command

    /// - Parameters:
    ///   - program: a path, or a name that is looked up in our PATH.
    ///   - secret: the name of the secret, for messages.
    /// - Throws: when there is no such program.
    init(_ program: String, arguments: [String], for secret: String) throws(Failure) {
        let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        let places = program.contains("/") ? [program] : folders.split(separator: ":").map { "\($0)/\(program)" }
        guard let path = places.first(where: { access($0, X_OK) == 0 }) else {
            throw Failure(.configurationInvalid, "secret \(secret): there is no program \(program)")
        }
        self.secret = secret
        command = Command(executable: path, arguments: arguments, environment: Self.environment())
    }

    /// - Throws: why there is none, without anything that it printed.
    func output(limitBytes: Int, seconds: Int) throws(Failure) -> [UInt8] {
        do throws(CaptureError) {
            return try capture(command, limitBytes: limitBytes, within: .seconds(seconds))
        } catch {
            throw failure(error, limitBytes, seconds)
        }
    }

    /// What one of ours says to a question, also when that is why it failed.
    func answer(to question: [UInt8], limitBytes: Int, seconds: Int) throws(Failure) -> [UInt8] {
        do throws(CaptureError) {
            return try capture(command, input: question, limitBytes: limitBytes, within: .seconds(seconds))
        } catch {
            if case .failed(_, let output) = error, !output.isEmpty { return output }
            throw failure(error, limitBytes, seconds)
        }
    }

    private func failure(_ error: CaptureError, _ limitBytes: Int, _ seconds: Int) -> Failure {
        let problem =
            switch error {
            case .notStarted(let error): "cannot be started: \(message(ofError: error.code))"
            case .tooLate: "did not end within \(seconds) s, and is killed"
            case .tooLarge: "printed more than \(limitBytes) bytes"
            case .failed(.code(let code), _): "ended with exit code \(code)"
            case .failed(.signal(let signal), _): "was ended by signal \(signal)"
            }
        return Failure(.configurationInvalid, "secret \(secret): \(command.executable) \(problem)")
    }

    /// As it was when we were started.
    private static func environment() -> [String: String] {
        guard let file = fopen("/proc/self/environ", "re") else { return [:] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 << 10)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
        let pairs = bytes.split(separator: 0).compactMap { entry -> (String, String)? in
            guard let sign = entry.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            return (
                String(decoding: entry[..<sign], as: UTF8.self), String(decoding: entry[(sign + 1)...], as: UTF8.self)
            )
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
