import CLinux
import Glibc

/// The descriptors of one child, as the reactor's thread holds them; -1 is closed.
struct ChildPipes {
    struct Reading {
        var descriptor: Int32
        var splitter: LineSplitter
    }
    let pid: pid_t
    var input: Int32
    var output: Reading
    var error: Reading
    var status: Reading
    /// Becomes readable when the process ends.
    var exitDescriptor: Int32
    var events: ChildEvents?
    var toWrite: [[UInt8]] = []
    /// Bytes of the first entry of `toWrite` that are written.
    var written = 0
    var closesInput = false
    var waitsToWrite = false
    var isReading = true
    /// Not read, because somebody asked for that.
    var held: Set<Stream> = []
    /// Nobody is interested any more: reaped as soon as it has ended.
    var isFinishing = false
    var finishers: [CheckedContinuation<Void, Never>] = []

    var openPipes: [Int32] {
        [input, output.descriptor, error.descriptor, status.descriptor].filter { $0 >= 0 }
    }

    mutating func forgetPipes() {
        (input, output.descriptor, error.descriptor, status.descriptor) = (-1, -1, -1, -1)
    }

    subscript(stream: Stream) -> Reading {
        get {
            switch stream {
            case .output: output
            case .error: error
            case .status: status
            }
        }
        set {
            switch stream {
            case .output: output = newValue
            case .error: error = newValue
            case .status: status = newValue
            }
        }
    }

    static func start(_ command: Command, limits: LineLimits) -> Result<ChildPipes, SpawnError> {
        var pipes: [(read: Int32, write: Int32)] = []
        func fail(_ code: Int32) -> Result<ChildPipes, SpawnError> {
            for pipe in pipes {
                close(pipe.read)
                close(pipe.write)
            }
            return .failure(SpawnError(command: command.executable, code: code))
        }
        for _ in 0..<(command.reportsStatus ? 4 : 3) {
            var ends: [Int32] = [-1, -1]
            guard csystem_pipe(&ends) == 0 else { return fail(errno) }
            pipes.append((ends[0], ends[1]))
        }
        let status = command.reportsStatus ? pipes[3] : (read: -1, write: -1)
        var pid: pid_t = 0
        let failure = spawn(command, pipes[0].read, pipes[1].write, pipes[2].write, status.write, &pid)
        guard failure == 0 else { return fail(failure) }
        let exitDescriptor = csystem_pidfd_open(pid)
        guard exitDescriptor >= 0 else {
            let code = errno
            kill(-pid, SIGKILL)
            var ended: Int32 = 0
            waitpid(pid, &ended, 0)
            return fail(code)
        }
        for descriptor in [pipes[0].read, pipes[1].write, pipes[2].write, status.write] where descriptor >= 0 {
            close(descriptor)
        }
        for descriptor in [pipes[0].write, pipes[1].read, pipes[2].read, status.read] where descriptor >= 0 {
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        }
        func reading(_ descriptor: Int32, _ stream: Stream) -> Reading {
            Reading(descriptor: descriptor, splitter: LineSplitter(stream: stream, limits: limits))
        }
        return .success(
            ChildPipes(
                pid: pid, input: pipes[0].write, output: reading(pipes[1].read, .output),
                error: reading(pipes[2].read, .error), status: reading(status.read, .status),
                exitDescriptor: exitDescriptor))
    }

    private static func spawn(
        _ command: Command, _ input: Int32, _ output: Int32, _ error: Int32, _ status: Int32, _ pid: inout pid_t
    ) -> Int32 {
        command.withVectors { arguments, environment in
            csystem_spawn(
                command.executable, arguments, environment, command.directory, input, output, error, status, &pid)
        }
    }
}

extension Command {
    /// Calls `body` with the arguments and the environment as exec takes them.
    /// - Returns: what `body` does, or the errno of a command that cannot be started as it is.
    func withVectors(_ body: (UnsafePointer<StringVector>, UnsafePointer<StringVector>) -> Int32) -> Int32 {
        let arguments = [executable] + arguments
        let environment = environment.map { "\($0.key)=\($0.value)" }
        // An interior NUL would cut an argument short: what is started must be what was asked for.
        guard !(arguments + environment).contains(where: { $0.utf8.contains(0) }) else { return EINVAL }
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { for string in argv + envp { free(string) } }
        return body(argv, envp)
    }

    typealias StringVector = UnsafeMutablePointer<CChar>?
}
