import Glibc
import Jansson
import Processes

/// What a sandbox tells about its child on the status pipe.
struct SandboxStatus: Hashable, Sendable {
    private(set) var childPid: Int32?
    private(set) var exit: Exit?

    /// bwrap's `{"child-pid": 7}` and `{"exit-code": 0}`; a child killed by signal n is told as 128 + n.
    /// - Returns: the pid, if that is what is told.
    mutating func read(_ bytes: [UInt8]) -> Int32? {
        guard let json = try? JSON(parsing: bytes) else { return nil }
        if case .integer(let number)? = json["child-pid"], let pid = Int32(exactly: number) {
            childPid = pid
            return pid
        }
        if case .integer(let code)? = json["exit-code"], let code = Int32(exactly: code) {
            exit = 129...159 ~= code ? .signal(code - 128) : .code(code)
        }
        return nil
    }
}

/// To whom a signal goes.
enum SignalTarget: Hashable, Sendable {
    /// The process group of the started process.
    case group
    /// The process group of the sandbox's child, by its pid.
    case innerGroup(Int32)

    /// SIGTERM to a sandbox kills all at once; its child's group has a chance to end in order.
    static func graceful(_ sandbox: SandboxStatus?) -> SignalTarget {
        guard let sandbox, sandbox.exit == nil, let pid = sandbox.childPid else { return .group }
        return .innerGroup(pid)
    }
}

extension Child {
    func signal(_ signal: Int32, _ target: SignalTarget) {
        switch target {
        case .group: self.signal(signal, group: true)
        // Its sandbox has not told that it ended, so the pid is still its own.
        case .innerGroup(let pid): kill(-pid, signal)
        }
    }
}

/// Why a plugin that ended without a word never ran; nil when it did, as far as can be known.
func neverRan(_ sandbox: SandboxStatus?, _ exit: Exit, errorTail: [String]) -> Diagnosis? {
    guard let sandbox, sandbox.exit == nil, case .code = exit else { return nil }
    // The file itself was looked at before; what it starts with was not.
    let refusals = ["bwrap: execvp ", "penstock-sandbox: cannot start the plugin's program "]
    if let last = errorTail.last, refusals.contains(where: last.hasPrefix) {
        return Diagnosis(
            code: .commandNotFound,
            problem: "the plugin's program cannot be started inside the sandbox: the interpreter in its first"
                + " line must be below /usr or in the plugin's folder")
    }
    return Diagnosis(code: .sandboxFailed, problem: "the sandbox could not be made, so the plugin never ran")
}
